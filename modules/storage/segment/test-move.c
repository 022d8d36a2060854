/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving a log between two directories of the simulated disk: power cuts between any two calls of the disk, most of
 * them while the one takes the place of the other. What was promised is there, once, and is what was written.
 */
#include "journal/journal.h"
#include "sim/sim.h"
#include "tests/conformance/storage/kit.h"

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
  GRand *dice;
  bool journal;
  int calls; /* of the disk until the machine dies; -1: it does not */
  /* what the log must hold: batches of two records, told apart by their timestamp */
  GArray *stamps;
  int64_t next, durable, start;
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
  if (g_getenv ("STOKER_SEED"))
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
  static const char *const said[]
      = { "segment.damaged",     "segment.write_failed",  "segment.moved", "segment.close_failed",
          "segment.save_failed", "segment.delete_failed", "journal.failed" };
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, "/a");
  Found found = { -1, 0, -1, -1 };
  StokerError err = { 0 };

  s->k = k;
  test_host_set_disk (k->host, stk_world_disk (s->machine));
  test_host_inline_work (k->host);
  for (size_t i = 0; i < G_N_ELEMENTS (said); i++)
    test_host_tolerate (k->host, said[i]);
  k->config.journal = s->journal;
  k->config.segment_bytes = 3000;
  k->config.index_interval_bytes = 400;
  k->engine = test_host_instance (k->host, k->module, NULL);
  for (int i = 0; i < 2; i++) {
    s->dirs[i] = (StokerLogDir){ .index = i, .path = paths[i] };
    s->dirs[i].journal = stk_journal_new (test_host_get (k->host), i, paths[i], 8 << 20);
    g_ptr_array_add (k->journals, s->dirs[i].journal);
    g_assert_cmpint (k->ops->dir_attach (k->engine, &s->dirs[i], note_found, &found, &err), ==, 0);
  }
  if (g_getenv ("STOKER_SEED"))
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

static int64_t
end_of (const Scene *s)
{
  return s->stamps->len * 2;
}

/* False: the disk is gone; whether the batch is there nobody knows. */
static bool
put (Scene *s)
{
  Maker m = maker (2);
  StokerAppend a;

  m.value = (size_t)g_rand_int_range (s->dice, 0, 400);
  m.timestamp = s->next;
  m.producer_id = 9;
  m.producer_epoch = 0;
  m.sequence = (int32_t)s->stamps->len * 2;
  m.leader_epoch = (int32_t)s->next / 50;
  a = kit_append (s->k, &m, STOKER_ORIGIN_CLIENT);
  g_array_append_val (s->stamps, s->next);
  s->next += 10;
  if (a.error)
    return false;
  g_assert_cmpint (a.first_offset, ==, end_of (s) - 2);
  if (s->journal)
    s->durable = MAX (s->durable, kit_ends (s->k).durable);
  return true;
}

static int
copy (Scene *s)
{
  StokerError err = { 0 };
  uint64_t copied;
  int64_t lag;

  return s->k->ops->move_copy (s->k->engine, s->k->log, s->future, (size_t)g_rand_int_range (s->dice, 1, 4000), &copied,
                               &lag, &err);
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
  s->durable = end_of (s); /* all of it was flushed over there */
  s->swaps++;
  g_assert_cmpint (kit_ends (s->k).end, ==, end_of (s));
  g_assert_cmpint (kit_ends (s->k).start, ==, s->start);
  return true;
}

