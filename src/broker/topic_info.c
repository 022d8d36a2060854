/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/topic_info.h"

#include "broker/authorize.h"
#include "broker/table.h"

#include <glib.h>

static const int topic_operations[]
    = { STK_ACL_READ,  STK_ACL_WRITE,    STK_ACL_CREATE,           STK_ACL_DELETE,
        STK_ACL_ALTER, STK_ACL_DESCRIBE, STK_ACL_DESCRIBE_CONFIGS, STK_ACL_ALTER_CONFIGS };
static const int cluster_operations[]
    = { STK_ACL_CREATE,           STK_ACL_ALTER,         STK_ACL_DESCRIBE,        STK_ACL_CLUSTER_ACTION,
        STK_ACL_DESCRIBE_CONFIGS, STK_ACL_ALTER_CONFIGS, STK_ACL_IDEMPOTENT_WRITE };

const StkSnapshot *
stk_call_snapshot (const StokerCall *call)
{
  return stk_meta_store_peek (call->ctx->broker->meta, call->ctx->io);
}

static int32_t
allowed (const StokerCall *call, const int *operations, size_t n, int resource, StokerStr name)
{
  uint32_t bits = 0;

  for (size_t i = 0; i < n; i++)
    if (stk_broker_authorize (call->ctx->broker, call->ctx, operations[i], resource, name) == 0)
      bits |= 1u << operations[i];
  return (int32_t)bits;
}

int32_t
stk_info_topic_operations (const StokerCall *call, StokerStr topic)
{
  return allowed (call, topic_operations, G_N_ELEMENTS (topic_operations), STK_ACL_TOPIC, topic);
}

int32_t
stk_info_cluster_operations (const StokerCall *call)
{
  return allowed (call, cluster_operations, G_N_ELEMENTS (cluster_operations), STK_ACL_CLUSTER,
                  STOKER_STR_LIT ("kafka-cluster"));
}

/* ---- brokers */

/* False: it has no endpoint on the call's listener. */
static bool
describe_node (const StokerCall *call, const StkMetaBroker *b, StokerNode *out)
{
  const StkMetaEndpoint *e = stk_meta_broker_endpoint (b, call->ctx->listener);

  if (e)
    *out = (StokerNode){ .id = b->id,
                         .host = stoker_arena_str (call->arena, stoker_str (e->host)),
                         .port = e->port,
                         .rack = stoker_arena_str (call->arena, stoker_str (b->rack)) };
  return e != NULL;
}

void
stk_info_add_node (const StokerCall *call, const StkSnapshot *snap, int32_t id, StokerNode **nodes, int32_t *n)
{
  const StkMetaBroker *b = stk_snapshot_broker (snap, id);
  StokerNode *more;

  for (int32_t i = 0; i < *n; i++)
    if ((*nodes)[i].id == id)
      return;
  if (b == NULL)
    return;
  more = stoker_arena_alloc (call->arena, sizeof *more * (size_t)(*n + 1)); /* there are few */
  if (*n > 0)
    memcpy (more, *nodes, sizeof *more * (size_t)*n);
  *nodes = more;
  *n += describe_node (call, b, &more[*n]);
}

int32_t
stk_info_nodes (const StokerCall *call, const StkSnapshot *snap, StokerNode **out)
{
  StokerNode *nodes = stoker_arena_alloc (call->arena, sizeof *nodes * (size_t)MAX (snap->n_brokers, 1));
  int32_t n = 0;

  for (int32_t i = 0; i < snap->n_brokers; i++)
    n += describe_node (call, snap->brokers[i], &nodes[n]);
  *out = nodes;
  return n;
}

/* ---- topics */

static int32_t *
copy_ids (StokerArena *arena, const int32_t *ids, int32_t n)
{
  int32_t *to = stoker_arena_alloc (arena, sizeof *to * (size_t)MAX (n, 1));

  if (n > 0)
    memcpy (to, ids, sizeof *to * (size_t)n);
  return to;
}

