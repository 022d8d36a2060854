/* SPDX-License-Identifier: Apache-2.0
 *
 * What handlers of topics and settings do differently from version to version (kafka-facts 3): fields that change their meaning, codes
 * that old clients do not know.
 */
#include "test-fake.h"

#define LIT(s) STOKER_STR_LIT (s)

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
  g_test_add_func ("/kafka/metadata", test_metadata);
  g_test_add_func ("/kafka/delete-topics", test_delete_topics);
  g_test_add_func ("/kafka/create-topics", test_create_topics);
  g_test_add_func ("/kafka/describe-configs", test_describe_configs);
  return g_test_run ();
}
