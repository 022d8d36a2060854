/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include "base/bytes.h"
#include "record/parse.h"

void
stk_record_iter_init (StkRecordIter *it, const StokerBatch *b, const uint8_t *data, size_t len)
{
  *it = (StkRecordIter){ .at = data, .end = data + len, .batch = b, .left = b->record_count };
}

/* Offsets and timestamps are sums of what a peer wrote: they wrap rather than overflow. */
static int64_t
sum (int64_t a, int64_t b)
{
  return (int64_t)((uint64_t)a + (uint64_t)b);
}

int
stk_record_iter_next (StkRecordIter *it, StkRecord *out)
{
  const StokerBatch *b = it->batch;
  StkParsed r;

  if (it->left <= 0)
    return it->left == 0 && it->at == it->end ? 0 : -1;
  it->at = stk_parse_record (it->at, it->end, &r);
  if (it->at == NULL) {
    it->left = -1;
    return -1;
  }
  it->left--;
  *out = (StkRecord){ .offset = sum (b->base_offset, r.offset_delta),
                      .timestamp = b->attributes & STOKER_BATCH_LOG_APPEND_TIME
                                       ? b->max_timestamp
                                       : sum (b->base_timestamp, r.timestamp_delta),
                      .offset_delta = r.offset_delta,
                      .n_headers = r.n_headers,
                      .key = r.key,
                      .value = r.value,
                      .headers = r.headers };
  return 1;
}

bool
stk_record_header_next (StokerBytes *headers, StokerStr *key, StokerBytes *value)
{
  const uint8_t *p = headers->data, *end = p + headers->len;
  StokerBytes k;

  if (headers->len == 0 || (p = stk_parse_bytes (p, end, &k)) == NULL || (p = stk_parse_bytes (p, end, value)) == NULL)
    return false;
  *key = (StokerStr){ (const char *)k.data, k.len };
  *headers = (StokerBytes){ (uint8_t *)p, (size_t)(end - p) };
  return true;
}

int
stk_batch_records (StkCodecContexts *c, const uint8_t *data, const StokerBatch *b, size_t max_out, StokerBuf *scratch,
                   StokerBytes *out, StokerError *err)
{
  int codec = b->attributes & STOKER_BATCH_CODEC_MASK;
  StokerBytes stored = { (uint8_t *)data + STOKER_BATCH_HEADER, (size_t)b->length - STOKER_BATCH_HEADER };

  if (codec == 0) {
    *out = stored;
    return 0;
  }
  scratch->len = 0;
  if (stk_codec_decompress (c, codec, stored.data, stored.len, max_out, 0, scratch, err) != 0)
    return -1;
  *out = (StokerBytes){ scratch->data, scratch->len };
  return 0;
}

bool
stk_batch_control (const uint8_t *data, const StokerBatch *b, int *type, int32_t *coordinator_epoch)
{
  StkRecordIter it;
  StkRecord r;

  *type = -1;
  *coordinator_epoch = -1;
  if (!(b->attributes & STOKER_BATCH_CONTROL) || (b->attributes & STOKER_BATCH_CODEC_MASK))
    return false;
  stk_record_iter_init (&it, b, data + STOKER_BATCH_HEADER, (size_t)b->length - STOKER_BATCH_HEADER);
  if (stk_record_iter_next (&it, &r) != 1 || r.key.len < 4)
    return false;
  *type = (int16_t)stk_get_be16 (r.key.data + 2);
  if (*type != 0 && *type != 1)
    return true;
  if (r.value.len < 6)
    return false;
  *coordinator_epoch = (int32_t)stk_get_be32 (r.value.data + 2);
  return true;
}
