/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving a log to another directory: filling a future log (move.c), which then takes its place (move_swap.c).
 */
#ifndef SEG_MOVE_H
#define SEG_MOVE_H

#include "engine.h"

/* ---- move.c, move_swap.c */
#define SEG_MOVED_FROM "moved-from" /* in a log's folder: where another one of it may still lie, which does not count */

int seg_move_open (StokerInstance *self, StokerLog *log, const StokerLogDir *to, const StokerTopicConfig *config,
                   StokerLog **future, StokerError *err);
int seg_move_copy (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, uint64_t *copied,
                   int64_t *lag, StokerError *err);
int seg_move_swap (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, StokerError *err);
/* A future log is closed or removed, or was put in its place: its log is not moving any more. */
void seg_move_end (StokerLog *future);
/* "topic-partition.hash-future" taken apart: the length of its "topic-partition"; 0: it is none. */
size_t seg_future_name (const char *name);
/* A crash may have left the log that this one has replaced: it goes. */
void seg_move_settle (StokerLog *log);

#endif
