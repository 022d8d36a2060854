/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "cluster/json.h"
#include "cluster/topics_private.h"

#define S(text) STOKER_STR_LIT (text)

/* ---- short calls */
static void
create_service (void *request)
{
  stoker_create_topics (request);
}

static void
delete_service (void *request)
{
  stoker_delete_topics (request);
}

static void
grow_service (void *request)
{
  stoker_create_partitions (request);
}

static void
alter_service (void *request)
{
  stoker_alter_configs (request);
}

static void
describe_service (void *request)
{
  stoker_describe_configs (request);
}

static StokerCreateTopic
create (Kit *k, StokerCreateTopic topic, bool validate_only)
{
  StokerCreateTopics req = { .topics = &topic, .n_topics = 1, .timeout_ms = 5000, .validate_only = validate_only };

  kit_call (k, create_service, &req);
  return topic;
}

static StokerCreateTopic
create_plain (Kit *k, const char *name, int32_t partitions)
{
  return create (k,
                 (StokerCreateTopic){ .name = stoker_str (name), .n_partitions = partitions, .replication_factor = -1 },
                 false);
}

static int16_t
delete_topic (Kit *k, StokerDeleteTopic *topic)
{
  StokerDeleteTopics req = { .topics = topic, .n_topics = 1, .timeout_ms = 5000 };

  kit_call (k, delete_service, &req);
  return topic->error;
}

static StokerAddPartitions
grow (Kit *k, StokerAddPartitions topic, bool validate_only)
{
  StokerCreatePartitions req = { .topics = &topic, .n_topics = 1, .timeout_ms = 5000, .validate_only = validate_only };

  kit_call (k, grow_service, &req);
  return topic;
}

static int16_t
alter (Kit *k, const char *topic, bool incremental, int8_t op, const char *name, const char *value)
{
  StokerAlterConfig config = { stoker_str (name), stoker_str (value), op };
  StokerAlterResource r
      = { .type = STOKER_RESOURCE_TOPIC, .name = stoker_str (topic), .configs = &config, .n_configs = 1 };
  StokerAlterConfigs req = { .incremental = incremental, .resources = &r, .n_resources = 1 };

  kit_call (k, alter_service, &req);
  g_assert_true (r.error == 0 || r.error_message.len > 0);
  return r.error;
}

/* The described value of one setting, NULL: null; its source in *source. */
static const char *
describe (Kit *k, const char *topic, const char *name, int8_t *source)
{
  StokerStr key = stoker_str (name);
  StokerDescribeResource r = { .type = STOKER_RESOURCE_TOPIC, .name = stoker_str (topic), .keys = &key, .n_keys = 1 };
  StokerDescribeConfigs req = { .resources = &r, .n_resources = 1, .synonyms = true };
  g_autofree char *text = NULL;

  kit_call (k, describe_service, &req);
  g_assert_cmpint (r.error, ==, 0);
  g_assert_cmpint (r.n_rows, ==, 1);
  *source = r.rows[0].source;
  text = g_strndup (r.rows[0].value.data, r.rows[0].value.len);
  return g_intern_string (text);
}

