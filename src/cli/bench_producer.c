/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that sends. What becomes of each record is heard from an interceptor, which librdkafka calls in its own
 * threads: delivery reports would cost the client as much again as sending.
 */
#include "cli/bench.h"

#include <string.h>

#define BLOCK 500

/* The time a record was due, as the opaque pointer of a message; NULL: its latency is not asked for. */
static void *
pack (const BenchRun *r, int64_t due)
{
  return (void *)(uintptr_t)(due - r->start + 1);
}

static rd_kafka_resp_err_t
on_ack (rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque)
{
  BenchWorker *w = opaque;
  int none = 0;

  if (m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
    return RD_KAFKA_RESP_ERR_NO_ERROR; /* our own doing */
  if (m->err) {
    atomic_compare_exchange_strong (&w->count.failure, &none, m->err);
    atomic_fetch_add_explicit (&w->count.failed, 1, memory_order_relaxed);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  atomic_fetch_add_explicit (&w->count.records, 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&w->count.bytes, (int64_t)(m->len + m->key_len), memory_order_relaxed);
  if (m->_private) {
    int64_t due = w->run->start + (int64_t)(uintptr_t)m->_private - 1;
    g_mutex_lock (&w->count.lock);
    cli_histogram_record (w->count.latency, bench_now () - due);
    g_mutex_unlock (&w->count.lock);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t
on_new (rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t size)
{
  return rd_kafka_interceptor_add_on_acknowledgement (rk, "stoker-bench", on_ack, opaque);
}

static int
set_options (rd_kafka_conf_t *conf, const BenchOptions *o, StokerError *err)
{
  static const char *const settings[][2] = {
    { "batch.num.messages", "100000" },
    { "queue.buffering.max.messages", "500000" },
    { "queue.buffering.max.kbytes", "262144" },
    { "delivery.report.only.error", "true" },
    { "message.timeout.ms", "120000" },
    { "message.max.bytes", "100000000" },
    { "log_level", "2" },
  };
  g_autofree char *batch = g_strdup_printf ("%" G_GINT64_FORMAT, o->batch_size);
  /* librdkafka allocates for as many as may be in a batch, each time. */
  g_autofree char *most
      = g_strdup_printf ("%" G_GINT64_FORMAT, CLAMP (o->batch_size / MAX (o->size, 1) + 1, 1, 100000));
  char linger[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (linger, sizeof linger, o->linger_ms);
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (rdk_set (conf, settings[i][0], settings[i][1], err))
      return -1;
  if (rdk_set (conf, "batch.size", batch, err) || rdk_set (conf, "batch.num.messages", most, err)
      || rdk_set (conf, "linger.ms", linger, err) || rdk_set (conf, "acks", o->acks, err)
      || (o->codec && rdk_set (conf, "compression.codec", o->codec, err))
      || rdk_set (conf, "enable.idempotence", o->idempotence ? "true" : "false", err))
    return -1;
  return rdk_conf (conf, &o->common, err);
}

int
bench_producer_open (BenchWorker *w, StokerError *err)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  if (set_options (conf, w->run->o, err)) {
    rd_kafka_conf_destroy (conf);
    return -1;
  }
  rd_kafka_conf_interceptor_add_on_new (conf, "stoker-bench", on_new, w);
  w->rk = rdk_new (RD_KAFKA_PRODUCER, conf, err);
  return w->rk ? 0 : -1;
}

/* ---- sending */

typedef struct Sender
{
  BenchWorker *w;
  rd_kafka_topic_t *topic;
  uint64_t random;
  int32_t partition; /* the next without a key */
  int64_t last;      /* records of all clients that are sent at all; INT64_MAX: no end */
  char keys[BLOCK][BENCH_KEY_LEN];
  rd_kafka_message_t m[BLOCK];
} Sender;

static bool
over (const Sender *s, int64_t now)
{
  const BenchRun *r = s->w->run;

  return now >= r->until || atomic_load_explicit (&r->stop, memory_order_relaxed);
}

static void
next_partition (Sender *s)
{
  s->partition = (s->partition + 1) % s->w->run->topic->partitions;
}

static const void *
value (Sender *s)
{
  return s->w->run->values + bench_random (&s->random) % BENCH_POOL;
}

/* Fills the block; all records of it are due at once. A block without keys goes to one partition, as batches do. */
static int32_t
fill (Sender *s, int n, int64_t now)
{
  BenchRun *r = s->w->run;
  bool counts = now >= r->from;

  for (int i = 0; i < n; i++) {
    s->m[i] = (rd_kafka_message_t){ .payload = (void *)value (s), .len = (size_t)r->o->size };
    /* One of eight is enough for percentiles of millions, and costs the client less. */
    s->m[i]._private = counts && i % 8 == 0 ? pack (r, now) : NULL;
    if (r->keys) {
      bench_key_text (bench_keys_pick (r->keys, &s->random), s->keys[i]);
      s->m[i].key = s->keys[i];
      s->m[i].key_len = BENCH_KEY_LEN;
    }
  }
  if (counts)
    atomic_fetch_add_explicit (&s->w->count.sent, n, memory_order_relaxed);
  if (!r->keys)
    next_partition (s);
  return r->keys ? RD_KAFKA_PARTITION_UA : s->partition;
}

static void
note_refused (Sender *s, rd_kafka_resp_err_t e)
{
  int none = 0;

  atomic_compare_exchange_strong (&s->w->count.failure, &none, e);
  atomic_fetch_add (&s->w->count.failed, 1);
}

/* Hands over what is in the block, in order, waiting while the client's queue is full. */
static void
hand_over (Sender *s, int32_t partition, int n)
{
  for (int from = 0; from < n;) {
    int next = n;
    (void)rd_kafka_produce_batch (s->topic, partition, 0, s->m + from, n - from);
    for (int i = from; i < n; i++) {
      if (s->m[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        next = i;
        break;
      }
      if (s->m[i].err)
        note_refused (s, s->m[i].err);
    }
    from = next;
    if (from < n) {
      if (atomic_load (&s->w->run->drop))
        return;
      rd_kafka_poll (s->w->rk, 2);
    }
  }
}

int
bench_block (const BenchOptions *o)
{
  return (int)CLAMP (o->batch_size / MAX (o->size, 1), 1, BLOCK);
}

/* As many as go. */
static void
send_blocks (Sender *s)
{
  const BenchOptions *o = s->w->run->o;
  int block = bench_block (o);
  int64_t left = s->last == INT64_MAX ? INT64_MAX : s->last / o->clients + (s->w->index < s->last % o->clients);

  for (int64_t now = bench_now (); left > 0 && !over (s, now); now = bench_now ()) {
    int n = (int)MIN (left, block);
    hand_over (s, fill (s, n, now), n);
    left -= left == INT64_MAX ? 0 : n;
    rd_kafka_poll (s->w->rk, 0);
  }
}

/* One record, due at a time of its own. */
static void
send_one (Sender *s, int64_t due)
{
  BenchRun *r = s->w->run;
  char key[BENCH_KEY_LEN];
  uint64_t head[2] = { (uint64_t)due, r->nonce };
  size_t size = (size_t)r->o->size;
  bool counts = due >= r->from && due < r->until;
  uint8_t *stamped = NULL;
  const void *v = value (s);

  if (r->keys)
    bench_key_text (bench_keys_pick (r->keys, &s->random), key);
  else
    next_partition (s);
  if (r->nonce) {
    stamped = g_malloc (size);
    memcpy (stamped, v, size);
    memcpy (stamped, head, sizeof head);
    v = stamped;
  }
  if (counts)
    atomic_fetch_add_explicit (&s->w->count.sent, 1, memory_order_relaxed);
  while (rd_kafka_produce (s->topic, r->keys ? RD_KAFKA_PARTITION_UA : s->partition, stamped ? RD_KAFKA_MSG_F_FREE : 0,
                           (void *)v, size, r->keys ? key : NULL, r->keys ? sizeof key : 0,
                           counts ? pack (r, due) : NULL)) {
    rd_kafka_resp_err_t e = rd_kafka_last_error ();
    if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL && !atomic_load (&r->drop)) {
      rd_kafka_poll (s->w->rk, 1);
      continue;
    }
    if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      note_refused (s, e);
    g_free (stamped);
    break;
  }
}

/* Each at its time: client i of n sends records i, i + n, i + 2n .. Those that could not be sent in time follow at
 * once, and their latency counts from when they were due. */
static void
send_paced (Sender *s)
{
  BenchRun *r = s->w->run;

  bench_exact_sleep ();
  for (int64_t i = s->w->index; i < s->last; i += r->o->clients) {
    int64_t due = bench_due (r->start, r->o->rate, i), now = bench_now ();
    if (due > now) {
      rd_kafka_poll (s->w->rk, 0);
      bench_sleep_until (MIN (due, r->until));
    }
    if (due >= r->until || atomic_load_explicit (&r->stop, memory_order_relaxed))
      break;
    send_one (s, due);
  }
}

/* Waits for the rest, as long as something comes. */
static void
finish (BenchWorker *w)
{
  int64_t patience = w->run->o->common.timeout_ms * 1000000, since = bench_now ();
  int left = rd_kafka_outq_len (w->rk);

  while (rd_kafka_flush (w->rk, 100) && !atomic_load (&w->run->drop)) {
    int now = rd_kafka_outq_len (w->rk);
    if (now != left)
      since = bench_now ();
    else if (bench_now () - since > patience)
      break;
    left = now;
  }
  rd_kafka_purge (w->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  (void)rd_kafka_flush (w->rk, 1000);
}

gpointer
bench_producer (gpointer data)
{
  BenchWorker *w = data;
  Sender *s = g_new0 (Sender, 1);

  *s = (Sender){ .w = w, .random = 0x9e3779b97f4a7c15ull * (uint64_t)(w->index + 1) };
  s->topic = rd_kafka_topic_new (w->rk, w->run->topic->name, NULL);
  s->partition = (int32_t)(w->index % w->run->topic->partitions);
  s->last = w->run->o->records > 0 ? w->run->o->records : INT64_MAX;
  if (s->last != INT64_MAX && w->run->o->rate) /* those of warm-up come before them */
    s->last += (int64_t)(w->run->o->warm_up * (double)w->run->o->rate);
  if (w->run->o->rate)
    send_paced (s);
  else
    send_blocks (s);
  finish (w);
  rd_kafka_topic_destroy (s->topic);
  g_free (s);
  atomic_fetch_sub (&w->run->producing, 1);
  return NULL;
}
