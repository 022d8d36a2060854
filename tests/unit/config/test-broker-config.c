/* SPDX-License-Identifier: Apache-2.0 */
#include "config/broker_config.h"
#include "config/kafka_names.h"
#include "module/option.h"
#include "test-host.h"
#include "world/disk.h"

#include <glib.h>

static StkBrokerConfig *
good (const char *text)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_from_text (text, "/work", report);

  if (c == NULL)
    g_error ("%s", stk_report_error_line (report, 0));
  stk_report_free (report);
  return c;
}

static void
bad (const char *text, const char *why)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_from_text (text, "/work", report);
  bool said = false;

  g_assert_null (c);
  for (size_t i = 0; i < stk_report_errors (report); i++)
    said |= strstr (stk_report_error_line (report, i), why) != NULL;
  if (!said)
    g_error ("%s says \"%s\", not \"%s\"", text, stk_report_error_line (report, 0), why);
  stk_report_free (report);
}

static void
test_table (void)
{
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);
  StokerError err = { 0 };
  const char *reason;

  if (stk_options_check_table (rows, n, offsetof (StkBrokerConfig, listeners), &err) < 0)
    g_error ("%s", err.text);
  g_assert_cmpstr (stk_broker_row_heading (0), ==, "Identity and listeners");
  for (size_t i = 0; i < n; i++) /* a setting must not also be called meaningless */
    g_assert_cmpint (stk_kafka_name_fate (rows[i].name, "x", &reason), ==, STK_KAFKA_UNKNOWN);
}

static void
test_nothing (void)
{
  StkBrokerConfig *c = good ("");

  g_assert_cmpint (c->broker_id, ==, 0);
  g_assert_cmpuint (c->n_listeners, ==, 1);
  g_assert_cmpstr (c->listeners[0].name, ==, "PLAINTEXT");
  g_assert_cmpstr (c->listeners[0].host, ==, "127.0.0.1");
  g_assert_cmpuint (c->listeners[0].port, ==, 9092);
  g_assert_cmpstr (c->advertised[0].host, ==, "127.0.0.1");
  g_assert_cmpuint (c->n_log_dirs, ==, 1);
  g_assert_cmpstr (c->log_dirs[0], ==, "/work/stoker-data");
  g_assert_cmpint (c->log_retention_ms, ==, INT64_C (604800000));
  g_assert_cmpint (c->message_max_bytes, ==, 1048588);
  g_assert_cmpint (c->log_segment_bytes, ==, 1 << 30);
  g_assert_cmpint (c->log_flush_interval_ms, ==, INT64_MAX);
  g_assert_cmpstr (c->coordinator_default_use, ==, "local");
  g_assert_cmpuint (c->n_loads, >, 5);
  g_assert_true (c->loads[0].standard);
  stk_broker_config_free (c);
}

static void
test_synonyms (void)
{
  static const struct
  {
    const char *text;
    int64_t ms;
  } cases[] = { { "log.retention.hours = 2", 7200000 },
                { "log.retention.hours = 2\nlog.retention.minutes = 3", 180000 },
                { "log.retention.ms = 4\nlog.retention.hours = 2\nlog.retention.minutes = 3", 4 },
                { "log.retention.ms = -1", -1 },
                { "log.retention.hours = -1", -1 },
                { "log.retention.ms = 10s", 10000 } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    StkBrokerConfig *c = good (cases[i].text);
    g_assert_cmpint (c->log_retention_ms, ==, cases[i].ms);
    stk_broker_config_free (c);
  }
  bad ("log.retention.minutes = 0", "text:1: log.retention.minutes: a retention of 0");
}

