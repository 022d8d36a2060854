/* SPDX-License-Identifier: Apache-2.0 */
#include "module/nearest.h"
#include "module/option.h"

#include <glib.h>

typedef struct Conf
{
  bool on;
  int32_t mode;
  int64_t count, bytes, wait, hours;
  double ratio;
  const char *text, *path, *key;
  const char *const *names;
} Conf;

#define ROW(n, t, d, ...)                                                                                              \
  {                                                                                                                    \
    .name = n, .type = STOKER_OPTION_##t, .def = d, .summary = "s", __VA_ARGS__                                        \
  }
static const StokerOption rows[] = {
  ROW ("on", BOOL, "true", .offset = offsetof (Conf, on)),
  ROW ("mode", ENUM, "slow", .words = "fast slow sideways", .offset = offsetof (Conf, mode)),
  ROW ("count", INT, "3", .min = "-1", .max = "10", .offset = offsetof (Conf, count)),
  ROW ("bytes", SIZE, "64MiB", .min = "1KiB", .max = "1TiB", .offset = offsetof (Conf, bytes)),
  ROW ("wait", DURATION, "250ms", .min = "-1", .unit = "ms", .offset = offsetof (Conf, wait)),
  ROW ("hours", DURATION, "168", .unit = "hours", .offset = offsetof (Conf, hours)),
  ROW ("ratio", DOUBLE, "0.5", .min = "0", .max = "1", .offset = offsetof (Conf, ratio)),
  ROW ("text", STRING, NULL, .offset = offsetof (Conf, text)),
  ROW ("path", PATH, "x", .offset = offsetof (Conf, path)),
  ROW ("key", STRING, NULL, .flags = STOKER_OPTION_SECRET, .offset = offsetof (Conf, key)),
  ROW ("names", LIST, "a, b", .words = "a b c", .offset = offsetof (Conf, names)),
};
#define N G_N_ELEMENTS (rows)

static const StokerOption *
row (const char *name)
{
  const StokerOption *r = stk_option_find (rows, N, name);

  g_assert_nonnull (r);
  return r;
}

static void
good (Conf *c, const char *name, const char *text, const char *shown)
{
  StokerError err = { 0 };
  g_autofree char *out = NULL;

  if (stk_option_parse (row (name), text, "/etc/stoker", c, &err) < 0)
    g_error ("%s = %s: %s", name, text, err.text);
  out = stk_option_format (row (name), c);
  g_assert_cmpstr (out, ==, shown);
}

static void
bad (Conf *c, const char *name, const char *text, const char *why)
{
  StokerError err = { 0 };
  g_autofree char *before = stk_option_format (row (name), c), *after = NULL;

  g_assert_cmpint (stk_option_parse (row (name), text, NULL, c, &err), ==, -1);
  if (strstr (err.text, why) == NULL)
    g_error ("%s = %s says \"%s\", not \"%s\"", name, text, err.text, why);
  after = stk_option_format (row (name), c);
  g_assert_cmpstr (before, ==, after);
}

static Conf
fresh (void)
{
  Conf c = { 0 };

  g_assert_cmpint (stk_options_defaults (rows, N, &c, NULL), ==, 0);
  return c;
}

static void
test_defaults (void)
{
  Conf c = fresh ();

  g_assert_true (c.on);
  g_assert_cmpint (c.mode, ==, 1);
  g_assert_cmpint (c.count, ==, 3);
  g_assert_cmpint (c.bytes, ==, 64 << 20);
  g_assert_cmpint (c.wait, ==, 250);
  g_assert_cmpint (c.hours, ==, 7 * 86400000);
  g_assert_cmpfloat (c.ratio, ==, 0.5);
  g_assert_null (c.text);
  g_assert_cmpstr (c.path, ==, "x");
  g_assert_cmpstr (c.names[1], ==, "b");
  g_assert_null (c.names[2]);
  stk_options_clear (rows, N, &c);
  g_assert_null (c.names);
}

