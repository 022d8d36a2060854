/* SPDX-License-Identifier: Apache-2.0 */
#include "world/world.h"

#include <glib.h>
#include <stdatomic.h>

typedef struct Work
{
  StkTask task;
  StkPool *pool;
  atomic_int *done, *running, *most;
  int deeper; /* tasks that it posts itself */
} Work;

static void
run (StkTask *t)
{
  Work *w = (Work *)t;
  int now = atomic_fetch_add (w->running, 1) + 1;

  for (int seen = atomic_load (w->most); now > seen && !atomic_compare_exchange_weak (w->most, &seen, now);)
    ;
  g_usleep (100);
  if (w->deeper > 0) {
    Work *next = g_memdup2 (w, sizeof *w);
    next->deeper--;
    stk_pool_post (w->pool, &next->task);
  }
  atomic_fetch_sub (w->running, 1);
  atomic_fetch_add (w->done, 1);
  g_free (w);
}

static void
test_all_done (gconstpointer threads)
{
  StkWorld *world = stk_real_world_new ();
  StkPool *p = stk_pool_new (world, "test-pool", GPOINTER_TO_UINT (threads));
  atomic_int done = 0, running = 0, most = 0;

  for (int i = 0; i < 200; i++) {
    Work *w = g_new0 (Work, 1);
    *w = (Work){ { NULL, run }, p, &done, &running, &most, i % 2 };
    stk_pool_post (p, &w->task);
  }
  stk_pool_free (p); /* finishes what was posted, and what that posted */
  g_assert_cmpint (atomic_load (&done), ==, 300);
  g_assert_cmpint (atomic_load (&most), <=, GPOINTER_TO_INT (threads));
  stk_world_free (world);
}

static void
test_unused (void)
{
  StkWorld *world = stk_real_world_new ();

  stk_pool_free (stk_pool_new (world, "unused", 3));
  stk_world_free (world);
}

static void
count (void *user)
{
  atomic_fetch_add ((atomic_int *)user, 1);
}

static void
test_order (void)
{
  StkWorld *world = stk_real_world_new ();
  StkPool *p = stk_pool_new (world, "one", 1);
  atomic_int n = 0;

  for (int i = 0; i < 1000; i++)
    stk_pool_call (p, count, &n);
  stk_pool_free (p);
  g_assert_cmpint (atomic_load (&n), ==, 1000);
  stk_world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/pool/one", GUINT_TO_POINTER (1), test_all_done);
  g_test_add_data_func ("/pool/four", GUINT_TO_POINTER (4), test_all_done);
  g_test_add_func ("/pool/unused", test_unused);
  g_test_add_func ("/pool/calls", test_order);
  return g_test_run ();
}
