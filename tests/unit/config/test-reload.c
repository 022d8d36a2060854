/* SPDX-License-Identifier: Apache-2.0 */
#include "config/modules.h"
#include "config/reload.h"
#include "test-host.h"
#include "world/disk.h"

#include <glib.h>
#include <stoker/partitioner.h>

typedef struct Conf
{
  int64_t level, fixed;
} Conf;

typedef struct State
{
  int reconfigured;
} State;

static int
init (StokerInstance *self, StokerError *err)
{
  return ((const Conf *)self->conf)->level == 14 ? stoker_error_set (err, STOKER_ERROR_CONFIG, "14 is not allowed") : 0;
}

static int
reconfigure (StokerInstance *self, const void *conf, StokerError *err)
{
  if (((const Conf *)conf)->level == 13)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "13 is unlucky");
  ((State *)self->state)->reconfigured++;
  return 0;
}

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  return 0;
}

static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, pick };

static const StokerOption rows[] = {
  { .name = "level",
    .type = STOKER_OPTION_INT,
    .def = "3",
    .flags = STOKER_OPTION_RELOADABLE,
    .offset = offsetof (Conf, level),
    .summary = "s" },
  { .name = "fixed", .type = STOKER_OPTION_INT, .def = "1", .offset = offsetof (Conf, fixed), .summary = "s" },
};

static const StokerModule module = {
  .magic = STOKER_MODULE_MAGIC,
  .api_level = STOKER_API_1_0,
  .size = sizeof module,
  .option_size = sizeof rows[0],
  .kind = STOKER_KIND_PARTITIONER,
  .threads = STOKER_THREADS_PARALLEL,
  .name = "probe",
  .version = "1",
  .licence = "x",
  .summary = "s",
  .ops = &ops,
  .ops_size = sizeof ops,
  STOKER_OPTIONS (rows),
  .conf_size = sizeof (Conf),
  .state_size = sizeof (State),
  .init = init,
  .reconfigure = reconfigure,
};

#define BAD TEST_BUILDDIR "/tests/module/bad/.libs/"

/* What stands in the file before the lines of a test: four lines. */
#define BASE                                                                                                           \
  "log.dirs = /nowhere/data\nload = partitioner/probe\npartitioner.a.use = probe\npartitioner.b.use = probe\n"

typedef struct Fixture
{
  TestHost *host;
  StkRegistry *registry;
  StokerDisk *disk;
  char *dir, *path;
  StkBrokerConfig *now;
  StkReport *report;
} Fixture;

static void
put (Fixture *f, const char *lines)
{
  g_autofree char *text = g_strconcat (BASE, lines, NULL);

  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
}

static void
add (Fixture *f, const StokerModule *m, const char *name)
{
  StokerError err;
  void *conf = stk_conf_new (m);

  if (stk_registry_add_instance (f->registry, m, name, conf, &err) < 0)
    g_error ("%s", err.text);
}

static void
set_up (Fixture *f, const void *data)
{
  const StokerModule *m = NULL;
  StokerError err;

  f->host = test_host_new ();
  f->registry = stk_registry_new (test_host_get (f->host), NULL);
  f->disk = stk_posix_disk_new ();
  f->dir = test_dir_new ();
  f->path = g_build_filename (f->dir, "stoker.conf", NULL);
  f->report = stk_report_new ();
  put (f, "log.retention.hours = 2\npartitioner.b.level = 3\n");
  f->now = stk_broker_config_load (f->disk, f->path, NULL, NULL, f->report);
  g_assert_nonnull (f->now);
  if (stk_registry_add_module (f->registry, &module, &m, &err) < 0)
    g_error ("%s", err.text);
  add (f, m, "a");
  add (f, m, "b");
  g_assert_cmpint (stk_registry_init (f->registry, NULL), ==, 0);
  g_assert_cmpint (stk_registry_start (f->registry, 0, NULL), ==, 0);
}

static void
tear_down (Fixture *f, const void *data)
{
  stk_registry_free (f->registry);
  stk_broker_config_free (f->now);
  stk_report_free (f->report);
  stk_posix_disk_free (f->disk);
  test_host_free (f->host);
  test_dir_free (f->dir);
  g_free (f->path);
}

static const Conf *
conf (const Fixture *f, const char *name)
{
  return stk_registry_get (f->registry, STOKER_KIND_PARTITIONER, name)->conf;
}

static StkReload *
prepare (Fixture *f)
{
  return stk_reload_prepare (f->now, f->registry, f->disk, f->path, NULL, f->report);
}

static void
test_same (Fixture *f, const void *data)
{
  StkReload *l = prepare (f);

  g_assert_nonnull (l);
  g_assert_null (stk_reload_changed (l));
  g_assert_null (stk_reload_restart (l));
  stk_reload_free (l);
}

