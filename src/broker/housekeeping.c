/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/housekeeping.h"

#include "broker/cleaner.h"
#include "broker/engine.h"
#include "broker/replicas_private.h"
#include "broker/sweep.h"

#include "config/broker_config.h"
#include "control/log.h"
#include "journal/journal.h"

#include <string.h>

enum
{
  TICK_US = 1000000,
  FIRST_CLEANING_US = 30 * 1000000,
};

struct StkHousekeeping
{
  StkReplicas *replicas;
  StkActor *control;
  _Atomic bool noted; /* a touch is on its way, or the timers are armed */
  bool running;
  StkTimer tick, checkpoint, clean, expire;
  int64_t checkpoint_us, flush_us, clean_us, expire_us;
  int out; /* jobs on pools */
  int checkpoints_out;
  bool ticking, checkpointing, sweeping;
  bool tick_again, checkpoint_again; /* touched while one ran */
  StokerError *trouble;              /* per directory: what its checkpoint failed with the last time; empty: it went well */
  void (*stopped) (void *user);
  void *stopped_user;
};

typedef struct PoolJob
{
  StkTask task;
  StkHousekeeping *h;
  int dir;
  bool more;
  StokerError err;
} PoolJob;

#define SELF(t, member) ((StkHousekeeping *)(void *)((char *)(t)-G_STRUCT_OFFSET (StkHousekeeping, member)))

static void
arm (StkHousekeeping *h, StkTimer *t, int64_t after_us)
{
  if (h->running && t->slot == 0)
    stk_actor_timer_set (h->control, t, stk_world_monotonic_us (h->replicas->broker->world) + after_us);
}

void
stk_housekeeping_touch (StkHousekeeping *h)
{
  if (h->ticking)
    h->tick_again = true;
  else
    arm (h, &h->tick, TICK_US);
  if (h->checkpointing)
    h->checkpoint_again = true;
  else
    arm (h, &h->checkpoint, h->checkpoint_us);
}

static void
touch_from_io (void *user)
{
  stk_housekeeping_touch (user);
}

void
stk_housekeeping_note (StkReplicas *r)
{
  StkHousekeeping *h = r->broker->housekeeping;

  if (h && !atomic_load_explicit (&h->noted, memory_order_relaxed) && !atomic_exchange (&h->noted, true))
    stk_actor_call (h->control, touch_from_io, h);
}

/* A job is back: the last one lets a stop go on. */
static void
job_over (StkHousekeeping *h)
{
  if (--h->out == 0 && h->stopped) {
    void (*stopped) (void *user) = h->stopped;
    h->stopped = NULL;
    stopped (h->stopped_user);
  }
}

static void
job_post (StkHousekeeping *h, int dir, void (*run) (StkTask *t))
{
  PoolJob *j = g_new0 (PoolJob, 1);

  j->task.run = run;
  j->h = h;
  j->dir = dir;
  h->out++;
  stk_pool_post (h->replicas->broker->disk_pools[dir], &j->task);
}

/* ---- the engines' ticks */

static void
tick_back (StkTask *t)
{
  PoolJob *j = (PoolJob *)t;
  StkHousekeeping *h = j->h;

  h->ticking = false;
  if (j->more || h->tick_again)
    arm (h, &h->tick, TICK_US);
  h->tick_again = false;
  g_free (j);
  job_over (h);
}

static void
tick_run (StkTask *t)
{
  PoolJob *j = (PoolJob *)t;
  StkReplicas *r = j->h->replicas;
  int64_t now = stk_world_now_ms (r->broker->world);

  for (guint i = 0; i < r->storages->len; i++) {
    StokerInstance *s = r->storages->pdata[i];
    const StokerStorageOps *ops = s->module->ops;
    stk_instance_enter (s);
    if (ops->tick && ops->tick (s, now))
      j->more = true;
    stk_instance_leave (s);
  }
  t->run = tick_back;
  stk_actor_post (j->h->control, t);
}

static void
tick_fired (StkTimer *t)
{
  StkHousekeeping *h = SELF (t, tick);

  atomic_store (&h->noted, false);
  h->ticking = true;
  job_post (h, 0, tick_run);
}

/* ---- checkpoints */

/* A full disk fails every few seconds: it is said when it begins, when it becomes something else, and when it ends. */
static void
tell_checkpoint (StkHousekeeping *h, const PoolJob *j)
{
  StokerError *last = &h->trouble[j->dir];
  const char *path = h->replicas->dirs[j->dir].path;

  if (strcmp (last->text, j->err.text) == 0)
    return;
  if (j->err.text[0])
    stk_log (h->replicas->broker->log, STOKER_LOG_ERROR, "broker", "dir.checkpoint", "%s | dir=%s", j->err.text, path);
  else
    stk_log (h->replicas->broker->log, STOKER_LOG_INFO, "broker", "dir.checkpoint",
             "checkpoints are written again | dir=%s", path);
  *last = j->err;
}

