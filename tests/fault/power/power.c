/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts of a whole broker. STOKER_POWER_CUTS=n: so many; STOKER_SEED=s: the life of this seed alone,
 * STOKER_SEED=s:k: its k-th cut alone, in this process (with -p /power/cuts or another test).
 */
#include "config.h"

#include "leave_out.h"

#include <stdlib.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define CUTS 40
#else
#define CUTS 1000
#endif

typedef struct Plan
{
  uint64_t only_seed; /* 0: all */
  uint64_t only_cut;  /* 0: all */
  uint64_t cuts, wanted;
  unsigned failed, most; /* cuts that broke something; so many are enough */
  const LeaveOut *out;   /* NULL: nothing is left out */
} Plan;

static Plan plan;          /* of the program, set by main */
static uint64_t life_cuts; /* of the present life */

/* ---- the dark side */

/* Where the power goes next; most often soon. */
static void
next_cut (Life *l, int64_t most)
{
  l->cut_at = l->calls + (uint64_t)dice (l, 1, dice (l, 2, most + 2));
}

static void after_cut (Life *l);

static void
again (Life *l)
{
  after_cut (l);
}

static void
after_cut (Life *l)
{
  int64_t kind;

  node_cut (l);
  l->cut = again;
  kind = dice (l, 0, 10);
  if (l->depth < 4 && kind < 4) /* while it starts, or soon after */
    next_cut (l, kind < 2 ? 12 : 120);
  if (!node_start (l))
    broken (l, "it does not start: %s", l->err.text);
  check (l);
  load (l, (int)dice (l, 1, 12));
  load_settle (l);
  if (l->depth < 3 && dice (l, 0, 4) == 0) {
    next_cut (l, 200);
    load (l, 40);
    l->cut_at = 0;
    load_settle (l);
  }
  _exit (0);
}

/* ---- the bright side */

static void
tell (const char *said, uint64_t seed)
{
  const char *first = strstr (said, "BROKEN");

  plan.failed++;
  if (plan.out && plan.out->matters) { /* as it should be */
    g_test_message ("seed %" PRIu64 " cut %" PRIu64 " finds it: %s", seed, life_cuts, first ? first : said);
    return;
  }
  g_test_message ("seed %" PRIu64 " cut %" PRIu64 " (-p %s with STOKER_SEED=%" PRIu64 ":%" PRIu64 " shows it): %s",
                  seed, life_cuts, g_test_get_path (), seed, life_cuts, said);
  g_test_fail ();
}

static void
fork_cut (Life *l)
{
  g_autofree char *said = NULL;

  plan.cuts++;
  said = trial (l, after_cut, plan.only_cut > 0);
  if (said)
    tell (said, l->seed);
}

static void
cut_and_go_on (Life *l)
{
  life_cuts++;
  if (plan.failed >= plan.most)
    return;
  if (plan.only_cut == 0 || life_cuts == plan.only_cut)
    fork_cut (l);
  next_cut (l, 300);
}

static void
one_life (uint64_t seed)
{
  Life *l = life_new (seed, "");

  l->two_dirs = seed % 3 == 0;
  l->compacts = seed % 2 == 0;
  life_cuts = 0;
  l->cut = cut_and_go_on;
  l->meddle = plan.out ? leave_out : NULL;
  l->meddler = (void *)plan.out;
  next_cut (l, 300);
  if (!node_start (l))
    g_error ("%s", l->err.text);
  for (int i = 0; i < 3 && plan.failed < plan.most; i++) {
    load (l, 60);
    if (i < 2) {
      load_settle (l);
      node_stop (l);
      if (!node_start (l))
        broken (l, "it does not start after a clean stop: %s", l->err.text);
      check (l);
    }
  }
  l->cut_at = 0;
  load_settle (l);
  node_stop (l);
  life_free (l);
}

static void
lives (uint64_t cuts, unsigned most, const LeaveOut *out)
{
  uint64_t seed = plan.only_seed ? plan.only_seed : 1;

  plan.cuts = plan.failed = 0;
  plan.most = most;
  plan.out = out;
  do
    one_life (seed);
  while (!plan.only_seed && plan.cuts < cuts && plan.failed < most && ++seed);
  g_test_message ("%" PRIu64 " cuts in the lives of the seeds up to %" PRIu64, plan.cuts, seed);
}

static void
test_cuts (void)
{
  lives (plan.wanted, 3, NULL);
}

static void
test_left_out (const void *row)
{
  const LeaveOut *o = row;

  g_test_message ("%s", o->why);
  lives (o->matters ? MAX (plan.wanted, 1000) : plan.wanted / 20, 1, o); /* the first that finds it ends it */
  if (o->matters && plan.failed == 0 && !plan.only_seed) {
    g_test_message ("nobody noticed that the flush is missing");
    g_test_fail ();
  }
}

int
main (int argc, char **argv)
{
  const char *many = g_getenv ("STOKER_POWER_CUTS"), *only = g_getenv ("STOKER_SEED");
  char *colon = NULL;

  g_test_init (&argc, &argv, NULL);
  plan.wanted = many ? strtoull (many, NULL, 10) : CUTS * (g_getenv ("LONG") ? 10 : 1);
  if (only) {
    plan.only_seed = strtoull (only, &colon, 10);
    plan.only_cut = *colon == ':' ? strtoull (colon + 1, NULL, 10) : 0;
  }
  g_test_add_func ("/power/cuts", test_cuts);
  for (const LeaveOut *o = leave_outs; o->name; o++) {
    g_autofree char *path = g_strdup_printf ("/power/without-flush/%s", o->name);
    g_test_add_data_func (path, o, test_left_out);
  }
  return g_test_run ();
}
