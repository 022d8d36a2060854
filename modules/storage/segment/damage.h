/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known to be damaged in a segment: ranges of bytes without a good batch, and the offsets that are lost with
 * them. The first four functions: the log's lock is held.
 */
#ifndef SEG_DAMAGE_H
#define SEG_DAMAGE_H

#include "engine.h"

/* Bytes [from, to) of a segment hold no good batch; offsets [first, next) are lost with them. */
struct Damage
{
  uint64_t from, to;
  int64_t first, next;
};

/* Are the records of this offset lost? */
bool seg_damage_holds (const Segment *s, int64_t offset);
/* The first damaged byte in [pos, end), else end. */
uint64_t seg_damage_before (const Segment *s, uint64_t pos, uint64_t end);
/* pos, or the end of the damage that it lies in. */
uint64_t seg_damage_jump (const Segment *s, uint64_t pos);
/* The segment now ends at byte `size`. */
void seg_damage_cut (Segment *s, uint64_t size);
/* From here on readers are refused it; said in the log when it is new. Lock not held. */
void seg_damage_note (StokerLog *log, Segment *s, Damage d, const char *why);
/* The batch at `pos`, whole and with the right CRC, in buf; offsets in [min, max], the file's bytes end at `size`.
 * NULL: *why, or *error when it cannot be read; b->length is 0 when it cannot be believed. Disk thread. */
const uint8_t *seg_check_batch (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, StokerBuf *buf,
                                StokerBatch *b, const char **why, int *error);
/* No good batch stands at `pos`: up to where? `length`: what its header says, 0 when that is not to be believed. *next:
 * the good batch there, unless that is `size`. */
uint64_t seg_damage_extent (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, int32_t length,
                            StokerBatch *next);
/* Something seems wrong with the batch at `pos`, which should hold `first` or a later offset. 1: it is damaged, which
 * is noted; 0: it is good; negative: it cannot be read. *behind: where to go on. Disk thread, lock not held. */
int seg_damage_probe (StokerLog *log, Segment *s, StokerFile *f, uint64_t pos, int64_t first, uint64_t *behind);

#endif
