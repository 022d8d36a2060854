/* SPDX-License-Identifier: Apache-2.0
 *
 * The services of stoker/service/groups.h: each hops to the control actor, where the coordinator lives. And the
 * coordinator's host in a real broker.
 */
#include "broker/authorize.h"
#include "broker/call.h"
#include "config/broker_config.h"
#include "control/log.h"
#include "group/groups.h"
#include "meta/store.h"

/* ---- the services */

static StkGroups *
enter (StokerCall *call)
{
  StokerBroker *b = call->ctx->broker;

  call->throttle_ms = stk_broker_charge (b, call->ctx, STK_QUOTA_REQUEST, 1);
  return b->groups;
}

#define SERVICE(fn_, Type_, handler_)                                                                                  \
  static void fn_##_on_control (StokerCall *call)                                                                      \
  {                                                                                                                    \
    handler_ (enter (call), (Type_ *)(void *)call);                                                                    \
  }                                                                                                                    \
  void fn_ (Type_ *req)                                                                                                \
  {                                                                                                                    \
    stk_call_on_control (&req->call, fn_##_on_control);                                                                \
  }

SERVICE (stoker_heartbeat, StokerHeartbeat, stk_groups_heartbeat)
SERVICE (stoker_leave_group, StokerLeaveGroup, stk_groups_leave)
SERVICE (stoker_offset_commit, StokerOffsetCommit, stk_groups_commit)
SERVICE (stoker_offset_fetch, StokerOffsetFetch, stk_groups_fetch_offsets)
SERVICE (stoker_list_groups, StokerListGroups, stk_groups_list)
SERVICE (stoker_describe_groups, StokerDescribeGroups, stk_groups_describe)
SERVICE (stoker_delete_groups, StokerDeleteGroups, stk_groups_delete)
SERVICE (stoker_offset_delete, StokerOffsetDelete, stk_groups_delete_offsets)

/* The two that may wait long. */
static void
cancel_join (StokerCall *call)
{
  stk_groups_cancel_join (call->ctx->broker->groups, (StokerJoinGroup *)(void *)call);
}

static void
join_on_control (StokerCall *call)
{
  stk_call_on_cancel (call, cancel_join);
  stk_groups_join (enter (call), (StokerJoinGroup *)(void *)call);
}

void
stoker_join_group (StokerJoinGroup *req)
{
  stk_call_on_control (&req->call, join_on_control);
}

static void
cancel_sync (StokerCall *call)
{
  stk_groups_cancel_sync (call->ctx->broker->groups, (StokerSyncGroup *)(void *)call);
}

static void
sync_on_control (StokerCall *call)
{
  stk_call_on_cancel (call, cancel_sync);
  stk_groups_sync (enter (call), (StokerSyncGroup *)(void *)call);
}

void
stoker_sync_group (StokerSyncGroup *req)
{
  stk_call_on_control (&req->call, sync_on_control);
}

/* ---- the coordinator's host in a broker */

static int64_t
host_now_ms (void *user)
{
  StokerBroker *b = user;

  return stk_world_now_ms (b->world);
}

static int64_t
host_now_us (void *user)
{
  StokerBroker *b = user;

  return stk_actor_now_us (b->control);
}

static uint64_t
host_random (void *user)
{
  StokerBroker *b = user;

  return stk_world_random (b->world);
}

static void
host_timer_set (void *user, StkTimer *t, int64_t deadline_us)
{
  StokerBroker *b = user;

  stk_actor_timer_set (b->control, t, deadline_us);
}

static void
host_timer_cancel (void *user, StkTimer *t)
{
  StokerBroker *b = user;

  stk_actor_timer_cancel (b->control, t);
}

static bool
host_partition_exists (void *user, StokerStr topic, int32_t partition)
{
  StokerBroker *b = user;
  const StkSnapshot *s = stk_meta_store_peek (b->meta, -1);

  return stk_snapshot_partition (s, topic, partition) != NULL;
}

static int16_t
host_authorize (void *user, const StokerContext *ctx, int operation, int resource, StokerStr name)
{
  return stk_broker_authorize (user, ctx, operation, resource, name);
}

static void
host_finish (void *user, StokerCall *call)
{
  stk_call_finish (call);
}

static void
host_log (void *user, StokerLogLevel level, const char *event, const char *text)
{
  StokerBroker *b = user;

  stk_log (b->log, level, "group", event, "%s", text);
}

StkGroups *
stk_groups_new_for_broker (StokerBroker *b, StokerInstance *coordinator)
{
  const StkBrokerConfig *c = b->config;
  StkGroupsHost host = {
    .user = b,
    .now_ms = host_now_ms,
    .now_us = host_now_us,
    .random = host_random,
    .timer_set = host_timer_set,
    .timer_cancel = host_timer_cancel,
    .partition_exists = host_partition_exists,
    .authorize = host_authorize,
    .finish = host_finish,
    .log = host_log,
    .metrics = b->metrics,
    .coordinator = coordinator,
  };
  StkGroupsConfig config = {
    .min_session_timeout_ms = (int32_t)c->group_min_session_timeout_ms,
    .max_session_timeout_ms = (int32_t)c->group_max_session_timeout_ms,
    .max_size = (int32_t)c->group_max_size,
    .initial_rebalance_delay_ms = (int32_t)c->group_initial_rebalance_delay_ms,
    .offset_metadata_max = (int32_t)c->offset_metadata_max_bytes,
    .commit_timeout_ms = (int32_t)c->offsets_commit_timeout_ms,
    .offsets_retention_ms = c->offsets_retention_minutes * 60 * 1000,
    .retention_check_ms = c->offsets_retention_check_interval_ms,
    .others_commit = c->zookeeper_connect != NULL,
  };

  return stk_groups_new (&host, &config);
}
