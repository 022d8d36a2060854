/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking what a fetch brings from the disk.
 */
#ifndef SEG_CHECK_H
#define SEG_CHECK_H

#include "engine.h"

/* Does a read of [pos, pos + len) leave the zone that was checked when it came from the disk? Lock held. */
bool seg_zone_left (const Segment *s, uint64_t pos, uint64_t len);
int seg_check (StokerInstance *self, StokerLog *log, int64_t offset, const StokerSlice *slices, size_t n_slices);

#endif
