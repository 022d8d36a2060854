/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of Kafka's log directory: sizes of index entries, big-endian access, the batch header.
 */
#ifndef SEG_FORMAT_H
#define SEG_FORMAT_H

#include <stoker/record.h>

enum
{
  SEG_INDEX_ENTRY = 8, /* i32 offset - base, i32 position */
  SEG_TIME_ENTRY = 12, /* i64 timestamp, i32 offset - base */
  SEG_TXN_ENTRY = 34,  /* i16 version, i64 producer id, first offset, last offset, last stable offset */
};

/* A position is an i32 in the index, so no segment may grow beyond it. */
#define SEG_MAX_BYTES ((uint64_t)INT32_MAX)

static inline uint64_t
seg_get (const uint8_t *p, unsigned n)
{
  uint64_t v = 0;

  for (unsigned i = 0; i < n; i++)
    v = v << 8 | p[i];
  return v;
}

static inline void
seg_put (uint8_t *p, uint64_t v, unsigned n)
{
  for (unsigned i = n; i-- > 0; v >>= 8)
    p[i] = (uint8_t)v;
}

/* Decodes the 61 bytes of a batch header. False when they are none of magic 2; out->length and out->magic are valid
 * nevertheless. */
static inline bool
seg_header_read (const uint8_t *p, StokerBatch *out)
{
  int64_t length = (int64_t)(int32_t)seg_get (p + 8, 4) + STOKER_BATCH_OVERHEAD;

  out->base_offset = (int64_t)seg_get (p, 8);
  out->length = length > INT32_MAX ? -1 : (int32_t)length;
  out->leader_epoch = (int32_t)seg_get (p + 12, 4);
  out->magic = (int8_t)p[16];
  out->crc = (uint32_t)seg_get (p + 17, 4);
  out->attributes = (int16_t)seg_get (p + 21, 2);
  out->last_offset_delta = (int32_t)seg_get (p + 23, 4);
  out->base_timestamp = (int64_t)seg_get (p + 27, 8);
  out->max_timestamp = (int64_t)seg_get (p + 35, 8);
  out->producer_id = (int64_t)seg_get (p + 43, 8);
  out->producer_epoch = (int16_t)seg_get (p + 51, 2);
  out->base_sequence = (int32_t)seg_get (p + 53, 4);
  out->record_count = (int32_t)seg_get (p + 57, 4);
  return out->magic == 2 && out->length >= (int32_t)STOKER_BATCH_HEADER && out->base_offset >= 0
         && out->last_offset_delta >= 0 && out->base_offset <= INT64_MAX - out->last_offset_delta - 1;
}

#endif
