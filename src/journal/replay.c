/* SPDX-License-Identifier: Apache-2.0
 *
 * After a crash: what the ring holds, in order, to the engine.
 */
#include "journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum
{
  SLOT_MAX = 16 << 20, /* whatever log.journal.bytes was when it was written */
};

/* A slot with commits. */
typedef struct Found
{
  unsigned slot;
  uint64_t run, first, last, tail; /* tail: as the last one names it */
} Found;

/* Entries before `seq` that mean nothing: of files below `number`, or (cut) at and above byte `pos` of file `number`. */
typedef struct Void
{
  uint64_t seq;
  int64_t number;
  uint64_t pos;
  bool cut;
} Void;

typedef struct Replay
{
  StokerJournal *j;
  StokerBuf buf;       /* the slot that is looked at */
  GArray *found;       /* of Found, in the order of their commits */
  GHashTable *voids;   /* name -> GArray of Void */
  StokerError *err;
  bool quiet; /* damage is not logged */
} Replay;

typedef int (*Visit) (Replay *r, uint64_t seq, const Entry *e, void *user);

bool
stk_journal_found (StokerDisk *disk, const char *path)
{
  g_autofree char *dir = g_build_filename (path, STK_JOURNAL_DIR, NULL);
  StokerPathInfo info;

  return stoker_disk_stat (disk, dir, &info) == 0;
}

static int
read_slot (Replay *r, unsigned slot)
{
  g_autofree char *path = g_strdup_printf ("%s/%08u.ring", r->j->ring.path, slot);
  int rc;

  r->buf.len = 0;
  rc = stoker_disk_read_all (r->j->disk, path, SLOT_MAX, &r->buf);
  if (rc < 0 && rc != -ENOENT)
    stoker_error_set (r->err, STOKER_ERROR_IO, "cannot read %s: %s", path, g_strerror (-rc));
  return rc;
}

/* Behind a commit that cannot be read: where the next one of the same run stands, or the slot's end. What ends the chain is the
 * commit that was being written when the power went, so nothing newer is behind it; where something is, an older one was damaged since. */
static size_t
next_commit (const Replay *r, size_t at, const CommitHead *last)
{
  CommitHead h;

  for (; at + STK_COMMIT_HEAD <= r->buf.len; at += STK_JOURNAL_BLOCK)
    if (stk_commit_read (r->buf.data + at, r->buf.len - at, &h) && h.run == last->run && h.seq > last->seq)
      return at;
  return r->buf.len;
}

static void
tell_damage (const Replay *r, const Found *f, size_t at, const CommitHead *last)
{
  stk_log (r->j->host->log, STOKER_LOG_ERROR, "journal", "journal.damaged",
           "a commit of the journal is damaged: what it held of acknowledged records is lost, unless the logs have it | "
           "file=%s/%08u.ring position=%zu commit=%" PRIu64,
           r->j->ring.path, f->slot, at, last->seq + 1);
}

