/* SPDX-License-Identifier: Apache-2.0 */
#include "config/topic_config.h"
#include "module/option.h"

#include <glib.h>

static void
table (void)
{
  StokerError err = { 0 };
  size_t n;
  const StokerOption *rows = stk_topic_rows (&n);

  g_assert_cmpint (stk_options_check_table (rows, n, 4096, &err), ==, 0);
  for (size_t i = 0; i < n; i++) {
    const char *broker = stk_topic_setting (i)->broker_name;
    g_assert_cmpint (stk_topic_setting_find (stoker_str (rows[i].name)), ==, (int)i);
    g_assert_true (i == 0 || strcmp (rows[i - 1].name, rows[i].name) < 0);
    /* A default that comes from a broker setting must be one that exists. */
    if (broker && stk_broker_row (broker) == NULL)
      g_error ("%s: no broker setting %s", rows[i].name, broker);
  }
}

static void
check_one (const char *name, const char *value, const char *want)
{
  g_autofree char *text = NULL;
  StokerError err = { 0 };
  int rc = stk_topic_config_check (stoker_str (name), stoker_str (value), &text, &err);

  if (want == NULL) {
    g_assert_cmpint (rc, ==, -1);
    g_assert_nonnull (strstr (err.text, name));
  } else {
    if (rc != 0)
      g_error ("%s=%s: %s", name, value, err.text);
    g_assert_cmpstr (text, ==, want);
  }
}

static void
values (void)
{
  check_one ("retention.ms", "3600000", "3600000");
  check_one ("retention.ms", "-1", "-1");
  check_one ("retention.ms", "-2", NULL);
  check_one ("segment.bytes", "64MiB", "67108864");
  check_one ("segment.bytes", "13", NULL);
  check_one ("cleanup.policy", "compact,delete", "compact,delete");
  check_one ("cleanup.policy", "shred", NULL);
  check_one ("compression.type", "zstd", "zstd");
  check_one ("compression.type", "brotli", NULL);
  check_one ("min.insync.replicas", "0", NULL);
  check_one ("message.timestamp.type", "LogAppendTime", "LogAppendTime");
  check_one ("remote.storage.enable", "true", NULL);
  check_one ("retention.hours", "1", NULL);
  check_one ("compression.gzip.level", "0", NULL);
  check_one ("compression.gzip.level", "-1", "-1");
  check_one ("compression.gzip.level", "1", "1");
  check_one ("compression.lz4.level", "1", "1");
  for (const char *const *w = (const char *const[]){ "leader.replication.throttled.replicas", "follower.replication.throttled.replicas", NULL }; *w; w++) {
    check_one (*w, "*", "*");
    check_one (*w, "", "");
    check_one (*w, "0:1,12:34", "0:1,12:34");
    check_one (*w, "bogus", NULL);
    check_one (*w, "0:", NULL);
    check_one (*w, ":1", NULL);
    check_one (*w, "0:1,*", NULL);
    check_one (*w, "0:1:2", NULL);
    check_one (*w, "0:-1", NULL);
  }
  for (const char *const *v = (const char *const[]){ "3.0", "3.0.1", "3.0-IV1", "3.0-IV0", "0.10.2", "0.10.2.1", "0.10.1-IV2", "0.8.0", "3.9", "2.7-IV2", NULL }; *v; v++)
    check_one ("message.format.version", *v, *v);
  for (const char *const *v = (const char *const[]){ "3", "0.10", "3.0-IV2", "3.0-IV", "0.8.0-IV0", "2.9", "5.0", "newest", "3.00", "3.0-IV11", NULL }; *v; v++)
    check_one ("message.format.version", *v, NULL);
  check_one ("flush.ms", "9223372036854775807", "9223372036854775807");
}

static void
together (void)
{
  StkBrokerConfig *b = stk_broker_config_for_test ("log.cleaner.min.compaction.lag.ms = 100\n", "/tmp");
  const StkMetaPair over[] = { { "max.compaction.lag.ms", "100" }, { "max.compaction.lag.ms", "99" }, { "min.compaction.lag.ms", "99" } };
  StokerError err = { 0 };

  g_assert_cmpint (stk_topic_config_check_set (b, NULL, 0, &err), ==, 0);
  g_assert_cmpint (stk_topic_config_check_set (b, over, 1, &err), ==, 0);
  g_assert_cmpint (stk_topic_config_check_set (b, over + 1, 1, &err), ==, -1);
  g_assert_nonnull (strstr (err.text, "min.compaction.lag.ms (100)"));
  g_assert_cmpint (stk_topic_config_check_set (b, over + 1, 2, &err), ==, 0);
  stk_broker_config_free (b);
}

static void
effective (void)
{
  StkBrokerConfig *b = stk_broker_config_for_test ("log.retention.hours = 2\nmessage.max.bytes = 2000000\n", "/tmp");
  const StkMetaPair over[] = { { "retention.bytes", "1000" }, { "cleanup.policy", "compact" }, { "compression.type", "lz4" },
                               { "segment.bytes", "not a number" }, { "storage.engine", "memory" } };
  StokerTopicConfig c, copy;
  int8_t source;

  stk_topic_config_make (b, over, G_N_ELEMENTS (over), &c);
  g_assert_cmpint (c.retention_ms, ==, 2 * 3600 * 1000);
  g_assert_cmpint (c.max_message_bytes, ==, 2000000);
  g_assert_cmpint (c.retention_bytes, ==, 1000);
  g_assert_cmpint (c.segment_bytes, ==, 1073741824);
  g_assert_cmpint (c.compression, ==, 3);
  g_assert_cmpint (c.timestamp_before_max_ms, ==, INT64_MAX);
  g_assert_true (c.cleanup_compact && !c.cleanup_delete);
  g_assert_cmpstr (c.storage_engine, ==, "memory");
  stk_topic_config_copy (&c, &copy);
  stk_topic_config_clear (&c);
  g_assert_cmpstr (copy.storage_engine, ==, "memory");
  stk_topic_config_clear (&copy);
  stk_topic_config_make (b, NULL, 0, &c);
  g_assert_cmpint (c.compression, ==, -1);
  g_assert_true (c.cleanup_delete && c.downconversion);
  stk_topic_config_clear (&c);
  {
    g_autofree char *v = stk_topic_config_default (b, (size_t)stk_topic_setting_find (STOKER_STR_LIT ("max.message.bytes")), &source);
    g_assert_cmpstr (v, ==, "2000000");
    g_assert_cmpint (source, ==, 4);
  }
  stk_broker_config_free (b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/topic-config/table", table);
  g_test_add_func ("/topic-config/values", values);
  g_test_add_func ("/topic-config/together", together);
  g_test_add_func ("/topic-config/effective", effective);
  return g_test_run ();
}
