/* SPDX-License-Identifier: Apache-2.0
 *
 * What handlers of groups do differently from version to version (kafka-facts 3): fields that change their meaning, codes
 * that old clients do not know.
 */
#include "test-fake.h"

#define LIT(s) STOKER_STR_LIT (s)

static void
fill_offset_fetch (StokerCall *call)
{
  StokerOffsetFetch *req = (StokerOffsetFetch *)call;
  g_assert_true (stoker_str_is (req->groups[0].group_id, "g"));
  g_assert_cmpint (req->old_store, ==, call->api_version == 0);
  req->groups[0].error = STOKER_NOT_COORDINATOR;
}

static void
test_offset_fetch (void)
{
  StokerArena *arena = stoker_arena_new (0);
  int32_t partitions[] = { 4, 5 };
  KmOffsetFetchRequestTopics topic = { .name = LIT ("t"), .partition_indexes = partitions, .n_partition_indexes = 2 };
  KmOffsetFetchRequestGroups group = { .group_id = LIT ("g"), .n_topics = -1 };
  KmOffsetFetchRequest in = { .group_id = LIT ("g"), .topics = &topic, .n_topics = 1, .groups = &group, .n_groups = 1 };
  KmOffsetFetchResponse out;

  ask (9, 1, &in, fill_offset_fetch, arena, &out);
  g_assert_cmpint (out.topics[0].n_partitions, ==, 2);
  g_assert_cmpint (out.topics[0].partitions[1].partition_index, ==, 5);
  g_assert_cmpint (out.topics[0].partitions[1].error_code, ==, STOKER_NOT_COORDINATOR);
  g_assert_cmpint (out.topics[0].partitions[1].committed_offset, ==, -1);
  ask (9, 2, &in, fill_offset_fetch, arena, &out);
  g_assert_cmpint (out.n_topics, ==, 0);
  g_assert_cmpint (out.error_code, ==, STOKER_NOT_COORDINATOR);
  ask (9, 8, &in, fill_offset_fetch, arena, &out);
  g_assert_cmpint (out.groups[0].error_code, ==, STOKER_NOT_COORDINATOR);
  g_assert_true (stoker_str_is (out.groups[0].group_id, "g"));
  stoker_arena_free (arena);
}

static void
fill_leave_group (StokerCall *call)
{
  StokerLeaveGroup *req = (StokerLeaveGroup *)call;
  g_assert_cmpint (req->n_members, ==, 1);
  g_assert_true (stoker_str_is (req->members[0].member_id, "m"));
  req->members[0].error = STOKER_UNKNOWN_MEMBER_ID;
}

static void
test_leave_group (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmLeaveGroupRequestMembers member = { .member_id = LIT ("m") };
  KmLeaveGroupRequest in = { .group_id = LIT ("g"), .member_id = LIT ("m"), .members = &member, .n_members = 1 };
  KmLeaveGroupResponse out;

  ask (13, 2, &in, fill_leave_group, arena, &out);
  g_assert_cmpint (out.error_code, ==, STOKER_UNKNOWN_MEMBER_ID);
  ask (13, 3, &in, fill_leave_group, arena, &out);
  g_assert_cmpint (out.error_code, ==, 0);
  g_assert_cmpint (out.members[0].error_code, ==, STOKER_UNKNOWN_MEMBER_ID);
  stoker_arena_free (arena);
}

static void
fill_find_coordinator (StokerCall *call)
{
  StokerFindCoordinator *req = (StokerFindCoordinator *)call;
  for (int i = 0; i < req->n_keys; i++)
    req->keys[i].node = (StokerNode){ .id = 10 + i, .host = LIT ("here"), .port = 9092 };
}

static void
test_find_coordinator (void)
{
  StokerArena *arena = stoker_arena_new (0);
  StokerStr keys[] = { LIT ("a"), LIT ("b") };
  KmFindCoordinatorRequest in = { .key = LIT ("a"), .coordinator_keys = keys, .n_coordinator_keys = 2 };
  KmFindCoordinatorResponse out;

  ask (10, 3, &in, fill_find_coordinator, arena, &out);
  g_assert_cmpint (out.node_id, ==, 10);
  ask (10, 4, &in, fill_find_coordinator, arena, &out);
  g_assert_cmpint (out.n_coordinators, ==, 2);
  g_assert_cmpint (out.coordinators[1].node_id, ==, 11);
  g_assert_true (stoker_str_is (out.coordinators[1].key, "b"));
  stoker_arena_free (arena);
}

static void
fill_join_group (StokerCall *call)
{
  StokerJoinGroup *req = (StokerJoinGroup *)call;
  g_assert_cmpint (req->member_id_required, ==, call->api_version >= 4);
  g_assert_cmpint (req->skip_assignment_known, ==, call->api_version >= 9);
  g_assert_cmpint (req->rebalance_timeout_ms, ==, call->api_version == 0 ? -1 : 60000);
  g_assert_cmpmem (req->protocols[0].metadata.data, req->protocols[0].metadata.len, "meta", 4);
  req->error = STOKER_MEMBER_ID_REQUIRED;
  req->out_member_id = LIT ("given");
}

static void
test_join_group (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmJoinGroupRequestProtocols protocol = { .name = LIT ("range"), .metadata = { (uint8_t *)"meta", 4 } };
  KmJoinGroupRequest in
      = { .group_id = LIT ("g"), .rebalance_timeout_ms = 60000, .protocols = &protocol, .n_protocols = 1 };
  KmJoinGroupResponse out;

  for (int16_t v = 0; v <= 9; v++) {
    ask (11, v, &in, fill_join_group, arena, &out);
    g_assert_cmpint (out.error_code, ==, STOKER_MEMBER_ID_REQUIRED);
    g_assert_cmpint (out.generation_id, ==, -1);
    g_assert_true (stoker_str_is (out.member_id, "given"));
    g_assert_true ((out.protocol_name.data == NULL) == (v >= 7));
  }
  stoker_arena_free (arena);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kafka/offset-fetch", test_offset_fetch);
  g_test_add_func ("/kafka/leave-group", test_leave_group);
  g_test_add_func ("/kafka/find-coordinator", test_find_coordinator);
  g_test_add_func ("/kafka/join-group", test_join_group);
  return g_test_run ();
}