static void
test_listeners (void)
{
  StkBrokerConfig *c = good (
      "listeners = PLAINTEXT://:9092, INTERNAL://[::1]:0\nlistener.security.protocol.map=internal:PLAINTEXT,X:SSL\n"
      "advertised.listeners=PLAINTEXT://broker-1.example:29092");

  g_assert_cmpuint (c->n_listeners, ==, 2);
  g_assert_cmpstr (c->listeners[0].host, ==, "0.0.0.0");
  g_assert_cmpstr (c->listeners[1].host, ==, "::1");
  g_assert_cmpuint (c->n_advertised, ==, 1);
  g_assert_cmpstr (c->advertised[0].host, ==, "broker-1.example");
  g_assert_cmpuint (c->advertised[0].port, ==, 29092);
  stk_broker_config_free (c);
  c = good ("listeners = PLAINTEXT://:9092");
  g_assert_cmpstr (c->advertised[0].host, ==, g_get_host_name ());
  stk_broker_config_free (c);

  bad ("listeners = SSL://:9093", "listener SSL speaks SSL");
  bad ("listeners = SASL_PLAINTEXT://:9093", "SASL_PLAINTEXT");
  bad ("listeners = X://:9093\nlistener.security.protocol.map = X:SASL_SSL", "speaks SASL_SSL");
  bad ("listeners = WHAT://:9093", "listener.security.protocol.map = WHAT:PLAINTEXT");
  bad ("listeners = 127.0.0.1:9092", "not of the form");
  bad ("listeners = PLAINTEXT://a:99999", "0 to 65535");
  bad ("listeners = PLAINTEXT://::1:9092", "brackets");
  bad ("listeners = PLAINTEXT://h o:1", "not of the form");
  bad ("listeners =", "at least one");
  bad ("listeners = PLAINTEXT://a:1, PLAINTEXT://b:2", "same name");
  bad ("listeners = A://a:1, B://a:1", "same address");
  bad ("advertised.listeners = PLAINTEXT://0.0.0.0:9092", "all addresses");
  bad ("advertised.listeners = OTHER://h:9092", "not among the listeners");
}

static void
test_keys (void)
{
  StkBrokerConfig *c = good ("codec.zstd.level = 5\nstorage.fast.use = memory\nload = partitioner/mine "
                             "/opt/mine.so\nload = codec/zstd\nlog.dirs = /a, b\n");

  g_assert_cmpuint (c->n_instance_lines, ==, 2);
  g_assert_cmpuint (c->instance_lines[0].kind, ==, STOKER_KIND_CODEC);
  g_assert_cmpstr (c->instance_lines[0].option, ==, "level");
  g_assert_cmpstr (c->instance_lines[1].instance, ==, "fast");
  g_assert_cmpstr (c->instance_lines[1].value, ==, "memory");
  g_assert_cmpstr (c->loads[0].spec, ==, "partitioner/mine /opt/mine.so");
  for (size_t i = 2; i < c->n_loads; i++) {
    g_assert_true (c->loads[i].standard);
    g_assert_cmpstr (c->loads[i].spec, !=, "codec/zstd");
  }
  g_assert_cmpstr (c->log_dirs[0], ==, "/a");
  g_assert_cmpstr (c->log_dirs[1], ==, "/work/b");
  stk_broker_config_free (c);

  bad ("\nlog.retenton.ms = 3", "text:2: log.retenton.ms: no such setting; did you mean log.retention.ms?");
  bad ("ssl.keystore.locaton = x", "is refused");
  bad ("nothing.like.it.at.all = 3", "nothing.like.it.at.all: no such setting");
  bad ("num.partitions = 0", "the smallest allowed is 1");
  bad ("log.dirs = /a, /a/", "twice");
  bad ("group.min.session.timeout.ms = 1h", "larger than");
  bad ("log.cleaner.min.compaction.lag.ms = 10\nlog.cleaner.max.compaction.lag.ms = 5", "text:1: log.cleaner.min.compaction.lag.ms: is larger than");
  bad ("compression.gzip.level = 0", "text:1: compression.gzip.level: must be 1 to 9");
  bad ("logging.areas = net", "AREA=LEVEL");
  bad ("storage.default.use =", "must name");
  bad ("a = 1\nb = 2\n", "text:2: b: no such setting"); /* all are reported */
}

