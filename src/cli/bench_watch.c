/* SPDX-License-Identifier: Apache-2.0
 *
 * The command's own thread while workers work: opens and closes the window, shows how it goes, adds up.
 */
#include "cli/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Words of a small stock, so that codecs find as much to do as in logs. */
static void
make_values (uint8_t *to, size_t len)
{
  static const char *const words[]
      = { "GET ",  "POST ", "/index.html ", "/api/v2/orders/", "200 ",     "404 ",      "customer=",  "latency_ms=",
          "INFO ", "WARN ", "session ",     "user_id: ",       "\"ok\", ", "{\"id\": ", "region-eu ", "retry " };
  uint64_t random = 88172645463325252ull;

  for (size_t at = 0; at < len;) {
    uint64_t r = bench_random (&random);
    char number[24];
    const char *text = words[r % G_N_ELEMENTS (words)];
    size_t n;
    if (r >> 62 == 0) {
      g_snprintf (number, sizeof number, "%u ", (unsigned)(r >> 20));
      text = number;
    }
    n = MIN (strlen (text), len - at);
    memcpy (to + at, text, n);
    at += n;
  }
}

void
bench_run_init (BenchRun *r, const BenchOptions *o, const BenchTopic *t)
{
  *r = (BenchRun){ .o = o, .topic = t };
  r->until = INT64_MAX;
  r->values = g_malloc (BENCH_POOL + (size_t)o->size);
  make_values (r->values, BENCH_POOL + (size_t)o->size);
  if (o->keys && o->kind != BENCH_CONSUME)
    r->keys = bench_keys_new (o->keys, o->zipf);
  if (o->kind == BENCH_LATENCY) {
    r->nonce = (uint64_t)bench_now () | 1;
    r->from_now = true;
  }
  r->again = o->kind == BENCH_CONSUME && o->duration > 0;
}

void
bench_run_clear (BenchRun *r)
{
  g_free (r->values);
  bench_keys_free (r->keys);
}

void
bench_worker_close (BenchWorker *w)
{
  if (w->rk && w->reads)
    rd_kafka_consumer_close (w->rk);
  if (w->rk)
    rd_kafka_destroy (w->rk);
  cli_histogram_free (w->count.latency);
  g_mutex_clear (&w->count.lock);
}

/* ---- sums over workers */

typedef struct Sums
{
  int64_t at, records, bytes, sent, failed;
  double own_cpu;
  BenchUse server;
} Sums;

typedef struct Watch
{
  BenchRun *r;
  BenchWorker *w;
  int n;
  bool show, terminal, shown;
  Sums last;          /* when the line was last shown */
  Sums first, second; /* at the ends of the window */
} Watch;

/* Of those that tell how far it is: of latency, the readers. */
static Sums
add_up (const Watch *t)
{
  Sums s = { .at = bench_now () };

  for (int i = 0; i < t->n; i++) {
    BenchCount *c = &t->w[i].count;
    s.sent += atomic_load (&c->sent);
    s.failed += atomic_load (&c->failed);
    if (t->r->nonce && !t->w[i].reads)
      continue;
    s.records += atomic_load (&c->records);
    s.bytes += atomic_load (&c->bytes);
  }
  return s;
}

static Sums
measure (const Watch *t)
{
  Sums s;

  BenchUse u = bench_use (t->r->o->pid);
  double cpu = bench_own_cpu ();
  s = add_up (t);
  s.server = u;
  s.own_cpu = cpu;
  return s;
}

/* All workers of one sort in one. NULL where there is none. */
static CliHistogram *
merged (const Watch *t, bool reads)
{
  CliHistogram *h = NULL;

  for (int i = 0; i < t->n; i++) {
    BenchCount *c = &t->w[i].count;
    if (t->w[i].reads != reads)
      continue;
    h = h ? h : cli_histogram_new ();
    g_mutex_lock (&c->lock);
    cli_histogram_merge (h, c->latency);
    g_mutex_unlock (&c->lock);
  }
  return h;
}

/* ---- the progress line */

static void
show (Watch *t, const char *phase)
{
  Sums s = add_up (t);
  double seconds = (double)(s.at - t->last.at) / 1e9;
  CliHistogram *h = merged (t, t->r->nonce != 0);

  fprintf (stderr, "%s%s %.0f s: %.0f records/s, %.1f MB/s", t->terminal ? "\r" : "", phase,
           (double)(s.at - t->r->start) / 1e9, (double)(s.records - t->last.records) / seconds,
           (double)(s.bytes - t->last.bytes) / 1e6 / seconds);
  if (h && cli_histogram_count (h))
    fprintf (stderr, ", p50 %.2f p99 %.2f ms", (double)cli_histogram_percentile (h, 0.5) / 1e6,
             (double)cli_histogram_percentile (h, 0.99) / 1e6);
  if (s.failed)
    fprintf (stderr, ", %" G_GINT64_FORMAT " failed", s.failed);
  fprintf (stderr, "%s", t->terminal ? "\033[K" : "\n");
  fflush (stderr);
  cli_histogram_free (h);
  t->last = s;
  t->shown = true;
}

