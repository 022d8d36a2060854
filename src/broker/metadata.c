/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata, from the snapshot that the I/O thread sees (kafka-facts 3.4). A topic that may be created on demand is
 * created first, and the answer waits for it for a moment: the client then gets it whole instead of
 * LEADER_NOT_AVAILABLE and a second round.
 */
#include "broker/authorize.h"
#include "broker/ensure_topic.h"
#include "broker/replicas_private.h"
#include "broker/topic_info.h"

/* How many topics one request may make. The others are unknown, and clients ask again for those. */
#define MOST_CREATED 1000

static void
fill_ref (const StokerMetadata *req, const StkSnapshot *snap, const StokerTopicRef *ref, StokerTopicInfo *out)
{
  const StokerCall *call = &req->call;
  bool by_id = ref->name.data == NULL;
  const StkMetaTopic *t = by_id ? stk_snapshot_topic_by_id (snap, ref->id) : stk_snapshot_topic (snap, ref->name);
  int16_t error = 0;

  if (by_id && t == NULL)
    error = STOKER_UNKNOWN_TOPIC_ID;
  else if (stk_info_may_describe (call, t ? (StokerStr){ t->name, t->name_len } : ref->name) != 0)
    error = by_id ? STOKER_UNKNOWN_TOPIC_ID : STOKER_TOPIC_AUTHORIZATION_FAILED;
  else if (t == NULL)
    error = stk_topic_name_valid (ref->name) ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_INVALID_TOPIC;
  if (error)
    stk_info_error (call, ref, error, out);
  else
    stk_info_topic (call, snap, t, 0, t->n_partitions, out);
}

static void
fill_all (StokerMetadata *req, const StkSnapshot *snap)
{
  StokerCall *call = &req->call;
  const StkMetaTopic **topics = stoker_arena_alloc (call->arena, sizeof *topics * (size_t)MAX (snap->n_topics, 1));

  stk_snapshot_topics (snap, topics);
  req->infos = stoker_arena_alloc (call->arena, sizeof *req->infos * (size_t)MAX (snap->n_topics, 1));
  for (int32_t i = 0; i < snap->n_topics; i++)
    if (stk_info_may_describe (call, (StokerStr){ topics[i]->name, topics[i]->name_len }) == 0)
      stk_info_topic (call, snap, topics[i], 0, topics[i]->n_partitions, &req->infos[req->n_infos++]);
}

/* Everything, from the snapshot as it is now. */
static void
fill (StokerMetadata *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = stk_call_snapshot (call);

  req->error = 0;
  req->n_nodes = stk_info_nodes (call, snap, &req->nodes);
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
      req->infos[i].authorized_operations = stk_info_topic_operations (call, req->infos[i].name);
  if (req->include_cluster_operations)
    req->cluster_operations = stk_info_cluster_operations (call);
}

/* ---- every topic once, however often it is asked for: an answer is not to be many times its request */

static guint
ref_hash (const void *p)
{
  const StokerTopicRef *r = p;
  guint h = 5381;

  for (size_t i = 0; i < r->name.len; i++)
    h = h * 33 + (uint8_t)r->name.data[i];
  for (size_t i = 0; r->name.data == NULL && i < sizeof r->id.b; i++)
    h = h * 33 + r->id.b[i];
  return h;
}

static gboolean
ref_equal (const void *p, const void *q)
{
  const StokerTopicRef *a = p, *b = q;

  if (a->name.data == NULL || b->name.data == NULL)
    return a->name.data == b->name.data && stoker_uuid_equal (a->id, b->id);
  return stoker_str_equal (a->name, b->name);
}

static void
take_each_once (StokerMetadata *req)
{
  g_autoptr (GHashTable) seen = NULL;
  int32_t n = 0;

  if (req->all_topics || req->n_topics < 2)
    return;
  seen = g_hash_table_new (ref_hash, ref_equal);
  for (int32_t i = 0; i < req->n_topics; i++) {
    if (g_hash_table_contains (seen, &req->topics[i]))
      continue;
    req->topics[n] = req->topics[i];
    g_hash_table_add (seen, &req->topics[n++]);
  }
  req->n_topics = n;
}

/* ---- creating on demand */

static void
created (void *user, const StkEnsured *results, int n)
{
  StokerMetadata *req = user;
  int32_t k = 0;

  fill (req);
  /* Both are in the order of the request. */
  for (int i = 0; i < n; i++) {
    while (k < req->n_infos && !stoker_str_equal (req->infos[k].name, results[i].name))
      k++;
    if (k < req->n_infos && req->infos[k].error == STOKER_UNKNOWN_TOPIC_OR_PARTITION)
      req->infos[k].error = results[i].error ? results[i].error : STOKER_LEADER_NOT_AVAILABLE;
  }
  stk_call_finish (&req->call);
}

static bool
to_be_created (const StokerMetadata *req, const StkSnapshot *snap, const StokerTopicRef *ref)
{
  const StokerCall *call = &req->call;
  StokerBroker *b = call->ctx->broker;

  return ref->name.data && stk_topic_name_valid (ref->name) && stk_snapshot_topic (snap, ref->name) == NULL
         && stk_info_may_describe (call, ref->name) == 0
         && (stk_broker_authorize (b, call->ctx, STK_ACL_CREATE, STK_ACL_CLUSTER, STOKER_STR_LIT ("kafka-cluster")) == 0
             || stk_broker_authorize (b, call->ctx, STK_ACL_CREATE, STK_ACL_TOPIC, ref->name) == 0);
}

void
stoker_metadata (StokerMetadata *req)
{
  const StkSnapshot *snap = stk_call_snapshot (&req->call);
  StokerStr *missing;
  int n = 0;

  take_each_once (req);
  if (!req->all_topics && req->allow_auto_create && req->n_topics > 0 && req->call.ctx->broker->replicas->auto_create) {
    missing = stoker_arena_alloc (req->call.arena, sizeof *missing * (size_t)req->n_topics);
    for (int32_t i = 0; i < req->n_topics && n < MOST_CREATED; i++)
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
