/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "broker/ensure_topic.h"
#include "broker/find_coordinator.h"

static void
test_metadata (void)
{
  Kit *k = kit_new ();
  Call c;
  StokerTopicRef refs[] = { { .name = STOKER_STR_LIT ("t") },
                            { .name = STOKER_STR_LIT ("none") },
                            { .name = STOKER_STR_LIT ("bad name") },
                            { .id = kit_topic_id ("t") },
                            { .id = kit_topic_id ("none") } };
  StokerMetadata req = { .topics = refs, .n_topics = 5, .include_topic_operations = true };

  kit_topic (k, "t", 2, NULL);
  kit_call_init (k, &c, &req.call, 0, 3, 12);
  kit_call (&c, stoker_metadata);
  g_assert_cmpint (req.n_nodes, ==, 1);
  g_assert_cmpint (req.nodes[0].port, ==, 9092);
  g_assert_true (stoker_str_is (req.cluster_id, "kit"));
  g_assert_cmpint (req.controller_id, ==, 0);
  g_assert_cmpint (req.cluster_operations, ==, INT32_MIN);
  g_assert_cmpint (req.n_infos, ==, 5);
  g_assert_cmpint (req.infos[0].error, ==, 0);
  g_assert_cmpint (req.infos[0].n_partitions, ==, 2);
  g_assert_cmpint (req.infos[0].partitions[1].partition, ==, 1);
  g_assert_cmpint (req.infos[0].partitions[1].leader_id, ==, 0);
  g_assert_cmpint (req.infos[0].partitions[1].n_isr, ==, 1);
  g_assert_cmpint (req.infos[0].partitions[1].n_offline, ==, 0);
  g_assert_cmpint (req.infos[0].authorized_operations, !=, INT32_MIN);
  g_assert_true (stoker_uuid_equal (req.infos[0].id, kit_topic_id ("t")));
  g_assert_cmpint (req.infos[1].error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (req.infos[2].error, ==, STOKER_INVALID_TOPIC);
  g_assert_true (stoker_str_is (req.infos[3].name, "t"));
  g_assert_cmpint (req.infos[4].error, ==, STOKER_UNKNOWN_TOPIC_ID);
  g_assert_null (req.infos[4].name.data);
  kit_call_clear (&c);
  req.all_topics = true;
  kit_topic_replicas (k, "two", 1, 2, NULL);
  kit_call_init (k, &c, &req.call, 0, 3, 12);
  kit_call (&c, stoker_metadata);
  g_assert_cmpint (req.n_infos, ==, 2);
  g_assert_true (stoker_str_is (req.infos[1].name, "two"));
  g_assert_cmpint (req.infos[1].partitions[0].n_offline, ==, 1);
  g_assert_cmpint (req.infos[1].partitions[0].offline[0], ==, 1);
  kit_call_clear (&c);
  kit_free (k);
}

static void
test_pages (void)
{
  Kit *k = kit_new ();
  Call c;
  StokerDescribeTopicPartitions req = { .limit = 3 };

  kit_topic (k, "a", 2, NULL);
  kit_topic (k, "b", 2, NULL);
  kit_topic (k, "c", 1, NULL);
  kit_call_init (k, &c, &req.call, 0, 75, 0);
  kit_call (&c, stoker_describe_topic_partitions);
  g_assert_cmpint (req.n_infos, ==, 2);
  g_assert_cmpint (req.infos[1].n_partitions, ==, 1);
  g_assert_true (stoker_str_is (req.next_topic, "b"));
  g_assert_cmpint (req.next_partition, ==, 1);
  kit_call_clear (&c);
  req.cursor_topic = STOKER_STR_LIT ("b");
  req.cursor_partition = 1;
  kit_call_init (k, &c, &req.call, 0, 75, 0);
  kit_call (&c, stoker_describe_topic_partitions);
  g_assert_cmpint (req.n_infos, ==, 2);
  g_assert_cmpint (req.infos[0].partitions[0].partition, ==, 1);
  g_assert_true (stoker_str_is (req.infos[1].name, "c"));
  g_assert_null (req.next_topic.data);
  kit_call_clear (&c);
  kit_free (k);
}

/* A client may ask for larger pages than it gets. */
static void
test_largest_page (void)
{
  Kit *k = kit_new ();
  Call c;
  StokerDescribeTopicPartitions req = { .limit = INT32_MAX };

  kit_topic (k, "many", 2003, NULL);
  kit_call_init (k, &c, &req.call, 0, 75, 0);
  kit_call (&c, stoker_describe_topic_partitions);
  g_assert_cmpint (req.n_infos, ==, 1);
  g_assert_cmpint (req.infos[0].n_partitions, ==, 2000);
  g_assert_true (stoker_str_is (req.next_topic, "many"));
  g_assert_cmpint (req.next_partition, ==, 2000);
  kit_call_clear (&c);
  kit_free (k);
}

static void
test_cluster (void)
{
  Kit *k = kit_new ();
  Call c;
  StokerDescribeCluster req = { .endpoint_type = 1, .include_operations = true };

  kit_call_init (k, &c, &req.call, 0, 60, 1);
  kit_call (&c, stoker_describe_cluster);
  g_assert_cmpint (req.error, ==, 0);
  g_assert_cmpint (req.n_nodes, ==, 1);
  g_assert_cmpint (req.operations, !=, INT32_MIN);
  kit_call_clear (&c);
  req.endpoint_type = 2;
  kit_call_init (k, &c, &req.call, 0, 60, 1);
  kit_call (&c, stoker_describe_cluster);
  g_assert_cmpint (req.error, ==, STOKER_MISMATCHED_ENDPOINT_TYPE);
  kit_call_clear (&c);
  kit_free (k);
}

static void
test_java_hash (void)
{
  g_assert_cmpint (stk_java_hash (STOKER_STR_LIT ("")), ==, 0);
  g_assert_cmpint (stk_java_hash (STOKER_STR_LIT ("hello")), ==, 99162322);
  g_assert_cmpint (stk_java_hash (STOKER_STR_LIT ("polygenelubricants")), ==, INT32_MIN);
  g_assert_cmpint (stk_java_hash (STOKER_STR_LIT ("\xc3\xa4")), ==, 0xe4);
  g_assert_cmpint (stk_java_hash (STOKER_STR_LIT ("\xf0\x9f\x98\x80")), ==, 31 * 0xd83d + 0xde00);
  g_assert_cmpint (stk_group_partition (STOKER_STR_LIT ("polygenelubricants"), 50), ==, 0);
  g_assert_cmpint (stk_group_partition (STOKER_STR_LIT ("hello"), 50), ==, 22);
  g_assert_cmpint (stk_group_partition (STOKER_STR_LIT ("hello"), 0), ==, -1);
}

static void
test_names (void)
{
  g_autofree char *longest = g_strnfill (250, 'a');

  g_assert_true (stk_topic_name_valid (STOKER_STR_LIT ("a.b_c-D9")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_LIT ("")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_LIT (".")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_LIT ("..")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_LIT ("a b")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_LIT ("a\0b")));
  g_assert_false (stk_topic_name_valid (STOKER_STR_NULL));
  g_assert_true (stk_topic_name_valid ((StokerStr){ longest, 249 }));
  g_assert_false (stk_topic_name_valid ((StokerStr){ longest, 250 }));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker/metadata/topics", test_metadata);
  g_test_add_func ("/broker/metadata/pages", test_pages);
  g_test_add_func ("/broker/metadata/largest-page", test_largest_page);
  g_test_add_func ("/broker/metadata/cluster", test_cluster);
  g_test_add_func ("/broker/metadata/java-hash", test_java_hash);
  g_test_add_func ("/broker/metadata/names", test_names);
  return g_test_run ();
}
