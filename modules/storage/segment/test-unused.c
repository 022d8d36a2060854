/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs that nobody has written to yet: they cost a directory and a small file, no flush, and a power cut or a stop at
 * any moment does them no harm. With the first record they become as any other.
 */
#include "tests/conformance/storage/ledger.h"

#include <string.h>

extern const StokerModule stoker_module_storage_segment;

static bool
add_name (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static char *
files_of (Kit *k, const char *log)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = g_build_filename (k->path, log, NULL);

  g_assert_cmpint (stoker_disk_list (k->disk, path, add_name, names), ==, 0);
  g_ptr_array_sort (names, by_text);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **)names->pdata);
}

static void
assert_files (Kit *k, const char *log, const char *expected)
{
  g_autofree char *found = files_of (k, log);
  g_assert_cmpstr (found, ==, expected);
}

#define USED                                                                                                           \
  "00000000000000000000.index 00000000000000000000.log 00000000000000000000.timeindex "                                \
  "00000000000000000003.snapshot leader-epoch-checkpoint partition.metadata"

/* Made and closed while every flush fails: there is none. */
static void
test_no_flush (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  StokerLog *log, *own = k->log;

  fault_disk_fail_syncs (k->disk, -EIO);
  log = kit_open (k, "u", 7);
  g_assert_cmpint (k->ops->epoch_begin (k->engine, log, 3), ==, 0);
  assert_files (k, "u-7", "partition.metadata");
  k->log = log;
  kit_assert_ends (k, 0, 0);
  k->ops->close (k->engine, log);
  k->log = own;
  fault_disk_fail_syncs (k->disk, 0);
  assert_files (k, "u-7", "partition.metadata");
  kit_free (k);
}

static void
test_first_append (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);

  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 0), ==, 0);
  kit_reopen (k);
  assert_files (k, "t-0", "partition.metadata");
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, -1); /* the broker begins it again */
  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 0), ==, 0);
  g_assert_cmpint (kit_put (k, 3), ==, 0);
  test_host_drain_work (k->host);
  kit_reopen (k);
  assert_files (k, "t-0", USED);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 0);
  kit_assert_ends (k, 0, 3);
  kit_free (k);
}

/* Nothing was made where the first append found no room; the next one is as if it were the first. */
static void
test_no_room (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  Maker m = maker (1);

  test_host_tolerate (k->host, "segment.write_failed");
  fault_disk_space (k->disk, 0);
  g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, STOKER_KAFKA_STORAGE_ERROR);
  fault_disk_space (k->disk, -1);
  g_assert_cmpint (kit_put (k, 1), ==, 0);
  kit_reopen (k);
  kit_assert_ends (k, 0, 1);
  kit_free (k);
}

/* ---- power cuts */
#define LOGS 6

/* What is flushed can be told from a log of another topic of the same name. */
static void
assert_known (StokerDisk *disk, int partition)
{
  g_autofree char *path = g_strdup_printf ("/data/t-%d/partition.metadata", partition);
  StokerBuf b = { 0 };

  g_assert_cmpint (stoker_disk_read_all (disk, path, 4096, &b), ==, 0);
  stoker_buf_append (&b, "", 1);
  g_assert_true (g_str_has_prefix ((char *)b.data, "version: 0\ntopic_id: "));
  stoker_buf_clear (&b);
}

static void
one_cut (guint32 seed, void *user)
{
  StkSim *sim = stk_sim_new (seed);
  StkWorld *machine = stk_sim_machine (sim);
  StokerDisk *disk = stk_world_disk (machine);
  GRand *dice = g_rand_new_with_seed (seed);
  int64_t flushed[LOGS] = { 0 }, end[LOGS] = { 0 };
  Kit *k;

  stoker_disk_mkdir (disk, "/data");
  stoker_disk_sync_dir (disk, "/");
  for (int life = 0; life < 4; life++) {
    StokerError err = { 0 };
    bool clean = g_rand_boolean (dice);
    k = ledger_kit (machine, &stoker_module_storage_segment, NULL, "/data");
    kit_start (k, false);
    for (int i = 0; i < LOGS; i++) {
      k->log = kit_open (k, "t", i);
      g_assert_cmpint (kit_ends (k).end, >=, flushed[i]);
      g_assert_cmpint (kit_ends (k).end, <=, end[i]);
      end[i] = kit_ends (k).end;
      if (g_rand_int_range (dice, 0, 3) == 0) {
        kit_put (k, 2);
        end[i] += 2;
      }
      if (g_rand_int_range (dice, 0, 3) == 0) {
        g_assert_cmpint (k->ops->flush (k->engine, k->log, &err), ==, 0);
        flushed[i] = end[i];
      }
      if (clean) {
        k->ops->close (k->engine, k->log);
        flushed[i] = end[i];
      }
    }
    stk_sim_cut_power (machine);
    for (int i = 0; i < LOGS; i++)
      if (flushed[i] > 0)
        assert_known (disk, i);
    k->log = NULL;
    kit_free (k);
  }
  g_rand_free (dice);
  stk_sim_free (sim);
}

static void
test_cuts (void)
{
  ledger_each_seed (one_cut, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/unused/no-flush", test_no_flush);
  g_test_add_func ("/segment/unused/first-append", test_first_append);
  g_test_add_func ("/segment/unused/no-room", test_no_room);
  g_test_add_func ("/segment/unused/cuts", test_cuts);
  return g_test_run ();
}
