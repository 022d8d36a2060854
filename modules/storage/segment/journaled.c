/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's side of the directory's journal (include/stoker/journal.h): what is noted, what is announced, and what a
 * replay does to the files. An entry's number is the base offset of its segment.
 */
#include "journaled.h"
#include "dir.h"
#include "epochs.h"
#include "log.h"
#include "savepoint.h"

#include <errno.h>
#include <string.h>

static int
on_flush (void *user)
{
  return seg_flush_files (user);
}

static void
on_durable (void *user, int64_t end, int error)
{
  StokerLog *log = user;

  pthread_mutex_lock (&log->lock);
  if (error)
    log->failed = true;
  else
    log->durable = MAX (log->durable, MIN (end, log->end));
  pthread_mutex_unlock (&log->lock);
  if (log->advanced)
    log->advanced (log->user);
}

static bool
on_prepare (void *user)
{
  StokerLog *log = user;
  bool can;

  if (seg_epochs_write (log, false) < 0)
    return false;
  pthread_mutex_lock (&log->lock);
  can = !log->failed && !log->leaving && log->seals == NULL && !log->settling && !log->epochs_dirty && !seg_save_due (log);
  if (can) {
    log->prepared = log->end;
    log->prepared_cuts = log->cuts;
    log->prepared_changes = log->name_changes;
  }
  pthread_mutex_unlock (&log->lock);
  return can;
}

static void
on_prepared (void *user, bool durable)
{
  StokerLog *log = user;

  pthread_mutex_lock (&log->lock);
  if (durable && log->prepared_changes == log->name_changes)
    log->names_unsynced = log->id_unsynced = false;
  if (durable && log->prepared_cuts == log->cuts)
    log->recovery = MAX (log->recovery, log->prepared);
  pthread_mutex_unlock (&log->lock);
  if (durable)
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
}

static const StokerJournalClient client = { on_flush, on_durable, on_prepare, on_prepared };

const StokerJournalClient *
seg_journal_client (void)
{
  return &client;
}

bool
seg_journal_note (StokerLog *log, Segment *s, StokerFile *f, uint64_t from, uint64_t to, int64_t end)
{
  if (!log->set.journal)
    return false;
  if (log->journal == NULL)
    log->journal = stoker_journal_open (log->dir->journal, log->name, &client, log);
  stoker_journal_note (log->journal, s->base, f, from, to, end);
  return true;
}

void
seg_journal_kick (StokerLog *log)
{
  stoker_journal_kick (log->journal);
}

int64_t
seg_durable (const StokerLog *log)
{
  return log->set.journal ? log->durable : log->end;
}

/* Also for a log that has noted nothing since it was opened: it may have before, in this run. */
static StokerJournalLog *
journal_of (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  if (log->journal == NULL && log->dir->journal)
    log->journal = stoker_journal_open (log->dir->journal, log->name, &client, log);
  pthread_mutex_unlock (&log->lock);
  return log->journal;
}

int
seg_journal_cut (StokerLog *log, int64_t base, uint64_t size)
{
  StokerJournalLog *l = journal_of (log);

  return l ? stoker_journal_cut (l, base, size) : 0;
}

int
seg_journal_forget (StokerLog *log, int64_t base)
{
  StokerJournalLog *l = journal_of (log);

  return l ? stoker_journal_forget (l, base) : 0;
}

void
seg_journal_close (StokerLog *log, bool flushed)
{
  if (log->journal)
    stoker_journal_close (log->journal, flushed);
  log->journal = NULL;
}

bool
seg_journal_switch (StokerLog *log, bool on)
{
  bool was = log->set.journal;

  log->set.journal = on;
  if (on == was)
    return false;
  /* Either way everything up to the end has been shown, or is shown now. */
  log->durable = log->end;
  return on && log->n_segs > 0 && log->recovery < log->end;
}
