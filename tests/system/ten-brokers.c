/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is global: ten brokers in one process, each with its own data, over real sockets and disks; and brokers on
 * the simulated world, where a seed replays the whole run. Both are driven with raw frames.
 */
#include "config.h"

#include "broker/broker.h"
#include "config/broker_config.h"
#include "record/record.h"
#include "sim/sim.h"
#include "test-host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a client: exchanges whole frames; over a socket, or over the simulated network */

typedef struct Client
{
  int fd;
  StkSimPeer *peer;
  int32_t correlation;
} Client;

static bool
client_write (Client *c, const uint8_t *data, size_t len)
{
  if (c->peer)
    return stk_sim_send (c->peer, data, len);
  while (len > 0) {
    ssize_t n = send (c->fd, data, len, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

static bool
client_read (Client *c, void *to, size_t len)
{
  if (c->peer)
    return stk_sim_receive (c->peer, to, len);
  while (len > 0) {
    ssize_t n = recv (c->fd, to, len, 0);
    if (n <= 0)
      return false;
    to = (uint8_t *)to + n;
    len -= (size_t)n;
  }
  return true;
}

static void
put_int (StokerBuf *b, uint64_t v, int bytes)
{
  for (int i = bytes - 1; i >= 0; i--)
    stoker_buf_append (b, &(uint8_t){ (uint8_t)(v >> 8 * i) }, 1);
}

static void
put_text (StokerBuf *b, const char *s)
{
  put_int (b, strlen (s), 2);
  stoker_buf_append (b, s, strlen (s));
}

/* Sends the body (which it empties) under a v1 header; the answer's body goes to *answer. */
static void
call (Client *c, int key, int version, StokerBuf *body, GByteArray *answer)
{
  StokerBuf frame = { 0 };
  uint8_t size[4];

  put_int (&frame, 10 + 3 + body->len, 4);
  put_int (&frame, (uint64_t)key, 2);
  put_int (&frame, (uint64_t)version, 2);
  put_int (&frame, (uint64_t)++c->correlation, 4);
  put_text (&frame, "ten");
  stoker_buf_append (&frame, body->data, body->len);
  g_assert_true (client_write (c, frame.data, frame.len));
  stoker_buf_clear (&frame);
  stoker_buf_clear (body);
  g_assert_true (client_read (c, size, 4));
  g_byte_array_set_size (answer, (guint)size[0] << 24 | (guint)size[1] << 16 | (guint)size[2] << 8 | size[3]);
  g_assert_cmpuint (answer->len, >=, 4);
  g_assert_true (client_read (c, answer->data, answer->len));
  g_assert_cmpint (answer->data[3], ==, c->correlation & 0xff);
  g_byte_array_remove_range (answer, 0, 4);
}

static int64_t
int_at (const GByteArray *a, size_t at, int bytes)
{
  int64_t v = 0;

  g_assert_cmpuint (at + (size_t)bytes, <=, a->len);
  for (int i = 0; i < bytes; i++)
    v = (int64_t)((uint64_t)v << 8 | a->data[at + (size_t)i]);
  return bytes == 2 ? (int16_t)v : bytes == 4 ? (int32_t)v : v;
}

static void
make_batch (StokerBuf *out, int64_t now_ms, int who)
{
  StkBatchBuilder w;
  StokerError err = { 0 };

  stk_batch_begin (&w, out);
  for (int i = 0; i < 100; i++) {
    char text[32];
    int n = g_snprintf (text, sizeof text, "broker %d record %d", who, i);
    stk_batch_add (&w, now_ms, STOKER_BYTES_NULL, (StokerBytes){ (uint8_t *)text, (size_t)n }, STOKER_BYTES_NULL, 0);
  }
  g_assert_cmpint (stk_batch_end (&w, NULL, 0, 0, &err), ==, 0);
}

static void
produce (Client *c, GByteArray *answer, const StokerBuf *batch)
{
  StokerBuf b = { 0 };

  put_int (&b, 0xffff, 2); /* transactional_id: null */
  put_int (&b, 0xffff, 2); /* acks: all */
  put_int (&b, 10000, 4);
  put_int (&b, 1, 4);
  put_text (&b, "topic");
  put_int (&b, 1, 4);
  put_int (&b, 0, 4);
  put_int (&b, batch->len, 4);
  stoker_buf_append (&b, batch->data, batch->len);
  call (c, 0, 3, &b, answer);
  /* topics 1, name, partitions 1, partition 0, error, base offset */
  g_assert_cmpint (int_at (answer, 4 + 7 + 4 + 4, 2), ==, 0);
}

static void
fetch (Client *c, GByteArray *answer, int64_t offset)
{
  StokerBuf b = { 0 };

  put_int (&b, UINT64_MAX, 4); /* replica */
  put_int (&b, 1000, 4);
  put_int (&b, 1, 4);
  put_int (&b, 1 << 20, 4);
  put_int (&b, 0, 1);
  put_int (&b, 1, 4);
  put_text (&b, "topic");
  put_int (&b, 1, 4);
  put_int (&b, 0, 4);
  put_int (&b, (uint64_t)offset, 8);
  put_int (&b, 1 << 20, 4);
  call (c, 1, 4, &b, answer);
}

/* ApiVersions, Metadata (which makes the topic), Produce, Fetch: what comes back is what was sent. */
static void
serve_all (Client *c, int who, int64_t now_ms)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  StokerBuf b = { 0 }, batch = { 0 };
  size_t at;
  bool there = false;

  call (c, 18, 0, &b, answer);
  g_assert_cmpint (int_at (answer, 0, 2), ==, 0);
  g_assert_cmpint (int_at (answer, 2, 4), >, 20);
  for (int i = 0; i < 100 && !there; i++) {
    put_int (&b, 1, 4);
    put_text (&b, "topic");
    call (c, 3, 0, &b, answer);
    g_assert_cmpint (int_at (answer, 0, 4), ==, 1);   /* one broker .. */
    g_assert_cmpint (int_at (answer, 4, 4), ==, who); /* .. and it is this one */
    at = 8 + 2 + (size_t)int_at (answer, 8, 2) + 4;
    there = int_at (answer, at + 4, 2) == 0;
    if (!there && c->peer == NULL)
      g_usleep (10000);
  }
  g_assert_true (there);
  make_batch (&batch, now_ms, who);
  for (int i = 0; i < 3; i++)
    produce (c, answer, &batch);
  fetch (c, answer, 0);
  /* throttle, topics 1, name, partitions 1, partition, error, high watermark, last stable offset, aborted (null), bytes
   */
  at = 4 + 4 + 7 + 4 + 4;
  g_assert_cmpint (int_at (answer, at, 2), ==, 0);
  g_assert_cmpint (int_at (answer, at + 2, 8), ==, 300);
  at += 2 + 8 + 8 + 4;
  g_assert_cmpint (int_at (answer, at, 4), ==, 3 * (int64_t)batch.len);
  /* Behind base offset, length and leader epoch, which the broker sets, every byte is as it was. */
  for (int i = 0; i < 3; i++)
    g_assert_true (memcmp (answer->data + at + 4 + (size_t)i * batch.len + 16, batch.data + 16, batch.len - 16) == 0);
  stoker_buf_clear (&batch);
}

/* ---- the real world */

typedef struct Node
{
  StokerBroker *broker;
  char *dir;
  StokerError err;
  bool started, stopped;
  pthread_mutex_t lock;
  pthread_cond_t cond;
} Node;

static void
on_started (void *user, const StokerError *err)
{
  Node *n = user;

  pthread_mutex_lock (&n->lock);
  if (err)
    n->err = *err;
  n->started = true;
  pthread_cond_signal (&n->cond);
  pthread_mutex_unlock (&n->lock);
}

static void
on_stopped (void *user)
{
  Node *n = user;

  pthread_mutex_lock (&n->lock);
  n->stopped = true;
  pthread_cond_signal (&n->cond);
  pthread_mutex_unlock (&n->lock);
}

static void
wait_flag (Node *n, const bool *flag)
{
  pthread_mutex_lock (&n->lock);
  while (!*flag)
    pthread_cond_wait (&n->cond, &n->lock);
  pthread_mutex_unlock (&n->lock);
}

static StkBrokerConfig *
make_config (int id, const char *dir, const char *more)
{
  g_autofree char *text = g_strdup_printf ("broker.id = %d\n"
                                           "listeners = PLAINTEXT://127.0.0.1:0\n"
                                           "log.dirs = %s\n"
                                           "num.network.threads = 2\n"
                                           "logging.level = warn\n"
                                           "group.initial.rebalance.delay.ms = 0\n"
                                           "%s",
                                           id, dir, more);
  return stk_broker_config_for_test (text, "/");
}

static void
node_open (Node *n, StkWorld *w, int id)
{
  StokerError err = { 0 };

  pthread_mutex_init (&n->lock, NULL);
  pthread_cond_init (&n->cond, NULL);
  n->started = n->stopped = false;
  n->broker = stk_broker_new (w, make_config (id, n->dir, ""), &err);
  g_assert_cmpstr (err.text, ==, "");
  g_assert_cmpint (stk_actor_start (n->broker->control, &err), ==, 0);
  stk_broker_start (n->broker, on_started, n);
}

static void
node_close (Node *n)
{
  wait_flag (n, &n->stopped);
  stk_actor_quit (n->broker->control);
  stk_broker_free (n->broker);
  pthread_mutex_destroy (&n->lock);
  pthread_cond_destroy (&n->cond);
}

static Client
dial (uint16_t port)
{
  struct sockaddr_in to
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval limit = { 20, 0 };
  Client c = { .fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

  setsockopt (c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  g_assert_cmpint (connect (c.fd, (struct sockaddr *)&to, sizeof to), ==, 0);
  return c;
}

enum
{
  TEN = 10
};

static void
test_ten (void)
{
  StkWorld *w = stk_real_world_new ();
  Node nodes[TEN] = { 0 };
  Client clients[TEN];

  for (int i = 0; i < TEN; i++) {
    nodes[i].dir = test_dir_new ();
    node_open (&nodes[i], w, i);
  }
  for (int i = 0; i < TEN; i++) {
    wait_flag (&nodes[i], &nodes[i].started);
    g_assert_cmpstr (nodes[i].err.text, ==, "");
    clients[i] = dial (stk_broker_port (nodes[i].broker, 0));
    for (int k = 0; k < i; k++)
      g_assert_cmpstr (nodes[i].broker->cluster_id, !=, nodes[k].broker->cluster_id);
  }
  for (int i = 0; i < TEN; i++)
    serve_all (&clients[i], i, stk_world_now_ms (w));
  for (int i = 0; i < TEN; i += 2)
    close (clients[i].fd);
  for (int i = 0; i < TEN; i++)
    stk_broker_stop (nodes[i].broker, on_stopped, &nodes[i]);
  for (int i = 0; i < TEN; i++) {
    g_autofree char *marker = g_build_filename (nodes[i].dir, ".kafka_cleanshutdown", NULL);
    node_close (&nodes[i]);
    g_assert_true (g_file_test (marker, G_FILE_TEST_EXISTS));
    if (i % 2)
      close (clients[i].fd);
    test_dir_free (nodes[i].dir);
  }
  stk_world_free (w);
}

/* A directory that is in use, or another broker's, is refused by name, and the broker that has it goes on. */
static void
test_refused (void)
{
  StkWorld *w = stk_real_world_new ();
  Node a = { .dir = test_dir_new () }, b = { .dir = a.dir };

  node_open (&a, w, 1);
  wait_flag (&a, &a.started);
  g_assert_cmpstr (a.err.text, ==, "");
  node_open (&b, w, 1);
  wait_flag (&b, &b.started);
  g_assert_nonnull (strstr (b.err.text, a.dir));
  g_test_message ("%s", b.err.text);
  b.stopped = true;
  node_close (&b);
  stk_broker_stop (a.broker, on_stopped, &a);
  node_close (&a);
  b.err = (StokerError){ 0 };
  node_open (&b, w, 2);
  wait_flag (&b, &b.started);
  g_assert_nonnull (strstr (b.err.text, a.dir));
  g_test_message ("%s", b.err.text);
  b.stopped = true;
  node_close (&b);
  test_dir_free (a.dir);
  stk_world_free (w);
}

/* ---- the simulated world */

static bool
is_set (void *user)
{
  return *(bool *)user;
}

static void
sim_node_run (StkSim *s, Node *n, int id, const char *more)
{
  StkWorld *w = stk_sim_machine (s);
  StokerError err = { 0 };
  Client c = { .fd = -1 };

  pthread_mutex_init (&n->lock, NULL);
  pthread_cond_init (&n->cond, NULL);
  n->broker = stk_broker_new (w, make_config (id, "/data", more), &err);
  g_assert_cmpstr (err.text, ==, "");
  g_assert_cmpint (stk_actor_start (n->broker->control, &err), ==, 0);
  stk_broker_start (n->broker, on_started, n);
  g_assert_true (stk_sim_until (s, is_set, &n->started, INT64_C (60000000)));
  g_assert_cmpstr (n->err.text, ==, "");
  c.peer = stk_sim_connect (s, stk_broker_port (n->broker, 0));
  serve_all (&c, id, stk_world_now_ms (w));
  stk_sim_close (c.peer);
}

static void
sim_node_close (StkSim *s, Node *n)
{
  stk_broker_stop (n->broker, on_stopped, n);
  g_assert_true (stk_sim_until (s, is_set, &n->stopped, INT64_C (60000000)));
  stk_actor_quit (n->broker->control);
  stk_broker_free (n->broker);
  pthread_mutex_destroy (&n->lock);
  pthread_cond_destroy (&n->cond);
}

static uint64_t
sim_run (uint64_t seed, const char *more)
{
  StkSim *s = stk_sim_new (seed);
  Node a = { 0 }, b = { 0 };
  uint64_t print;

  sim_node_run (s, &a, 1, more);
  sim_node_run (s, &b, 2, more);
  stk_sim_run (s, INT64_C (3600000000)); /* an hour: housekeeping, retention checks */
  sim_node_close (s, &a);
  sim_node_close (s, &b);
  print = stk_sim_fingerprint (s);
  stk_sim_free (s);
  return print;
}

static void
test_sim (gconstpointer more)
{
  uint64_t first = sim_run (11, more);

  g_assert_cmpuint (sim_run (11, more), ==, first);
  g_assert_cmpuint (sim_run (12, more), !=, first);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ten-brokers/real", test_ten);
  g_test_add_func ("/ten-brokers/refused", test_refused);
  g_test_add_data_func ("/ten-brokers/simulated/files", "", test_sim);
  g_test_add_data_func ("/ten-brokers/simulated/memory",
                        "load = storage/memory\nstorage.default.use = memory\ncoordinator.local.memory = true\n",
                        test_sim);
  return g_test_run ();
}