static void
test_good (void)
{
  Conf c = fresh ();

  good (&c, "on", "FALSE", "false");
  good (&c, "mode", "sideways", "sideways");
  good (&c, "count", "-1", "-1");
  good (&c, "bytes", "1073741824", "1GiB");
  good (&c, "bytes", "1025", "1025");
  good (&c, "bytes", "12 KiB", "12KiB");
  good (&c, "wait", "90s", "90s");
  good (&c, "wait", "120000", "2m");
  good (&c, "wait", "-1", "-1");
  good (&c, "wait", "9223372036854775807", "9223372036854775807ms");
  good (&c, "hours", "24", "1d");
  good (&c, "hours", "30m", "30m");
  good (&c, "ratio", "0.25", "0.25");
  good (&c, "text", "anything = at all, # even this", "anything = at all, # even this");
  good (&c, "text", "", "");
  good (&c, "path", "data", "/etc/stoker/data");
  good (&c, "path", "/srv", "/srv");
  good (&c, "key", "hunter2", "[hidden]");
  g_assert_cmpstr (c.key, ==, "hunter2");
  good (&c, "names", "c,a", "c, a");
  good (&c, "names", "", "");
  stk_options_clear (rows, N, &c);
}

static void
test_bad (void)
{
  Conf c = fresh ();

  bad (&c, "on", "yes", "neither true nor false");
  bad (&c, "mode", "sideway", "did you mean \"sideways\"");
  bad (&c, "mode", "", "is not one of: fast slow sideways");
  bad (&c, "count", "11", "the largest allowed is 10");
  bad (&c, "count", "-2", "the smallest allowed is -1");
  bad (&c, "count", "3x", "not a whole number");
  bad (&c, "count", "", "not a whole number");
  bad (&c, "count", "-", "not a whole number");
  bad (&c, "count", "99999999999999999999", "64 bits");
  bad (&c, "bytes", "3MB", "KiB, MiB");
  bad (&c, "bytes", "9999999999TiB", "64 bits");
  bad (&c, "bytes", "1.5GiB", "not a size");
  bad (&c, "wait", "5 fortnights", "not a time");
  bad (&c, "ratio", "nan", "not a number");
  bad (&c, "ratio", "1.5", "largest allowed is 1");
  bad (&c, "names", "a,,b", "empty item");
  bad (&c, "names", "a,d", "not one of: a b c");
  stk_options_clear (rows, N, &c);
}

static void
test_secret (void)
{
  static const StokerOption pin = {
    .name = "pin", .type = STOKER_OPTION_INT, .flags = STOKER_OPTION_SECRET, .def = "0", .max = "9999", .summary = "s"
  };
  int64_t value = 0;
  StokerError err = { 0 };

  g_assert_cmpint (stk_option_parse (&pin, "123456", NULL, &value, &err), ==, -1);
  g_assert_null (strstr (err.text, "123456"));
  g_assert_cmpint (stk_option_parse (&pin, "12x", NULL, &value, &err), ==, -1);
  g_assert_null (strstr (err.text, "12x"));
}

static void
test_copy_and_compare (void)
{
  Conf a = fresh (), b = { 0 };

  good (&a, "text", "t", "t");
  stk_options_copy (rows, N, &a, &b);
  for (size_t i = 0; i < N; i++)
    g_assert_true (stk_option_equal (&rows[i], &a, &b));
  good (&b, "names", "b, a", "b, a");
  good (&b, "wait", "1", "1ms");
  g_assert_false (stk_option_equal (row ("names"), &a, &b));
  g_assert_false (stk_option_equal (row ("wait"), &a, &b));
  stk_options_clear (rows, N, &a);
  stk_options_clear (rows, N, &b);
}

