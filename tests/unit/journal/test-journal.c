/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal by itself: what is told durable is given back by a replay, and nothing else than what was noted.
 */
#include "journal/journal.h"
#include "sim/sim.h"
#include "tests/conformance/storage/fault-disk.h"
#include "tests/lib/test-host.h"

#include <errno.h>
#include <string.h>

/* A log of an imaginary engine: one file a number, on the same disk. */
typedef struct Log
{
  StokerJournalLog *jl;
  StokerDisk *disk;
  char *name;
  StokerFile *file;
  int64_t number;
  uint64_t size;
  int64_t end, durable;
  int error;
  _Atomic unsigned flushes; /* two threads may flush a log at once */
  unsigned told;
  unsigned prepared, made_durable;
  bool alone; /* does not lend itself to a flush of the whole file system */
} Log;

typedef struct Fixture
{
  StkSim *sim;
  StkWorld *machine;
  TestHost *host;
  StokerDisk *disk;
  StokerJournal *j;
  GHashTable *files; /* "name/number" -> GByteArray: what a replay gave */
  unsigned finished;
  bool faults; /* on a disk that fails on demand, and whose flushes do nothing */
} Fixture;

static int
on_flush (void *user)
{
  Log *l = user;

  l->flushes++;
  return stoker_file_sync (l->file);
}

static void
on_durable (void *user, int64_t end, int error)
{
  Log *l = user;

  l->told++;
  if (error)
    l->error = error;
  else
    l->durable = end;
}

static bool
on_prepare (void *user)
{
  Log *l = user;

  if (l->alone)
    return false;
  l->prepared++;
  return true;
}

static void
on_prepared (void *user, bool durable)
{
  ((Log *)user)->made_durable += durable;
}

static const StokerJournalClient client = { on_flush, on_durable, on_prepare, on_prepared };

static void
start (Fixture *f, uint64_t bytes)
{
  f->host = test_host_new ();
  f->disk = stk_world_disk (f->machine);
  if (f->faults)
    f->disk = fault_disk_new (f->disk);
  test_host_set_disk (f->host, f->disk);
  test_host_inline_work (f->host);
  f->j = stk_journal_new (test_host_get (f->host), 0, "/d", bytes);
}

static void
stop (Fixture *f)
{
  stk_journal_free (f->j);
  test_host_free (f->host);
  if (f->faults)
    fault_disk_free (f->disk);
}

static void
set_up (Fixture *f, const void *data)
{
  f->faults = data != NULL;
  f->sim = stk_sim_new (7);
  f->machine = stk_sim_machine (f->sim);
  g_assert_cmpint (stoker_disk_mkdir (stk_world_disk (f->machine), "/d"), ==, 0);
  g_assert_cmpint (stoker_disk_sync_dir (stk_world_disk (f->machine), "/"), ==, 0);
  f->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_byte_array_unref);
  start (f, 8 << 20);
}

static void
tear_down (Fixture *f, const void *data)
{
  stop (f);
  g_hash_table_unref (f->files);
  stk_sim_free (f->sim);
}

static void
log_file (Log *l, int64_t number)
{
  g_autofree char *path = g_strdup_printf ("/d/%s.%d", l->name, (int)number);

  stoker_file_unref (l->file);
  g_assert_cmpint (stoker_file_open (l->disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &l->file), ==, 0);
  l->number = number;
  l->size = 0;
}

static Log *
log_new (Fixture *f, const char *name)
{
  Log *l = g_new0 (Log, 1);

  l->disk = f->disk;
  l->name = g_strdup (name);
  log_file (l, 0);
  l->jl = stoker_journal_open (f->j, name, &client, l);
  return l;
}

static void
log_free (Log *l, bool close)
{
  if (close)
    stoker_journal_close (l->jl, true);
  stoker_file_unref (l->file);
  g_free (l->name);
  g_free (l);
}

