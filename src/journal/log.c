/* SPDX-License-Identifier: Apache-2.0
 *
 * What engines do with a log of the journal, and the journal's own life.
 */
#include "journal/journal.h"

#include <errno.h>

enum
{
  KEEP_RANGES = 4, /* of a log that is not appended to */
};

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
  j->large_end = &j->large;
  if (stoker_file_open (j->disk, path, STOKER_OPEN_READ, &j->whole) < 0)
    j->whole = NULL;
  stk_ring_init (&j->ring, j->disk, path, max_bytes, stoker_host_random (host));
  return j;
}

void
stk_journal_set_owner (StokerJournal *j, const StokerLogDir *dir)
{
  j->owner = dir;
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

/* ---- small things that all files use */

void
stk_ranges_clear (Ranges *r)
{
  for (uint32_t i = 0; i < r->n; i++)
    stoker_file_unref (r->v[i].file);
  r->n = 0;
  if (r->cap > KEEP_RANGES) {
    g_free (r->v);
    *r = (Ranges){ 0 };
  }
}

static Range *
ranges_add (Ranges *r)
{
  if (r->n == r->cap) {
    r->cap = r->cap ? r->cap * 2 : 1;
    r->v = g_renew (Range, r->v, r->cap);
  }
  return &r->v[r->n++];
}

void
stk_journal_post (StokerJournal *j, void (*fn) (void *user))
{
  if (j->host->ops->journal_work)
    j->host->ops->journal_work (j->host->user, j->dir, fn, j);
  else
    stoker_host_work (j->host, j->dir, fn, j);
}

void
stk_journal_wait (StokerJournal *j)
{
  j->waiting++;
  pthread_cond_wait (&j->cond, &j->lock);
  j->waiting--;
}

void
stk_journal_wake (StokerJournal *j)
{
  if (j->waiting > 0)
    pthread_cond_broadcast (&j->cond);
}

static void
leave_live (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;

  if (l->older)
    l->older->newer = l->newer;
  else
    j->live_first = l->newer;
  if (l->newer)
    l->newer->older = l->older;
  else
    j->live_last = l->older;
  l->older = l->newer = NULL;
}

void
stk_journal_set_live (StokerJournalLog *l, uint64_t seq)
{
  StokerJournal *j = l->journal;
  StokerJournalLog *older;

  if (l->live > 0)
    leave_live (l);
  l->live = seq;
  if (seq == 0)
    return;
  for (older = j->live_last; older && older->live > seq; older = older->older)
    ; /* it is among the newest: not far */
  l->older = older;
  l->newer = older ? older->newer : j->live_first;
  if (l->newer)
    l->newer->older = l;
  else
    j->live_last = l;
  if (older)
    older->newer = l;
  else
    j->live_first = l;
}

/* ---- a log */

static void
log_free (StokerJournalLog *l)
{
  stk_ranges_clear (&l->noted);
  stk_ranges_clear (&l->taken);
  g_free (l->noted.v);
  g_free (l->taken.v);
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
  stoker_file_unref (j->whole);
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
  pthread_mutex_lock (&j->lock);
  last = g_hash_table_lookup (j->closed, name);
  if (last)
    l->last = *last;
  g_hash_table_remove (j->closed, name);
  l->index = j->logs->len;
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
    stk_journal_wait (j);
  if (!flushed && l->live > 0)
    j->pinned = j->pinned ? MIN (j->pinned, l->live) : l->live;
  if (l->last > 0 && l->last >= j->tail) /* a replay may meet its entries */
    g_hash_table_replace (j->closed, g_strdup (l->name), g_memdup2 (&l->last, sizeof l->last));
  stk_journal_set_live (l, 0);
  ((StokerJournalLog *)j->logs->pdata[j->logs->len - 1])->index = l->index;
  g_ptr_array_remove_index_fast (j->logs, l->index);
  pthread_mutex_unlock (&j->lock);
  log_free (l);
}

void
stoker_journal_note (StokerJournalLog *l, int64_t number, StokerFile *f, uint64_t from, uint64_t to, int64_t end)
{
  StokerJournal *j = l->journal;
  Range *last;

  pthread_mutex_lock (&j->lock);
  last = l->noted.n ? &l->noted.v[l->noted.n - 1] : NULL;
  if (last && last->number == number && last->file == f && last->to == from)
    last->to = to;
  else
    *ranges_add (&l->noted) = (Range){ number, stoker_file_ref (f), from, to };
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
  uint32_t n = 0;

  for (uint32_t i = 0; i < l->noted.n; i++) {
    if (l->noted.v[i].number >= number)
      l->noted.v[n++] = l->noted.v[i];
    else
      stoker_file_unref (l->noted.v[i].file);
  }
  l->noted.n = n;
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
      stk_journal_wait (j);
  }
  any = has_entries (l);
  pthread_mutex_unlock (&j->lock);
  return rc < 0 || !any ? rc : stk_journal_announce (l, ENTRY_FORGET, number, 0);
}
