/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers for readers of old Fetch versions. Every batch becomes a message set of its own, compressed again where it
 * was.
 */
#include "record/record.h"

#include "base/bytes.h"
#include "record/legacy.h"

#include <glib.h>

/* What is in the log was checked when it came in; this only bounds a damaged disk. */
#define LIMIT ((size_t)1 << 30)

typedef struct Convert
{
  StkCodecContexts *codecs;
  int8_t magic;
  int64_t first_offset;
  StokerBuf *out;
  StokerBuf *scratch; /* what came */
  StokerBuf *inner;   /* what goes into a wrapper */
} Convert;

/* A wrapper around the set in c->inner. */
static int16_t
wrap (Convert *c, int codec, int8_t append_time, int64_t last_offset, int64_t timestamp)
{
  StokerBuf packed = { 0 };
  int rc = stk_codec_compress (c->codecs, codec, c->inner->data, c->inner->len, STK_CODEC_LEVEL_DEFAULT,
                               c->magic == 0 ? STOKER_CODEC_LEGACY : 0, &packed, NULL);

  if (rc == 0)
    stk_message_append (c->out, &(StkMessage){ .offset = last_offset,
                                               .timestamp = timestamp,
                                               .magic = c->magic,
                                               .attributes = (int8_t)(codec | append_time),
                                               .value = { packed.data, packed.len } });
  stoker_buf_clear (&packed);
  return rc == 0 ? STOKER_OK : STOKER_UNKNOWN_SERVER_ERROR;
}

/* The difference of two offsets that a damaged batch may have put far apart. */
static int64_t
inner_offset (int64_t offset, int64_t base)
{
  return (int64_t)((uint64_t)offset - (uint64_t)base);
}

static int16_t
convert_batch (Convert *c, const uint8_t *data, const StokerBatch *b)
{
  int codec = b->attributes & STOKER_BATCH_CODEC_MASK, rc;
  int8_t append_time = c->magic > 0 ? b->attributes & STOKER_BATCH_LOG_APPEND_TIME : 0;
  int64_t base = -1, last = -1, largest = -1;
  StokerBytes section;
  StkRecordIter it;
  StkRecord r;

  if (b->attributes & STOKER_BATCH_CONTROL)
    return STOKER_OK;
  if (codec > 3 || (codec > 0 && !stk_codec_known (c->codecs, codec)))
    return STOKER_UNSUPPORTED_COMPRESSION_TYPE;
  if (stk_batch_records (c->codecs, data, b, LIMIT, c->scratch, &section, NULL) != 0)
    return STOKER_CORRUPT_MESSAGE;
  c->inner->len = 0;
  stk_record_iter_init (&it, b, section.data, section.len);
  while ((rc = stk_record_iter_next (&it, &r)) == 1) {
    if (codec == 0 && r.offset < c->first_offset)
      continue;
    if (base < 0)
      base = r.offset;
    last = r.offset;
    largest = MAX (largest, r.timestamp);
    stk_message_append (codec ? c->inner : c->out,
                        &(StkMessage){ .offset = codec && c->magic ? inner_offset (r.offset, base) : r.offset,
                                       .timestamp = r.timestamp,
                                       .magic = c->magic,
                                       .attributes = append_time,
                                       .key = r.key,
                                       .value = r.value });
  }
  if (rc < 0)
    return STOKER_CORRUPT_MESSAGE;
  return c->inner->len > 0 ? wrap (c, codec, append_time, last, largest) : STOKER_OK;
}

/* Magic 1 to magic 0: the timestamps go, and inner offsets become absolute. */
static int16_t
convert_message (Convert *c, StkMessage m)
{
  int codec = m.attributes & STOKER_BATCH_CODEC_MASK;
  int64_t add, last = m.offset;
  StkMessage in;
  int16_t code;

  m.magic = 0;
  m.attributes = 0;
  if (codec == 0) {
    if (m.offset >= c->first_offset)
      stk_message_append (c->out, &m);
    return STOKER_OK;
  }
  m.magic = 1;
  m.attributes = (int8_t)codec;
  if ((code = stk_message_unwrap (c->codecs, &m, LIMIT, c->scratch, &add, NULL)) != STOKER_OK)
    return code;
  c->inner->len = 0;
  for (size_t at = 0; at < c->scratch->len; at += (size_t)in.length) {
    (void)stk_message_peek (c->scratch->data + at, c->scratch->len - at, &in);
    in.offset = last = (int64_t)((uint64_t)in.offset + (uint64_t)add);
    in.magic = 0;
    in.attributes = 0;
    stk_message_append (c->inner, &in);
  }
  return wrap (c, codec, 0, last, -1);
}

/* One entry, whatever it is. *length gets its size; 0 when it is not complete. */
static int16_t
convert_entry (Convert *c, const uint8_t *data, size_t len, size_t *length, int64_t *next)
{
  StokerBatch b;
  StkMessage m;
  int rc = stoker_batch_peek (data, len, &b);

  *length = 0;
  if (rc == 0) {
    *length = (size_t)b.length;
    *next = (int64_t)((uint64_t)b.base_offset + (uint64_t)b.last_offset_delta + 1);
    return convert_batch (c, data, &b);
  }
  if (rc > 0 && (len < 17 || b.magic == 2))
    return STOKER_OK;
  if ((rc = stk_message_peek (data, len, &m)) != 0)
    return rc > 0 ? STOKER_OK : STOKER_CORRUPT_MESSAGE;
  if (!stk_message_crc_ok (data, &m))
    return STOKER_CORRUPT_MESSAGE;
  *length = (size_t)m.length;
  *next = (int64_t)((uint64_t)m.offset + 1);
  if (m.magic > c->magic)
    return convert_message (c, m);
  stoker_buf_append (c->out, data, *length);
  return STOKER_OK;
}

int16_t
stk_record_downconvert (StkCodecContexts *codecs, const uint8_t *data, size_t len, int magic, int64_t first_offset,
                        StokerBuf *out, int64_t *next_offset)
{
  StokerBuf scratch = { 0 }, inner = { 0 };
  Convert c = { codecs, (int8_t)magic, first_offset, out, &scratch, &inner };
  size_t start = out->len, length;
  int64_t next = first_offset, after = first_offset;
  int16_t code;

  g_assert (magic == 0 || magic == 1);
  do {
    size_t before = out->len;
    code = convert_entry (&c, data, len, &length, &next);
    if (code != STOKER_OK) {
      out->len = before;
      break;
    }
    after = length ? next : after;
    data += length;
    len -= length;
  } while (length > 0 && len > 0);
  if (code != STOKER_OK && out->len > start)
    code = STOKER_OK;
  if (next_offset)
    *next_offset = after;
  stoker_buf_clear (&scratch);
  stoker_buf_clear (&inner);
  return code;
}
