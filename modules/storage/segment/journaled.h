/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's side of the directory's journal (<stoker/journal.h>). An entry's number is the base offset of its
 * segment.
 */
#ifndef SEG_JOURNALED_H
#define SEG_JOURNALED_H

#include "engine.h"

/* Under the lock: bytes [from, to) of the segment were written through `f`; the log ends at `end` with them. True:
 * seg_journal_kick is to follow without the lock. */
bool seg_journal_note (StokerLog *log, Segment *s, StokerFile *f, uint64_t from, uint64_t to, int64_t end);
/* Has the journal write what was noted. Lock not held. */
void seg_journal_kick (StokerLog *log);
/* What the journal calls us by. */
const StokerJournalClient *seg_journal_client (void);
/* Under the lock: what everybody may be shown. */
int64_t seg_durable (const StokerLog *log);
/* Before the files change: the segment at `base` is to end at byte `size` and later ones go / segments below `base` go.
 * Claim held, lock not. */
int seg_journal_cut (StokerLog *log, int64_t base, uint64_t size);
int seg_journal_forget (StokerLog *log, int64_t base);
/* Claim held, lock not: no more appends. `flushed`: all of it is in its own files. */
void seg_journal_close (StokerLog *log, bool flushed);
/* Settings have changed, lock held; true: flush the log, to make good what everybody was shown. */
bool seg_journal_switch (StokerLog *log, bool on);
/* What the journal holds to the files of the directory. */
int seg_journal_replay (Engine *e, LogDir *dir, StokerError *err);

#endif
