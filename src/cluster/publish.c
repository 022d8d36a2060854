/* SPDX-License-Identifier: Apache-2.0
 *
 * What changed reaches the broker: first the replicas that live here, then, when they are as they should be, the
 * snapshot. One publication at a time; what changes meanwhile goes into the next. (A cluster of more brokers will send
 * LeaderAndIsr and UpdateMetadata to the others from here.)
 */
#include "cluster/internal.h"

#include "broker/replicas.h"
#include "control/metrics.h"

#define RETRY_US INT64_C (5000000)
#define RETRY_MAX_US INT64_C (300000000)

typedef struct Publication
{
  StkController *c;
  GPtrArray *topics; /* StkMetaTopic as it was when we began, a reference each */
  GPtrArray *states; /* StkTopicState of each, a reference */
} Publication;

static void
meta_unref (void *t)
{
  stk_meta_topic_unref (t);
}

static void
state_unref (void *t)
{
  stk_topic_state_unref (t);
}

/* The same topic with no leader where this broker's log failed. */
static StkMetaTopic *
without_leaders (const StkMetaTopic *t, const StkTopicState *state)
{
  g_autofree StkMetaPartition *partitions = g_memdup2 (t->partitions, sizeof *partitions * (size_t)t->n_partitions);
  StkMetaTopic copy = *t;

  for (int32_t i = 0; i < t->n_partitions; i++)
    if (state->partitions[i].broken)
      partitions[i].leader = -1;
  copy.partitions = partitions;
  return stk_meta_topic_new (&copy);
}

/* Logs that could not be opened while their directory works: perhaps there is space again. */
static void
try_again (StkTimer *timer)
{
  StkController *c = (StkController *)(void *)((char *)timer - G_STRUCT_OFFSET (StkController, retry));
  GHashTableIter it;
  void *value;
  bool any = false;

  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    StkTopicState *t = value;
    for (int32_t i = 0; i < t->n_partitions; i++)
      if (t->partitions[i].broken) {
        t->partitions[i].broken = false; /* unless it fails again */
        t->dirty = any = true;
      }
  }
  if (any)
    stk_ctl_publish (c);
}

static void
retry_later (StkController *c)
{
  int64_t now = stk_actor_now_us (c->b->control);

  if (c->stopping || c->retry.slot != 0)
    return;
  if (now - c->retry.deadline_us > RETRY_MAX_US)
    c->retry_us = 0;
  c->retry_us = CLAMP (c->retry_us * 2, RETRY_US, RETRY_MAX_US);
  c->retry.fire = try_again;
  stk_actor_timer_set (c->b->control, &c->retry, now + c->retry_us);
}

static void
note_failures (Publication *p, const StkReplicaResult *failed, int32_t n)
{
  for (guint i = 0; i < p->states->len; i++) {
    StkTopicState *t = p->states->pdata[i];
    bool any = false;
    for (int32_t k = 0; k < t->n_partitions; k++)
      t->partitions[k].broken = false;
    for (int32_t k = 0; k < n; k++) {
      if (!stoker_str_is (failed[k].topic, t->name) || failed[k].partition >= t->n_partitions)
        continue;
      t->partitions[failed[k].partition].broken = any = true;
      if (failed[k].again)
        retry_later (p->c);
      stk_ctl_log (p->c, STOKER_LOG_ERROR, "partition-offline",
                   "a partition is offline: its log could not be opened | topic=%s partition=%d", t->name,
                   failed[k].partition);
    }
    if (any) {
      StkMetaTopic *old = p->topics->pdata[i];
      p->topics->pdata[i] = without_leaders (old, t);
      stk_meta_topic_unref (old);
    }
  }
}

static void
set_brokers (StkController *c, StkSnapshotBuilder *b, const StkSnapshot *base)
{
  GHashTableIter it;
  void *broker;

  for (int32_t i = 0; i < base->n_brokers; i++)
    if (!stk_ctl_live (c, base->brokers[i]->id))
      stk_snapshot_builder_remove_broker (b, base->brokers[i]->id);
  g_hash_table_iter_init (&it, c->brokers);
  while (g_hash_table_iter_next (&it, NULL, &broker))
    stk_snapshot_builder_set_broker (b, broker);
}

static void
count_offline (StkController *c, StkTopicState *t, const StkMetaTopic *published)
{
  c->offline_partitions -= t->offline;
  t->offline = 0;
  for (int32_t i = 0; i < published->n_partitions; i++)
    t->offline += published->partitions[i].leader < 0 || !stk_ctl_live (c, published->partitions[i].leader);
  c->offline_partitions += t->offline;
}

static void
show_counts (StkController *c, const StkSnapshot *s)
{
  if (c->b->metrics == NULL)
    return;
  stoker_metric_set (stk_metrics_core (c->b->metrics, STK_METRIC_TOPICS), s->n_topics);
  stoker_metric_set (stk_metrics_core (c->b->metrics, STK_METRIC_PARTITIONS_OFFLINE), c->offline_partitions);
}

