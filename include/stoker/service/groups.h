/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: consumer groups of the classic protocol and their offsets (kafka-facts 9).
 */
#ifndef STOKER_SERVICE_GROUPS_H
#define STOKER_SERVICE_GROUPS_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

typedef struct StokerGroupProtocol
{
  StokerStr name;
  StokerBytes metadata;
} StokerGroupProtocol;

typedef struct StokerGroupMember
{
  StokerStr member_id, instance_id; /* instance_id null: dynamic */
  StokerBytes metadata;             /* for the chosen protocol */
  StokerBytes assignment;
  StokerStr client_id, client_host; /* host as "/127.0.0.1" */
} StokerGroupMember;

typedef struct StokerJoinGroup
{
  StokerCall call;
  StokerStr group_id, member_id, instance_id, protocol_type, reason;
  int32_t session_timeout_ms, rebalance_timeout_ms; /* rebalance -1: as the session timeout (v0) */
  StokerGroupProtocol *protocols;
  int32_t n_protocols;
  bool member_id_required;   /* the client understands MEMBER_ID_REQUIRED (v4+) */
  bool skip_assignment_known; /* v9+ */
  /* out */
  int16_t error;
  int32_t generation;
  StokerStr out_protocol_type, out_protocol_name; /* null on error */
  StokerStr leader, out_member_id;
  bool skip_assignment;
  StokerGroupMember *members; /* the leader's answer only: member_id, instance_id, metadata */
  int32_t n_members;
} StokerJoinGroup;

STOKER_EXPORT void stoker_join_group (StokerJoinGroup *req);

typedef struct StokerGroupAssignment
{
  StokerStr member_id;
  StokerBytes assignment;
} StokerGroupAssignment;

typedef struct StokerSyncGroup
{
  StokerCall call;
  StokerStr group_id, member_id, instance_id, protocol_type, protocol_name; /* the last two null below v5 */
  int32_t generation;
  StokerGroupAssignment *assignments;
  int32_t n_assignments;
  /* out */
  int16_t error;
  StokerStr out_protocol_type, out_protocol_name;
  StokerBytes assignment;
} StokerSyncGroup;

STOKER_EXPORT void stoker_sync_group (StokerSyncGroup *req);

typedef struct StokerHeartbeat
{
  StokerCall call;
  StokerStr group_id, member_id, instance_id;
  int32_t generation;
  /* out */
  int16_t error;
} StokerHeartbeat;

STOKER_EXPORT void stoker_heartbeat (StokerHeartbeat *req);

typedef struct StokerLeavingMember
{
  StokerStr member_id, instance_id, reason;
  /* out */
  int16_t error;
} StokerLeavingMember;

typedef struct StokerLeaveGroup
{
  StokerCall call;
  StokerStr group_id;
  StokerLeavingMember *members; /* one below v3 */
  int32_t n_members;
  /* out */
  int16_t error;
} StokerLeaveGroup;

STOKER_EXPORT void stoker_leave_group (StokerLeaveGroup *req);

typedef struct StokerOffsetPartition
{
  int32_t partition;
  int64_t offset;       /* commit: in; fetch: out, -1 none */
  int32_t leader_epoch; /* -1 */
  StokerStr metadata;   /* commit: null is stored as ""; fetch: "" */
  int64_t timestamp;    /* commit v1: -1 now */
  /* out */
  int16_t error;
} StokerOffsetPartition;

typedef struct StokerOffsetTopic
{
  StokerStr name;
  StokerOffsetPartition *partitions;
  int32_t n_partitions;
} StokerOffsetTopic;

typedef struct StokerOffsetCommit
{
  StokerCall call;
  StokerStr group_id, member_id, instance_id;
  int32_t generation;         /* -1: a simple consumer or an admin */
  int64_t retention_ms;       /* v2-4; -1: the broker's */
  bool old_store;             /* v0: the classic ZooKeeper layout only */
  StokerOffsetTopic *topics;
  int32_t n_topics;
} StokerOffsetCommit;

STOKER_EXPORT void stoker_offset_commit (StokerOffsetCommit *req);

typedef struct StokerOffsetFetchGroup
{
  StokerStr group_id, member_id; /* member_id null, epoch -1: not given (v9) */
  int32_t member_epoch;
  StokerOffsetTopic *topics; /* in: what is asked for, or n -1: all; out: replaced by the answer */
  int32_t n_topics;
  /* out */
  int16_t error;
} StokerOffsetFetchGroup;

typedef struct StokerOffsetFetch
{
  StokerCall call;
  StokerOffsetFetchGroup *groups;
  int32_t n_groups;
  bool require_stable;
  bool old_store; /* v0 */
} StokerOffsetFetch;

STOKER_EXPORT void stoker_offset_fetch (StokerOffsetFetch *req);

typedef struct StokerGroupListing
{
  StokerStr group_id, protocol_type, state, type;
} StokerGroupListing;

typedef struct StokerListGroups
{
  StokerCall call;
  StokerStr *states; /* filters; none: all */
  int32_t n_states;
  StokerStr *types;
  int32_t n_types;
  /* out */
  int16_t error;
  StokerGroupListing *groups;
  int32_t n_groups;
} StokerListGroups;

STOKER_EXPORT void stoker_list_groups (StokerListGroups *req);

typedef struct StokerGroupInfo
{
  StokerStr group_id;
  /* out */
  int16_t error;
  StokerStr state, protocol_type, protocol;
  StokerGroupMember *members;
  int32_t n_members;
  int32_t authorized_operations; /* INT32_MIN when not asked for */
} StokerGroupInfo;

typedef struct StokerDescribeGroups
{
  StokerCall call;
  StokerGroupInfo *groups;
  int32_t n_groups;
  bool include_operations;
} StokerDescribeGroups;

STOKER_EXPORT void stoker_describe_groups (StokerDescribeGroups *req);

typedef struct StokerDeleteGroup
{
  StokerStr group_id;
  /* out */
  int16_t error;
} StokerDeleteGroup;

typedef struct StokerDeleteGroups
{
  StokerCall call;
  StokerDeleteGroup *groups;
  int32_t n_groups;
} StokerDeleteGroups;

STOKER_EXPORT void stoker_delete_groups (StokerDeleteGroups *req);

typedef struct StokerOffsetDelete
{
  StokerCall call;
  StokerStr group_id;
  StokerOffsetTopic *topics; /* partitions: partition in, error out */
  int32_t n_topics;
  /* out */
  int16_t error;
} StokerOffsetDelete;

STOKER_EXPORT void stoker_offset_delete (StokerOffsetDelete *req);

STOKER_END_DECLS

#endif