/* ---- CreateTopics */
static void
test_create (void)
{
  Kit *k = kit_new ("num.partitions = 3\n");
  StokerConfigPair configs[] = { { S ("retention.ms"), S ("1000") } };
  StokerCreateTopic t;

  kit_start (k);
  t = create (
      k,
      (StokerCreateTopic){
          .name = S ("made"), .n_partitions = -1, .replication_factor = -1, .configs = configs, .n_configs = 1 },
      false);
  g_assert_cmpint (t.error, ==, 0);
  g_assert_cmpint (t.out_partitions, ==, 3);
  g_assert_cmpint (t.out_replication_factor, ==, 1);
  g_assert_cmpint (t.n_rows, >, 20);
  g_assert_true (stoker_uuid_equal (t.id, kit_topic (k, "made")->id));
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (kit_topic (k, "made")->partitions[i].leader, ==, 0); /* answered when it can be used */
  g_assert_cmpint (kit_get (k, "/config/topics/made"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":1,\"config\":{\"retention.ms\":\"1000\"}}");
  g_assert_cmpint (kit_get (k, "/brokers/topics/made"), ==, STOKER_COORD_OK);
  g_assert_true (g_str_has_prefix (k->data, "{\"partitions\":{\"0\":[0],\"1\":[0],\"2\":[0]},\"topic_id\":\""));
  g_assert_true (g_str_has_suffix (k->data, "\",\"adding_replicas\":{},\"removing_replicas\":{},\"version\":3}"));

  t = create (k, (StokerCreateTopic){ .name = S ("only-asked"), .n_partitions = 2, .replication_factor = 1 }, true);
  g_assert_cmpint (t.error, ==, 0);
  g_assert_cmpint (t.out_partitions, ==, 2);
  kit_settle (k);
  g_assert_null (kit_topic (k, "only-asked"));
  kit_free (k);
}

static void
test_create_refused (void)
{
  static const char *const names[] = { "", ".", "..", "a b", "a/b", "\xc3\xa9" };
  Kit *k = kit_new ("");
  StokerConfigPair unknown[] = { { S ("no.such"), S ("1") } }, bad[] = { { S ("retention.ms"), S ("soon") } },
                   null[] = { { S ("retention.ms"), STOKER_STR_NULL } };
  int32_t here[] = { 0 }, elsewhere[] = { 7 }, twice[] = { 0, 0 };
  StokerAssignment good = { 0, here, 1 }, away = { 0, elsewhere, 1 }, doubled = { 0, twice, 2 }, gap = { 1, here, 1 };
  g_autofree char *longest = g_strnfill (249, 'x'), *too_long = g_strnfill (250, 'x');
  StokerCreateTopic t;
#define TRY(want, ...)                                                                                                 \
  do {                                                                                                                 \
    t = create (k, (StokerCreateTopic){ __VA_ARGS__ }, false);                                                         \
    g_assert_cmpint (t.error, ==, want);                                                                               \
    g_assert_true (want == 0 || t.error_message.len > 0);                                                              \
  } while (0)

  kit_start (k);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    TRY (STOKER_INVALID_TOPIC, .name = stoker_str (names[i]), .n_partitions = 1, .replication_factor = 1);
  TRY (STOKER_INVALID_TOPIC, .name = stoker_str (too_long), .n_partitions = 1, .replication_factor = 1);
  TRY (0, .name = stoker_str (longest), .n_partitions = 1, .replication_factor = 1);
  TRY (0, .name = S ("a.b"), .n_partitions = 1, .replication_factor = 1);
  TRY (STOKER_TOPIC_ALREADY_EXISTS, .name = S ("a.b"), .n_partitions = 1, .replication_factor = 1);
  TRY (STOKER_INVALID_TOPIC, .name = S ("a_b"), .n_partitions = 1, .replication_factor = 1);
  TRY (STOKER_INVALID_REQUEST, .name = S ("__cluster_metadata"), .n_partitions = 1, .replication_factor = 1);
  TRY (STOKER_INVALID_PARTITIONS, .name = S ("t"), .n_partitions = 0, .replication_factor = 1);
  TRY (STOKER_INVALID_PARTITIONS, .name = S ("t"), .n_partitions = INT32_MAX, .replication_factor = 1);
  TRY (STOKER_INVALID_REPLICATION_FACTOR, .name = S ("t"), .n_partitions = 1, .replication_factor = 0);
  TRY (STOKER_INVALID_REPLICATION_FACTOR, .name = S ("t"), .n_partitions = 1, .replication_factor = 2);
  TRY (STOKER_INVALID_CONFIG, .name = S ("t"), .n_partitions = 1, .replication_factor = 1, .configs = unknown,
       .n_configs = 1);
  TRY (STOKER_INVALID_CONFIG, .name = S ("t"), .n_partitions = 1, .replication_factor = 1, .configs = bad,
       .n_configs = 1);
  TRY (STOKER_INVALID_CONFIG, .name = S ("t"), .n_partitions = 1, .replication_factor = 1, .configs = null,
       .n_configs = 1);
  TRY (STOKER_INVALID_REPLICA_ASSIGNMENT, .name = S ("t"), .n_partitions = -1, .replication_factor = -1,
       .assignments = &away, .n_assignments = 1);
  TRY (STOKER_INVALID_REPLICA_ASSIGNMENT, .name = S ("t"), .n_partitions = -1, .replication_factor = -1,
       .assignments = &doubled, .n_assignments = 1);
  TRY (STOKER_INVALID_REPLICA_ASSIGNMENT, .name = S ("t"), .n_partitions = -1, .replication_factor = -1,
       .assignments = &gap, .n_assignments = 1);
  TRY (STOKER_INVALID_REQUEST, .name = S ("t"), .n_partitions = 1, .replication_factor = -1, .assignments = &good,
       .n_assignments = 1);
  g_assert_null (kit_topic (k, "t"));
  TRY (0, .name = S ("t"), .n_partitions = -1, .replication_factor = -1, .assignments = &good, .n_assignments = 1);
#undef TRY
  kit_free (k);
}

static void
test_create_many (void)
{
  Kit *k = kit_new ("");
  g_autofree StokerCreateTopic *topics = g_new0 (StokerCreateTopic, 500);
  StokerCreateTopics req = { .topics = topics, .n_topics = 500, .timeout_ms = 5000 };

  kit_start (k);
  for (int i = 0; i < 500; i++) {
    g_autofree char *name = g_strdup_printf ("t%d", i == 499 ? 7 : i);
    topics[i] = (StokerCreateTopic){ .name = stoker_arena_str (k->arena, stoker_str (name)),
                                     .n_partitions = 3,
                                     .replication_factor = 1 };
  }
  kit_call (k, create_service, &req);
  for (int i = 0; i < 500; i++)
    g_assert_cmpint (topics[i].error, ==, i == 7 || i == 499 ? STOKER_INVALID_REQUEST : 0); /* named twice */
  g_assert_cmpint (kit_snapshot (k)->n_topics, ==, 498);
  kit_stop (k);
  kit_start (k);
  g_assert_cmpint (kit_snapshot (k)->n_partitions, ==, 3 * 498);
  kit_free (k);
}

static void
test_big_topic (void)
{
  Kit *k = kit_new ("");

  kit_start (k);
  g_assert_cmpint (create_plain (k, "big", 3000).error, ==, 0); /* states go in several multis */
  g_assert_cmpint (kit_topic (k, "big")->partitions[2999].leader, ==, 0);
  kit_stop (k);
  kit_start (k);
  g_assert_cmpint (kit_topic (k, "big")->partitions[2999].leader, ==, 0);
  kit_free (k);
}

/* ---- DeleteTopics */
static void
test_delete (void)
{
  Kit *k = kit_new ("");
  StokerDeleteTopic d;

  kit_start (k);
  for (int round = 0; round < 3; round++) { /* deleted is deleted: it can be made again at once */
    StokerUuid id;
    g_assert_cmpint (create_plain (k, "t", 2 + round).error, ==, 0);
    id = kit_topic (k, "t")->id;
    d = (StokerDeleteTopic){ .name = S ("t") };
    g_assert_cmpint (delete_topic (k, &d), ==, 0);
    g_assert_true (stoker_uuid_equal (d.id, id));
    g_assert_null (kit_topic (k, "t"));
  }
  g_assert_cmpint (create_plain (k, "t", 1).error, ==, 0);
  d = (StokerDeleteTopic){ .id = kit_topic (k, "t")->id };
  g_assert_cmpint (delete_topic (k, &d), ==, 0);
  g_assert_true (stoker_str_is (d.name, "t"));
  g_assert_cmpint (delete_topic (k, &d), ==, STOKER_INVALID_REQUEST); /* both given now */
  d.name = STOKER_STR_NULL;
  g_assert_cmpint (delete_topic (k, &d), ==, STOKER_UNKNOWN_TOPIC_ID);
  d = (StokerDeleteTopic){ .name = S ("t") };
  g_assert_cmpint (delete_topic (k, &d), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_free (k);

  k = kit_new ("delete.topic.enable = false\n");
  kit_start (k);
  g_assert_cmpint (create_plain (k, "t", 1).error, ==, 0);
  d = (StokerDeleteTopic){ .name = S ("t") };
  g_assert_cmpint (delete_topic (k, &d), ==, STOKER_TOPIC_DELETION_DISABLED);
  kit_free (k);
}

/* ---- CreatePartitions */
static void
test_grow (void)
{
  Kit *k = kit_new ("");
  int32_t here[] = { 0 }, elsewhere[] = { 5 };
  StokerAssignment good[] = { { 0, here, 1 } }, away[] = { { 0, elsewhere, 1 } };
  StokerUuid id;

  kit_start (k);
  g_assert_cmpint (create_plain (k, "t", 2).error, ==, 0);
  id = kit_topic (k, "t")->id;
  g_assert_cmpint (grow (k, (StokerAddPartitions){ .name = S ("t"), .count = 5, .n_assignments = -1 }, true).error, ==,
                   0);
  g_assert_cmpint (kit_topic (k, "t")->n_partitions, ==, 2);
  g_assert_cmpint (grow (k, (StokerAddPartitions){ .name = S ("t"), .count = 5, .n_assignments = -1 }, false).error, ==,
                   0);
  g_assert_cmpint (kit_topic (k, "t")->n_partitions, ==, 5);
  g_assert_cmpint (kit_topic (k, "t")->partitions[4].leader, ==, 0);
  g_assert_true (stoker_uuid_equal (kit_topic (k, "t")->id, id));
  g_assert_cmpint (grow (k, (StokerAddPartitions){ .name = S ("t"), .count = 5, .n_assignments = -1 }, false).error, ==,
                   STOKER_INVALID_PARTITIONS);
  g_assert_cmpint (grow (k,
                         (StokerAddPartitions){ .name = S ("t"), .count = 6, .assignments = away, .n_assignments = 1 },
                         false)
                       .error,
                   ==, STOKER_INVALID_REPLICA_ASSIGNMENT);
  g_assert_cmpint (grow (k,
                         (StokerAddPartitions){ .name = S ("t"), .count = 7, .assignments = good, .n_assignments = 1 },
                         false)
                       .error,
                   ==, STOKER_INVALID_REPLICA_ASSIGNMENT);
  g_assert_cmpint (grow (k,
                         (StokerAddPartitions){ .name = S ("t"), .count = 6, .assignments = good, .n_assignments = 1 },
                         false)
                       .error,
                   ==, 0);
  g_assert_cmpint (
      grow (k, (StokerAddPartitions){ .name = S ("nobody"), .count = 6, .n_assignments = -1 }, false).error, ==,
      STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_stop (k);
  kit_start (k);
  g_assert_cmpint (kit_topic (k, "t")->n_partitions, ==, 6);
  kit_free (k);
}

/* ---- settings */
static void
test_configs (void)
{
  Kit *k = kit_new ("log.retention.ms = 7000\n");
  int8_t source;

  kit_start (k);
  g_assert_cmpint (create_plain (k, "t", 1).error, ==, 0);
  g_assert_cmpstr (describe (k, "t", "retention.ms", &source), ==, "7000");
  g_assert_cmpint (source, ==, 4);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SET, "retention.ms", "8000"), ==, 0);
  g_assert_cmpstr (describe (k, "t", "retention.ms", &source), ==, "8000"); /* answered when it holds */
  g_assert_cmpint (source, ==, 1);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_APPEND, "cleanup.policy", "compact"), ==, 0);
  g_assert_cmpstr (describe (k, "t", "cleanup.policy", &source), ==, "delete,compact");
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SUBTRACT, "cleanup.policy", "delete"), ==, 0);
  g_assert_cmpstr (describe (k, "t", "cleanup.policy", &source), ==, "compact");
  g_assert_cmpstr (describe (k, "t", "retention.ms", &source), ==, "8000");
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_DELETE, "retention.ms", NULL), ==, 0);
  g_assert_cmpstr (describe (k, "t", "retention.ms", &source), ==, "7000");
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SET, "retention.ms", "soon"), ==, STOKER_INVALID_CONFIG);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SET, "no.such", "1"), ==, STOKER_INVALID_CONFIG);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SET, "retention.ms", NULL), ==, STOKER_INVALID_REQUEST);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_APPEND, "retention.ms", "1"), ==, STOKER_INVALID_CONFIG);
  g_assert_cmpint (alter (k, "nobody", true, STOKER_CONFIG_SET, "retention.ms", "1"), ==,
                   STOKER_UNKNOWN_TOPIC_OR_PARTITION);

  g_assert_cmpint (alter (k, "t", false, 0, "segment.bytes", "1048576"), ==, 0); /* the whole set */
  g_assert_cmpstr (describe (k, "t", "segment.bytes", &source), ==, "1048576");
  g_assert_cmpstr (describe (k, "t", "cleanup.policy", &source), ==, "delete");
  kit_settle (k);
  g_assert_cmpint (kit_children (k, "/config/changes"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, 5); /* one note per change */
  g_assert_cmpint (kit_get (k, "/config/changes/config_change_0000000000"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":2,\"entity_path\":\"topics/t\"}");
  stk_sim_run (k->sim, INT64_C (16) * 60 * 1000000);
  g_assert_cmpint (alter (k, "t", true, STOKER_CONFIG_SET, "retention.ms", "1"), ==, 0);
  kit_settle (k);
  g_assert_cmpint (kit_children (k, "/config/changes"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, 1); /* old notes are cleared away */
  kit_stop (k);
  kit_start (k);
  g_assert_cmpstr (describe (k, "t", "segment.bytes", &source), ==, "1048576");
  kit_free (k);
}

static void
do_settings_changed (void *user)
{
  stk_controller_settings_changed (((Kit *)user)->b.controller);
}

/* A reload of the broker's settings reaches topics that do not override them. */
static void
test_reload (void)
{
  Kit *k = kit_new ("log.retention.ms = 7000\n");
  StkBrokerConfig *before = k->config;
  uint64_t version;
  int8_t source;

  kit_start (k);
  g_assert_cmpint (create_plain (k, "t", 1).error, ==, 0);
  version = kit_snapshot (k)->version;
  k->b.config = k->config = stk_broker_config_for_test ("log.retention.ms = 9000\n", "/data");
  stk_actor_call (k->b.control, do_settings_changed, k);
  kit_settle (k);
  g_assert_cmpint (k->b.controller->plain.retention_ms, ==, 9000);
  g_assert_cmpuint (kit_snapshot (k)->version, >, version);
  g_assert_cmpstr (describe (k, "t", "retention.ms", &source), ==, "9000");
  kit_free (k);
  stk_broker_config_free (before);
}

/* ---- on demand */
static int16_t auto_errors[3];

static void
on_auto (void *user, const int16_t *errors)
{
  Kit *k = user;

  memcpy (auto_errors, errors, sizeof auto_errors);
  k->answered = true;
}

static void
do_auto (void *user)
{
  static const StokerStr names[] = { { "one", 3 }, { "__consumer_offsets", 18 }, { "b a d", 5 } };
  Kit *k = user;

  stk_topics_auto_create (k->b.topics, names, 3, on_auto, k);
}

static void
test_auto (void)
{
  Kit *k = kit_new ("num.partitions = 2\noffsets.topic.num.partitions = 5\n");

  kit_start (k);
  for (int round = 0; round < 2; round++) {
    k->answered = false;
    stk_actor_call (k->b.control, do_auto, k);
    kit_until (k, &k->answered);
    g_assert_cmpint (auto_errors[0], ==, 0);
    g_assert_cmpint (auto_errors[1], ==, 0);
    g_assert_cmpint (auto_errors[2], ==, STOKER_INVALID_TOPIC);
  }
  g_assert_cmpint (kit_topic (k, "one")->n_partitions, ==, 2);
  g_assert_cmpint (kit_topic (k, "__consumer_offsets")->n_partitions, ==, 5);
  g_assert_true (kit_topic (k, "__consumer_offsets")->internal);
  g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "__consumer_offsets"), "cleanup.policy"), ==, "compact");
  g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "__consumer_offsets"), "compression.type"), ==, "producer");
  g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "__consumer_offsets"), "segment.bytes"), ==, "104857600");
  kit_free (k);
}

