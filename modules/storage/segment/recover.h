/* SPDX-License-Identifier: Apache-2.0
 *
 * Recovery of one segment (recover.c), which is the last that a crash may have hit.
 */
#ifndef SEG_RECOVER_H
#define SEG_RECOVER_H

#include "engine.h"

/* Checks a segment batch by batch and rebuilds its indexes. It is cut at the first bad byte, unless what follows was acknowledged: then
 * that is kept, and the bad bytes are noted as damage. *cut: something was cut off. *end:
 * next offset. state: also brings producer state, transactions and epochs forward with its batches. */
int seg_recover (StokerLog *log, Segment *s, bool state, bool *cut, int64_t *end, StokerError *err);
/* The same from the recovery point on, which lies inside of it: what is below is believed; of that, only headers behind
 * the newest producer snapshot are read. `last`: no segment follows. 1: it cannot be told where that is; nothing has
 * changed. */
int seg_recover_inside (StokerLog *log, Segment *s, int64_t recovery, bool last, bool *cut, int64_t *end, StokerError *err);

#endif
