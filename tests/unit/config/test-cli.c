/* SPDX-License-Identifier: Apache-2.0
 *
 * --list-modules, --describe, --check-config, --version, and the sample configuration. */
#include "config/broker_config.h"
#include "config/cli.h"
#include "config/modules.h"
#include "config/sample.h"
#include "test-host.h"
#include "world/disk.h"

#include <glib.h>

#define BAD TEST_BUILDDIR "/tests/module/bad/.libs/"

typedef struct Fixture
{
  char *dir;
  StokerDisk *disk;
  GString *out;
  char *conf;
} Fixture;

static void
install (const Fixture *f, const char *file, const char *kind, const char *name)
{
  g_autofree char *from = g_strconcat (BAD, file, ".so", NULL),
                  *folder = g_build_filename (f->dir, "modules", kind, NULL);
  g_autofree char *base = g_strconcat (name, ".so", NULL), *to = g_build_filename (folder, base, NULL), *data = NULL;
  gsize len;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_get_contents (from, &data, &len, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize)len, NULL));
}

static void
set_up (Fixture *f, const void *data)
{
  g_unsetenv ("STOKER_MODULE_PATH");
  f->dir = test_dir_new ();
  f->disk = stk_posix_disk_new ();
  f->out = g_string_new (NULL);
  f->conf = g_build_filename (f->dir, "stoker.conf", NULL);
}

static void
tear_down (Fixture *f, const void *data)
{
  test_dir_free (f->dir);
  stk_posix_disk_free (f->disk);
  g_string_free (f->out, TRUE);
  g_free (f->conf);
}

/* Lines, after the module path of the fixture. */
static void
configure (const Fixture *f, const char *lines)
{
  g_autofree char *text = g_strdup_printf ("module.path = %s/modules\nmodule.standard =\n%s", f->dir, lines);

  g_assert_true (g_file_set_contents (f->conf, text, -1, NULL));
}

static void
says (const Fixture *f, const char *part)
{
  if (strstr (f->out->str, part) == NULL)
    g_error ("does not say \"%s\":\n%s", part, f->out->str);
}

static void
test_list (Fixture *f, const void *data)
{
  install (f, "good", "partitioner", "good");
  install (f, "crashes", "partitioner", "crashes");
  install (f, "too_old", "partitioner", "too-old");
  configure (f, "");
  g_assert_cmpint (stk_cli_list_modules (f->out, f->disk, f->conf, NULL), ==, 1);
  says (f, "KIND         NAME             VERSION");
  says (f, "partitioner  good             1.0      1.0   parallel");
  says (f, "partitioner  crashes          -        refused: ");
  says (f, "loading it crashed (Aborted)");
  says (f, "partitioner  too-old          -        refused: ");
  says (f, "written against module API 0.9");
}

static void
test_describe (Fixture *f, const void *data)
{
  install (f, "with_options", "partitioner", "with-options");
  install (f, "good", "partitioner", "good");
  configure (f, "");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, f->conf, NULL, "partitioner/with-options"), ==, 0);
  says (f, "partitioner/with-options 1.0: a module for the loader's test\n");
  says (f, "partitioner.with-options.level = 3\n      a level\n      a whole number from 1 to 22; may change while "
           "running\n      Higher is slower.\n");
  says (f, "partitioner.with-options.must\n      must be set\n      a string; must be set\n");
  says (f, "a string; secret");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, f->conf, NULL, "partitioner/good"), ==, 0);
  says (f, "No options.");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, f->conf, NULL, "partitioner/none"), ==, 1);
  says (f, "there is no file partitioner/none.so");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, NULL, NULL, "log.retention.ms"), ==, 0);
  says (f, "log.retention.ms = 7d");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, NULL, NULL, "ssl.keystore.location"), ==, 0);
  says (f, "refused here");
  g_assert_cmpint (stk_cli_describe (f->out, f->disk, NULL, NULL, "no.such"), ==, 1);
}

/* Checks the lines; they must be refused with every one of the texts (NULL-terminated). */
static void
check (Fixture *f, const char *lines, int rc, const char *text)
{
  configure (f, lines);
  g_string_truncate (f->out, 0);
  if (stk_cli_check_config (f->out, f->disk, f->conf, NULL) != rc)
    g_error ("%s:\n%s", lines, f->out->str);
  says (f, text);
}

static void
test_check (Fixture *f, const void *data)
{
  install (f, "good", "partitioner", "good");
  install (f, "with_options", "partitioner", "with-options");
  check (f, "", 1,
         "error: storage.default.use: there is no storage instance segment; there are: none. Load its module with load "
         "= storage/segment");
  says (f, "error: coordinator.default.use: there is no coordinator instance local");
  check (f, "load = partitioner/nope\n", 1, "stoker.conf:3: load: module partitioner/nope: there is no file");
  check (f, "load = partitioner/good\nload = partitioner/good\n", 1, "stoker.conf:4: load: ");
  says (f, "is loaded already, from");
  check (f, "load = partitioner/good\npartitioner.default.use = godo\n", 1,
         "partitioner.default.use: there is no partitioner instance godo; there are: good");
  check (f, "load = partitioner/with-options\n", 1, "stoker.conf:3: partitioner.with-options.must must be set");
  check (f, "load = partitioner/with-options\npartitioner.with-options.must = x\npartitioner.with-options.levle = 3\n",
         1,
         "stoker.conf:5: partitioner.with-options.levle: module with-options has no such option; did you mean level?");
  check (f, "load = partitioner/with-options\npartitioner.with-options.must = x\npartitioner.with-options.level = 30\n",
         1, "stoker.conf:5: partitioner.with-options.level: 30 is too large: the largest allowed is 22");
  check (f, "load = partitioner/good\npartitioner.god.level = 3\n", 1,
         "there is no partitioner instance god (did you mean good?)");
  check (f, "load = partitioner/good\npartitioner.a.use = goood\n", 1,
         "stoker.conf:4: partitioner.a.use: module partitioner/goood is not loaded");
  check (f, "load = partitioner/good\npartitioner.good.use = good\n", 1, "there is an instance good already");
  check (f, "load = codec/zstd " BAD "good.so\n", 1, "exports no stoker_module_codec_zstd");
  check (f, "partitioner.default.use = godo\nload = partitioner/good\n", 1, "stoker.conf:3: partitioner.default.use: there is no");
  check (f, "bad line\n", 1, "stoker.conf:3: \"bad line\" is not of the form");
}

