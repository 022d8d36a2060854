/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls on the disk that fail: in one scene, which begins with data of an earlier run, call k of the disk fails, for
 * all k (STOKER_IO_ERRORS=all) or a sample. The broker lives, acknowledges nothing that is lost, and goes on when there
 * is space again. STOKER_IO_ERRORS=k -p /io-errors/MODE shows one.
 */
#include "config.h"

#include "power.h"

#include <errno.h>
#include <stoker/disk.h>
#include <stdlib.h>
#include <unistd.h>

typedef enum Mode
{
  EIO_ONCE,
  EIO_FROM_NOW_ON,
  FULL_ONCE,
  FULL_FOR_A_WHILE,
  SHORT_WRITE,
  MODES
} Mode;

static const char *const mode_names[MODES]
    = { "eio-once", "eio-from-now-on", "full-once", "full-for-a-while", "short-write" };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SAMPLE 6
#else
#define SAMPLE 60
#endif
#define WHILE 40 /* calls */

typedef struct Fault
{
  Mode mode;
  uint64_t calls, at; /* at 0: only count */
  uint64_t failed;
} Fault;

static int meddle (Life *l, StkSimDiskCall call, const char *path);

/* Opening does for a new file only. */
static bool
takes_space (Life *l, StkSimDiskCall call, const char *path)
{
  StokerPathInfo info;
  bool there = true;

  if (call == STK_SIM_OPEN) {
    l->meddle = NULL;
    there = stoker_disk_stat (stk_world_disk (l->machine), path, &info) == 0;
    l->meddle = meddle;
  }
  return call == STK_SIM_WRITE || call == STK_SIM_RESERVE || call == STK_SIM_MKDIR || call == STK_SIM_RENAME || !there;
}

static int
meddle (Life *l, StkSimDiskCall call, const char *path)
{
  Fault *f = l->meddler;
  bool full = f->mode == FULL_ONCE || f->mode == FULL_FOR_A_WHILE;

  f->calls++;
  if (f->at == 0 || f->calls < f->at || (full && !takes_space (l, call, path)))
    return 0;
  if ((f->mode == SHORT_WRITE && call != STK_SIM_WRITE))
    return 0;
  if (f->failed > 0 && f->mode != EIO_FROM_NOW_ON && (f->mode != FULL_FOR_A_WHILE || f->failed >= WHILE))
    return 0;
  f->failed++;
  if (f->failed == 1)
    tale (l, "%s: it fails", path);
  return f->mode == SHORT_WRITE ? STK_SIM_PART : full ? -ENOSPC : -EIO;
}

/* Broker, clients, housekeeping. */
static void
act (Life *l)
{
  load (l, 50);
  stk_sim_run (l->sim, 3000000);
  load (l, 10);
  stk_sim_run (l->sim, 1000000);
  links_poll (l, false);
}

static void
start_again (Life *l)
{
  l->meddle = NULL;
  l->trouble = false;
  if (!node_start (l))
    broken (l, "it does not start any more: %s", l->err.text);
  check (l);
}

static void
with_fault (Life *l)
{
  Fault *f = l->meddler;
  /* A log whose flush in its own files meets a full disk, when the ring has met it too, takes no writes until it is
   * opened again: that is how it is now. */
  bool live = f->mode == FULL_ONCE || f->mode == SHORT_WRITE;

  l->meddle = meddle;
  l->trouble = true;
  if (!node_start (l)) { /* it may refuse to, but not for good */
    tale (l, "it does not start: %s", l->err.text);
    node_gone (l);
    start_again (l);
    return;
  }
  act (l);
  if (live) {
    l->meddle = NULL;
    stk_sim_run (l->sim, 6000000);
    links_poll (l, false);
    load_settle (l);
    check (l);
  }
  if (f->at % 2) {
    node_stop (l);
    l->meddle = NULL;
  } else {
    node_cut (l);
  }
  start_again (l);
  load (l, 5);
  load_settle (l);
}

typedef struct Plan
{
  uint64_t only; /* 0: all */
  bool all;
} Plan;

static Plan plan; /* of the program, set by main */

static void
without_fault (Life *l)
{
  Fault *f = l->meddler;

  l->meddle = meddle;
  if (!node_start (l))
    broken (l, "it does not start: %s", l->err.text);
  act (l);
  g_print ("calls=%" PRIu64 "\n", f->calls);
  _exit (1);
}

/* How many calls the scene has. */
static uint64_t
count (Life *l)
{
  g_autofree char *said = trial (l, without_fault, false);
  const char *at = said ? strstr (said, "calls=") : NULL;

  if (at == NULL)
    g_error ("the scene fails by itself: %s", said);
  return strtoull (at + 6, NULL, 10);
}

static Life *
scene (uint64_t seed, bool clean)
{
  Life *l = life_new (seed, "");

  if (!node_start (l))
    g_error ("%s", l->err.text);
  load (l, 60);
  load_settle (l);
  if (clean)
    node_stop (l);
  else
    node_cut (l);
  return l;
}

static void
test_mode (const void *which)
{
  Fault f = { .mode = (Mode)GPOINTER_TO_INT (which) };
  Life *l = scene (1 + f.mode / 2, f.mode % 2);
  unsigned failed = 0;
  uint64_t n, step;

  l->meddler = &f;
  n = count (l);
  step = plan.all || plan.only ? 1 : MAX (n / SAMPLE, 1);
  g_test_message ("%" PRIu64 " calls, every %" PRIu64 "th fails", n, step);
  for (uint64_t k = plan.only ? plan.only : 1; k <= n && failed < 3; k += plan.only ? n : step) {
    g_autofree char *said = NULL;
    f.at = step == 1 ? k : MIN (n, k + (k * 2654435761u >> 7) % step);
    said = trial (l, with_fault, plan.only > 0);
    if (said) {
      failed++;
      g_test_message ("STOKER_IO_ERRORS=%" PRIu64 " -p %s shows it: %s", f.at, g_test_get_path (), said);
      g_test_fail ();
    }
  }
}

int
main (int argc, char **argv)
{
  const char *what = g_getenv ("STOKER_IO_ERRORS");

  g_test_init (&argc, &argv, NULL);
  plan.all = g_getenv ("LONG") || (what && strcmp (what, "all") == 0);
  plan.only = what && !plan.all ? strtoull (what, NULL, 10) : 0;
  for (int m = 0; m < MODES; m++) {
    g_autofree char *path = g_strdup_printf ("/io-errors/%s", mode_names[m]);
    g_test_add_data_func (path, GINT_TO_POINTER (m), test_mode);
  }
  return g_test_run ();
}
