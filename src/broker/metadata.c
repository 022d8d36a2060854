/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata, DescribeCluster and DescribeTopicPartitions, from the snapshot that the I/O thread sees
 * (kafka-facts 3.4, 3.9). A topic that may be created on demand is created first, and the answer waits for it for a
 * moment: the client then gets it whole instead of LEADER_NOT_AVAILABLE and a second round.
 */
#include "broker/authorize.h"
#include "broker/ensure_topic.h"
#include "broker/replicas_private.h"

#include "meta/store.h"

enum
{
  PARTITIONS_PER_PAGE = 2000 /* max.request.partition.size.limit of Kafka */
};

static const int topic_operations[]
    = { STK_ACL_READ,  STK_ACL_WRITE,    STK_ACL_CREATE,           STK_ACL_DELETE,
        STK_ACL_ALTER, STK_ACL_DESCRIBE, STK_ACL_DESCRIBE_CONFIGS, STK_ACL_ALTER_CONFIGS };
static const int cluster_operations[]
    = { STK_ACL_CREATE,           STK_ACL_ALTER,         STK_ACL_DESCRIBE,        STK_ACL_CLUSTER_ACTION,
        STK_ACL_DESCRIBE_CONFIGS, STK_ACL_ALTER_CONFIGS, STK_ACL_IDEMPOTENT_WRITE };

static const StkSnapshot *
snapshot_of (const StokerCall *call)
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

/* ---- brokers */

static int32_t
fill_nodes (const StokerCall *call, const StkSnapshot *snap, StokerNode **out)
{
  StokerNode *nodes = stoker_arena_alloc (call->arena, sizeof *nodes * (size_t)MAX (snap->n_brokers, 1));
  int32_t n = 0;

  for (int32_t i = 0; i < snap->n_brokers; i++) {
    const StkMetaEndpoint *e = stk_meta_broker_endpoint (snap->brokers[i], call->ctx->listener);
    if (e)
      nodes[n++] = (StokerNode){ .id = snap->brokers[i]->id,
                                 .host = stoker_arena_str (call->arena, stoker_str (e->host)),
                                 .port = e->port,
                                 .rack = stoker_arena_str (call->arena, stoker_str (snap->brokers[i]->rack)) };
  }
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

static void
fill_partition (const StokerCall *call, const StkSnapshot *snap, const StkMetaPartition *p, int32_t index,
                StokerPartitionInfo *out)
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
    if (stk_snapshot_broker (snap, p->replicas[i]) == NULL)
      out->offline[out->n_offline++] = p->replicas[i];
  if (call->api_key == 3 && call->api_version == 0)
    drop_offline (snap, out);
}

static void
fill_topic (const StokerCall *call, const StkSnapshot *snap, const StkMetaTopic *t, int32_t from, int32_t n,
            StokerTopicInfo *out)
{
  *out = (StokerTopicInfo){ .name = stoker_arena_str (call->arena, (StokerStr){ t->name, t->name_len }),
                            .id = t->id,
                            .internal = t->internal,
                            .authorized_operations = INT32_MIN };
  out->partitions = stoker_arena_alloc (call->arena, sizeof *out->partitions * (size_t)MAX (n, 1));
  for (int32_t i = 0; i < n; i++)
    fill_partition (call, snap, &t->partitions[from + i], from + i, &out->partitions[i]);
  out->n_partitions = n;
}

static void
fill_error (const StokerCall *call, const StokerTopicRef *ref, int16_t error, StokerTopicInfo *out)
{
  *out = (StokerTopicInfo){
    .error = error, .name = stoker_arena_str (call->arena, ref->name), .id = ref->id, .authorized_operations = INT32_MIN
  };
}

static int16_t
may_describe (const StokerCall *call, StokerStr name)
{
  return stk_broker_authorize (call->ctx->broker, call->ctx, STK_ACL_DESCRIBE, STK_ACL_TOPIC, name);
}

static void
fill_ref (const StokerMetadata *req, const StkSnapshot *snap, const StokerTopicRef *ref, StokerTopicInfo *out)
{
  const StokerCall *call = &req->call;
  bool by_id = ref->name.data == NULL;
  const StkMetaTopic *t = by_id ? stk_snapshot_topic_by_id (snap, ref->id) : stk_snapshot_topic (snap, ref->name);
  int16_t error = 0;

  if (by_id && t == NULL)
    error = STOKER_UNKNOWN_TOPIC_ID;
  else if (may_describe (call, t ? (StokerStr){ t->name, t->name_len } : ref->name) != 0)
    error = by_id ? STOKER_UNKNOWN_TOPIC_ID : STOKER_TOPIC_AUTHORIZATION_FAILED;
  else if (t == NULL)
    error = stk_topic_name_valid (ref->name) ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_INVALID_TOPIC;
  if (error)
    fill_error (call, ref, error, out);
  else
    fill_topic (call, snap, t, 0, t->n_partitions, out);
}

