/* SPDX-License-Identifier: Apache-2.0
 *
 * The scheduler: whatever could run now is drawn by lot; when there is nothing, the clock jumps to the next deadline.
 */
#include "config.h"

#include "sim/impl.h"

#define EPOCH_MS INT64_C (1750000000000)
#define STEP_US 1 /* what a turn takes, so that a loop of posts cannot stop the clock */

typedef struct SimPool
{
  StkPool base;
  StkSim *sim;
  SimMachine *machine;
  GQueue tasks;
  unsigned threads;
} SimPool;

static uint64_t
mix (uint64_t z)
{
  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint64_t
stk_sim_chance (StkSim *s, uint64_t n)
{
  return mix (s->chance += UINT64_C (0x9e3779b97f4a7c15)) % n;
}

void
stk_sim_mark (StkSim *s, uint64_t what)
{
  s->fingerprint = mix (s->fingerprint ^ what ^ (uint64_t)s->now_us << 20);
}

/* ---- actors */

static int
sim_start (StkActor *base, StokerError *err)
{
  SimActor *a = (SimActor *)base;

  a->started = true;
  return 0;
}

static void
sim_wake (StkActor *a)
{
}

static void
run_actor (SimActor *a)
{
  StkActor *before = stk_actor_enter (&a->base);

  a->base.now_us = 0;
  stk_sim_net_deliver (a);
  stk_actor_turn (&a->base);
  stk_actor_enter (before);
}

static void
sim_join (StkActor *base)
{
  SimActor *a = (SimActor *)base;

  while (a->started && !base->quitting && stk_actor_has_work (base))
    run_actor (a);
}

static void
sim_actor_free (StkActor *base)
{
  SimActor *a = (SimActor *)base;

  stk_actor_drain (base);
  g_ptr_array_remove (SIM_OF (base->world)->actors, a);
  g_ptr_array_unref (a->ends);
  g_ptr_array_unref (a->listeners);
  stk_actor_clear (base);
  g_free (a);
}

static const StkActorOps actor_ops = { sim_start, NULL, sim_wake, NULL, sim_join, sim_actor_free };

static StkActor *
sim_actor_new (StkWorld *w, StkActorKind kind, const char *name)
{
  SimActor *a = g_new0 (SimActor, 1);

  stk_actor_init (&a->base, &actor_ops, w, kind, name);
  a->ends = g_ptr_array_new ();
  a->listeners = g_ptr_array_new ();
  g_ptr_array_add (SIM_OF (w)->actors, a);
  return &a->base;
}

/* Could it run now? If not, *when is lowered to the time when it could. */
static bool
actor_ready (SimActor *a, int64_t *when)
{
  StkSim *s = SIM_OF (a->base.world);
  int64_t next = stk_timers_next (&a->base.timers);

  if (!a->started || a->base.quitting || ((SimMachine *)a->base.world)->halted)
    return false;
  if (stk_actor_has_work (&a->base) || next <= s->now_us)
    return true;
  *when = MIN (*when, next);
  return stk_sim_net_ready (a, when);
}

/* ---- pools */

static void
sim_pool_post (StkPool *base, StkTask *t)
{
  g_queue_push_tail (&((SimPool *)base)->tasks, t);
}

/* One of those that its threads could have taken: several work at once, so any of them may be the next to end. */
static void
run_pool (SimPool *p)
{
  guint n = MIN (p->threads, p->tasks.length);
  StkTask *t = g_queue_pop_nth (&p->tasks, (guint)stk_sim_chance (p->sim, n));
  StkActor *before = stk_actor_enter (NULL);

  t->run (t);
  stk_actor_enter (before);
}

static void
sim_pool_free (StkPool *base)
{
  SimPool *p = (SimPool *)base;

  while (p->tasks.length > 0)
    run_pool (p);
  g_ptr_array_remove (p->sim->pools, p);
  g_free (p);
}

static const StkPoolOps pool_ops = { sim_pool_post, sim_pool_free };

static StkPool *
sim_pool_new (StkWorld *w, const char *name, unsigned threads)
{
  SimPool *p = g_new0 (SimPool, 1);

  p->base.ops = &pool_ops;
  p->sim = SIM_OF (w);
  p->machine = (SimMachine *)w;
  p->threads = threads;
  g_queue_init (&p->tasks);
  g_ptr_array_add (p->sim->pools, p);
  return &p->base;
}

/* ---- machines */

static int64_t
sim_now_ms (StkWorld *w)
{
  return EPOCH_MS + SIM_OF (w)->now_us / 1000;
}

static int64_t
sim_monotonic_us (StkWorld *w)
{
  return SIM_OF (w)->now_us;
}

static uint64_t
sim_random (StkWorld *w)
{
  return stk_sim_chance (SIM_OF (w), UINT64_MAX);
}

static void
sim_world_free (StkWorld *w)
{
}

static const StkWorldOps world_ops
    = { sim_now_ms, sim_monotonic_us, sim_random, sim_actor_new, sim_pool_new, sim_world_free };

StkWorld *
stk_sim_machine (StkSim *s)
{
  SimMachine *m = g_new0 (SimMachine, 1);

  m->base.ops = &world_ops;
  m->base.net = s->net;
  m->base.disk = stk_sim_disk_new (s);
  m->sim = s;
  m->number = (int)s->machines->len + 1;
  g_ptr_array_add (s->machines, m);
  return &m->base;
}

StkWorld *
stk_sim_reboot (StkWorld *halted)
{
  StkWorld *w = stk_sim_machine (SIM_OF (halted));

  stk_sim_disk_free (w->disk);
  w->disk = g_steal_pointer (&halted->disk);
  return w;
}

void
stk_sim_watch_disk (StkWorld *machine, StkSimDiskWatch watch, void *user)
{
  stk_sim_disk_watch (machine->disk, watch, user);
}

static void
machine_free (void *user)
{
  SimMachine *m = user;

  if (m->base.disk)
    stk_sim_disk_free (m->base.disk);
  g_free (m);
}

void
stk_sim_halt (StkWorld *machine)
{
  SimMachine *m = (SimMachine *)machine;

  m->halted = true;
  stk_sim_net_halt (m);
  stk_sim_disk_unlock_all (machine->disk);
}

void
stk_sim_cut_power (StkWorld *machine)
{
  stk_sim_disk_cut (machine->disk);
}

void
stk_sim_limit_disk (StkWorld *machine, uint64_t bytes)
{
  stk_sim_disk_limit (machine->disk, bytes);
}

/* ---- the simulation */

StkSim *
stk_sim_new (uint64_t seed)
{
  StkSim *s = g_new0 (StkSim, 1);

  s->chance = mix (seed ^ UINT64_C (0x53746f6b6572));
  s->now_us = 1000000;
  s->machines = g_ptr_array_new_with_free_func (machine_free);
  s->actors = g_ptr_array_new ();
  s->pools = g_ptr_array_new ();
  s->net = stk_sim_net_new (s);
  return s;
}

void
stk_sim_free (StkSim *s)
{
  s->net->ops->free (s->net);
  g_ptr_array_unref (s->machines);
  g_ptr_array_unref (s->actors);
  g_ptr_array_unref (s->pools);
  g_free (s);
}

/* Everything that could run now, actors first; *when: the next deadline of the others. */
static GPtrArray *
ready (StkSim *s, guint *n_actors, int64_t *when)
{
  GPtrArray *list = g_ptr_array_new ();

  *when = INT64_MAX;
  for (guint i = 0; i < s->actors->len; i++)
    if (actor_ready (g_ptr_array_index (s->actors, i), when))
      g_ptr_array_add (list, g_ptr_array_index (s->actors, i));
  *n_actors = list->len;
  for (guint i = 0; i < s->pools->len; i++) {
    SimPool *p = g_ptr_array_index (s->pools, i);
    if (p->tasks.length > 0 && !p->machine->halted)
      g_ptr_array_add (list, p);
  }
  return list;
}

bool
stk_sim_step (StkSim *s)
{
  int64_t when;
  guint n_actors, at;
  g_autoptr (GPtrArray) list = ready (s, &n_actors, &when);

  if (list->len == 0) {
    if (when == INT64_MAX)
      return false;
    s->now_us = when;
    return true;
  }
  at = (guint)stk_sim_chance (s, list->len);
  s->now_us += STEP_US;
  stk_sim_mark (s, (uint64_t)list->len << 16 | at);
  if (at < n_actors)
    run_actor (g_ptr_array_index (list, at));
  else
    run_pool (g_ptr_array_index (list, at));
  return true;
}

bool
stk_sim_until (StkSim *s, bool (*cond) (void *user), void *user, int64_t us)
{
  int64_t end = s->now_us + us;

  while (!cond (user)) {
    if (s->now_us >= end)
      return false;
    if (!stk_sim_step (s))
      return cond (user);
  }
  return true;
}

void
stk_sim_run (StkSim *s, int64_t us)
{
  int64_t end = s->now_us + us;

  while (s->now_us < end) {
    int64_t when;
    guint n;
    g_autoptr (GPtrArray) list = ready (s, &n, &when);
    if (list->len == 0 && when >= end) {
      s->now_us = end;
      return;
    }
    (void)stk_sim_step (s);
  }
}

int64_t
stk_sim_now_us (StkSim *s)
{
  return s->now_us;
}

uint64_t
stk_sim_fingerprint (const StkSim *s)
{
  return s->fingerprint;
}
