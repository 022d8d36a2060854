/* SPDX-License-Identifier: Apache-2.0 */
#include "control/metrics.h"
#include "test-host.h"

#include <glib.h>

static void
test_rows (void)
{
  StkMetrics *m = stk_metrics_new ();
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (int i = 0; i < STK_METRIC_COUNT; i++) {
    const StkMetricRow *r = stk_metric_row (stk_metrics_core (m, (StkMetricId)i));
    g_assert_nonnull (r->name);
    g_assert_nonnull (r->unit);
    g_assert_nonnull (r->text);
    g_assert_true (g_hash_table_add (names, (char *)r->name));
  }
  stk_metrics_free (m);
}

static void
test_values (void)
{
  StkMetrics *m = stk_metrics_new ();
  StokerMetric *a = stk_metrics_get (m, "x", STOKER_METRIC_COUNTER, "things", "dir=1", "a text");
  StokerMetric *b = stk_metrics_get (m, "x", STOKER_METRIC_COUNTER, "things", "dir=2", "a text");

  g_assert_true (a != b);
  g_assert_true (a == stk_metrics_get (m, "x", STOKER_METRIC_COUNTER, "things", "dir=1", "a text"));
  stoker_metric_add (a, 2);
  stoker_metric_add (a, 3);
  stoker_metric_set (b, -1);
  stoker_metric_add (NULL, 1);
  g_assert_cmpint (stk_metric_value (a), ==, 5);
  g_assert_cmpint (stk_metric_value (b), ==, -1);
  stk_metrics_free (m);
}

static void *
hammer (void *user)
{
  for (int i = 0; i < 20000; i++)
    stoker_metric_add (user, 1);
  return NULL;
}

static void
test_threads (void)
{
  StkMetrics *m = stk_metrics_new ();
  StokerMetric *a = stk_metrics_core (m, STK_METRIC_PRODUCE_BATCHES);
  GThread *t[4];

  for (int i = 0; i < 4; i++)
    t[i] = g_thread_new ("hammer", hammer, a);
  for (int i = 0; i < 4; i++)
    (void)g_thread_join (t[i]);
  g_assert_cmpint (stk_metric_value (a), ==, 80000);
  stk_metrics_free (m);
}

static void
test_dump (void)
{
  TestHost *h = test_host_new ();
  StokerHost *host = test_host_get (h);
  g_autofree char *text = NULL;

  stoker_metric_add (stk_metrics_core (host->metrics, STK_METRIC_PRODUCE_BYTES), 100);
  stoker_metric_set (stoker_host_metric (host, "segment.open", STOKER_METRIC_GAUGE, "files", "dir=0", "open files"), 4);
  stk_metrics_dump (host->metrics, host->log);
  text = test_host_log_text (h);
  g_assert_nonnull (
      strstr (text, "metric.produce.bytes: bytes of batches appended for producers value=100 unit=bytes\n"));
  g_assert_nonnull (strstr (text, "metric.segment.open: open files value=4 unit=files labels=dir=0\n"));
  g_assert_null (strstr (text, "value=0"));
  test_host_free (h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/rows", test_rows);
  g_test_add_func ("/metrics/values", test_values);
  g_test_add_func ("/metrics/threads", test_threads);
  g_test_add_func ("/metrics/dump", test_dump);
  return g_test_run ();
}