static void
act (Scene *s)
{
  StokerError err = { 0 };
  int64_t to;

  int what = g_rand_int_range (s->dice, 0, 24);
  if (g_getenv ("STOKER_SEED"))
    g_test_message ("act %d end %d start %d durable %d log start %d future %d", what, (int)end_of (s), (int)s->start,
                    (int)s->durable, (int)kit_ends (s->k).start, s->future != NULL);
  switch (what) {
  case 0:
    g_assert_cmpint (s->k->ops->flush (s->k->engine, s->k->log, &err), ==, 0);
    s->durable = end_of (s);
    break;
  case 1:
    g_assert_cmpint (s->k->ops->dir_checkpoint (s->k->engine, g_rand_int_range (s->dice, 0, 2), &err), ==, 0);
    break;
  case 2:
    to = s->start / 2 * 2 + 2 * g_rand_int_range (s->dice, 0, (int)(end_of (s) - s->start) / 2 + 1);
    if (to < s->start)
      break;
    g_assert_cmpint (s->k->ops->truncate (s->k->engine, s->k->log, to, &err), ==, 0);
    g_array_set_size (s->stamps, (guint)(to / 2));
    s->durable = MIN (s->durable, to);
    break;
  case 3:
    to = s->start + g_rand_int_range (s->dice, 0, 20);
    to = MIN (end_of (s), to);
    g_assert_cmpint (s->k->ops->set_start (s->k->engine, s->k->log, to, &err), ==, 0);
    s->start = to;
    break;
  case 4:
    s->k->ops->tick (s->k->engine, INT64_MAX);
    break;
  case 5:
    if (s->future && g_rand_int_range (s->dice, 0, 3) == 0) {
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
    g_assert_true (put (s));
  }
}

/* The machine dies somewhere in here. */
static void
last_acts (Scene *s)
{
  s->calls = g_rand_int_range (s->dice, 1, 90);
  if (g_getenv ("STOKER_SEED"))
    g_test_message ("last: at %d future %d calls %d", s->at, s->future != NULL, s->calls);
  stk_sim_watch_disk (s->machine, die_soon, s);
  if (s->future == NULL)
    begin_move (s);
  if (s->future && copy (s) == 0 && swap (s))
    while (s->calls > 0 && put (s))
      ;
}

static void
check (Scene *s)
{
  StokerLogEnds ends = kit_ends (s->k);
  StokerBuf b = { 0 };
  StokerBatch h;

  g_assert_cmpint (ends.start, >=, s->start);
  g_assert_cmpint (ends.end, >=, MAX (s->durable, ends.start));
  g_assert_cmpint (ends.end, <=, MAX (end_of (s), s->start));
  kit_dump (s->k, ends.start, &b);
  for (size_t at = 0; at < b.len; at += (size_t)h.length) {
    g_assert_cmpint (stoker_batch_peek (b.data + at, b.len - at, &h), ==, 0);
    g_assert_true (stoker_batch_crc_ok (b.data + at, &h));
    g_assert_cmpint (h.base_timestamp, ==, g_array_index (s->stamps, int64_t, h.base_offset / 2));
  }
  stoker_buf_clear (&b);
}

/* After the cut the producer sends again what it has no answer for; what is there is recognised. False: nothing is
 * there, nor is it known. */
static bool
retry (Scene *s)
{
  StokerLogEnds ends = kit_ends (s->k);
  guint have = (guint)(ends.end / 2);

  for (guint i = have > 5 ? have - 5 : 0; i < have; i++) {
    Maker m = maker (2);
    StokerAppend a;
    if (i * 2 < ends.start) /* below the start it may be forgotten */
      continue;
    m.producer_id = 9;
    m.producer_epoch = 0;
    m.sequence = (int32_t)i * 2;
    a = kit_append (s->k, &m, STOKER_ORIGIN_CLIENT);
    g_assert_cmpint (a.error, ==, 0);
    g_assert_true (a.duplicate);
    g_assert_cmpint (a.first_offset, ==, i * 2);
  }
  g_array_set_size (s->stamps, have);
  s->durable = s->journal ? (int64_t)have * 2 : 0;
  s->start = ends.start;
  return have == 0 || ends.start < ends.end;
}

static unsigned
one_life (guint32 seed, bool journal)
{
  Scene s = { .sim = stk_sim_new (seed),
              .stamps = g_array_new (FALSE, FALSE, sizeof (int64_t)),
              .dice = g_rand_new_with_seed (seed),
              .journal = journal,
              .calls = -1 };
  StokerDisk *disk;
  bool go_on = true;

  s.machine = stk_sim_machine (s.sim);
  disk = stk_world_disk (s.machine);
  for (int i = 0; i < 2; i++)
    stoker_disk_mkdir (disk, paths[i]);
  stoker_disk_sync_dir (disk, "/");
  for (int cut = 0; cut < 4 && go_on; cut++) {
    boot (&s);
    check (&s);
    go_on = retry (&s);
    for (int i = go_on ? g_rand_int_range (s.dice, 10, 100) : 0; i > 0; i--)
      act (&s);
    if (go_on)
      last_acts (&s);
    stk_sim_watch_disk (s.machine, NULL, NULL);
    s.calls = -1;
    stk_sim_cut_power (s.machine);
    s.k->log = NULL;
    kit_free (s.k);
  }
  g_array_unref (s.stamps);
  g_rand_free (s.dice);
  stk_sim_free (s.sim);
  return s.swaps;
}

static void
test_cuts (const void *journal)
{
  const char *many = g_getenv ("STOKER_POWER_CUTS"), *only = g_getenv ("STOKER_SEED");
  guint32 n = many ? (guint32)atoi (many) : g_getenv ("LONG") ? 3000 : 60;
  unsigned swaps = 0;

  for (guint32 seed = only ? (guint32)atoi (only) : 1; seed <= (only ? (guint32)atoi (only) : n); seed++) {
    g_test_message ("seed %u", seed);
    swaps += one_life (seed, journal != NULL);
  }
  g_test_message ("%u moves", swaps);
  if (!only)
    g_assert_cmpuint (swaps, >, n / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/segment/move/cuts", NULL, test_cuts);
  g_test_add_data_func ("/segment/move/cuts-journal", "journal", test_cuts);
  return g_test_run ();
}
