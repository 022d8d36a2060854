/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker bench without a broker: command lines, when records are due, keys, /proc. The rest is in
 * tests/system/test-bench.sh.
 */
#include "cli/bench.h"

#include <math.h>
#include <unistd.h>

static const CliCommand command = { "bench", "name", "", "Measures.", "  example\n", NULL };

/* The options point into the words: they are read before the words go. */
static int
parse (BenchKind kind, const char *line, BenchOptions *o)
{
  g_autofree char *all = g_strdup_printf ("name %s", line);
  g_auto (GStrv) words = g_strsplit (g_strchomp (all), " ", -1);
  int rc = bench_parse (&command, kind, o, (int)g_strv_length (words), words);

  bench_options_clear (o);
  return rc;
}

static void
test_defaults (void)
{
  BenchOptions o;

  g_assert_cmpint (parse (BENCH_PRODUCE, "", &o), ==, CLI_GO_ON);
  g_assert_true (o.partitions == 6 && o.clients == 1 && o.rate == 0 && o.size == 100 && o.keys == 0 && !o.topic);
  g_assert_true (o.duration == 10 && o.warm_up == 2 && o.linger_ms == 20 && o.records == 0 && o.pid == 0);
  g_assert_cmpint (parse (BENCH_CONSUME, "", &o), ==, CLI_GO_ON);
  g_assert_true (o.duration == 0 && o.warm_up == 0 && o.fill_mb == 1000);
  g_assert_cmpint (parse (BENCH_LATENCY, "", &o), ==, CLI_GO_ON);
  g_assert_true (o.partitions == 1 && o.rate == 1000 && o.linger_ms == 0);
  g_assert_cmpint (parse (BENCH_PARTITIONS, "", &o), ==, CLI_GO_ON);
  g_assert_true (o.partitions == 10000 && o.batch_size == 16384 && o.size == 1024 && o.clients == 8);
  g_assert_cmpint (parse (BENCH_PRODUCE, "--records 5", &o), ==, CLI_GO_ON);
  g_assert_true (o.records == 5 && o.duration == 0 && o.warm_up == 0);
  g_assert_cmpint (parse (BENCH_PRODUCE, "-d 0.5", &o), ==, CLI_GO_ON);
  g_assert_true (o.duration == 0.5 && o.warm_up == 0.5);
}

static void
test_right (void)
{
  static const char *const lines[]
      = { "-R 1 -s 0 -B 1 -l 0 -a 0 -n 1000 -d 0.01 -w 0", "-a 1 -z lz4 -k 5 --key-distribution zipf -p 3 -r 2",
          "-a -1 -i -l 2.5 -c a=b -c c=d -X e=f -t some --progress --json", "--records 10 --warm-up 1 --pid 1" };
  BenchOptions o;

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpint (parse (BENCH_PRODUCE, lines[i], &o), ==, CLI_GO_ON);
}

static void
test_wrong (void)
{
  static const struct
  {
    BenchKind kind;
    const char *line;
  } rows[] = {
    { BENCH_PRODUCE, "-R 0" },
    { BENCH_PRODUCE, "-R -5" },
    { BENCH_PRODUCE, "-R fast" },
    { BENCH_PRODUCE, "-s -1" },
    { BENCH_PRODUCE, "-s 99999999999" },
    { BENCH_PRODUCE, "-B 0" },
    { BENCH_PRODUCE, "-l -1" },
    { BENCH_PRODUCE, "-l x" },
    { BENCH_PRODUCE, "-l 1e9" },
    { BENCH_PRODUCE, "-d 0" },
    { BENCH_PRODUCE, "-d inf" },
    { BENCH_PRODUCE, "-d nan" },
    { BENCH_PRODUCE, "-d 5s" },
    { BENCH_PRODUCE, "-w -1" },
    { BENCH_PRODUCE, "-d 5 --records 5" },
    { BENCH_PRODUCE, "--records 0" },
    { BENCH_PRODUCE, "-a 2" },
    { BENCH_PRODUCE, "-a 1 -i" },
    { BENCH_PRODUCE, "-n 0" },
    { BENCH_PRODUCE, "-n 1001" },
    { BENCH_PRODUCE, "-k 0" },
    { BENCH_PRODUCE, "--key-distribution zipf" },
    { BENCH_PRODUCE, "-k 5 --key-distribution normal" },
    { BENCH_PRODUCE, "-p 0" },
    { BENCH_PRODUCE, "-r 0" },
    { BENCH_PRODUCE, "-r 40000" },
    { BENCH_PRODUCE, "-c nothing" },
    { BENCH_PRODUCE, "-X nothing" },
    { BENCH_PRODUCE, "--pid 0" },
    { BENCH_PRODUCE, "--pid 999999999" },
    { BENCH_PRODUCE, "-t " },
    { BENCH_PRODUCE, "word" },
    { BENCH_PRODUCE, "--fill 5" },
    { BENCH_CONSUME, "--rate 5" },
    { BENCH_CONSUME, "-w 1" },
    { BENCH_CONSUME, "--fill 0" },
    { BENCH_CONSUME, "--fill 5 -t some" },
    { BENCH_LATENCY, "-s 8" },
    { BENCH_PARTITIONS, "-t some" },
    { BENCH_PARTITIONS, "-n 0" },
  };
  BenchOptions o;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (parse (rows[i].kind, rows[i].line, &o) != CLI_USAGE)
      g_error ("\"%s\" was not refused", rows[i].line);
}

