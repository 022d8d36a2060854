/* SPDX-License-Identifier: Apache-2.0
 *
 * What the leader does to the records of a Produce request. The common case, one batch of magic 2 that is stored as it
 * came, costs one pass for the CRC and one over the record heads, and allocates nothing.
 */
#include "record/record.h"

#include "base/bytes.h"
#include "record/legacy.h"
#include "record/parse.h"

#include <glib.h>
#include <inttypes.h>

/* A request's records as they are judged. */
typedef struct Judge
{
  const StkValidateSpec *spec;
  StkValidated *out;
  int64_t earliest, latest; /* allowed timestamps; topics with CreateTime only */
  bool bad_timestamp;
  StokerBuf *scratch; /* decompressed records */
} Judge;

G_GNUC_PRINTF (3, 4)
static void
refuse (Judge *j, int16_t code, const char *fmt, ...)
{
  char text[300];
  va_list ap;

  va_start (ap, fmt);
  g_vsnprintf (text, sizeof text, fmt, ap);
  va_end (ap);
  j->out->error = code;
  j->out->error_message
      = stoker_arena_printf (j->spec->arena, "%.*s-%d: %s", (int)j->spec->topic.len,
                             j->spec->topic.data ? j->spec->topic.data : "", j->spec->partition, text);
}

/* Notes a bad record; the batch is refused at the end, with all of them named. */
static void
refuse_record (Judge *j, int32_t index, StokerStr text)
{
  StkValidated *out = j->out;

  if (out->record_errors == NULL)
    out->record_errors = stoker_arena_calloc (j->spec->arena, STK_RECORD_ERRORS_MAX, sizeof *out->record_errors);
  if (out->n_record_errors < STK_RECORD_ERRORS_MAX)
    out->record_errors[out->n_record_errors++] = (StokerRecordError){ index, text };
}

static void
judge_record (Judge *j, int32_t index, int64_t timestamp, bool claims_append_time, bool has_key)
{
  const StokerTopicConfig *config = j->spec->config;

  if (config->cleanup_compact && !has_key) {
    refuse_record (j, index, STOKER_STR_LIT ("a compacted topic takes no record without a key"));
  } else if (!config->log_append_time && timestamp != -1) {
    if (timestamp >= j->earliest && timestamp <= j->latest)
      return;
    j->bad_timestamp = true;
    if (j->out->n_record_errors == STK_RECORD_ERRORS_MAX)
      return;
    refuse_record (j, index,
                   stoker_arena_printf (j->spec->arena,
                                        "timestamp %" PRId64 " is not within [%" PRId64 ", %" PRId64 "]", timestamp,
                                        j->earliest, j->latest));
  } else if (claims_append_time) {
    j->bad_timestamp = true;
    refuse_record (j, index, STOKER_STR_LIT ("a producer must not set the timestamp type LogAppendTime"));
  }
}

/* False when a record was refused. */
static bool
records_good (Judge *j)
{
  StkValidated *out = j->out;

  if (out->n_record_errors == 0)
    return true;
  if (j->bad_timestamp)
    refuse (j, STOKER_INVALID_TIMESTAMP,
            "%d records have an invalid timestamp or are otherwise invalid, the first at index %d",
            out->n_record_errors, out->record_errors[0].batch_index);
  else
    refuse (j, STOKER_INVALID_RECORD, "%d records are invalid, the first at index %d: %.*s", out->n_record_errors,
            out->record_errors[0].batch_index, (int)out->record_errors[0].message.len,
            out->record_errors[0].message.data);
  return false;
}

static size_t
decompress_limit (const StkValidateSpec *spec, size_t compressed)
{
  int64_t limit = spec->max_decompressed_bytes > 0 ? spec->max_decompressed_bytes : STK_DECOMPRESSED_MAX;
  int64_t ratio = spec->max_ratio > 0 ? spec->max_ratio : STK_RATIO_MAX;
  int64_t by_ratio = (int64_t)compressed > INT64_MAX / ratio ? INT64_MAX : (int64_t)compressed * ratio;

  /* Half of what a batch can hold, so that a rebuilt one always fits its length field. */
  return (size_t)MIN (MIN (limit, MAX (by_ratio, STK_DECOMPRESSED_FREE)), INT32_MAX / 2);
}

static int
target_codec (const StkValidateSpec *spec, int source)
{
  return spec->config->compression < 0 ? source : spec->config->compression;
}

static int32_t
target_level (const StkValidateSpec *spec, int codec)
{
  const StokerTopicConfig *config = spec->config;

  if (config->compression < 0)
    return STK_CODEC_LEVEL_DEFAULT;
  return codec == 1   ? config->gzip_level
         : codec == 3 ? config->lz4_level
         : codec == 4 ? config->zstd_level
                      : STK_CODEC_LEVEL_DEFAULT;
}

