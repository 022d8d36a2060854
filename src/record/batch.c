/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/record.h>

#include "base/bytes.h"

int
stoker_batch_peek (const uint8_t *data, size_t len, StokerBatch *out)
{
  uint32_t body;

  *out = (StokerBatch){ 0 };
  if (len < STOKER_BATCH_OVERHEAD)
    return 1;
  out->base_offset = (int64_t)stk_get_be64 (data);
  body = stk_get_be32 (data + 8);
  if (body < STOKER_BATCH_HEADER - STOKER_BATCH_OVERHEAD || body > INT32_MAX - STOKER_BATCH_OVERHEAD)
    return -1;
  out->length = (int32_t)(body + STOKER_BATCH_OVERHEAD);
  if (len < 17)
    return 1;
  out->leader_epoch = (int32_t)stk_get_be32 (data + 12);
  out->magic = (int8_t)data[16];
  if (out->magic != 2)
    return -1;
  if (len < STOKER_BATCH_HEADER)
    return 1;
  out->crc = stk_get_be32 (data + 17);
  out->attributes = (int16_t)stk_get_be16 (data + 21);
  out->last_offset_delta = (int32_t)stk_get_be32 (data + 23);
  out->base_timestamp = (int64_t)stk_get_be64 (data + 27);
  out->max_timestamp = (int64_t)stk_get_be64 (data + 35);
  out->producer_id = (int64_t)stk_get_be64 (data + 43);
  out->producer_epoch = (int16_t)stk_get_be16 (data + 51);
  out->base_sequence = (int32_t)stk_get_be32 (data + 53);
  out->record_count = (int32_t)stk_get_be32 (data + 57);
  return (size_t)out->length > len ? 1 : 0;
}

bool
stoker_batch_crc_ok (const uint8_t *data, const StokerBatch *b)
{
  return stoker_crc32c (0, data + 21, (size_t)b->length - 21) == b->crc;
}

void
stoker_batch_assign (uint8_t *data, int64_t base_offset, int32_t leader_epoch)
{
  stk_put_be64 (data, (uint64_t)base_offset);
  stk_put_be32 (data + 12, (uint32_t)leader_epoch);
}
