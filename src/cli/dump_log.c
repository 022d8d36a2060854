/* SPDX-License-Identifier: Apache-2.0
 *
 * A .log: batches, and messages of the old formats.
 */
#include "config.h"

#include "cli/dump.h"
#include "record/legacy.h"

#include <inttypes.h>
#include <string.h>

#define MAX_BATCH (1u << 30)

static const char *
codec_name (int attributes)
{
  static const char *const names[] = { "none", "gzip", "snappy", "lz4", "zstd", "?", "?", "?" };

  return names[attributes & STOKER_BATCH_CODEC_MASK];
}

void
dump_end (Dump *d)
{
  stk_codec_contexts_free (d->codecs);
  cli_modules_free (d->modules);
}

static int
need_codecs (Dump *d, StokerError *err)
{
  if (d->codecs)
    return 0;
  d->modules = cli_modules_new ();
  d->codecs = stk_codec_contexts_new (cli_modules_host (d->modules));
  return cli_modules_start_codecs (d->modules, err);
}

/* ---- printing */

static void
batch_json (const Dump *d, const StokerBatch *b, uint64_t at, bool crc_ok)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "batch");
  cli_json_int (&j, "position", (int64_t)at);
  cli_json_int (&j, "size", b->length);
  cli_json_int (&j, "base_offset", b->base_offset);
  cli_json_int (&j, "last_offset", stoker_batch_last_offset (b));
  cli_json_int (&j, "count", b->record_count);
  cli_json_int (&j, "leader_epoch", b->leader_epoch);
  cli_json_text (&j, "codec", codec_name (b->attributes));
  cli_json_int (&j, "base_timestamp", b->base_timestamp);
  cli_json_int (&j, "max_timestamp", b->max_timestamp);
  cli_json_bool (&j, "log_append_time", b->attributes & STOKER_BATCH_LOG_APPEND_TIME);
  cli_json_bool (&j, "transactional", b->attributes & STOKER_BATCH_TRANSACTIONAL);
  cli_json_bool (&j, "control", b->attributes & STOKER_BATCH_CONTROL);
  cli_json_int (&j, "producer_id", b->producer_id);
  cli_json_int (&j, "producer_epoch", b->producer_epoch);
  cli_json_int (&j, "base_sequence", b->base_sequence);
  cli_json_int (&j, "crc", b->crc);
  cli_json_bool (&j, "crc_ok", crc_ok);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static void
batch_text (const StokerBatch *b, uint64_t at)
{
  char when[32];

  cli_format_time (b->max_timestamp, when);
  printf ("batch at %" PRIu64 "  offsets %" PRId64 "..%" PRId64 "  records %d  size %d  epoch %d  codec %s  time %s",
          at, b->base_offset, stoker_batch_last_offset (b), b->record_count, b->length, b->leader_epoch,
          codec_name (b->attributes), when);
  if (b->producer_id >= 0)
    printf ("  producer %" PRId64 "/%d seq %d", b->producer_id, b->producer_epoch, b->base_sequence);
  if (b->attributes & STOKER_BATCH_TRANSACTIONAL)
    printf ("  transactional");
  if (b->attributes & STOKER_BATCH_LOG_APPEND_TIME)
    printf ("  log-append-time");
  printf ("\n");
}

static void
print_bytes (const char *name, StokerBytes b)
{
  g_autofree char *text = b.data ? g_utf8_make_valid ((const char *)b.data, (gssize)b.len) : NULL;

  if (b.data && !g_utf8_validate_len ((const char *)b.data, b.len, NULL)) {
    printf ("  %s 0x", name);
    for (size_t i = 0; i < b.len; i++)
      printf ("%02x", b.data[i]);
  } else {
    g_autoptr (GString) raw = g_string_new (text ? text : "null");
    g_string_replace (raw, "\n", "\\n", 0);
    printf ("  %s %s", name, raw->str);
  }
}

static void
json_bytes (CliJson *j, const char *name, StokerBytes b)
{
  if (b.data && !g_utf8_validate_len ((const char *)b.data, b.len, NULL)) {
    g_autofree char *key = g_strdup_printf ("%s_base64", name), *text = g_base64_encode (b.data, b.len);
    cli_json_text (j, key, text);
  } else {
    cli_json_str (j, name, (StokerStr){ (const char *)b.data, b.len });
  }
}

