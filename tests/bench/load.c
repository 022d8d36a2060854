/* SPDX-License-Identifier: Apache-2.0
 *
 * One load on a broker, with librdkafka, measured from the client's side. Prints one JSON object. tests/bench/run starts
 * brokers, calls this, and adds what the server used.
 *
 *   load produce BOOTSTRAP TOPIC RECORDS SIZE [key=value ..]   as fast as the client can; key=value are librdkafka settings
 *   load mock    -         TOPIC RECORDS SIZE [key=value ..]   the same into librdkafka's own mock broker: the client's ceiling
 *   load consume BOOTSTRAP TOPIC RECORDS -    [key=value ..]   everything from the beginning, all partitions
 *   load latency BOOTSTRAP TOPIC RECORDS RATE [key=value ..]   end to end, one partition, RATE records a second
 */
#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

static int64_t
now_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double
own_cpu (void)
{
  struct rusage u;
  getrusage (RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
die (const char *what, const char *why)
{
  fprintf (stderr, "load: %s: %s\n", what, why);
  exit (1);
}

static rd_kafka_conf_t *
conf_new (const char *bootstrap, int n, char **settings)
{
  rd_kafka_conf_t *c = rd_kafka_conf_new ();
  char err[512];

  if (strcmp (bootstrap, "-") != 0 && rd_kafka_conf_set (c, "bootstrap.servers", bootstrap, err, sizeof err))
    die ("bootstrap.servers", err);
  for (int i = 0; i < n; i++) {
    char *eq = strchr (settings[i], '=');
    if (eq == NULL)
      die (settings[i], "not key=value");
    *eq = '\0';
    if (rd_kafka_conf_set (c, settings[i], eq + 1, err, sizeof err))
      die (settings[i], err);
    *eq = '=';
  }
  return c;
}

static void
set (rd_kafka_conf_t *c, const char *k, const char *v)
{
  char err[512];
  if (rd_kafka_conf_set (c, k, v, err, sizeof err))
    die (k, err);
}

static _Atomic int64_t delivery_errors;

static void
delivered (rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
  if (m->err)
    delivery_errors++;
}

static void
produce (const char *bootstrap, const char *topic, int64_t records, size_t size, int n, char **settings)
{
  rd_kafka_conf_t *c = conf_new (bootstrap, n, settings);
  char err[512], *payload = malloc (size);
  rd_kafka_t *rk;
  rd_kafka_topic_t *rkt;
  int64_t t0, t1;

  for (size_t i = 0; i < size; i++)
    payload[i] = (char)('a' + i * 7 % 26);
  set (c, "queue.buffering.max.messages", "2000000");
  set (c, "queue.buffering.max.kbytes", "1048576");
  set (c, "delivery.report.only.error", "true");
  rd_kafka_conf_set_dr_msg_cb (c, delivered);
  if ((rk = rd_kafka_new (RD_KAFKA_PRODUCER, c, err, sizeof err)) == NULL)
    die ("producer", err);
  rkt = rd_kafka_topic_new (rk, topic, NULL);
  /* The first record brings metadata, connections and the producer id; it is not timed. */
  rd_kafka_produce (rkt, RD_KAFKA_PARTITION_UA, 0, payload, size, NULL, 0, NULL);
  if (rd_kafka_flush (rk, 30000))
    die ("produce", "the first record was not delivered within 30 s");
  t0 = now_ns ();
  for (int64_t i = 0; i < records; i++)
    while (rd_kafka_produce (rkt, RD_KAFKA_PARTITION_UA, 0, payload, size, NULL, 0, NULL) == -1) {
      if (rd_kafka_last_error () != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        die ("produce", rd_kafka_err2str (rd_kafka_last_error ()));
      rd_kafka_poll (rk, 10);
    }
  if (rd_kafka_flush (rk, 120000))
    die ("produce", "not all records were delivered");
  t1 = now_ns ();
  printf ("{\"records\": %" PRId64 ", \"bytes\": %" PRId64 ", \"seconds\": %.4f, \"errors\": %" PRId64 ", \"client_cpu\": %.3f}\n", records,
          records * (int64_t)size, (double)(t1 - t0) / 1e9, delivery_errors, own_cpu ());
  rd_kafka_topic_destroy (rkt);
  rd_kafka_destroy (rk);
  free (payload);
}

static rd_kafka_t *
consumer_all (const char *bootstrap, const char *topic, int n, char **settings, int64_t offset)
{
  rd_kafka_conf_t *c = conf_new (bootstrap, n, settings);
  const struct rd_kafka_metadata *md;
  rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new (8);
  rd_kafka_topic_t *rkt;
  rd_kafka_t *rk;
  char err[512];

  set (c, "group.id", "load");
  set (c, "enable.auto.commit", "false");
  if ((rk = rd_kafka_new (RD_KAFKA_CONSUMER, c, err, sizeof err)) == NULL)
    die ("consumer", err);
  rkt = rd_kafka_topic_new (rk, topic, NULL);
  if (rd_kafka_metadata (rk, 0, rkt, &md, 10000) || md->topic_cnt != 1 || md->topics[0].err)
    die ("metadata", topic);
  for (int i = 0; i < md->topics[0].partition_cnt; i++)
    rd_kafka_topic_partition_list_add (parts, topic, md->topics[0].partitions[i].id)->offset = offset;
  rd_kafka_metadata_destroy (md);
  rd_kafka_topic_destroy (rkt);
  rd_kafka_poll_set_consumer (rk);
  rd_kafka_assign (rk, parts);
  rd_kafka_topic_partition_list_destroy (parts);
  return rk;
}

static void
consume (const char *bootstrap, const char *topic, int64_t records, int n, char **settings)
{
  rd_kafka_t *rk = consumer_all (bootstrap, topic, n, settings, RD_KAFKA_OFFSET_BEGINNING);
  rd_kafka_queue_t *q = rd_kafka_queue_get_consumer (rk);
  rd_kafka_message_t *batch[4096];
  int64_t got = 0, bytes = 0, t0 = 0, t1;

  while (got < records) {
    ssize_t k = rd_kafka_consume_batch_queue (q, 20000, batch, 4096);
    if (k <= 0)
      die ("consume", "nothing for 20 s");
    if (t0 == 0)
      t0 = now_ns ();
    for (ssize_t i = 0; i < k; i++) {
      if (batch[i]->err == 0) {
        got++;
        bytes += (int64_t)batch[i]->len;
      }
      rd_kafka_message_destroy (batch[i]);
    }
  }
  t1 = now_ns ();
  printf ("{\"records\": %" PRId64 ", \"bytes\": %" PRId64 ", \"seconds\": %.4f, \"client_cpu\": %.3f}\n", got, bytes, (double)(t1 - t0) / 1e9, own_cpu ());
  rd_kafka_queue_destroy (q);
  rd_kafka_consumer_close (rk);
  rd_kafka_destroy (rk);
}

typedef struct Reader
{
  rd_kafka_t *rk;
  int64_t want, got;
  int64_t *ns;
} Reader;

static void *
reader (void *arg)
{
  Reader *r = arg;
  int64_t idle_until = now_ns () + 30000000000;

  while (r->got < r->want && now_ns () < idle_until) {
    rd_kafka_message_t *m = rd_kafka_consumer_poll (r->rk, 1000);
    if (m && m->err == 0 && m->len >= sizeof (int64_t)) {
      int64_t sent;
      memcpy (&sent, m->payload, sizeof sent);
      r->ns[r->got++] = now_ns () - sent;
      idle_until = now_ns () + 30000000000;
    }
    if (m)
      rd_kafka_message_destroy (m);
  }
  return NULL;
}

static int
by_value (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void
latency (const char *bootstrap, const char *topic, int64_t records, int64_t rate, int n, char **settings)
{
  rd_kafka_conf_t *c = conf_new (bootstrap, n, settings);
  Reader r = { .want = records, .ns = calloc ((size_t)records, sizeof (int64_t)) };
  char err[512], payload[100] = { 0 };
  rd_kafka_topic_t *rkt;
  rd_kafka_t *rk;
  pthread_t th;
  int64_t next, step = 1000000000 / rate;

  set (c, "linger.ms", "0");
  set (c, "queue.buffering.max.messages", "1000000");
  if ((rk = rd_kafka_new (RD_KAFKA_PRODUCER, c, err, sizeof err)) == NULL)
    die ("producer", err);
  rkt = rd_kafka_topic_new (rk, topic, NULL);
  rd_kafka_produce (rkt, 0, RD_KAFKA_MSG_F_COPY, payload, sizeof payload, NULL, 0, NULL); /* makes the topic */
  if (rd_kafka_flush (rk, 30000))
    die ("latency", "the first record was not delivered within 30 s");
  r.rk = consumer_all (bootstrap, topic, n, settings, RD_KAFKA_OFFSET_END);
  for (int64_t until = now_ns () + 2000000000; now_ns () < until;) { /* lets the consumer find the end */
    rd_kafka_message_t *m = rd_kafka_consumer_poll (r.rk, 100);
    if (m)
      rd_kafka_message_destroy (m);
  }
  /* Else the kernel wakes this thread up to 50 us late, and the broker is blamed. */
  prctl (PR_SET_TIMERSLACK, 1);
  pthread_create (&th, NULL, reader, &r);
  next = now_ns ();
  for (int64_t i = 0; i < records; i++, next += step) {
    int64_t t;
    struct timespec until = { next / 1000000000, next % 1000000000 };
    clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    t = next; /* when it should have been sent: no coordinated omission */
    memcpy (payload, &t, sizeof t);
    rd_kafka_produce (rkt, 0, RD_KAFKA_MSG_F_COPY, payload, sizeof payload, NULL, 0, NULL);
    rd_kafka_poll (rk, 0);
  }
  pthread_join (th, NULL);
  if (r.got == 0)
    die ("latency", "nothing came back");
  qsort (r.ns, (size_t)r.got, sizeof *r.ns, by_value);
#define P(q) ((double)r.ns[(int64_t)((double)(r.got - 1) * (q))] / 1e6)
  printf ("{\"records\": %" PRId64 ", \"lost\": %" PRId64 ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n", r.got,
          records - r.got, P (0.5), P (0.99), P (0.999), P (1.0));
  rd_kafka_flush (rk, 10000);
  rd_kafka_topic_destroy (rkt);
  rd_kafka_destroy (rk);
  rd_kafka_consumer_close (r.rk);
  rd_kafka_destroy (r.rk);
  free (r.ns);
}

int
main (int argc, char **argv)
{
  const char *what = argc > 5 ? argv[1] : "";

  if (strcmp (what, "produce") == 0) {
    produce (argv[2], argv[3], atoll (argv[4]), (size_t)atoll (argv[5]), argc - 6, argv + 6);
  } else if (strcmp (what, "mock") == 0) {
    char *settings[64] = { (char[]){ "test.mock.num.brokers=1" } };
    int n = 1;
    for (int i = 6; i < argc && n < 64; i++)
      settings[n++] = argv[i];
    produce ("-", argv[3], atoll (argv[4]), (size_t)atoll (argv[5]), n, settings);
  } else if (strcmp (what, "consume") == 0) {
    consume (argv[2], argv[3], atoll (argv[4]), argc - 6, argv + 6);
  } else if (strcmp (what, "latency") == 0) {
    latency (argv[2], argv[3], atoll (argv[4]), atoll (argv[5]), argc - 6, argv + 6);
  } else {
    fprintf (stderr, "usage: load produce|mock|consume|latency BOOTSTRAP TOPIC RECORDS SIZE|RATE [key=value ..]\n");
    return 2;
  }
  return 0;
}
