/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker bench: its commands, and what they share.
 */
#include "cli/bench.h"

/* Opens the clients; finds a wrong setting before anybody is asked. */
static int
open_workers (BenchRun *r, BenchWorker *w, int n, StokerError *err)
{
  int half = r->o->kind == BENCH_LATENCY ? n / 2 : r->o->kind == BENCH_CONSUME ? 0 : n; /* producers */
  int rc = 0;

  for (int i = 0; i < n && rc == 0; i++) {
    w[i].run = r;
    w[i].index = i < half ? i : i - half;
    w[i].count.latency = cli_histogram_new ();
    g_mutex_init (&w[i].count.lock);
    if (r->o->kind != BENCH_PARTITIONS)
      rc = i < half ? bench_producer_open (&w[i], err) : bench_consumer_open (&w[i], err);
  }
  return rc;
}

/* Connections and metadata, so that they are not measured. */
static int
greet (BenchWorker *w, int n, const BenchTopic *t, StokerError *err)
{
  for (int i = 0; i < n; i++) {
    rd_kafka_topic_t *topic = rd_kafka_topic_new (w[i].rk, t->name, NULL);
    const struct rd_kafka_metadata *m;
    rd_kafka_resp_err_t e = rd_kafka_metadata (w[i].rk, 0, topic, &m, 30000);
    if (e == 0)
      rd_kafka_metadata_destroy (m);
    rd_kafka_topic_destroy (topic);
    if (e)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "librdkafka: %s", rd_kafka_err2str (e));
  }
  return 0;
}

static int work (const BenchOptions *o, BenchTopic *t, BenchResult *out, StokerError *err);

/* What is to be read must be written first; and each of many partitions is written to once before it is measured:
 * what the first record costs (files, usually) is another question. */
static int
fill_topic (const BenchOptions *o, BenchTopic *t, int64_t records, StokerError *err)
{
  BenchOptions f = *o;
  BenchResult r = { 0 };
  int rc;

  if (o->kind == BENCH_CONSUME) {
    f.kind = BENCH_PRODUCE;
    f.clients = 1;
  }
  f.duration = f.warm_up = 0;
  f.linger_ms = 20;
  f.records = records;
  rc = work (&f, t, &r, err);
  if (rc == 0 && r.failed)
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "the topic could not be filled: %s", rd_kafka_err2str (r.failure));
  bench_result_clear (&r);
  return rc;
}

/* Between the workers' clients being open and their being closed. */
static int
prepare (const BenchOptions *o, BenchTopic *t, BenchWorker *w, int n, StokerError *err)
{
  if (t->name == NULL && bench_topic_open (t, o, o->partitions, err))
    return -1;
  if (o->kind == BENCH_CONSUME && t->own && fill_topic (o, t, MAX (o->fill_mb * 1000000 / MAX (o->size, 1), 1), err))
    return -1;
  if (o->kind == BENCH_PARTITIONS && o->records == 0 && fill_topic (o, t, t->partitions * bench_block (o), err))
    return -1;
  if ((o->kind == BENCH_CONSUME || o->kind == BENCH_LATENCY) && bench_topic_offsets (t, o, err))
    return -1;
  return o->kind == BENCH_PARTITIONS ? 0 : greet (w, n, t, err);
}

/* One run on a topic; one that is not open yet is opened. */
static int
work (const BenchOptions *o, BenchTopic *t, BenchResult *out, StokerError *err)
{
  int n = (int)o->clients * (o->kind == BENCH_LATENCY ? 2 : 1), rc;
  BenchWorker *w = g_new0 (BenchWorker, n);
  BenchRun r;

  bench_run_init (&r, o, t);
  rc = open_workers (&r, w, n, err);
  if (rc == 0)
    rc = prepare (o, t, w, n, err);
  if (rc == 0)
    bench_watch (&r, w, n, out);
  for (int i = 0; i < n && w[i].run; i++)
    bench_worker_close (&w[i]);
  bench_run_clear (&r);
  g_free (w);
  return rc;
}