static void
test_apply (Fixture *f, const void *data)
{
  StkReload *l;
  const State *a = stk_registry_get (f->registry, STOKER_KIND_PARTITIONER, "a")->state;

  put (f, "log.retention.minutes = 5\nlog.cleanup.policy = compact\nnum.partitions = 4\npartitioner.a.level = 7\n"
          "partitioner.b.fixed = 9\nload = partitioner/good " BAD "good.so\n");
  l = prepare (f);
  g_assert_nonnull (l);
  g_assert_true (stk_reload_changes (l, "log.cleanup.policy"));
  g_assert_false (stk_reload_changes (l, "log.segment.bytes"));
  g_assert_nonnull (strstr (stk_reload_changed (l), "log.retention.ms, "));
  g_assert_nonnull (strstr (stk_reload_changed (l), "partitioner.a.level"));
  g_assert_cmpstr (stk_reload_restart (l), ==, "num.partitions, load, partitioner.b.fixed");
  g_assert_cmpint (stk_reload_commit (l, f->now, NULL), ==, 0);
  stk_reload_free (l);
  g_assert_cmpint (f->now->log_retention_ms, ==, 300000);
  g_assert_cmpstr (f->now->log_cleanup_policy[0], ==, "compact");
  g_assert_cmpint (f->now->num_partitions, ==, 1);
  g_assert_true (stk_broker_config_given (f->now, "log.retention.minutes"));
  g_assert_false (stk_broker_config_given (f->now, "log.retention.hours"));
  g_assert_cmpint (conf (f, "a")->level, ==, 7);
  g_assert_cmpint (a->reconfigured, ==, 1);
  g_assert_cmpint (conf (f, "b")->fixed, ==, 1);

  l = prepare (f); /* the same file again: only what needs a restart is still different */
  g_assert_null (stk_reload_changed (l));
  g_assert_cmpstr (stk_reload_restart (l), ==, "num.partitions, load, partitioner.b.fixed");
  stk_reload_free (l);
  put (f, "");
  l = prepare (f);
  g_assert_cmpint (stk_reload_commit (l, f->now, NULL), ==, 0);
  stk_reload_free (l);
  g_assert_cmpint (f->now->log_retention_ms, ==, INT64_C (604800000));
  g_assert_cmpint (conf (f, "a")->level, ==, 3);
}

/* Of broker and modules alike, in the order of the file; and nothing of it is taken over. */
static void
test_wrong (Fixture *f, const void *data)
{
  static const char *const lines[] = {
    "stoker.conf:5: partitioner.a.level: ",    "stoker.conf:7: log.segment.bytes: ",      "stoker.conf:8: load: module codec/other: ",
    "stoker.conf:9: partitioner.b.levle: ",    "stoker.conf:10: no.such: no such setting", "stoker.conf:11: partitioner.c.level: ",
    "stoker.conf:12: partitioner.d.use: module ",
  };

  put (f, "partitioner.a.level = x\nlog.retention.minutes = 5\nlog.segment.bytes = many\nload = codec/other\n"
          "partitioner.b.levle = 3\nno.such = 1\npartitioner.c.level = 3\npartitioner.d.use = nope\n");
  g_assert_null (prepare (f));
  for (size_t i = 0; i < stk_report_errors (f->report); i++)
    if (i >= G_N_ELEMENTS (lines) || strstr (stk_report_error_line (f->report, i), lines[i]) == NULL)
      g_error ("line %zu: %s", i, stk_report_error_line (f->report, i));
  g_assert_cmpuint (stk_report_errors (f->report), ==, G_N_ELEMENTS (lines));
  g_assert_cmpint (f->now->log_retention_ms, ==, 7200000);
  g_assert_cmpint (conf (f, "a")->level, ==, 3);
}

/* An instance sees its new options before anything is applied, if it looks at them in init. */
static void
test_init_refuses (Fixture *f, const void *data)
{
  put (f, "partitioner.a.level = 14\nlog.retention.minutes = 5\npartitioner.b.level = 14\n");
  g_assert_null (prepare (f));
  g_assert_cmpuint (stk_report_errors (f->report), ==, 2);
  g_assert_nonnull (strstr (stk_report_error_line (f->report, 0), "stoker.conf:3: partitioner instance a: 14 is not allowed"));
  g_assert_nonnull (strstr (stk_report_error_line (f->report, 1), "stoker.conf:4: partitioner instance b: 14 is not allowed"));
}

/* ---- dynamic settings */

static int
set_layer (Fixture *f, StkDynamicLayer layer, const char *name, const char *value)
{
  StkMetaPair pair = { name, value };
  StkReload *l = stk_reload_prepare_dynamic (f->now, layer, &pair, name != NULL, f->report);

  if (l == NULL)
    return -1;
  g_assert_cmpint (stk_reload_commit (l, f->now, NULL), ==, 0);
  stk_reload_free (l);
  return 0;
}

static void
value_is (const Fixture *f, const char *name, const char *value, StkSource source)
{
  g_autofree char *got = stk_broker_config_value (f->now, name);

  g_assert_cmpstr (got, ==, value);
  g_assert_cmpint (stk_broker_config_source (f->now, name), ==, source);
}

