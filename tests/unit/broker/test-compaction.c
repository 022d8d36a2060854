/* SPDX-License-Identifier: Apache-2.0
 *
 * Compaction against a model: whatever is appended, cleaned, restarted and cut, a consumer finds of each key the newest
 * record, at its offset, and nothing that was aborted; producers go on where they were.
 */
#include "compaction.h"

#include "broker/clean_marks.h"
#include "cut-disk.h"
#include "journal/journal.h"
#include "sim/sim.h"
#include "world/disk.h"

#include <glib/gstdio.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;

enum
{
  NOW = 1000000,
};

static guint32
n_seeds (guint32 few, guint32 many)
{
  return g_getenv ("STOKER_SEEDS") ? (guint32)atoi (g_getenv ("STOKER_SEEDS")) : g_getenv ("LONG") ? many : few;
}

static guint32
first_seed (void)
{
  return g_getenv ("STOKER_SEED") ? (guint32)atoi (g_getenv ("STOKER_SEED")) : 1;
}

static Kit *
prepare (bool journal)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, NULL);

  test_host_fake_clock (k->host, NOW);
  test_host_inline_work (k->host);
  k->journal = k->config.journal = journal;
  return k;
}

typedef struct Producers
{
  StokerProducerRow rows[2 * SCENE_PRODUCERS];
  unsigned n;
} Producers;

static bool
add_producer (void *user, const StokerProducerRow *row)
{
  Producers *p = user;
  g_assert_cmpint (row->producer_id, >=, 100);
  p->n++;
  p->rows[row->producer_id - 100] = *row;
  return true;
}

static void
same_producers (const Producers *a, const Producers *b)
{
  g_assert_cmpuint (a->n, ==, b->n);
  for (unsigned i = 0; i < G_N_ELEMENTS (a->rows); i++) {
    g_assert_cmpint (a->rows[i].epoch, ==, b->rows[i].epoch);
    g_assert_cmpint (a->rows[i].last_sequence, ==, b->rows[i].last_sequence);
    g_assert_cmpint (a->rows[i].last_offset, ==, b->rows[i].last_offset);
    g_assert_cmpint (a->rows[i].txn_first_offset, ==, b->rows[i].txn_first_offset);
  }
}