/* `len` bytes of `fill` at the end; noted, not kicked. */
static void
note (Log *l, char fill, size_t len)
{
  g_autofree char *bytes = g_malloc (len);

  memset (bytes, fill, len);
  g_assert_cmpint (stoker_file_pwrite (l->file, bytes, len, l->size), ==, 0);
  l->end += (int64_t)len;
  stoker_journal_note (l->jl, l->number, l->file, l->size, l->size + len, l->end);
  l->size += len;
}

static void
put (Log *l, char fill, size_t len)
{
  note (l, fill, len);
  stoker_journal_kick (l->jl);
}

static int
take (void *user, const StokerJournalStep *s)
{
  Fixture *f = user;
  char *key = g_strdup_printf ("%.*s/%d", (int)s->name.len, s->name.data, (int)s->number);
  GByteArray *b = g_hash_table_lookup (f->files, key);

  if (b == NULL)
    g_hash_table_insert (f->files, g_strdup (key), b = g_byte_array_new ());
  g_free (key);
  if (b->len < s->pos + s->len) {
    guint had = b->len;
    g_byte_array_set_size (b, (guint)(s->pos + s->len));
    memset (b->data + had, 0, b->len - had);
  }
  memcpy (b->data + s->pos, s->data, s->len);
  return 0;
}

static int
finished (void *user)
{
  ((Fixture *)user)->finished++;
  return 0;
}

/* The power goes, the machine comes back. */
static void
reboot (Fixture *f)
{
  stk_sim_cut_power (f->machine);
  stop (f);
  start (f, 8 << 20);
}

/* The journal is replayed; how many steps. */
static uint64_t
replay (Fixture *f)
{
  StokerError err = { 0 };
  uint64_t steps = 0;

  g_hash_table_remove_all (f->files);
  f->finished = 0;
  g_assert_cmpint (stoker_journal_replay (f->j, take, finished, f, &steps, &err), ==, 0);
  g_assert_cmpstr (err.text, ==, "");
  g_assert_false (stk_journal_found (f->disk, "/d"));
  return steps;
}

static uint64_t
crash (Fixture *f)
{
  reboot (f);
  return replay (f);
}

/* What the replay gave of a file: runs "a3b2" are 3 times a, 2 times b. */
static char *
given (Fixture *f, const char *key)
{
  GByteArray *b = g_hash_table_lookup (f->files, key);
  GString *s = g_string_new (NULL);

  for (guint i = 0, k; b && i < b->len; i = k) {
    for (k = i; k < b->len && b->data[k] == b->data[i]; k++)
      ;
    g_string_append_printf (s, "%c%u", b->data[i] ? b->data[i] : '-', k - i);
  }
  return g_string_free (s, FALSE);
}

#define GIVEN(f, key, text)                                                                                            \
  do {                                                                                                                 \
    g_autofree char *g_ = given (f, key);                                                                              \
    g_assert_cmpstr (g_, ==, text);                                                                                    \
  } while (0)

static void
test_gives_back (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  put (a, 'x', 100);
  put (b, 'y', 70000);
  put (a, 'z', 5);
  g_assert_cmpint (a->durable, ==, 105);
  g_assert_cmpint (b->durable, ==, 70000);
  g_assert_cmpuint (a->flushes + b->flushes, ==, 0);
  g_assert_cmpuint (crash (f), ==, 3);
  g_assert_cmpuint (f->finished, ==, 1);
  GIVEN (f, "a-0/0", "x100z5");
  GIVEN (f, "b-1/0", "y70000");
  log_free (a, false);
  log_free (b, false);
}

/* What several logs noted goes out in one commit, and pieces that touch each other as one entry. */
static void
test_one_commit (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  note (a, 'x', 10);
  note (b, 'y', 10);
  note (a, 'x', 20);
  log_file (a, 30);
  note (a, 'w', 7);
  g_assert_cmpuint (a->told + b->told, ==, 0);
  stoker_journal_kick (b->jl);
  g_assert_cmpuint (a->told, ==, 1);
  g_assert_cmpuint (b->told, ==, 1);
  g_assert_cmpint (a->durable, ==, 37);
  g_assert_cmpuint (f->j->seq, ==, 1);
  g_assert_cmpuint (crash (f), ==, 3);
  GIVEN (f, "a-0/0", "x30");
  GIVEN (f, "a-0/30", "w7");
  log_free (a, false);
  log_free (b, false);
}

