/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing back early what has gathered in the page cache. Nothing is promised by it; flushes are.
 */
#ifndef SEG_WRITEBACK_H
#define SEG_WRITEBACK_H

#include "engine.h"

/* Is there so much in the page cache that writing it should begin? Lock held. */
bool seg_push_due (const StokerLog *log);
/* Begins it. Disk thread, lock not held. */
void seg_push (StokerLog *log);
/* The same for all logs in use, when there is much of it in all of them together. */
void seg_push_all (Engine *e);

#endif
