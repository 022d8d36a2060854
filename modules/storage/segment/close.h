/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing a log, or removing it for good.
 */
#ifndef SEG_CLOSE_H
#define SEG_CLOSE_H

#include "engine.h"

/* From here on nobody else works on the log. */
void seg_quiesce (StokerLog *log);
/* Renames a log's folder, to vanish at due_ms; lock not held. */
int seg_bury_folder (Engine *e, LogDir *dir, const char *name, int64_t due_ms);
void seg_close (StokerInstance *self, StokerLog *log);
int seg_remove (StokerInstance *self, StokerLog *log, StokerError *err);

#endif