static void
test_large_is_flushed_in_place (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");

  put (a, 'x', STK_JOURNAL_LARGE);
  g_assert_cmpint (a->durable, ==, STK_JOURNAL_LARGE);
  g_assert_cmpuint (a->flushes, ==, 1);
  g_assert_false (stk_journal_found (f->disk, "/d"));
  put (a, 'y', STK_JOURNAL_LARGE - 1);
  g_assert_cmpuint (a->flushes, ==, 1);
  g_assert_true (stk_journal_found (f->disk, "/d"));
  log_free (a, true);
}

static void
test_cut (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  put (a, 'x', 100);
  put (b, 'q', 100);
  log_file (a, 100);
  put (a, 'y', 50);
  g_assert_cmpint (stoker_journal_cut (a->jl, 0, 40), ==, 0);
  log_file (a, 0);
  a->size = 40;
  put (a, 'z', 10);
  crash (f);
  GIVEN (f, "a-0/0", "x40z10");
  GIVEN (f, "a-0/100", "");
  GIVEN (f, "b-1/0", "q100");
  log_free (a, false);
  log_free (b, false);
}

/* A log that is closed and opened again still has entries that a cut must void. */
static void
test_cut_after_reopening (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  put (b, 'q', 1);
  put (a, 'x', 100);
  stoker_journal_close (a->jl, true);
  a->jl = stoker_journal_open (f->j, "a-0", &client, a);
  g_assert_cmpint (stoker_journal_cut (a->jl, 0, 40), ==, 0);
  crash (f);
  GIVEN (f, "a-0/0", "x40");
  log_free (a, false);
  log_free (b, false);
}

static void
test_forget (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  put (a, 'x', 100);
  put (b, 'q', 100);
  log_file (a, 100);
  put (a, 'y', 50);
  g_assert_cmpint (stoker_journal_forget (a->jl, 100), ==, 0);
  g_assert_cmpint (stoker_journal_forget (b->jl, INT64_MAX), ==, 0);
  put (a, 'z', 10);
  crash (f);
  GIVEN (f, "a-0/0", "");
  GIVEN (f, "a-0/100", "y50z10");
  GIVEN (f, "b-1/0", "");
  log_free (a, false);
  log_free (b, false);
}

/* Ranges of files that vanish are dropped before they are written, and those that stay are not. */
static void
test_forget_what_is_pending (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");

  put (a, 'v', 1);
  note (a, 'x', 100);
  log_file (a, 100);
  note (a, 'y', 50);
  g_assert_cmpint (stoker_journal_forget (a->jl, 100), ==, 0);
  g_assert_cmpint (stoker_journal_barrier (a->jl), ==, 0);
  g_assert_cmpint (a->durable, ==, 151);
  crash (f);
  GIVEN (f, "a-0/0", "");
  GIVEN (f, "a-0/100", "y50");
  log_free (a, false);
}

/* Round and round: the ring stays within its bound, older commits make room, and the newest are there. */
static void
test_wraps (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  unsigned i;

  stop (f);
  start (f, 8 << 20);
  a->jl = stoker_journal_open (f->j, "a-0", &client, a);
  for (i = 0; i < 400; i++) {
    a->disk = f->disk;
    log_file (a, i);
    put (a, (char)('a' + i % 26), 200000);
    g_assert_cmpint (a->error, ==, 0);
    g_assert_cmpint (a->durable, ==, a->end);
  }
  g_assert_cmpuint (f->j->ring.n, <=, 8);
  g_assert_cmpuint (a->flushes, >=, 2);
  stk_sim_cut_power (f->machine);
  stop (f);
  start (f, 8 << 20);
  g_assert_cmpint (stoker_journal_replay (f->j, take, finished, f, NULL, NULL), ==, 0);
  GIVEN (f, "a-0/399", "j200000");
  log_free (a, false);
}

