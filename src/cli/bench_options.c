/* SPDX-License-Identifier: Apache-2.0
 *
 * The command lines of stoker bench: one table, each row with the commands that know the option.
 */
#include "cli/bench.h"

#include <math.h>
#include <string.h>

#define NOT_GIVEN CLI_NOT_GIVEN
#define P BENCH_PRODUCE
#define C BENCH_CONSUME
#define L BENCH_LATENCY
#define M BENCH_PARTITIONS

/* "2.5"; false for anything else. */
static bool
read_number (const char *text, double *out)
{
  char *end;

  *out = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*out);
}

static void
set_defaults (BenchOptions *o, BenchKind kind)
{
  *o = (BenchOptions){ .kind = kind,
                       .partitions = NOT_GIVEN,
                       .replicas = NOT_GIVEN,
                       .clients = NOT_GIVEN,
                       .rate = NOT_GIVEN,
                       .records = NOT_GIVEN,
                       .size = NOT_GIVEN,
                       .batch_size = NOT_GIVEN,
                       .keys = NOT_GIVEN,
                       .fill_mb = NOT_GIVEN,
                       .pid = NOT_GIVEN };
  o->acks = "all";
}

static bool
in (int64_t value, int64_t low, int64_t high)
{
  return value >= low && value <= high;
}

/* Times: each where one is given, else what the command takes when it does not depend on records. */
static int
check_times (const CliCommand *c, BenchOptions *o)
{
  bool counted = o->records != NOT_GIVEN;

  if (o->linger_text && (!read_number (o->linger_text, &o->linger_ms) || o->linger_ms < 0 || o->linger_ms > 900000))
    return cli_usage (c, "--linger needs milliseconds from 0 to 900000, not \"%s\"", o->linger_text);
  if (o->duration_text && (!read_number (o->duration_text, &o->duration) || o->duration <= 0 || o->duration > 1e6))
    return cli_usage (c, "--duration needs seconds, more than 0, not \"%s\"", o->duration_text);
  if (o->warm_up_text && (!read_number (o->warm_up_text, &o->warm_up) || o->warm_up < 0 || o->warm_up > 1e6))
    return cli_usage (c, "--warm-up needs seconds, not \"%s\"", o->warm_up_text);
  if (o->duration_text && counted)
    return cli_usage (c, "--duration and --records exclude each other");
  if (o->linger_text == NULL)
    o->linger_ms = o->kind == P ? 20 : o->kind == L ? 0 : 5;
  if (o->duration_text == NULL && !counted && o->kind != C)
    o->duration = 10;
  if (o->warm_up_text == NULL && o->duration > 0)
    o->warm_up = MIN (2, o->duration);
  if (o->kind == C && o->duration == 0 && o->warm_up > 0)
    return cli_usage (c, "--warm-up needs --duration: what is read once cannot be read for warm-up");
  return CLI_GO_ON;
}

