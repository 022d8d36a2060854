/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a log.
 */
#ifndef SEG_OPEN_H
#define SEG_OPEN_H

#include "engine.h"

int seg_open (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err);
/* A future log, in the folder of this name. */
int seg_open_future (StokerInstance *self, const StokerLogSpec *spec, const char *name, StokerLog **out, StokerError *err);

#endif
