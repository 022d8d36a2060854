/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "cluster/json.h"

#include <json-glib/json-glib.h>

/* ---- the tree that Kafka 3.9.1 wrote (tests/golden) */
static JsonParser *
golden (void)
{
  JsonParser *p = json_parser_new ();
  GError *error = NULL;

  json_parser_load_from_file (p, TEST_SRCDIR "/tests/golden/kafka-3.9.1/tree.json", &error);
  g_assert_no_error (error);
  return p;
}

static JsonArray *
moment (JsonParser *p, const char *name)
{
  JsonObject *root = json_node_get_object (json_parser_get_root (p));

  return json_object_get_array_member (json_object_get_object_member (root, "moments"), name);
}

static const char *
path_of (JsonArray *a, guint i)
{
  return json_object_get_string_member (json_array_get_object_element (a, i), "path");
}

static const char *
data_of (JsonArray *a, guint i)
{
  JsonNode *n = json_object_get_member (json_array_get_object_element (a, i), "data");

  return JSON_NODE_HOLDS_NULL (n) ? NULL : json_node_get_string (n);
}

/* The value of the node at `path`; NULL: null. Fails when there is none. */
static const char *
golden_data (JsonArray *a, const char *path)
{
  for (guint i = 0; i < json_array_get_length (a); i++)
    if (strcmp (path_of (a, i), path) == 0)
      return data_of (a, i);
  g_error ("the golden tree has no %s", path);
}

/* "name:type " of every member, sorted, and the same of objects in it: what a JSON text looks like whatever it says. */
static void
shape (JsonNode *n, GString *out)
{
  if (JSON_NODE_HOLDS_OBJECT (n)) {
    JsonObject *o = json_node_get_object (n);
    GList *names = g_list_sort (json_object_get_members (o), (GCompareFunc)strcmp);
    g_string_append_c (out, '{');
    for (GList *m = names; m; m = m->next) {
      JsonNode *value = json_object_get_member (o, m->data);
      g_string_append_printf (out, "%s:", (char *)m->data);
      if (strcmp (m->data, "version") == 0) {
        g_autofree char *text = json_to_string (value, FALSE);
        g_string_append (out, text);
      } else
        shape (value, out);
      g_string_append_c (out, ' ');
    }
    g_string_append_c (out, '}');
    g_list_free (names);
  } else if (JSON_NODE_HOLDS_ARRAY (n)) {
    JsonArray *a = json_node_get_array (n);
    g_string_append_c (out, '[');
    if (json_array_get_length (a) > 0)
      shape (json_array_get_element (a, 0), out);
    g_string_append_c (out, ']');
  } else
    g_string_append (out, JSON_NODE_HOLDS_NULL (n) ? "null" : g_type_name (json_node_get_value_type (n)));
}

static char *
shape_of (const char *text)
{
  g_autoptr (JsonNode) n = json_from_string (text, NULL);
  GString *s = g_string_new (NULL);

  g_assert_nonnull (n);
  shape (n, s);
  return g_string_free (s, FALSE);
}

static void
assert_same_shape (const char *ours, const char *kafkas)
{
  g_autofree char *a = shape_of (ours), *b = shape_of (kafkas);

  g_assert_cmpstr (a, ==, b);
}

static StokerBytes
bytes (const char *s)
{
  return (StokerBytes){ (uint8_t *)(uintptr_t)s, s ? strlen (s) : 0 };
}

