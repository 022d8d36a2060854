/* SPDX-License-Identifier: Apache-2.0
 *
 * The group coordinator: classic consumer groups and their offsets (kafka-facts 9). One object per broker; it lives on
 * the control actor and is asked through the functions below, which answer by host->finish. What a group knows is kept
 * in memory and written through to an offset store (store.h) before anything is promised to a client.
 *
 * Everything outside is behind StkGroupsHost, so that the state machine runs on a virtual clock in its tests.
 */
#ifndef STK_GROUP_GROUPS_H
#define STK_GROUP_GROUPS_H

#include "control/metrics.h"
#include "world/world.h"

#include <stoker/coordinator.h>
#include <stoker/service/groups.h>

typedef struct StkGroups StkGroups;

/* What the coordinator needs of the broker. All called on the control actor, with `user` first. */
typedef struct StkGroupsHost
{
  void *user;
  int64_t (*now_ms) (void *user); /* since 1970 */
  int64_t (*now_us) (void *user); /* monotonic */
  uint64_t (*random) (void *user);
  void (*timer_set) (void *user, StkTimer *t, int64_t deadline_us);
  void (*timer_cancel) (void *user, StkTimer *t);
  bool (*partition_exists) (void *user, StokerStr topic, int32_t partition);
  /* 0, or the code that the resource type refuses with; numbers of broker/authorize.h */
  int16_t (*authorize) (void *user, const StokerContext *ctx, int operation, int resource, StokerStr name);
  /* Must not call back into the coordinator from inside. */
  void (*finish) (void *user, StokerCall *call);
  void (*log) (void *user, StokerLogLevel level, const char *event, const char *text);
  StkMetrics *metrics;         /* NULL: nothing is counted */
  StokerInstance *coordinator; /* open; where offsets.storage=coordinator keeps everything */
} StkGroupsHost;

typedef struct StkGroupsConfig
{
  int32_t min_session_timeout_ms, max_session_timeout_ms;
  int32_t max_size;
  int32_t initial_rebalance_delay_ms;
  int32_t offset_metadata_max; /* bytes */
  int32_t commit_timeout_ms;   /* a write that takes longer is answered 15; it may still happen */
  int64_t offsets_retention_ms;
  int64_t retention_check_ms;
  bool others_commit; /* the clients of ZooKeeper's time commit past the broker: what it knows of a group without members may be old */
} StkGroupsConfig;

/* Kafka's defaults. */
void stk_groups_config_defaults (StkGroupsConfig *c);

/* Copies both. */
StkGroups *stk_groups_new (const StkGroupsHost *host, const StkGroupsConfig *config);
/* The one of a broker: on its control actor, with its clock, log, metadata and settings (service.c). `coordinator` is
 * open. */
StkGroups *stk_groups_new_for_broker (StokerBroker *b, StokerInstance *coordinator);
/* Reads everything back from the store; until `loaded` (never inside this call) requests are answered with 14 as Kafka
 * does. */
void stk_groups_start (StkGroups *g, void (*loaded) (void *user), void *user);
/* Answers everything that waits with 15, and so every later request. Before the connections end. */
void stk_groups_dismiss (StkGroups *g);
/* Does that too, lets the store finish what is on its way, at most
 * for the commit timeout, then calls stopped (never inside this call). */
void stk_groups_stop (StkGroups *g, void (*stopped) (void *user), void *user);
/* After stopped, or when never started. */
void stk_groups_free (StkGroups *g);

/* Is this broker the coordinator of the group? 0; 14 loading; 15 not active; 16 another broker is. */
int16_t stk_groups_owns (const StkGroups *g, StokerStr group_id);
/* A topic is gone: its offsets go too. */
void stk_groups_topic_deleted (StkGroups *g, StokerStr topic);
/* The connection of a parked call is gone: answers it now. Nothing happens when it is not parked. */
void stk_groups_cancel_join (StkGroups *g, StokerJoinGroup *req);
void stk_groups_cancel_sync (StkGroups *g, StokerSyncGroup *req);
/* For metrics and tests. */
size_t stk_groups_count (const StkGroups *g);

/* Requests; each is answered exactly once. */
void stk_groups_join (StkGroups *g, StokerJoinGroup *req);
void stk_groups_sync (StkGroups *g, StokerSyncGroup *req);
void stk_groups_heartbeat (StkGroups *g, StokerHeartbeat *req);
void stk_groups_leave (StkGroups *g, StokerLeaveGroup *req);
void stk_groups_commit (StkGroups *g, StokerOffsetCommit *req);
void stk_groups_fetch_offsets (StkGroups *g, StokerOffsetFetch *req);
void stk_groups_list (StkGroups *g, StokerListGroups *req);
void stk_groups_describe (StkGroups *g, StokerDescribeGroups *req);
void stk_groups_delete (StkGroups *g, StokerDeleteGroups *req);
void stk_groups_delete_offsets (StkGroups *g, StokerOffsetDelete *req);

#endif
