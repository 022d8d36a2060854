/* SPDX-License-Identifier: Apache-2.0
 *
 * A server on the simulated world: the connection layer runs unchanged on it, time is virtual, and a seed replays.
 */
#include "config.h"

#include "echo.h"
#include "net/server.h"
#include "sim/sim.h"

#include <glib.h>

typedef struct Host
{
  StkSim *sim;
  StkWorld *world;
  StokerBroker broker;
  StkActor *io[3];
  StkServer *server;
  EchoState state;
  StokerInstance echo;
  uint16_t port;
  bool closed;
} Host;

/* Connections on all actors; and where each moves to the next one whenever it has worked. */
static const StkSpreadSettings even = { 20000, 1000000, 100000, 500, 650, 3, 250, 300, 1, false };
static const StkSpreadSettings restless = { 100, 1000000, 10000, 500, 650, 3, 250, 300, 1, true };

static void
host_open (Host *h, StkSim *sim, int64_t max_idle_us, const StkSpreadSettings *spread)
{
  StkServerSettings settings = { 50, G_MAXINT, G_MAXINT, -1, -1, { max_idle_us, ECHO_MAX, 1 << 20 }, spread };
  StkServerListener l = { "PLAINTEXT", "", 0, &h->echo };
  StokerError err = { 0 };
  StokerFile *f;
  g_autofree guint8 *zeros = g_malloc0 (4 << 20);

  *h = (Host){ .sim = sim, .world = stk_sim_machine (sim) };
  h->echo = (StokerInstance){ "echo", &stoker_module_protocol_echo, NULL, &h->state, NULL };
  h->broker = (StokerBroker){ .world = h->world, .io_actors = h->io, .n_io = 3 };
  h->broker.control = stk_actor_new (h->world, STK_ACTOR_CONTROL, "control");
  g_assert_cmpint (stk_actor_start (h->broker.control, &err), ==, 0);
  for (int i = 0; i < 3; i++) {
    h->io[i] = stk_actor_new (h->world, STK_ACTOR_IO, "io");
    g_assert_cmpint (stk_actor_start (h->io[i], &err), ==, 0);
  }
  g_assert_cmpint (stoker_file_open (stk_world_disk (h->world), "/file", STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f),
                   ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, zeros, 4 << 20, 0), ==, 0);
  h->state.file = f;
  h->server = stk_server_new (&h->broker, &settings);
  g_assert_cmpint (stk_server_bind (h->server, &l, &err), ==, 0);
  h->port = stk_server_port (h->server, 0);
  stk_server_open (h->server);
}

static void
on_closed (void *user)
{
  ((Host *)user)->closed = true;
}

static bool
is_closed (void *user)
{
  return ((Host *)user)->closed;
}

static void
host_close (Host *h)
{
  stk_server_close (h->server, 1000000, on_closed, h);
  g_assert_true (stk_sim_until (h->sim, is_closed, h, 5000000));
  for (int i = 0; i < 3; i++) {
    stk_actor_quit (h->io[i]);
    stk_actor_free (h->io[i]);
  }
  stk_actor_quit (h->broker.control);
  stk_actor_free (h->broker.control);
  stoker_file_unref (h->state.file);
  g_assert_cmpint (atomic_load (&h->state.open), ==, atomic_load (&h->state.closed));
}

static void
frame (StkSimPeer *p, char letter, const void *body, size_t len)
{
  guint32 size = GUINT32_TO_LE ((guint32)len + 5);

  g_assert_true (stk_sim_send (p, &size, 4));
  g_assert_true (stk_sim_send (p, &letter, 1));
  g_assert_true (stk_sim_send (p, body, len));
}

static void
expect (StkSimPeer *p, char letter, const void *body, size_t len)
{
  g_autofree guint8 *got = g_malloc (len + 5);

  g_assert_true (stk_sim_receive (p, got, len + 5));
  g_assert_cmpint (got[4], ==, letter);
  g_assert_true (memcmp (got + 5, body, len) == 0);
}

static uint64_t
one_run (uint64_t seed, const StkSpreadSettings *spread, uint64_t *moved)
{
  StkSim *sim = stk_sim_new (seed);
  g_autofree guint8 *body = g_malloc (700000), *tail = g_malloc (3000015);
  StkSimPeer *p[8];
  uint64_t print;
  Host h;

  for (int i = 0; i < 700000; i++)
    body[i] = (guint8)(i * 31 + i / 977);
  host_open (&h, sim, 0, spread);
  for (int i = 0; i < 8; i++)
    p[i] = stk_sim_connect (sim, h.port);
  for (int i = 0; i < 8; i++) {
    frame (p[i], 'e', body, (size_t)i * 100000);
    frame (p[i], 's', body, 5000);
    frame (p[i], 'h', body, 10);
    frame (p[i], 'g', body, 10);
  }
  for (int i = 0; i < 8; i++) {
    expect (p[i], 'e', body, (size_t)i * 100000);
    expect (p[i], 's', body, 5000);
    g_assert_true (stk_sim_receive (p[i], tail, 3000015));
    expect (p[i], 'h', body, 10);
    expect (p[i], 'g', body, 10);
  }
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 8; i++)
      frame (p[i], 'e', body + i, (size_t)round * 100);
    for (int i = 0; i < 8; i++)
      expect (p[i], 'e', body + i, (size_t)round * 100);
  }
  for (int i = 0; i < 8; i += 2)
    stk_sim_close (p[i]);
  host_close (&h);
  for (int i = 1; i < 8; i += 2) {
    g_assert_false (stk_sim_receive (p[i], tail, 1));
    stk_sim_close (p[i]);
  }
  *moved = 0;
  for (int i = 0; i < 3; i++)
    *moved += stk_conns_counts (stk_server_conns (h.server, i))->moved_in;
  stk_server_free (h.server);
  print = stk_sim_fingerprint (sim);
  stk_sim_free (sim);
  return print;
}

