/* SPDX-License-Identifier: Apache-2.0
 *
 * FindCoordinator (kafka-facts 3.5): the leader of the partition of __consumer_offsets that the group's name falls on,
 * whichever store holds the offsets. The topic is made when it is first asked for.
 */
#include "broker/authorize.h"
#include "broker/ensure_topic.h"
#include "broker/find_coordinator.h"
#include "broker/replicas_private.h"

#include "meta/store.h"

#define OFFSETS_TOPIC STOKER_STR_LIT ("__consumer_offsets")

/* One code point of UTF-8 (the replacement character for what is none), *at moved behind it. */
static uint32_t
next_char (StokerStr s, size_t *at)
{
  gunichar c = g_utf8_get_char_validated (s.data + *at, (gssize)(s.len - *at));

  if (c == (gunichar)-1 || c == (gunichar)-2) {
    ++*at;
    return 0xfffd;
  }
  *at += (size_t)g_unichar_to_utf8 (c, NULL);
  return c;
}

int32_t
stk_java_hash (StokerStr s)
{
  uint32_t h = 0;

  for (size_t at = 0; at < s.len;) {
    uint32_t c = next_char (s, &at);
    if (c >= 0x10000) {
      h = 31 * h + (0xd800 + ((c - 0x10000) >> 10));
      c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    h = 31 * h + c;
  }
  return (int32_t)h;
}

int32_t
stk_group_partition (StokerStr group_id, int32_t n_partitions)
{
  int32_t h = stk_java_hash (group_id);

  h = h == INT32_MIN ? 0 : h < 0 ? -h : h;
  return n_partitions > 0 ? h % n_partitions : -1;
}

static void
set_error (StokerFindCoordinatorKey *k, int16_t error, StokerStr message)
{
  k->error = error;
  k->error_message = message;
  k->node = (StokerNode){ .id = -1, .host = STOKER_STR_LIT (""), .port = -1 };
}

static void
find_group (StokerFindCoordinator *req, const StkSnapshot *snap, StokerFindCoordinatorKey *k)
{
  StokerCall *call = &req->call;
  const StkMetaTopic *t = stk_snapshot_topic (snap, OFFSETS_TOPIC);
  const StkMetaPartition *p
      = t && t->n_partitions > 0 ? &t->partitions[stk_group_partition (k->key, t->n_partitions)] : NULL;
  const StkMetaBroker *leader = p && p->leader >= 0 ? stk_snapshot_broker (snap, p->leader) : NULL;
  const StkMetaEndpoint *e = leader ? stk_meta_broker_endpoint (leader, call->ctx->listener) : NULL;
  int16_t denied = stk_broker_authorize (call->ctx->broker, call->ctx, STK_ACL_DESCRIBE, STK_ACL_GROUP, k->key);

  if (denied) {
    set_error (k, denied, STOKER_STR_NULL);
  } else if (e == NULL) {
    set_error (k, STOKER_COORDINATOR_NOT_AVAILABLE,
               STOKER_STR_LIT ("the group's partition of __consumer_offsets has no leader"));
  } else {
    k->error = 0;
    k->error_message = STOKER_STR_NULL;
    k->node = (StokerNode){ .id = leader->id,
                            .host = stoker_arena_str (call->arena, stoker_str (e->host)),
                            .port = e->port };
  }
}

static void
answer (StokerFindCoordinator *req)
{
  const StkSnapshot *snap = stk_meta_store_peek (req->call.ctx->broker->meta, req->call.ctx->io);

  for (int32_t i = 0; i < req->n_keys; i++)
    if (req->key_type == 0)
      find_group (req, snap, &req->keys[i]);
    else if (req->key_type == 1)
      set_error (&req->keys[i], STOKER_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                 STOKER_STR_LIT ("transactions are not offered yet"));
    else
      set_error (&req->keys[i], STOKER_INVALID_REQUEST,
                 STOKER_STR_LIT ("coordinators exist for groups (0) and transactions (1)"));
  stk_call_finish (&req->call);
}

static void
ensured (void *user, const StkEnsured *results, int n)
{
  answer (user);
}

void
stoker_find_coordinator (StokerFindCoordinator *req)
{
  const StkSnapshot *snap = stk_meta_store_peek (req->call.ctx->broker->meta, req->call.ctx->io);
  StokerStr *name;

  if (req->key_type != 0 || req->n_keys == 0 || stk_snapshot_topic (snap, OFFSETS_TOPIC)) {
    answer (req);
    return;
  }
  name = stoker_arena_alloc (req->call.arena, sizeof *name);
  *name = OFFSETS_TOPIC;
  stk_ensure_topics (&req->call, name, 1, ensured, req);
}