static void
test_full_disk (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");

  put (a, 'x', 10);
  note (a, 'y', 10);
  fault_disk_space (f->disk, 0); /* not even for the ring, as on a file system that reserves nothing */
  stoker_journal_kick (a->jl);
  g_assert_cmpint (a->error, ==, 0);
  g_assert_cmpint (a->durable, ==, 20);
  g_assert_cmpuint (a->flushes, ==, 1);
  log_free (a, false);
}

static void
test_dies_for_good (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");
  StokerError err = { 0 };

  put (b, 'q', 3);
  test_host_expect (f->host, "journal.failed");
  note (a, 'x', 10);
  fault_disk_fail_syncs (f->disk, -EIO);
  stoker_journal_kick (a->jl);
  g_assert_cmpint (a->error, ==, -EIO);
  g_assert_cmpint (a->durable, ==, 0);
  fault_disk_fail_syncs (f->disk, 0); /* the next one would go well, and prove nothing */
  put (b, 'r', 3);
  g_assert_cmpint (b->error, ==, -EIO);
  g_assert_cmpint (b->durable, ==, 3);
  g_assert_cmpint (stoker_journal_barrier (a->jl), ==, -EIO);
  g_assert_cmpint (stoker_journal_cut (b->jl, 0, 1), ==, -EIO);
  log_free (a, true);
  log_free (b, true);
  g_assert_cmpint (stk_journal_end (f->j, &err), ==, -1);
  g_assert_true (stk_journal_found (f->disk, "/d"));
}

static void
told (void *core, int index, int error, const char *what)
{
  int *n = core;

  g_assert_cmpint (index, ==, 3);
  g_assert_cmpint (error, ==, -EIO);
  g_assert_nonnull (what);
  ++*n;
}

/* A segment whose flush fails takes the journal of the directory with it, and the core hears of it, once. */
static void
test_broken_disk (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");
  int n = 0;
  StokerLogDir owner = { .index = 3, .failed = told, .core = &n };
  StokerError err = { 0 };

  stk_journal_set_owner (f->j, &owner);
  put (b, 'q', 3);
  test_host_expect (f->host, "journal.failed");
  note (a, 'x', STK_JOURNAL_LARGE);
  fault_disk_fail_syncs (f->disk, -EIO);
  stoker_journal_kick (a->jl);
  g_assert_cmpuint (a->flushes, ==, 1);
  g_assert_cmpint (a->error, ==, -EIO);
  fault_disk_fail_syncs (f->disk, 0);
  put (b, 'r', 3);
  g_assert_cmpint (b->error, ==, -EIO);
  g_assert_cmpint (n, ==, 1);
  g_assert_false (stk_journal_tick (f->j, 1, 1)); /* nothing is to be hoped for */
  log_free (a, true);
  log_free (b, true);
  g_assert_cmpint (stk_journal_end (f->j, &err), ==, -1);
}

static bool
ends_with (Fixture *f, const char *key, char fill, guint size)
{
  const GByteArray *b = g_hash_table_lookup (f->files, key);

  return b && b->len == size && b->data[size - 1] == fill;
}