static void
test_layers (Fixture *f, const void *data)
{
  StkReload *l;

  /* The file has log.retention.hours; the finer name wins wherever it stands. */
  value_is (f, "log.retention.ms", "7200000", STK_SOURCE_DEFAULT);
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_DEFAULT, "log.retention.ms", "5000"), ==, 0);
  value_is (f, "log.retention.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT);
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_BROKER, "log.retention.ms", "6000"), ==, 0);
  value_is (f, "log.retention.ms", "6000", STK_SOURCE_DYNAMIC_BROKER);
  g_assert_cmpint (f->now->log_retention_ms, ==, 6000);
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_BROKER, "log.cleanup.policy", "compact"), ==, 0); /* replaces the layer */
  value_is (f, "log.retention.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT);
  value_is (f, "log.cleanup.policy", "compact", STK_SOURCE_DYNAMIC_BROKER);

  /* A file that is read again goes below, and dynamic changes after that go over what it says now; what needs a restart waits. */
  put (f, "log.retention.ms = 9000\nlog.segment.bytes = 5000\nnum.partitions = 4\npartitioner.a.level = 7\n");
  l = prepare (f);
  g_assert_nonnull (l);
  g_assert_cmpint (stk_reload_commit (l, f->now, NULL), ==, 0);
  stk_reload_free (l);
  value_is (f, "log.retention.ms", "5000", STK_SOURCE_DYNAMIC_DEFAULT);
  value_is (f, "log.segment.bytes", "5000", STK_SOURCE_STATIC);
  put (f, "log.segment.bytes = 7000\n"); /* nobody asks for it to be read */
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_DEFAULT, NULL, NULL), ==, 0);
  value_is (f, "log.retention.ms", "9000", STK_SOURCE_STATIC);
  value_is (f, "log.segment.bytes", "5000", STK_SOURCE_STATIC);
  value_is (f, "num.partitions", "1", STK_SOURCE_DEFAULT);
  g_assert_cmpint (conf (f, "a")->level, ==, 7);
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_BROKER, NULL, NULL), ==, 0);
  value_is (f, "log.cleanup.policy", "delete", STK_SOURCE_DEFAULT);
}

static void
test_layers_wrong (Fixture *f, const void *data)
{
  StkReload *l;

  g_assert_cmpint (set_layer (f, STK_DYNAMIC_BROKER, "log.segment.bytes", "many"), ==, 0); /* kept, not in force */
  g_assert_cmpuint (stk_report_warnings (f->report), ==, 1);
  value_is (f, "log.segment.bytes", "1073741824", STK_SOURCE_DEFAULT);
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_BROKER, "log.retention.ms", "0"), ==, -1);
  g_assert_cmpuint (stk_report_errors (f->report), ==, 1);
  value_is (f, "log.retention.ms", "7200000", STK_SOURCE_DEFAULT);

  /* What the file says wrong is said once, whatever is set dynamically. */
  stk_report_free (f->report);
  f->report = stk_report_new ();
  g_assert_cmpint (set_layer (f, STK_DYNAMIC_DEFAULT, "logging.areas", "net=debug"), ==, 0);
  put (f, "log.cleanup.policy = \n");
  l = prepare (f);
  g_assert_null (l);
  g_assert_cmpuint (stk_report_errors (f->report), ==, 1);
}

/* a accepts, b refuses: a goes back, and nothing else has changed. */
static void
test_roll_back (Fixture *f, const void *data)
{
  StkReload *l;
  StokerError err;

  put (f, "log.retention.minutes = 5\npartitioner.a.level = 7\npartitioner.b.level = 13\n");
  l = prepare (f);
  g_assert_nonnull (l);
  g_assert_cmpint (stk_reload_commit (l, f->now, &err), ==, -1);
  g_assert_cmpstr (err.text, ==, "partitioner: instance b: 13 is unlucky");
  stk_reload_free (l);
  g_assert_cmpint (conf (f, "a")->level, ==, 3);
  g_assert_cmpint (conf (f, "b")->level, ==, 3);
  g_assert_cmpint (f->now->log_retention_ms, ==, 7200000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/reload/same", Fixture, NULL, set_up, test_same, tear_down);
  g_test_add ("/reload/apply", Fixture, NULL, set_up, test_apply, tear_down);
  g_test_add ("/reload/wrong", Fixture, NULL, set_up, test_wrong, tear_down);
  g_test_add ("/reload/init-refuses", Fixture, NULL, set_up, test_init_refuses, tear_down);
  g_test_add ("/reload/layers", Fixture, NULL, set_up, test_layers, tear_down);
  g_test_add ("/reload/layers-wrong", Fixture, NULL, set_up, test_layers_wrong, tear_down);
  g_test_add ("/reload/roll-back", Fixture, NULL, set_up, test_roll_back, tear_down);
  return g_test_run ();
}
