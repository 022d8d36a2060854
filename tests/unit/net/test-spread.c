/* SPDX-License-Identifier: Apache-2.0
 *
 * The rule by which connections are spread, with loads and times by hand.
 */
#include "config.h"

#include "net/spread.h"

#include <glib.h>

#define WINDOW 20000

typedef struct Bench
{
  StkSpread *spread;
  int64_t now;
} Bench;

static Bench
bench (int n, int full)
{
  StkSpreadSettings set = STK_SPREAD_DEFAULTS;

  set.full = full;
  return (Bench){ stk_spread_new (n, &set), 1000000 };
}

static StkSpreadOrder
tell (Bench *b, int io, int percent)
{
  return stk_spread_tell (b->spread, io, b->now, WINDOW * percent / 100, WINDOW);
}

static int
place (Bench *b)
{
  return stk_spread_place (b->spread, b->now);
}

/* One is filled before the next is used; when all are full, evenly. */
static void
test_fill (void)
{
  Bench b = bench (3, 2);
  static const int wanted[] = { 0, 0, 1, 1, 2, 2, 0, 1, 2 };

  for (size_t i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_cmpint (place (&b), ==, wanted[i]);
  stk_spread_gone (b.spread, 1);
  stk_spread_gone (b.spread, 1);
  g_assert_cmpint (place (&b), ==, 1);
  stk_spread_free (b.spread);
}

/* A busy one gets no new connection while another is not busy; a load that is old means nothing. */
static void
test_busy (void)
{
  Bench b = bench (3, 100);

  g_assert_cmpint (tell (&b, 0, 60).to, ==, -1);
  g_assert_cmpint (stk_spread_load (b.spread, 0, b.now), ==, 600);
  g_assert_cmpint (place (&b), ==, 1);
  (void)tell (&b, 1, 90);
  g_assert_cmpint (place (&b), ==, 2);
  (void)tell (&b, 2, 70);
  g_assert_cmpint (place (&b), ==, 0); /* the least busy */
  b.now += 3 * WINDOW;
  g_assert_cmpint (stk_spread_load (b.spread, 0, b.now), ==, 0);
  g_assert_cmpint (place (&b), ==, 0);
  stk_spread_free (b.spread);
}

/* Three hot windows in a row, then half of the difference goes to the least busy one. */
static void
test_hot (void)
{
  Bench b = bench (3, 100);
  StkSpreadOrder o;

  g_assert_cmpint (tell (&b, 0, 90).to, ==, -1);
  b.now += WINDOW;
  g_assert_cmpint (tell (&b, 0, 90).to, ==, -1);
  b.now += WINDOW;
  g_assert_cmpint (tell (&b, 0, 40).to, ==, -1); /* not in a row */
  for (int i = 0; i < 2; i++) {
    b.now += WINDOW;
    (void)tell (&b, 1, 30);
    g_assert_cmpint (tell (&b, 0, 90).to, ==, -1);
  }
  b.now += WINDOW;
  (void)tell (&b, 1, 30);
  o = tell (&b, 0, 90);
  g_assert_cmpint (o.to, ==, 2);
  g_assert_cmpint (o.share, ==, 500);
  g_assert_true (o.hold);
  /* What is on its way counts at once: the next hot one chooses another. */
  g_assert_cmpint (stk_spread_load (b.spread, 2, b.now), ==, 450);
  g_assert_cmpint (tell (&b, 0, 90).to, ==, -1);
  stk_spread_free (b.spread);
}

/* Nothing is gained between two that are both busy, and one alone keeps all. */
static void
test_no_gain (void)
{
  Bench b = bench (2, 100), one = bench (1, 100);

  for (int i = 0; i < 20; i++) {
    g_assert_cmpint (tell (&b, 0, 95).to, ==, -1);
    g_assert_cmpint (tell (&b, 1, 80).to, ==, -1);
    g_assert_cmpint (tell (&one, 0, 100).to, ==, -1);
    b.now += WINDOW;
  }
  stk_spread_free (b.spread);
  stk_spread_free (one.spread);
}

/* What one could do is gathered there after a second, not when the first has work of its own or is full. */
static void
test_calm (void)
{
  Bench b = bench (3, 3);
  int64_t began = b.now;
  StkSpreadOrder o = { -1, 0, false };

  g_assert_cmpint (place (&b), ==, 0);
  while (o.to < 0) {
    g_assert_cmpint (tell (&b, 0, 10).to, ==, -1);
    o = tell (&b, 2, 15);
    b.now += WINDOW;
    g_assert_cmpint (b.now - began, <, 1500000);
  }
  g_assert_cmpint (b.now - began, >, 1000000);
  g_assert_cmpint (o.to, ==, 0);
  g_assert_cmpint (o.share, ==, 1000);
  g_assert_false (o.hold);
  for (int i = 0; i < 100; i++) { /* together too much for one; the one between them is free */
    g_assert_cmpint (tell (&b, 0, 20).to, ==, -1);
    o = tell (&b, 2, 15);
    b.now += WINDOW;
  }
  g_assert_cmpint (o.to, ==, 1);
  stk_spread_free (b.spread);
}

static void
test_calm_full (void)
{
  Bench b = bench (2, 1);

  g_assert_cmpint (place (&b), ==, 0);
  g_assert_cmpint (place (&b), ==, 1);
  for (int i = 0; i < 200; i++) {
    g_assert_cmpint (tell (&b, 1, 5).to, ==, -1);
    b.now += WINDOW;
  }
  stk_spread_gone (b.spread, 0); /* room again, a second later it is used */
  for (int i = 0; i < 40; i++) {
    g_assert_cmpint (tell (&b, 1, 5).to, ==, -1);
    b.now += WINDOW;
  }
  for (int i = 0; i < 20; i++) {
    (void)tell (&b, 1, 5);
    b.now += WINDOW;
  }
  g_assert_cmpint (tell (&b, 1, 5).to, ==, 0);
  stk_spread_free (b.spread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spread/fill", test_fill);
  g_test_add_func ("/spread/busy", test_busy);
  g_test_add_func ("/spread/hot", test_hot);
  g_test_add_func ("/spread/no-gain", test_no_gain);
  g_test_add_func ("/spread/calm", test_calm);
  g_test_add_func ("/spread/calm-full", test_calm_full);
  return g_test_run ();
}