/* Logs are flushed once in an interval; a journal that was not used for one vanishes, and comes back. */
static void
test_tick (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");

  g_assert_false (stk_journal_tick (f->j, 100, 50));
  put (a, 'x', 10);
  g_assert_true (stk_journal_tick (f->j, 200, 50));
  g_assert_true (stk_journal_tick (f->j, 249, 50));
  g_assert_cmpuint (a->flushes, ==, 0);
  g_assert_true (stk_journal_tick (f->j, 250, 50));
  g_assert_cmpuint (a->flushes, ==, 1);
  put (b, 'y', 10);
  g_assert_true (stk_journal_tick (f->j, 300, 50));
  g_assert_cmpuint (a->flushes + b->flushes, ==, 2);
  g_assert_true (stk_journal_found (f->disk, "/d"));
  g_assert_false (stk_journal_tick (f->j, 350, 50));
  g_assert_false (stk_journal_found (f->disk, "/d"));
  g_assert_cmpuint (a->flushes + b->flushes, ==, 2);
  g_assert_cmpint (stoker_journal_cut (a->jl, 0, 5), ==, 0); /* nothing to announce */
  g_assert_false (stk_journal_found (f->disk, "/d"));
  put (a, 'z', 10);
  g_assert_true (stk_journal_tick (f->j, 400, 50));
  g_assert_cmpuint (crash (f), ==, 1); /* and nothing of the time before */
  g_assert_true (ends_with (f, "a-0/0", 'z', 20));
  log_free (a, false);
  log_free (b, false);
}

/* Many logs are flushed with one call, but for those that have more to do. */
static void
test_many (Fixture *f, const void *data)
{
  Log *logs[40];

  for (int i = 0; i < 40; i++) {
    g_autofree char *name = g_strdup_printf ("l-%d", i);
    logs[i] = log_new (f, name);
    logs[i]->alone = i == 7;
    put (logs[i], 'x', 10);
  }
  g_assert_cmpint (stk_journal_checkpoint (f->j), ==, 0);
  for (int i = 0; i < 40; i++) {
    g_assert_cmpuint (logs[i]->flushes, ==, i == 7);
    g_assert_cmpuint (logs[i]->prepared, ==, i != 7);
    g_assert_cmpuint (logs[i]->made_durable, ==, i != 7);
  }
  put (logs[3], 'y', 10);
  g_assert_cmpuint (crash (f), ==, 1);
  g_assert_true (ends_with (f, "l-3/0", 'y', 20));
  for (int i = 0; i < 40; i++) { /* and it is there, although nobody flushed it */
    g_autofree char *path = g_strdup_printf ("/d/l-%d.0", i);
    StokerPathInfo info;
    g_assert_cmpint (stoker_disk_stat (f->disk, path, &info), ==, 0);
    g_assert_cmpuint (info.size, >=, 10);
    log_free (logs[i], false);
  }
}

static void
test_clean_end (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  StokerError err = { 0 };

  put (a, 'x', 10);
  g_assert_true (stk_journal_found (f->disk, "/d"));
  log_free (a, true);
  g_assert_cmpint (stk_journal_end (f->j, &err), ==, 0);
  g_assert_false (stk_journal_found (f->disk, "/d"));
}

/* A log that could not be flushed keeps the journal. */
static void
test_unflushed_end (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  StokerError err = { 0 };

  put (a, 'x', 10);
  stoker_journal_close (a->jl, false);
  log_free (a, false);
  g_assert_cmpint (stk_journal_end (f->j, &err), ==, -1);
  g_assert_cmpuint (crash (f), ==, 1);
  GIVEN (f, "a-0/0", "x10");
}

static StokerFile *
slot_file (Fixture *f, unsigned slot)
{
  g_autofree char *path = g_strdup_printf ("/d/" STK_JOURNAL_DIR "/%08u.ring", slot);
  StokerFile *ring;

  g_assert_cmpint (stoker_file_open (f->disk, path, STOKER_OPEN_WRITE, &ring), ==, 0);
  return ring;
}

/* Bytes of the ring change on the disk. */
static void
scribble (Fixture *f, unsigned slot, const void *bytes, size_t len, uint64_t pos)
{
  StokerFile *ring = slot_file (f, slot);

  g_assert_cmpint (stoker_file_pwrite (ring, bytes, len, pos), ==, 0);
  g_assert_cmpint (stoker_file_sync (ring), ==, 0);
  stoker_file_unref (ring);
}

