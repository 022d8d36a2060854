/* SPDX-License-Identifier: Apache-2.0
 *
 * The scrub of the log directories: sealed segments are read again to find damage (scrub.c), and what is known of it is
 * remembered (scrub_store.c).
 */
#ifndef SEG_SCRUB_H
#define SEG_SCRUB_H

#include "engine.h"

/* When the instance starts, stops; for a directory that is attached. Control thread. */
void seg_scrub_start (Engine *e);
void seg_scrub_stop (Engine *e);
void seg_scrub_attach (Engine *e, LogDir *dir);
/* Waits for the turn that is under way. keep: remembers where it was. */
void seg_scrub_detach (LogDir *dir, bool keep);
/* Damage was noted: to be remembered. */
void seg_scrub_changed (LogDir *dir);
/* A log that was just loaded: what is remembered of its damage. */
void seg_scrub_restore (StokerLog *log);

#endif
