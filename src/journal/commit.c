/* SPDX-License-Identifier: Apache-2.0
 *
 * Group commit. One thread at a time is the committer: it takes up everything that is noted, writes it as one commit (or a
 * few), flushes once, and tells the engines. What arrives meanwhile waits for the next round. Logs with much to write
 * are flushed where they stand (flush.c).
 */
#include "journal/journal.h"

#include <errno.h>

enum
{
  COMMIT_MAX = 2 << 20, /* bytes of entries in one commit, at most */
  RANGES_MAX = 256,     /* of one log: with STK_JOURNAL_LARGE, what keeps a log's share below any slot */
};

void
stk_journal_enlist (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;

  if (l->pending || l->busy || l->noted.n == 0)
    return;
  l->pending = true;
  l->next = NULL;
  *j->pending_end = l;
  j->pending_end = &l->next;
}

static void
take_up (StokerJournalLog *l)
{
  Ranges old = l->taken; /* empty: its memory is used again */

  l->pending = false;
  l->busy = true;
  l->taken = l->noted;
  l->noted = old;
  l->taken_end = l->end;
  l->taken_bytes = 0;
  for (uint32_t i = 0; i < l->taken.n; i++)
    l->taken_bytes += l->taken.v[i].to - l->taken.v[i].from;
}

/* Everything that is pending, in order. */
static StokerJournalLog *
take_all (StokerJournal *j)
{
  StokerJournalLog *first = j->pending;

  for (StokerJournalLog *l = first; l; l = l->next)
    take_up (l);
  j->pending = NULL;
  j->pending_end = &j->pending;
  return first;
}

void
stk_journal_done (StokerJournal *j, StokerJournalLog *list, int error)
{
  for (StokerJournalLog *l = list; l; l = l->next) {
    l->client->durable (l->log, l->taken_end, error);
    stk_ranges_clear (&l->taken);
  }
  pthread_mutex_lock (&j->lock);
  for (StokerJournalLog *next; list; list = next) {
    next = list->next;
    list->busy = false;
    stk_journal_enlist (list);
  }
  stk_journal_wake (j);
  pthread_mutex_unlock (&j->lock);
}

void
stk_journal_fail (StokerJournal *j, int error, const char *what)
{
  const StokerLogDir *owner = j->owner;
  bool first;

  pthread_mutex_lock (&j->lock);
  first = j->error == 0;
  if (first)
    j->error = error;
  pthread_mutex_unlock (&j->lock);
  if (!first)
    return;
  stk_log (j->host->log, STOKER_LOG_ERROR, "journal", "journal.failed",
           "cannot %s: nothing more becomes durable in this directory: %s | dir=%s", what, g_strerror (-error), j->path);
  if (owner && owner->failed)
    owner->failed (owner->core, owner->index, error, what);
}

/* ---- the ring */

static uint64_t
oldest (const StokerJournal *j)
{
  uint64_t tail = j->pinned ? j->pinned : j->seq + 1;

  return j->live_first ? MIN (tail, j->live_first->live) : tail;
}

