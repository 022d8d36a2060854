/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/sweep.h"

#include "broker/engine.h"
#include "broker/replicas_private.h"

#include "config/broker_config.h"
#include "control/log.h"
#include "module/registry.h"

typedef struct Sweep
{
  StkPartitionWork work; /* for one partition after the other */
  StkTask task;          /* back to control */
  StkReplicas *replicas;
  StkTable *table;
  uint32_t slot;
  int32_t index;
  StkPartition *partition;
  const StokerTopicConfig *config;
  GPtrArray *cleaners;
  bool clean, expire;
  int64_t expiration_ms;
  void (*done) (void *user);
  void *user;
} Sweep;

static void
drop_segments (StkPartition *p, const StokerCleanerPlan *plan, const StokerLogEnds *ends)
{
  StokerError err = { 0 };
  /* A cleaner proposes; past the high watermark nothing goes. */
  int64_t below = MIN (plan->drop_below, ends->hw);

  if (below <= ends->start)
    return;
  if (stk_engine_drop (p, below, plan->reason, &err) != 0)
    stk_log (p->broker->log, STOKER_LOG_ERROR, "broker", "retention.failed", "%s | topic=%s partition=%d", err.text,
             p->topic, p->index);
}

static void
run_cleaner (StkPartition *p, const StokerTopicConfig *config, StokerInstance *cleaner, int64_t now_ms)
{
  const StokerCleanerOps *ops = cleaner->module->ops;
  size_t n = stk_engine_segments (p, NULL, 0) + 4;
  g_autofree StokerSegmentRow *rows = g_new0 (StokerSegmentRow, n);
  StokerCleanerView view
      = { .topic = stoker_str (p->topic), .partition = p->index, .config = config, .now_ms = now_ms };
  StokerCleanerPlan plan = { 0 };
  StokerError err = { 0 };
  int rc;

  view.n_segments = MIN (stk_engine_segments (p, rows, n), n);
  view.segments = rows;
  stk_engine_ends (p, &view.ends);
  view.ends.hw = MIN (view.ends.hw, atomic_load (&p->hw));
  plan.drop_below = view.ends.start;
  stk_instance_enter (cleaner);
  rc = ops->plan (cleaner, &view, &plan, &err);
  stk_instance_leave (cleaner);
  if (rc != 0)
    stk_log (p->broker->log, STOKER_LOG_ERROR, "broker", "retention.failed", "%s | topic=%s partition=%d", err.text,
             p->topic, p->index);
  else
    drop_segments (p, &plan, &view.ends);
}

void
stk_sweep_clean (StkPartition *p, const StokerTopicConfig *config, const GPtrArray *cleaners, int64_t now_ms)
{
  for (guint i = 0; i < cleaners->len; i++) {
    StokerInstance *c = cleaners->pdata[i];
    const StokerCleanerOps *ops = c->module->ops;
    const char *policy = ops->policy;
    if (ops->plan == NULL)
      continue;
    /* "delete" is asked for every log: what lies below the log start goes whatever the topic's policy is. */
    if (g_str_equal (policy, "delete") || (config->cleanup_compact && g_str_equal (policy, "compact")))
      run_cleaner (p, config, c, now_ms);
  }
}

static void sweep_next (StkTask *t);

static void
sweep_one (StkPartitionWork *w)
{
  Sweep *s = (Sweep *)w;
  StkPartition *p = s->partition;
  int64_t now = stk_world_now_ms (p->broker->world);

  if (stk_partition_enter (p)) {
    if (s->clean)
      stk_sweep_clean (p, s->config, s->cleaners, now);
    if (s->expire)
      stk_engine_expire_producers (p, now - s->expiration_ms);
    stk_partition_leave (p);
  }
  s->task.run = sweep_next;
  stk_actor_post (p->broker->control, &s->task);
}

static bool
still_wanted (StkReplicas *r)
{
  return r->broker->housekeeping == NULL || stk_housekeeping_running (r->broker->housekeeping);
}

static void
sweep_next (StkTask *t)
{
  Sweep *s = (Sweep *)(void *)((char *)t - G_STRUCT_OFFSET (Sweep, task));

  for (; s->slot <= s->table->mask && still_wanted (s->replicas); s->slot++, s->index = 0) {
    StkHosted *h = s->table->by_name[s->slot];
    while (h && s->index < h->n_partitions) {
      s->partition = h->partitions[s->index++];
      if (s->partition == NULL)
        continue;
      s->config = &h->config;
      s->work.run = sweep_one;
      stk_partition_work (s->partition, &s->work);
      return;
    }
  }
  if (s->clean)
    stk_housekeeping_note (s->replicas);
  s->done (s->user);
  stk_table_unref (s->table);
  g_ptr_array_unref (s->cleaners);
  g_free (s);
}

static bool
add_cleaner (void *cleaners, StokerInstance *i)
{
  g_ptr_array_add (cleaners, i);
  return true;
}

void
stk_housekeeping_sweep (StkReplicas *r, bool clean, bool expire, void (*done) (void *user), void *user)
{
  Sweep *s = g_new0 (Sweep, 1);

  s->replicas = r;
  s->table = stk_replicas_table (r);
  s->cleaners = g_ptr_array_new ();
  stk_registry_each (r->broker->registry, STOKER_KIND_CLEANER, add_cleaner, s->cleaners);
  s->clean = clean;
  s->expire = expire;
  s->expiration_ms = r->broker->config->producer_id_expiration_ms;
  s->done = done;
  s->user = user;
  s->task.run = sweep_next;
  stk_actor_post (r->broker->control, &s->task);
}
