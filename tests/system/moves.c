/* SPDX-License-Identifier: Apache-2.0
 *
 * Producers that send ahead and consumers that wait, on a broker whose connections change their I/O thread all the
 * time: every byte comes back once and in order. Over sockets, and on the simulated world, where a seed replays it.
 */
#include "config.h"

#include "control/metrics.h"
#include "frames.h"
#include "node.h"
#include "test-host.h"

#include <glib.h>

enum
{
  PAIRS = 4,
  AHEAD = 3, /* produce requests of one connection under way */
  RECORDS = 10
};

/* At the end of every window all that has worked goes to the next thread. */
static const StkSpreadSettings restless = { 1000, 1000000, 5000, 500, 650, 3, 250, 300, 250, true };

/* A producer and a consumer of one partition. */
typedef struct Pair
{
  Client in, out;
  int partition, rounds, round;
  StokerBuf *batches; /* rounds * AHEAD */
  int64_t offset;     /* records that have come back */
} Pair;

static void
pair_open (Pair *p, int partition, int rounds, int64_t now_ms)
{
  p->partition = partition;
  p->rounds = rounds;
  p->batches = g_new0 (StokerBuf, rounds * AHEAD);
  for (int i = 0; i < rounds * AHEAD; i++)
    frame_batch (&p->batches[i], now_ms, partition * 1000000 + i, RECORDS);
}

static void
pair_close (Pair *p)
{
  client_close (&p->in);
  client_close (&p->out);
  for (int i = 0; i < p->rounds * AHEAD; i++)
    stoker_buf_clear (&p->batches[i]);
  g_free (p->batches);
}

/* What a fetch brought are the next batches, whole. */
static void
check_fetched (Pair *p, const GByteArray *answer)
{
  /* throttle, topics 1, name, partitions 1, partition, error, high watermark, last stable offset, aborted (null), bytes
   */
  size_t at = 4 + 4 + 7 + 4 + 4, end;

  g_assert_cmpint (int_at (answer, at, 2), ==, 0);
  at += 2 + 8 + 8 + 4;
  end = at + 4 + (size_t)int_at (answer, at, 4);
  g_assert_cmpuint (end, ==, answer->len);
  for (at += 4; at < end; p->offset += RECORDS) {
    const StokerBuf *b = &p->batches[p->offset / RECORDS];
    g_assert_cmpint (p->offset / RECORDS, <, p->rounds * AHEAD);
    g_assert_cmpint (int_at (answer, at, 8), ==, p->offset);
    g_assert_cmpuint (at + b->len, <=, end);
    g_assert_true (memcmp (answer->data + at + 16, b->data + 16, b->len - 16) == 0);
    at += b->len;
  }
}

/* The consumer waits, the producer sends ahead .. */
static void
round_begin (Pair *p)
{
  ask_fetch (&p->out, "topic", p->partition, p->offset, 5000);
  for (int i = 0; i < AHEAD; i++)
    ask_produce (&p->in, "topic", p->partition, &p->batches[p->round * AHEAD + i]);
}

/* .. and both get what they are owed, now and then with a fetch for each batch. */
static void
round_end (Pair *p)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();

  for (int i = 0; i < AHEAD; i++)
    g_assert_cmpint (take_produced (&p->in), ==, (p->round * AHEAD + i) * RECORDS);
  p->round++;
  for (;;) {
    take (&p->out, answer);
    check_fetched (p, answer);
    if (p->offset == p->round * AHEAD * RECORDS)
      return;
    ask_fetch (&p->out, "topic", p->partition, p->offset, 5000);
  }
}

static void
make_topic (Client *c)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  StokerBuf b = { 0 };
  bool there = false;

  for (int i = 0; i < 200 && !there; i++) {
    put_int (&b, 1, 4);
    put_text (&b, "topic");
    call (c, 3, 0, &b, answer);
    there = int_at (answer, 8 + 2 + (size_t)int_at (answer, 8, 2) + 4 + 4, 2) == 0;
    if (!there && c->peer == NULL)
      g_usleep (10000);
  }
  g_assert_true (there);
}

