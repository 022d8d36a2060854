/* SPDX-License-Identifier: Apache-2.0
 *
 * Leaders and ISRs (kafka-facts 7.5, 7.6): what has no live leader gets one if it can, and the decision is written on
 * the condition that nobody else wrote in between and that we are still the controller.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

#define LARGEST_MULTI 900 /* operations: well below a ZooKeeper server's limit of 1 MiB */

typedef struct Decision
{
  StkTopicState *t; /* a reference */
  int32_t partition;
  StkPartitionState next; /* leader, leader_epoch, controller_epoch, isr, recovering */
} Decision;

typedef struct Batch
{
  StkController *c;
  StkMulti *multi;
  GArray *decisions;
} Batch;

/* New -> Online: the first live replica leads, the live ones are in sync. */
static bool
elect_new (StkController *c, const StkPartitionState *p, StkPartitionState *next)
{
  g_autofree int32_t *live = g_new (int32_t, (size_t)p->replicas.n + 1);
  int32_t n = 0;

  for (int32_t i = 0; i < p->replicas.n; i++)
    if (stk_ctl_live (c, p->replicas.ids[i]))
      live[n++] = p->replicas.ids[i];
  if (n == 0)
    return false;
  *next = (StkPartitionState){ .leader = live[0], .leader_epoch = 0, .isr = stk_ids_copy (live, n) };
  return true;
}

/* The first live replica that is in sync; failing that, where the topic allows it, any live one. */
static bool
elect_offline (StkController *c, const StkTopicState *t, const StkPartitionState *p, StkPartitionState *next)
{
  g_autofree int32_t *isr = g_new (int32_t, (size_t)p->isr.n + 1);
  int32_t n = 0, leader = -1;
  bool unclean;

  for (int32_t i = 0; i < p->isr.n; i++)
    if (stk_ctl_live (c, p->isr.ids[i]))
      isr[n++] = p->isr.ids[i];
  for (int32_t i = 0; i < p->replicas.n && leader < 0; i++)
    if (stk_ctl_live (c, p->replicas.ids[i]) && stk_ids_have (&p->isr, p->replicas.ids[i]))
      leader = p->replicas.ids[i];
  if (leader < 0) {
    StokerTopicConfig config;
    stk_topic_config_make (c->b->config, t->overrides, t->n_overrides, &config);
    unclean = config.unclean_leader_election;
    stk_topic_config_clear (&config);
    for (int32_t i = 0; unclean && i < p->replicas.n && leader < 0; i++)
      if (stk_ctl_live (c, p->replicas.ids[i]))
        isr[0] = leader = p->replicas.ids[i];
    n = 1;
    if (leader < 0)
      return false;
    next->recovering = true;
    stk_ctl_log (c, STOKER_LOG_WARN, "unclean-election",
                 "a replica that was not in sync leads now: records may be lost | topic=%s leader=%d", t->name, leader);
  }
  *next = (StkPartitionState){
    .leader = leader, .leader_epoch = p->leader_epoch + 1, .isr = stk_ids_copy (isr, n), .recovering = next->recovering
  };
  return true;
}

static void
batch_free (Batch *b)
{
  for (guint i = 0; i < b->decisions->len; i++) {
    Decision *d = &g_array_index (b->decisions, Decision, i);
    stk_partition_state_clear (&d->next);
    stk_topic_state_unref (d->t);
  }
  g_array_unref (b->decisions);
  g_free (b);
}

static void
carry_out (Decision *d)
{
  StkPartitionState *p = &d->t->partitions[d->partition];

  p->version = p->leader_epoch < 0 ? 0 : p->version + 1;
  p->leader = d->next.leader;
  p->leader_epoch = d->next.leader_epoch;
  p->controller_epoch = d->next.controller_epoch;
  p->recovering = d->next.recovering;
  stk_ids_clear (&p->isr);
  p->isr = d->next.isr;
  d->next.isr = (StkIds){ NULL, 0 };
  d->t->dirty = true;
}

