/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts on the simulated disk, where each page and each name that was not synced survives by lot: what was flushed
 * is there, what is there is what was written, and what was truncated does not come back.
 */
#include "sim/sim.h"
#include "tests/conformance/storage/kit.h"

#include <string.h>

extern const StokerModule stoker_module_storage_segment;

/* What the log must hold: batches of two records, told apart by their timestamp. */
typedef struct Model
{
  GArray *stamps;  /* int64_t: of the batch at offset 2 * i */
  int64_t next;    /* stamp */
  int64_t durable; /* promised */
  int64_t start;
} Model;

typedef struct Scene
{
  StkSim *sim;
  StkWorld *machine;
  Kit *k;
  Model m;
  GRand *dice;
  bool journal, save; /* save: flushes save indexes and producers inside segments */
} Scene;

static Kit *
boot (Scene *s)
{
  const char *conf = s->save ? "recovery.bytes = 500\n" : NULL;
  Kit *k = kit_prepare (&stoker_module_storage_segment, conf, true, "/data");

  test_host_set_disk (k->host, stk_world_disk (s->machine));
  test_host_inline_work (k->host);
  test_host_tolerate (k->host, "segment.damaged");
  k->journal = k->config.journal = s->journal;
  k->config.segment_bytes = 3000;
  k->config.index_interval_bytes = 400;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  return k;
}

static int64_t
end_of (const Scene *s)
{
  return s->m.stamps->len * 2;
}

static void
put (Scene *s)
{
  Maker m = maker (2);
  StokerAppend a;

  m.value = (size_t)g_rand_int_range (s->dice, 0, 400);
  m.timestamp = s->m.next;
  m.producer_id = 9;
  m.producer_epoch = 0;
  m.sequence = (int32_t)s->m.stamps->len * 2;
  m.leader_epoch = (int32_t)s->m.next / 50;
  a = kit_append (s->k, &m, STOKER_ORIGIN_CLIENT);
  g_assert_cmpint (a.error, ==, 0);
  g_assert_false (a.duplicate);
  g_assert_cmpint (a.first_offset, ==, s->m.stamps->len * 2);
  g_array_append_val (s->m.stamps, s->m.next);
  s->m.next += 10;
  if (s->journal) { /* on this host the commit is over when append returns */
    g_assert_cmpint (kit_ends (s->k).durable, ==, end_of (s));
    s->m.durable = end_of (s);
  }
}

static void
act (Scene *s)
{
  StokerError err = { 0 };
  int64_t to;

  int what = g_rand_int_range (s->dice, 0, 20);
  if (g_getenv ("STOKER_SEED"))
    g_test_message ("act %d end %d start %d durable %d", what, (int)end_of (s), (int)s->m.start, (int)s->m.durable);
  switch (what) {
  case 0:
  case 1:
    g_assert_cmpint (s->k->ops->flush (s->k->engine, s->k->log, &err), ==, 0);
    s->m.durable = end_of (s);
    break;
  case 2:
    g_assert_cmpint (s->k->ops->dir_checkpoint (s->k->engine, 0, &err), ==, 0);
    break;
  case 3:
    to = s->m.start / 2 * 2 + 2 * g_rand_int_range (s->dice, 0, (int)(end_of (s) - s->m.start) / 2 + 1);
    if (to < s->m.start)
      break;
    g_assert_cmpint (s->k->ops->truncate (s->k->engine, s->k->log, to, &err), ==, 0);
    g_array_set_size (s->m.stamps, (guint)(to / 2));
    s->m.durable = MIN (s->m.durable, to);
    break;
  case 4:
    to = s->m.start + g_rand_int_range (s->dice, 0, 20);
    to = MIN (end_of (s), to);
    g_assert_cmpint (s->k->ops->set_start (s->k->engine, s->k->log, to, &err), ==, 0);
    s->m.start = to;
    break;
  case 5:
    s->k->ops->tick (s->k->engine, INT64_MAX);
    break;
  case 6:
    kit_reopen (s->k);
    s->m.durable = end_of (s);
    break;
  default:
    put (s);
  }
}