/* Bytes of the ring that were changed cost the commit that they belong to, wherever it stands, and that is said; what follows is
 * replayed. The last one looks like one that was being written when the power went, and nobody can tell. */
static void
test_damage (Fixture *f, const void *data)
{
  static const char *const left[] = { "-10b10c10d10e10", "a10-10c10d10e10", "a10b10-10d10e10", "a10b10c10-10e10", "a10b10c10d10" };

  for (unsigned k = 0; k < 5; k++)
    for (unsigned what = 0; what < 3; what++) { /* the magic, the check sum, the data */
      static const unsigned where[] = { 0, 52, 60 };
      Log *a;
      tear_down (f, NULL);
      set_up (f, NULL);
      a = log_new (f, "a-0");
      for (int i = 0; i < 5; i++)
        put (a, (char)('a' + i), 10);
      scribble (f, 0, "?", 1, k * STK_JOURNAL_BLOCK + where[what]);
      reboot (f);
      if (k < 4)
        test_host_expect (f->host, "journal.damaged");
      g_assert_cmpuint (replay (f), ==, 4);
      GIVEN (f, "a-0/0", left[k]);
      log_free (a, false);
    }
}

static int
take_doubtful (void *user, const StokerJournalStep *s)
{
  *(uint64_t *)user += s->doubtful;
  return 0;
}

static int
no_finish (void *user)
{
  return 0;
}

static uint64_t
count_doubtful (Fixture *f, uint64_t *steps)
{
  uint64_t n = 0;

  g_assert_cmpint (stoker_journal_replay (f->j, take_doubtful, no_finish, &n, steps, NULL), ==, 0);
  return n;
}

/* The commits of a whole file are missing, in the middle or in front: those of the files behind it are found. */
static void
test_lost_file (Fixture *f, const void *data)
{
  for (unsigned gone = 0; gone < 2; gone++) {
    g_autofree char *path = g_strdup_printf ("/d/" STK_JOURNAL_DIR "/%08u.ring", gone);
    uint64_t steps, doubtful;
    Log *a;
    tear_down (f, NULL);
    set_up (f, NULL);
    a = log_new (f, "a-0");
    f->j->checkpointing = true; /* nobody makes room */
    for (int i = 0; i < 15; i++)
      put (a, (char)('a' + i), 200000);
    g_assert_cmpuint (f->j->ring.n, ==, 3);
    g_assert_cmpint (stoker_disk_unlink (f->disk, path), ==, 0);
    g_assert_cmpint (stoker_disk_sync_dir (f->disk, "/d/" STK_JOURNAL_DIR), ==, 0);
    reboot (f);
    test_host_expect (f->host, "journal.damaged");
    doubtful = count_doubtful (f, &steps);
    g_assert_cmpuint (steps, ==, 10);
    g_assert_cmpuint (doubtful, ==, gone ? 5 : 0); /* what stands before the damage */
    log_free (a, false);
  }
}

/* Without damage nothing is in doubt, and with it nothing that was written after it. */
static void
test_doubtful (Fixture *f, const void *data)
{
  for (unsigned k = 0; k < 2; k++) {
    uint64_t steps;
    Log *a;
    tear_down (f, NULL);
    set_up (f, NULL);
    a = log_new (f, "a-0");
    for (int i = 0; i < 5; i++)
      put (a, (char)('a' + i), 10);
    if (k)
      scribble (f, 0, "?", 1, 3 * STK_JOURNAL_BLOCK + 60);
    reboot (f);
    if (k)
      test_host_expect (f->host, "journal.damaged");
    g_assert_cmpuint (count_doubtful (f, &steps), ==, k ? 3 : 0);
    g_assert_cmpuint (steps, ==, k ? 4 : 5);
    log_free (a, false);
  }
}

/* The commit that the power interrupts stands where an older one was: that one is not needed by what the disk says, whatever memory
 * says. Here the first of the commits that are overwritten is still whole, and the second, which made it void, is not. */
