/* SPDX-License-Identifier: Apache-2.0
 *
 * What handlers do differently from version to version (kafka-facts 3): fields that change their meaning, codes that
 * old clients do not know.
 */
#include "test-fake.h"

#define LIT(s) STOKER_STR_LIT (s)

/* Sends `in`, lets `fill` answer the service call, decodes the answer to `out`. */
static void
ask (int16_t key, int16_t version, const void *in, void (*fill) (StokerCall *), StokerArena *arena, void *out)
{
  StokerConn *c = conn_new ();

  service = fill;
  send_message (c, key, version, 1, in);
  conn_input (c);
  g_assert_false (c->closed);
  answer_decode (c, 0, key, version, arena, out);
  conn_free (c);
}

/* ---- produce */

/* The address of a leader that an answer names. */
static StokerNode *
leader_node (const StokerCall *call, int32_t id)
{
  StokerNode *n = stoker_arena_calloc (call->arena, 1, sizeof *n);

  *n = (StokerNode){ .id = id, .host = LIT ("there"), .port = 9093, .rack = LIT ("r") };
  return n;
}

#define assert_leader_node(out, leader)                                                                                \
  do {                                                                                                                 \
    g_assert_cmpint ((out).n_node_endpoints, ==, 1);                                                                   \
    g_assert_cmpint ((out).node_endpoints[0].node_id, ==, leader);                                                     \
    g_assert_true (stoker_str_is ((out).node_endpoints[0].host, "there"));                                             \
    g_assert_cmpint ((out).node_endpoints[0].port, ==, 9093);                                                          \
    g_assert_true (stoker_str_is ((out).node_endpoints[0].rack, "r"));                                                 \
  } while (0)

static void
fill_produce (StokerCall *call)
{
  StokerProduce *req = (StokerProduce *)call;
  StokerProducePartition *p = &req->topics[0].partitions[0];

  g_assert_cmpint (req->n_topics, ==, 1);
  g_assert_true (stoker_str_is (req->topics[0].name, "t"));
  g_assert_cmpint (req->timeout_ms, ==, 1500);
  g_assert_cmpint (req->acks, ==, -1);
  g_assert_cmpint (p->partition, ==, 3);
  g_assert_cmpmem (p->records.data, p->records.len, "batch", 5);
  g_assert_cmpint (p->base_offset, ==, -1);
  if (call->api_version == 10) {
    p->error = STOKER_NOT_LEADER_OR_FOLLOWER;
    p->leader_id = 7;
    p->leader_epoch = 8;
    req->nodes = leader_node (call, 7);
    req->n_nodes = 1;
    return;
  }
  p->error = STOKER_PRODUCER_FENCED;
  p->base_offset = 100;
  p->log_append_time_ms = 200;
  p->log_start_offset = 300;
  p->error_message = LIT ("why");
  p->n_record_errors = 1;
  p->record_errors = stoker_arena_calloc (call->arena, 1, sizeof (StokerRecordError));
  p->record_errors[0] = (StokerRecordError){ 5, LIT ("this one") };
}