static void
fill_all (StokerMetadata *req, const StkSnapshot *snap)
{
  StokerCall *call = &req->call;
  const StkMetaTopic **topics = stoker_arena_alloc (call->arena, sizeof *topics * (size_t)MAX (snap->n_topics, 1));

  stk_snapshot_topics (snap, topics);
  req->infos = stoker_arena_alloc (call->arena, sizeof *req->infos * (size_t)MAX (snap->n_topics, 1));
  for (int32_t i = 0; i < snap->n_topics; i++)
    if (may_describe (call, (StokerStr){ topics[i]->name, topics[i]->name_len }) == 0)
      fill_topic (call, snap, topics[i], 0, topics[i]->n_partitions, &req->infos[req->n_infos++]);
}

/* Everything, from the snapshot as it is now. */
static void
fill (StokerMetadata *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = snapshot_of (call);

  req->error = 0;
  req->n_nodes = fill_nodes (call, snap, &req->nodes);
  req->cluster_id = stoker_arena_str (call->arena, stoker_str (snap->cluster_id));
  req->controller_id = snap->controller_id;
  req->cluster_operations = INT32_MIN;
  req->n_infos = 0;
  if (req->all_topics) {
    fill_all (req, snap);
  } else {
    req->infos = stoker_arena_alloc (call->arena, sizeof *req->infos * (size_t)MAX (req->n_topics, 1));
    for (int32_t i = 0; i < req->n_topics; i++)
      fill_ref (req, snap, &req->topics[i], &req->infos[req->n_infos++]);
  }
  for (int32_t i = 0; req->include_topic_operations && i < req->n_infos; i++)
    if (req->infos[i].error == 0)
      req->infos[i].authorized_operations
          = allowed (call, topic_operations, G_N_ELEMENTS (topic_operations), STK_ACL_TOPIC, req->infos[i].name);
  if (req->include_cluster_operations)
    req->cluster_operations = allowed (call, cluster_operations, G_N_ELEMENTS (cluster_operations), STK_ACL_CLUSTER,
                                       STOKER_STR_LIT ("kafka-cluster"));
}

/* ---- creating on demand */

static void
created (void *user, const StkEnsured *results, int n)
{
  StokerMetadata *req = user;

  fill (req);
  for (int i = 0; i < n; i++)
    for (int32_t k = 0; k < req->n_infos; k++)
      if (req->infos[k].error == STOKER_UNKNOWN_TOPIC_OR_PARTITION
          && stoker_str_equal (req->infos[k].name, results[i].name))
        req->infos[k].error = results[i].error ? results[i].error : STOKER_LEADER_NOT_AVAILABLE;
  stk_call_finish (&req->call);
}

static bool
to_be_created (const StokerMetadata *req, const StkSnapshot *snap, const StokerTopicRef *ref)
{
  const StokerCall *call = &req->call;
  StokerBroker *b = call->ctx->broker;

  return ref->name.data && stk_topic_name_valid (ref->name) && stk_snapshot_topic (snap, ref->name) == NULL
         && may_describe (call, ref->name) == 0
         && (stk_broker_authorize (b, call->ctx, STK_ACL_CREATE, STK_ACL_CLUSTER, STOKER_STR_LIT ("kafka-cluster")) == 0
             || stk_broker_authorize (b, call->ctx, STK_ACL_CREATE, STK_ACL_TOPIC, ref->name) == 0);
}

void
stoker_metadata (StokerMetadata *req)
{
  const StkSnapshot *snap = snapshot_of (&req->call);
  StokerStr *missing;
  int n = 0;

  if (!req->all_topics && req->allow_auto_create && req->n_topics > 0 && req->call.ctx->broker->replicas->auto_create) {
    missing = stoker_arena_alloc (req->call.arena, sizeof *missing * (size_t)req->n_topics);
    for (int32_t i = 0; i < req->n_topics; i++)
      if (to_be_created (req, snap, &req->topics[i]))
        missing[n++] = req->topics[i].name;
    if (n > 0) {
      stk_ensure_topics (&req->call, missing, n, created, req);
      return;
    }
  }
  fill (req);
  stk_call_finish (&req->call);
}

/* ---- DescribeCluster */