/* Everything that Kafka wrote can be read. */
static void
read_node (const char *path, const char *data)
{
  StokerError err = { 0 };
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  guint n = g_strv_length (parts);
  char id[STOKER_UUID_TEXT];
  int64_t end;
  int32_t number;
  bool ok = true;

  if (g_str_has_prefix (path, "/brokers/ids/")) {
    StkMetaBroker *b = stk_json_read_broker (bytes (data), 1, 2, &err);
    g_assert_nonnull (b);
    g_assert_cmpint (b->n_endpoints, ==, 2);
    g_assert_cmpstr (stk_meta_broker_endpoint (b, "SASL_PLAINTEXT")->host, ==, "127.0.0.1");
    g_assert_cmpint (stk_meta_broker_endpoint (b, "SASL_PLAINTEXT")->protocol, ==, 2);
    g_assert_true (g_str_has_prefix (b->rack, "RACK"));
    stk_meta_broker_unref (b);
  } else if (g_str_has_prefix (path, "/brokers/topics/") && n == 3) {
    StkTopicState *t = stk_topic_state_new (parts[2]);
    ok = stk_json_read_topic (bytes (data), t, &err);
    g_assert_cmpint (t->n_partitions, >, 0);
    g_assert_false (stoker_uuid_is_zero (t->id));
    {
      g_autofree char *again = stk_json_topic (t);
      assert_same_shape (again, data);
    }
    stk_topic_state_unref (t);
  } else if (g_str_has_suffix (path, "/state")) {
    StkPartitionState p = { 0 };
    g_autofree char *again = NULL;
    ok = stk_json_read_state (bytes (data), &p, &err);
    again = stk_json_state (&p);
    g_assert_cmpstr (again, ==, data);
    stk_partition_state_clear (&p);
  } else if (strcmp (path, "/cluster/id") == 0)
    ok = stk_json_read_cluster_id (bytes (data), id, &err) && strlen (id) == 22;
  else if (strcmp (path, "/controller") == 0)
    ok = stk_json_read_controller (bytes (data), &number, &err) && number >= 0;
  else if (strcmp (path, "/latest_producer_id_block") == 0)
    ok = stk_json_read_producer_block (bytes (data), &end, &err) && end % 1000 == 999;
  else if (g_str_has_prefix (path, "/config/changes/")) {
    g_autofree char *entity = stk_json_read_config_change (bytes (data), &err);
    ok = entity != NULL && strchr (entity, '/') != NULL;
  } else if (g_str_has_prefix (path, "/config/")) {
    StkMetaPair *pairs = NULL;
    size_t count = 0;
    ok = stk_json_read_config (bytes (data), &pairs, &count, &err);
    stk_pairs_free (pairs, count);
  }
  if (!ok)
    g_error ("%s: %s: %s", path, data, err.text);
}

static void
test_golden (void)
{
  static const char *const moments[] = { "after start", "after topics, configs, quotas, scram user, acls",
                                         "during reassignment", "after kill of broker 2 (it was the controller)" };
  g_autoptr (JsonParser) p = golden ();

  for (size_t m = 0; m < G_N_ELEMENTS (moments); m++) {
    JsonArray *a = moment (p, moments[m]);
    for (guint i = 0; i < json_array_get_length (a); i++)
      if (data_of (a, i) && data_of (a, i)[0])
        read_node (path_of (a, i), data_of (a, i));
  }
}

static void
test_old_versions (void)
{
  StokerError err = { 0 };
  StkMetaBroker *b
      = stk_json_read_broker (bytes ("{\"version\":1,\"host\":\"h\",\"port\":9092,\"jmx_port\":-1}"), 3, 4, &err);
  StkTopicState *t = stk_topic_state_new ("t");
  StkMetaPair *pairs;
  size_t n;
  g_autofree char *entity = NULL;

  g_assert_cmpstr (stk_meta_broker_endpoint (b, "PLAINTEXT")->host, ==, "h");
  stk_meta_broker_unref (b);
  b = stk_json_read_broker (bytes ("{\"version\":3,\"host\":\"h\",\"port\":9092,\"endpoints\":[\"PLAINTEXT://"
                                   "[::1]:1\",\"SSL://x:2\"],\"rack\":\"r\"}"),
                            3, 4, &err);
  g_assert_cmpstr (stk_meta_broker_endpoint (b, "PLAINTEXT")->host, ==, "::1");
  g_assert_cmpint (stk_meta_broker_endpoint (b, "SSL")->protocol, ==, 1);
  stk_meta_broker_unref (b);
  g_assert_true (stk_json_read_topic (bytes ("{\"version\":1,\"partitions\":{\"1\":[2],\"0\":[1,2]}}"), t, &err));
  g_assert_cmpint (t->n_partitions, ==, 2);
  g_assert_cmpint (t->partitions[0].replicas.n, ==, 2);
  g_assert_true (stoker_uuid_is_zero (t->id));
  stk_topic_state_unref (t);
  entity
      = stk_json_read_config_change (bytes ("{\"version\":1,\"entity_type\":\"topics\",\"entity_name\":\"t\"}"), &err);
  g_assert_cmpstr (entity, ==, "topics/t");
  g_assert_true (stk_json_read_config (bytes ("{\"version\":1,\"config\":{\"a\\\"b\":\"c\\\\d\"}}"), &pairs, &n, &err));
  g_assert_cmpstr (pairs[0].name, ==, "a\"b");
  {
    g_autofree char *again = stk_json_config (pairs, n);
    g_assert_cmpstr (again, ==, "{\"version\":1,\"config\":{\"a\\\"b\":\"c\\\\d\"}}");
  }
  stk_pairs_free (pairs, n);
}