/* Every batch from the start on is the one of the model. */
static void
check (Scene *s)
{
  StokerLogEnds ends = kit_ends (s->k);
  StokerBuf b = { 0 };
  StokerBatch h;

  g_assert_cmpint (ends.start, >=, s->m.start);
  g_assert_cmpint (ends.end, >=, MAX (s->m.durable, ends.start));
  g_assert_cmpint (ends.end, <=, MAX (end_of (s), s->m.start));
  kit_dump (s->k, ends.start, &b);
  for (size_t at = 0; at < b.len; at += (size_t)h.length) {
    g_assert_cmpint (stoker_batch_peek (b.data + at, b.len - at, &h), ==, 0);
    g_assert_true (stoker_batch_crc_ok (b.data + at, &h));
    g_assert_cmpint (h.base_timestamp, ==, g_array_index (s->m.stamps, int64_t, h.base_offset / 2));
  }
  stoker_buf_clear (&b);
}

/* After the cut the producer sends again what it has no answer for; what is there is recognised. */
static void
retry (Scene *s)
{
  StokerLogEnds ends = kit_ends (s->k);
  guint have = (guint)(ends.end / 2);

  for (guint i = have > 5 ? have - 5 : 0; i < have; i++) {
    Maker m = maker (2);
    StokerAppend a;
    m.producer_id = 9;
    m.producer_epoch = 0;
    m.sequence = (int32_t)i * 2;
    a = kit_append (s->k, &m, STOKER_ORIGIN_CLIENT);
    if (i * 2 < ends.start) /* below the start it may be forgotten */
      continue;
    g_assert_cmpint (a.error, ==, 0);
    g_assert_true (a.duplicate);
    g_assert_cmpint (a.first_offset, ==, i * 2);
  }
  g_array_set_size (s->m.stamps, have);
  s->m.durable = s->journal ? (int64_t)have * 2 : 0; /* without a journal nothing was flushed by us since */
  s->m.start = ends.start;
}

static void
one_life (guint32 seed, bool journal)
{
  Scene s = { .sim = stk_sim_new (seed),
              .m = { .stamps = g_array_new (FALSE, FALSE, sizeof (int64_t)) },
              .dice = g_rand_new_with_seed (seed),
              .journal = journal,
              .save = seed % 2 };
  StokerDisk *disk;

  s.machine = stk_sim_machine (s.sim);
  disk = stk_world_disk (s.machine);
  stoker_disk_mkdir (disk, "/data");
  stoker_disk_sync_dir (disk, "/");
  for (int cut = 0; cut < 3; cut++) {
    s.k = boot (&s);
    check (&s);
    if (cut > 0 && kit_ends (s.k).start == kit_ends (s.k).end) { /* all of it is gone: the producer is not known */
      kit_free (s.k);
      break;
    }
    retry (&s);
    for (int i = g_rand_int_range (s.dice, 10, 120); i > 0; i--)
      act (&s);
    stk_sim_cut_power (s.machine);
    s.k->log = NULL;
    kit_free (s.k);
  }
  g_array_unref (s.m.stamps);
  g_rand_free (s.dice);
  stk_sim_free (s.sim);
}

static void
test_cuts (const void *journal)
{
  const char *many = g_getenv ("STOKER_POWER_CUTS");
  guint32 n = many ? (guint32)atoi (many) : g_getenv ("LONG") ? 3000 : 60;
  const char *only = g_getenv ("STOKER_SEED");

  for (guint32 seed = only ? (guint32)atoi (only) : 1; seed <= (only ? (guint32)atoi (only) : n); seed++) {
    g_test_message ("seed %u", seed);
    one_life (seed, journal != NULL);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/segment/power/cuts", NULL, test_cuts);
  g_test_add_data_func ("/segment/power/cuts-journal", "journal", test_cuts);
  return g_test_run ();
}