void
stoker_describe_cluster (StokerDescribeCluster *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = snapshot_of (call);

  req->error = 0;
  req->error_message = STOKER_STR_NULL;
  req->nodes = NULL;
  req->n_nodes = 0;
  req->operations = INT32_MIN;
  req->controller_id = -1;
  req->cluster_id = stoker_arena_str (call->arena, stoker_str (snap->cluster_id));
  if (req->endpoint_type != 1) {
    req->error = req->endpoint_type == 2 ? STOKER_MISMATCHED_ENDPOINT_TYPE : STOKER_UNSUPPORTED_ENDPOINT_TYPE;
    req->error_message
        = req->endpoint_type == 2
              ? STOKER_STR_LIT ("this is a broker, and controllers were asked for: ask with endpoint type 1")
              : STOKER_STR_LIT ("endpoint type is neither 1 (brokers) nor 2 (controllers)");
  } else {
    req->n_nodes = fill_nodes (call, snap, &req->nodes);
    req->controller_id = snap->controller_id;
    if (req->include_operations)
      req->operations = allowed (call, cluster_operations, G_N_ELEMENTS (cluster_operations), STK_ACL_CLUSTER,
                                 STOKER_STR_LIT ("kafka-cluster"));
  }
  stk_call_finish (call);
}

/* ---- DescribeTopicPartitions */

static int
by_name (const void *a, const void *b, void *unused)
{
  const StokerStr *x = a, *y = b;
  int d = memcmp (x->data, y->data, MIN (x->len, y->len));

  return d ? d : x->len < y->len ? -1 : x->len > y->len;
}

/* The names asked for (or all), sorted, from the cursor's on, each once. */
static int32_t
page_names (StokerDescribeTopicPartitions *req, const StkSnapshot *snap, StokerStr **out)
{
  bool all = req->n_topics <= 0;
  int32_t total = all ? snap->n_topics : req->n_topics, n = 0;
  StokerStr *names = stoker_arena_alloc (req->call.arena, sizeof *names * (size_t)MAX (total, 1));

  if (all) {
    const StkMetaTopic **topics = stoker_arena_alloc (req->call.arena, sizeof *topics * (size_t)MAX (total, 1));
    stk_snapshot_topics (snap, topics);
    for (int32_t i = 0; i < total; i++)
      names[i] = (StokerStr){ topics[i]->name, topics[i]->name_len };
  } else {
    memcpy (names, req->topics, sizeof *names * (size_t)total);
    g_qsort_with_data (names, total, sizeof *names, by_name, NULL);
  }
  for (int32_t i = 0; i < total; i++)
    if ((req->cursor_topic.data == NULL || by_name (&names[i], &req->cursor_topic, NULL) >= 0)
        && (n == 0 || by_name (&names[i], &names[n - 1], NULL) != 0))
      names[n++] = names[i];
  *out = names;
  return n;
}

void
stoker_describe_topic_partitions (StokerDescribeTopicPartitions *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = snapshot_of (call);
  int32_t left = req->limit > 0 ? MIN (req->limit, PARTITIONS_PER_PAGE) : PARTITIONS_PER_PAGE, n;
  StokerStr *names;

  n = page_names (req, snap, &names);
  req->infos = stoker_arena_alloc (call->arena, sizeof *req->infos * (size_t)MAX (n, 1));
  req->n_infos = 0;
  req->next_topic = STOKER_STR_NULL;
  req->next_partition = -1;
  for (int32_t i = 0; i < n; i++) {
    const StkMetaTopic *t = stk_snapshot_topic (snap, names[i]);
    StokerTopicRef ref = { .name = names[i] };
    int32_t from
        = req->cursor_topic.data && stoker_str_equal (names[i], req->cursor_topic) ? MAX (req->cursor_partition, 0) : 0;
    int32_t count;
    int16_t error = may_describe (call, names[i]);
    if (error == 0 && t == NULL)
      error = stk_topic_name_valid (names[i]) ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_INVALID_TOPIC;
    if (error && req->n_topics <= 0)
      continue;
    if (error) {
      fill_error (call, &ref, error, &req->infos[req->n_infos++]);
      continue;
    }
    from = MIN (from, t->n_partitions);
    count = MIN (t->n_partitions - from, left);
    if (left == 0 || count < t->n_partitions - from) {
      req->next_topic = stoker_arena_str (call->arena, names[i]);
      req->next_partition = from + count;
    }
    if (left > 0) {
      fill_topic (call, snap, t, from, count, &req->infos[req->n_infos]);
      req->infos[req->n_infos++].authorized_operations
          = allowed (call, topic_operations, G_N_ELEMENTS (topic_operations), STK_ACL_TOPIC, names[i]);
    }
    left -= count;
    if (req->next_topic.data)
      break;
  }
  stk_call_finish (call);
}