static void
test_torn_over_older (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0"), *b = log_new (f, "b-1");
  uint8_t first[STK_JOURNAL_BLOCK] = { 0 }, rubbish[STK_JOURNAL_BLOCK];
  StokerFile *ring;
  unsigned slot;

  put (a, 'x', 10);
  g_assert_cmpint (stoker_journal_cut (a->jl, 0, 0), ==, 0);
  for (int i = 0; i < 10; i++)
    put (b, 'q', 200000);
  g_assert_cmpuint (f->j->ring.n, ==, 2);
  ring = slot_file (f, 0);
  g_assert_cmpint (stoker_file_pread (ring, first, sizeof first, 0), ==, sizeof first);
  stoker_file_unref (ring);
  g_assert_cmpint (stk_journal_checkpoint (f->j), ==, 0);
  put (b, 'r', 200000);
  slot = f->j->ring.now;
  g_assert_cmpuint (slot, !=, 1); /* a file of its own begins with it */
  if (slot > 0)
    memset (first, 0, sizeof first);
  memset (rubbish, '?', sizeof rubbish);
  scribble (f, slot, first, sizeof first, 0);
  scribble (f, slot, rubbish, sizeof rubbish, sizeof first);
  crash (f); /* and nothing is said: a commit that was not finished is nothing special */
  GIVEN (f, "a-0/0", "");
  log_free (a, false);
  log_free (b, false);
}

/* All files are full, and nothing in them is needed: the place that was kept says so, and the ring goes on. */
static void
test_full_ring (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  unsigned flushes;

  for (int round = 0; round < 3; round++) {
    f->j->checkpointing = true;
    flushes = a->flushes;
    while (a->flushes == flushes)
      put (a, 'x', 200000);
    while (a->flushes == flushes + 1)
      put (a, 'x', 10);
    g_assert_cmpuint (f->j->ring.n, ==, 8);
    f->j->checkpointing = false;
    g_assert_cmpint (stk_journal_checkpoint (f->j), ==, 0);
    flushes = a->flushes;
    put (a, 'y', 10);
    g_assert_cmpuint (a->flushes, ==, flushes);
    g_assert_cmpint (a->error, ==, 0);
  }
  g_assert_cmpuint (crash (f), ==, 1);
  log_free (a, false);
}

/* A disk that is full may refuse a commit that it has written; the next one has its number. The one that counts is the one that
 * the chain goes on from. */
static void
test_twins (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  CommitHead h;
  StokerBuf twin = { 0 };
  uint8_t block[STK_JOURNAL_BLOCK];
  StokerFile *ring;

  put (a, 'a', 10);
  put (a, 'b', 10);
  put (a, 'c', 10);
  ring = slot_file (f, 0);
  g_assert_cmpint (stoker_file_pread (ring, block, sizeof block, STK_JOURNAL_BLOCK), ==, sizeof block);
  stoker_file_unref (ring);
  g_assert_true (stk_commit_read (block, sizeof block, &h));
  stk_commit_room (&twin, STK_JOURNAL_BLOCK);
  stk_commit_begin (&twin);
  memset (stk_commit_add (&twin, ENTRY_DATA, stoker_str ("a-0"), 0, 10, 10), '?', 10);
  stk_commit_end (&twin, h);
  scribble (f, 0, twin.data, twin.len, 5 * STK_JOURNAL_BLOCK);
  stoker_buf_clear (&twin);
  crash (f);
  GIVEN (f, "a-0/0", "a10b10c10");
  log_free (a, false);
}