static void
test_bare (void)
{
  Conf c = fresh ();
  g_autofree char *hours = stk_option_format_bare (row ("hours"), &c),
                  *bytes = stk_option_format_bare (row ("bytes"), &c);
  g_autofree char *names = stk_option_format_bare (row ("names"), &c);

  g_assert_cmpstr (hours, ==, "168");
  g_assert_cmpstr (bytes, ==, "67108864");
  g_assert_cmpstr (names, ==, "a,b");
  stk_options_clear (rows, N, &c);
}

static void
refused (StokerOption r, const char *why)
{
  StokerError err = { 0 };

  g_assert_cmpint (stk_options_check_table (&r, 1, sizeof (Conf), &err), ==, -1);
  if (strstr (err.text, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", err.text, why);
}

static void
test_table (void)
{
  StokerError err = { 0 };
  StokerOption twice[2] = { rows[0], rows[0] };

  g_assert_cmpint (stk_options_check_table (rows, N, sizeof (Conf), NULL), ==, 0);
  refused ((StokerOption)ROW ("Upper", INT, "1"), "\"Upper\"");
  refused ((StokerOption)ROW ("x", INT, "one"), "default");
  refused ((StokerOption)ROW ("x", INT, "1", .min = "2"), "default");
  refused ((StokerOption)ROW ("x", INT, "1", .max = "b"), "maximum");
  refused ((StokerOption)ROW ("x", INT, "5", .min = "7", .max = "6"), "minimum");
  refused ((StokerOption)ROW ("x", INT, "1", .offset = sizeof (Conf)), "offset");
  refused ((StokerOption)ROW ("x", INT, "1", .offset = 1), "offset");
  refused ((StokerOption)ROW ("x", INT, "1", .offset = SIZE_MAX - 7), "offset");
  refused ((StokerOption)ROW ("x", INT, NULL), "REQUIRED");
  refused ((StokerOption)ROW ("x", INT, "1", .flags = STOKER_OPTION_REQUIRED), "REQUIRED");
  refused ((StokerOption)ROW ("x", ENUM, "a"), "without words");
  refused ((StokerOption){ .name = "x", .type = 77, .def = "", .summary = "s" }, "type 77");
  refused ((StokerOption){ .name = "x", .type = STOKER_OPTION_INT, .def = "1" }, "no summary");
  g_assert_cmpint (stk_options_check_table (twice, 2, sizeof (Conf), &err), ==, -1);
  g_assert_nonnull (strstr (err.text, "twice"));
}

static void
test_nearest (void)
{
  static const char *const words[] = { "log.retention.ms", "log.retention.bytes", "log.dirs", "listeners" };
  static const struct
  {
    const char *word, *best;
  } cases[] = { { "log.retenton.ms", "log.retention.ms" },
                { "listners", "listeners" },
                { "log.dir", "log.dirs" },
                { "lgo.dirs", "log.dirs" },
                { "completely.else", NULL },
                { "", NULL } };

  g_assert_cmpuint (stk_edit_distance ("abcd", "acbd", 5), ==, 1);
  g_assert_cmpuint (stk_edit_distance ("kitten", "sitting", 5), ==, 3);
  g_assert_cmpuint (stk_edit_distance ("", "abc", 5), ==, 3);
  g_assert_cmpuint (stk_edit_distance ("abcdefgh", "x", 2), ==, 3);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    StkNearest near;
    stk_nearest_begin (&near, cases[i].word);
    for (size_t k = 0; k < G_N_ELEMENTS (words); k++)
      stk_nearest_try (&near, words[k]);
    g_assert_cmpstr (near.best, ==, cases[i].best);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/option/defaults", test_defaults);
  g_test_add_func ("/option/good", test_good);
  g_test_add_func ("/option/bad", test_bad);
  g_test_add_func ("/option/secret", test_secret);
  g_test_add_func ("/option/copy-and-compare", test_copy_and_compare);
  g_test_add_func ("/option/bare", test_bare);
  g_test_add_func ("/option/table", test_table);
  g_test_add_func ("/option/nearest", test_nearest);
  return g_test_run ();
}
