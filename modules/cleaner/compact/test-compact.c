/* SPDX-License-Identifier: Apache-2.0
 *
 * When cleaner/compact wants a run, over what, and which records it lets go (kafka-facts 5.7).
 */
#include "cleaner-kit.h"
#include "test-host.h"

#include <glib.h>
#include <string.h>

extern const StokerModule stoker_module_cleaner_compact;

typedef struct World
{
  StokerInstance *cleaner;
  const StokerCleanerOps *ops;
  StokerTopicConfig config;
  StokerSegmentRow rows[CLEANER_SEGMENTS];
  StokerCleanerView view;
} World;

static void
world_init (World *w)
{
  *w = (World){ .cleaner = test_instance_new (&stoker_module_cleaner_compact, NULL),
                .ops = stoker_module_cleaner_compact.ops,
                .config = { .size = sizeof (StokerTopicConfig),
                            .cleanup_compact = true,
                            .min_cleanable_dirty_ratio = 0.5,
                            .delete_retention_ms = 1000,
                            .max_compaction_lag_ms = INT64_MAX } };
  cleaner_view_init (&w->view, w->rows, &w->config);
  w->view.memory = 1 << 16;
  w->view.load_factor = 0.9;
}

static void
wish_is (World *w, int64_t from, int64_t to, double urgency)
{
  StokerCleanerWish wish;
  StokerError err = { 0 };

  g_assert_cmpint (w->ops->assess (w->cleaner, &w->view, &wish, &err), ==, 0);
  g_assert_cmpint (wish.from, ==, from);
  g_assert_cmpint (wish.to, ==, to);
  g_assert_cmpfloat_with_epsilon (wish.urgency, urgency, 1e-9);
}

static void
test_assess (void)
{
  World w;

  world_init (&w);
  wish_is (&w, 0, 30, 1); /* never the active one */
  w.view.first_dirty = 10;
  wish_is (&w, 10, 30, 2.0 / 3);
  w.view.first_dirty = 20;
  wish_is (&w, 20, 30, 0); /* a third is not more than the half */
  w.config.min_cleanable_dirty_ratio = 0.3;
  wish_is (&w, 20, 30, 1.0 / 3);
  w.config.min_cleanable_dirty_ratio = 0.5;
  w.config.max_compaction_lag_ms = 2400; /* its first record, of 2500, is older than 5000 - 2400 */
  wish_is (&w, 20, 30, 1.0 / 3);
  w.config.max_compaction_lag_ms = 2600;
  wish_is (&w, 20, 30, 0);
  w.config.min_compaction_lag_ms = 3000; /* the larger of both holds */
  w.config.max_compaction_lag_ms = 100;
  w.view.first_dirty = 0;
  wish_is (&w, 0, 20, 1); /* the third segment is younger than 3000 */
  w.config.min_compaction_lag_ms = 0;
  w.view.ends.stable = 19;
  wish_is (&w, 0, 10, 1); /* an open transaction holds it back */
  w.view.ends.stable = 40;
  w.view.ends.hw = 9;
  wish_is (&w, 0, 0, 0);
  w.view.n_segments = 0;
  wish_is (&w, 0, 0, 0);
  test_instance_free (w.cleaner);
}

static StokerCleanerRecord
record (int64_t offset, const char *key, const char *value)
{
  StokerCleanerRecord r = { .offset = offset, .timestamp = 1 };

  if (key)
    r.key = (StokerBytes){ (uint8_t *)key, strlen (key) };
  if (value)
    r.value = (StokerBytes){ (uint8_t *)value, strlen (value) };
  return r;
}

static void
test_records (void)
{
  StokerCleanerRecord records[] = { record (0, "a", "1"),  record (1, "b", "1"), record (2, NULL, "1"),
                                    record (3, "a", NULL), record (4, "c", ""),  record (5, "", "1") };
  static const uint8_t want[] = { STOKER_CLEANER_DROP,         STOKER_CLEANER_KEEP, STOKER_CLEANER_DROP,
                                  STOKER_CLEANER_KEEP_FOR_NOW, STOKER_CLEANER_KEEP, STOKER_CLEANER_KEEP };
  uint8_t got[G_N_ELEMENTS (want)];
  StokerCleanerWish wish = { 0, 30, 1, 1 };
  StokerBatch head = { 0 };
  StokerCleanerBatch batch = { &head, -1 };
  StokerCleanerRun *run;
  StokerError err = { 0 };
  World w;

  world_init (&w);
  run = w.ops->begin (w.cleaner, &w.view, &wish, &err);
  g_assert_nonnull (run);
  g_assert_cmpuint (w.ops->scan (w.cleaner, run, &batch, records, G_N_ELEMENTS (records)), ==, G_N_ELEMENTS (records));
  w.ops->decide (w.cleaner, run, &batch, records, G_N_ELEMENTS (records), got);
  g_assert_cmpmem (got, sizeof got, want, sizeof want);
  batch.horizon_ms = 5001; /* not yet */
  w.ops->decide (w.cleaner, run, &batch, records, G_N_ELEMENTS (records), got);
  g_assert_cmpmem (got, sizeof got, want, sizeof want);
  batch.horizon_ms = 5000;
  w.ops->decide (w.cleaner, run, &batch, records, G_N_ELEMENTS (records), got);
  g_assert_cmpint (got[3], ==, STOKER_CLEANER_DROP);
  g_assert_cmpint (got[1], ==, STOKER_CLEANER_KEEP);
  records[0].key = (StokerBytes){ (uint8_t *)"z", 1 }; /* was not seen by the scan: nothing newer is known */
  w.ops->decide (w.cleaner, run, &batch, records, 1, got);
  g_assert_cmpint (got[0], ==, STOKER_CLEANER_KEEP);
  w.ops->end (w.cleaner, run);
  test_instance_free (w.cleaner);
}

static void
test_full (void)
{
  StokerCleanerWish wish = { 0, 30, 1, 1 };
  StokerBatch head = { 0 };
  StokerCleanerBatch batch = { &head, -1 };
  StokerError err = { 0 };
  StokerCleanerRun *run;
  World w;
  size_t taken = 0;

  world_init (&w);
  w.view.memory = 24 * 100;
  run = w.ops->begin (w.cleaner, &w.view, &wish, &err);
  for (int i = 0; i < 200; i++) {
    g_autofree char *key = g_strdup_printf ("key-%d", i);
    StokerCleanerRecord r = record (i, key, "v");
    taken += w.ops->scan (w.cleaner, run, &batch, &r, 1);
  }
  g_assert_cmpuint (taken, >, 60);
  g_assert_cmpuint (taken, <=, 90);
  w.ops->end (w.cleaner, run);
  w.view.memory = 0;
  g_assert_null (w.ops->begin (w.cleaner, &w.view, &wish, &err));
  test_instance_free (w.cleaner);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleaner/compact/assess", test_assess);
  g_test_add_func ("/cleaner/compact/records", test_records);
  g_test_add_func ("/cleaner/compact/full", test_full);
  return g_test_run ();
}
