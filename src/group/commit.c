/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetCommit (kafka-facts 9.4): checked, put into the store, answered and visible when the store has it.
 */
#include "group/internal.h"

typedef struct Commit
{
  StkWrite write;
  StkGroup *group;
  StokerOffsetCommit *req; /* NULL: answered already */
  uint32_t n;
  StkOffsetPut puts[];
} Commit;

/* Which partitions the answer of the store is for: they carry this until then. */
#define WAITS INT16_MAX

static void
answer (StkGroups *gs, StokerOffsetCommit *req, int16_t error)
{
  for (int32_t i = 0; i < req->n_topics; i++)
    for (int32_t j = 0; j < req->topics[i].n_partitions; j++)
      if (req->topics[i].partitions[j].error == WAITS)
        req->topics[i].partitions[j].error = error;
  stk_groups_finish (gs, &req->call);
}

static void
commit_late (StkWrite *w)
{
  Commit *c = (Commit *)w;

  answer (c->group->groups, c->req, STOKER_COORDINATOR_NOT_AVAILABLE);
  c->req = NULL;
}

static void
apply (StkGroup *g, StkOffsetPut *put, int16_t error)
{
  StkOffset *o = stk_offsets_find (put->topic, put->value.partition);

  g_assert (o && o->pending > 0);
  o->pending--;
  if (error == 0 && o->life == put->value.life) {
    o->offset = put->value.offset;
    o->commit_ms = put->value.commit_ms;
    o->expire_ms = put->value.expire_ms;
    o->leader_epoch = put->value.leader_epoch;
    g_free (o->metadata);
    o->metadata = g_steal_pointer (&put->value.metadata);
  }
  g_free (put->value.metadata);
  if (o->offset == STK_NO_OFFSET && o->pending == 0)
    stk_offsets_remove (&g->offsets, put->topic, put->value.partition);
}

static void
commit_done (StkWrite *w, int16_t error)
{
  Commit *c = (Commit *)w;
  StkGroup *g = c->group;

  for (uint32_t i = 0; i < c->n; i++)
    apply (g, &c->puts[i], error);
  if (error == 0)
    stoker_metric_add (stk_metrics_core (g->groups->host.metrics, STK_METRIC_OFFSET_COMMITS), c->n);
  if (c->req)
    answer (g->groups, c->req, error);
  g_free (c);
  stk_group_unref_write (g);
}

/* ---- checks */

/* Topics first, each partition by itself. How many may go on. */
static uint32_t
check_partitions (StkGroups *gs, StokerOffsetCommit *req)
{
  uint32_t n = 0;

  for (int32_t i = 0; i < req->n_topics; i++) {
    StokerOffsetTopic *t = &req->topics[i];
    int16_t denied = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_TOPIC, t->name);
    for (int32_t j = 0; j < t->n_partitions; j++) {
      StokerOffsetPartition *p = &t->partitions[j];
      if (denied)
        p->error = denied;
      else if (!gs->host.partition_exists (gs->host.user, t->name, p->partition))
        p->error = STOKER_UNKNOWN_TOPIC_OR_PARTITION;
      else
        p->error = WAITS;
      n += p->error == WAITS;
    }
  }
  return n;
}

static uint32_t
refuse_long_metadata (StkGroups *gs, StokerOffsetCommit *req, uint32_t n)
{
  for (int32_t i = 0; i < req->n_topics; i++)
    for (int32_t j = 0; j < req->topics[i].n_partitions; j++) {
      StokerOffsetPartition *p = &req->topics[i].partitions[j];
      if (p->error == WAITS && p->metadata.len > (size_t)gs->config.offset_metadata_max) {
        p->error = STOKER_OFFSET_METADATA_TOO_LARGE;
        n--;
      }
    }
  return n;
}

static int16_t
check_member (StkGroup *g, const StokerOffsetCommit *req)
{
  StkMember *m = NULL;
  int16_t error;

  if (req->old_store || (req->generation < 0 && g->state == STK_GROUP_EMPTY))
    return STOKER_OK; /* no group management: a simple consumer or an administrator */
  if (req->generation < 0 && req->member_id.len == 0 && req->instance_id.data == NULL)
    return STOKER_UNKNOWN_MEMBER_ID; /* only members may commit while there are any */
  error = stk_group_check_member (g, req->member_id, req->instance_id, &m);
  if (error == 0 && req->generation != g->generation)
    error = STOKER_ILLEGAL_GENERATION;
  if (error)
    return error;
  stk_member_alive (m);
  /* In Preparing the members still finish what the generation before gave them; in Completing they hold partitions that
   * they have not been told of yet. */
  return g->state == STK_GROUP_COMPLETING ? STOKER_REBALANCE_IN_PROGRESS : STOKER_OK;
}

/* ---- writing */

static Commit *
make (StkGroup *g, StokerOffsetCommit *req, uint32_t n)
{
  Commit *c = g_malloc0 (sizeof *c + n * sizeof c->puts[0]);
  int64_t now = g->groups->host.now_ms (g->groups->host.user);

  c->write.late = commit_late;
  c->write.done = commit_done;
  c->group = g;
  c->req = req;
  for (int32_t i = 0; i < req->n_topics; i++)
    for (int32_t j = 0; j < req->topics[i].n_partitions; j++) {
      const StokerOffsetPartition *p = &req->topics[i].partitions[j];
      StkOffsetPut *put = &c->puts[c->n];
      StkOffset *o;
      if (p->error != WAITS)
        continue;
      put->topic = stk_offsets_add_topic (&g->offsets, req->topics[i].name);
      o = stk_offsets_add (put->topic, p->partition);
      o->pending++;
      put->explicit_time = req->call.api_version == 1 && p->timestamp >= 0;
      put->value = (StkOffset){
        .partition = p->partition,
        .offset = p->offset,
        .commit_ms = put->explicit_time ? p->timestamp : now,
        .expire_ms = req->retention_ms >= 0 && req->call.api_version >= 2 && req->call.api_version <= 4
                         ? now + req->retention_ms
                         : -1,
        .leader_epoch = p->leader_epoch,
        .metadata = p->metadata.len ? g_strndup (p->metadata.data, p->metadata.len) : NULL,
        .life = o->life,
      };
      c->n++;
    }
  g->writes++;
  return c;
}

static int16_t
open_group (StkGroups *gs, StokerOffsetCommit *req, StkGroup **out)
{
  StkGroup *g = stk_groups_find (gs, req->group_id);

  *out = g;
  if (g)
    return check_member (g, req);
  if (req->generation >= 0 && !req->old_store)
    return STOKER_ILLEGAL_GENERATION;
  *out = stk_groups_add (gs, req->group_id);
  return STOKER_OK;
}

void
stk_groups_commit (StkGroups *gs, StokerOffsetCommit *req)
{
  int16_t error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_GROUP, req->group_id);
  uint32_t n;
  StkGroup *g = NULL;
  Commit *c;

  n = check_partitions (gs, req);
  if (error == 0)
    error = stk_groups_check (gs, req->group_id, true);
  if (error == 0 && n > 0)
    error = open_group (gs, req, &g);
  if (error || n == 0) {
    answer (gs, req, error);
    return;
  }
  stk_group_hold (g);
  n = refuse_long_metadata (gs, req, n);
  if (n == 0) {
    answer (gs, req, STOKER_OK);
  } else {
    c = make (g, req, n);
    error = gs->store->ops->put_offsets (gs->store, g, c->puts, c->n, &c->write);
    if (error)
      commit_done (&c->write, error);
  }
  stk_group_release (g);
}
