/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured: for people, and as JSON.
 */
#include "cli/bench.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

static const struct
{
  const char *name;
  double share;
} percentiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 } };

static double
per_gb (double seconds, const BenchResult *r)
{
  return r->bytes ? seconds / ((double)r->bytes / 1e9) : 0;
}

/* ---- people */

/* "12,345,678"; g_free. */
static char *
grouped (int64_t n)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, n);
  GString *s = g_string_new (NULL);
  size_t len = strlen (digits);

  for (size_t i = 0; i < len; i++)
    g_string_append_printf (s, "%s%c", i > 0 && (len - i) % 3 == 0 ? "," : "", digits[i]);
  return g_string_free (s, FALSE);
}

static void
print_latency (const char *what, const CliHistogram *h)
{
  if (h == NULL || cli_histogram_count (h) == 0)
    return;
  printf ("%-18s", what);
  for (gsize i = 0; i < G_N_ELEMENTS (percentiles); i++)
    printf ("%s %.3f  ", percentiles[i].name, (double)cli_histogram_percentile (h, percentiles[i].share) / 1e6);
  printf ("max %.3f ms\n", (double)cli_histogram_max (h) / 1e6);
}

static void
print_server (const BenchResult *r)
{
  if (!r->server.known) {
    if (r->o->pid)
      printf ("server            process %" G_GINT64_FORMAT " has ended\n", r->o->pid);
    return;
  }
  printf ("server's CPU      %.2f s, %.2f s per GB\n", r->server.cpu, per_gb (r->server.cpu, r));
  printf ("server's memory   %.1f MB resident\n", (double)r->server.rss / 1e6);
  if (r->server.written >= 0 && r->o->kind != BENCH_CONSUME && r->bytes)
    printf ("server wrote      %.1f MB, %.2f bytes per byte produced\n", (double)r->server.written / 1e6,
            (double)r->server.written / (double)r->bytes);
}

static void
print_one (const BenchResult *r)
{
  g_autofree char *records = grouped (r->records);
  g_autofree char *rate = grouped ((int64_t)((double)r->records / r->seconds));

  if (r->name)
    printf ("%s\n", r->name);
  printf ("records           %s in %.2f s%s\n", records, r->seconds, r->interrupted ? ", then interrupted" : "");
  printf ("rate              %s records/s, %.1f MB/s\n", rate, (double)r->bytes / 1e6 / r->seconds);
  print_latency (r->ends ? "acknowledged" : "latency", r->acks);
  print_latency ("end to end", r->ends);
  printf ("client's CPU      %.2f s, %.2f s per GB\n", r->client_cpu, per_gb (r->client_cpu, r));
  print_server (r);
}

/* ---- programs */

static void
json_latency (CliJson *j, const char *key, const CliHistogram *h)
{
  if (h == NULL)
    return;
  cli_json_begin (j, key, '{');
  cli_json_int (j, "count", cli_histogram_count (h));
  cli_json_real (j, "mean", cli_histogram_mean (h) / 1e6);
  for (gsize i = 0; i < G_N_ELEMENTS (percentiles); i++)
    cli_json_real (j, percentiles[i].name, (double)cli_histogram_percentile (h, percentiles[i].share) / 1e6);
  cli_json_real (j, "max", (double)cli_histogram_max (h) / 1e6);
  cli_json_end (j, '}');
}

static void
json_settings (CliJson *j, const BenchResult *r)
{
  const BenchOptions *o = r->o;

  cli_json_begin (j, "settings", '{');
  cli_json_int (j, "partitions", r->partitions);
  cli_json_int (j, "clients", o->clients);
  cli_json_int (j, "rate", o->rate);
  cli_json_int (j, "size", o->size);
  cli_json_int (j, "batch_size", o->batch_size);
  cli_json_real (j, "linger_ms", o->linger_ms);
  cli_json_text (j, "acks", o->acks);
  cli_json_text (j, "compression", o->codec ? o->codec : "none");
  cli_json_int (j, "keys", o->keys);
  cli_json_text (j, "key_distribution", o->zipf ? "zipf" : "uniform");
  cli_json_bool (j, "idempotence", o->idempotence);
  cli_json_real (j, "warm_up_s", o->warm_up);
  cli_json_begin (j, "librdkafka", '[');
  for (guint i = 0; o->common.settings && i < o->common.settings->len; i++)
    cli_json_text (j, NULL, o->common.settings->pdata[i]);
  cli_json_end (j, ']');
  cli_json_begin (j, "configs", '[');
  for (guint i = 0; o->configs && i < o->configs->len; i++)
    cli_json_text (j, NULL, o->configs->pdata[i]);
  cli_json_end (j, ']');
  cli_json_end (j, '}');
}