int
bench_once (const CliCommand *c, const BenchOptions *o, const char *name, BenchResult *out)
{
  BenchTopic t = { 0 };
  StokerError err;
  int rc = work (o, &t, out, &err);

  if (rc == 0) {
    out->name = name;
    out->topic = g_strdup (t.name);
  }
  if (t.name && !bench_topic_close (&t, o) && rc == 0)
    return CLI_FAILED;
  return rc == 0 ? CLI_GO_ON : cli_error (c, &err);
}

/* ---- the commands */

static int
run_one (const CliCommand *c, BenchKind kind, int argc, char **argv)
{
  BenchResult r = { 0 };
  BenchOptions o;
  int rc = bench_parse (c, kind, &o, argc, argv);

  if (rc == CLI_GO_ON) {
    bench_block_signals ();
    rc = bench_once (c, &o, NULL, &r);
    if (rc == CLI_GO_ON)
      rc = bench_report (c, &r, 1);
  }
  bench_result_clear (&r);
  bench_options_clear (&o);
  return rc;
}

static int
run_produce (const CliCommand *c, int argc, char **argv)
{
  return run_one (c, BENCH_PRODUCE, argc, argv);
}

static int
run_consume (const CliCommand *c, int argc, char **argv)
{
  return run_one (c, BENCH_CONSUME, argc, argv);
}

static int
run_latency (const CliCommand *c, int argc, char **argv)
{
  return run_one (c, BENCH_LATENCY, argc, argv);
}

/* Twice the same, over few partitions and over many. */
static int
run_partitions (const CliCommand *c, int argc, char **argv)
{
  BenchResult r[2] = { { 0 } };
  g_autofree char *many_name = NULL;
  BenchOptions many, few;
  int rc = bench_parse (c, BENCH_PARTITIONS, &many, argc, argv);

  if (rc == CLI_GO_ON) {
    few = many;
    few.partitions = 6;
    many_name = g_strdup_printf ("%" G_GINT64_FORMAT " partitions", many.partitions);
    bench_block_signals ();
    rc = bench_once (c, &few, "6 partitions", &r[0]);
    if (rc == CLI_GO_ON && r[0].interrupted)
      rc = bench_report (c, r, 1);
    if (rc == CLI_GO_ON)
      rc = bench_once (c, &many, many_name, &r[1]);
    if (rc == CLI_GO_ON)
      rc = bench_report (c, r, 2);
  }
  bench_result_clear (&r[0]);
  bench_result_clear (&r[1]);
  bench_options_clear (&many);
  return rc;
}

const CliCommand cli_bench_produce = {
  "bench",
  "produce",
  "",
  "Measure how fast records are taken, and how long until they are acknowledged.",
  "  stoker bench produce                                  # 100-byte records, as many as go, for 10 s\n"
  "  stoker bench produce --size 1024 --batch-size 16384 --linger 5 --acks 1\n"
  "  stoker bench produce --rate 50000 --clients 4 -z zstd --duration 60\n"
  "  stoker bench produce --keys 1000000 --key-distribution zipf -c cleanup.policy=compact\n"
  "  stoker bench produce --pid $(pidof stokerd) --json    # the server's CPU, memory and writes too\n",
  run_produce,
};

const CliCommand cli_bench_consume = {
  "bench",
  "consume",
  "",
  "Measure how fast records are read.",
  "  stoker bench consume --fill 2000                      # writes 2 GB, reads them once\n"
  "  stoker bench consume --clients 3 --duration 30        # again from the beginning, for 30 s\n"
  "  stoker bench consume --topic orders --pid $(pidof stokerd)\n",
  run_consume,
};

const CliCommand cli_bench_latency = {
  "bench",
  "latency",
  "",
  "Measure the time from the moment a record is due until it was read (end to end).",
  "  stoker bench latency                                  # 1,000 records a second, one partition\n"
  "  stoker bench latency --rate 20000 --duration 30 --acks 1\n"
  "  stoker bench latency --clients 3 --partitions 6 --size 1000 -X socket.nagle.disable=true\n",
  run_latency,
};

const CliCommand cli_bench_partitions = {
  "bench",
  "many-partitions",
  "",
  "Measure what it costs to spread batches over many partitions instead of 6.",
  "  stoker bench many-partitions --pid $(pidof stokerd)   # 10,000 partitions, batches of 16 KiB\n"
  "  stoker bench many-partitions --partitions 1000 --batch-size 4096 --duration 30\n",
  run_partitions,
};
