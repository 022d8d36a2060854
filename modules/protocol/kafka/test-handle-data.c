/* SPDX-License-Identifier: Apache-2.0
 *
 * What handlers of records and offsets do differently from version to version (kafka-facts 3): fields that change their meaning, codes
 * that old clients do not know.
 */
#include "test-fake.h"

#define LIT(s) STOKER_STR_LIT (s)

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kafka/produce", test_produce);
  g_test_add_func ("/kafka/fetch", test_fetch);
  g_test_add_func ("/kafka/list-offsets", test_list_offsets);
  g_test_add_func ("/kafka/init-producer-id", test_init_producer_id);
  return g_test_run ();
}