static void
test_produce (void)
{
  StokerArena *arena = stoker_arena_new (0);
  StokerSlice slice = { .kind = STOKER_SLICE_MEMORY, .u.memory = (const uint8_t *)"batch", .len = 5 };
  KmProduceRequestTopicDataPartitionData part = { .index = 3, .records = { &slice, 1, 5, false } };
  KmProduceRequestTopicData topic = { .name = LIT ("t"), .partition_data = &part, .n_partition_data = 1 };
  KmProduceRequest in = { .acks = -1, .timeout_ms = 1500, .topic_data = &topic, .n_topic_data = 1 };
  KmProduceResponse out;
  KmProduceResponseResponsesPartitionResponses *p;

  ask (0, 8, &in, fill_produce, arena, &out);
  p = &out.responses[0].partition_responses[0];
  g_assert_true (stoker_str_is (out.responses[0].name, "t"));
  g_assert_cmpint (p->index, ==, 3);
  g_assert_cmpint (p->error_code, ==, STOKER_INVALID_PRODUCER_EPOCH);
  g_assert_cmpint (p->base_offset, ==, 100);
  g_assert_cmpint (p->log_append_time_ms, ==, 200);
  g_assert_cmpint (p->log_start_offset, ==, 300);
  g_assert_true (stoker_str_is (p->error_message, "why"));
  g_assert_cmpint (p->record_errors[0].batch_index, ==, 5);
  g_assert_true (stoker_str_is (p->record_errors[0].batch_index_error_message, "this one"));
  ask (0, 10, &in, fill_produce, arena, &out);
  p = &out.responses[0].partition_responses[0];
  g_assert_cmpint (p->current_leader.leader_id, ==, 7);
  g_assert_cmpint (p->current_leader.leader_epoch, ==, 8);
  assert_leader_node (out, 7);
  stoker_arena_free (arena);
}

/* ---- fetch */

static void
fill_fetch (StokerCall *call)
{
  StokerFetch *req = (StokerFetch *)call;
  int16_t v = call->api_version;
  StokerFetchPartition *p;

  g_assert_cmpint (req->by_id, ==, v >= 13);
  g_assert_cmpint (req->replica_id, ==, v >= 15 ? 4 : 3);
  g_assert_cmpint (req->magic, ==, v < 2 ? 0 : v < 4 ? 1 : 2);
  g_assert_cmpint (req->strict_max_bytes, ==, v < 3);
  g_assert_cmpint (req->max_bytes, ==, v < 3 ? INT32_MAX : 1234);
  g_assert_cmpint (req->session_epoch, ==, v < 7 ? -1 : 9);
  g_assert_cmpint (req->topics[0].partitions[0].max_bytes, ==, 77);
  g_assert_cmpint (req->topics[0].partitions[0].fetch_offset, ==, 66);
  req->n_results = 1;
  req->results = stoker_arena_calloc (call->arena, 1, sizeof *req->results);
  req->results[0] = req->topics[0];
  p = req->results[0].partitions = stoker_arena_calloc (call->arena, 2, sizeof *p);
  req->results[0].n_partitions = 2;
  p[0] = (StokerFetchPartition){ .partition = 1,
                                 .high_watermark = 70,
                                 .last_stable_offset = 69,
                                 .diverging_epoch = -1,
                                 .diverging_end_offset = -1,
                                 .n_aborted = -1 };
  p[0].records.slices = stoker_arena_calloc (call->arena, 1, sizeof (StokerSlice));
  p[0].records.slices[0]
      = (StokerSlice){ .kind = STOKER_SLICE_MEMORY, .u.memory = (const uint8_t *)"some records", .len = 12 };
  p[0].records.n_slices = 1;
  p[0].records.len = 12;
  p[0].preferred_read_replica = -1;
  p[1] = p[0];
  p[1].records = (StokerRecords){ .is_null = true };
  p[1].partition = 2;
  p[1].error = v == 17 ? STOKER_NOT_LEADER_OR_FOLLOWER : STOKER_KAFKA_STORAGE_ERROR;
  p[1].leader_id = 5;
  p[1].leader_epoch = 6;
  if (v == 17) {
    req->nodes = leader_node (call, 5);
    req->n_nodes = 1;
  }
}

