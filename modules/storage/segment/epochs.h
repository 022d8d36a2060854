/* SPDX-License-Identifier: Apache-2.0
 *
 * Leader epochs of a log and where each began. The log's lock is held unless said otherwise.
 */
#ifndef SEG_EPOCHS_H
#define SEG_EPOCHS_H

#include "engine.h"

/* The epoch of a batch that is appended or replayed: noted when it is a new one. */
void seg_epoch_note (StokerLog *log, const StokerBatch *b);
/* Epochs that begin at or behind `end` go / those that ended before `start` go. */
void seg_epochs_cut_end (StokerLog *log, int64_t end);
void seg_epochs_cut_start (StokerLog *log, int64_t start);
/* Writes the file when it is out of date; lock not held. Any thread: one writes at a time. Before the recovery point
 * moves up it must be on the disk (sync); until then it would be made from the log again. */
int seg_epochs_write (StokerLog *log, bool sync);
/* 0, -ENOENT or another negative number, as seg_checkpoint_read; the log is private then. When not 0 the file is to be
 * made anew. */
int seg_epochs_load (StokerLog *log, StokerError *err);
int seg_epoch_begin (StokerInstance *self, StokerLog *log, int32_t epoch);
void seg_epoch_end (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out);
int32_t seg_epoch_latest (StokerInstance *self, StokerLog *log);

#endif
