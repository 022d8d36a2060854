/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading: which range of which file holds the batches that are asked for.
 */
#ifndef SEG_READ_H
#define SEG_READ_H

#include "engine.h"

int seg_read (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out);
/* Index of the segment that holds `offset`; lock held. */
uint32_t seg_find (const StokerLog *log, int64_t offset);

#endif
