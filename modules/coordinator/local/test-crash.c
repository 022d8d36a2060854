/* SPDX-License-Identifier: Apache-2.0
 *
 * Power cuts on a simulated disk, at moments that a seed picks: what was acknowledged is there afterwards, and what is
 * there is what the tree was after some number of the changes asked for, never a mixture.
 */
#include "module/host.h"
#include "module/instance.h"
#include "module/option.h"
#include "sim/sim.h"

#include <glib.h>
#include <stoker/coordinator.h>

#define KEYS 12

extern const StokerModule stoker_module_coordinator_local;

typedef struct Bench
{
  StkSim *sim;
  StkWorld *world;
  StkActor *control;
  StkPool *pool;
  StokerHost host;
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
  bool connected;
  /* The model: history[n] is the tree after n changes: the value of each key, -1 none. */
  GArray *history; /* of State */
  guint acknowledged;
  unsigned pending;
} Bench;

typedef struct State
{
  int value[KEYS];
} State;

typedef struct Asked
{
  Bench *b;
  guint change; /* number of the state that it makes */
} Asked;

static int64_t
now_ms (void *user)
{
  return stk_world_now_ms (((Bench *)user)->world);
}

static int64_t
monotonic_us (void *user)
{
  return stk_world_monotonic_us (((Bench *)user)->world);
}

static uint64_t
random_bits (void *user)
{
  return stk_world_random (((Bench *)user)->world);
}

static void
work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  stk_pool_call (((Bench *)user)->pool, fn, arg);
}

static void
post_control (void *user, void (*fn) (void *arg), void *arg)
{
  stk_actor_call (((Bench *)user)->control, fn, arg);
}

static const StkHostOps host_ops = { now_ms, monotonic_us, random_bits, work, post_control, NULL, NULL, NULL, NULL };

static void
on_session (void *user, StokerCoordState state, int64_t id)
{
  if (state == STOKER_COORD_CONNECTED)
    ((Bench *)user)->connected = true;
}

static void
do_open (void *user)
{
  Bench *b = user;
  StokerCoordSession session = { on_session, b };

  g_assert_cmpint (b->ops->open (b->self, &session, NULL), ==, 0);
}

static bool
is_set (void *flag)
{
  return *(bool *)flag;
}

static void
start (Bench *b)
{
  const StokerModule *m = &stoker_module_coordinator_local;
  void *conf = stk_conf_new (m);
  StokerError err = { 0 };

  g_assert_cmpint (stk_option_parse (stk_option_find (m->options, m->n_options, "directory"), "/data", NULL, conf,
                                     &err),
                   ==, 0);
  b->self = stk_instance_new (m, "local", &b->host, conf);
  b->ops = m->ops;
  if (stk_instance_init (b->self, &err) < 0 || stk_instance_start (b->self, &err) < 0)
    g_error ("after a power cut: %s", err.text);
  b->connected = false;
  stk_actor_call (b->control, do_open, b);
  g_assert_true (stk_sim_until (b->sim, is_set, &b->connected, 1000000));
}

static void
on_answer (void *user, const StokerCoordReply *reply)
{
  Asked *a = user;

  if (reply->code == STOKER_COORD_OK)
    a->b->acknowledged = MAX (a->b->acknowledged, a->change);
  a->b->pending--;
  g_free (a);
}

static StokerBytes
number (int n, char text[16])
{
  g_snprintf (text, 16, "%d", n);
  return (StokerBytes){ (uint8_t *)text, strlen (text) };
}

/* One change: a multi of one to three operations on keys. */
static void
do_change (void *user)
{
  Bench *b = user;
  State next = g_array_index (b->history, State, b->history->len - 1);
  StokerCoordOp ops[3];
  char paths[3][16], texts[3][16];
  size_t n = 1 + stk_world_random (b->world) % 3;
  Asked *a = g_new (Asked, 1);

  for (size_t i = 0; i < n; i++) {
    int key = (int)(stk_world_random (b->world) % KEYS), value = (int)(b->history->len * 10 + i);
    bool drop = next.value[key] >= 0 && stk_world_random (b->world) % 3 == 0;
    g_snprintf (paths[i], sizeof paths[i], "/k%d", key);
    ops[i] = (StokerCoordOp){ drop                  ? STOKER_COORD_OP_DELETE
                              : next.value[key] < 0 ? STOKER_COORD_OP_CREATE
                                                    : STOKER_COORD_OP_SET,
                              paths[i], number (value, texts[i]), 0, -1 };
    next.value[key] = drop ? -1 : value;
  }
  g_array_append_val (b->history, next);
  *a = (Asked){ b, b->history->len - 1 };
  b->ops->multi (b->self, ops, n, on_answer, a);
}