static void
checkpoint_back (StkTask *t)
{
  PoolJob *j = (PoolJob *)t;
  StkHousekeeping *h = j->h;

  tell_checkpoint (h, j);
  if (j->err.text[0] || j->more)
    h->checkpoint_again = true;
  if (--h->checkpoints_out == 0) {
    h->checkpointing = false;
    if (h->checkpoint_again)
      arm (h, &h->checkpoint, h->checkpoint_us);
    h->checkpoint_again = false;
  }
  g_free (j);
  job_over (h);
}

static void
checkpoint_run (StkTask *t)
{
  PoolJob *j = (PoolJob *)t;
  StkReplicas *r = j->h->replicas;

  /* First, so that the recovery points are written that it moves. */
  j->more = r->dirs[j->dir].journal
            && stk_journal_tick (r->dirs[j->dir].journal, stk_world_monotonic_us (r->broker->world), j->h->flush_us);
  for (guint i = 0; i < r->storages->len; i++) {
    StokerInstance *s = r->storages->pdata[i];
    const StokerStorageOps *ops = s->module->ops;
    stk_instance_enter (s);
    (void)ops->dir_checkpoint (s, j->dir, &j->err);
    stk_instance_leave (s);
  }
  t->run = checkpoint_back;
  stk_actor_post (j->h->control, t);
}

static void
checkpoint_fired (StkTimer *t)
{
  StkHousekeeping *h = SELF (t, checkpoint);

  /* What is written from now on asks for the next one. */
  atomic_store (&h->noted, false);
  for (int i = 0; i < h->replicas->n_dirs; i++)
    if (!h->replicas->dir_failed[i]) {
      h->checkpointing = true;
      h->checkpoints_out++;
      job_post (h, i, checkpoint_run);
    }
}

/* ---- retention and producers */

static void
swept (void *user)
{
  StkHousekeeping *h = user;

  h->sweeping = false;
  job_over (h);
}

static void
sweep (StkHousekeeping *h, bool clean, bool expire)
{
  if (h->sweeping)
    return;
  h->sweeping = true;
  h->out++;
  stk_housekeeping_sweep (h->replicas, clean, expire, swept, h);
}

static void
clean_fired (StkTimer *t)
{
  StkHousekeeping *h = SELF (t, clean);

  sweep (h, true, false);
  arm (h, &h->clean, h->clean_us);
}

static void
expire_fired (StkTimer *t)
{
  StkHousekeeping *h = SELF (t, expire);

  sweep (h, false, true);
  arm (h, &h->expire, h->expire_us);
}

/* ---- life */

StkHousekeeping *
stk_housekeeping_new (StkReplicas *r)
{
  const StkBrokerConfig *c = r->broker->config;
  StkHousekeeping *h = g_new0 (StkHousekeeping, 1);

  h->replicas = r;
  h->control = r->broker->control;
  h->tick.fire = tick_fired;
  h->checkpoint.fire = checkpoint_fired;
  h->clean.fire = clean_fired;
  h->expire.fire = expire_fired;
  h->checkpoint_us = MAX (c->replica_high_watermark_checkpoint_interval_ms, 1000) * 1000;
  h->flush_us = MAX (c->log_flush_offset_checkpoint_interval_ms, 1000) * 1000;
  h->clean_us = MAX (c->log_retention_check_interval_ms, 1000) * 1000;
  h->expire_us = MAX (c->producer_id_expiration_check_interval_ms, 1000) * 1000;
  return h;
}

void
stk_housekeeping_free (StkHousekeeping *h)
{
  if (h)
    g_free (h->trouble);
  g_free (h);
}

void
stk_housekeeping_start (StkHousekeeping *h)
{
  h->running = true;
  g_free (h->trouble);
  h->trouble = g_new0 (StokerError, MAX (h->replicas->n_dirs, 1));
  atomic_store (&h->noted, false);
  arm (h, &h->clean, MIN (h->clean_us, (int64_t)FIRST_CLEANING_US));
  arm (h, &h->expire, h->expire_us);
  stk_housekeeping_touch (h);
  if (h->replicas->broker->cleaner)
    stk_cleaner_start (h->replicas->broker->cleaner);
}

static void
cleaner_stopped (void *user)
{
  job_over (user);
}

void
stk_housekeeping_stop (StkHousekeeping *h, void (*stopped) (void *user), void *user)
{
  h->running = false;
  stk_actor_timer_cancel (h->control, &h->tick);
  stk_actor_timer_cancel (h->control, &h->checkpoint);
  stk_actor_timer_cancel (h->control, &h->clean);
  stk_actor_timer_cancel (h->control, &h->expire);
  h->stopped = stopped;
  h->stopped_user = user;
  h->out++;
  if (h->replicas->broker->cleaner)
    stk_cleaner_stop (h->replicas->broker->cleaner, cleaner_stopped, h);
  else
    job_over (h);
}

bool
stk_housekeeping_running (const StkHousekeeping *h)
{
  return h->running;
}
