/* SPDX-License-Identifier: Apache-2.0
 *
 * Rolling to a new segment, and what is then left to do for the old one.
 */
#ifndef SEG_ROLL_H
#define SEG_ROLL_H

#include "engine.h"

/* A segment that was rolled away from: what is left to do for it on a disk thread. */
struct Seal
{
  struct Seal *next;
  Segment *seg;
  int64_t end;        /* base of the next segment */
  StokerBuf snapshot; /* producer state at `end`; empty: there is one already */
};

/* Does an append of `bytes`, up to the offset `last`, belong into a new segment? The active one has `size` bytes, its
 * largest timestamp would be max_timestamp. Claim held. */
bool seg_roll_due (StokerLog *log, uint64_t size, uint64_t bytes, int64_t last, int64_t max_timestamp, int64_t now_ms);
/* Begins a new segment at `base`: claim held, lock not. The one before is finished on a disk thread. */
int seg_roll (StokerLog *log, int64_t base);
/* Finishes what rolls have left to do; waits for whoever is at it. */
int seg_settle (StokerLog *log);
/* Has a disk thread do it. */
void seg_post_job (StokerLog *log);
/* Segment `s`, which ends at offset `end`, is to be finished like one that was rolled. Lock held, or the log is
 * private. */
void seg_seal (StokerLog *log, Segment *s, int64_t end);
/* Makes an empty segment the active one: lock held. Takes both. */
void seg_add_segment (StokerLog *log, Segment *s);

#endif
