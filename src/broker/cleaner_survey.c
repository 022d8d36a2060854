/* SPDX-License-Identifier: Apache-2.0
 *
 * Which log is to be compacted next. Every compacted log is looked at each time: what its cleaner needs to know is in
 * memory, but for a first look at its segments.
 */
#include "broker/cleaner_private.h"

#include "broker/engine.h"
#include "broker/replicas_private.h"
#include "control/metrics.h"
#include "module/registry.h"

typedef struct Survey
{
  StkReplicas *replicas;
  StkCleanMarks *marks;
  const StkCleanSettings *settings;
  StokerInstance *cleaner;
  const StokerCleanerOps *ops;
  StkPartition *best; /* references */
  StkHosted *best_topic;
  double urgency, dirty_max;
  int64_t impossible, now_us;
} Survey;

static bool
find_cleaner (void *user, StokerInstance *i)
{
  Survey *s = user;
  const StokerCleanerOps *ops = i->module->ops;

  if (!g_str_equal (ops->policy, "compact") || ops->assess == NULL || ops->begin == NULL)
    return true;
  s->cleaner = i;
  s->ops = ops;
  return false;
}

/* The log as the cleaner is to see it; *rows is the caller's. */
static StokerCleanerView
view_of (const Survey *s, StkPartition *p, const StkHosted *h, StokerSegmentRow **rows)
{
  size_t n = stk_engine_segments (p, NULL, 0) + 4;
  StokerCleanerView v = { .topic = stoker_str (p->topic),
                          .partition = p->index,
                          .config = &h->config,
                          .now_ms = stk_world_now_ms (p->broker->world),
                          .memory = s->settings->memory,
                          .load_factor = s->settings->load_factor };

  v.segments = *rows = g_new0 (StokerSegmentRow, n);
  v.n_segments = MIN (stk_engine_segments (p, *rows, n), n);
  stk_engine_ends (p, &v.ends);
  v.ends.hw = MIN (v.ends.hw, atomic_load (&p->hw));
  v.ends.stable = MIN (v.ends.stable, v.ends.hw);
  v.first_dirty = stk_clean_marks_get (s->marks, p->topic, p->index);
  if (v.first_dirty < v.ends.start || v.first_dirty > v.ends.end) /* Kafka's rule: such a mark is not believed */
    v.first_dirty = v.ends.start;
  return v;
}

static int
assess (const Survey *s, const StokerCleanerView *v, StokerCleanerWish *wish, StokerError *err)
{
  int rc;

  stk_instance_enter (s->cleaner);
  rc = s->ops->assess (s->cleaner, v, wish, err);
  stk_instance_leave (s->cleaner);
  return rc;
}

static void
look_at (Survey *s, StkHosted *h, StkPartition *p)
{
  int state = atomic_load (&p->cleaning);
  StokerSegmentRow *rows = NULL;
  StokerCleanerWish wish = { 0 };
  StokerCleanerView v;
  StokerError err;

  s->impossible += state == STK_CLEANING_IMPOSSIBLE;
  if (state == STK_CLEANING_PAUSED && atomic_load (&p->clean_again_us) <= s->now_us)
    state = STK_CLEANING_NOT;
  if (state == STK_CLEANING_IMPOSSIBLE || state == STK_CLEANING_PAUSED || !stk_partition_enter (p))
    return;
  if (stk_clean_possible (s->ops, p->ops) && !stk_partition_moving (p)) {
    v = view_of (s, p, h, &rows);
    if (!v.ends.failed && assess (s, &v, &wish, &err) == 0) {
      s->dirty_max = MAX (s->dirty_max, wish.dirty);
      if (state == STK_CLEANING_NOT && wish.urgency > s->urgency) {
        s->urgency = wish.urgency;
        stk_partition_unref (s->best);
        stk_hosted_unref (s->best_topic);
        s->best = stk_partition_ref (p);
        s->best_topic = stk_hosted_ref (h);
      }
    }
    g_free (rows);
  }
  stk_partition_leave (p);
}

/* The one that was chosen, once more: it may have changed, or be another worker's by now. */
static void
take (Survey *s, StkCleanJob *job)
{
  StkPartition *p = s->best;
  int free_state = atomic_load (&p->cleaning);
  StokerSegmentRow *rows = NULL;
  StkCleanSpec spec = { .host = p->broker->host,
                        .cleaner = s->cleaner,
                        .io_bytes = s->settings->io_bytes,
                        .max_content = s->settings->max_content };

  if ((free_state != STK_CLEANING_NOT && free_state != STK_CLEANING_PAUSED)
      || !atomic_compare_exchange_strong (&p->cleaning, &free_state, STK_CLEANING_NOW))
    return;
  if (stk_partition_enter (p)) {
    spec.storage = p->storage;
    spec.log = p->log;
    spec.view = view_of (s, p, s->best_topic, &rows);
    if (assess (s, &spec.view, &spec.wish, &job->err) == 0 && spec.wish.urgency > 0)
      job->run = stk_clean_new (&spec, &job->err);
    g_free (rows);
    stk_partition_leave (p);
  }
  if (job->run == NULL) {
    atomic_store (&p->cleaning, STK_CLEANING_NOT);
    return;
  }
  job->partition = stk_partition_ref (p);
  job->topic = stk_hosted_ref (s->best_topic);
  job->began_us = stk_world_monotonic_us (p->broker->world);
}

void
stk_cleaner_survey (StkReplicas *r, StkCleanMarks *marks, const StkCleanSettings *settings, const _Atomic bool *stop,
                    StkCleanJob *job)
{
  Survey s = { .replicas = r, .marks = marks, .settings = settings };
  StkTable *t = stk_replicas_table (r);
  StkMetrics *m = r->broker->metrics;

  *job = (StkCleanJob){ 0 };
  s.now_us = stk_world_monotonic_us (r->broker->world);
  stk_registry_each (r->broker->registry, STOKER_KIND_CLEANER, find_cleaner, &s);
  for (uint32_t i = 0; s.cleaner && i <= t->mask && !atomic_load (stop); i++) {
    StkHosted *h = t->by_name[i];
    for (int32_t k = 0; h && h->config.cleanup_compact && k < h->n_partitions; k++)
      if (h->partitions[k])
        look_at (&s, h, h->partitions[k]);
  }
  if (s.best && !atomic_load (stop))
    take (&s, job);
  stoker_metric_set (stk_metrics_core (m, STK_METRIC_CLEANER_DIRTY), (int64_t)(s.dirty_max * 100));
  stoker_metric_set (stk_metrics_core (m, STK_METRIC_CLEANER_UNCLEANABLE), s.impossible);
  stk_partition_unref (s.best);
  stk_hosted_unref (s.best_topic);
  stk_table_unref (t);
}