/* Damaged nodes are refused with a text, whatever they hold. */
static void
test_bad (void)
{
  static const char *const bad[] = { "",
                                     "{",
                                     "null",
                                     "[]",
                                     "{}",
                                     "{\"partitions\":[]}",
                                     "{\"partitions\":{\"x\":[1]}}",
                                     "{\"partitions\":{\"0\":[]}}",
                                     "{\"partitions\":{\"0\":[\"a\"]}}",
                                     "{\"partitions\":{\"1\":[1]}}",
                                     "{\"partitions\":{\"99999999999\":[1]}}",
                                     "{\"partitions\":{\"0\":[1]},\"topic_id\":\"short\"}",
                                     "{\"leader\":\"x\",\"leader_epoch\":1,\"controller_epoch\":1,\"isr\":[]}",
                                     "{\"leader\":1,\"leader_epoch\":1,\"controller_epoch\":1,\"isr\":[[]]}",
                                     "{\"id\":\"waytoolongtobeaclusterid!!\"}",
                                     "{\"endpoints\":[\"nothing\",7]}",
                                     "{\"config\":[]}" };
  char id[STOKER_UUID_TEXT];

  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
    StkTopicState *t = stk_topic_state_new ("t");
    StkPartitionState p = { 0 };
    StkMetaPair *pairs;
    size_t n;
    int32_t number;
    StokerError err = { 0 };
    g_assert_false (stk_json_read_topic (bytes (bad[i]), t, &err));
    g_assert_cmpstr (err.text, !=, "");
    g_assert_false (stk_json_read_state (bytes (bad[i]), &p, &err));
    g_assert_false (stk_json_read_config (bytes (bad[i]), &pairs, &n, &err));
    g_assert_false (stk_json_read_controller (bytes (bad[i]), &number, &err));
    g_assert_false (stk_json_read_cluster_id (bytes (bad[i]), id, &err));
    g_assert_null (stk_json_read_broker (bytes (bad[i]), 0, 0, &err));
    g_assert_null (stk_json_read_config_change (bytes (bad[i]), &err));
    stk_topic_state_unref (t);
    stk_partition_state_clear (&p);
  }
}