static void
record_json (const Dump *d, const StkRecord *r)
{
  StokerBytes headers = r->headers, value;
  StokerStr key;
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "record");
  cli_json_int (&j, "offset", r->offset);
  cli_json_int (&j, "timestamp", r->timestamp);
  cli_json_int (&j, "key_size", r->key.data ? (int64_t)r->key.len : -1);
  cli_json_int (&j, "value_size", r->value.data ? (int64_t)r->value.len : -1);
  if (d->decoder) {
    cli_json_begin (&j, "decoded", '{');
    (void)dump_decode (d->decoder, r, &j, NULL);
    cli_json_end (&j, '}');
  }
  if (d->values) {
    json_bytes (&j, "key", r->key);
    json_bytes (&j, "value", r->value);
    cli_json_begin (&j, "headers", '[');
    while (stk_record_header_next (&headers, &key, &value)) {
      cli_json_begin (&j, NULL, '{');
      cli_json_str (&j, "name", key);
      json_bytes (&j, "value", value);
      cli_json_end (&j, '}');
    }
    cli_json_end (&j, ']');
  }
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static void
record_text (const Dump *d, const StkRecord *r)
{
  StokerBytes headers = r->headers, value;
  StokerStr key;
  char when[32];

  cli_format_time (r->timestamp, when);
  printf ("  %" PRId64 "  %s  key %" PRId64 "  value %" PRId64 "  headers %d", r->offset, when,
          r->key.data ? (int64_t)r->key.len : -1, r->value.data ? (int64_t)r->value.len : -1, r->n_headers);
  if (d->decoder) {
    g_autoptr (GString) text = g_string_new (NULL);
    if (dump_decode (d->decoder, r, NULL, text))
      printf ("  %s", text->str);
  }
  if (d->values) {
    print_bytes (" key", r->key);
    print_bytes (" value", r->value);
    while (stk_record_header_next (&headers, &key, &value)) {
      printf ("  %.*s=", (int)key.len, key.data);
      fwrite (value.data ? value.data : (const uint8_t *)"", 1, value.len, stdout);
    }
  }
  printf ("\n");
}

/* ---- one batch */

static int
dump_records (Dump *d, const uint8_t *data, const StokerBatch *b, uint64_t at)
{
  StokerBuf scratch = { 0 };
  StokerBytes records;
  StokerError err;
  StkRecordIter it;
  StkRecord r;
  int n, rc = CLI_OK;

  if (need_codecs (d, &err))
    return cli_failed ("%s", err.text);
  if (stk_batch_records (d->codecs, data, b, MAX_BATCH, &scratch, &records, &err)) {
    stoker_buf_clear (&scratch);
    return dump_damage_at (d, at, b->base_offset, err.text);
  }
  stk_record_iter_init (&it, b, records.data, records.len);
  while ((n = stk_record_iter_next (&it, &r)) > 0 && !dump_stopped ()) {
    if (d->json)
      record_json (d, &r);
    else
      record_text (d, &r);
  }
  if (n < 0)
    rc = dump_damage_at (d, at, b->base_offset, "the records of the batch cannot be read");
  stoker_buf_clear (&scratch);
  return rc;
}

