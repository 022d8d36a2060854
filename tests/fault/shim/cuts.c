/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts of a real process. STOKER_SHIM_CUTS=n: so many; STOKER_SEED=s: the first life has this seed. A process
 * does not do the same twice: what a cut that finds something was made of is kept.
 */
#include "config.h"

#include "../power/leave_out.h"
#include "shim.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct Plan
{
  uint64_t seed, wanted, cuts;
  unsigned failed, most; /* so many findings are enough */
  int64_t until;         /* monotonic time: then so many cuts must be enough */
  const LeaveOut *out;
  const char *settings;
  bool expected; /* that something is found */
  char *kept;    /* folder of a finding */
} Plan;

static Plan plan; /* of the program, set by main */

/* ---- the dark side */

static void
after_cut (Life *l)
{
  g_autofree char *name = g_strdup_printf ("cut-%" PRIu64, plan.cuts);

  node_leave (l, name);
  node_cut (l);
  while (l->depth < 4 && dice (l, 0, 10) < 3) /* and again, while it starts */
    node_start_in_vain (l);
  for (;;) {
    if (!node_start (l))
      broken (l, "it does not start: %s", l->err.text);
    check (l);
    load (l, (int)dice (l, 1, 12));
    if (l->depth >= 3 || dice (l, 0, 4))
      break;
    load (l, (int)dice (l, 1, 30));
    node_aim (l);
    node_cut (l);
  }
  load_settle (l);
  node_close (l, false);
  _exit (0);
}

/* ---- the bright side */

static void
tell (const char *said, uint64_t seed)
{
  const char *first = strstr (said, "BROKEN");

  plan.failed++;
  g_test_message ("seed %" PRIu64 ", cut %" PRIu64 ": %s", seed, plan.cuts, plan.expected && first ? first : said);
  if (!plan.expected)
    g_test_fail ();
}

static void
fork_cut (Life *l)
{
  g_autofree char *said = NULL;

  plan.cuts++;
  node_aim (l);
  said = trial (l, after_cut, false);
  if (said)
    tell (said, l->seed);
  (void)dice (l, 0, 2);
}

static bool
goes_on (void)
{
  return plan.failed < plan.most && plan.cuts < plan.wanted && g_get_monotonic_time () < plan.until;
}

static void
one_life (uint64_t seed)
{
  Life *l = life_new (seed, plan.settings);
  g_autofree char *dir = g_strdup_printf ("%s/stoker-shim-%d-%" PRIu64, g_get_tmp_dir (), (int)getpid (), seed);
  g_autofree char *other = NULL;

  l->two_dirs = seed % 2 == 0;
  l->compacts = seed % 3 < 2;
  l->meddle = plan.out ? leave_out : NULL;
  l->meddler = (void *)plan.out;
  node_open (l, dir);
  for (int round = 0; round < 3 && goes_on (); round++) {
    if (!node_start (l))
      broken (l, "it does not start: %s", l->err.text);
    if (round > 0)
      check (l);
    for (int i = 0; i < 7 && goes_on (); i++) {
      load (l, (int)dice (l, 1, 30));
      fork_cut (l);
    }
    load_settle (l);
    node_stop (l);
    other = g_getenv ("STOKER_SHIM_BROKER") ? NULL : node_compare (l); /* it may store into mappings, unseen */
    if (other) {
      g_test_message ("the record does not give what is there: %s", other);
      g_test_fail ();
      break;
    }
  }
  if (plan.failed && !plan.expected)
    g_test_message ("kept: %s", dir);
  node_close (l, plan.failed && !plan.expected);
}

static void
lives (uint64_t cuts, unsigned most, const LeaveOut *out, const char *settings, bool expected)
{
  uint64_t seed = plan.seed;

  plan.cuts = plan.failed = 0;
  plan.wanted = cuts;
  plan.most = most;
  plan.out = out;
  plan.settings = settings;
  plan.expected = expected;
  plan.until = g_getenv ("STOKER_SHIM_CUTS") || g_getenv ("LONG")
                   ? INT64_MAX
                   : g_get_monotonic_time () + 60000000; /* on a slow machine */
  for (; goes_on () && !g_test_failed (); seed++) {
    one_life (seed);
    if (seed % 10 == 0)
      g_test_message ("%" PRIu64 " cuts", plan.cuts);
  }
  g_test_message ("%" PRIu64 " cuts in the lives of the seeds %" PRIu64 " to %" PRIu64 ", %u with a loss", plan.cuts,
                  plan.seed, seed - 1, plan.failed);
}

static uint64_t
number (const char *name, uint64_t otherwise)
{
  const char *text = g_getenv (name);

  return text ? strtoull (text, NULL, 10) : otherwise;
}

static void
test_cuts (void)
{
  bool other = g_getenv ("STOKER_SHIM_BROKER") != NULL; /* its losses are counted */

  lives (number ("STOKER_SHIM_CUTS", g_getenv ("LONG") ? 1000 : 40), other ? 1000 : 3, NULL, "log.flush = journal\n",
         other);
}

static void
must_find (const LeaveOut *o, const char *settings)
{
  lives (number ("STOKER_SHIM_CUTS", 60), 1, o, settings, true);
  if (plan.failed == 0) {
    g_test_message ("nobody noticed that the flush is missing");
    g_test_fail ();
  }
}

static void
test_left_out (const void *row)
{
  must_find (row, "log.flush = journal\n");
}

static void
test_os (void)
{
  must_find (NULL, "log.flush = os\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  plan.seed = number ("STOKER_SEED", 1);
  g_test_add_func ("/shim/cuts", test_cuts);
  for (const LeaveOut *o = leave_outs; o->name; o++)
    if (strcmp (o->name, "ring") == 0 || strcmp (o->name, "coordinator") == 0)
      g_test_add_data_func (o->name[0] == 'r' ? "/shim/without-flush/ring" : "/shim/without-flush/coordinator", o,
                            test_left_out);
  g_test_add_func ("/shim/without-flush/os", test_os);
  return g_test_run ();
}
