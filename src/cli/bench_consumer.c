/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that reads: partitions i, i + n, i + 2n .. for the i-th of n, without a group.
 */
#include "cli/bench.h"

#include <string.h>

#define BATCH 4096

static int
set_options (rd_kafka_conf_t *conf, const BenchRun *r, StokerError *err)
{
  /* This librdkafka does not fetch for a second whenever its queue is full: the queue is made so large that the
   * broker is what is measured. Many readers share the memory. */
  g_autofree char *queue = g_strdup_printf ("%" G_GINT64_FORMAT, MAX (1048576 / r->o->clients, 4096));
  const char *const settings[][2] = {
    { "group.id", "stoker-bench" },
    { "auto.offset.reset", "earliest" },
    { "enable.auto.commit", "false" },
    { "enable.auto.offset.store", "false" },
    { "enable.partition.eof", r->from_now ? "false" : "true" },
    { "queued.min.messages", "10000000" },
    { "queued.max.messages.kbytes", queue },
    { "fetch.error.backoff.ms", "5" },
    { "receive.message.max.bytes", "500000000" },
    { "log_level", "2" },
    /* At the end a fetch that waits there would keep the next one from the beginning. */
    { "fetch.wait.max.ms", r->from_now ? "500" : "10" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (rdk_set (conf, settings[i][0], settings[i][1], err))
      return -1;
  return rdk_conf (conf, &r->o->common, err);
}

int
bench_consumer_open (BenchWorker *w, StokerError *err)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  w->reads = true;
  if (set_options (conf, w->run, err)) {
    rd_kafka_conf_destroy (conf);
    return -1;
  }
  w->rk = rdk_new (RD_KAFKA_CONSUMER, conf, err);
  if (w->rk == NULL)
    return -1;
  rd_kafka_poll_set_consumer (w->rk);
  return 0;
}

typedef struct Reader
{
  BenchWorker *w;
  bool *ended; /* by partition: its end was seen; it may be seen again when somebody writes */
  int open;    /* partitions of which it was not */
} Reader;

/* Begins to read its partitions. */
static void
begin (Reader *r)
{
  BenchWorker *w = r->w;
  const BenchTopic *t = w->run->topic;
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (16);

  for (int32_t p = (int32_t)w->index; p < t->partitions; p += (int32_t)w->run->o->clients) {
    if (!w->run->from_now && t->low[p] >= t->high[p])
      continue;
    rd_kafka_topic_partition_list_add (list, t->name, p)->offset = w->run->from_now ? t->high[p] : t->low[p];
    r->open++;
  }
  rd_kafka_assign (w->rk, list);
  rd_kafka_topic_partition_list_destroy (list);
}

/* A record of this run that was due in the window? Then how long it took. */
static void
note_latency (BenchWorker *w, const rd_kafka_message_t *m, int64_t now)
{
  uint64_t head[2];

  if (m->len < sizeof head)
    return;
  memcpy (head, m->payload, sizeof head);
  if (head[1] != w->run->nonce || (int64_t)head[0] < w->run->from || (int64_t)head[0] >= w->run->until)
    return;
  atomic_fetch_add_explicit (&w->count.records, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&w->count.bytes, (int64_t)(m->len + m->key_len), memory_order_relaxed);
  g_mutex_lock (&w->count.lock);
  cli_histogram_record (w->count.latency, now - (int64_t)head[0]);
  g_mutex_unlock (&w->count.lock);
}

/* It is read again from the beginning, or was read. By seeking: assigning anew quickly trips an assertion of
 * librdkafka's (2.0.2, rd_kafka_assignment_partition_stopped). */
static void
note_end (Reader *r, int32_t p)
{
  const BenchTopic *t = r->w->run->topic;

  if (r->w->run->again && !atomic_load (&r->w->run->stop)) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (1);
    rd_kafka_topic_partition_list_add (list, t->name, p)->offset = t->low[p];
    rd_kafka_error_destroy (rd_kafka_seek_partitions (r->w->rk, list, 1000));
    rd_kafka_topic_partition_list_destroy (list);
    return;
  }
  r->open -= !r->ended[p];
  r->ended[p] = true;
}

static void
take (Reader *r, rd_kafka_message_t **m, ssize_t n)
{
  BenchWorker *w = r->w;
  int64_t records = 0, bytes = 0;
  int none = 0;

  for (ssize_t i = 0; i < n; i++) {
    if (m[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      note_end (r, m[i]->partition);
    } else if (m[i]->err) {
      atomic_compare_exchange_strong (&w->count.failure, &none, m[i]->err);
      atomic_fetch_add (&w->count.failed, 1);
    } else if (w->run->nonce) {
      note_latency (w, m[i], bench_now ());
    } else {
      records++;
      bytes += (int64_t)(m[i]->len + m[i]->key_len);
    }
    rd_kafka_message_destroy (m[i]);
  }
  atomic_fetch_add_explicit (&w->count.records, records, memory_order_relaxed);
  atomic_fetch_add_explicit (&w->count.bytes, bytes, memory_order_relaxed);
}

gpointer
bench_consumer (gpointer data)
{
  BenchWorker *w = data;
  rd_kafka_queue_t *q = rd_kafka_queue_get_consumer (w->rk);
  /* Of latency each is taken as it comes: one call for several waits for the second. */
  size_t most = w->run->nonce ? 1 : BATCH;
  rd_kafka_message_t *m[BATCH];
  Reader r = { .w = w, .ended = g_new0 (bool, w->run->topic->partitions) };

  begin (&r);
  while (!atomic_load_explicit (&w->run->stop, memory_order_relaxed) && r.open > 0) {
    ssize_t n;
    if (most == 1)
      n = (m[0] = rd_kafka_consumer_poll (w->rk, 100)) != NULL;
    else
      n = rd_kafka_consume_batch_queue (q, 10, m, most);
    if (n > 0)
      take (&r, m, n);
  }
  rd_kafka_queue_destroy (q);
  g_free (r.ended);
  atomic_fetch_sub (&w->run->reading, 1);
  return NULL;
}