static void
test_replay (void)
{
  uint64_t moved, a = one_run (7, &even, &moved), b = one_run (7, &even, &moved), c = one_run (8, &even, &moved);

  g_assert_cmpuint (a, ==, b);
  g_assert_cmpuint (a, !=, c);
  g_assert_cmpuint (moved, ==, 0);
}

/* The same bytes while the connections change their actors all the time; and a seed replays that too. */
static void
test_moves (void)
{
  for (uint64_t seed = 1; seed <= 12; seed++) {
    uint64_t moved, again, a = one_run (seed, &restless, &moved), b = one_run (seed, &restless, &again);
    g_assert_cmpuint (a, ==, b);
    g_assert_cmpuint (moved, ==, again);
    g_assert_cmpuint (moved, >, 20);
  }
}

/* Ten idle minutes pass at once, and end the connection. */
static void
test_idle (void)
{
  StkSim *sim = stk_sim_new (3);
  StkSimPeer *p;
  int64_t began;
  char byte;
  Host h;

  host_open (&h, sim, INT64_C (600000000), &even);
  p = stk_sim_connect (sim, h.port);
  frame (p, 'e', "a", 1);
  expect (p, 'e', "a", 1);
  began = stk_sim_now_us (sim);
  stk_sim_run (sim, INT64_C (590000000));
  frame (p, 'e', "b", 1); /* in time: it lives on */
  expect (p, 'e', "b", 1);
  stk_sim_run (sim, INT64_C (500000000));
  frame (p, 'e', "c", 1);
  expect (p, 'e', "c", 1);
  stk_sim_run (sim, INT64_C (610000000));
  g_assert_false (stk_sim_receive (p, &byte, 1));
  g_assert_cmpint (stk_sim_now_us (sim) - began, >=, INT64_C (1700000000));
  stk_sim_close (p);
  host_close (&h);
  stk_server_free (h.server);
  stk_sim_free (sim);
}

typedef struct Job
{
  StkTask task;
  GString *log;
  char name;
} Job;

static void
run_job (StkTask *t)
{
  g_string_append_c (((Job *)t)->log, ((Job *)t)->name);
}

/* Tasks of a pool of one thread run in order, those of a larger one in some order, and all before it is freed. */
static void
test_pool (void)
{
  StkSim *sim = stk_sim_new (5);
  StkWorld *w = stk_sim_machine (sim);
  StkPool *one = stk_pool_new (w, "one", 1), *many = stk_pool_new (w, "many", 4);
  GString *a = g_string_new (NULL), *b = g_string_new (NULL);
  Job jobs[52];

  for (int i = 0; i < 26; i++) {
    jobs[i] = (Job){ { NULL, run_job }, a, (char)('a' + i) };
    jobs[26 + i] = (Job){ { NULL, run_job }, b, (char)('a' + i) };
    stk_pool_post (one, &jobs[i].task);
    stk_pool_post (many, &jobs[26 + i].task);
  }
  while (b->len < 20)
    g_assert_true (stk_sim_step (sim));
  stk_pool_free (one);
  stk_pool_free (many);
  g_assert_cmpstr (a->str, ==, "abcdefghijklmnopqrstuvwxyz");
  g_assert_cmpuint (b->len, ==, 26);
  g_assert_cmpstr (b->str, !=, a->str);
  g_string_free (a, TRUE);
  g_string_free (b, TRUE);
  stk_sim_free (sim);
}

/* A halted machine neither answers nor acts. What it held can never be freed, and stays reachable from here. */
static void
test_halt (void)
{
  static StkSim *sim;
  static Host h, next;
  StkSimPeer *p;
  char byte;

  sim = stk_sim_new (9);
  host_open (&h, sim, 0, &even);
  p = stk_sim_connect (sim, h.port);
  frame (p, 'e', "a", 1);
  expect (p, 'e', "a", 1);
  stk_sim_halt (h.world);
  g_assert_false (stk_sim_receive (p, &byte, 1));
  g_assert_null (stk_sim_connect (sim, h.port));
  stk_sim_close (p);
  host_open (&next, sim, 0, &even); /* another machine goes on */
  p = stk_sim_connect (sim, next.port);
  frame (p, 'e', "a", 1);
  expect (p, 'e', "a", 1);
  stk_sim_close (p);
  host_close (&next);
  stk_server_free (next.server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/replay", test_replay);
  g_test_add_func ("/sim/moves", test_moves);
  g_test_add_func ("/sim/idle", test_idle);
  g_test_add_func ("/sim/pool", test_pool);
  g_test_add_func ("/sim/halt", test_halt);
  return g_test_run ();
}
