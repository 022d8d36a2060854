/* SPDX-License-Identifier: Apache-2.0 */
#include "world/timers.h"

#include <glib.h>

typedef struct Probe
{
  StkTimer timer;
  StkTimerHeap *heap;
  GArray *fired; /* of int64_t deadlines */
  int64_t again; /* arms itself for then when not 0 */
} Probe;

static void
on_fire (StkTimer *t)
{
  Probe *p = (Probe *)t;

  g_assert_cmpuint (t->slot, ==, 0);
  g_array_append_val (p->fired, t->deadline_us);
  if (p->again)
    stk_timers_set (p->heap, t, p->again);
}

static void
test_order (void)
{
  enum
  {
    N = 500
  };
  g_autoptr (GArray) fired = g_array_new (FALSE, FALSE, sizeof (int64_t));
  g_autofree Probe *p = g_new0 (Probe, N);
  StkTimerHeap h = { 0 };
  int64_t last = 0;
  guint left = 0;

  for (int i = 0; i < N; i++) {
    p[i] = (Probe){ .timer.fire = on_fire, .heap = &h, .fired = fired };
    stk_timers_set (&h, &p[i].timer, g_test_rand_int_range (1, 10000));
  }
  for (int i = 0; i < N; i += 2) /* move half of them */
    stk_timers_set (&h, &p[i].timer, g_test_rand_int_range (1, 10000));
  for (int i = 0; i < N; i += 5) { /* and drop some */
    stk_timers_cancel (&h, &p[i].timer);
    stk_timers_cancel (&h, &p[i].timer);
  }
  for (int64_t now = 0; now <= 10100; now += 77) {
    stk_timers_fire (&h, now);
    g_assert_cmpint (stk_timers_next (&h), >, now);
  }
  for (int i = 0; i < N; i++)
    left += i % 5 != 0;
  g_assert_cmpuint (fired->len, ==, left);
  for (guint i = 0; i < fired->len; last = g_array_index (fired, int64_t, i++))
    g_assert_cmpint (g_array_index (fired, int64_t, i), >=, last);
  g_assert_cmpint (stk_timers_next (&h), ==, INT64_MAX);
  stk_timers_clear (&h);
}

static void
test_again (void)
{
  g_autoptr (GArray) fired = g_array_new (FALSE, FALSE, sizeof (int64_t));
  StkTimerHeap h = { 0 };
  Probe p = { .timer.fire = on_fire, .heap = &h, .fired = fired, .again = 5 };

  stk_timers_set (&h, &p.timer, 1);
  stk_timers_fire (&h, 10); /* must return although the timer is due again */
  g_assert_cmpuint (fired->len, ==, 1);
  p.again = 0;
  stk_timers_fire (&h, 10);
  g_assert_cmpuint (fired->len, ==, 2);
  stk_timers_clear (&h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timers/order", test_order);
  g_test_add_func ("/timers/again", test_again);
  return g_test_run ();
}