/* ---- a broker */
static void
test_start (void)
{
  Kit *k = kit_new ("broker.rack = RACK0\n");
  g_autoptr (JsonParser) p = golden ();
  JsonArray *a = moment (p, "after start");
  g_autofree char *id = NULL;

  kit_start (k);
  g_assert_cmpuint (strlen (k->b.cluster_id), ==, 22);
  id = g_strdup (k->b.cluster_id);
  g_assert_cmpint (k->b.epoch, >, 0);
  g_assert_true (stk_controller_active (k->b.controller));
  g_assert_cmpint (kit_snapshot (k)->controller_id, ==, 0);
  g_assert_cmpint (kit_snapshot (k)->n_brokers, ==, 1);
  g_assert_cmpstr (kit_snapshot (k)->cluster_id, ==, id);
  g_assert_cmpint (kit_snapshot (k)->brokers[0]->endpoints[0].port, ==, 9092);
  kit_settle (k);

  /* Every node that Kafka has at this moment, but for those of the authorizer and of other brokers. */
  for (guint i = 0; i < json_array_get_length (a); i++) {
    const char *path = path_of (a, i), *data = data_of (a, i);
    if (g_str_has_prefix (path, "/kafka-acl") || g_str_has_prefix (path, "/delegation_token")
        || strcmp (path, "/brokers/ids/1") == 0 || strcmp (path, "/brokers/ids/2") == 0)
      continue;
    if (kit_get (k, path) != STOKER_COORD_OK)
      g_error ("there is no %s", path);
    g_assert_cmpint (k->stat.version, ==, json_object_get_int_member (json_array_get_object_element (a, i), "version"));
    g_assert_cmpint (k->stat.ephemeral_owner != 0, ==,
                     json_object_get_boolean_member (json_array_get_object_element (a, i), "ephemeral"));
    g_assert_cmpint (data == NULL, ==, k->data == NULL);
    if (data && data[0] == '{' && strcmp (path, "/brokers/ids/0") != 0)
      assert_same_shape (k->data, data);
  }
  g_assert_cmpint (kit_get (k, "/brokers/ids/0"), ==, STOKER_COORD_OK);
  assert_same_shape (
      k->data,
      "{\"features\":{},\"listener_security_protocol_map\":{\"PLAINTEXT\":\"PLAINTEXT\"},\"endpoints\":[\"PLAINTEXT://"
      "127.0.0.1:9092\"],"
      "\"rack\":\"RACK0\",\"jmx_port\":-1,\"port\":9092,\"host\":\"127.0.0.1\",\"version\":5,\"timestamp\":\"1\"}");
  g_assert_cmpint (k->stat.czxid, ==, k->b.epoch);
  kit_stop (k);
  kit_start (k); /* the same cluster, another epoch */
  g_assert_cmpstr (k->b.cluster_id, ==, id);
  g_assert_cmpint (kit_get (k, "/controller_epoch"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "2");
  kit_free (k);
}

/* As another broker or a tool would do it: two nodes. */
static void
write_topic (Kit *k, const char *name, const char *partitions)
{
  g_autofree char *config = g_strconcat ("/config/topics/", name, NULL);
  g_autofree char *topic = g_strconcat ("/brokers/topics/", name, NULL);
  g_autofree char *data = g_strdup_printf ("{\"partitions\":{%s},\"topic_id\":\"s3ivj6nYSeaUEp0SG53XJw\",\"adding_"
                                           "replicas\":{},\"removing_replicas\":{},\"version\":3}",
                                           partitions);

  g_assert_cmpint (kit_create (k, config, "{\"version\":1,\"config\":{\"retention.ms\":\"5000\"}}"), ==,
                   STOKER_COORD_OK);
  g_assert_cmpint (kit_create (k, topic, data), ==, STOKER_COORD_OK);
  kit_settle (k);
}

static void
test_topic (void)
{
  Kit *k = kit_new ("");
  g_autoptr (JsonParser) p = golden ();
  JsonArray *a = moment (p, "after topics, configs, quotas, scram user, acls");
  const StkMetaTopic *t;

  kit_start (k);
  write_topic (k, "t", "\"0\":[0],\"1\":[0,1]");
  t = kit_topic (k, "t");
  g_assert_nonnull (t);
  g_assert_cmpint (t->n_partitions, ==, 2);
  g_assert_cmpint (t->partitions[1].leader, ==, 0);
  g_assert_cmpint (t->partitions[1].leader_epoch, ==, 0);
  g_assert_cmpint (t->partitions[1].n_replicas, ==, 2);
  g_assert_cmpint (t->partitions[1].n_isr, ==, 1); /* broker 1 is not there */
  g_assert_cmpstr (stk_meta_topic_override (t, "retention.ms"), ==, "5000");
  g_assert_cmpint (kit_get (k, "/brokers/topics/t/partitions/0/state"), ==, STOKER_COORD_OK);
  g_assert_cmpint (k->stat.version, ==, 0);
  assert_same_shape (k->data, golden_data (a, "/brokers/topics/golden-a/partitions/0/state"));
  g_assert_cmpint (kit_get (k, "/brokers/topics/t/partitions/0"), ==, STOKER_COORD_OK);
  g_assert_null (k->data);

  /* Settings change: first the node, then the note. */
  g_assert_cmpint (kit_set (k, "/config/topics/t", "{\"version\":1,\"config\":{\"retention.ms\":\"6000\"}}"), ==,
                   STOKER_COORD_OK);
  kit_settle (k);
  g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "t"), "retention.ms"), ==, "5000");
  g_assert_cmpint (kit_create (k, "/config/changes/config_change_0000000000",
                               "{\"version\":2,\"entity_path\":\"topics/t\"}"),
                   ==, STOKER_COORD_OK);
  kit_settle (k);
  g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "t"), "retention.ms"), ==, "6000");

  /* More partitions. */
  g_assert_cmpint (
      kit_set (
          k, "/brokers/topics/t",
          "{\"partitions\":{\"0\":[0],\"1\":[0,1],\"2\":[0]},\"topic_id\":\"s3ivj6nYSeaUEp0SG53XJw\",\"version\":3}"),
      ==, STOKER_COORD_OK);
  kit_settle (k);
  g_assert_cmpint (kit_topic (k, "t")->n_partitions, ==, 3);
  g_assert_cmpint (kit_topic (k, "t")->partitions[2].leader, ==, 0);
  kit_stop (k);

  kit_start (k); /* everything is there, and no epoch moved */
  t = kit_topic (k, "t");
  g_assert_cmpint (t->n_partitions, ==, 3);
  g_assert_cmpint (t->partitions[0].leader, ==, 0);
  g_assert_cmpint (t->partitions[0].leader_epoch, ==, 0);
  g_assert_cmpint (t->partitions[0].partition_epoch, ==, 0);
  g_assert_cmpstr (stk_meta_topic_override (t, "retention.ms"), ==, "6000");
  kit_free (k);
}

