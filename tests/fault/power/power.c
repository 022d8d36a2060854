/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts of a whole broker. STOKER_POWER_CUTS=n: so many; STOKER_SEED=s: the life of this seed alone,
 * STOKER_SEED=s:k: its k-th cut alone, in this process.
 */
#include "config.h"

#include "power.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
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
  unsigned failed;
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
limits (void)
{
  struct rlimit none = { 0, 0 };

  (void)setrlimit (RLIMIT_CORE, &none);
  alarm (120);
}

static void
tell (int fd, int status, uint64_t seed)
{
  char buf[4096];
  ssize_t n;

  lseek (fd, 0, SEEK_SET);
  g_test_message ("seed %" PRIu64 " cut %" PRIu64 ": %s %d; STOKER_SEED=%" PRIu64 ":%" PRIu64 " shows it", seed,
                  life_cuts, WIFSIGNALED (status) ? "signal" : "exit",
                  WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status), seed, life_cuts);
  while ((n = read (fd, buf, sizeof buf)) > 0)
    (void)!write (2, buf, (size_t)n);
  plan.failed++;
  g_test_fail ();
}

static void
fork_cut (Life *l)
{
  int status = 0, said = memfd_create ("said", MFD_CLOEXEC);
  pid_t child;

  plan.cuts++;
  fflush (NULL);
  child = plan.only_cut ? 0 : fork ();
  if (child == 0) {
    if (plan.only_cut == 0) {
      dup2 (said, 1);
      dup2 (said, 2);
    }
    limits ();
    after_cut (l);
  }
  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (status != 0)
    tell (said, status, l->seed);
  close (said);
}

static void
cut_and_go_on (Life *l)
{
  life_cuts++;
  if (plan.only_cut == 0 || life_cuts == plan.only_cut)
    fork_cut (l);
  next_cut (l, 300);
}

static void
one_life (uint64_t seed, const char *settings)
{
  Life *l = life_new (seed, settings);

  life_cuts = 0;
  l->cut = cut_and_go_on;
  next_cut (l, 300);
  if (!node_start (l))
    g_error ("%s", l->err.text);
  for (int i = 0; i < 3 && plan.failed < 3; i++) {
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
test_cuts (const void *settings)
{
  uint64_t seed = plan.only_seed ? plan.only_seed : 1;

  plan.cuts = 0;
  for (; plan.cuts < plan.wanted && plan.failed < 3; seed++) {
    one_life (seed, settings);
    if (plan.only_seed)
      break;
  }
  g_test_message ("%" PRIu64 " cuts in the lives of seeds 1 to %" PRIu64, plan.cuts, seed - 1);
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
  g_test_add_data_func ("/power/cuts", "", test_cuts);
  return g_test_run ();
}
