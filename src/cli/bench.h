/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker bench: load on a broker, measured from the client's side.
 *
 * A run has three parts: warm-up, the window that is measured, and what is needed to learn the fate of each record
 * whose time lay in the window. Each worker is a thread with a client of its own; the command's thread watches.
 * All times are nanoseconds of the monotonic clock.
 */
#ifndef STK_CLI_BENCH_H
#define STK_CLI_BENCH_H

#include "cli/bench_keys.h"
#include "cli/bench_process.h"
#include "cli/client.h"
#include "cli/histogram.h"
#include "cli/rdk.h"

#include <stdatomic.h>

typedef enum BenchKind
{
  BENCH_PRODUCE = 1,
  BENCH_CONSUME = 2,
  BENCH_LATENCY = 4,
  BENCH_PARTITIONS = 8,
} BenchKind;

typedef struct BenchOptions
{
  CliCommon common;
  BenchKind kind;
  const char *topic; /* NULL: one of its own */
  int64_t partitions, replicas;
  GPtrArray *configs;
  int64_t clients, rate, records, size, batch_size, keys, fill_mb, pid; /* rate 0: unlimited; records, pid 0: none */
  const char *acks, *codec, *distribution, *linger_text, *duration_text, *warm_up_text;
  double linger_ms, duration, warm_up; /* duration 0: until the records end */
  bool idempotence, progress, zipf;
} BenchOptions;

/* Reads and checks a command line. CLI_GO_ON, or the code to exit with. */
int bench_parse (const CliCommand *c, BenchKind kind, BenchOptions *o, int argc, char **argv);
void bench_options_clear (BenchOptions *o);

int64_t bench_now (void);
/* Sleeps until then, as exactly as the kernel can after bench_exact_sleep. */
void bench_sleep_until (int64_t ns);
void bench_exact_sleep (void); /* for the calling thread */
/* Has the user asked to end (SIGINT, SIGTERM)? They are to be blocked by bench_block_signals before. */
bool bench_interrupted (void);
void bench_block_signals (void);
/* When record `i` of all is due at `rate` a second. */
int64_t bench_due (int64_t start, int64_t rate, int64_t i);

/* ---- the topic */

typedef struct BenchTopic
{
  char *name;
  bool own; /* to be deleted */
  int32_t partitions;
  int64_t *low, *high; /* first and next offset, by partition, when bench_topic_offsets was called last */
} BenchTopic;

/* Finds it or makes it (one that was named too, but that one stays, and one to be read must be there), and waits for the leaders. 0; -1
 * with *err. */
int bench_topic_open (BenchTopic *t, const BenchOptions *o, int64_t partitions, StokerError *err);
int bench_topic_offsets (BenchTopic *t, const BenchOptions *o, StokerError *err);
/* Deletes it when it is its own. false, after saying so, when that fails. */
bool bench_topic_close (BenchTopic *t, const BenchOptions *o);

/* ---- a run */

/* What a worker counts; others read it while it runs. */
typedef struct BenchCount
{
  _Atomic int64_t records, bytes; /* done: acknowledged, or read */
  _Atomic int64_t sent, failed;   /* of producers: those of the window that were handed over, and all that failed */
  _Atomic int failure;            /* the first failure, a code of librdkafka's */
  GMutex lock;                    /* of what follows */
  CliHistogram *latency;
  char padding[64];
} BenchCount;

typedef struct BenchRun
{
  const BenchOptions *o;
  const BenchTopic *topic;
  BenchKeys *keys;                /* NULL: none */
  uint8_t *values;                /* BENCH_POOL bytes that records are cut from, and o->size more */
  int64_t from;                   /* where the window begins */
  _Atomic int64_t until;          /* and ends; INT64_MAX: other things end it */
  int64_t start;                  /* when record 0 of a target rate is due */
  uint64_t nonce;                 /* of latency: marks this run's records */
  bool from_now;                  /* consumers begin at the end as it is known, not at the beginning */
  bool again;                     /* and begin again at the end */
  _Atomic bool stop;              /* all workers shall end */
  _Atomic bool drop;              /* and nobody cares about records on their way */
  _Atomic int producing, reading; /* workers that have not ended by themselves */
} BenchRun;

/* How many records are sent to a partition at a time when no rate is asked for and records have no keys. */
int bench_block (const BenchOptions *o);

#define BENCH_POOL ((size_t)1 << 20)

typedef struct BenchWorker
{
  BenchRun *run;
  int64_t index;
  bool reads; /* a consumer */
  rd_kafka_t *rk;
  BenchCount count;
  GThread *thread;
} BenchWorker;

void bench_run_init (BenchRun *r, const BenchOptions *o, const BenchTopic *t);
void bench_run_clear (BenchRun *r);

/* Makes the client; speaks to nobody yet. 0; -1 with *err. */
int bench_producer_open (BenchWorker *w, StokerError *err);
int bench_consumer_open (BenchWorker *w, StokerError *err);
/* The bodies of threads; data is the BenchWorker. */
gpointer bench_producer (gpointer data);
gpointer bench_consumer (gpointer data);
gpointer bench_spread (gpointer data); /* of many-partitions; needs no client */
void bench_worker_close (BenchWorker *w);

/* ---- results */

typedef struct BenchResult
{
  const BenchOptions *o;
  const char *name; /* which of several runs; NULL: the only one */
  char *topic;      /* its name; g_free */
  int32_t partitions;
  double seconds; /* of the window */
  int64_t records, bytes, sent, failed, lost;
  rd_kafka_resp_err_t failure;
  CliHistogram *acks, *ends; /* until acknowledged, until read; NULL: not measured */
  double client_cpu;         /* seconds, as are the next */
  BenchUse server;           /* used during the window; server.known false: no --pid */
  bool interrupted;
} BenchResult;

/* Starts the workers, watches, ends them, and fills *out. The clients must be open. */
void bench_watch (BenchRun *r, BenchWorker *workers, int n, BenchResult *out);
void bench_result_clear (BenchResult *out);
/* All of: open topic, open clients, watch, close; a topic that is its own is filled first when it is to be read.
 * CLI_GO_ON with *out, or the code to exit with. */
int bench_once (const CliCommand *c, const BenchOptions *o, const char *name, BenchResult *out);
/* Prints the results of one command, and returns its exit code. */
int bench_report (const CliCommand *c, const BenchResult *results, int n);

#endif