/* The commits of the slot that was read, entry by entry. *f: what it is. `tell`: damage is logged. */
static int
walk_slot (Replay *r, Found *f, uint64_t from, Visit visit, void *user, bool tell)
{
  CommitHead h, last = { 0 };
  int rc = 0;

  for (size_t at = 0; rc == 0 && at + STK_COMMIT_HEAD <= r->buf.len;
       at += (h.len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK) {
    Entry e;
    bool good = stk_commit_read (r->buf.data + at, r->buf.len - at, &h);
    if (at == 0 && !good)
      break;
    if (at > 0 && (!good || h.run != last.run || h.seq != last.seq + 1 || h.previous != last.check)) {
      size_t next = next_commit (r, at, &last);
      if (next == r->buf.len)
        break;
      if (tell)
        tell_damage (r, f, at, &last);
      at = next;
      (void)stk_commit_read (r->buf.data + at, r->buf.len - at, &h);
    }
    if (at == 0)
      f->first = h.seq;
    for (size_t k = 0; rc == 0 && h.seq >= from && stk_commit_next (r->buf.data + at, &h, &k, &e);)
      rc = visit (r, h.seq, &e, user);
    last = h;
  }
  f->run = last.run;
  f->last = last.seq;
  f->tail = last.tail;
  return rc;
}

static int
by_first (const void *a, const void *b)
{
  const Found *x = a, *y = b;
  return x->first < y->first ? -1 : x->first > y->first;
}

static int
note_void (Replay *r, uint64_t seq, const Entry *e, void *user)
{
  g_autofree char *name = NULL;
  Void v = { seq, e->number, e->pos, e->kind == ENTRY_CUT };
  GArray *list;

  if (e->kind != ENTRY_FORGET && e->kind != ENTRY_CUT)
    return 0;
  name = g_strndup (e->name.data, e->name.len);
  list = g_hash_table_lookup (r->voids, name);
  if (list == NULL) {
    list = g_array_new (FALSE, FALSE, sizeof (Void));
    g_hash_table_insert (r->voids, g_steal_pointer (&name), list);
  }
  g_array_append_val (list, v);
  return 0;
}

/* How many bytes of the entry still mean something. */
static size_t
valid_bytes (Replay *r, uint64_t seq, const Entry *e)
{
  g_autofree char *name = g_strndup (e->name.data, e->name.len);
  GArray *list = g_hash_table_lookup (r->voids, name);
  size_t len = e->len;

  for (guint i = 0; list && i < list->len; i++) {
    const Void *v = &g_array_index (list, Void, i);
    if (seq >= v->seq)
      continue;
    if (!v->cut && (v->number == INT64_MAX || e->number < v->number))
      return 0;
    if (v->cut && (e->number > v->number || (e->number == v->number && e->pos >= v->pos)))
      return 0;
    if (v->cut && e->number == v->number && e->pos + len > v->pos)
      len = (size_t)(v->pos - e->pos);
  }
  return len;
}

/* First look: which slots hold what, and what is not to be replayed. */
static int
survey (Replay *r)
{
  int rc = 0;

  for (unsigned slot = 0; rc == 0; slot++) {
    Found f = { .slot = slot };
    rc = read_slot (r, slot);
    if (rc < 0)
      break;
    rc = walk_slot (r, &f, 0, note_void, NULL, !r->quiet);
    if (f.last > 0)
      g_array_append_val (r->found, f);
  }
  g_array_sort (r->found, by_first);
  return rc == -ENOENT ? 0 : rc;
}

typedef struct Applying
{
  int (*apply) (void *user, const StokerJournalStep *step);
  void *user;
  uint64_t steps;
} Applying;

static int
apply_entry (Replay *r, uint64_t seq, const Entry *e, void *user)
{
  Applying *a = user;
  StokerJournalStep step = { e->name, e->number, e->pos, e->data, 0 };

  if (e->kind != ENTRY_DATA || (step.len = valid_bytes (r, seq, e)) == 0)
    return 0;
  a->steps++;
  return a->apply (a->user, &step);
}

/* Second look: from the oldest commit on that the newest says is needed. */
static int
apply_all (Replay *r, Applying *a)
{
  const Found *newest = r->found->len ? &g_array_index (r->found, Found, r->found->len - 1) : NULL;
  int rc = 0;

  for (guint i = 0; i < r->found->len && rc == 0; i++) {
    Found f = g_array_index (r->found, Found, i);
    if (f.last < newest->tail || f.run != newest->run)
      continue;
    rc = read_slot (r, f.slot);
    if (rc >= 0)
      rc = walk_slot (r, &f, newest->tail, apply_entry, a, false);
  }
  return rc;
}

static void
free_list (void *data)
{
  g_array_unref (data);
}

static void
begin (Replay *r, StokerJournal *j, StokerError *err)
{
  *r = (Replay){ .j = j,
                 .found = g_array_new (FALSE, FALSE, sizeof (Found)),
                 .voids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_list),
                 .err = err };
}

static void
end (Replay *r)
{
  stoker_buf_clear (&r->buf);
  g_array_unref (r->found);
  g_hash_table_unref (r->voids);
}

int
stk_journal_look (StokerHost *host, const char *path, int (*apply) (void *user, const StokerJournalStep *step), void *user,
                  StokerError *err)
{
  StokerJournal *j = stk_journal_new (host, 0, path, 0);
  Applying a = { apply, user, 0 };
  Replay r;
  int rc;

  begin (&r, j, err);
  r.quiet = true;
  rc = survey (&r);
  if (rc == 0)
    rc = apply_all (&r, &a);
  end (&r);
  stk_journal_free (j);
  if (rc < 0 && err->text[0] == '\0')
    stoker_error_set (err, STOKER_ERROR_IO, "cannot read the journal of %s: %s", path, g_strerror (-rc));
  return rc < 0 ? -1 : 0;
}

int
stoker_journal_replay (StokerJournal *j, int (*apply) (void *user, const StokerJournalStep *step),
                       int (*finish) (void *user), void *user, uint64_t *steps, StokerError *err)
{
  StokerError own = { 0 };
  Applying a = { apply, user, 0 };
  Replay r;
  int rc = 0;

  begin (&r, j, err ? err : &own);
  if (stk_journal_found (j->disk, j->path)) {
    rc = survey (&r);
    if (rc == 0)
      rc = apply_all (&r, &a);
    if (rc == 0)
      rc = finish (user);
  }
  if (rc == 0)
    rc = stk_ring_delete (j->disk, j->path);
  if (rc < 0 && r.err->text[0] == '\0')
    stoker_error_set (r.err, STOKER_ERROR_IO, "cannot replay the journal of %s: %s", j->path, g_strerror (-rc));
  end (&r);
  if (steps)
    *steps = a.steps;
  return rc;
}
