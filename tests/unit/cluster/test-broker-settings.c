/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic settings of brokers where others write them too: what they change is taken over, what is not for us stays, nothing that two
 * write at the same time is lost. */
#include "kit.h"

#include "cluster/json.h"
#include "cluster/topics.h"
#include "config/dynamic.h"

#define DEFAULTS "/config/brokers/<default>"
#define OWN "/config/brokers/0"

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

typedef struct Alter
{
  StokerAlterConfig config;
  StokerAlterResource resource;
  StokerAlterConfigs req;
} Alter;

static void
alter_fill (Alter *a, const char *broker, int8_t op, const char *name, const char *value)
{
  *a = (Alter){ .config = { stoker_str (name), stoker_str (value), op } };
  a->resource
      = (StokerAlterResource){ .type = STOKER_RESOURCE_BROKER, .name = stoker_str (broker), .configs = &a->config, .n_configs = 1 };
  a->req = (StokerAlterConfigs){ .incremental = true, .resources = &a->resource, .n_resources = 1 };
}

static int16_t
set (Kit *k, const char *broker, const char *name, const char *value)
{
  Alter a;

  alter_fill (&a, broker, value ? STOKER_CONFIG_SET : STOKER_CONFIG_DELETE, name, value);
  kit_call (k, alter_service, &a.req);
  return a.resource.error;
}

/* Another broker alters settings: the node, then the note. */
static void
others_write (Kit *k, const char *entity, const char *json, int n)
{
  g_autofree char *path = g_strconcat ("/config/", entity, NULL), *note = stk_json_config_change (entity);
  g_autofree char *change = g_strdup_printf ("/config/changes/config_change_%010d", 1000 + n);

  if (kit_set (k, path, json) == STOKER_COORD_NO_NODE)
    g_assert_cmpint (kit_create (k, path, json), ==, STOKER_COORD_OK);
  g_assert_cmpint (kit_create (k, change, note), ==, STOKER_COORD_OK);
  kit_settle (k);
}

static void
in_force (Kit *k, const char *name, const char *value, StkSource source)
{
  g_autofree char *got = stk_broker_config_value (k->config, name);

  g_assert_cmpstr (got, ==, value);
  g_assert_cmpint (stk_broker_config_source (k->config, name), ==, source);
}

