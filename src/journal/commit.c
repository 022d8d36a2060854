/* SPDX-License-Identifier: Apache-2.0
 *
 * Group commit. One thread at a time is the committer: it takes up everything that is noted, writes it as one commit (or a
 * few), flushes once, and tells the engines. What arrives meanwhile waits for the next round. Logs with much to write
 * are flushed where they stand, each by whichever disk thread comes first.
 */
#include "journal/journal.h"

#include <errno.h>

enum
{
  COMMIT_MAX = 4 << 20, /* bytes of entries in one commit, at most */
  RANGES_MAX = 256,     /* of one log: with STK_JOURNAL_LARGE, what keeps a log's share below any slot */
};

void
stk_journal_enlist (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;

  if (l->pending || l->busy || l->ranges->len == 0)
    return;
  l->pending = true;
  l->next = NULL;
  *j->pending_end = l;
  j->pending_end = &l->next;
}

static Work *
take_up (StokerJournalLog *l)
{
  Work *w = g_new0 (Work, 1);

  l->pending = false;
  l->busy = true;
  w->log = l;
  w->ranges = l->ranges;
  w->end = l->end;
  l->ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  for (guint i = 0; i < w->ranges->len; i++) {
    const Range *r = &g_array_index (w->ranges, Range, i);
    w->bytes += r->to - r->from;
  }
  return w;
}

/* Everything that is pending, in order. */
static Work *
take_all (StokerJournal *j)
{
  Work *first = NULL, **end = &first;

  for (StokerJournalLog *l = j->pending, *next; l; l = next) {
    next = l->next;
    *end = take_up (l);
    end = &(*end)->next;
  }
  j->pending = NULL;
  j->pending_end = &j->pending;
  return first;
}

static void
done (Work *w, int error)
{
  StokerJournalLog *l = w->log;
  StokerJournal *j = l->journal;

  l->client->durable (l->log, w->end, error);
  for (guint i = 0; i < w->ranges->len; i++)
    stoker_file_unref (g_array_index (w->ranges, Range, i).file);
  g_array_unref (w->ranges);
  g_free (w);
  pthread_mutex_lock (&j->lock);
  l->busy = false;
  stk_journal_enlist (l);
  pthread_cond_broadcast (&j->cond);
  pthread_mutex_unlock (&j->lock);
}

/* ---- where they stand */

int
stk_journal_flush_log (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;
  uint64_t seq;
  int rc;

  pthread_mutex_lock (&j->lock);
  seq = j->seq; /* what these commits hold was written to the file before the flush begins */
  pthread_mutex_unlock (&j->lock);
  rc = l->client->flush (l->log);
  pthread_mutex_lock (&j->lock);
  if (rc == 0)
    l->live = l->last > seq ? seq + 1 : 0;
  pthread_mutex_unlock (&j->lock);
  return rc;
}

static bool
flush_one (StokerJournal *j)
{
  Work *w;

  pthread_mutex_lock (&j->lock);
  w = j->large;
  if (w)
    j->large = w->next;
  pthread_mutex_unlock (&j->lock);
  if (w == NULL)
    return false;
  w->next = NULL;
  done (w, j->error ? j->error : stk_journal_flush_log (w->log));
  return true;
}

static void
flush_job (void *user)
{
  StokerJournal *j = user;

  (void)flush_one (j);
  stk_journal_schedule (j);
}

/* ---- the ring */

static uint64_t
oldest (StokerJournal *j)
{
  uint64_t tail = j->pinned ? j->pinned : j->seq + 1;

  for (guint i = 0; i < j->logs->len; i++) {
    const StokerJournalLog *l = j->logs->pdata[i];
    if (l->live > 0)
      tail = MIN (tail, l->live);
  }
  return tail;
}

/* Reads the ranges back into the commit. They were just written: this is a copy from memory. */
static int
add_work (StokerJournal *j, const Work *w)
{
  size_t before = j->buf.len;

  for (guint i = 0; i < w->ranges->len; i++) {
    const Range *r = &g_array_index (w->ranges, Range, i);
    uint32_t len = (uint32_t)(r->to - r->from);
    uint8_t *to = stk_commit_add (&j->buf, ENTRY_DATA, stoker_str (w->log->name), r->number, r->from, len);
    ssize_t n = stoker_file_pread (r->file, to, len, r->from);
    if (n != (ssize_t)len) {
      j->buf.len = before;
      return n < 0 ? (int)n : -EIO;
    }
  }
  return 0;
}

/* As the committer: what is in the buffer becomes the next commit. `tail`: where ring_prepare was told to stay off. */
static int
write_commit (StokerJournal *j, uint64_t tail)
{
  CommitHead h = { .run = j->ring.run, .seq = j->seq + 1, .tail = tail, .previous = j->ring.previous };
  uint32_t check = stk_commit_end (&j->buf, h);
  int rc = stk_ring_write (&j->ring, &j->buf, h.seq);

  if (rc == -ENOSPC || rc == -EDQUOT) /* a file system that reserves nothing: the next one goes to the same place */
    return rc;
  pthread_mutex_lock (&j->lock);
  if (rc == 0) {
    j->seq = h.seq;
    j->tail = tail;
    j->ring.previous = check;
  } else {
    j->error = rc;
  }
  pthread_mutex_unlock (&j->lock);
  if (rc < 0)
    stk_log (j->host->log, STOKER_LOG_ERROR, "journal", "journal.failed",
             "the journal cannot be written: nothing more becomes durable in this directory: %s | dir=%s",
             g_strerror (-rc), j->path);
  return rc;
}

