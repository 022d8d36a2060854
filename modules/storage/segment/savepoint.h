/* SPDX-License-Identifier: Apache-2.0
 *
 * Save points: what a flush saves besides the batches, so that a recovery begins there.
 */
#ifndef SEG_SAVEPOINT_H
#define SEG_SAVEPOINT_H

#include "engine.h"

/* ---- savepoint.c */
typedef struct SavePoint
{
  Segment *seg; /* a reference; NULL: none */
  int64_t offset;
  uint64_t pos;
  uint32_t cuts;
  StokerBuf state;
  int rc;
} SavePoint;

/* Is it time for one? Lock held. */
bool seg_save_due (const StokerLog *log);
/* Takes the state of now and writes the indexes. Lock held, let go of and taken again. */
void seg_save_begin (StokerLog *log, SavePoint *p);
/* rc 0: what lies below it is flushed, and it becomes one. Lock not held. */
void seg_save_end (StokerLog *log, SavePoint *p, int rc);

#endif