/* Reads the ranges back into the commit. They were just written: this is a copy from memory. */
static int
add_log (StokerJournal *j, const StokerJournalLog *l)
{
  size_t before = j->buf.len;

  for (uint32_t i = 0; i < l->taken.n; i++) {
    const Range *r = &l->taken.v[i];
    uint32_t len = (uint32_t)(r->to - r->from);
    uint8_t *to = stk_commit_add (&j->buf, ENTRY_DATA, stoker_str (l->name), r->number, r->from, len);
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
  if (rc < 0) {
    stk_journal_fail (j, rc, "write the journal");
    return rc;
  }
  pthread_mutex_lock (&j->lock);
  j->seq = h.seq;
  j->tail = tail;
  j->on_disk = true;
  j->ring.previous = check;
  pthread_mutex_unlock (&j->lock);
  return 0;
}

/* A commit without entries: what it says is that older ones are not needed. */
static int
name_tail (StokerJournal *j, uint64_t tail)
{
  stk_commit_room (&j->buf, STK_JOURNAL_BLOCK);
  stk_commit_begin (&j->buf);
  return write_commit (j, tail);
}

/* Room for a commit of `len` bytes, in memory too, and the tail that it must name. */
static int
prepare (StokerJournal *j, size_t len, uint64_t *tail)
{
  size_t blocks = (len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK;
  uint64_t named;
  int rc;

  pthread_mutex_lock (&j->lock);
  *tail = oldest (j);
  named = j->tail;
  pthread_mutex_unlock (&j->lock);
  rc = stk_ring_prepare (&j->ring, blocks, named);
  if (rc == -ENOSPC && *tail > named && stk_ring_frees (&j->ring, *tail)) {
    uint64_t moved = *tail;
    rc = name_tail (j, moved);
    if (rc == 0)
      rc = stk_ring_prepare (&j->ring, blocks, moved);
  }
  stk_commit_room (&j->buf, len);
  return rc;
}

static void
note_entries (StokerJournal *j, StokerJournalLog *list)
{
  pthread_mutex_lock (&j->lock);
  for (StokerJournalLog *l = list; l; l = l->next) {
    l->last = j->seq;
    if (l->live == 0)
      stk_journal_set_live (l, j->seq);
  }
  pthread_mutex_unlock (&j->lock);
}

static size_t
room_for (const StokerJournalLog *l)
{
  return l->taken_bytes + l->taken.n * (STK_ENTRY_HEAD + 255);
}

/* Puts the logs from `list` up to `until` into the buffer; those that are in it. */
static StokerJournalLog *
fill (StokerJournal *j, StokerJournalLog *list, const StokerJournalLog *until, bool room)
{
  StokerJournalLog *in = NULL, **end = &in;

  if (room)
    stk_commit_begin (&j->buf);
  for (StokerJournalLog *l = list, *next; l != until; l = next) {
    next = l->next;
    l->next = NULL;
    if (room && add_log (j, l) == 0) {
      *end = l;
      end = &l->next;
    } else {
      stk_journal_flush_later (l);
    }
  }
  return in;
}

/* One commit of as many logs as go in; the rest of the list. */
static StokerJournalLog *
commit_some (StokerJournal *j, StokerJournalLog *list)
{
  size_t room = STK_COMMIT_HEAD;
  uint64_t tail = 0;
  StokerJournalLog *in, *rest;
  int rc;

  for (rest = list; rest && room + room_for (rest) <= MIN (j->ring.slot_bytes - STK_JOURNAL_BLOCK, COMMIT_MAX); rest = rest->next)
    room += room_for (rest);
  in = fill (j, list, rest, j->error == 0 && prepare (j, room, &tail) == 0);
  if (in == NULL)
    return rest;
  rc = write_commit (j, tail);
  if (rc == -ENOSPC || rc == -EDQUOT) {
    for (StokerJournalLog *next; in; in = next) {
      next = in->next;
      stk_journal_flush_later (in);
    }
    return rest;
  }
  if (rc == 0)
    note_entries (j, in);
  stk_journal_done (j, in, rc);
  return rest;
}

/* ---- rounds */

static void
one_round (StokerJournal *j, StokerJournalLog *list)
{
  StokerJournalLog *small = NULL, **end = &small;

  for (StokerJournalLog *l = list, *next; l; l = next) {
    next = l->next;
    l->next = NULL;
    if (l->taken_bytes >= STK_JOURNAL_LARGE || l->taken.n > RANGES_MAX) {
      stk_journal_flush_later (l);
    } else {
      *end = l;
      end = &l->next;
    }
  }
  if (small)
    stk_journal_post_flushers (j, 0);
  while (small)
    small = commit_some (j, small);
}

/* Under the lock, which it gives up meanwhile: commits until nothing is pending. */
static void
be_committer (StokerJournal *j)
{
  j->committing = true;
  while (j->pending) {
    StokerJournalLog *list = take_all (j);
    pthread_mutex_unlock (&j->lock);
    one_round (j, list);
    pthread_mutex_lock (&j->lock);
  }
  j->used = stk_ring_used (&j->ring, j->tail);
  j->committing = false;
  stk_journal_wake (j);
}

static void
commit_job (void *user)
{
  StokerJournal *j = user;
  unsigned used;

  pthread_mutex_lock (&j->lock);
  j->scheduled = false;
  if (!j->committing)
    be_committer (j);
  used = j->used;
  pthread_mutex_unlock (&j->lock);
  stk_journal_post_flushers (j, 1);
  while (stk_journal_flush_one (j))
    stk_journal_schedule (j);
  if (used > 1 && used * 4 > j->ring.max)
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
    stk_journal_post (j, commit_job);
}

int
stk_journal_settle (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;
  int rc;

  pthread_mutex_lock (&j->lock);
  while (l->busy || l->pending) {
    if (j->pending && !j->committing) {
      be_committer (j);
      pthread_mutex_unlock (&j->lock);
      stk_journal_post_flushers (j, 0);
      pthread_mutex_lock (&j->lock);
      continue;
    }
    if (j->large) {
      pthread_mutex_unlock (&j->lock);
      (void)stk_journal_flush_one (j);
      pthread_mutex_lock (&j->lock);
      continue;
    }
    stk_journal_wait (j);
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
    stk_journal_wait (j);
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
    stk_journal_set_live (l, 0);
  j->committing = false;
  stk_journal_wake (j);
  pthread_mutex_unlock (&j->lock);
  stk_journal_schedule (j);
  return rc;
}
