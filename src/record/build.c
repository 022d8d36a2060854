/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include "base/bytes.h"
#include "base/varint.h"

#include <glib.h>

void
stk_batch_store (uint8_t *data, const StokerBatch *b)
{
  stk_put_be64 (data, (uint64_t)b->base_offset);
  stk_put_be32 (data + 8, (uint32_t)b->length - STOKER_BATCH_OVERHEAD);
  stk_put_be32 (data + 12, (uint32_t)b->leader_epoch);
  data[16] = 2;
  stk_put_be16 (data + 21, (uint16_t)b->attributes);
  stk_put_be32 (data + 23, (uint32_t)b->last_offset_delta);
  stk_put_be64 (data + 27, (uint64_t)b->base_timestamp);
  stk_put_be64 (data + 35, (uint64_t)b->max_timestamp);
  stk_put_be64 (data + 43, (uint64_t)b->producer_id);
  stk_put_be16 (data + 51, (uint16_t)b->producer_epoch);
  stk_put_be32 (data + 53, (uint32_t)b->base_sequence);
  stk_put_be32 (data + 57, (uint32_t)b->record_count);
  stk_put_be32 (data + 17, stoker_crc32c (0, data + 21, (size_t)b->length - 21));
}

void
stk_batch_begin (StkBatchBuilder *w, StokerBuf *out)
{
  *w = (StkBatchBuilder){ .head = { .magic = 2,
                                    .base_timestamp = -1,
                                    .max_timestamp = -1,
                                    .producer_id = -1,
                                    .producer_epoch = -1,
                                    .base_sequence = -1 },
                          .out = out,
                          .start = out->len };
  (void)stoker_buf_reserve (out, STOKER_BATCH_HEADER);
  out->len += STOKER_BATCH_HEADER;
}

static size_t
bytes_size (StokerBytes b)
{
  return b.data == NULL ? 1 : stk_varint32_size ((int32_t)b.len) + b.len;
}

static uint8_t *
put_bytes (uint8_t *p, StokerBytes b)
{
  if (b.data == NULL)
    return stk_varint32_put (p, -1);
  p = stk_varint32_put (p, (int32_t)b.len);
  if (b.len > 0)
    memcpy (p, b.data, b.len);
  return p + b.len;
}

void
stk_batch_add (StkBatchBuilder *w, int64_t timestamp, StokerBytes key, StokerBytes value, StokerBytes headers,
               int32_t n_headers)
{
  int32_t delta = w->head.record_count;
  int64_t time_delta;
  size_t body;
  uint8_t *p;

  g_assert (key.len <= INT32_MAX && value.len <= INT32_MAX && headers.len <= INT32_MAX);
  if (delta == 0)
    w->head.base_timestamp = timestamp;
  if (!(w->head.attributes & STOKER_BATCH_LOG_APPEND_TIME))
    w->head.max_timestamp = MAX (w->head.max_timestamp, timestamp);
  time_delta = (int64_t)((uint64_t)timestamp - (uint64_t)w->head.base_timestamp);
  body = 1 + stk_varint64_size (time_delta) + stk_varint32_size (delta) + bytes_size (key) + bytes_size (value)
         + stk_varint32_size (n_headers) + headers.len;
  g_assert (body <= INT32_MAX);
  p = stoker_buf_reserve (w->out, body + STK_VARINT32_MAX);
  p = stk_varint32_put (p, (int32_t)body);
  *p++ = 0;
  p = stk_varint64_put (p, time_delta);
  p = stk_varint32_put (p, delta);
  p = put_bytes (p, key);
  p = put_bytes (p, value);
  p = stk_varint32_put (p, n_headers);
  if (headers.len > 0)
    memcpy (p, headers.data, headers.len);
  w->out->len = (size_t)(p - w->out->data) + headers.len;
  w->head.record_count++;
}

/* Replaces the records by their compressed form. */
static int
compress (StkBatchBuilder *w, StkCodecContexts *c, int codec, int32_t level, StokerError *err)
{
  StokerBuf packed = { 0 };
  size_t records = w->start + STOKER_BATCH_HEADER;
  int rc = stk_codec_compress (c, codec, w->out->data + records, w->out->len - records, level, 0, &packed, err);

  if (rc == 0) {
    w->out->len = records;
    stoker_buf_append (w->out, packed.data, packed.len);
  }
  stoker_buf_clear (&packed);
  return rc;
}

int
stk_batch_end (StkBatchBuilder *w, StkCodecContexts *c, int codec, int32_t level, StokerError *err)
{
  int rc = codec != 0 ? compress (w, c, codec, level, err) : 0;
  size_t len = w->out->len - w->start;

  if (rc == 0 && len > INT32_MAX)
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "a batch of %zu bytes is larger than the format allows", len);
  if (rc != 0) {
    w->out->len = w->start;
    return -1;
  }
  w->head.length = (int32_t)len;
  w->head.last_offset_delta = MAX (w->head.record_count, 1) - 1;
  w->head.attributes = (int16_t)((w->head.attributes & ~STOKER_BATCH_CODEC_MASK) | codec);
  stk_batch_store (w->out->data + w->start, &w->head);
  w->head.crc = stk_get_be32 (w->out->data + w->start + 17);
  return 0;
}

void
stk_batch_marker (StokerBuf *out, int64_t base_offset, int32_t leader_epoch, int64_t producer_id,
                  int16_t producer_epoch, bool commit, int32_t coordinator_epoch, int64_t timestamp)
{
  uint8_t key[4] = { 0, 0, 0, commit ? 1 : 0 }, value[6] = { 0, 0 };
  StkBatchBuilder w;

  stk_put_be32 (value + 2, (uint32_t)coordinator_epoch);
  stk_batch_begin (&w, out);
  w.head.base_offset = base_offset;
  w.head.leader_epoch = leader_epoch;
  w.head.attributes = STOKER_BATCH_TRANSACTIONAL | STOKER_BATCH_CONTROL;
  w.head.producer_id = producer_id;
  w.head.producer_epoch = producer_epoch;
  stk_batch_add (&w, timestamp, (StokerBytes){ key, sizeof key }, (StokerBytes){ value, sizeof value },
                 STOKER_BYTES_NULL, 0);
  (void)stk_batch_end (&w, NULL, 0, 0, NULL);
}
