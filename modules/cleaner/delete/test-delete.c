/* SPDX-License-Identifier: Apache-2.0
 *
 * What cleaner/delete must take and leave (kafka-facts 5.6).
 */
#include "cleaner-kit.h"
#include "test-host.h"

#include <glib.h>

extern const StokerModule stoker_module_cleaner_delete;

typedef struct World
{
  StokerTopicConfig config;
  StokerSegmentRow rows[CLEANER_SEGMENTS];
  StokerCleanerView view;
} World;

static void
world_init (World *w)
{
  *w = (World){
    .config = { .size = sizeof (StokerTopicConfig), .retention_ms = -1, .retention_bytes = -1, .cleanup_delete = true }
  };
  cleaner_view_init (&w->view, w->rows, &w->config);
}

static void
plan_is (World *w, int64_t drop_below, const char *reason)
{
  StokerInstance *cleaner = test_instance_new (&stoker_module_cleaner_delete, NULL);
  const StokerCleanerOps *ops = cleaner->module->ops;
  StokerCleanerPlan plan = { -1, NULL };
  StokerError err = { 0 };

  g_assert_cmpint (ops->plan (cleaner, &w->view, &plan, &err), ==, 0);
  g_assert_cmpint (plan.drop_below, ==, drop_below);
  if (drop_below > w->view.ends.start)
    g_assert_cmpstr (plan.reason, ==, reason);
  test_instance_free (cleaner);
}

static void
test_nothing (void)
{
  World w;

  world_init (&w);
  plan_is (&w, 0, NULL);
  w.view.n_segments = 0;
  w.config.retention_bytes = 0;
  plan_is (&w, 0, NULL);
}

static void
test_time (void)
{
  World w;

  world_init (&w);
  w.config.retention_ms = 2500;
  plan_is (&w, 20, "time");
  w.config.retention_ms = 3000; /* exactly as old: stays */
  plan_is (&w, 10, "time");
  w.config.retention_ms = 0;
  plan_is (&w, 40, "time"); /* the active one too */
  w.view.ends.hw = 35;
  plan_is (&w, 30, "time"); /* never past the high watermark */
  w.view.ends.hw = 9;
  plan_is (&w, 0, NULL);
  world_init (&w);
  w.config.retention_ms = 2500;
  w.rows[0].largest_timestamp = 4999; /* a young first one shields the rest */
  plan_is (&w, 0, NULL);
  w.rows[0].largest_timestamp = -1; /* none: the file's time counts */
  plan_is (&w, 0, NULL);
  w.rows[0].modified_ms = 1000;
  plan_is (&w, 20, "time");
}

static void
test_size (void)
{
  World w;

  world_init (&w);
  w.config.retention_bytes = 250;
  plan_is (&w, 10, "size"); /* 300 are left, 200 would be too few */
  w.config.retention_bytes = 200;
  plan_is (&w, 20, "size");
  w.config.retention_bytes = 400;
  plan_is (&w, 0, NULL);
  w.config.retention_bytes = 0;
  plan_is (&w, 40, "size");
  w.rows[3].bytes = 0; /* an empty active one stays */
  plan_is (&w, 30, "size");
}

static void
test_start (void)
{
  World w;

  world_init (&w);
  w.view.ends.start = 25;
  plan_is (&w, 20, NULL);
  w.view.ends.start = 40;
  plan_is (&w, 30, NULL);
  w.config.cleanup_delete = false; /* compacted only: still */
  w.config.retention_bytes = 0;
  w.view.ends.start = 25;
  plan_is (&w, 20, NULL);
}

static void
test_together (void)
{
  World w;

  world_init (&w);
  w.view.ends.start = 12;
  w.config.retention_bytes = 200;
  w.config.retention_ms = 2500;
  plan_is (&w, 20, "size");
  w.config.retention_ms = 1500;
  plan_is (&w, 30, "time");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleaner/delete/nothing", test_nothing);
  g_test_add_func ("/cleaner/delete/time", test_time);
  g_test_add_func ("/cleaner/delete/size", test_size);
  g_test_add_func ("/cleaner/delete/start", test_start);
  g_test_add_func ("/cleaner/delete/together", test_together);
  return g_test_run ();
}