/* What is left in a file of the time before it was written over is neither replayed nor missed. */
static void
test_left_over (Fixture *f, const void *data)
{
  Log *a = log_new (f, "a-0");
  unsigned had = 0;

  f->j->checkpointing = true;
  for (int i = 0; i < 10; i++)
    put (a, 'x', 200000);
  f->j->checkpointing = false;
  g_assert_cmpint (stk_journal_checkpoint (f->j), ==, 0);
  put (a, 'y', 10);
  for (int i = 0; f->j->ring.now != 0 && i < 20; i++) {
    g_assert_cmpint (stk_journal_checkpoint (f->j), ==, 0);
    put (a, 'z', 200000);
    had++;
  }
  g_assert_cmpuint (f->j->ring.now, ==, 0);
  g_assert_cmpuint (had, <, 20);
  g_assert_cmpuint (crash (f), <=, 2);
  log_free (a, false);
}

/* Real threads: many appenders, a checkpoint now and then; every log ends durable. */
typedef struct Appender
{
  Log *log;
  GMutex lock;
  GThread *thread;
} Appender;

static void *
append (void *user)
{
  Appender *a = user;

  for (int i = 0; i < 400; i++)
    put (a->log, (char)('a' + i % 26), (size_t)(i % 50 == 49 ? 300000 : 100 + i));
  return NULL;
}

static void
test_threads (void)
{
  TestHost *host = test_host_new ();
  g_autofree char *dir = test_dir_new ();
  StokerDisk *disk = stoker_host_disk (test_host_get (host));
  StokerJournal *j = stk_journal_new (test_host_get (host), 0, dir, 64 << 20);
  StokerError err = { 0 };
  Appender a[4];

  for (int i = 0; i < 4; i++) {
    g_autofree char *path = g_strdup_printf ("%s/%d", dir, i);
    Log *l = g_new0 (Log, 1);
    l->name = g_strdup_printf ("log-%d", i);
    g_assert_cmpint (stoker_file_open (disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &l->file), ==, 0);
    l->jl = stoker_journal_open (j, l->name, &client, l);
    a[i].log = l;
  }
  for (int i = 0; i < 4; i++)
    a[i].thread = g_thread_new ("appender", append, &a[i]);
  for (int i = 0; i < 5; i++)
    g_assert_cmpint (stk_journal_checkpoint (j), ==, 0);
  for (int i = 0; i < 4; i++) {
    g_thread_join (a[i].thread);
    g_assert_cmpint (stoker_journal_barrier (a[i].log->jl), ==, 0);
    g_assert_cmpint (a[i].log->durable, ==, a[i].log->end);
    log_free (a[i].log, true);
  }
  test_host_drain_work (host);
  g_assert_cmpint (stk_journal_end (j, &err), ==, 0);
  stk_journal_free (j);
  test_host_free (host);
  test_dir_free (g_steal_pointer (&dir));
}

#define ADD(name, fn) g_test_add ("/journal/" name, Fixture, NULL, set_up, fn, tear_down)
#define ADD_FAULTS(name, fn) g_test_add ("/journal/" name, Fixture, "faults", set_up, fn, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("gives-back", test_gives_back);
  ADD ("one-commit", test_one_commit);
  ADD ("large", test_large_is_flushed_in_place);
  ADD ("cut", test_cut);
  ADD ("cut-after-reopening", test_cut_after_reopening);
  ADD ("forget", test_forget);
  ADD ("forget-pending", test_forget_what_is_pending);
  ADD ("wraps", test_wraps);
  ADD_FAULTS ("full-disk", test_full_disk);
  ADD_FAULTS ("dies-for-good", test_dies_for_good);
  ADD_FAULTS ("broken-disk", test_broken_disk);
  ADD ("tick", test_tick);
  ADD ("many", test_many);
  ADD ("clean-end", test_clean_end);
  ADD ("unflushed-end", test_unflushed_end);
  ADD ("damage", test_damage);
  ADD ("lost-file", test_lost_file);
  ADD ("doubtful", test_doubtful);
  ADD ("torn-over-older", test_torn_over_older);
  ADD ("full-ring", test_full_ring);
  ADD ("twins", test_twins);
  ADD ("left-over", test_left_over);
  g_test_add_func ("/journal/threads", test_threads);
  return g_test_run ();
}
