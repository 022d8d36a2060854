/* SPDX-License-Identifier: Apache-2.0 */
#include "control/lifecycle.h"

#include "control/log.h"

#include <glib.h>
#include <inttypes.h>

/* A stage of a stop that takes longer than this is said; it is still waited for, because what it does is keeping data. */
#define SLOW_STOP_US 10000000

static void step (StkLifecycle *l);

static void
step_soon (void *user)
{
  step (user);
}

static void
slow (StkTimer *t)
{
  StkLifecycle *l = (StkLifecycle *)(void *)((char *)t - G_STRUCT_OFFSET (StkLifecycle, deadline));
  int n;

  stk_log (l->b->log, STOKER_LOG_WARN, "control", "stop.slow", "stage still stopping after 10 s | stage=%s", stk_stages (&n)[l->reached].name);
}

static void
ended (StkLifecycle *l)
{
  stk_actor_timer_cancel (l->b->control, &l->deadline);
  l->running = false;
  if (l->stopping && l->stopped)
    l->stopped (l->stopped_user);
  else if (l->started)
    l->started (l->started_user, l->err.text[0] ? &l->err : NULL);
}

/* Begins the next stage, or ends. */
static void
step (StkLifecycle *l)
{
  int n;
  const StkStage *stages = stk_stages (&n);
  bool back = l->stopping || l->err.text[0];

  g_assert (stk_actor_is_current (l->b->control));
  l->stage_us = stk_world_monotonic_us (l->b->world);
  if (back) {
    if (l->reached == 0) {
      ended (l);
      return;
    }
    l->reached--;
    l->deadline.fire = slow;
    stk_actor_timer_set (l->b->control, &l->deadline, l->stage_us + SLOW_STOP_US);
    if (stages[l->reached].stop)
      stages[l->reached].stop (l);
    else
      stk_actor_call (l->b->control, step_soon, l);
    return;
  }
  if (l->reached == n) {
    ended (l);
    return;
  }
  l->starting = true;
  if (stages[l->reached].start)
    stages[l->reached].start (l);
  else
    stk_stage_done (l, NULL);
}

void
stk_stage_done (StkLifecycle *l, const StokerError *err)
{
  int n;
  const StkStage *stages = stk_stages (&n);
  bool back = !l->starting;
  int64_t took = stk_world_monotonic_us (l->b->world) - l->stage_us;

  g_assert (stk_actor_is_current (l->b->control));
  if (back) {
    if (err)
      stk_log (l->b->log, STOKER_LOG_ERROR, "control", "stop.failed", "%s | stage=%s", err->text, stages[l->reached].name);
    stk_log (l->b->log, STOKER_LOG_DEBUG, "control", "stop.stage", "stopped | stage=%s us=%" PRId64, stages[l->reached].name, took);
  } else if (err) {
    /* A stage that fails has given back what it took; those before it are stopped. */
    l->err = *err;
    l->clean = false;
  } else {
    stk_log (l->b->log, STOKER_LOG_DEBUG, "control", "start.stage", "started | stage=%s us=%" PRId64, stages[l->reached].name, took);
    l->reached++;
  }
  l->starting = false;
  /* Through the mailbox, so that the stack does not grow with the stages and no caller is re-entered. */
  stk_actor_call (l->b->control, step_soon, l);
}

static void
start_on_control (void *user)
{
  StkLifecycle *l = user;

  l->began_us = stk_world_monotonic_us (l->b->world);
  l->running = true;
  step (l);
}

void
stk_broker_start (StokerBroker *b, void (*started) (void *user, const StokerError *err), void *user)
{
  StkLifecycle *l = b->lifecycle;

  l->started = started;
  l->started_user = user;
  stk_actor_call (b->control, start_on_control, l);
}

static void
stop_on_control (void *user)
{
  StkLifecycle *l = user;

  if (l->stopping)
    return;
  l->stopping = true;
  l->clean = l->err.text[0] == '\0';
  /* What a stage has begun to take cannot be given back before it has it; its end goes on with the stop. */
  if (!l->running)
    step (l);
}

void
stk_broker_stop (StokerBroker *b, void (*stopped) (void *user), void *user)
{
  b->lifecycle->stopped = stopped;
  b->lifecycle->stopped_user = user;
  stk_actor_call (b->control, stop_on_control, b->lifecycle);
}
