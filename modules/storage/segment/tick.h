/* SPDX-License-Identifier: Apache-2.0
 *
 * Housekeeping: idle files are closed, what was deleted vanishes, flush.ms is kept.
 */
#ifndef SEG_TICK_H
#define SEG_TICK_H

#include "engine.h"

bool seg_tick (StokerInstance *self, int64_t now_ms);
/* Remembers that `path` is to be deleted at due_ms. Takes `path`. */
void seg_doom (Engine *e, LogDir *dir, char *path, bool is_dir, int64_t due_ms);

#endif
