/* SPDX-License-Identifier: Apache-2.0
 *
 * What actors of every kind have in common: the mailbox, the timers, the end of a turn, and who is running.
 */
#include "world/impl.h"

#include <glib.h>
#include <pthread.h>

/* The only thread-local of the core: an affinity can be asserted without handing the actor through every call. */
static _Thread_local StkActor *current;

static void
quit_run (StkTask *t)
{
  StkActor *a = (StkActor *)((char *)t - offsetof (StkActor, quit));
  a->quitting = true;
}

void
stk_actor_init (StkActor *a, const StkActorOps *ops, StkWorld *w, StkActorKind kind, const char *name)
{
  a->ops = ops;
  a->world = w;
  a->kind = kind;
  a->name = g_strdup (name);
  a->turn_end_tail = &a->turn_end;
  a->quit.run = quit_run;
}

void
stk_actor_clear (StkActor *a)
{
  stk_timers_clear (&a->timers);
  g_free (a->name);
}

StkActor *
stk_actor_enter (StkActor *a)
{
  StkActor *before = current;
  current = a;
  return before;
}

bool
stk_actor_is_current (const StkActor *a)
{
  return current == a;
}

StkActor *
stk_actor_new (StkWorld *w, StkActorKind kind, const char *name)
{
  return w->ops->actor_new (w, kind, name);
}

int
stk_actor_start (StkActor *a, StokerError *err)
{
  return a->ops->start (a, err);
}

void
stk_actor_run (StkActor *a)
{
  g_assert (a->ops->run != NULL);
  a->ops->run (a);
}

void
stk_actor_quit (StkActor *a)
{
  stk_actor_post (a, &a->quit);
}

void
stk_actor_join (StkActor *a)
{
  g_assert (current != a);
  a->ops->join (a);
}

void
stk_actor_free (StkActor *a)
{
  if (a == NULL)
    return;
  stk_actor_join (a);
  a->ops->free (a);
}

void
stk_actor_post (StkActor *a, StkTask *t)
{
  /* Its own loop looks into the box before it waits, so only others have to wake it. */
  if (stk_mailbox_push (&a->mail, t) && current != a)
    a->ops->wake (a);
}

typedef struct Call
{
  StkTask task;
  void (*fn) (void *user);
  void *user;
} Call;

static void
call_run (StkTask *t)
{
  Call c = *(Call *)t;

  g_free (t);
  c.fn (c.user);
}

static StkTask *
call_new (void (*fn) (void *user), void *user)
{
  Call *c = g_new (Call, 1);

  *c = (Call){ { NULL, call_run }, fn, user };
  return &c->task;
}

void
stk_actor_call (StkActor *a, void (*fn) (void *user), void *user)
{
  stk_actor_post (a, call_new (fn, user));
}

void
stk_pool_call (StkPool *p, void (*fn) (void *user), void *user)
{
  stk_pool_post (p, call_new (fn, user));
}

void
stk_actor_timer_set (StkActor *a, StkTimer *t, int64_t deadline_us)
{
  g_assert (current == a);
  stk_timers_set (&a->timers, t, deadline_us);
}

void
stk_actor_timer_cancel (StkActor *a, StkTimer *t)
{
  /* What belongs to an actor is taken apart after its loop has ended, by whoever owns it. */
  g_assert (current == a || a->quitting);
  stk_timers_cancel (&a->timers, t);
}

int64_t
stk_actor_now_us (StkActor *a)
{
  g_assert (current == a);
  if (a->now_us == 0)
    a->now_us = stk_world_monotonic_us (a->world);
  return a->now_us;
}

StkWorld *
stk_actor_world (StkActor *a)
{
  return a->world;
}

void
stk_actor_at_turn_end (StkActor *a, StkTask *t)
{
  g_assert (current == a);
  t->next = NULL;
  *a->turn_end_tail = t;
  a->turn_end_tail = &t->next;
}

const StkTask *
stk_actor_turn_end_first (const StkActor *a)
{
  g_assert (current == a);
  return a->turn_end;
}

void
stk_actor_watch_signal (StkActor *a, int signum, void (*fn) (void *user, int signum), void *user)
{
  g_assert (a->ops->watch_signal != NULL);
  a->ops->watch_signal (a, signum, fn, user);
}

static void
run_list (StkTask *t)
{
  while (t) {
    StkTask *next = t->next; /* run may free or post it again */
    t->run (t);
    t = next;
  }
}

static void
run_turn_end (StkActor *a)
{
  /* One task's end is often another's beginning (an append completes, its answer is written): a few rounds, not for
   * ever. */
  for (int round = 0; round < 4 && a->turn_end; round++) {
    StkTask *t = a->turn_end;
    a->turn_end = NULL;
    a->turn_end_tail = &a->turn_end;
    run_list (t);
  }
}

void
stk_actor_watch_load (StkActor *a, StkLoadWatch *w)
{
  g_assert (current == a);
  a->load = w;
  if (w) {
    w->since_us = stk_actor_now_us (a);
    w->busy_us = 0;
  }
}

/* The turn began when its first event asked for the time. */
static void
measure_turn (StkActor *a)
{
  StkLoadWatch *w = a->load;
  int64_t end = stk_world_monotonic_us (a->world), busy, elapsed;

  w->busy_us += end - MAX (a->now_us, w->since_us);
  if (end - w->since_us < w->window_us)
    return;
  busy = w->busy_us;
  elapsed = end - w->since_us;
  w->busy_us = 0;
  w->since_us = end;
  w->told (w, busy, elapsed);
}

void
stk_actor_turn (StkActor *a)
{
  if (a->load)
    (void)stk_actor_now_us (a);
  run_list (stk_mailbox_take (&a->mail));
  if (a->timers.n > 0)
    stk_timers_fire (&a->timers, stk_actor_now_us (a));
  run_turn_end (a);
  if (a->load && a->now_us != 0)
    measure_turn (a);
}

bool
stk_actor_has_work (StkActor *a)
{
  return a->turn_end != NULL || !stk_mailbox_is_empty (&a->mail);
}

void
stk_actor_drain (StkActor *a)
{
  StkActor *before = stk_actor_enter (a);

  a->now_us = 0;
  while (stk_actor_has_work (a)) {
    run_list (stk_mailbox_take (&a->mail));
    run_turn_end (a);
  }
  stk_actor_enter (before);
}
