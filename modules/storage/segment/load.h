/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a log from its directory.
 */
#ifndef SEG_LOAD_H
#define SEG_LOAD_H

#include "engine.h"

/* While it is loaded: was something acknowledged that stands at byte `pos` of the segment with this base, or at this
 * offset, or behind? Then it is not cut off. */
bool seg_acked (const StokerLog *log, int64_t base, uint64_t pos, int64_t offset);
/* The base of the segment behind `s`; -1: it is the last. */
int64_t seg_behind (const StokerLog *log, const Segment *s);
/* Of a log that nobody else knows yet. `mark`: what the checkpoints say of it. 0, or a negative number with *err
 * set. */
int seg_load (StokerLog *log, const Mark *mark, StokerError *err);

#endif