/* Nothing is lost to rounding: after each second exactly `rate` records more are due. */
static void
test_due (void)
{
  static const int64_t rates[] = { 1, 3, 7, 1000, 20000, 333333, 1000000000 };

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    int64_t last = 0;
    g_assert_cmpint (bench_due (100, rates[i], 0), ==, 100);
    for (int64_t second = 1; second < 100000; second *= 7)
      g_assert_cmpint (bench_due (100, rates[i], second * rates[i]), ==, 100 + second * 1000000000);
    for (int64_t k = 1; k < 1000; k++) {
      int64_t due = bench_due (0, rates[i], k);
      g_assert_cmpint (due, >, last);
      g_assert_cmpint (due - last, <=, 1000000000 / rates[i] + 1);
      last = due;
    }
  }
}

static void
test_uniform (void)
{
  enum
  {
    N = 10,
    DRAWS = 100000
  };
  BenchKeys *k = bench_keys_new (N, false);
  uint64_t random = 1;
  int seen[N] = { 0 };

  for (int i = 0; i < DRAWS; i++)
    seen[bench_keys_pick (k, &random)]++;
  for (int i = 0; i < N; i++)
    g_assert_cmpint (ABS (seen[i] - DRAWS / N), <, DRAWS / N / 10);
  bench_keys_free (k);
}

/* The k-th key 1 / k^0.99 as often as the first. */
static void
test_zipf (void)
{
  enum
  {
    N = 1000,
    DRAWS = 1000000
  };
  BenchKeys *k = bench_keys_new (N, true);
  uint64_t random = 7;
  g_autofree int *seen = g_new0 (int, N);
  double sum = 0;

  for (int i = 0; i < N; i++)
    sum += pow (i + 1, -0.99);
  for (int i = 0; i < DRAWS; i++) {
    int64_t n = bench_keys_pick (k, &random);
    g_assert_true (n >= 0 && n < N);
    seen[n]++;
  }
  for (int i = 0; i < 50; i++) {
    double want = DRAWS * pow (i + 1, -0.99) / sum;
    g_assert_cmpfloat (ABS (seen[i] - want), <, 5 * sqrt (want));
  }
  bench_keys_free (k);
}

static void
test_key_text (void)
{
  char text[BENCH_KEY_LEN];

  bench_key_text (99999999, text);
  g_assert_cmpmem (text, sizeof text, "key-000099999999", 16);
}

static void
test_process (void)
{
  BenchUse a = bench_use (getpid ()), b;
  double own = bench_own_cpu ();
  volatile unsigned work = 0;

  g_assert_true (a.known);
  g_assert_cmpint (a.rss, >, 100000);
  g_assert_cmpint (a.rss, <, (int64_t)1 << 36);
  while (bench_own_cpu () - own < 0.1)
    work += 1;
  b = bench_use_between (a, bench_use (getpid ()));
  g_assert_true (b.known);
  g_assert_cmpfloat (b.cpu, >=, 0.05); /* /proc counts in ticks of 10 ms */
  g_assert_cmpfloat (b.cpu, <, 5);
  g_assert_false (bench_use (999999999).known);
  g_assert_false (bench_use (0).known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("STOKER_BOOTSTRAP");
  g_test_add_func ("/bench/defaults", test_defaults);
  g_test_add_func ("/bench/right", test_right);
  g_test_add_func ("/bench/wrong", test_wrong);
  g_test_add_func ("/bench/due", test_due);
  g_test_add_func ("/bench/uniform", test_uniform);
  g_test_add_func ("/bench/zipf", test_zipf);
  g_test_add_func ("/bench/key-text", test_key_text);
  g_test_add_func ("/bench/process", test_process);
  return g_test_run ();
}