static int64_t
moves (const Node *n)
{
  return stk_metric_value (stk_metrics_core (n->broker->metrics, STK_METRIC_CONNECTIONS_MOVED));
}

static gpointer
run_pair (gpointer user)
{
  Pair *p = user;

  while (p->round < p->rounds) {
    round_begin (p);
    round_end (p);
  }
  return NULL;
}

static void
test_real (gconstpointer more)
{
  StkWorld *w = stk_real_world_new ();
  Node n = { .dir = test_dir_new () };
  GThread *threads[PAIRS];
  Pair pairs[PAIRS] = { 0 };
  int64_t moved;

  node_open (&n, w, 1, more, &restless);
  node_wait (&n, &n.started);
  g_assert_cmpstr (n.err.text, ==, "");
  for (int i = 0; i < PAIRS; i++) {
    pair_open (&pairs[i], i, 200, stk_world_now_ms (w));
    pairs[i].in = client_dial (stk_broker_port (n.broker, 0));
    pairs[i].out = client_dial (stk_broker_port (n.broker, 0));
  }
  make_topic (&pairs[0].in);
  for (int i = 0; i < PAIRS; i++)
    threads[i] = g_thread_new ("pair", run_pair, &pairs[i]);
  for (int i = 0; i < PAIRS; i++)
    g_thread_join (threads[i]);
  moved = moves (&n);
  g_test_message ("%" G_GINT64_FORMAT " moves", moved);
  g_assert_cmpint (moved, >, 50);
  for (int i = 0; i < PAIRS; i++)
    pair_close (&pairs[i]);
  node_stop (&n);
  node_close (&n);
  test_dir_free (n.dir);
  stk_world_free (w);
}

static uint64_t
sim_run (uint64_t seed, const char *more, int64_t *moved)
{
  StkSim *s = stk_sim_new (seed);
  StkWorld *w = stk_sim_machine (s);
  Pair pairs[PAIRS] = { 0 };
  Node n = { 0 };
  uint64_t print;

  node_open_sim (&n, s, w, 1, more, &restless);
  for (int i = 0; i < PAIRS; i++) {
    pair_open (&pairs[i], i, 20, stk_world_now_ms (w));
    pairs[i].in = client_sim (s, stk_broker_port (n.broker, 0));
    pairs[i].out = client_sim (s, stk_broker_port (n.broker, 0));
  }
  make_topic (&pairs[0].in);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < PAIRS; i++)
      round_begin (&pairs[i]);
    for (int i = 0; i < PAIRS; i++)
      round_end (&pairs[i]);
  }
  *moved = moves (&n);
  for (int i = 0; i < PAIRS; i += 2)
    pair_close (&pairs[i]);
  node_stop (&n);
  node_close_sim (&n, s);
  for (int i = 1; i < PAIRS; i += 2)
    pair_close (&pairs[i]);
  print = stk_sim_fingerprint (s);
  stk_sim_free (s);
  return print;
}

static void
test_sim (gconstpointer more)
{
  for (uint64_t seed = 1; seed <= 5; seed++) {
    int64_t moved, again;
    uint64_t first = sim_run (seed, more, &moved);
    g_assert_cmpuint (sim_run (seed, more, &again), ==, first);
    g_assert_cmpint (again, ==, moved);
    g_test_message ("%" G_GINT64_FORMAT " moves", moved);
    g_assert_cmpint (moved, >, 20);
  }
}

int
main (int argc, char **argv)
{
  static const char *const os = "num.partitions = 4\nlog.flush = os\n", *const journal
                                                                        = "num.partitions = 4\nlog.flush = journal\n";

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/moves/real/os", os, test_real);
  g_test_add_data_func ("/moves/real/journal", journal, test_real);
  g_test_add_data_func ("/moves/simulated/os", os, test_sim);
  g_test_add_data_func ("/moves/simulated/journal", journal, test_sim);
  return g_test_run ();
}