static void
test_fetch (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmFetchRequestTopicsPartitions part;
  KmFetchRequestTopics topic;
  KmFetchRequest in;
  KmFetchResponse out;

  km_fetch_request_topics_partitions_init (&part);
  km_fetch_request_topics_init (&topic);
  km_fetch_request_init (&in);
  part.fetch_offset = 66;
  part.partition_max_bytes = 77;
  topic.topic = LIT ("t");
  topic.topic_id.b[3] = 1;
  topic.partitions = &part;
  topic.n_partitions = 1;
  in.replica_id = 3;
  in.replica_state.replica_id = 4;
  in.max_bytes = 1234;
  in.session_epoch = 9;
  in.topics = &topic;
  in.n_topics = 1;
  for (int16_t v = 0; v <= 17; v++) {
    KmFetchResponseResponsesPartitions *p;
    ask (1, v, &in, fill_fetch, arena, &out);
    p = out.responses[0].partitions;
    g_assert_cmpmem (p[0].records.slices[0].u.memory, p[0].records.len, "some records", 12);
    g_assert_cmpint (p[0].high_watermark, ==, 70);
    g_assert_false (p[1].records.is_null);
    g_assert_cmpint (p[1].error_code, ==,
                     v < 6 || v == 17 ? STOKER_NOT_LEADER_OR_FOLLOWER : STOKER_KAFKA_STORAGE_ERROR);
    g_assert_cmpint (p[1].current_leader.leader_id, ==, v == 17 ? 5 : -1);
    g_assert_cmpint (p[0].current_leader.leader_id, ==, -1);
    if (v == 17)
      assert_leader_node (out, 5);
    g_assert_true (stoker_str_is (out.responses[0].topic, "t") == (v < 13));
    g_assert_cmpint (out.responses[0].topic_id.b[3], ==, v >= 13 ? 1 : 0);
  }
  stoker_arena_free (arena);
}

/* ---- metadata */

static bool want_all, want_id;
static int want_n;

static void
fill_metadata (StokerCall *call)
{
  StokerMetadata *req = (StokerMetadata *)call;

  g_assert_cmpint (req->all_topics, ==, want_all);
  g_assert_cmpint (req->n_topics, ==, want_n);
  g_assert_true (req->allow_auto_create == (call->api_version < 4));
  if (want_n)
    g_assert_true ((req->topics[0].name.data == NULL) == want_id);
  req->cluster_id = LIT ("cluster");
  req->controller_id = 2;
  req->n_infos = 1;
  req->infos = stoker_arena_calloc (call->arena, 1, sizeof *req->infos);
  req->infos[0].name = LIT ("t");
  req->infos[0].n_partitions = 1;
  req->infos[0].partitions = stoker_arena_calloc (call->arena, 1, sizeof (StokerPartitionInfo));
  req->infos[0].partitions[0] = (StokerPartitionInfo){ .error = STOKER_LISTENER_NOT_FOUND, .leader_id = -1 };
}

static void
test_metadata (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmMetadataRequestTopics topic = { .name = LIT ("t") };
  KmMetadataRequest in = { .topics = &topic };
  KmMetadataResponse out;

  want_all = true; /* an empty list means all in version 0, nothing later; null means all later */
  ask (3, 0, &in, fill_metadata, arena, &out);
  g_assert_cmpint (out.topics[0].partitions[0].error_code, ==, STOKER_LEADER_NOT_AVAILABLE);
  want_all = false;
  ask (3, 1, &in, fill_metadata, arena, &out);
  g_assert_cmpint (out.controller_id, ==, 2);
  in.n_topics = -1;
  want_all = true;
  ask (3, 6, &in, fill_metadata, arena, &out);
  g_assert_cmpint (out.topics[0].partitions[0].error_code, ==, STOKER_LISTENER_NOT_FOUND);
  in.n_topics = 1;
  want_all = false;
  want_n = 1;
  ask (3, 12, &in, fill_metadata, arena, &out);
  g_assert_cmpint (out.error_code, ==, 0);
  /* An id counts more than a name beside it, be it empty or not. */
  topic.topic_id.b[0] = 1;
  want_id = true;
  ask (3, 13, &in, fill_metadata, arena, &out);
  topic.name = LIT ("");
  ask (3, 12, &in, fill_metadata, arena, &out);
  /* By id in version 10: refused without asking the service. */
  ask (3, 10, &in, NULL, arena, &out);
  g_assert_cmpint (calls, ==, 0);
  g_assert_cmpint (out.topics[0].error_code, ==, STOKER_INVALID_REQUEST);
  want_n = 0;
  want_id = false;
  stoker_arena_free (arena);
}