/* ---- everything at once */
typedef struct Storm
{
  StokerCreateTopic create;
  StokerDeleteTopic remove;
  StokerAddPartitions grow;
  StokerAlterConfig config;
  StokerAlterResource alter;
  union
  {
    StokerCall call;
    StokerCreateTopics create;
    StokerDeleteTopics remove;
    StokerCreatePartitions grow;
    StokerAlterConfigs alter;
  } req;
} Storm;

static void
storm_begin (Kit *k, Storm *s)
{
  static const char *const names[] = { "a", "b", "c" };
  StokerStr name = stoker_str (names[stk_world_random (k->world) % 3]);
  uint64_t n = stk_world_random (k->world);

  memset (s, 0, sizeof *s);
  switch (n % 4) {
  case 0:
    s->create = (StokerCreateTopic){ .name = name, .n_partitions = 1 + (int32_t)(n / 4 % 4), .replication_factor = 1 };
    s->req.create = (StokerCreateTopics){ .topics = &s->create, .n_topics = 1, .timeout_ms = 1000 };
    kit_call_begin (k, create_service, &s->req);
    break;
  case 1:
    s->remove = (StokerDeleteTopic){ .name = name };
    s->req.remove = (StokerDeleteTopics){ .topics = &s->remove, .n_topics = 1, .timeout_ms = 1000 };
    kit_call_begin (k, delete_service, &s->req);
    break;
  case 2:
    s->grow = (StokerAddPartitions){ .name = name, .count = 2 + (int32_t)(n / 4 % 8), .n_assignments = -1 };
    s->req.grow = (StokerCreatePartitions){ .topics = &s->grow, .n_topics = 1, .timeout_ms = 1000 };
    kit_call_begin (k, grow_service, &s->req);
    break;
  default:
    s->config = (StokerAlterConfig){ S ("retention.ms"), n & 8 ? S ("1000") : S ("2000"), STOKER_CONFIG_SET };
    s->alter
        = (StokerAlterResource){ .type = STOKER_RESOURCE_TOPIC, .name = name, .configs = &s->config, .n_configs = 1 };
    s->req.alter = (StokerAlterConfigs){ .incremental = true, .resources = &s->alter, .n_resources = 1 };
    kit_call_begin (k, alter_service, &s->req);
  }
}

