/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up the oldest segments: retention, and the log start that moves up. What a log has of segments.
 */
#ifndef SEG_DROP_H
#define SEG_DROP_H

#include "engine.h"

int seg_set_start (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int seg_drop (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err);
size_t seg_segments (StokerInstance *self, StokerLog *log, StokerSegmentRow *rows, size_t max);
uint64_t seg_bytes (StokerInstance *self, StokerLog *log);
/* Takes segments [from, from + n) out of the log; lock held. They are the caller's now. */
void seg_detach_segments (StokerLog *log, uint32_t from, uint32_t n);
/* Renames the files of a segment that was taken out to .deleted, to vanish later (or deletes them at once), and lets it
 * go. */
void seg_discard (StokerLog *log, Segment *s, bool at_once);

#endif