static void
test_written (void)
{
  Kit *k = kit_new ("log.retention.ms = 7000\n");

  kit_start (k);
  g_assert_cmpint (set (k, "0", "log.retention.ms", "8s"), ==, 0);
  g_assert_cmpint (kit_get (k, OWN), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":1,\"config\":{\"log.retention.ms\":\"8000\"}}");
  g_assert_cmpint (set (k, "", "log.retention.ms", "9000"), ==, 0);
  g_assert_cmpint (kit_get (k, DEFAULTS), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":1,\"config\":{\"log.retention.ms\":\"9000\"}}");
  g_assert_cmpint (kit_get (k, "/config/changes/config_change_0000000000"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":2,\"entity_path\":\"brokers/0\"}");
  g_assert_cmpint (kit_get (k, "/config/changes/config_change_0000000001"), ==, STOKER_COORD_OK);
  g_assert_cmpstr (k->data, ==, "{\"version\":2,\"entity_path\":\"brokers/<default>\"}");
  in_force (k, "log.retention.ms", "8000", STK_SOURCE_DYNAMIC_BROKER);
  g_assert_cmpint (set (k, "0", "log.retention.ms", NULL), ==, 0);
  in_force (k, "log.retention.ms", "9000", STK_SOURCE_DYNAMIC_DEFAULT);
  g_assert_cmpint (k->config->log_retention_ms, ==, 9000);
  g_assert_cmpint (set (k, "0", "logging.areas", "net\xff=debug"), ==, STOKER_INVALID_REQUEST); /* would not be JSON */
  g_assert_cmpint (set (k, "0", "logging.areas", "net=debug"), ==, 0);
  kit_free (k);
}

static void
test_others (void)
{
  Kit *k = kit_new ("");

  kit_start (k);
  others_write (k, "brokers/<default>",
                "{\"version\":1,\"config\":{\"num.io.threads\":\"4\",\"log.roll.ms\":\"5000\",\"log.segment.bytes\":\"many\","
                "\"custom.password\":\"abc\"}}",
                0);
  in_force (k, "log.roll.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT);
  in_force (k, "log.segment.bytes", "1073741824", STK_SOURCE_DEFAULT);
  g_assert_nonnull (strstr (k->log->str, "num.io.threads cannot be updated"));
  g_assert_nonnull (strstr (k->log->str, "many is not a value for log.segment.bytes"));
  others_write (k, "brokers/7", "{\"version\":1,\"config\":{\"log.roll.ms\":\"6000\"}}", 1);
  in_force (k, "log.roll.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT); /* not ours */
  others_write (k, "brokers/0", "{\"version\":1,\"config\":{\"log.roll.ms\":\"7000\"}}", 2);
  in_force (k, "log.roll.ms", "7000", STK_SOURCE_DYNAMIC_BROKER);
  others_write (k, "brokers/0", "no json", 3);
  in_force (k, "log.roll.ms", "7000", STK_SOURCE_DYNAMIC_BROKER); /* kept, and said */
  g_assert_nonnull (strstr (k->log->str, "settings-unreadable"));
  others_write (k, "brokers/0", "{\"version\":1,\"config\":{\"log.retention.ms\":\"0\"}}", 4);
  in_force (k, "log.retention.ms", "604800000", STK_SOURCE_DEFAULT); /* each is valid, the whole is not */
  g_assert_nonnull (strstr (k->log->str, "config.dynamic-kept"));
  g_assert_cmpint (kit_remove (k, OWN), ==, STOKER_COORD_OK);
  g_assert_cmpint (kit_create (k, "/config/changes/config_change_0000002000", "{\"version\":1,\"entity_type\":\"brokers\",\"entity_name\":\"0\"}"),
                   ==, STOKER_COORD_OK);
  kit_settle (k);
  in_force (k, "log.roll.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT);

  /* What we alter leaves the rest as it is, also what we cannot read. */
  g_assert_cmpint (set (k, "", "log.roll.ms", "5500"), ==, 0);
  g_assert_cmpint (kit_get (k, DEFAULTS), ==, STOKER_COORD_OK);
  g_assert_nonnull (strstr (k->data, "\"num.io.threads\":\"4\""));
  g_assert_nonnull (strstr (k->data, "\"custom.password\":\"abc\""));
  g_assert_nonnull (strstr (k->data, "\"log.roll.ms\":\"5500\""));
  g_assert_cmpint (set (k, "", "num.io.threads", "5"), ==, STOKER_INVALID_REQUEST);
  g_assert_cmpint (set (k, "", "num.io.threads", NULL), ==, 0);
  g_assert_cmpint (kit_get (k, DEFAULTS), ==, STOKER_COORD_OK);
  g_assert_null (strstr (k->data, "num.io.threads"));
  kit_free (k);
}

/* What is unknown may be a password: named, marked sensitive, not shown. */
static void
test_hidden (void)
{
  Kit *k = kit_new ("");
  StokerDescribeResource r[] = { { .type = STOKER_RESOURCE_BROKER, .name = STOKER_STR_LIT ("") },
                                 { .type = STOKER_RESOURCE_BROKER, .name = STOKER_STR_LIT ("0") } };
  StokerDescribeConfigs req = { .resources = r, .n_resources = 2, .synonyms = true };

  kit_start (k);
  others_write (k, "brokers/<default>", "{\"version\":1,\"config\":{\"x.password\":\"abc\",\"log.roll.ms\":\"5000\"}}", 0);
  others_write (k, "brokers/0", "{\"version\":1,\"config\":{\"y.password\":\"abc\"}}", 1);
  kit_call (k, describe_service, &req);
  g_assert_cmpint (r[0].n_rows, ==, 2);
  for (int32_t res = 0; res < 2; res++) {
    int found = 0;
    for (int32_t i = 0; i < r[res].n_rows; i++) {
      const StokerConfigRow *row = &r[res].rows[i];
      if (!stoker_str_is (row->name, res == 0 ? "x.password" : "y.password"))
        continue;
      found++;
      g_assert_true (row->sensitive);
      g_assert_null (row->value.data);
      g_assert_null (row->synonyms[0].value.data);
      g_assert_cmpint (row->source, ==, res == 0 ? STK_SOURCE_DYNAMIC_DEFAULT : STK_SOURCE_DYNAMIC_BROKER);
    }
    g_assert_cmpint (found, ==, 1);
  }
  g_assert_null (strstr (k->log->str, "abc"));
  kit_free (k);
}

/* Many at once, on the same node: none is lost. */
static void
test_together (void)
{
  static const char *const names[]
      = { "log.roll.ms", "log.retention.ms", "log.segment.bytes", "message.max.bytes", "log.index.interval.bytes" };
  Alter a[G_N_ELEMENTS (names)];
  Kit *k = kit_new ("");

  kit_start (k);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
    alter_fill (&a[i], "", STOKER_CONFIG_SET, names[i], "12345");
    kit_call_begin (k, alter_service, &a[i].req);
  }
  kit_settle (k);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
    g_assert_true (a[i].req.call.finished);
    g_assert_cmpint (a[i].resource.error, ==, 0);
    in_force (k, names[i], "12345", STK_SOURCE_DYNAMIC_DEFAULT);
  }
  kit_free (k);
}

/* They hold from the start, before any topic is there. */
static void
test_start (void)
{
  Kit *k = kit_new ("");

  kit_start (k);
  g_assert_cmpint (set (k, "0", "log.roll.ms", "5000"), ==, 0);
  g_assert_cmpint (set (k, "", "log.retention.ms", "6000"), ==, 0);
  kit_stop (k);
  stk_broker_config_free (k->config);
  k->config = stk_broker_config_for_test ("log.retention.ms = 7000\n", "/");
  kit_start (k);
  in_force (k, "log.roll.ms", "5000", STK_SOURCE_DYNAMIC_BROKER);
  in_force (k, "log.retention.ms", "6000", STK_SOURCE_DYNAMIC_DEFAULT);
  g_assert_cmpint (k->b.controller->plain.segment_ms, ==, 5000);
  g_assert_cmpint (k->b.controller->plain.retention_ms, ==, 6000);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker-settings/written", test_written);
  g_test_add_func ("/broker-settings/others", test_others);
  g_test_add_func ("/broker-settings/hidden", test_hidden);
  g_test_add_func ("/broker-settings/together", test_together);
  g_test_add_func ("/broker-settings/start", test_start);
  return g_test_run ();
}