/* May be taken by size? Asked again for what was rebuilt. */
static bool
size_good (Judge *j, size_t len)
{
  const StokerTopicConfig *config = j->spec->config;

  if ((int64_t)len > config->max_message_bytes) {
    refuse (j, STOKER_MESSAGE_TOO_LARGE, "a batch of %zu bytes is larger than max.message.bytes %" PRId64, len,
            config->max_message_bytes);
    return false;
  }
  if ((int64_t)len > config->segment_bytes) {
    refuse (j, STOKER_RECORD_LIST_TOO_LARGE, "a batch of %zu bytes is larger than segment.bytes %" PRId64, len,
            config->segment_bytes);
    return false;
  }
  return true;
}

static void
accept (Judge *j, uint8_t *data, const StokerBatch *b)
{
  j->out->bytes = (StokerBytes){ data, (size_t)b->length };
  j->out->batch = *b;
  j->out->log_append_time_ms = j->spec->config->log_append_time ? j->spec->now_ms : -1;
}

/* Ends a batch that was built into out->buf. */
static void
accept_built (Judge *j, StkBatchBuilder *w, int codec)
{
  StokerError err = { 0 };

  if (codec != 0 && !stk_codec_known (j->spec->codecs, codec)) {
    refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "no module for codec %d is loaded", codec);
    return;
  }
  if (stk_batch_end (w, j->spec->codecs, codec, target_level (j->spec, codec), &err) != 0)
    refuse (j, STOKER_UNKNOWN_SERVER_ERROR, "compressing failed: %s", err.text);
  else if (size_good (j, (size_t)w->head.length))
    accept (j, w->out->data + w->start, &w->head);
}

static void
stamp (Judge *j, StkBatchBuilder *w)
{
  if (!j->spec->config->log_append_time)
    return;
  w->head.attributes |= STOKER_BATCH_LOG_APPEND_TIME;
  w->head.max_timestamp = j->spec->now_ms;
}

/* ---- magic 2 */

static bool
header_good (Judge *j, const StokerBatch *b)
{
  int64_t range = (int64_t)b->last_offset_delta + 1;

  if (range <= 0)
    refuse (j, STOKER_INVALID_RECORD, "the batch has the last offset delta %d", b->last_offset_delta);
  else if (b->record_count <= 0)
    refuse (j, STOKER_INVALID_RECORD, "the batch claims to hold %d records", b->record_count);
  else if (range != b->record_count)
    refuse (j, STOKER_INVALID_RECORD, "the batch spans %" PRId64 " offsets but holds %d records", range,
            b->record_count);
  else if (b->attributes & STOKER_BATCH_CONTROL)
    refuse (j, STOKER_INVALID_RECORD, "clients must not write control batches");
  else if (b->producer_id >= 0 && b->base_sequence < 0)
    refuse (j, STOKER_INVALID_RECORD, "the batch of producer %" PRId64 " has the sequence number %d", b->producer_id,
            b->base_sequence);
  else
    return true;
  return false;
}

typedef struct Scan
{
  int64_t max_timestamp;
  bool in_order; /* offset deltas are 0, 1, 2 .. */
} Scan;

/* Walks over the record heads. False when the section is damaged. */
static bool
scan_records (Judge *j, const StokerBatch *b, StokerBytes section, Scan *scan)
{
  const uint8_t *p = section.data, *end = p + section.len;
  const StokerTopicConfig *config = j->spec->config;
  bool claims = b->attributes & STOKER_BATCH_LOG_APPEND_TIME;
  bool check_time = !config->log_append_time && (j->earliest != INT64_MIN || j->latest != INT64_MAX);
  bool check = check_time || claims || config->cleanup_compact;
  int64_t max_timestamp = -1;
  int32_t order = 0;

  for (int32_t i = 0; i < b->record_count; i++) {
    StkParsed r;
    int64_t timestamp;
    if ((p = stk_parse_record (p, end, &r)) == NULL)
      return false;
    timestamp = (int64_t)((uint64_t)b->base_timestamp + (uint64_t)r.timestamp_delta);
    max_timestamp = MAX (max_timestamp, timestamp);
    order |= r.offset_delta ^ i;
    if (check)
      judge_record (j, i, timestamp, claims, r.key.data != NULL);
  }
  *scan = (Scan){ max_timestamp, order == 0 };
  return p == end;
}

/* Stores the batch as it came, but for its timestamps. */
static void
patch (Judge *j, uint8_t *data, StokerBatch *b, const Scan *scan)
{
  bool stamped = j->spec->config->log_append_time;
  int16_t attributes = (int16_t)(b->attributes & ~STOKER_BATCH_LOG_APPEND_TIME);
  int64_t max_timestamp = stamped ? j->spec->now_ms : scan->max_timestamp;

  if (stamped)
    attributes |= STOKER_BATCH_LOG_APPEND_TIME;
  if (attributes != b->attributes || max_timestamp != b->max_timestamp) {
    b->attributes = attributes;
    b->max_timestamp = max_timestamp;
    stk_batch_store (data, b);
    b->crc = stk_get_be32 (data + 17);
  }
  accept (j, data, b);
}

