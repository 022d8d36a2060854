/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to the coordinator under test, in one line each. A call is freed with call_free once it is done.
 */
#ifndef TEST_GROUP_CALLS_H
#define TEST_GROUP_CALLS_H

#include "tests/unit/group/fake.h"

#define MAX_PARTS 8

typedef struct Call
{
  union
  {
    StokerCall call;
    StokerJoinGroup join;
    StokerSyncGroup sync;
    StokerHeartbeat beat;
    StokerLeaveGroup leave;
    StokerOffsetCommit commit;
    StokerOffsetFetch fetch;
    StokerListGroups list;
    StokerDescribeGroups describe;
    StokerDeleteGroups del;
    StokerOffsetDelete offdel;
  } u;
  StokerGroupProtocol protocols[2];
  StokerGroupAssignment assignments[16];
  StokerLeavingMember leaving[2];
  StokerOffsetTopic topic;
  StokerOffsetPartition parts[MAX_PARTS];
  StokerOffsetFetchGroup fetch_group;
  StokerGroupInfo info;
  StokerDeleteGroup del_group;
  StokerArena *arena;
  bool done;
} Call;

Call *call_new (Fake *f, int16_t api_key, int16_t version);
void call_free (Call *c);

/* Each begins; run the fake until c->done. Strings must outlive the call. NULL strings are the protocol's null. */
Call *join_begin (Fake *f, const char *group, const char *member, const char *instance, const char *protocol,
                  const char *metadata);
Call *sync_begin (Fake *f, const char *group, const char *member, const char *instance, int32_t generation);
/* To be called before the first run: an assignment of the leader. */
void sync_assign (Call *c, const char *member, const char *assignment);
void sync_go (Fake *f, Call *c);
Call *commit_begin (Fake *f, const char *group, const char *member, int32_t generation, const char *topic,
                    int32_t partition, int64_t offset, const char *metadata);

/* Whole calls: run until answered and give the error. */
int16_t heartbeat (Fake *f, const char *group, const char *member, const char *instance, int32_t generation);
int16_t leave (Fake *f, const char *group, const char *member, const char *instance);
int16_t commit (Fake *f, const char *group, const char *member, int32_t generation, const char *topic,
                int32_t partition, int64_t offset, const char *metadata);
/* The committed offset, -1: none. */
int64_t fetched (Fake *f, const char *group, const char *topic, int32_t partition);
int16_t delete_group (Fake *f, const char *group);
int16_t delete_offset (Fake *f, const char *group, const char *topic, int32_t partition);
/* Borrowed constant text of the group's state; members may be NULL. */
char *state_of (Fake *f, const char *group, int32_t *members);

/* A dynamic member that goes through MEMBER_ID_REQUIRED: its id, to be freed. */
char *get_member_id (Fake *f, const char *group);
char *text_of (StokerStr s);

#endif
