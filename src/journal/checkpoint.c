/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints: logs with entries in the ring flush their own files, which frees the ring and lets their recovery points
 * follow. When more than a quarter of the ring is needed, and by time; a journal that has nothing left and is not used vanishes.
 */
#include "journal/journal.h"

#include <errno.h>

enum
{
  MANY = 32, /* so many logs are flushed with one call for the whole file system */
};

/* The log with the oldest entries, unless they are younger than `before`, marked; NULL: none. Under the lock. */
static StokerJournalLog *
next_log (StokerJournal *j, uint64_t before)
{
  for (StokerJournalLog *l = j->live_first; l && l->live < before; l = l->newer)
    if (!l->held) {
      l->held = true;
      return l;
    }
  return NULL;
}

static void
let_go (StokerJournalLog *l)
{
  l->held = false;
  stk_journal_wake (l->journal);
}

/* All of them, marked: in one walk, for there may be thousands. Under the lock. */
static GPtrArray *
all_logs (StokerJournal *j, uint64_t before)
{
  GPtrArray *logs = g_ptr_array_new ();

  for (StokerJournalLog *l = j->live_first; l && l->live < before; l = l->newer)
    if (!l->held) {
      l->held = true;
      g_ptr_array_add (logs, l);
    }
  return logs;
}

/* Under the lock, which it gives up meanwhile. One call flushes all: the engines prepare, and are told. What does not lend itself to
 * that is left to be flushed one by one. */
static void
flush_many (StokerJournal *j, uint64_t before)
{
  g_autoptr (GPtrArray) logs = all_logs (j, before);
  uint64_t seq = j->seq;
  StokerJournalLog *l;
  int rc;

  pthread_mutex_unlock (&j->lock);
  for (guint i = 0; i < logs->len; i++) {
    l = logs->pdata[i];
    if (l->client->prepare == NULL || !l->client->prepare (l->log)) {
      pthread_mutex_lock (&j->lock);
      let_go (l);
      pthread_mutex_unlock (&j->lock);
      logs->pdata[i] = NULL;
    }
  }
  rc = stoker_file_sync_all (j->whole);
  if (rc < 0 && stoker_disk_broken (rc))
    stk_journal_fail (j, rc, "flush the file system");
  for (guint i = 0; i < logs->len; i++)
    if ((l = logs->pdata[i]) != NULL)
      l->client->prepared (l->log, rc == 0);
  pthread_mutex_lock (&j->lock);
  for (guint i = 0; i < logs->len; i++)
    if ((l = logs->pdata[i]) != NULL) {
      if (rc == 0 && l->live > 0)
        stk_journal_set_live (l, l->last > seq ? seq + 1 : 0);
      let_go (l);
    }
}

static bool
are_many (const StokerJournal *j, uint64_t before)
{
  unsigned n = 0;

  for (const StokerJournalLog *l = j->live_first; l && l->live < before && n < MANY; l = l->newer)
    n++;
  return n >= MANY;
}

int
stk_journal_checkpoint (StokerJournal *j)
{
  StokerJournalLog *l;
  uint64_t before;
  int rc = 0;

  pthread_mutex_lock (&j->lock);
  if (j->checkpointing || j->error) {
    rc = j->error;
    pthread_mutex_unlock (&j->lock);
    return rc;
  }
  j->checkpointing = true;
  before = j->seq + 1;
  if (j->whole && are_many (j, before))
    flush_many (j, before);
  while (rc == 0 && j->error == 0 && (l = next_log (j, before)) != NULL) {
    pthread_mutex_unlock (&j->lock);
    rc = stk_journal_flush_log (l);
    pthread_mutex_lock (&j->lock);
    let_go (l);
  }
  j->checkpointing = false;
  pthread_mutex_unlock (&j->lock);
  return rc;
}

/* Under the lock, which it gives up meanwhile: nothing in the ring is needed, so it goes, until somebody appends again. */
static void
rest (StokerJournal *j)
{
  int rc;

  j->committing = true;
  pthread_mutex_unlock (&j->lock);
  rc = stk_ring_delete (j->disk, j->path);
  if (rc == 0)
    stk_ring_empty (&j->ring);
  stoker_buf_clear (&j->buf);
  pthread_mutex_lock (&j->lock);
  if (rc == 0) {
    j->tail = j->seq + 1;
    g_hash_table_remove_all (j->closed);
    j->due_us = 0;
    j->on_disk = false;
    j->used = 0;
  }
  j->committing = false;
  stk_journal_wake (j);
  if (rc < 0)
    stk_log (j->host->log, STOKER_LOG_WARN, "journal", "journal.stays", "cannot delete the journal, which is empty: %s | dir=%s",
             g_strerror (-rc), j->path);
}

bool
stk_journal_tick (StokerJournal *j, int64_t now_us, int64_t interval_us)
{
  bool quiet, more;

  pthread_mutex_lock (&j->lock);
  if (j->due_us == 0)
    j->due_us = j->on_disk ? now_us + interval_us : 0;
  if (j->error || j->due_us == 0 || now_us < j->due_us) {
    more = j->error == 0 && j->due_us > 0;
    pthread_mutex_unlock (&j->lock);
    return more;
  }
  quiet = j->seq == j->ticked_seq;
  j->ticked_seq = j->seq;
  j->due_us = now_us + interval_us;
  pthread_mutex_unlock (&j->lock);
  (void)stk_journal_checkpoint (j);
  pthread_mutex_lock (&j->lock);
  if (quiet && j->seq == j->ticked_seq && j->live_first == NULL && j->pinned == 0 && !j->committing && j->pending == NULL)
    rest (j);
  more = j->error == 0 && j->due_us > 0;
  pthread_mutex_unlock (&j->lock);
  stk_journal_schedule (j);
  return more;
}
