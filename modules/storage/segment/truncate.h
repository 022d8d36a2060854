/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting a log at its end, and beginning anew.
 */
#ifndef SEG_TRUNCATE_H
#define SEG_TRUNCATE_H

#include "engine.h"

int seg_truncate (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int seg_reset (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);

#endif