/* ---- the rest */

static void
fill_list_offsets (StokerCall *call)
{
  StokerListOffsets *req = (StokerListOffsets *)call;
  g_assert_cmpint (req->old_style, ==, call->api_version == 0);
  req->topics[0].partitions[0].error = STOKER_OFFSET_NOT_AVAILABLE;
}

static void
test_list_offsets (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmListOffsetsRequestTopicsPartitions part = { .timestamp = -1 };
  KmListOffsetsRequestTopics topic = { .name = LIT ("t"), .partitions = &part, .n_partitions = 1 };
  KmListOffsetsRequest in = { .replica_id = -1, .topics = &topic, .n_topics = 1 };
  KmListOffsetsResponse out;

  ask (2, 4, &in, fill_list_offsets, arena, &out);
  g_assert_cmpint (out.topics[0].partitions[0].error_code, ==, STOKER_LEADER_NOT_AVAILABLE);
  ask (2, 5, &in, fill_list_offsets, arena, &out);
  g_assert_cmpint (out.topics[0].partitions[0].error_code, ==, STOKER_OFFSET_NOT_AVAILABLE);
  stoker_arena_free (arena);
}

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
fill_init_producer_id (StokerCall *call)
{
  StokerInitProducerId *req = (StokerInitProducerId *)call;
  g_assert_null (req->transactional_id.data);
  g_assert_cmpint (req->producer_id, ==, -1);
  req->error = STOKER_PRODUCER_FENCED;
}

static void
test_init_producer_id (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmInitProducerIdRequest in;
  KmInitProducerIdResponse out;

  km_init_producer_id_request_init (&in);
  in.transactional_id = STOKER_STR_NULL;
  ask (22, 3, &in, fill_init_producer_id, arena, &out);
  g_assert_cmpint (out.error_code, ==, STOKER_INVALID_PRODUCER_EPOCH);
  ask (22, 4, &in, fill_init_producer_id, arena, &out);
  g_assert_cmpint (out.error_code, ==, STOKER_PRODUCER_FENCED);
  g_assert_cmpint (out.producer_id, ==, -1);
  stoker_arena_free (arena);
}

static void
fill_delete_topics (StokerCall *call)
{
  StokerDeleteTopics *req = (StokerDeleteTopics *)call;
  req->topics[0].error = STOKER_TOPIC_DELETION_DISABLED;
}

