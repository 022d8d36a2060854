/* SPDX-License-Identifier: Apache-2.0
 *
 * One batch in the hands of a cleaner: its records taken apart, and put together again from what stays. Offsets,
 * producer fields, sequence and codec never change. All input is hostile until proven good: batches come from disk.
 */
#ifndef STK_BROKER_CLEAN_BATCH_H
#define STK_BROKER_CLEAN_BATCH_H

#include "record/record.h"

#include <stoker/cleaner.h>

/* Where a record stands in its batch's records. */
typedef struct StkCleanSpan
{
  uint32_t from, to;
  uint32_t rest; /* behind the timestamp delta */
} StkCleanSpan;

/* Working memory; zeroed is empty. */
typedef struct StkCleanBatch
{
  StkCodecContexts *codecs;
  size_t max_content; /* of a compressed batch */
  StokerCleanerRecord *records;
  StkCleanSpan *spans;
  uint8_t *verdicts; /* room for n */
  size_t n, cap;
  const uint8_t *bytes; /* the records section, decompressed */
  StokerBuf content, built;
} StkCleanBatch;

void stk_clean_batch_clear (StkCleanBatch *c);
/* Fills records, spans and n from the whole batch at `data`, whose CRC was checked. 0, or -1 with *err. */
int stk_clean_batch_open (StkCleanBatch *c, const uint8_t *data, const StokerBatch *b, StokerError *err);
/* Appends to *out the batch with those records whose verdict is not DROP, one at least. horizon_ms: not below 0: the
 * batch is given that delete horizon. 0, or -1 with *err. */
int stk_clean_batch_build (StkCleanBatch *c, const uint8_t *data, const StokerBatch *b, int64_t horizon_ms,
                           StokerBuf *out, StokerError *err);
/* Appends the batch without records. */
void stk_clean_batch_empty (const StokerBatch *b, StokerBuf *out);

#endif