/* Everything at once, in the order of the files, whoever finds it; what only follows from something else is left out. */
static void
test_all_at_once (Fixture *f, const void *data)
{
  static const char *const lines[] = {
    "stoker.conf:4: num.partitions: ",
    "stoker.conf:5: load: module codec/nope: there is no file",
    "stoker.conf:6: partitioner.with-options.level: 30 is too large",
    "stoker.conf:7: \"bad line\" is not of the form",
    "stoker.conf:8: listners: no such setting",
    "stoker.conf:9: partitioner.with-options.must must be set",
    "stoker.conf:10: partitioner.more.use: module partitioner/none is not loaded",
    "stoker.conf:14: ssl.keystore.location is refused",
    "extra.conf:1: load: ", /* too_old */
    "extra.conf:2: log.segment.bytes: ",
    "error: broker.id: \"x\"", /* of the command line */
  };
  static const char *const assignments[] = { "broker.id=x", NULL };
  g_autofree char *extra = g_build_filename (f->dir, "extra.conf", NULL);
  g_auto (GStrv) got = NULL;
  guint n = 0;

  install (f, "good", "partitioner", "good");
  install (f, "with_options", "partitioner", "with-options");
  install (f, "too_old", "partitioner", "too-old");
  g_assert_true (g_file_set_contents (extra, "load = partitioner/too-old\nlog.segment.bytes = 1\n", -1, NULL));
  configure (f, "include = extra.conf\nnum.partitions = many\nload = codec/nope\npartitioner.with-options.level = 30\nbad line\n"
                "listners = x\nload = partitioner/with-options\npartitioner.more.use = none\npartitioner.more.level = 3\n"
                "codec.nope.level = 3\npartitioner.default.use = too-old\nssl.keystore.location = /x\n");
  g_assert_cmpint (stk_cli_check_config (f->out, f->disk, f->conf, assignments), ==, 1);
  got = g_strsplit (f->out->str, "\n", -1);
  for (char **l = got; *l && **l; l++) {
    if (!g_str_has_prefix (*l, "error: "))
      continue;
    if (strstr (*l, "default.use: there is no ")) /* storage, coordinator: this fixture has none */
      continue;
    if (n >= G_N_ELEMENTS (lines) || strstr (*l, lines[n]) == NULL)
      g_error ("line %u should be \"%s\":\n%s", n, n < G_N_ELEMENTS (lines) ? lines[n] : "none", f->out->str);
    n++;
  }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (lines));
}

static void
test_missing_file (Fixture *f, const void *data)
{
  g_assert_cmpint (stk_cli_check_config (f->out, f->disk, f->conf, NULL), ==, 1);
  says (f, "error: cannot read the configuration file ");
  says (f, "No such file");
}

static void
test_version (Fixture *f, const void *data)
{
  g_assert_cmpint (stk_cli_version (f->out), ==, 0);
  says (f, "stokerd 0.");
  says (f, "module API 1.0, build " STOKER_BUILD_ID);
}

/* Every default in the sample is what the reader accepts: uncomment them all. */
static void
test_sample (Fixture *f, const void *data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c, *plain = stk_broker_config_for_test ("", NULL);
  unsigned n = 0;

  g_assert_cmpint (stk_cli_print_sample_conf (f->out), ==, 0);
  lines = g_strsplit (f->out->str, "\n", -1);
  for (char **l = lines; *l; l++)
    if ((*l)[0] == '#' && g_ascii_islower ((*l)[1]) && strstr (*l, " =")) {
      g_string_append_printf (text, "%s\n", *l + 1);
      n++;
    }
  g_assert_cmpuint (n, >, 80);
  c = stk_broker_config_from_text (text->str, NULL, report);
  if (c == NULL)
    g_error ("%s", stk_report_error_line (report, 0));
  g_assert_cmpstr (c->log_dirs[0], ==, plain->log_dirs[0]);
  g_assert_cmpint (c->log_retention_ms, ==, plain->log_retention_ms);
  stk_broker_config_free (c);
  stk_broker_config_free (plain);
  stk_report_free (report);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cli/list", Fixture, NULL, set_up, test_list, tear_down);
  g_test_add ("/cli/describe", Fixture, NULL, set_up, test_describe, tear_down);
  g_test_add ("/cli/check", Fixture, NULL, set_up, test_check, tear_down);
  g_test_add ("/cli/all-at-once", Fixture, NULL, set_up, test_all_at_once, tear_down);
  g_test_add ("/cli/missing-file", Fixture, NULL, set_up, test_missing_file, tear_down);
  g_test_add ("/cli/version", Fixture, NULL, set_up, test_version, tear_down);
  g_test_add ("/cli/sample", Fixture, NULL, set_up, test_sample, tear_down);
  return g_test_run ();
}