static void
rebuild (Judge *j, const StokerBatch *b, StokerBytes section, const Scan *scan, int codec)
{
  StkBatchBuilder w;
  StkRecordIter it;
  StkRecord r;

  stk_batch_begin (&w, &j->out->buf);
  w.head.attributes = (int16_t)(b->attributes & ~(STOKER_BATCH_CODEC_MASK | STOKER_BATCH_LOG_APPEND_TIME));
  w.head.producer_id = b->producer_id;
  w.head.producer_epoch = b->producer_epoch;
  w.head.base_sequence = b->base_sequence;
  w.head.leader_epoch = b->leader_epoch;
  if (scan->in_order) {
    /* The records can stay as they are. */
    w.head.base_timestamp = b->base_timestamp;
    w.head.max_timestamp = scan->max_timestamp;
    w.head.record_count = b->record_count;
    stoker_buf_append (w.out, section.data, section.len);
  } else {
    StokerBatch plain = *b;
    plain.attributes &= ~STOKER_BATCH_LOG_APPEND_TIME;
    stk_record_iter_init (&it, &plain, section.data, section.len);
    while (stk_record_iter_next (&it, &r) == 1)
      stk_batch_add (&w, r.timestamp, r.key, r.value, r.headers, r.n_headers);
  }
  stamp (j, &w);
  accept_built (j, &w, codec);
}

static void
validate_batch (Judge *j, uint8_t *data, StokerBatch *b)
{
  int source = b->attributes & STOKER_BATCH_CODEC_MASK, target = target_codec (j->spec, source);
  size_t stored = (size_t)b->length - STOKER_BATCH_HEADER;
  StokerBytes section;
  StokerError err = { 0 };
  Scan scan;

  if (b->base_offset != 0)
    refuse (j, STOKER_INVALID_RECORD, "the batch begins at offset %" PRId64 " instead of 0", b->base_offset);
  if (j->out->error || !size_good (j, (size_t)b->length))
    return;
  if (!stoker_batch_crc_ok (data, b)) {
    refuse (j, STOKER_CORRUPT_MESSAGE, "the batch has a wrong check sum");
    return;
  }
  if (!header_good (j, b))
    return;
  if (source != 0 && !stk_codec_known (j->spec->codecs, source)) {
    refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "no module for codec %d is loaded", source);
    return;
  }
  if (stk_batch_records (j->spec->codecs, data, b, decompress_limit (j->spec, stored), j->scratch, &section, &err)
      != 0) {
    refuse (j, STOKER_INVALID_RECORD, "the batch cannot be decompressed: %s", err.text);
    return;
  }
  if (!scan_records (j, b, section, &scan)) {
    refuse (j, STOKER_INVALID_RECORD, "the %d records do not fill their %zu bytes exactly", b->record_count,
            section.len);
    j->out->n_record_errors = 0;
    return;
  }
  if (!records_good (j))
    return;
  if (source == target && scan.in_order)
    patch (j, data, b, &scan);
  else
    rebuild (j, b, section, &scan, target);
}

/* ---- magic 0 and 1 */

static void
add_message (Judge *j, StkBatchBuilder *w, const StkMessage *m)
{
  judge_record (j, w->head.record_count, m->timestamp, m->attributes & STOKER_BATCH_LOG_APPEND_TIME,
                m->key.data != NULL);
  stk_batch_add (w, m->timestamp, m->key, m->value, STOKER_BYTES_NULL, 0);
}

static bool
add_wrapped (Judge *j, StkBatchBuilder *w, const StkMessage *wrapper)
{
  StokerError err = { 0 };
  StkMessage m;
  int64_t add;
  int16_t code = stk_message_unwrap (j->spec->codecs, wrapper, decompress_limit (j->spec, wrapper->value.len),
                                     j->scratch, &add, &err);

  if (code != STOKER_OK) {
    refuse (j, code, "%s", err.text);
    return false;
  }
  for (size_t at = 0; at < j->scratch->len; at += (size_t)m.length) {
    (void)stk_message_peek (j->scratch->data + at, j->scratch->len - at, &m);
    /* The wrapper's append time is every record's time. */
    if (wrapper->attributes & STOKER_BATCH_LOG_APPEND_TIME) {
      m.attributes |= STOKER_BATCH_LOG_APPEND_TIME;
      m.timestamp = wrapper->timestamp;
    }
    add_message (j, w, &m);
  }
  return true;
}

