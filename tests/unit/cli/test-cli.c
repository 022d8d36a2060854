/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line and the output of the tool; its commands are tested in tests/system/test-cli.sh.
 */
#include "cli/cli.h"
#include "cli/out.h"

#include <string.h>

static const CliCommand command = { "area", "name", "ARG..", "Does something.", "  example\n", NULL };

typedef struct Parsed
{
  CliCommon common;
  bool flag;
  const char *text;
  int64_t number;
  GPtrArray *list, *args;
} Parsed;

static int
parse (Parsed *p, const char *line)
{
  CliOpt opts[] = {
    { "flag", 'f', CLI_FLAG, &p->flag, NULL, "" },
    { "text", 't', CLI_STRING, &p->text, "T", "" },
    { "number", 'n', CLI_INT, &p->number, "N", "" },
    { "list", 'l', CLI_LIST, &p->list, "L", "" },
  };
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  int rc;

  *p = (Parsed){ .args = g_ptr_array_new () };
  rc = cli_parse (&command, &p->common, opts, G_N_ELEMENTS (opts), (int)g_strv_length (words), words, p->args);
  /* What the options point to lives in the words: look at it now. */
  if (rc == CLI_GO_ON && strcmp (line, "name -f -t a --number=-5 -lx --list y one -- -two -") == 0) {
    g_assert_true (p->flag);
    g_assert_cmpstr (p->text, ==, "a");
    g_assert_cmpint (p->number, ==, -5);
    g_assert_cmpuint (p->list->len, ==, 2);
    g_assert_cmpstr (p->list->pdata[1], ==, "y");
    g_assert_cmpuint (p->args->len, ==, 3);
    g_assert_cmpstr (p->args->pdata[1], ==, "-two");
  }
  if (p->list)
    g_ptr_array_free (p->list, TRUE);
  g_ptr_array_free (p->args, TRUE);
  return rc;
}

static void
test_options (void)
{
  Parsed p;

  g_assert_cmpint (parse (&p, "name -f -t a --number=-5 -lx --list y one -- -two -"), ==, CLI_GO_ON);
  g_assert_cmpint (parse (&p, "name"), ==, CLI_GO_ON);
  g_assert_cmpstr (p.common.bootstrap, ==, "127.0.0.1:9092");
  g_assert_cmpint (p.common.timeout_ms, ==, 10000);
}

static void
test_wrong (void)
{
  static const char *const lines[] = { "name --nothing",  "name -q",          "name -t",
                                       "name --number=x", "name -n 5x",       "name --flag=1",
                                       "name -fx",        "name --timeout 0", "name -n 99999999999999999999" };
  Parsed p;

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpint (parse (&p, lines[i]), ==, CLI_USAGE);
}

static void
test_unescape (void)
{
  static const struct
  {
    const char *text, *want;
    size_t len;
  } rows[] = {
    { "a\\tb", "a\tb", 3 }, { "\\x41\\x00", "A\0", 2 }, { "\\\\n", "\\n", 2 }, { "\\q\\", "q\\", 2 }, { "", "", 0 }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    size_t len;
    g_autofree char *got = cli_unescape (rows[i].text, &len);
    g_assert_cmpmem (got, len, rows[i].want, rows[i].len);
  }
}

static void
test_time (void)
{
  int64_t now = g_get_real_time () / 1000, t;
  char text[32];

  g_assert_true (cli_time ("1700000000000", &t));
  g_assert_cmpint (t, ==, 1700000000000);
  g_assert_true (cli_time ("2h", &t));
  g_assert_cmpint (t, >=, now - 7200000);
  g_assert_cmpint (t, <=, now - 7200000 + 5000);
  g_assert_true (cli_time ("2026-11-21T10:00:00Z", &t));
  cli_format_time (t, text);
  g_assert_cmpstr (text, ==, "2026-11-21T10:00:00.000Z");
  cli_format_time (-1, text);
  g_assert_cmpstr (text, ==, "-");
  g_assert_false (cli_time ("yesterday", &t));
  g_assert_false (cli_time ("5x", &t));
}

static void
test_json (void)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "a", "x\"\\\n\x01");
  cli_json_str (&j, "bytes", (StokerStr){ "\xff", 1 });
  cli_json_null (&j, "n");
  cli_json_ints (&j, "l", (int32_t[]){ 1, -2 }, 2);
  cli_json_begin (&j, "o", '{');
  cli_json_end (&j, '}');
  cli_json_bool (&j, "b", true);
  cli_json_end (&j, '}');
  g_assert_cmpstr (
      j.out->str, ==,
      "{\"a\":\"x\\\"\\\\\\n\\u0001\",\"bytes\":\"\xef\xbf\xbd\",\"n\":null,\"l\":[1,-2],\"o\":{},\"b\":true}");
  g_string_free (j.out, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("STOKER_BOOTSTRAP");
  g_test_add_func ("/cli/options", test_options);
  g_test_add_func ("/cli/wrong", test_wrong);
  g_test_add_func ("/cli/unescape", test_unescape);
  g_test_add_func ("/cli/time", test_time);
  g_test_add_func ("/cli/json", test_json);
  return g_test_run ();
}