static void
on_written (void *user, const StokerCoordReply *reply)
{
  Batch *b = user;
  StkController *c = b->c;
  bool deposed = stk_ctl_deposed (c, reply);

  for (guint i = 0; i < b->decisions->len; i++) {
    Decision *d = &g_array_index (b->decisions, Decision, i);
    d->t->partitions[d->partition].writing = false;
    if (reply->code == STOKER_COORD_OK)
      carry_out (d);
    else if (!deposed && reply->code != STOKER_COORD_CLOSED && !d->t->gone
             && (i == 0 || d->t != g_array_index (b->decisions, Decision, i - 1).t)) {
      stk_ctl_log (c, STOKER_LOG_WARN, "state-not-written",
                   "partition states could not be written; they are read again: %s | topic=%s",
                   stoker_coord_code_name (reply->code), d->t->name);
      if (reply->code == STOKER_COORD_NODE_EXISTS || reply->code == STOKER_COORD_BAD_VERSION
          || reply->code == STOKER_COORD_NO_NODE || stk_ctl_lost (c, reply))
        stk_ctl_topic_changed (c, d->t->name);
    }
  }
  if (reply->code == STOKER_COORD_OK)
    stk_ctl_publish (c);
  batch_free (b);
}

static void
send (Batch **b)
{
  if (*b)
    stk_multi_send ((*b)->multi, &(*b)->c->tree, on_written, *b);
  *b = NULL;
}

static Batch *
batch_new (StkController *c)
{
  Batch *b = g_new (Batch, 1);

  *b = (Batch){ c, stk_ctl_multi (c), g_array_new (FALSE, FALSE, sizeof (Decision)) };
  return b;
}

static void
add (Batch *b, StkTopicState *t, int32_t partition, StkPartitionState next)
{
  g_autofree char *all = g_strconcat ("/brokers/topics/", t->name, "/partitions", NULL);
  g_autofree char *one = g_strdup_printf ("%s/%d", all, partition);
  g_autofree char *state = g_strconcat (one, "/state", NULL);
  StkPartitionState *p = &t->partitions[partition];
  Decision d = { stk_topic_state_ref (t), partition, next };

  d.next.controller_epoch = b->c->epoch;
  if (p->leader_epoch < 0) {
    if (!t->has_dir)
      stk_multi_create (b->multi, all, NULL, 0);
    if (!p->has_dir)
      stk_multi_create (b->multi, one, NULL, 0);
    stk_multi_create (b->multi, state, stk_json_state (&d.next), 0);
    t->has_dir = p->has_dir = true;
  } else
    stk_multi_set (b->multi, state, stk_json_state (&d.next), p->version);
  p->writing = true;
  g_array_append_val (b->decisions, d);
}

static bool
decide (StkController *c, const StkTopicState *t, const StkPartitionState *p, StkPartitionState *next)
{
  if (p->writing || p->leader_epoch == INT32_MAX || (p->leader >= 0 && stk_ctl_live (c, p->leader)))
    return false;
  *next = (StkPartitionState){ .leader = -1 };
  return p->leader_epoch < 0 ? elect_new (c, p, next) : elect_offline (c, t, p, next);
}

void
stk_ctl_online (StkController *c, StkTopicState *const *topics, size_t n)
{
  Batch *batch = NULL;
  bool quiet = true;

  for (size_t i = 0; i < n && c->active; i++)
    for (int32_t p = 0; p < topics[i]->n_partitions && !topics[i]->deleting; p++) {
      StkPartitionState next;
      quiet = quiet && !topics[i]->partitions[p].writing;
      if (!decide (c, topics[i], &topics[i]->partitions[p], &next))
        continue;
      quiet = false;
      if (batch == NULL)
        batch = batch_new (c);
      add (batch, topics[i], p, next);
      if (stk_multi_size (batch->multi) >= LARGEST_MULTI)
        send (&batch);
    }
  send (&batch);
  if (quiet) /* else it follows the writing */
    stk_ctl_publish (c);
}