static void
test_delete_topics (void)
{
  StokerArena *arena = stoker_arena_new (0);
  StokerStr name = LIT ("t");
  KmDeleteTopicsRequestTopics topic = { .name = LIT ("t"), .topic_id = { { 1 } } };
  KmDeleteTopicsRequest in = { .topic_names = &name, .n_topic_names = 1, .topics = &topic, .n_topics = 1 };
  KmDeleteTopicsResponse out;

  ask (20, 2, &in, fill_delete_topics, arena, &out);
  g_assert_cmpint (out.responses[0].error_code, ==, STOKER_INVALID_REQUEST);
  ask (20, 3, &in, fill_delete_topics, arena, &out);
  g_assert_cmpint (out.responses[0].error_code, ==, STOKER_TOPIC_DELETION_DISABLED);
  ask (20, 6, &in, fill_delete_topics, arena, &out);
  g_assert_cmpint (calls, ==, 0);
  g_assert_cmpint (out.responses[0].error_code, ==, STOKER_INVALID_REQUEST);
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

static void
fill_create_topics (StokerCall *call)
{
  StokerCreateTopics *req = (StokerCreateTopics *)call;
  StokerConfigRow *row = stoker_arena_calloc (call->arena, 1, sizeof *row);

  g_assert_true (stoker_str_is (req->topics[0].configs[0].name, "retention.ms"));
  g_assert_cmpint (req->topics[0].assignments[0].brokers[1], ==, 12);
  *row = (StokerConfigRow){ .name = LIT ("retention.ms"), .value = LIT ("5"), .source = 1, .type = 5 };
  req->topics[0].out_partitions = 6;
  req->topics[0].out_replication_factor = 2;
  req->topics[0].rows = row;
  req->topics[0].n_rows = 1;
  req->topics[1].error = STOKER_TOPIC_ALREADY_EXISTS;
  req->topics[1].error_message = LIT ("there already");
}

static void
test_create_topics (void)
{
  StokerArena *arena = stoker_arena_new (0);
  int32_t brokers[] = { 11, 12 };
  KmCreateTopicsRequestTopicsAssignments assignment = { .broker_ids = brokers, .n_broker_ids = 2 };
  KmCreateTopicsRequestTopicsConfigs config = { LIT ("retention.ms"), LIT ("5") };
  KmCreateTopicsRequestTopics topics[]
      = { { LIT ("a"), .assignments = &assignment, .n_assignments = 1, .configs = &config, .n_configs = 1 },
          { LIT ("b") } };
  KmCreateTopicsRequest in = { .topics = topics, .n_topics = 2 };
  KmCreateTopicsResponse out;

  ask (19, 7, &in, fill_create_topics, arena, &out);
  g_assert_cmpint (out.topics[0].num_partitions, ==, 6);
  g_assert_cmpint (out.topics[0].n_configs, ==, 1);
  g_assert_cmpint (out.topics[0].configs[0].config_source, ==, 1);
  g_assert_cmpint (out.topics[1].error_code, ==, STOKER_TOPIC_ALREADY_EXISTS);
  g_assert_cmpint (out.topics[1].num_partitions, ==, -1);
  g_assert_true (stoker_str_is (out.topics[1].error_message, "there already"));
  stoker_arena_free (arena);
}

static void
fill_describe_configs (StokerCall *call)
{
  StokerDescribeConfigs *req = (StokerDescribeConfigs *)call;
  StokerConfigRow *row = stoker_arena_calloc (call->arena, 1, sizeof *row);

  g_assert_cmpint (req->resources[0].n_keys, ==, -1);
  *row = (StokerConfigRow){ .name = LIT ("x"), .value = LIT ("5"), .is_default = true, .source = 5, .type = 3 };
  req->resources[0].rows = row;
  req->resources[0].n_rows = 1;
}

static void
test_describe_configs (void)
{
  StokerArena *arena = stoker_arena_new (0);
  KmDescribeConfigsRequestResources resource
      = { .resource_type = 2, .resource_name = LIT ("t"), .n_configuration_keys = -1 };
  KmDescribeConfigsRequest in = { .resources = &resource, .n_resources = 1 };
  KmDescribeConfigsResponse out;

  ask (32, 0, &in, fill_describe_configs, arena, &out);
  g_assert_true (out.results[0].configs[0].is_default);
  ask (32, 4, &in, fill_describe_configs, arena, &out);
  g_assert_cmpint (out.results[0].configs[0].config_source, ==, 5);
  g_assert_cmpint (out.results[0].configs[0].config_type, ==, 3);
  stoker_arena_free (arena);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kafka/produce", test_produce);
  g_test_add_func ("/kafka/fetch", test_fetch);
  g_test_add_func ("/kafka/metadata", test_metadata);
  g_test_add_func ("/kafka/list-offsets", test_list_offsets);
  g_test_add_func ("/kafka/offset-fetch", test_offset_fetch);
  g_test_add_func ("/kafka/leave-group", test_leave_group);
  g_test_add_func ("/kafka/find-coordinator", test_find_coordinator);
  g_test_add_func ("/kafka/init-producer-id", test_init_producer_id);
  g_test_add_func ("/kafka/delete-topics", test_delete_topics);
  g_test_add_func ("/kafka/join-group", test_join_group);
  g_test_add_func ("/kafka/create-topics", test_create_topics);
  g_test_add_func ("/kafka/describe-configs", test_describe_configs);
  return g_test_run ();
}
