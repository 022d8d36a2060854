/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving a log between two directories of the simulated disk: power cuts between any two calls of the disk, most of
 * them while the one takes the place of the other. What was promised is there, once, and is what was written.
 */
#include "journal/journal.h"
#include "tests/conformance/storage/ledger.h"

#include <errno.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;

typedef struct Scene
{
  StkSim *sim;
  StkWorld *machine;
  Kit *k;
  StokerLogDir dirs[2];
  int at; /* where the log lies */
  StokerLog *future;
  Ledger l;
  int calls; /* of the disk until the machine dies; -1: it does not */
  unsigned swaps;
} Scene;

static const char *const paths[] = { "/a", "/b" };

static int
die_soon (void *user, StkSimDiskCall call, const char *path)
{
  Scene *s = user;

  if (s->calls > 0)
    s->calls--;
  return s->calls == 0 ? -EIO : 0;
}

/* ---- what the core does at start */

typedef struct Found
{
  int at, twice, replaces, future;
} Found;

static void
note_found (void *user, const StokerLogFound *f)
{
  Found *found = user;

  g_assert_true (stoker_str_is (f->topic, "t"));
  if (ledger_verbose ())
    g_test_message ("found in %d future %d replaces %d", f->dir, f->future, f->replaces);
  if (f->future) {
    found->future = f->dir;
    return;
  }
  found->twice += found->at >= 0;
  if (f->replaces)
    found->replaces = f->dir;
  found->at = f->dir;
}

static bool
exists (Scene *s, int dir)
{
  g_autofree char *path = g_strdup_printf ("%s/t-0", paths[dir]);
  StokerPathInfo info;

  return stoker_disk_stat (stk_world_disk (s->machine), path, &info) == 0;
}

static void
begin_move (Scene *s)
{
  StokerError err = { 0 };
  int rc = s->k->ops->move_open (s->k->engine, s->k->log, &s->dirs[!s->at], &s->k->config, &s->future, &err);

  if (rc != 0)
    g_assert_cmpint (s->calls, ==, 0);
}

static void
boot (Scene *s)
{
  static const char *const said[] = { "segment.write_failed", "segment.moved",         "segment.close_failed",
                                      "segment.save_failed",  "segment.delete_failed", "journal.failed" };
  Kit *k = ledger_kit (s->machine, &stoker_module_storage_segment, NULL, "/a");
  Found found = { -1, 0, -1, -1 };
  StokerError err = { 0 };

  s->k = k;
  for (size_t i = 0; i < G_N_ELEMENTS (said); i++)
    test_host_tolerate (k->host, said[i]);
  k->config.journal = s->l.journal;
  k->engine = test_host_instance (k->host, k->module, NULL);
  for (int i = 0; i < 2; i++) {
    s->dirs[i] = (StokerLogDir){ .index = i, .path = paths[i] };
    s->dirs[i].journal = stk_journal_new (test_host_get (k->host), i, paths[i], 8 << 20);
    g_ptr_array_add (k->journals, s->dirs[i].journal);
    g_assert_cmpint (k->ops->dir_attach (k->engine, &s->dirs[i], note_found, &found, &err), ==, 0);
  }
  if (ledger_verbose ())
    g_test_message ("boot: at %d twice %d replaces %d future %d, %d %d", found.at, found.twice, found.replaces,
                    found.future, exists (s, 0), exists (s, 1));
  if (found.twice) /* one of them must say that it counts */
    g_assert_cmpint (found.replaces, >=, 0);
  s->at = found.replaces >= 0 ? found.replaces : found.at >= 0 ? found.at : 0;
  k->dir = s->dirs[s->at];
  k->log = kit_open (k, "t", 0);
  g_assert_false (exists (s, !s->at));
  s->future = NULL;
  if (found.future >= 0 && found.future != s->at)
    begin_move (s);
}

/* ---- life */

static int
copy (Scene *s)
{
  StokerError err = { 0 };
  uint64_t copied;
  int64_t lag;

  return s->k->ops->move_copy (s->k->engine, s->k->log, s->future, (size_t)g_rand_int_range (s->l.dice, 1, 4000),
                               &copied, &lag, &err);
}