/* Room for a commit of `len` bytes, and the tail that it must name. */
static int
prepare (StokerJournal *j, size_t len, uint64_t *tail)
{
  pthread_mutex_lock (&j->lock);
  *tail = oldest (j);
  pthread_mutex_unlock (&j->lock);
  return stk_ring_prepare (&j->ring, (len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK, *tail);
}

static void
note_entries (StokerJournal *j, StokerJournalLog *l)
{
  pthread_mutex_lock (&j->lock);
  l->last = j->seq;
  if (l->live == 0)
    l->live = j->seq;
  pthread_mutex_unlock (&j->lock);
}

static size_t
room_for (const Work *w)
{
  return w->bytes + w->ranges->len * (STK_ENTRY_HEAD + 255);
}

/* Its own file is as good a place: a disk thread flushes it. */
static void
hand_to_flushers (StokerJournal *j, Work *w)
{
  pthread_mutex_lock (&j->lock);
  w->next = j->large;
  j->large = w;
  pthread_mutex_unlock (&j->lock);
  stoker_host_work (j->host, j->dir, flush_job, j);
}

/* Puts the works from `list` up to `until` into the buffer; those that are in it. */
static Work *
fill (StokerJournal *j, Work *list, const Work *until, bool room)
{
  Work *in = NULL, **end = &in;

  stk_commit_begin (&j->buf);
  for (Work *w = list, *next; w != until; w = next) {
    next = w->next;
    w->next = NULL;
    if (room && add_work (j, w) == 0) {
      *end = w;
      end = &w->next;
    } else {
      hand_to_flushers (j, w);
    }
  }
  return in;
}

/* One commit of as many logs as go in; the rest of the list. */
static Work *
commit_some (StokerJournal *j, Work *list)
{
  size_t room = STK_COMMIT_HEAD;
  uint64_t tail = 0;
  Work *in, *rest;
  int rc;

  for (rest = list; rest && room + room_for (rest) <= MIN (j->ring.slot_bytes, COMMIT_MAX); rest = rest->next)
    room += room_for (rest);
  in = fill (j, list, rest, j->error == 0 && prepare (j, room, &tail) == 0);
  if (in == NULL)
    return rest;
  rc = write_commit (j, tail);
  for (Work *next; in; in = next) {
    next = in->next;
    if (rc == -ENOSPC || rc == -EDQUOT) {
      hand_to_flushers (j, in);
      continue;
    }
    if (rc == 0)
      note_entries (j, in->log);
    done (in, rc);
  }
  return rest;
}

/* ---- rounds */

static void
one_round (StokerJournal *j, Work *list)
{
  Work *small = NULL, **end = &small;

  for (Work *w = list, *next; w; w = next) {
    next = w->next;
    w->next = NULL;
    if (w->bytes >= STK_JOURNAL_LARGE || w->ranges->len > RANGES_MAX) {
      hand_to_flushers (j, w);
    } else {
      *end = w;
      end = &w->next;
    }
  }
  while (small)
    small = commit_some (j, small);
}

/* Under the lock, which it gives up meanwhile: commits until nothing is pending. */
static void
be_committer (StokerJournal *j)
{
  j->committing = true;
  while (j->pending) {
    Work *list = take_all (j);
    pthread_mutex_unlock (&j->lock);
    one_round (j, list);
    pthread_mutex_lock (&j->lock);
  }
  j->committing = false;
  pthread_cond_broadcast (&j->cond);
}

static void
commit_job (void *user)
{
  StokerJournal *j = user;
  bool checkpoint;

  pthread_mutex_lock (&j->lock);
  j->scheduled = false;
  if (!j->committing)
    be_committer (j);
  checkpoint = stk_ring_used (&j->ring, j->tail) * 2 > j->ring.max;
  pthread_mutex_unlock (&j->lock);
  if (checkpoint)
    (void)stk_journal_checkpoint (j);
}

void
stk_journal_schedule (StokerJournal *j)
{
  bool post;

  pthread_mutex_lock (&j->lock);
  post = j->pending && !j->scheduled && !j->committing;
  j->scheduled |= post;
  pthread_mutex_unlock (&j->lock);
  if (post)
    stoker_host_work (j->host, j->dir, commit_job, j);
}

int
stk_journal_settle (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;
  int rc;

  pthread_mutex_lock (&j->lock);
  while (l->busy || l->ranges->len > 0) {
    if (j->pending && !j->committing) {
      be_committer (j);
      continue;
    }
    if (j->large) {
      pthread_mutex_unlock (&j->lock);
      (void)flush_one (j);
      pthread_mutex_lock (&j->lock);
      continue;
    }
    pthread_cond_wait (&j->cond, &j->lock);
  }
  rc = j->error;
  pthread_mutex_unlock (&j->lock);
  return rc;
}

int
stk_journal_announce (StokerJournalLog *l, EntryKind kind, int64_t number, uint64_t pos)
{
  StokerJournal *j = l->journal;
  uint64_t tail;
  int rc;

  pthread_mutex_lock (&j->lock);
  while (j->committing)
    pthread_cond_wait (&j->cond, &j->lock);
  rc = j->error;
  j->committing = rc == 0;
  pthread_mutex_unlock (&j->lock);
  if (rc < 0)
    return rc;
  rc = prepare (j, STK_JOURNAL_BLOCK, &tail);
  if (rc == 0) {
    stk_commit_begin (&j->buf);
    (void)stk_commit_add (&j->buf, kind, stoker_str (l->name), number, pos, 0);
    rc = write_commit (j, tail);
  }
  pthread_mutex_lock (&j->lock);
  if (rc == 0)
    l->last = j->seq;
  if (rc == 0 && kind == ENTRY_FORGET && number == INT64_MAX)
    l->live = 0;
  j->committing = false;
  pthread_cond_broadcast (&j->cond);
  pthread_mutex_unlock (&j->lock);
  stk_journal_schedule (j);
  return rc;
}