/* All messages of the set become one batch; an incomplete one at the end is ignored, as Kafka does. */
static void
validate_messages (Judge *j, const uint8_t *data, size_t len, int magic)
{
  StkBatchBuilder w;
  StkMessage m;
  int source = 0, rc;

  stk_batch_begin (&w, &j->out->buf);
  stamp (j, &w);
  for (; (rc = stk_message_peek (data, len, &m)) == 0; data += m.length, len -= (size_t)m.length) {
    int codec = m.attributes & STOKER_BATCH_CODEC_MASK;
    if (m.magic != magic) {
      refuse (j, STOKER_INVALID_RECORD, "messages of magic %d and %d in one set", magic, m.magic);
    } else if (!stk_message_crc_ok (data, &m)) {
      refuse (j, STOKER_CORRUPT_MESSAGE, "a message has a wrong check sum");
    } else if ((codec != 0 || source != 0) && w.head.record_count > 0) {
      refuse (j, STOKER_INVALID_RECORD, "a compressed message set must stand alone");
    } else if (size_good (j, (size_t)m.length)) {
      source = codec;
      if (codec == 0)
        add_message (j, &w, &m);
      else
        (void)add_wrapped (j, &w, &m);
    }
    if (j->out->error)
      return;
  }
  if (rc < 0)
    refuse (j, STOKER_CORRUPT_MESSAGE, "a message of the set is damaged");
  else if (w.head.record_count > 0 && records_good (j))
    accept_built (j, &w, target_codec (j->spec, source));
}

/* ---- both */

/* The shape of what stands at data: 0 and *length and *magic of a complete entry of any magic; 1: nothing complete; -1:
 * not an entry. Offset, size and magic have the same place in all three formats. */
static int
entry_peek (const uint8_t *data, size_t len, size_t *length, int *magic)
{
  uint32_t size;

  if (len < STOKER_BATCH_OVERHEAD)
    return 1;
  size = stk_get_be32 (data + 8);
  if (size < 14 || size > INT32_MAX - STOKER_BATCH_OVERHEAD)
    return -1;
  if (len < 17)
    return 1;
  *magic = (int8_t)data[16];
  *length = size + STOKER_BATCH_OVERHEAD;
  if (*magic < 0 || *magic > 2)
    return -1;
  return *length > len ? 1 : 0;
}

static void
validate (Judge *j, uint8_t *data, size_t len)
{
  int version = j->spec->api_version < 0 ? INT16_MAX : j->spec->api_version;
  size_t length = 0, next_length;
  int magic = 0, next_magic, shape = entry_peek (data, len, &length, &magic);
  StokerBatch b;

  if (shape < 0) {
    refuse (j, STOKER_CORRUPT_MESSAGE, "the records begin neither with a batch nor with a message");
  } else if (shape > 0) {
    if (version >= 3)
      refuse (j, STOKER_INVALID_RECORD, "%zu bytes hold no complete record batch", len);
  } else if (magic != 2 && version >= 3) {
    refuse (j, STOKER_INVALID_RECORD, "Produce version %d takes batches of magic 2, not %d", version, magic);
  } else if (magic != 2) {
    validate_messages (j, data, len, magic);
  } else if (stoker_batch_peek (data, len, &b) != 0) {
    refuse (j, STOKER_CORRUPT_MESSAGE, "a record batch of %zu bytes is shorter than its header", length);
  } else if (entry_peek (data + length, len - length, &next_length, &next_magic) <= 0) {
    refuse (j, STOKER_INVALID_RECORD, "exactly one record batch is allowed");
  } else if (version < 7 && (b.attributes & STOKER_BATCH_CODEC_MASK) == 4) {
    refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7, this is %d", version);
  } else {
    validate_batch (j, data, &b);
  }
}

static int64_t
saturating (int64_t now, int64_t distance, int sign)
{
  int64_t out;

  if (sign < 0)
    return __builtin_sub_overflow (now, distance, &out) ? INT64_MIN : out;
  return __builtin_add_overflow (now, distance, &out) ? INT64_MAX : out;
}

void
stk_record_validate (const StkValidateSpec *spec, uint8_t *data, size_t len, StkValidated *out)
{
  StokerBuf buf = out->buf;
  Judge j = { .spec = spec, .out = out, .scratch = stk_codec_scratch (spec->codecs) };

  *out = (StkValidated){ .log_append_time_ms = -1, .buf = buf };
  out->buf.len = 0;
  j.earliest = saturating (spec->now_ms, spec->config->timestamp_before_max_ms, -1);
  j.latest = saturating (spec->now_ms, spec->config->timestamp_after_max_ms, 1);
  /* now - INT64_MAX does not overflow, but means: no bound. */
  if (spec->config->timestamp_before_max_ms == INT64_MAX)
    j.earliest = INT64_MIN;
  validate (&j, data, len);
  stk_codec_scratch_done (spec->codecs);
}
