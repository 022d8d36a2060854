/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a log from its directory.
 */
#ifndef SEG_LOAD_H
#define SEG_LOAD_H

#include "engine.h"

int seg_load (StokerLog *log, const Mark *mark, StokerError *err);

#endif