/* What the tree says is what the snapshot says, and nothing is left over. */
static void
check_tree (Kit *k)
{
  g_autoptr (GPtrArray) topics = g_ptr_array_new_with_free_func (g_free);

  g_assert_cmpint (kit_children (k, "/admin/delete_topics"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, 0);
  g_assert_cmpint (kit_children (k, "/config/topics"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, (guint)kit_snapshot (k)->n_topics);
  g_assert_cmpint (kit_children (k, "/brokers/topics"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, (guint)kit_snapshot (k)->n_topics);
  for (guint i = 0; i < k->children->len; i++)
    g_ptr_array_add (topics, g_strdup (k->children->pdata[i]));
  for (guint i = 0; i < topics->len; i++) {
    g_autofree char *path = g_strdup_printf ("/brokers/topics/%s/partitions", (char *)topics->pdata[i]);
    const StkMetaTopic *t = kit_topic (k, topics->pdata[i]);
    g_assert_nonnull (t);
    g_assert_cmpint (kit_children (k, path), ==, STOKER_COORD_OK);
    g_assert_cmpint ((int)k->children->len, ==, t->n_partitions);
    for (int32_t p = 0; p < t->n_partitions; p++)
      g_assert_cmpint (t->partitions[p].leader, ==, 0);
  }
}

static void
test_storm (void)
{
  for (uint64_t seed = 1; seed <= 5; seed++) {
    Kit *k = kit_new ("");
    Storm *storm = g_new0 (Storm, 8);
    kit_start (k);
    for (uint64_t i = 0; i < seed; i++)
      (void)stk_world_random (k->world); /* another run each */
    for (int i = 0; i < 8; i++)
      storm[i].req.call.finished = true;
    for (int n = 0; n < 400; n++) {
      Storm *s = &storm[n % 8];
      for (int steps = 0; !s->req.call.finished; steps++) {
        g_assert_cmpint (steps, <, 100000);
        (void)stk_sim_step (k->sim);
      }
      storm_begin (k, s);
      for (uint64_t steps = stk_world_random (k->world) % 8; steps > 0; steps--)
        (void)stk_sim_step (k->sim);
    }
    stk_sim_run (k->sim, 2000000);
    for (int i = 0; i < 8; i++)
      g_assert_true (storm[i].req.call.finished);
    check_tree (k);
    kit_stop (k);
    kit_start (k);
    check_tree (k);
    kit_free (k);
    g_free (storm);
  }
}

/* ---- the time of a request is for all its steps together */
typedef struct Steps
{
  Kit *k;
  StkTopicTime time;
  void *bound;
  int64_t began_us, lost_us, ended_us;
  bool lost, ended;
} Steps;

static bool
never (void *user, const StkSnapshot *s)
{
  return false;
}

static void
steps_lost (void *user, const StokerCoordReply *reply)
{
  Steps *s = user;

  g_assert_cmpint (reply->code, ==, STOKER_COORD_CONNECTION_LOSS);
  s->lost_us = stk_actor_now_us (s->k->b.control);
  s->lost = true;
}

static void
steps_ended (void *user, bool timed_out)
{
  Steps *s = user;

  g_assert_true (timed_out);
  s->ended_us = stk_actor_now_us (s->k->b.control);
  s->ended = true;
}

static void
steps_begin (void *user)
{
  Steps *s = user;

  s->began_us = stk_actor_now_us (s->k->b.control);
  s->time = stk_topics_time (s->k->b.topics, 1000);
}

static void
steps_bound (void *user)
{
  Steps *s = user;

  s->bound = stk_topics_bound (s->k->b.topics, s->time, steps_lost, s);
}

static void
steps_wait (void *user)
{
  Steps *s = user;

  stk_topics_wait (s->k->b.topics, s->time, never, steps_ended, s);
}

static void
steps_free (void *user)
{
  Steps *s = user;
  StokerCoordReply late = { .code = STOKER_COORD_OK };

  stk_topics_bounded (s->bound, &late); /* told lost already: not told again */
  s->time = stk_topics_time (s->k->b.topics, 0);
}

static void
test_time (void)
{
  Kit *k = kit_new ("");
  Steps s = { .k = k };

  kit_start (k);
  stk_actor_call (k->b.control, steps_begin, &s);
  stk_sim_run (k->sim, 400000);
  stk_actor_call (k->b.control, steps_bound, &s);
  stk_sim_run (k->sim, 300000);
  stk_actor_call (k->b.control, steps_wait, &s);
  kit_until (k, &s.lost);
  kit_until (k, &s.ended);
  g_assert_cmpint (s.lost_us - s.began_us, >=, 1000000);
  g_assert_cmpint (s.lost_us - s.began_us, <, 1010000);
  g_assert_cmpint (s.ended_us - s.began_us, >=, 1000000);
  g_assert_cmpint (s.ended_us - s.began_us, <, 1010000);
  stk_actor_call (k->b.control, steps_free, &s);
  kit_settle (k);
  g_assert_cmpint (s.time.write_us - s.time.wait_us, ==, 5000000);
  kit_free (k);
}

/* A stop answers what waits. */
static void
test_stop (void)
{
  Kit *k = kit_new ("");
  StokerCreateTopic t = { .name = S ("t"), .n_partitions = 1, .replication_factor = 1 };
  StokerCreateTopics req = { .topics = &t, .n_topics = 1, .timeout_ms = 60000 };

  kit_start (k);
  kit_call_begin (k, create_service, &req);
  kit_stop (k);
  g_assert_true (req.call.finished);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/topics/create", test_create);
  g_test_add_func ("/topics/create-refused", test_create_refused);
  g_test_add_func ("/topics/create-many", test_create_many);
  g_test_add_func ("/topics/big-topic", test_big_topic);
  g_test_add_func ("/topics/delete", test_delete);
  g_test_add_func ("/topics/grow", test_grow);
  g_test_add_func ("/topics/configs", test_configs);
  g_test_add_func ("/topics/reload", test_reload);
  g_test_add_func ("/topics/auto", test_auto);
  g_test_add_func ("/topics/storm", test_storm);
  g_test_add_func ("/topics/time", test_time);
  g_test_add_func ("/topics/stop", test_stop);
  return g_test_run ();
}