/* ---- what is there */
typedef struct Reading
{
  State *state;
  int key;
  unsigned *pending;
} Reading;

static void
on_value (void *user, const StokerCoordReply *reply)
{
  Reading *r = user;
  g_autofree char *text = reply->data.data ? g_strndup ((char *)reply->data.data, reply->data.len) : NULL;

  r->state->value[r->key] = reply->code == STOKER_COORD_OK ? atoi (text) : -1;
  --*r->pending;
  g_free (r);
}

static void
do_read (void *user)
{
  Bench *b = user;
  State *there = &g_array_index (b->history, State, 0);

  for (int key = 0; key < KEYS; key++) {
    Reading *r = g_new (Reading, 1);
    char path[16];
    *r = (Reading){ there, key, &b->pending };
    g_snprintf (path, sizeof path, "/k%d", key);
    b->ops->get (b->self, path, (StokerCoordWatch){ NULL, NULL }, on_value, r);
  }
}

static bool
nothing_pending (void *user)
{
  return ((Bench *)user)->pending == 0;
}

/* Reads the tree, finds it in the history, and makes it the beginning of a new history. */
static void
check (Bench *b, uint64_t seed)
{
  g_autoptr (GArray) history = b->history;
  guint acknowledged = b->acknowledged, at;
  State empty = { { 0 } }, *there;

  b->history = g_array_new (FALSE, FALSE, sizeof (State));
  g_array_append_val (b->history, empty);
  b->pending = KEYS;
  stk_actor_call (b->control, do_read, b);
  g_assert_true (stk_sim_until (b->sim, nothing_pending, b, 1000000));
  there = &g_array_index (b->history, State, 0);
  for (at = acknowledged; at < history->len; at++)
    if (memcmp (&g_array_index (history, State, at), there, sizeof *there) == 0)
      break;
  if (at == history->len)
    g_error ("seed %d: what is there is no state between change %u (acknowledged) and %u", (int)seed, acknowledged,
             history->len - 1);
  b->acknowledged = 0;
}

static void
run_seed (uint64_t seed)
{
  Bench b = { .sim = stk_sim_new (seed) };
  State none;

  for (int i = 0; i < KEYS; i++)
    none.value[i] = -1;
  b.world = stk_sim_machine (b.sim);
  b.control = stk_actor_new (b.world, STK_ACTOR_CONTROL, "control");
  b.pool = stk_pool_new (b.world, "disk", 1);
  b.host = (StokerHost){ &host_ops, &b, stk_world_disk (b.world), NULL, NULL };
  b.history = g_array_new (FALSE, FALSE, sizeof (State));
  g_array_append_val (b.history, none);
  g_assert_cmpint (stk_actor_start (b.control, NULL), ==, 0);
  g_assert_cmpint (stoker_disk_mkdir (b.host.disk, "/data"), ==, 0);
  g_assert_cmpint (stoker_disk_sync_dir (b.host.disk, "/"), ==, 0);
  for (int round = 0; round < 6; round++) {
    uint64_t changes = stk_world_random (b.world) % 40;
    start (&b);
    check (&b, seed);
    for (uint64_t i = 0; i < changes; i++) {
      b.pending++;
      stk_actor_call (b.control, do_change, &b);
      for (uint64_t steps = stk_world_random (b.world) % 6; steps > 0; steps--)
        (void)stk_sim_step (b.sim);
    }
    stk_sim_cut_power (b.world);
    g_assert_true (stk_sim_until (b.sim, nothing_pending, &b,
                                  1000000)); /* all refused now, but for answers that were on their way */
    stk_instance_free (b.self);
    stk_sim_run (b.sim, 1000);
  }
  stk_actor_quit (b.control);
  stk_actor_free (b.control);
  stk_pool_free (b.pool);
  g_array_unref (b.history);
  stk_sim_free (b.sim);
}

static void
test_cuts (void)
{
  uint64_t n = g_getenv ("LONG") ? 1000 : 40;

  for (uint64_t seed = 1; seed <= n; seed++)
    run_seed (seed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local/power-cuts", test_cuts);
  return g_test_run ();
}