static void
topic_gone (void *user, StokerStr topic)
{
  g_string_append_len (user, topic.data, (gssize)topic.len);
}

static void
test_delete (void)
{
  Kit *k = kit_new ("");
  GString *gone = g_string_new (NULL);

  kit_start (k);
  stk_controller_on_topic_deleted (k->b.controller, topic_gone, gone);
  write_topic (k, "t", "\"0\":[0],\"1\":[0]");
  write_topic (k, "u", "\"0\":[0]");
  g_assert_cmpint (kit_create (k, "/brokers/topics/t/partitions/0/elr", "x"), ==,
                   STOKER_COORD_OK); /* whatever is below goes too */
  g_assert_cmpint (kit_create (k, "/admin/delete_topics/t", NULL), ==, STOKER_COORD_OK);
  g_assert_cmpint (kit_create (k, "/admin/delete_topics/nobody", NULL), ==, STOKER_COORD_OK);
  kit_settle (k);
  g_assert_null (kit_topic (k, "t"));
  g_assert_nonnull (kit_topic (k, "u"));
  g_assert_cmpstr (gone->str, ==, "t");
  g_assert_cmpint (kit_get (k, "/brokers/topics/t"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (kit_get (k, "/config/topics/t"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (kit_children (k, "/admin/delete_topics"), ==, STOKER_COORD_OK);
  g_assert_cmpuint (k->children->len, ==, 0);
  write_topic (k, "t", "\"0\":[0]"); /* and may come again */
  g_assert_cmpint (kit_topic (k, "t")->n_partitions, ==, 1);
  kit_free (k);
  g_string_free (gone, TRUE);
}

static void
test_delete_disabled (void)
{
  Kit *k = kit_new ("delete.topic.enable = false\n");

  kit_start (k);
  write_topic (k, "t", "\"0\":[0]");
  g_assert_cmpint (kit_create (k, "/admin/delete_topics/t", NULL), ==, STOKER_COORD_OK);
  kit_settle (k);
  g_assert_nonnull (kit_topic (k, "t"));
  g_assert_cmpint (kit_get (k, "/admin/delete_topics/t"), ==, STOKER_COORD_NO_NODE);
  kit_free (k);
}

/* A deletion that a stop interrupted goes on at the next start. */
static void
test_delete_resumes (void)
{
  Kit *k = kit_new ("delete.topic.enable = false\n");

  kit_start (k);
  write_topic (k, "t", "\"0\":[0]");
  kit_stop (k);
  stk_broker_config_free (k->config);
  k->config = stk_broker_config_for_test ("", "/data");
  kit_start (k);
  g_assert_cmpint (kit_create (k, "/admin/delete_topics/t", NULL), ==, STOKER_COORD_OK);
  kit_stop (k); /* at once */
  kit_start (k);
  kit_settle (k);
  g_assert_null (kit_topic (k, "t"));
  g_assert_cmpint (kit_get (k, "/brokers/topics/t"), ==, STOKER_COORD_NO_NODE);
  kit_free (k);
}

/* A topic that an old Kafka made has no id: it gets one. */
static void
test_missing_id (void)
{
  Kit *k = kit_new ("");
  StokerUuid id;

  kit_start (k);
  g_assert_cmpint (kit_create (k, "/brokers/topics/old", "{\"version\":1,\"partitions\":{\"0\":[0]}}"), ==,
                   STOKER_COORD_OK);
  kit_settle (k);
  id = kit_topic (k, "old")->id;
  g_assert_false (stoker_uuid_is_zero (id));
  g_assert_cmpint (kit_get (k, "/brokers/topics/old"), ==, STOKER_COORD_OK);
  g_assert_nonnull (strstr (k->data, "\"topic_id\":"));
  kit_stop (k);
  kit_start (k);
  g_assert_true (stoker_uuid_equal (id, kit_topic (k, "old")->id));
  kit_free (k);
}

/* ---- producer ids */
typedef struct Ids
{
  Kit *k;
  int64_t last;
  int count;
  bool done;
} Ids;

static void
on_id (void *user, int16_t error, int64_t id)
{
  Ids *ids = user;

  g_assert_cmpint (error, ==, 0);
  g_assert_cmpint (id, >, ids->last);
  ids->last = id;
  ids->done = ++ids->count == 2500;
}

static void
take_ids (void *user)
{
  for (int i = 0; i < 2500; i++)
    stk_controller_producer_id (((Ids *)user)->k->b.controller, on_id, user);
}

static void
test_producer_ids (void)
{
  Kit *k = kit_new ("");
  Ids ids = { k, -1, 0, false };

  kit_start (k);
  stk_actor_call (k->b.control, take_ids, &ids);
  kit_until (k, &ids.done);
  g_assert_cmpint (ids.last, ==, 2499);
  kit_settle (k);
  g_assert_cmpint (kit_get (k, "/latest_producer_id_block"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":1,\"broker\":0,\"block_start\":\"2000\",\"block_end\":\"2999\"}");
  kit_stop (k);
  kit_start (k);
  ids.count = 0;
  ids.done = false;
  stk_actor_call (k->b.control, take_ids, &ids);
  kit_until (k, &ids.done);
  g_assert_cmpint (ids.last, ==, 5499); /* never one of a block that was taken before */
  kit_free (k);
}

/* Another broker has the id, or is the controller. */
static void
test_not_alone (void)
{
  Kit *k = kit_new ("");

  kit_start (k);
  g_assert_cmpint (kit_create (k, "/brokers/ids/7",
                               "{\"version\":5,\"host\":\"127.0.0.1\",\"port\":9092,\"endpoints\":[\"PLAINTEXT://"
                               "127.0.0.1:9092\"],\"jmx_port\":-1,\"timestamp\":\"1\"}"),
                   ==, STOKER_COORD_OK);
  kit_settle (k);
  g_assert_cmpint (kit_snapshot (k)->n_brokers, ==, 2);
  kit_stop (k);
  g_assert_false (kit_try_start (k));
  g_assert_nonnull (strstr (k->err.text, "broker 7 of this cluster is registered at 127.0.0.1:9092 too"));
  kit_free (k);
}

/* ---- answers that are lost with the connection */
static struct
{
  const StokerCoordinatorOps *real;
  int at, seen; /* the at-th read of what there is loses its answer */
} lossy;

typedef struct Asked
{
  StokerCoordDone done;
  void *user;
} Asked;

static void
lose (void *user, const StokerCoordReply *reply)
{
  StokerCoordReply lost = { .code = STOKER_COORD_CONNECTION_LOSS };
  Asked *a = user;

  a->done (a->user, &lost);
  g_free (a);
}

static bool
is_to_be_lost (const char *path)
{
  return lossy.seen++ == lossy.at;
}

static void
lossy_get (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  Asked a = { done, user };

  if (is_to_be_lost (path))
    lossy.real->get (self, path, STK_NO_WATCH, lose, g_memdup2 (&a, sizeof a));
  else
    lossy.real->get (self, path, watch, done, user);
}

static void
lossy_children (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  Asked a = { done, user };

  if (is_to_be_lost (path))
    lossy.real->children (self, path, STK_NO_WATCH, lose, g_memdup2 (&a, sizeof a));
  else
    lossy.real->children (self, path, watch, done, user);
}

static void
settle_longer (Kit *k)
{
  for (int i = 0; i < 30; i++)
    kit_settle (k);
}

/* Whichever read of the start loses its answer: everything is there in the end, and changes are still heard of. */
static void
test_lost_answers (void)
{
  Kit *k = kit_new ("");
  StokerCoordinatorOps ops;
  bool all = false;

  kit_start (k);
  write_topic (k, "t", "\"0\":[0],\"1\":[0]");
  write_topic (k, "u", "\"0\":[0]");
  kit_stop (k);
  for (lossy.at = 0; !all; lossy.at++) {
    g_autofree char *late = g_strdup_printf ("late-%d", lossy.at), *deletion = g_strconcat ("/admin/delete_topics/", late, NULL);
    ops = *(lossy.real = k->ops);
    ops.get = lossy_get;
    ops.children = lossy_children;
    lossy.seen = 0;
    k->tree_ops = &ops;
    kit_start (k);
    settle_longer (k);
    all = lossy.seen <= lossy.at;
    g_assert_nonnull (kit_topic (k, "t"));
    g_assert_nonnull (kit_topic (k, "u"));
    for (int32_t i = 0; i < 2; i++)
      g_assert_cmpint (kit_topic (k, "t")->partitions[i].leader, ==, 0);
    g_assert_cmpstr (stk_meta_topic_override (kit_topic (k, "t"), "retention.ms"), ==, "5000");
    write_topic (k, late, "\"0\":[0]");
    settle_longer (k);
    g_assert_nonnull (kit_topic (k, late));
    g_assert_cmpint (kit_create (k, deletion, NULL), ==, STOKER_COORD_OK);
    settle_longer (k);
    g_assert_null (kit_topic (k, late));
    kit_stop (k);
  }
  g_assert_cmpint (lossy.at, >, 10);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cluster/json/golden", test_golden);
  g_test_add_func ("/cluster/json/old-versions", test_old_versions);
  g_test_add_func ("/cluster/json/bad", test_bad);
  g_test_add_func ("/cluster/start", test_start);
  g_test_add_func ("/cluster/topic", test_topic);
  g_test_add_func ("/cluster/delete", test_delete);
  g_test_add_func ("/cluster/delete-disabled", test_delete_disabled);
  g_test_add_func ("/cluster/delete-resumes", test_delete_resumes);
  g_test_add_func ("/cluster/missing-id", test_missing_id);
  g_test_add_func ("/cluster/producer-ids", test_producer_ids);
  g_test_add_func ("/cluster/lost-answers", test_lost_answers);
  g_test_add_func ("/cluster/not-alone", test_not_alone);
  return g_test_run ();
}
