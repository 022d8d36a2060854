/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"
#include "test-host.h"
#include "world/disk.h"

#include <glib.h>

static StkConfigText *
parse (const char *data, StkReport *report)
{
  StkConfigText *t = stk_config_text_new ();

  stk_config_text_parse (t, NULL, "a.conf", data, strlen (data), report);
  return t;
}

static void
test_lines (void)
{
  static const struct
  {
    const char *key, *value;
    unsigned line;
  } want[] = { { "a", "1", 2 },      { "b.c", "x = y # z", 4 }, { "empty", "", 5 },         { "load", "k/n", 6 },
               { "load", "k/m", 7 }, { "crlf", "v", 8 },        { "last", "no newline", 9 } };
  StkReport *report = stk_report_new ();
  StkConfigText *t
      = parse ("# c = d\na=1\n   \n  b.c =  x = y # z  \nempty =\nload = k/n\nload=k/m\ncrlf = v\r\nlast = no newline",
               report);

  g_assert_cmpuint (stk_report_errors (report), ==, 0);
  g_assert_cmpuint (stk_config_text_count (t), ==, G_N_ELEMENTS (want));
  for (size_t i = 0; i < G_N_ELEMENTS (want); i++) {
    const StkConfigEntry *e = stk_config_text_entry (t, i);
    g_assert_cmpstr (e->key, ==, want[i].key);
    g_assert_cmpstr (e->value, ==, want[i].value);
    g_assert_cmpuint (e->line, ==, want[i].line);
    g_assert_cmpstr (e->file, ==, "a.conf");
  }
  stk_config_text_unref (t);
  stk_report_free (report);
}

static void
test_bad_lines (void)
{
  static const char *const want[]
      = { "a.conf:1: \"no equals sign\" is not of the form key = value",
          "a.conf:2: there is no key before the =", "a.conf:3: the key \"two words\" has a blank in it",
          "a.conf:5: a is set again: it is set at a.conf:4; leave one of them",
          "a.conf:6: include: there are no files to include from here" };
  StkReport *report = stk_report_new ();
  StkConfigText *t = parse ("no equals sign\n = 3\ntwo words = 3\na = 1\na = 2\ninclude = x\n", report);

  g_assert_cmpuint (stk_report_errors (report), ==, G_N_ELEMENTS (want));
  for (size_t i = 0; i < G_N_ELEMENTS (want); i++)
    g_assert_cmpstr (stk_report_error_line (report, i), ==, want[i]);
  g_assert_cmpuint (stk_config_text_count (t), ==, 1);
  stk_config_text_unref (t);

  t = stk_config_text_new ();
  stk_config_text_parse (t, NULL, "b", "a\0b = 1\n", 8, report);
  g_assert_cmpstr (stk_report_error_line (report, G_N_ELEMENTS (want)), ==,
                   "b: is not a text file: it holds a zero byte");
  stk_config_text_unref (t);
  stk_report_free (report);
}

static void
test_override (void)
{
  StkReport *report = stk_report_new ();
  StkConfigText *t = parse ("a = 1\n", report);

  stk_config_text_override (t, "a=2", report);
  stk_config_text_override (t, "b = 3", report);
  stk_config_text_override (t, "load=x/y", report);
  g_assert_cmpuint (stk_config_text_count (t), ==, 3);
  g_assert_cmpstr (stk_config_text_entry (t, 0)->value, ==, "2");
  g_assert_null (stk_config_text_entry (t, 0)->file);
  g_assert_cmpuint (stk_report_errors (report), ==, 0);
  stk_config_text_override (t, "nonsense", report);
  stk_config_text_override (t, "include=x", report);
  g_assert_cmpuint (stk_report_errors (report), ==, 2);
  stk_config_text_unref (t);
  stk_report_free (report);
}

static void
put (const char *dir, const char *name, const char *data)
{
  g_autofree char *path = g_build_filename (dir, name, NULL), *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, data, -1, NULL));
}

static StkConfigText *
read_main (const char *dir, StkReport *report)
{
  StkConfigText *t = stk_config_text_new ();
  StokerDisk *disk = stk_posix_disk_new ();
  g_autofree char *path = g_build_filename (dir, "main.conf", NULL);

  stk_config_text_read (t, disk, path, report);
  stk_posix_disk_free (disk);
  return t;
}

static void
test_include (void)
{
  char *dir = test_dir_new ();
  StkReport *report = stk_report_new ();
  StkConfigText *t;
  g_autofree char *keys = NULL;

  put (dir, "main.conf", "first = 1\ninclude = conf.d/*.conf\ninclude = nowhere.d/*.conf\ninclude = one\nlast = 1\n");
  put (dir, "conf.d/20-b.conf", "b = 1\n");
  put (dir, "conf.d/10-a.conf", "a = 1\n");
  put (dir, "conf.d/.hidden.conf", "hidden = 1\n");
  put (dir, "conf.d/ignored.txt", "ignored = 1\n");
  put (dir, "one", "one = 1\ninclude = conf.d/sub/x\n");
  put (dir, "conf.d/sub/x", "x = 1\n");
  t = read_main (dir, report);
  g_assert_cmpuint (stk_report_errors (report), ==, 0);
  for (size_t i = 0; i < stk_config_text_count (t); i++) {
    g_autofree char *before = keys;
    keys = g_strconcat (before ? before : "", stk_config_text_entry (t, i)->key, " ", NULL);
  }
  g_assert_cmpstr (keys, ==, "first a b one x last ");
  stk_config_text_unref (t);

  put (dir, "main.conf", "include = missing\ninclude = *.d/x\ninclude =\na = 1\ninclude = conf.d/10-a.conf\n");
  t = read_main (dir, report);
  g_assert_cmpuint (stk_report_errors (report), ==, 4);
  g_assert_nonnull (strstr (stk_report_error_line (report, 0), "main.conf:1: cannot read the configuration file"));
  g_assert_nonnull (strstr (stk_report_error_line (report, 1), "main.conf:2: include: *.d/x"));
  g_assert_nonnull (strstr (stk_report_error_line (report, 3), "10-a.conf:1: a is set again: it is set at"));
  stk_config_text_unref (t);
  stk_report_free (report);

  report = stk_report_new ();
  put (dir, "main.conf", "include = main.conf\n");
  t = read_main (dir, report);
  g_assert_cmpuint (stk_report_errors (report), ==, 1);
  g_assert_nonnull (strstr (stk_report_error_line (report, 0), "does a file include itself?"));
  stk_config_text_unref (t);
  stk_report_free (report);
  test_dir_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reader/lines", test_lines);
  g_test_add_func ("/reader/bad-lines", test_bad_lines);
  g_test_add_func ("/reader/override", test_override);
  g_test_add_func ("/reader/include", test_include);
  return g_test_run ();
}
