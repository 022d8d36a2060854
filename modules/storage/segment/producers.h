/* SPDX-License-Identifier: Apache-2.0
 *
 * Producer state on disk: Kafka's .snapshot files, and how the state is brought back from them and the log.
 */
#ifndef SEG_PRODUCERS_H
#define SEG_PRODUCERS_H

#include "engine.h"

/* Brings the producer state to `end` from the newest usable snapshot; the caller has the claim, or the log is private.
 */
int seg_producers_load (StokerLog *log, int64_t end, StokerError *err);
/* Loads the newest usable snapshot at or below `end` and nothing else: its offset, or -1. */
int64_t seg_producers_begin (StokerLog *log, int64_t end);
/* Fills duplicate windows from the batches before `end`, which stands at byte `upto` of its segment. */
void seg_producers_recall (StokerLog *log, int64_t end, uint64_t upto);
/* Under its name when all of it is flushed. Lock not held; 0 or a negative errno. */
int seg_snapshot_write (StokerLog *log, int64_t offset, const StokerBuf *b);
/* Deletes snapshots at or above `from` and below `to`. */
void seg_snapshots_delete (StokerLog *log, int64_t from, int64_t to);
/* A newer snapshot is on the disk: the one that a flush made in the middle of a segment goes. `made`: it is such a one;
 * -1: none. */
void seg_snapshot_middle (StokerLog *log, int64_t made);
void seg_producers_each (StokerInstance *self, StokerLog *log, bool (*each) (void *user, const StokerProducerRow *row),
                         void *user);
void seg_producers_expire (StokerInstance *self, StokerLog *log, int64_t before_ms);

#endif
