/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is global: ten brokers in one process, each with its own data, over real sockets and disks; and brokers on
 * the simulated world, where a seed replays the whole run. Both are driven with raw frames.
 */
#include "config.h"

#include "frames.h"
#include "node.h"
#include "test-host.h"

#include <glib.h>
#include <unistd.h>

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
  frame_batch (&batch, now_ms, who, 100);
  for (int i = 0; i < 3; i++) {
    ask_produce (c, "topic", 0, &batch);
    g_assert_cmpint (take_produced (c), ==, i * 100);
  }
  ask_fetch (c, "topic", 0, 0, 1000);
  take (c, answer);
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
    node_open (&nodes[i], w, i, "", NULL);
  }
  for (int i = 0; i < TEN; i++) {
    node_wait (&nodes[i], &nodes[i].started);
    g_assert_cmpstr (nodes[i].err.text, ==, "");
    clients[i] = client_dial (stk_broker_port (nodes[i].broker, 0));
    for (int k = 0; k < i; k++)
      g_assert_cmpstr (nodes[i].broker->cluster_id, !=, nodes[k].broker->cluster_id);
  }
  for (int i = 0; i < TEN; i++)
    serve_all (&clients[i], i, stk_world_now_ms (w));
  for (int i = 0; i < TEN; i += 2)
    client_close (&clients[i]);
  for (int i = 0; i < TEN; i++)
    node_stop (&nodes[i]);
  for (int i = 0; i < TEN; i++) {
    g_autofree char *marker = g_build_filename (nodes[i].dir, ".kafka_cleanshutdown", NULL);
    node_close (&nodes[i]);
    g_assert_true (g_file_test (marker, G_FILE_TEST_EXISTS));
    if (i % 2)
      client_close (&clients[i]);
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

  node_open (&a, w, 1, "", NULL);
  node_wait (&a, &a.started);
  g_assert_cmpstr (a.err.text, ==, "");
  node_open (&b, w, 1, "", NULL);
  node_wait (&b, &b.started);
  g_assert_nonnull (strstr (b.err.text, a.dir));
  g_test_message ("%s", b.err.text);
  b.stopped = true;
  node_close (&b);
  node_stop (&a);
  node_close (&a);
  b.err = (StokerError){ 0 };
  node_open (&b, w, 2, "", NULL);
  node_wait (&b, &b.started);
  g_assert_nonnull (strstr (b.err.text, a.dir));
  g_test_message ("%s", b.err.text);
  b.stopped = true;
  node_close (&b);
  test_dir_free (a.dir);
  stk_world_free (w);
}

/* ---- the simulated world */

static void
sim_node_run (StkSim *s, Node *n, int id, const char *more)
{
  Client c;

  node_open_sim (n, s, stk_sim_machine (s), id, more, NULL);
  c = client_sim (s, stk_broker_port (n->broker, 0));
  serve_all (&c, id, stk_world_now_ms (n->broker->world));
  client_close (&c);
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
  node_stop (&a);
  node_stop (&b);
  node_close_sim (&a, s);
  node_close_sim (&b, s);
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