/* Version 0 knows no offline replicas: they are left out, and error 9 says that some were. */
static void
drop_offline (const StkSnapshot *snap, StokerPartitionInfo *out)
{
  int32_t n = 0;

  for (int32_t i = 0; i < out->n_replicas; i++)
    if (stk_snapshot_broker (snap, out->replicas[i]))
      out->replicas[n++] = out->replicas[i];
  if (n < out->n_replicas && out->error == 0)
    out->error = STOKER_REPLICA_NOT_AVAILABLE;
  out->n_replicas = n;
}

/* Our own replica in a directory that is offline. (Of other brokers' replicas their controller tells.) */
static bool
is_offline_here (const StokerCall *call, const StkHosted *hosted, int32_t index)
{
  StkPartition *p = hosted ? stk_hosted_partition (hosted, index) : NULL;
  bool offline = false;

  if (p) {
    g_mutex_lock (&p->lock);
    offline = p->offline;
    g_mutex_unlock (&p->lock);
  }
  return offline;
}

static void
fill_partition (const StokerCall *call, const StkSnapshot *snap, const StkHosted *hosted, const StkMetaPartition *p,
                int32_t index, StokerPartitionInfo *out)
{
  const StkMetaBroker *leader = p->leader >= 0 ? stk_snapshot_broker (snap, p->leader) : NULL;

  *out = (StokerPartitionInfo){ .partition = index,
                                .leader_id = p->leader,
                                .leader_epoch = p->leader_epoch,
                                .replicas = copy_ids (call->arena, p->replicas, p->n_replicas),
                                .n_replicas = p->n_replicas,
                                .isr = copy_ids (call->arena, p->isr, p->n_isr),
                                .n_isr = p->n_isr };
  if (leader == NULL) {
    out->error = STOKER_LEADER_NOT_AVAILABLE;
    out->leader_id = -1;
  } else if (stk_meta_broker_endpoint (leader, call->ctx->listener) == NULL) {
    out->error = call->api_version >= 0 && call->api_version < 6 && call->api_key == 3 ? STOKER_LEADER_NOT_AVAILABLE
                                                                                       : STOKER_LISTENER_NOT_FOUND;
    out->leader_id = -1;
  }
  out->offline = stoker_arena_alloc (call->arena, sizeof (int32_t) * (size_t)MAX (p->n_replicas, 1));
  for (int32_t i = 0; i < p->n_replicas; i++)
    if (stk_snapshot_broker (snap, p->replicas[i]) == NULL
        || (p->leader < 0 && p->replicas[i] == call->ctx->broker->id && is_offline_here (call, hosted, index)))
      out->offline[out->n_offline++] = p->replicas[i];
  if (call->api_key == 3 && call->api_version == 0)
    drop_offline (snap, out);
}

void
stk_info_topic (const StokerCall *call, const StkSnapshot *snap, const StkMetaTopic *t, int32_t from, int32_t n,
                StokerTopicInfo *out)
{
  const StkHosted *hosted = stk_table_find (stk_io_table (stk_io_of (call->ctx)), (StokerStr){ t->name, t->name_len });

  *out = (StokerTopicInfo){ .name = stoker_arena_str (call->arena, (StokerStr){ t->name, t->name_len }),
                            .id = t->id,
                            .internal = t->internal,
                            .authorized_operations = INT32_MIN };
  out->partitions = stoker_arena_alloc (call->arena, sizeof *out->partitions * (size_t)MAX (n, 1));
  for (int32_t i = 0; i < n; i++)
    fill_partition (call, snap, hosted, &t->partitions[from + i], from + i, &out->partitions[i]);
  out->n_partitions = n;
}

void
stk_info_error (const StokerCall *call, const StokerTopicRef *ref, int16_t error, StokerTopicInfo *out)
{
  *out = (StokerTopicInfo){
    .error = error, .name = stoker_arena_str (call->arena, ref->name), .id = ref->id, .authorized_operations = INT32_MIN
  };
}

int16_t
stk_info_may_describe (const StokerCall *call, StokerStr name)
{
  return stk_broker_authorize (call->ctx->broker, call->ctx, STK_ACL_DESCRIBE, STK_ACL_TOPIC, name);
}