static void
tick (Watch *t, const char *phase)
{
  /* Looking often costs little, but what is measured in milliseconds is better left alone. */
  g_usleep (t->r->o->duration > 0 ? 50000 : 5000);
  if (t->show && bench_now () - t->last.at >= 1000000000)
    show (t, phase);
}

/* ---- the course of a run */

static void
start (Watch *t)
{
  BenchRun *r = t->r;
  const BenchOptions *o = r->o;

  r->start = bench_now () + 5000000;
  r->from = r->start + (int64_t)(o->warm_up * 1e9);
  r->until = o->duration > 0 ? r->from + (int64_t)(o->duration * 1e9) : INT64_MAX;
  t->last.at = r->start;
  t->first = measure (t); /* with warm-up it is measured again */
  for (int i = 0; i < t->n; i++)
    atomic_fetch_add (t->w[i].reads ? &r->reading : &r->producing, 1);
  for (int i = 0; i < t->n; i++)
    t->w[i].thread = g_thread_new ("bench",
                                   t->w[i].reads                 ? bench_consumer
                                   : o->kind == BENCH_PARTITIONS ? bench_spread
                                                                 : bench_producer,
                                   &t->w[i]);
}

static bool
all_done (const Watch *t)
{
  const BenchRun *r = t->r;

  if (r->o->kind == BENCH_CONSUME)
    return r->reading == 0 || (r->o->records && add_up (t).records - t->first.records >= r->o->records);
  return r->producing == 0;
}

/* Producers have sent; waits until each record was read, or nothing comes any more. */
static void
await_readers (Watch *t)
{
  int64_t since = bench_now (), patience = t->r->o->common.timeout_ms * 1000000;
  Sums s = add_up (t);

  while (s.records < s.sent - s.failed && bench_now () - since < patience && !bench_interrupted ()) {
    Sums next;
    g_usleep (5000);
    next = add_up (t);
    if (next.records != s.records)
      since = bench_now ();
    s = next;
  }
}

static void
watch_window (Watch *t)
{
  BenchRun *r = t->r;

  while (!bench_interrupted () && !all_done (t) && bench_now () < r->from)
    tick (t, "warm-up");
  if (r->o->warm_up > 0)
    t->first = measure (t);
  while (!bench_interrupted () && !all_done (t) && bench_now () < r->until)
    tick (t, "measured");
  t->second = measure (t);
}

static void
end (Watch *t)
{
  BenchRun *r = t->r;
  bool interrupted = bench_interrupted ();

  if (interrupted) {
    r->until = MIN (r->until, bench_now ());
    r->drop = r->stop = true;
  }
  while (r->producing && !r->drop) { /* each record of the window is waited for, or it would count as fast */
    tick (t, "awaited");
    r->drop = bench_interrupted ();
  }
  if (r->nonce && !interrupted)
    await_readers (t);
  r->stop = true;
  for (int i = 0; i < t->n; i++)
    g_thread_join (t->w[i].thread);
  if (t->shown && t->terminal)
    fprintf (stderr, "\r\033[K");
}

static void
fill_result (Watch *t, BenchResult *out)
{
  Sums last = add_up (t);

  *out = (BenchResult){ .o = t->r->o, .partitions = t->r->topic->partitions };
  out->seconds = MAX ((double)(t->second.at - t->first.at) / 1e9, 1e-9);
  out->records = t->second.records - t->first.records;
  out->bytes = t->second.bytes - t->first.bytes;
  out->sent = last.sent;
  out->failed = last.failed;
  out->interrupted = bench_interrupted ();
  if (t->r->nonce) { /* those of the window, whenever they came */
    out->records = last.records;
    out->bytes = last.bytes;
    out->lost = out->interrupted ? 0 : MAX (last.sent - last.records - last.failed, 0);
  }
  out->client_cpu = t->second.own_cpu - t->first.own_cpu;
  out->server = bench_use_between (t->first.server, t->second.server);
  for (int i = 0; i < t->n && out->failure == 0; i++)
    out->failure = atomic_load (&t->w[i].count.failure);
  if (t->r->o->kind != BENCH_CONSUME)
    out->acks = merged (t, false);
  if (t->r->nonce)
    out->ends = merged (t, true);
}

void
bench_watch (BenchRun *r, BenchWorker *workers, int n, BenchResult *out)
{
  Watch t = { .r = r, .w = workers, .n = n, .terminal = isatty (STDERR_FILENO) };

  t.show = t.terminal || r->o->progress;
  start (&t);
  watch_window (&t);
  end (&t);
  fill_result (&t, out);
}

void
bench_result_clear (BenchResult *out)
{
  g_free (out->topic);
  cli_histogram_free (out->acks);
  cli_histogram_free (out->ends);
  *out = (BenchResult){ 0 };
}