static bool
swap (Scene *s)
{
  StokerError err = { 0 };
  int rc = s->k->ops->move_swap (s->k->engine, s->k->log, s->future, 1 << 20, &err);

  if (rc != 0)
    return false;
  s->future = NULL;
  s->at = !s->at;
  ledger_flushed (&s->l); /* over there */
  s->swaps++;
  g_assert_cmpint (kit_ends (s->k).end, ==, ledger_end (&s->l));
  g_assert_cmpint (kit_ends (s->k).start, ==, s->l.start);
  return true;
}

static void
act (Scene *s)
{
  StokerError err = { 0 };
  int what = g_rand_int_range (s->l.dice, 0, 24);

  if (ledger_verbose ())
    g_test_message ("act %d end %d start %d durable %d log start %d future %d", what, (int)ledger_end (&s->l),
                    (int)s->l.start, (int)s->l.durable, (int)kit_ends (s->k).start, s->future != NULL);
  switch (what) {
  case 0:
    g_assert_cmpint (s->k->ops->flush (s->k->engine, s->k->log, &err), ==, 0);
    ledger_flushed (&s->l);
    break;
  case 1:
    g_assert_cmpint (s->k->ops->dir_checkpoint (s->k->engine, g_rand_int_range (s->l.dice, 0, 2), &err), ==, 0);
    break;
  case 2:
    ledger_truncate (&s->l, s->k);
    break;
  case 3:
    ledger_set_start (&s->l, s->k);
    break;
  case 4:
    s->k->ops->tick (s->k->engine, INT64_MAX);
    break;
  case 5:
    if (s->future && g_rand_int_range (s->l.dice, 0, 3) == 0) {
      g_assert_cmpint (s->k->ops->remove (s->k->engine, s->future, &err), ==, 0);
      s->future = NULL;
    }
    break;
  case 6:
    if (s->future)
      g_assert_true (swap (s));
    break;
  case 7:
  case 8:
    if (s->future == NULL)
      begin_move (s);
    break;
  case 9:
  case 10:
  case 11:
    if (s->future)
      g_assert_cmpint (copy (s), ==, 0);
    break;
  default:
    g_assert_true (ledger_put (&s->l, s->k));
  }
}

/* The machine dies somewhere in here. */
static void
last_acts (Scene *s)
{
  s->calls = g_rand_int_range (s->l.dice, 1, 90);
  if (ledger_verbose ())
    g_test_message ("last: at %d future %d calls %d", s->at, s->future != NULL, s->calls);
  stk_sim_watch_disk (s->machine, die_soon, s);
  if (s->future == NULL)
    begin_move (s);
  if (s->future && copy (s) == 0 && swap (s))
    while (s->calls > 0 && ledger_put (&s->l, s->k))
      ;
}

typedef struct Lives
{
  bool journal;
  unsigned swaps;
} Lives;

static void
one_life (guint32 seed, void *user)
{
  Lives *lives = user;
  Scene s = { .sim = stk_sim_new (seed), .calls = -1 };
  StokerDisk *disk;
  bool go_on = true;

  ledger_init (&s.l, seed, lives->journal);
  s.machine = stk_sim_machine (s.sim);
  disk = stk_world_disk (s.machine);
  for (int i = 0; i < 2; i++)
    stoker_disk_mkdir (disk, paths[i]);
  stoker_disk_sync_dir (disk, "/");
  for (int cut = 0; cut < 4 && go_on; cut++) {
    boot (&s);
    ledger_check (&s.l, s.k);
    go_on = ledger_retry (&s.l, s.k);
    for (int i = go_on ? g_rand_int_range (s.l.dice, 10, 100) : 0; i > 0; i--)
      act (&s);
    if (go_on)
      last_acts (&s);
    stk_sim_watch_disk (s.machine, NULL, NULL);
    s.calls = -1;
    stk_sim_cut_power (s.machine);
    s.k->log = NULL;
    kit_free (s.k);
  }
  lives->swaps += s.swaps;
  ledger_clear (&s.l);
  stk_sim_free (s.sim);
}

static void
test_cuts (const void *journal)
{
  Lives lives = { journal != NULL, 0 };
  guint32 n = ledger_each_seed (one_life, &lives);

  g_test_message ("%u moves", lives.swaps);
  if (n > 1)
    g_assert_cmpuint (lives.swaps, >, n / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/segment/move/cuts", NULL, test_cuts);
  g_test_add_data_func ("/segment/move/cuts-journal", "journal", test_cuts);
  return g_test_run ();
}
