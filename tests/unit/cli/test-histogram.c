/* SPDX-License-Identifier: Apache-2.0
 *
 * The histogram against sorted arrays.
 */
#include "cli/histogram.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

static int
by_value (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

  return x < y ? -1 : x > y;
}

static void
check_against_sorted (const int64_t *values, int64_t n)
{
  static const double shares[] = { 0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 };
  g_autofree int64_t *sorted = g_memdup2 (values, (gsize)n * sizeof *values);
  CliHistogram *h = cli_histogram_new ();

  for (int64_t i = 0; i < n; i++)
    cli_histogram_record (h, values[i]);
  qsort (sorted, (size_t)n, sizeof *sorted, by_value);
  for (gsize i = 0; i < G_N_ELEMENTS (shares); i++) {
    int64_t rank = CLAMP ((int64_t)ceil (shares[i] * (double)n), 1, n), want = sorted[rank - 1];
    int64_t got = cli_histogram_percentile (h, shares[i]);
    g_assert_cmpint (got, >=, want);
    g_assert_cmpint (got - want, <=, want / 256);
  }
  g_assert_cmpint (cli_histogram_count (h), ==, n);
  g_assert_cmpint (cli_histogram_max (h), ==, sorted[n - 1]);
  g_assert_cmpint (cli_histogram_percentile (h, 1), ==, sorted[n - 1]);
  cli_histogram_free (h);
}

static void
test_random (void)
{
  enum
  {
    N = 20000
  };
  g_autofree int64_t *v = g_new (int64_t, N);

  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < N; i++) /* from nothing to an hour, each size equally likely */
      v[i] = (int64_t)exp2 (g_test_rand_double_range (0, 41.5)) - (round & 1);
    check_against_sorted (v, 1 + g_test_rand_int_range (0, N));
  }
}

/* Each power of two with its neighbours: where buckets meet. */
static void
test_edges (void)
{
  for (int bit = 0; bit < 43; bit++)
    for (int64_t d = -2; d <= 2; d++) {
      int64_t v = MAX (((int64_t)1 << bit) + d, 0);
      check_against_sorted (&v, 1);
    }
}

/* An error of the position would show as one of the order. */
static void
test_order (void)
{
  int64_t last = 0;

  for (int64_t v = 0; v < (int64_t)1 << 42; v += 1 + v / 1000) {
    CliHistogram *h = cli_histogram_new ();
    int64_t end;
    cli_histogram_record (h, v);
    cli_histogram_record (h, (int64_t)1 << 42);
    end = cli_histogram_percentile (h, 0.5);
    g_assert_cmpint (end, >=, v);
    g_assert_cmpint (end, >=, last);
    last = end;
    cli_histogram_free (h);
  }
}

static void
test_outside (void)
{
  CliHistogram *h = cli_histogram_new ();

  g_assert_cmpint (cli_histogram_percentile (h, 0.5), ==, 0);
  g_assert_cmpint (cli_histogram_max (h), ==, 0);
  g_assert_cmpfloat (cli_histogram_mean (h), ==, 0);
  cli_histogram_record (h, -5);
  g_assert_cmpint (cli_histogram_percentile (h, 1), ==, 0);
  cli_histogram_record (h, INT64_MAX);
  g_assert_cmpint (cli_histogram_percentile (h, 0.5), ==, 0);
  g_assert_cmpint (cli_histogram_percentile (h, 1), ==, INT64_MAX);
  cli_histogram_free (h);
}

static void
test_merge (void)
{
  CliHistogram *all = cli_histogram_new (), *a = cli_histogram_new (), *b = cli_histogram_new ();

  for (int i = 0; i < 5000; i++) {
    int64_t v = g_test_rand_int_range (0, 1 << 30);
    cli_histogram_record (all, v);
    cli_histogram_record (i % 3 ? a : b, v);
  }
  cli_histogram_merge (a, b);
  g_assert_cmpint (cli_histogram_count (a), ==, 5000);
  for (double q = 0; q <= 1; q += 0.01)
    g_assert_cmpint (cli_histogram_percentile (a, q), ==, cli_histogram_percentile (all, q));
  g_assert_cmpfloat_with_epsilon (cli_histogram_mean (a), cli_histogram_mean (all), 1);
  cli_histogram_free (all);
  cli_histogram_free (a);
  cli_histogram_free (b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/histogram/random", test_random);
  g_test_add_func ("/cli/histogram/edges", test_edges);
  g_test_add_func ("/cli/histogram/order", test_order);
  g_test_add_func ("/cli/histogram/outside", test_outside);
  g_test_add_func ("/cli/histogram/merge", test_merge);
  return g_test_run ();
}
