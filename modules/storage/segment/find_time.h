/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets by timestamp.
 */
#ifndef SEG_FIND_TIME_H
#define SEG_FIND_TIME_H

#include "engine.h"

int seg_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out);

#endif
