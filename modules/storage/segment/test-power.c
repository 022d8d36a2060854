/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts on the simulated disk, where each page and each name that was not synced survives by lot: what was flushed
 * is there, what is there is what was written, and what was truncated does not come back.
 */
#include "tests/conformance/storage/ledger.h"

extern const StokerModule stoker_module_storage_segment;

static Kit *
boot (StkWorld *machine, const Ledger *l, bool save)
{
  Kit *k = ledger_kit (machine, &stoker_module_storage_segment, save ? "recovery.bytes = 500\n" : NULL, "/data");

  k->journal = k->config.journal = l->journal;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  return k;
}

static void
put (Ledger *l, Kit *k)
{
  g_assert_true (ledger_put (l, k));
  if (l->journal) /* on this host the commit is over when append returns */
    g_assert_cmpint (l->durable, ==, ledger_end (l));
}

static void
act (Ledger *l, Kit *k)
{
  StokerError err = { 0 };
  int what = g_rand_int_range (l->dice, 0, 20);

  if (ledger_verbose ())
    g_test_message ("act %d end %d start %d durable %d", what, (int)ledger_end (l), (int)l->start, (int)l->durable);
  switch (what) {
  case 0:
  case 1:
    g_assert_cmpint (k->ops->flush (k->engine, k->log, &err), ==, 0);
    ledger_flushed (l);
    break;
  case 2:
    g_assert_cmpint (k->ops->dir_checkpoint (k->engine, 0, &err), ==, 0);
    break;
  case 3:
    ledger_truncate (l, k);
    break;
  case 4:
    ledger_set_start (l, k);
    break;
  case 5:
    k->ops->tick (k->engine, INT64_MAX);
    break;
  case 6:
    kit_reopen (k);
    ledger_flushed (l);
    break;
  default:
    put (l, k);
  }
}

static void
one_life (guint32 seed, void *journal)
{
  StkSim *sim = stk_sim_new (seed);
  StkWorld *machine = stk_sim_machine (sim);
  StokerDisk *disk = stk_world_disk (machine);
  Ledger l;
  bool known = true;

  ledger_init (&l, seed, journal != NULL);
  stoker_disk_mkdir (disk, "/data");
  stoker_disk_sync_dir (disk, "/");
  for (int cut = 0; cut < 3 && known; cut++) {
    Kit *k = boot (machine, &l, seed % 2); /* every other one saves indexes and producers inside segments */
    ledger_check (&l, k);
    known = ledger_retry (&l, k);
    if (known) {
      for (int i = g_rand_int_range (l.dice, 10, 120); i > 0; i--)
        act (&l, k);
      stk_sim_cut_power (machine);
      k->log = NULL;
    }
    kit_free (k);
  }
  ledger_clear (&l);
  stk_sim_free (sim);
}

static void
test_cuts (const void *journal)
{
  ledger_each_seed (one_life, (void *)journal);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/segment/power/cuts", NULL, test_cuts);
  g_test_add_data_func ("/segment/power/cuts-journal", "journal", test_cuts);
  return g_test_run ();
}
