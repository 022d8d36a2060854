/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <glib.h>

static const StkJson *
parse (StokerArena *a, const char *text)
{
  StokerError err = { 0 };
  const StkJson *v = stk_json_parse (a, text, strlen (text), &err);

  g_assert_true ((v == NULL) == (err.text[0] != '\0'));
  if (v == NULL)
    g_test_message ("%s: %s", text, err.text);
  return v;
}

static void
test_good (void)
{
  g_autoptr (StokerArena) a = stoker_arena_new (0);
  const StkJson *o = parse (a, " {\"version\":1, \"list\" : [1,-2, 3.5,\"x\", [], {} ,null,true,false],\n"
                               "\"text\":\"a\\n\\\"\\u00e4\\ud83d\\ude00/\\/\",\"big\":9223372036854775807,"
                               "\"bigger\":9223372036854775808,\"e\":1e3,\"twice\":1,\"twice\":2,\"empty\":\"\"} ");
  const StkJson *list = stk_json_typed (o, "list", STK_JSON_ARRAY), *v;

  g_assert_nonnull (o);
  g_assert_cmpuint (o->n, ==, 9);
  g_assert_cmpint (stk_json_int (o, "version", -1), ==, 1);
  g_assert_cmpint (stk_json_int (o, "none", -1), ==, -1);
  g_assert_cmpint (stk_json_int (o, "text", -1), ==, -1);
  g_assert_cmpint (stk_json_int (o, "big", -1), ==, INT64_MAX);
  g_assert_nonnull (stk_json_typed (o, "bigger", STK_JSON_DOUBLE));
  g_assert_cmpfloat (stk_json_typed (o, "e", STK_JSON_DOUBLE)->u.d, ==, 1000.0);
  g_assert_cmpint (stk_json_int (o, "twice", -1), ==, 2);
  g_assert_cmpstr (stk_json_text (o, "text", NULL), ==, "a\n\"\xc3\xa4\xf0\x9f\x98\x80//");
  g_assert_cmpstr (stk_json_text (o, "empty", NULL), ==, "");
  g_assert_cmpuint (list->n, ==, 9);
  v = list->u.first;
  g_assert_cmpint (v->u.i, ==, 1);
  g_assert_cmpint (v->next->u.i, ==, -2);
  g_assert_cmpfloat (v->next->next->u.d, ==, 3.5);
  g_assert_null (stk_json_member (list, "x"));
  g_assert_null (stk_json_member (NULL, "x"));
  g_assert_cmpint (parse (a, "7")->u.i, ==, 7);
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    "",         " ",        "{",          "}",        "[1,]",        "[1 2]",       "{\"a\"}",
    "{\"a\":}", "{a:1}",    "{\"a\":1,}", "\"abc",    "\"\\x\"",     "\"\\u12\"",   "tru",
    "-",        "1-",       "1.2.3",      "[1]x",     "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
    "nul",      "\"a\nb\"", "\xff",       "\"\xc3\"", "[",           "{\"a\":1",    "\"\\",
  };
  g_autoptr (StokerArena) a = stoker_arena_new (0);
  g_autofree char *deep = g_strnfill (100000, '[');

  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (parse (a, bad[i]));
  g_assert_null (parse (a, deep));
}

/* Every beginning of a good text is refused or parsed, never read beyond. */
static void
test_cut (void)
{
  static const char text[]
      = "{\"partitions\":{\"0\":[1,2,3],\"1\":[2]},\"id\":\"\\u00e4\\\\x\",\"b\":true,\"n\":null,\"d\":1.5e-3}";

  for (size_t n = 0; n < sizeof text - 1; n++) {
    g_autoptr (StokerArena) a = stoker_arena_new (0);
    g_autofree char *exact = g_memdup2 (text, n ? n : 1);
    StokerError err;
    g_assert_null (stk_json_parse (a, exact, n, &err));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/good", test_good);
  g_test_add_func ("/json/bad", test_bad);
  g_test_add_func ("/json/cut", test_cut);
  return g_test_run ();
}