/* Everything that can be made anew is taken away, so that the next open has nothing but the batches. */
static void
forget_files (Kit *k)
{
  g_autofree char *folder = g_build_filename (k->path, "t-0", NULL);
  g_autofree char *checkpoint = g_build_filename (k->path, "recovery-point-offset-checkpoint", NULL);
  g_autoptr (GDir) d = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_cmpint (g_unlink (checkpoint), ==, 0);
  while ((name = g_dir_read_name (d)) != NULL)
    if (!g_str_has_suffix (name, ".log") && strcmp (name, "partition.metadata") != 0) {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
}

static void
restart (Scene *s, bool forget)
{
  Producers before = { 0 }, after = { 0 };

  s->k->ops->producers (s->k->engine, s->k->log, add_producer, &before);
  kit_stop (s->k, true);
  if (forget)
    forget_files (s->k);
  kit_start (s->k, !forget);
  s->k->log = kit_open (s->k, "t", 0);
  s->k->ops->set_hw (s->k->engine, s->k->log, kit_ends (s->k).end);
  s->k->ops->producers (s->k->engine, s->k->log, add_producer, &after);
  same_producers (&before, &after);
}

static void
one_model (guint32 seed)
{
  Scene s = { 0 };

  scene_init (&s, prepare (seed % 2), seed);
  test_host_tolerate (s.k->host, "segment.damaged");
  if (seed % 5 == 0)
    s.memory = 24 * 20; /* several runs, with ends in the middle of segments and batches */
  if (seed % 3 == 0)
    s.k->config.min_compaction_lag_ms = 1000;
  for (int round = 0; round < 12; round++) {
    for (int i = g_rand_int_range (s.dice, 0, 60); i > 0; i--)
      scene_put (&s);
    if (g_rand_int_range (s.dice, 0, 2))
      scene_settle (&s);
    g_assert_cmpint (scene_clean (&s, NULL), ==, STK_CLEAN_DONE);
    scene_check (&s);
    test_host_advance (s.k->host, g_rand_int_range (s.dice, 0, 4000));
    if (g_rand_int_range (s.dice, 0, 3) == 0) {
      bool forget = g_rand_int_range (s.dice, 0, 2);
      g_test_message ("round %d: restart%s", round, forget ? ", forgetful" : "");
      restart (&s, forget);
      scene_check (&s);
    }
    s.k->ops->tick (s.k->engine, INT64_MAX);
  }
  g_assert_cmpuint (s.runs, >, 0);
  kit_free (s.k);
  scene_clear (&s);
}

static void
test_model (void)
{
  for (guint32 seed = first_seed (); seed < first_seed () + n_seeds (30, 300); seed++) {
    g_test_message ("seed %u", seed);
    one_model (seed);
  }
}

static bool
never (Scene *s)
{
  return false;
}

/* ---- damage: whatever stands in the files, a run ends with an answer */

/* Changes some bytes of one batch in the file and makes its CRC right again, so that what reads it has to cope. */
static void
spoil_batch (GRand *dice, uint8_t *data, size_t len)
{
  size_t at = 0, spoilt = (size_t)g_rand_int_range (dice, 0, 20);
  StokerBatch b;
  uint32_t crc;

  while (stoker_batch_peek (data + at, len - at, &b) == 0 && spoilt-- > 0 && at + (size_t)b.length < len)
    at += (size_t)b.length;
  if (stoker_batch_peek (data + at, len - at, &b) != 0)
    return;
  for (int i = g_rand_int_range (dice, 1, 4); i > 0; i--)
    data[at + (size_t)g_rand_int_range (dice, 21, b.length)] = (uint8_t)g_rand_int (dice);
  crc = stoker_crc32c (0, data + at + 21, (size_t)b.length - 21);
  for (unsigned i = 0; i < 4; i++)
    data[at + 17 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void
one_damage (guint32 seed)
{
  Scene s = { 0 };
  g_autofree char *path = NULL, *data = NULL;
  StkCleanState state;
  gsize len;

  scene_init (&s, prepare (false), seed);
  test_host_tolerate (s.k->host, "segment.damaged");
  for (int i = 0; i < 60; i++)
    scene_put (&s);
  scene_settle (&s);
  kit_stop (s.k, true);
  path = g_build_filename (s.k->path, "t-0", "00000000000000000000.log", NULL);
  g_assert_true (g_file_get_contents (path, &data, &len, NULL));
  spoil_batch (s.dice, (uint8_t *)data, len);
  g_assert_true (g_file_set_contents (path, data, (gssize)len, NULL));
  kit_start (s.k, true);
  s.k->log = kit_open (s.k, "t", 0);
  s.k->ops->set_hw (s.k->engine, s.k->log, kit_ends (s.k).end);
  state = scene_clean (&s, never);
  g_test_message ("seed %u: %d", seed, state);
  g_assert_true (state == STK_CLEAN_DONE || state == STK_CLEAN_DAMAGED || state == STK_CLEAN_FAILED);
  kit_free (s.k);
  scene_clear (&s);
}

static void
test_damage (void)
{
  for (guint32 seed = first_seed (); seed < first_seed () + n_seeds (100, 3000); seed++)
    one_damage (seed);
}

/* ---- power cuts */
typedef struct Machine
{
  StkSim *sim;
  StkWorld *world;
  StokerDisk *disk;
} Machine;

static Kit *
boot (Machine *m, bool journal)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, "/data");

  test_host_set_disk (k->host, m->disk);
  test_host_fake_clock (k->host, NOW);
  test_host_inline_work (k->host);
  test_host_tolerate (k->host, "segment.damaged");
  test_host_tolerate (k->host, "segment.write_failed");
  test_host_tolerate (k->host, "segment.delete_failed");
  test_host_tolerate (k->host, "journal.failed");
  test_host_tolerate (k->host, "dir.failed");
  k->journal = k->config.journal = journal;
  return k;
}

static void
ignore_found (void *user, const StokerLogFound *f)
{
}

/* An open that loses its power too: recovery of a recovery must go well. */
static void
boot_in_vain (Machine *m, bool journal, GRand *dice)
{
  Kit *k = boot (m, journal);
  StokerTopicConfig config = k->config;
  StokerLogSpec spec = { .topic = STOKER_STR_LIT ("t"), .dir = &k->dir, .config = &config, .create = true };
  StokerError err = { 0 };

  for (unsigned i = 0; i < 16; i++)
    spec.topic_id.b[i] = (uint8_t)('t' + i);
  config.cleanup_compact = true;
  k->engine = test_host_instance (k->host, k->module, k->conf);
  k->dir = (StokerLogDir){ 0, k->path, false, NULL };
  if (k->journal)
    g_ptr_array_add (k->journals, k->dir.journal = stk_journal_new (test_host_get (k->host), 0, k->path, 8 << 20));
  cut_disk_after (m->disk, g_rand_int_range (dice, 0, 25));
  if (k->ops->dir_attach (k->engine, &k->dir, ignore_found, NULL, &err) == 0)
    (void)k->ops->open (k->engine, &spec, &k->log, &err);
  stk_sim_cut_power (m->world);
  k->log = NULL;
  kit_free (k);
  cut_disk_after (m->disk, -1);
}

static Machine *the_machine; /* for the callback below */

static bool
disk_is_dead (Scene *s)
{
  return cut_disk_dead (the_machine->disk);
}

/* Flushes, so that nothing but the compaction is at stake, then cuts the power somewhere in it. */
static void
one_cut (guint32 seed)
{
  Machine m = { .sim = stk_sim_new (seed) };
  Scene s = { 0 };
  StokerError err = { 0 };

  m.world = stk_sim_machine (m.sim);
  m.disk = cut_disk_new (stk_world_disk (m.world));
  the_machine = &m;
  stoker_disk_mkdir (m.disk, "/data");
  stoker_disk_sync_dir (m.disk, "/");
  for (int life = 0; life < 6; life++) {
    if (life > 0 && g_rand_int_range (s.dice, 0, 2))
      boot_in_vain (&m, seed % 2, s.dice);
    scene_init (&s, boot (&m, seed % 2), seed);
    if (life > 0) {
      g_assert_cmpint (kit_ends (s.k).end, ==, s.rows->len);
      s.k->ops->set_hw (s.k->engine, s.k->log, kit_ends (s.k).end);
    }
    test_host_advance (s.k->host, life * 3000);
    scene_check (&s);
    for (int i = g_rand_int_range (s.dice, 0, 60); i > 0; i--)
      scene_put (&s);
    scene_settle (&s);
    g_assert_cmpint (s.k->ops->flush (s.k->engine, s.k->log, &err), ==, 0);
    g_assert_cmpint (s.k->ops->dir_checkpoint (s.k->engine, 0, &err), ==, 0);
    if (g_rand_int_range (s.dice, 0, 4))
      cut_disk_after (m.disk, g_rand_int_range (s.dice, 0, 120));
    if (scene_clean (&s, disk_is_dead) == STK_CLEAN_DONE && !disk_is_dead (&s))
      scene_check (&s);
    stk_sim_cut_power (m.world);
    s.k->log = NULL;
    kit_free (s.k);
    cut_disk_after (m.disk, -1);
  }
  scene_clear (&s);
  cut_disk_free (m.disk);
  stk_sim_free (m.sim);
}

static void
test_cuts (void)
{
  for (guint32 seed = first_seed (); seed < first_seed () + n_seeds (60, 5000); seed++) {
    g_test_message ("seed %u", seed);
    one_cut (seed);
  }
}

/* ---- cleaner-offset-checkpoint */
static void
load_is (const char *dir, const char *text, int want)
{
  g_autofree char *path = g_build_filename (dir, "cleaner-offset-checkpoint", NULL);
  StokerDisk *disk = stk_posix_disk_new ();
  StkCleanMarks *m = stk_clean_marks_new (disk);
  StokerError err = { 0 };

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (stk_clean_marks_load (m, 0, dir, &err), ==, want);
  g_assert_cmpint (err.text[0] != 0, ==, want != 0);
  if (want == 0)
    g_assert_cmpint (stk_clean_marks_get (m, "a", 1), ==, 5);
  else
    g_assert_cmpint (stk_clean_marks_get (m, "a", 1), ==, -1);
  stk_clean_marks_free (m);
  stk_posix_disk_free (disk);
}

static void
test_marks (void)
{
  char *dir = test_dir_new ();
  StokerDisk *disk = stk_posix_disk_new ();
  StkCleanMarks *m = stk_clean_marks_new (disk);
  g_autofree char *path = g_build_filename (dir, "cleaner-offset-checkpoint", NULL), *text = NULL;
  StokerError err = { 0 };

  g_assert_cmpint (stk_clean_marks_load (m, 0, dir, &err), ==, 0); /* there is none */
  g_assert_cmpint (stk_clean_marks_get (m, "t", 0), ==, -1);
  g_assert_cmpint (stk_clean_marks_set (m, "gone", 0, 0, 7, &err), ==, 0);
  stk_clean_marks_forget (m, "gone", 0);
  g_assert_cmpint (stk_clean_marks_set (m, "t", 3, 0, 12, &err), ==, 0);
  g_assert_cmpint (stk_clean_marks_get (m, "t", 3), ==, 12);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "0\n1\nt 3 12\n");
  stk_clean_marks_free (m);
  stk_posix_disk_free (disk);
  load_is (dir, "0\n1\na 1 5\n", 0);
  load_is (dir, "0\n2\nb 0 1\na 1 5\n", 0);
  load_is (dir, "1\n1\na 1 5\n", -1);
  load_is (dir, "0\n3\na 1 5\n", -1);
  load_is (dir, "0\n2\na 1 5\nb 0 x\n", -1);
  load_is (dir, "0\n1\na 1 -5\n", -1);
  load_is (dir, "", -1);
  test_dir_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/compaction/marks", test_marks);
  g_test_add_func ("/compaction/model", test_model);
  g_test_add_func ("/compaction/damage", test_damage);
  g_test_add_func ("/compaction/cuts", test_cuts);
  return g_test_run ();
}