static void
test_kafka (void)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c;

  c = stk_broker_config_from_text (
      "background.threads = 10\nsuper.users =\nssl.client.auth=none\nsecurity.inter.broker.protocol=PLAINTEXT\n"
      "log.message.timestamp.difference.max.ms=5\nrsm.config.x = 1\n",
      NULL, report);
  g_assert_nonnull (c);
  g_assert_cmpuint (stk_report_warnings (report), ==, 3);
  g_assert_nonnull (strstr (stk_report_warning_line (report, 0),
                            "text:1: background.threads is known to Kafka and means nothing here: "));
  g_assert_cmpint (c->log_message_timestamp_before_max_ms, ==, 5);
  stk_broker_config_free (c);
  stk_report_free (report);

  bad ("ssl.keystore.location = x", "ssl.keystore.location is refused: TLS");
  bad ("sasl.enabled.mechanisms = PLAIN", "sasl.enabled.mechanisms is refused: SASL");
  bad ("listener.name.x.ssl.key.password = x", "is refused");
  bad ("authorizer.class.name = kafka.security.authorizer.AclAuthorizer", "authorizer.class.name is refused");
  bad ("super.users = User:a", "super.users is refused");
  bad ("ssl.client.auth = required", "ssl.client.auth is refused");
  bad ("process.roles = broker", "KRaft");
  bad ("coordinator.default.use = local\nzookeeper.connect = h:1", "remove one of them");
}

static void
test_kafka_file (void)
{
  StkReport *report = stk_report_new ();
  StokerDisk *disk = stk_posix_disk_new ();
  StkBrokerConfig *c
      = stk_broker_config_load (disk, TEST_SRCDIR "/tests/unit/config/kafka-3.9-server.properties", NULL, NULL, report);

  for (size_t i = 0; i < stk_report_errors (report); i++)
    g_test_message ("%s", stk_report_error_line (report, i));
  g_assert_nonnull (c);
  g_assert_cmpstr (c->log_dirs[0], ==, "/tmp/kafka-logs");
  g_assert_cmpstr (c->coordinator_default_use, ==, "zookeeper");
  g_assert_cmpint (c->num_network_threads, ==, 3);
  stk_broker_config_free (c);
  stk_report_free (report);
  stk_posix_disk_free (disk);
}

static void
test_command_line (void)
{
  const char *const assignments[] = { "broker.id=7", "listeners=PLAINTEXT://127.0.0.1:0", NULL };
  StkReport *report = stk_report_new ();
  StokerDisk *disk = stk_posix_disk_new ();
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "s.conf", NULL), *data = g_build_filename (dir, "data", NULL),
                  *mine = g_build_filename (dir, "mine", NULL), *value = NULL;
  StkBrokerConfig *c;

  g_assert_true (g_file_set_contents (path, "broker.id = 1\nlog.dirs = data\nmodule.path = /m, mine\n", -1, NULL));
  c = stk_broker_config_load (disk, path, assignments, "/elsewhere", report);
  g_assert_nonnull (c);
  g_assert_cmpint (c->broker_id, ==, 7);
  g_assert_cmpuint (c->listeners[0].port, ==, 0);
  g_assert_cmpstr (c->log_dirs[0], ==, data);
  g_assert_cmpstr (c->module_path[0], ==, "/m");
  g_assert_cmpstr (c->module_path[1], ==, mine);
  g_assert_true (stk_broker_config_given (c, "broker.id"));
  g_assert_false (stk_broker_config_given (c, "num.partitions"));
  value = stk_broker_config_value (c, "log.segment.bytes");
  g_assert_cmpstr (value, ==, "1073741824");
  stk_broker_config_free (c);
  stk_report_free (report);
  stk_posix_disk_free (disk);
  test_dir_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker-config/table", test_table);
  g_test_add_func ("/broker-config/nothing", test_nothing);
  g_test_add_func ("/broker-config/synonyms", test_synonyms);
  g_test_add_func ("/broker-config/listeners", test_listeners);
  g_test_add_func ("/broker-config/keys", test_keys);
  g_test_add_func ("/broker-config/kafka", test_kafka);
  g_test_add_func ("/broker-config/kafka-file", test_kafka_file);
  g_test_add_func ("/broker-config/command-line", test_command_line);
  return g_test_run ();
}