static void
control (const Dump *d, const StokerBatch *b, int type, int32_t epoch)
{
  const char *name = type == 0 ? "abort" : type == 1 ? "commit" : "other";
  CliJson j = { 0 };

  if (!d->json) {
    printf ("  control: %s, coordinator epoch %d\n", name, epoch);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "control");
  cli_json_int (&j, "offset", b->base_offset);
  cli_json_text (&j, "type", name);
  cli_json_int (&j, "coordinator_epoch", epoch);
  cli_json_int (&j, "producer_id", b->producer_id);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static int
dump_batch (Dump *d, const uint8_t *data, const StokerBatch *b, uint64_t at)
{
  bool crc_ok = stoker_batch_crc_ok (data, b);
  int type;
  int32_t epoch;

  if (stoker_batch_last_offset (b) < d->from || b->base_offset > d->to)
    return CLI_OK;
  if (d->json)
    batch_json (d, b, at, crc_ok);
  else
    batch_text (b, at);
  if (!crc_ok)
    return dump_damage_at (d, at, b->base_offset, "the CRC of the batch is wrong");
  if ((b->attributes & STOKER_BATCH_CONTROL) && b->record_count > 0 && stk_batch_control (data, b, &type, &epoch))
    control (d, b, type, epoch);
  else if (d->records)
    return dump_records (d, data, b, at);
  return CLI_OK;
}

static int
dump_message (Dump *d, const uint8_t *data, size_t len, uint64_t at)
{
  StkMessage m;

  if (stk_message_peek (data, len, &m))
    return dump_damage (d, at, "neither a batch nor a message of an old format");
  if (m.offset < d->from || m.offset > d->to)
    return CLI_OK;
  if (d->json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "kind", "message");
    cli_json_int (&j, "position", (int64_t)at);
    cli_json_int (&j, "size", m.length);
    cli_json_int (&j, "magic", m.magic);
    cli_json_int (&j, "offset", m.offset);
    cli_json_int (&j, "timestamp", m.timestamp);
    cli_json_text (&j, "codec", codec_name (m.attributes));
    cli_json_bool (&j, "crc_ok", stk_message_crc_ok (data, &m));
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else {
    printf ("message at %" PRIu64 "  offset %" PRId64 "  magic %d  size %d  codec %s\n", at, m.offset, m.magic,
            m.length, codec_name (m.attributes));
  }
  return stk_message_crc_ok (data, &m) ? CLI_OK : dump_damage (d, at, "the CRC of the message is wrong");
}

/* ---- the file */

static bool
only_zeros (CliReader *r, uint64_t pos)
{
  while (pos < r->size) {
    size_t len = (size_t)MIN (r->size - pos, UINT64_C (65536));
    const uint8_t *p = cli_reader_view (r, pos, len);
    if (p == NULL || p[0] || (len > 1 && memcmp (p, p + 1, len - 1) != 0))
      return false;
    pos += len;
  }
  return true;
}

/* Length of the batch or message that seems to begin at pos; 0: none does. */
static size_t
length_at (CliReader *r, uint64_t pos)
{
  const uint8_t *p = cli_reader_view (r, pos, 17);
  size_t size;

  if (p == NULL || p[16] > 2)
    return 0;
  size = ((size_t)p[8] << 24 | (size_t)p[9] << 16 | (size_t)p[10] << 8 | p[11]) + STOKER_BATCH_OVERHEAD;
  return size < (p[16] == 2 ? STOKER_BATCH_HEADER : 26u) || size > MAX_BATCH || size > r->size - pos ? 0 : size;
}

/* What stands at *pos, which moves on; *next is the offset behind it. */
static int
dump_at (Dump *d, CliReader *r, uint64_t *pos, int64_t *next)
{
  size_t size = length_at (r, *pos);
  const uint8_t *p = size ? cli_reader_view (r, *pos, size) : NULL;
  StokerBatch b;
  bool batch = p && stoker_batch_peek (p, size, &b) == 0, good = batch && stoker_batch_crc_ok (p, &b);
  uint64_t at = *pos, to;
  int rc;

  if (batch)
    rc = dump_batch (d, p, &b, at);
  else if (p)
    rc = dump_message (d, p, size, at);
  else
    rc = dump_damage_at (d, at, *next, r->size - at < 17 || cli_reader_view (r, at, 17)[16] <= 2 ? "the file ends inside a batch, or its length is wrong" : "no batch begins here");
  *pos = at + size;
  if (good && b.last_offset_delta >= 0)
    *next = stoker_batch_last_offset (&b) + 1;
  /* Behind what is damaged the length is believed only when it leads to something. */
  if (good || (p && !batch) || (p && (at + size == r->size || length_at (r, at + size))))
    return rc;
  to = cli_reader_resync (r, at, *next, INT64_MAX - 1);
  if (!d->json && to < r->size)
    printf ("%" PRIu64 " bytes from %" PRIu64 " on are no batch\n", to - at, at);
  *pos = to;
  return rc;
}

int
dump_batches (Dump *d)
{
  CliReader r;
  uint64_t pos = 0;
  int64_t next = MAX (d->base, 0);
  int rc = CLI_OK, e = cli_reader_open (&r, d->path, NULL, 0);

  if (e)
    return cli_failed ("cannot read %s: %s", d->path, g_strerror (e));
  while (pos < r.size && !dump_stopped ()) {
    int one;
    const uint8_t *p = cli_reader_view (&r, pos, MIN (r.size - pos, UINT64_C (12)));
    if (p && p[r.size - pos > 8 ? 8 : 0] == 0 && only_zeros (&r, pos)) {
      if (!d->json)
        printf ("zeros from %" PRIu64 " on: reserved space\n", pos);
      break;
    }
    one = dump_at (d, &r, &pos, &next);
    rc = one ? one : rc;
  }
  cli_reader_close (&r);
  return rc;
}
