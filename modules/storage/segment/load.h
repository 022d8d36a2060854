/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a log from its directory.
 */
#ifndef SEG_LOAD_H
#define SEG_LOAD_H

#include "engine.h"

/* Of a log that nobody else knows yet. `mark`: what the checkpoints say of it. 0, or a negative number with *err
 * set. */
int seg_load (StokerLog *log, const Mark *mark, StokerError *err);

#endif