static int
check_load (const CliCommand *c, BenchOptions *o)
{
  if (o->rate != NOT_GIVEN && !in (o->rate, 1, 1000000000))
    return cli_usage (c, "--rate must be from 1 to 1000000000 records a second; leave it out for no limit");
  if (o->size != NOT_GIVEN && !in (o->size, o->kind == L ? 16 : 0, 64 << 20))
    return cli_usage (c, "--size must be from %d to %d bytes", o->kind == L ? 16 : 0, 64 << 20);
  if (o->batch_size != NOT_GIVEN && !in (o->batch_size, 1, INT32_MAX))
    return cli_usage (c, "--batch-size must be from 1 to %d bytes", INT32_MAX);
  if (o->records != NOT_GIVEN && !in (o->records, 1, INT64_C (1000000000000)))
    return cli_usage (c, "--records must be from 1 to 1000000000000");
  if (o->keys != NOT_GIVEN && !in (o->keys, 1, 100000000))
    return cli_usage (c, "--keys must be from 1 to 100000000");
  if (o->distribution && strcmp (o->distribution, "uniform") != 0 && strcmp (o->distribution, "zipf") != 0)
    return cli_usage (c, "--key-distribution must be uniform or zipf, not \"%s\"", o->distribution);
  if (o->distribution && o->keys == NOT_GIVEN)
    return cli_usage (c, "--key-distribution needs --keys");
  if (o->fill_mb != NOT_GIVEN && !in (o->fill_mb, 1, 10000000))
    return cli_usage (c, "--fill must be from 1 to 10000000 MB");
  if (o->fill_mb != NOT_GIVEN && o->topic)
    return cli_usage (c, "--fill goes without --topic: a topic that is named is read as it is");
  if (strcmp (o->acks, "0") != 0 && strcmp (o->acks, "1") != 0 && strcmp (o->acks, "all") != 0
      && strcmp (o->acks, "-1") != 0)
    return cli_usage (c, "--acks must be 0, 1 or all, not \"%s\"", o->acks);
  if (o->idempotence && (o->acks[0] == '0' || o->acks[0] == '1'))
    return cli_usage (c, "--idempotence needs --acks all");
  return CLI_GO_ON;
}

static int
check_topic (const CliCommand *c, BenchOptions *o)
{
  if (o->topic && o->topic[0] == '\0')
    return cli_usage (c, "--topic is empty");
  if (o->partitions != NOT_GIVEN && !in (o->partitions, 1, 1000000))
    return cli_usage (c, "--partitions must be from 1 to 1000000");
  if (o->replicas != NOT_GIVEN && !in (o->replicas, 1, INT16_MAX))
    return cli_usage (c, "--replication-factor must be from 1 to %d", INT16_MAX);
  if (o->clients != NOT_GIVEN && !in (o->clients, 1, 1000))
    return cli_usage (c, "--clients must be from 1 to 1000");
  if (o->pid != NOT_GIVEN && (o->pid < 1 || !bench_use (o->pid).known))
    return cli_usage (c, "--pid: there is no process %" G_GINT64_FORMAT " on this machine", o->pid);
  return cli_pairs (c, "config", o->configs);
}

static void
fill_in (BenchOptions *o)
{
  if (o->partitions == NOT_GIVEN)
    o->partitions = o->kind == M ? 10000 : o->kind == L ? 1 : 6;
  if (o->clients == NOT_GIVEN)
    o->clients = o->kind == M ? 8 : 1;
  if (o->rate == NOT_GIVEN)
    o->rate = o->kind == L ? 1000 : 0;
  if (o->size == NOT_GIVEN)
    o->size = o->kind == M ? 1024 : 100;
  if (o->batch_size == NOT_GIVEN)
    o->batch_size = o->kind == M ? 16384 : 1000000;
  if (o->fill_mb == NOT_GIVEN)
    o->fill_mb = 1000;
  o->records = MAX (o->records, 0);
  o->keys = MAX (o->keys, 0);
  o->pid = MAX (o->pid, 0);
  o->replicas = o->replicas == NOT_GIVEN ? -1 : o->replicas; /* as CreateTopics says "the broker's default" */
  o->zipf = o->distribution && strcmp (o->distribution, "zipf") == 0;
}