static void
json_server (CliJson *j, const BenchResult *r)
{
  cli_json_begin (j, "server", '{');
  cli_json_int (j, "pid", r->o->pid);
  cli_json_real (j, "cpu_s", r->server.cpu);
  cli_json_real (j, "cpu_s_per_gb", per_gb (r->server.cpu, r));
  cli_json_int (j, "rss_bytes", r->server.rss);
  if (r->server.written >= 0)
    cli_json_int (j, "written_bytes", r->server.written);
  cli_json_end (j, '}');
}

static void
json_one (CliJson *j, const CliCommand *c, const BenchResult *r)
{
  cli_json_begin (j, NULL, '{');
  cli_json_text (j, "command", c->name);
  cli_json_text (j, "topic", r->topic);
  json_settings (j, r);
  cli_json_real (j, "seconds", r->seconds);
  cli_json_int (j, "records", r->records);
  cli_json_int (j, "bytes", r->bytes);
  cli_json_real (j, "records_per_s", (double)r->records / r->seconds);
  cli_json_real (j, "mb_per_s", (double)r->bytes / 1e6 / r->seconds);
  cli_json_int (j, "failed", r->failed);
  cli_json_int (j, "lost", r->lost);
  cli_json_bool (j, "interrupted", r->interrupted);
  json_latency (j, r->ends ? "acknowledged_ms" : "latency_ms", r->acks);
  json_latency (j, "end_to_end_ms", r->ends);
  cli_json_real (j, "client_cpu_s", r->client_cpu);
  if (r->server.known)
    json_server (j, r);
  cli_json_end (j, '}');
}

/* ---- */

static double
ratio (const BenchResult *r)
{
  double base = per_gb (r[0].server.cpu, &r[0]);

  return base > 0 ? per_gb (r[1].server.cpu, &r[1]) / base : 0;
}

static void
print_all (const CliCommand *c, const BenchResult *r, int n)
{
  CliJson j = { 0 };
  bool compare = n == 2 && r[0].server.known && r[1].server.known && ratio (r) > 0;

  if (!r->o->common.json) {
    for (int i = 0; i < n; i++) {
      print_one (&r[i]);
      if (n > 1)
        printf ("\n");
    }
    if (compare)
      printf ("CPU per GB        %.2f times that of %d partitions\n", ratio (r), r[0].partitions);
    return;
  }
  if (n > 1) {
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "command", c->name);
    cli_json_begin (&j, "runs", '[');
  }
  for (int i = 0; i < n; i++)
    json_one (&j, c, &r[i]);
  if (n > 1) {
    cli_json_end (&j, ']');
    if (compare)
      cli_json_real (&j, "cpu_per_gb_ratio", ratio (r));
    cli_json_end (&j, '}');
  }
  cli_json_print (&j);
}

int
bench_report (const CliCommand *c, const BenchResult *results, int n)
{
  int rc = CLI_OK;

  print_all (c, results, n);
  for (int i = 0; i < n; i++) {
    const BenchResult *r = &results[i];
    if (r->failed)
      rc = cli_failed ("%" G_GINT64_FORMAT " %s%s%s: %s", r->failed, r->o->kind == BENCH_CONSUME ? "error" : "record",
                       cli_s ((uint64_t)r->failed), r->o->kind == BENCH_CONSUME ? " while reading" : " failed",
                       rd_kafka_err2str (r->failure));
    if (r->lost)
      rc = cli_failed ("%" G_GINT64_FORMAT " record%s did not come back within %" G_GINT64_FORMAT " ms", r->lost,
                       cli_s ((uint64_t)r->lost), r->o->common.timeout_ms);
    if (r->interrupted)
      rc = CLI_FAILED;
    else if (r->records == 0 && rc == CLI_OK)
      rc = cli_failed ("nothing was measured: no record was %s in time",
                       r->o->kind == BENCH_CONSUME ? "read" : "acknowledged");
  }
  return rc;
}
