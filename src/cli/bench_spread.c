/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker of many-partitions: one connection to one leader, one Produce request at a time, in each request one batch
 * for each of the next few of the leader's partitions. Raw frames: librdkafka looks at every partition for each batch,
 * so that with thousands of them it is the client that is measured.
 */
#include "cli/bench.h"

#include "record/record.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCHES 6 /* in a request: as many for few partitions as for many */

typedef struct Spread
{
  BenchWorker *w;
  int fd;
  int32_t *partitions; /* that its leader leads */
  int n, next;
  StokerBuf frame; /* the whole request; only the partitions' numbers change */
  size_t at[BATCHES];
  int batches;            /* in a request */
  int64_t records, bytes; /* of one batch: records, and their values */
  uint8_t answer[4096];
} Spread;

static void
put (StokerBuf *b, uint64_t v, int bytes)
{
  uint8_t *to = stoker_buf_reserve (b, (size_t)bytes);

  for (int i = 0; i < bytes; i++)
    to[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
  b->len += (size_t)bytes;
}

static void
put_bytes (StokerBuf *b, const void *data, size_t len)
{
  memcpy (stoker_buf_reserve (b, len), data, len);
  b->len += len;
}

static int
make_batch (Spread *s, StokerBuf *out, StokerError *err)
{
  const BenchRun *r = s->w->run;
  uint64_t random = (uint64_t)s->w->index + 1;
  int64_t now = g_get_real_time () / 1000;
  StkBatchBuilder b;

  stk_batch_begin (&b, out);
  s->records = bench_block (r->o);
  s->bytes = s->records * r->o->size;
  for (int64_t i = 0; i < s->records; i++)
    stk_batch_add (&b, now, (StokerBytes){ 0 },
                   (StokerBytes){ r->values + bench_random (&random) % BENCH_POOL, (size_t)r->o->size },
                   (StokerBytes){ 0 }, 0);
  return stk_batch_end (&b, NULL, 0, 0, err);
}

/* Produce, version 3, with a batch for each of s->batches partitions. */
static int
make_frame (Spread *s, StokerError *err)
{
  const BenchOptions *o = s->w->run->o;
  const char *name = s->w->run->topic->name;
  int acks = strcmp (o->acks, "0") == 0 ? 0 : strcmp (o->acks, "1") == 0 ? 1 : -1;
  StokerBuf batch = { 0 };

  if (make_batch (s, &batch, err))
    return -1;
  put (&s->frame, 0, 4);
  put (&s->frame, 3, 4); /* Produce 0, version 3 */
  put (&s->frame, 1, 4); /* correlation id */
  put (&s->frame, 12, 2);
  put_bytes (&s->frame, "stoker-bench", 12);
  put (&s->frame, 0xffff, 2); /* no transaction */
  put (&s->frame, (uint64_t)acks, 2);
  put (&s->frame, 30000, 4);
  put (&s->frame, 1, 4);
  put (&s->frame, strlen (name), 2);
  put_bytes (&s->frame, name, strlen (name));
  put (&s->frame, (uint64_t)s->batches, 4);
  for (int i = 0; i < s->batches; i++) {
    s->at[i] = s->frame.len;
    put (&s->frame, 0, 4);
    put (&s->frame, batch.len, 4);
    put_bytes (&s->frame, batch.data, batch.len);
  }
  stoker_buf_clear (&batch);
  {
    uint32_t size = GUINT32_TO_BE ((uint32_t)(s->frame.len - 4));
    memcpy (s->frame.data, &size, 4);
  }
  return 0;
}

/* ---- the connection */

static int
connect_to (const KmMetadataResponseBrokers *b, StokerError *err)
{
  g_autofree char *host = g_strndup (b->host.data, b->host.len);
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
  struct timeval limit = { 30, 0 };
  char port[12];
  int fd = -1, one = 1;

  g_snprintf (port, sizeof port, "%d", b->port);
  if (getaddrinfo (host, port, &hints, &list) == 0)
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
      fd = socket (a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
      if (fd >= 0 && connect (fd, a->ai_addr, a->ai_addrlen)) {
        close (fd);
        fd = -1;
      }
    }
  if (list)
    freeaddrinfo (list);
  if (fd < 0)
    return stoker_error_set (err, STOKER_ERROR_IO, "cannot connect to %s:%d", host, b->port);
  (void)setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  (void)setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return fd;
}

/* Worker i goes to the leader of partition i, and takes all that it leads. */
static int
find_leader (Spread *s, StokerError *err)
{
  const BenchOptions *o = s->w->run->o;
  const char *name = s->w->run->topic->name;
  Cluster *cluster = cluster_open (o->common.bootstrap, (int)o->common.timeout_ms, err);
  KmMetadataResponse m;
  int32_t leader;

  if (cluster == NULL)
    return -1;
  if (cluster_metadata (cluster, &name, 1, &m, err) || m.n_topics != 1 || m.topics[0].n_partitions < 1) {
    cluster_free (cluster);
    return -1;
  }
  leader = m.topics[0].partitions[s->w->index % m.topics[0].n_partitions].leader_id;
  s->partitions = g_new (int32_t, m.topics[0].n_partitions);
  for (int32_t i = 0; i < m.topics[0].n_partitions; i++)
    if (m.topics[0].partitions[i].leader_id == leader)
      s->partitions[s->n++] = m.topics[0].partitions[i].partition_index;
  stoker_error_set (err, STOKER_ERROR_FAILED, "no leader");
  for (int32_t i = 0; i < m.n_brokers && s->fd < 0; i++)
    if (m.brokers[i].node_id == leader)
      s->fd = connect_to (&m.brokers[i], err);
  cluster_free (cluster);
  return s->fd < 0 ? -1 : 0;
}

static bool
write_all (int fd, const uint8_t *data, size_t len)
{
  while (len) {
    ssize_t n = send (fd, data, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

static bool
read_all (int fd, uint8_t *data, size_t len)
{
  while (len) {
    ssize_t n = recv (fd, data, len, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

static uint32_t
number (const uint8_t *at, int bytes)
{
  uint32_t v = 0;

  for (int i = 0; i < bytes; i++)
    v = v << 8 | at[i];
  return v;
}

/* ---- one request */

static void
note_failed (Spread *s, int code, int64_t records)
{
  int none = 0;

  atomic_compare_exchange_strong (&s->w->count.failure, &none, code);
  atomic_fetch_add (&s->w->count.failed, records);
}

/* How many partitions of the answer are without an error; -1: the connection is of no use. */
static int
read_answer (Spread *s)
{
  size_t name = strlen (s->w->run->topic->name), first = 4 + 4 + 2 + name + 4, size;
  uint8_t prefix[4];
  int good = 0;

  if (!read_all (s->fd, prefix, 4) || (size = number (prefix, 4)) > sizeof s->answer
      || !read_all (s->fd, s->answer, size) || size < first + 22 * (size_t)s->batches)
    return -1;
  for (int i = 0; i < s->batches; i++) {
    int code = (int16_t)number (s->answer + first + 22 * (size_t)i + 4, 2);
    if (code)
      note_failed (s, code, s->records);
    good += code == 0;
  }
  return good;
}

static bool
send_one (Spread *s)
{
  BenchRun *r = s->w->run;
  int64_t from = bench_now ();
  int good = s->batches;

  for (int i = 0; i < s->batches; i++, s->next = (s->next + 1) % s->n) {
    uint32_t p = GUINT32_TO_BE ((uint32_t)s->partitions[s->next]);
    memcpy (s->frame.data + s->at[i], &p, 4);
  }
  if (!write_all (s->fd, s->frame.data, s->frame.len) || (r->o->acks[0] != '0' && (good = read_answer (s)) < 0)) {
    note_failed (s, RD_KAFKA_RESP_ERR__TRANSPORT, s->records * s->batches);
    return false;
  }
  atomic_fetch_add (&s->w->count.records, good * s->records);
  atomic_fetch_add (&s->w->count.bytes, good * s->bytes);
  if (from >= r->from && from < r->until) {
    atomic_fetch_add (&s->w->count.sent, s->records * s->batches);
    g_mutex_lock (&s->w->count.lock);
    cli_histogram_record (s->w->count.latency, bench_now () - from);
    g_mutex_unlock (&s->w->count.lock);
  }
  return true;
}

gpointer
bench_spread (gpointer data)
{
  BenchWorker *w = data;
  BenchRun *r = w->run;
  Spread *s = g_new0 (Spread, 1);
  int64_t left = INT64_MAX;
  StokerError err;

  s->w = w;
  s->fd = -1;
  if (find_leader (s, &err) == 0) {
    s->batches = MIN (BATCHES, s->n);
    s->next = (int)(w->index * s->n / r->o->clients);
    if (r->o->records) /* each partition once */
      left = s->n / r->o->clients / s->batches + 1;
    if (make_frame (s, &err) == 0)
      for (int64_t i = 0; i < left && !atomic_load (&r->stop) && bench_now () < r->until; i++)
        if (!send_one (s))
          break;
  } else {
    note_failed (s, RD_KAFKA_RESP_ERR__TRANSPORT, 1);
  }
  if (s->fd >= 0)
    close (s->fd);
  stoker_buf_clear (&s->frame);
  g_free (s->partitions);
  g_free (s);
  atomic_fetch_sub (&w->run->producing, 1);
  return NULL;
}
