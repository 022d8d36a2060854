/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a range of a log batch by batch, through the storage engine, in large portions.
 */
#ifndef STK_BROKER_CLEAN_READ_H
#define STK_BROKER_CLEAN_READ_H

#include <stoker/storage.h>

typedef struct StkCleanReader
{
  StokerInstance *storage;
  StokerLog *log;
  size_t portion;
  int64_t next, limit; /* offsets: what is wanted next; where it ends (a segment's end) */
  StokerBuf buf;
  size_t at;
  uint64_t bytes; /* read so far */
  bool gone;      /* what was to be read is not there any more */
} StkCleanReader;

/* 1: the next batch, whole, CRC checked, valid until the next call; 0: the range is read; -1: *err, and gone or the
 * code: STOKER_ERROR_CORRUPT, STOKER_ERROR_IO. */
int stk_clean_read (StkCleanReader *r, const uint8_t **data, StokerBatch *b, StokerError *err);

#endif
