/* SPDX-License-Identifier: Apache-2.0
 *
 * After a crash: what the ring holds, in order, to the engine.
 */
#include "journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum
{
  SLOT_MAX = 16 << 20, /* whatever log.journal.bytes was when it was written */
};

/* A commit that can be read. */
typedef struct Place
{
  CommitHead head;
  unsigned slot;
  size_t at, end; /* in its file */
} Place;

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
  StokerBuf buf;     /* the slot that is looked at */
  unsigned slot;     /* its number; UINT_MAX: none */
  GArray *slots;     /* of unsigned, ascending: which files there are */
  GArray *places;    /* of Place: what is needed, in order */
  uint64_t doubtful; /* commits below it may have been made void by one that is damaged; 0: none */
  GHashTable *voids; /* name -> GArray of Void */
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

  if (slot == r->slot)
    return 0;
  r->slot = slot;
  r->buf.len = 0;
  rc = stoker_disk_read_all (r->j->disk, path, SLOT_MAX, &r->buf);
  if (rc < 0)
    stoker_error_set (r->err, STOKER_ERROR_IO, "cannot read %s: %s", path, g_strerror (-rc));
  return rc;
}

static size_t
padded (size_t len)
{
  return (len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK;
}

/* ---- which commits there are */

static bool
add_slot (void *user, const char *name)
{
  Replay *r = user;
  unsigned slot;
  int n = 0;

  if (sscanf (name, "%8u.ring%n", &slot, &n) == 1 && n > 0 && name[n] == '\0')
    g_array_append_val (r->slots, slot);
  return true;
}

static int
by_slot (const void *a, const void *b)
{
  const unsigned *x = a, *y = b;

  return *x < *y ? -1 : *x > *y;
}

/* Every commit of the slot: a damaged one, wherever it stands, hides no other. */
static void
find_commits (Replay *r)
{
  for (size_t at = 0; at + STK_COMMIT_HEAD <= r->buf.len;) {
    Place p = { .slot = r->slot, .at = at };
    if (!stk_commit_read (r->buf.data + at, r->buf.len - at, &p.head)) {
      at += STK_JOURNAL_BLOCK;
      continue;
    }
    at = p.end = at + padded (p.head.len);
    g_array_append_val (r->places, p);
  }
}

static int
by_seq (const void *a, const void *b)
{
  const CommitHead *x = &((const Place *)a)->head, *y = &((const Place *)b)->head;

  if (x->run != y->run)
    return x->run < y->run ? -1 : 1;
  return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Somebody may have put the files of two journals into one folder: the larger part counts. */
static void
keep_one_run (GArray *places)
{
  guint best = 0, most = 0;

  for (guint i = 0, n; i < places->len; i += n) {
    for (n = 1; i + n < places->len
                && g_array_index (places, Place, i + n).head.run == g_array_index (places, Place, i).head.run;
         n++)
      ;
    if (n > most) {
      most = n;
      best = i;
    }
  }
  g_array_set_size (places, best + most);
  g_array_remove_range (places, 0, best);
}

/* A commit that a full disk refused may stand there whole, and the next one, somewhere else, has its number: it is the one that
 * its follower knows. */
static void
drop_twins (GArray *places)
{
  for (guint i = places->len; i-- > 1;) {
    const Place *a = &g_array_index (places, Place, i - 1), *b = a + 1, *next = b + 1;
    bool first = i + 1 < places->len && next->head.seq == b->head.seq + 1 && next->head.previous == a->head.check;
    if (a->head.seq == b->head.seq)
      g_array_remove_index (places, first ? i : i - 1);
  }
}

/* The newest commit names the oldest that is needed. What lies before that may be overwritten at any time. */
static void
keep_needed (GArray *places)
{
  uint64_t tail = places->len ? g_array_index (places, Place, places->len - 1).head.tail : 0;
  guint n = 0;

  while (n < places->len && g_array_index (places, Place, n).head.seq < tail)
    n++;
  g_array_remove_range (places, 0, n);
}

/* Between `before` (NULL: the beginning of what is needed) and `next` commits from number `seq` on are missing. */
static void
tell_damage (const Replay *r, uint64_t seq, const Place *before, const Place *next)
{
  bool same = before && (next->at == 0 || before->slot == next->slot);

  stk_log (r->j->host->log, STOKER_LOG_ERROR, "journal", "journal.damaged",
           "commits %" PRIu64 " to %" PRIu64 " of the journal are damaged: what they held of acknowledged records is lost, unless the "
           "logs have it | file=%s/%08u.ring position=%zu commits=%" PRIu64,
           seq, next->head.seq - 1, r->j->ring.path, same ? before->slot : next->slot, same ? before->end : 0,
           next->head.seq - seq);
}

/* Each commit was on the disk before the next one was written, and none that is needed was written over: whatever is missing below
 * the newest was damaged since. Only what would have been newest can be one that the power cut interrupted. */
static void
look_for_damage (Replay *r)
{
  for (guint i = 0; i < r->places->len; i++) {
    const Place *p = &g_array_index (r->places, Place, i), *before = i ? p - 1 : NULL;
    uint64_t expected = before ? before->head.seq + 1 : g_array_index (r->places, Place, r->places->len - 1).head.tail;
    if (p->head.seq == expected)
      continue;
    if (!r->quiet)
      tell_damage (r, expected, before, p);
    r->doubtful = p->head.seq;
  }
}

static int
survey (Replay *r)
{
  int rc = stoker_disk_list (r->j->disk, r->j->ring.path, add_slot, r);

  if (rc == -ENOENT)
    return 0;
  if (rc < 0)
    stoker_error_set (r->err, STOKER_ERROR_IO, "cannot read %s: %s", r->j->ring.path, g_strerror (-rc));
  g_array_sort (r->slots, by_slot);
  for (guint i = 0; i < r->slots->len && rc == 0; i++) {
    rc = read_slot (r, g_array_index (r->slots, unsigned, i));
    if (rc == 0)
      find_commits (r);
  }
  g_array_sort (r->places, by_seq);
  if (r->places->len > 0) {
    keep_one_run (r->places);
    drop_twins (r->places);
    keep_needed (r->places);
  }
  look_for_damage (r);
  return rc;
}

/* ---- what they say */

static int
walk (Replay *r, Visit visit, void *user)
{
  int rc = 0;

  for (guint i = 0; i < r->places->len && rc == 0; i++) {
    const Place *p = &g_array_index (r->places, Place, i);
    Entry e;
    rc = read_slot (r, p->slot);
    for (size_t k = 0; rc == 0 && stk_commit_next (r->buf.data + p->at, &p->head, &k, &e);)
      rc = visit (r, p->head.seq, &e, user);
  }
  return rc;
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
  StokerJournalStep step = { e->name, e->number, e->pos, e->data, 0, seq < r->doubtful };

  if (e->kind != ENTRY_DATA || (step.len = valid_bytes (r, seq, e)) == 0)
    return 0;
  a->steps++;
  return a->apply (a->user, &step);
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
                 .slot = UINT_MAX,
                 .slots = g_array_new (FALSE, FALSE, sizeof (unsigned)),
                 .places = g_array_new (FALSE, FALSE, sizeof (Place)),
                 .voids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_list),
                 .err = err };
}

static void
end (Replay *r)
{
  stoker_buf_clear (&r->buf);
  g_array_unref (r->slots);
  g_array_unref (r->places);
  g_hash_table_unref (r->voids);
}

static int
take_steps (Replay *r, Applying *a)
{
  int rc = survey (r);

  if (rc == 0)
    rc = walk (r, note_void, NULL);
  return rc == 0 ? walk (r, apply_entry, a) : rc;
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
  rc = take_steps (&r, &a);
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
    rc = take_steps (&r, &a);
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
