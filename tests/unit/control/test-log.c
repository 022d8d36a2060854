/* SPDX-License-Identifier: Apache-2.0 */
#include "control/log.h"
#include "test-host.h"
#include "world/disk.h"

#include <glib.h>
#include <json-glib/json-glib.h>

typedef struct Fixture
{
  int64_t now;
  GString *out;
  StkLog *log;
} Fixture;

static int64_t
clock_now (void *user)
{
  return ((Fixture *)user)->now;
}

static void
sink (void *user, StokerLogLevel level, const char *event, const char *line, size_t len)
{
  g_string_append_len (((Fixture *)user)->out, line, (gssize)len);
}

static void
set_up (Fixture *f, const void *data)
{
  f->now = INT64_C (1700000000123);
  f->out = g_string_new (NULL);
  f->log = stk_log_new (clock_now, f, STK_LOG_TEXT, sink, f);
}

static void
tear_down (Fixture *f, const void *data)
{
  stk_log_free (f->log);
  g_string_free (f->out, TRUE);
}

static void
test_text (Fixture *f, const void *data)
{
  stk_log (f->log, STOKER_LOG_INFO, "net", "conn.closed", "closed | peer=%s bytes=%d", "1.2.3.4:5", 7);
  g_assert_cmpstr (f->out->str, ==, "2023-11-14T22:13:20.123Z info  net conn.closed: closed peer=1.2.3.4:5 bytes=7\n");
  g_string_truncate (f->out, 0);
  stk_log (f->log, STOKER_LOG_ERROR, "net", "x", "client %s", "a\nforged line\x1b[31m");
  g_assert_cmpstr (f->out->str, ==, "2023-11-14T22:13:20.123Z error net x: client a\\x0aforged line\\x1b[31m\n");
}

static const char *
member (JsonNode *root, const char *name)
{
  return json_object_get_string_member (json_node_get_object (root), name);
}

static void
test_json (Fixture *f, const void *data)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  GError *error = NULL;
  JsonNode *root;

  stk_log_set_format (f->log, STK_LOG_JSON);
  stk_log (f->log, STOKER_LOG_WARN, "net", "odd", "said \"%s\" | client=my \"own\" id bytes=%d", "hi\x01\xff", 3);
  json_parser_load_from_data (parser, f->out->str, -1, &error);
  g_assert_no_error (error);
  root = json_parser_get_root (parser);
  g_assert_cmpstr (member (root, "time"), ==, "2023-11-14T22:13:20.123Z");
  g_assert_cmpstr (member (root, "level"), ==, "warn");
  g_assert_cmpstr (member (root, "text"), ==, "said \"hi\x01\xef\xbf\xbd\"");
  g_assert_cmpstr (member (root, "client"), ==, "my \"own\" id");
  g_assert_cmpstr (member (root, "bytes"), ==, "3");
}

static void
test_levels (Fixture *f, const void *data)
{
  g_assert_false (stk_log_enabled (f->log, "net", STOKER_LOG_DEBUG));
  stk_log_set_level (f->log, "storage", STOKER_LOG_DEBUG);
  stk_log_set_level (f->log, "storage/quiet", STOKER_LOG_ERROR);
  g_assert_true (stk_log_enabled (f->log, "storage/segment", STOKER_LOG_DEBUG));
  g_assert_false (stk_log_enabled (f->log, "storage/quiet", STOKER_LOG_WARN));
  g_assert_false (stk_log_enabled (f->log, "net", STOKER_LOG_DEBUG));
  stk_log_set_level (f->log, NULL, STOKER_LOG_WARN);
  g_assert_false (stk_log_enabled (f->log, "net", STOKER_LOG_INFO));
  stk_log_reset_levels (f->log);
  g_assert_false (stk_log_enabled (f->log, "storage/segment", STOKER_LOG_INFO));
  stk_log (f->log, STOKER_LOG_INFO, "net", "x", "not written");
  g_assert_cmpuint (f->out->len, ==, 0);
}

static unsigned
lines (const char *s)
{
  unsigned n = 0;

  for (; *s; s++)
    n += *s == '\n';
  return n;
}

static void
test_rate (Fixture *f, const void *data)
{
  for (int i = 0; i < STK_LOG_BURST + 10; i++)
    stk_log (f->log, STOKER_LOG_WARN, "net", "flood", "line");
  g_assert_cmpuint (lines (f->out->str), ==, STK_LOG_BURST);
  stk_log (f->log, STOKER_LOG_WARN, "net", "other", "gets through");
  g_assert_cmpuint (lines (f->out->str), ==, STK_LOG_BURST + 1);
  f->now += 1000;
  g_string_truncate (f->out, 0);
  stk_log (f->log, STOKER_LOG_WARN, "net", "flood", "line");
  g_assert_nonnull (strstr (f->out->str, "suppressed=10"));
}

static void
test_file (Fixture *f, const void *data)
{
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "stoker.log", NULL), *text = NULL;
  g_autofree char *nowhere = g_build_filename (dir, "no", "such", "file", NULL);
  StokerDisk *disk = stk_posix_disk_new ();
  StokerError err = { 0 };

  g_assert_true (g_file_set_contents (path, "before\n", -1, NULL));
  g_assert_cmpint (stk_log_to_file (f->log, disk, path, &err), ==, 0);
  stk_log (f->log, STOKER_LOG_INFO, "net", "a", "one");
  g_assert_cmpint (stk_log_to_file (f->log, disk, nowhere, &err), ==, -1);
  g_assert_nonnull (strstr (err.text, nowhere));
  stk_log (f->log, STOKER_LOG_INFO, "net", "a", "two");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "before\n2023"));
  g_assert_cmpuint (lines (text), ==, 3);
  g_assert_cmpuint (f->out->len, ==, 0);
  stk_log_free (g_steal_pointer (&f->log));
  stk_posix_disk_free (disk);
  test_dir_free (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/log/text", Fixture, NULL, set_up, test_text, tear_down);
  g_test_add ("/log/json", Fixture, NULL, set_up, test_json, tear_down);
  g_test_add ("/log/levels", Fixture, NULL, set_up, test_levels, tear_down);
  g_test_add ("/log/rate", Fixture, NULL, set_up, test_rate, tear_down);
  g_test_add ("/log/file", Fixture, NULL, set_up, test_file, tear_down);
  return g_test_run ();
}
