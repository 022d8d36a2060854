/* SPDX-License-Identifier: Apache-2.0
 *
 * What engines do with a log of the journal, and the journal's own life.
 */
#include "journal/journal.h"

#include <errno.h>

StokerJournal *
stk_journal_new (StokerHost *host, int dir, const char *path, uint64_t max_bytes)
{
  StokerJournal *j = g_new0 (StokerJournal, 1);

  j->host = host;
  j->disk = stoker_host_disk (host);
  j->dir = dir;
  j->path = g_strdup (path);
  pthread_mutex_init (&j->lock, NULL);
  pthread_cond_init (&j->cond, NULL);
  j->logs = g_ptr_array_new ();
  j->closed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  j->pending_end = &j->pending;
  stk_ring_init (&j->ring, j->disk, path, max_bytes, stoker_host_random (host));
  return j;
}

int
stk_journal_end (StokerJournal *j, StokerError *err)
{
  int rc = j->error;

  g_assert (j->logs->len == 0);
  if (rc == 0 && j->pinned > 0)
    rc = -EBUSY;
  if (rc == 0 && j->ring.made)
    rc = stk_ring_delete (j->disk, j->path);
  if (rc == 0)
    return 0;
  return stoker_error_set (err, STOKER_ERROR_IO, "the journal of %s stays: %s", j->path, g_strerror (-rc));
}

static void
log_free (StokerJournalLog *l)
{
  for (guint i = 0; i < l->ranges->len; i++)
    stoker_file_unref (g_array_index (l->ranges, Range, i).file);
  g_array_unref (l->ranges);
  g_free (l->name);
  g_free (l);
}

void
stk_journal_free (StokerJournal *j)
{
  if (j == NULL)
    return;
  for (guint i = 0; i < j->logs->len; i++) /* of an engine that was not stopped */
    log_free (j->logs->pdata[i]);
  stk_ring_clear (&j->ring);
  stoker_buf_clear (&j->buf);
  g_ptr_array_unref (j->logs);
  g_hash_table_unref (j->closed);
  pthread_mutex_destroy (&j->lock);
  pthread_cond_destroy (&j->cond);
  g_free (j->path);
  g_free (j);
}

StokerJournalLog *
stoker_journal_open (StokerJournal *j, const char *name, const StokerJournalClient *client, void *log)
{
  StokerJournalLog *l = g_new0 (StokerJournalLog, 1);
  const uint64_t *last;

  l->journal = j;
  l->name = g_strdup (name);
  l->client = client;
  l->log = log;
  l->ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  pthread_mutex_lock (&j->lock);
  last = g_hash_table_lookup (j->closed, name);
  if (last)
    l->last = *last;
  g_hash_table_remove (j->closed, name);
  g_ptr_array_add (j->logs, l);
  pthread_mutex_unlock (&j->lock);
  return l;
}

void
stoker_journal_close (StokerJournalLog *l, bool flushed)
{
  StokerJournal *j = l->journal;

  (void)stk_journal_settle (l);
  pthread_mutex_lock (&j->lock);
  while (l->held) /* by a checkpoint */
    pthread_cond_wait (&j->cond, &j->lock);
  if (!flushed && l->live > 0)
    j->pinned = j->pinned ? MIN (j->pinned, l->live) : l->live;
  if (l->last > 0 && l->last >= j->tail) /* a replay may meet its entries */
    g_hash_table_replace (j->closed, g_strdup (l->name), g_memdup2 (&l->last, sizeof l->last));
  g_ptr_array_remove_fast (j->logs, l);
  pthread_mutex_unlock (&j->lock);
  log_free (l);
}

void
stoker_journal_note (StokerJournalLog *l, int64_t number, StokerFile *f, uint64_t from, uint64_t to, int64_t end)
{
  StokerJournal *j = l->journal;
  Range *last;

  pthread_mutex_lock (&j->lock);
  last = l->ranges->len ? &g_array_index (l->ranges, Range, l->ranges->len - 1) : NULL;
  if (last && last->number == number && last->file == f && last->to == from) {
    last->to = to;
  } else {
    Range r = { number, stoker_file_ref (f), from, to };
    g_array_append_val (l->ranges, r);
  }
  l->end = end;
  stk_journal_enlist (l);
  pthread_mutex_unlock (&j->lock);
}

void
stoker_journal_kick (StokerJournalLog *l)
{
  stk_journal_schedule (l->journal);
}

int
stoker_journal_barrier (StokerJournalLog *l)
{
  return stk_journal_settle (l);
}

/* Under the lock: may a replay meet an entry of the log? By what stands on the disk: a tail that no commit names yet does not
 * keep a replay from older entries. */
static bool
has_entries (const StokerJournalLog *l)
{
  return l->last > 0 && l->last >= l->journal->tail;
}

int
stoker_journal_cut (StokerJournalLog *l, int64_t number, uint64_t size)
{
  StokerJournal *j = l->journal;
  bool any;
  int rc = stk_journal_settle (l);

  pthread_mutex_lock (&j->lock);
  any = has_entries (l);
  pthread_mutex_unlock (&j->lock);
  return rc < 0 || !any ? rc : stk_journal_announce (l, ENTRY_CUT, number, size);
}

/* Under the lock: ranges of files that are to vanish need not be written any more. */
static void
strip (StokerJournalLog *l, int64_t number)
{
  for (guint i = l->ranges->len; i > 0; i--) {
    Range *r = &g_array_index (l->ranges, Range, i - 1);
    if (r->number >= number)
      continue;
    stoker_file_unref (r->file);
    g_array_remove_index (l->ranges, i - 1);
  }
}

int
stoker_journal_forget (StokerJournalLog *l, int64_t number)
{
  StokerJournal *j = l->journal;
  bool any;
  int rc = 0;

  if (number == INT64_MAX)
    rc = stk_journal_settle (l);
  pthread_mutex_lock (&j->lock);
  if (rc == 0 && number < INT64_MAX) {
    strip (l, number);
    while (l->busy)
      pthread_cond_wait (&j->cond, &j->lock);
  }
  any = has_entries (l);
  pthread_mutex_unlock (&j->lock);
  return rc < 0 || !any ? rc : stk_journal_announce (l, ENTRY_FORGET, number, 0);
}