static void
publish_now (Publication *p)
{
  StkController *c = p->c;
  const StkSnapshot *base = stk_meta_store_peek (c->b->meta, -1);
  StkSnapshotBuilder *b = stk_snapshot_builder_new (base);
  StkSnapshot *s;

  if (c->brokers_changed)
    set_brokers (c, b, base);
  c->brokers_changed = false;
  stk_snapshot_builder_set_cluster_id (b, c->b->cluster_id);
  stk_snapshot_builder_set_controller (b, c->controller_id, c->epoch);
  for (guint i = 0; i < c->removed->len; i++)
    stk_snapshot_builder_remove_topic (b, stoker_str (c->removed->pdata[i]));
  g_ptr_array_set_size (c->removed, 0);
  for (guint i = 0; i < p->topics->len; i++) {
    StkTopicState *t = p->states->pdata[i];
    if (t->gone || t->deleting)
      continue;
    stk_snapshot_builder_set_topic (b, p->topics->pdata[i]);
    count_offline (c, t, p->topics->pdata[i]);
  }
  s = stk_snapshot_builder_end (b);
  show_counts (c, s);
  stk_meta_store_publish (c->b->meta, s);
}

static void
on_applied (void *user, const StkReplicaResult *failed, int32_t n)
{
  Publication *p = user;
  StkController *c = p->c;
  GArray *after = c->after_this;

  note_failures (p, failed, n);
  publish_now (p);
  g_ptr_array_unref (p->topics);
  g_ptr_array_unref (p->states);
  g_free (p);
  c->publishing = false;
  c->after_this = NULL;
  for (guint i = 0; after && i < after->len; i++) {
    StkAfter *a = &g_array_index (after, StkAfter, i);
    a->fn (a->user);
  }
  if (after)
    g_array_unref (after);
  if (c->active && c->done)
    stk_ctl_finish (c, NULL);
  if (c->published)
    c->published (c->published_user);
  if (c->publish_again && !c->publishing)
    stk_ctl_publish (c);
}

/* The partitions of `t` that have a replica here, into out[n_partitions]; how many. */
static int32_t
own_partitions (StkController *c, const StkTopicState *t, StkReplicaPartition *out)
{
  int32_t n = 0;

  for (int32_t i = 0; i < t->n_partitions; i++) {
    const StkPartitionState *p = &t->partitions[i];
    if (p->leader_epoch >= 0 && p->leader_epoch != INT32_MAX && stk_ids_have (&p->replicas, c->b->id))
      out[n++] = (StkReplicaPartition){ i,          p->leader,     p->leader_epoch, p->version, p->replicas.ids,
                                        p->isr.ids, p->replicas.n, p->isr.n };
  }
  return n;
}

static void
apply (Publication *p)
{
  StkController *c = p->c;
  guint n = p->states->len;
  g_autofree StkReplicaTopic *topics = g_new0 (StkReplicaTopic, n + 1);
  g_autofree StokerTopicConfig *configs = g_new0 (StokerTopicConfig, n + 1);
  g_autoptr (GPtrArray) memory = g_ptr_array_new_with_free_func (g_free);
  int32_t used = 0;

  for (guint i = 0; i < n; i++) {
    const StkTopicState *t = p->states->pdata[i];
    StkReplicaPartition *partitions = g_new (StkReplicaPartition, (size_t)t->n_partitions + 1);
    int32_t own = own_partitions (c, t, partitions);
    g_ptr_array_add (memory, partitions);
    if (own == 0)
      continue;
    if (t->n_overrides > 0)
      stk_topic_config_make (c->b->config, t->overrides, t->n_overrides, &configs[i]);
    topics[used++] = (StkReplicaTopic){ stoker_str (t->name), t->id, t->n_overrides > 0 ? &configs[i] : &c->plain,
                                        partitions, own };
  }
  if (used > 0 && c->b->replicas)
    stk_replicas_apply (c->b->replicas, topics, used, on_applied, p);
  else
    on_applied (p, NULL, 0);
  for (guint i = 0; i < n; i++)
    stk_topic_config_clear (&configs[i]);
}

void
stk_ctl_after_publish (StkController *c, void (*fn) (void *user), void *user)
{
  StkAfter a = { fn, user };

  if (c->stopping) {
    fn (user);
    return;
  }
  if (c->after_next == NULL)
    c->after_next = g_array_new (FALSE, FALSE, sizeof a);
  g_array_append_val (c->after_next, a);
  stk_ctl_publish (c);
}

void
stk_ctl_publish (StkController *c)
{
  Publication *p;
  GHashTableIter it;
  void *value;

  if (!c->loaded || c->stopping)
    return;
  if (c->publishing) {
    c->publish_again = true;
    return;
  }
  c->publishing = true;
  c->publish_again = false;
  c->after_this = g_steal_pointer (&c->after_next);
  p = g_new (Publication, 1);
  *p = (Publication){ c, g_ptr_array_new_with_free_func (meta_unref), g_ptr_array_new_with_free_func (state_unref) };
  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    StkTopicState *t = value;
    if (!t->dirty || t->deleting)
      continue;
    t->dirty = false;
    g_ptr_array_add (p->states, stk_topic_state_ref (t));
    g_ptr_array_add (p->topics, stk_topic_state_publish (t));
  }
  apply (p);
}