int
bench_parse (const CliCommand *c, BenchKind kind, BenchOptions *o, int argc, char **argv)
{
  const struct
  {
    int kinds;
    CliOpt opt;
  } table[] = {
    { P | C | L,
      { "topic", 't', CLI_STRING, &o->topic, "NAME",
        C == kind ? "this one, as it is (one of its own, deleted in the end)"
                  : "this one, which stays (one of its own, deleted in the end)" } },
    { P | C | L | M,
      { "partitions", 'p', CLI_INT, &o->partitions, "N",
        M == kind   ? "how many to spread over (10000)"
        : L == kind ? "of a topic that is made (1)"
                    : "of a topic that is made (6)" } },
    { P | C | L | M,
      { "replication-factor", 'r', CLI_INT, &o->replicas, "N", "of a topic that is made (the broker's default)" } },
    { P | C | L | M,
      { "config", 'c', CLI_LIST, &o->configs, "KEY=VALUE", "a setting of a topic that is made; may be given again" } },
    { P | L,
      { "rate", 'R', CLI_INT, &o->rate, "N",
        L == kind ? "records a second of all clients together (1000)"
                  : "records a second of all clients together (as many as go)" } },
    { P | C | L | M,
      { "size", 's', CLI_INT, &o->size, "BYTES",
        M == kind ? "of a record's value (1024)" : "of a record's value (100)" } },
    { P | C | L | M,
      { "batch-size", 'B', CLI_INT, &o->batch_size, "BYTES",
        M == kind ? "the largest batch (16384)" : "the largest batch (1000000)" } },
    { P | C | L,
      { "linger", 'l', CLI_STRING, &o->linger_text, "MS",
        P == kind   ? "how long a batch waits for more (20)"
        : L == kind ? "how long a batch waits for more (0)"
                    : "how long a batch waits for more (5)" } },
    { P | L | M, { "acks", 'a', CLI_STRING, &o->acks, "N", "0, 1 or all (all)" } },
    { P | L, { "idempotence", 'i', CLI_FLAG, &o->idempotence, NULL, "idempotent producers" } },
    { P | C | L, { "compression", 'z', CLI_STRING, &o->codec, "CODEC", "gzip, snappy, lz4 or zstd (none)" } },
    { P | C | L, { "keys", 'k', CLI_INT, &o->keys, "N", "records have one of N keys (no key)" } },
    { P | C | L,
      { "key-distribution", 0, CLI_STRING, &o->distribution, "NAME",
        "uniform, or zipf: few keys are most records (uniform)" } },
    { P | C | L | M,
      { "clients", 'n', CLI_INT, &o->clients, "N",
        M == kind   ? "connections, each with one request of 6 batches at a time (8)"
        : L == kind ? "pairs of producer and consumer, each with threads of its own (1)"
                    : "each with threads of its own (1)" } },
    { C, { "fill", 0, CLI_INT, &o->fill_mb, "MB", "how much is written to its own topic first (1000)" } },
    { P | C | L | M,
      { "duration", 'd', CLI_STRING, &o->duration_text, "S",
        C == kind ? "read for so long, again from the beginning where needed (once)" : "seconds measured (10)" } },
    { P | C | L | M,
      { "warm-up", 'w', CLI_STRING, &o->warm_up_text, "S",
        "seconds before that, not measured (2; without --duration 0)" } },
    { P | C | L, { "records", 0, CLI_INT, &o->records, "N", "measure so many records instead" } },
    { P | C | L | M,
      { "pid", 0, CLI_INT, &o->pid, "PID", "the server's process on this machine: what it uses is measured too" } },
    { P | C | L | M,
      { "progress", 0, CLI_FLAG, &o->progress, NULL,
        "say once a second how it goes, also when standard error is no terminal" } },
  };
  CliOpt opts[G_N_ELEMENTS (table)];
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  size_t n = 0;
  int rc;

  set_defaults (o, kind);
  o->common.no_settings = kind == M; /* it speaks for itself */
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].kinds & (int)kind)
      opts[n++] = table[i].opt;
  rc = cli_parse (c, &o->common, opts, n, argc, argv, args);
  if (rc == CLI_GO_ON && args->len)
    rc = cli_usage (c, "what is \"%s\"?", (char *)args->pdata[0]);
  if (rc == CLI_GO_ON)
    rc = check_topic (c, o);
  if (rc == CLI_GO_ON)
    rc = check_load (c, o);
  if (rc == CLI_GO_ON)
    rc = check_times (c, o);
  fill_in (o);
  return rc;
}

void
bench_options_clear (BenchOptions *o)
{
  if (o->configs)
    g_ptr_array_free (o->configs, TRUE);
  if (o->common.settings)
    g_ptr_array_free (o->common.settings, TRUE);
}
