/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"

#include <errno.h>
#include <fnmatch.h>
#include <glib.h>

struct StkConfigText
{
  unsigned refs;
  GPtrArray *entries; /* StkConfigEntry */
  GHashTable *by_key; /* key -> StkConfigEntry, those that must not repeat */
  GStringChunk *strings;
  unsigned n_files;
};

typedef struct Source
{
  StkConfigText *text;
  StokerDisk *disk;
  StkReport *report;
  const char *file; /* interned */
  const char *dir;
  unsigned depth;
} Source;

static void read_file (Source *from, const char *path, unsigned line);

StkConfigText *
stk_config_text_new (void)
{
  StkConfigText *t = g_new0 (StkConfigText, 1);

  t->refs = 1;
  t->entries = g_ptr_array_new_with_free_func (g_free);
  t->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  t->strings = g_string_chunk_new (1024);
  return t;
}

StkConfigText *
stk_config_text_ref (StkConfigText *t)
{
  t->refs++;
  return t;
}

void
stk_config_text_unref (StkConfigText *t)
{
  if (t == NULL || --t->refs > 0)
    return;
  g_ptr_array_unref (t->entries);
  g_hash_table_unref (t->by_key);
  g_string_chunk_free (t->strings);
  g_free (t);
}

static bool
may_repeat (const char *key)
{
  return strcmp (key, "load") == 0;
}

static StkConfigEntry *
add_entry (StkConfigText *t, const char *key, const char *value)
{
  StkConfigEntry *e = g_new0 (StkConfigEntry, 1);

  e->key = g_string_chunk_insert_const (t->strings, key);
  e->value = g_string_chunk_insert (t->strings, value);
  g_ptr_array_add (t->entries, e);
  if (!may_repeat (key))
    g_hash_table_insert (t->by_key, (char *)e->key, e);
  return e;
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static bool
collect (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

/* Reads all files whose name matches; `dir` and `pattern` come from the include line. */
static void
include_matching (Source *s, const char *dir, const char *pattern, unsigned line)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int rc = stoker_disk_list (s->disk, dir, collect, names);

  if (rc == -ENOENT)
    return; /* conf.d need not exist */
  if (rc < 0) {
    stk_report_error (s->report, s->file, line, "include: cannot list %s: %s", dir, g_strerror (-rc));
    return;
  }
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    if (fnmatch (pattern, name, FNM_PERIOD) == 0) {
      g_autofree char *path = g_build_filename (dir, name, NULL);
      read_file (s, path, line);
    }
  }
}

static void
include (Source *s, const char *value, unsigned line)
{
  g_autofree char *path = NULL, *dir = NULL, *base = NULL;

  if (s->disk == NULL) {
    stk_report_error (s->report, s->file, line, "include: there are no files to include from here");
    return;
  }
  if (*value == '\0') {
    stk_report_error (s->report, s->file, line, "include: no file is named");
    return;
  }
  path = g_path_is_absolute (value) || s->dir == NULL ? g_strdup (value) : g_build_filename (s->dir, value, NULL);
  dir = g_path_get_dirname (path);
  base = g_path_get_basename (path);
  if (strpbrk (dir, "*?["))
    stk_report_error (s->report, s->file, line, "include: %s: only the last part of the path may hold * and ?", value);
  else if (strpbrk (base, "*?["))
    include_matching (s, dir, base, line);
  else
    read_file (s, path, line);
}

static void
take (Source *s, unsigned line, const char *key, const char *value)
{
  StkConfigText *t = s->text;
  StkConfigEntry *e;

  if (strcmp (key, "include") == 0) {
    include (s, value, line);
    return;
  }
  e = g_hash_table_lookup (t->by_key, key);
  if (e && e->file)
    stk_report_error (s->report, s->file, line, "%s is set again: it is set at %s:%u; leave one of them", key, e->file,
                      e->line);
  if (e)
    return;
  e = add_entry (t, key, value);
  e->file = s->file;
  e->line = line;
  e->dir = s->dir;
}

static void
parse_line (Source *s, unsigned line, char *text)
{
  char *equals;

  if (text[0] == '#' || g_strstrip (text)[0] == '\0')
    return;
  equals = strchr (text, '=');
  if (equals == NULL) {
    stk_report_error (s->report, s->file, line, "\"%.60s\" is not of the form key = value", text);
    return;
  }
  *equals = '\0';
  g_strchomp (text);
  if (*text == '\0')
    stk_report_error (s->report, s->file, line, "there is no key before the =");
  else if (strpbrk (text, " \t"))
    stk_report_error (s->report, s->file, line, "the key \"%.60s\" has a blank in it", text);
  else
    take (s, line, text, g_strchug (equals + 1));
}

static void
parse_all (Source *s, const char *data, size_t len)
{
  unsigned line = 1;

  if (len >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0) { /* what Windows editors put first */
    data += 3;
    len -= 3;
  }
  if (len && memchr (data, '\0', len)) {
    stk_report_error (s->report, s->file, 0, "is not a text file: it holds a zero byte");
    return;
  }
  while (len > 0) {
    const char *end = memchr (data, '\n', len);
    size_t n = end ? (size_t)(end - data) : len;
    g_autofree char *text = g_strndup (data, n);
    parse_line (s, line++, text);
    n += end != NULL;
    data += n;
    len -= n;
  }
}

void
stk_config_text_parse (StkConfigText *t, StokerDisk *disk, const char *name, const char *data, size_t len,
                       StkReport *report)
{
  Source s = { t, disk, report, g_string_chunk_insert_const (t->strings, name), NULL, 0 };

  parse_all (&s, data, len);
}

/* `line`: of the include in `from`; 0: the main file. */
static void
read_file (Source *from, const char *path, unsigned line)
{
  StkConfigText *t = from->text;
  Source s = *from;
  g_autofree char *dir = g_path_get_dirname (path);
  const char *blame = line ? from->file : NULL;
  StokerBuf data = { 0 };
  int rc;

  s.file = g_string_chunk_insert_const (t->strings, path);
  s.dir = g_string_chunk_insert_const (t->strings, dir);
  s.depth++;
  if (s.depth > STK_CONFIG_MAX_DEPTH || t->n_files >= STK_CONFIG_MAX_FILES) {
    stk_report_error (s.report, blame, line,
                      "include: %s: more than %u files deep or %u files in all: does a file include itself?", path,
                      STK_CONFIG_MAX_DEPTH, STK_CONFIG_MAX_FILES);
    return;
  }
  t->n_files++;
  stk_report_file (s.report, path);
  rc = stoker_disk_read_all (s.disk, path, STK_CONFIG_MAX_FILE, &data);
  if (rc == -EFBIG)
    stk_report_error (s.report, blame, line, "%s is larger than a configuration file may be (%u bytes)", path,
                      STK_CONFIG_MAX_FILE);
  else if (rc < 0)
    stk_report_error (s.report, blame, line, "cannot read the configuration file %s: %s", path, g_strerror (-rc));
  else
    parse_all (&s, (const char *)data.data, data.len);
  stoker_buf_clear (&data);
}

void
stk_config_text_read (StkConfigText *t, StokerDisk *disk, const char *path, StkReport *report)
{
  Source s = { t, disk, report, NULL, NULL, 0 };

  read_file (&s, path, 0);
}

void
stk_config_text_override (StkConfigText *t, const char *assignment, StkReport *report)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *key = equals ? g_strndup (assignment, (gsize)(equals - assignment)) : NULL;
  g_autofree char *value = equals ? g_strstrip (g_strdup (equals + 1)) : NULL;
  StkConfigEntry *e;

  if (key == NULL || g_strstrip (key)[0] == '\0') {
    stk_report_error (report, NULL, 0, "\"%s\" on the command line is not of the form key=value", assignment);
    return;
  }
  if (strcmp (key, "include") == 0) {
    stk_report_error (report, NULL, 0, "include: cannot be given on the command line");
    return;
  }
  e = g_hash_table_lookup (t->by_key, key);
  if (e == NULL)
    e = add_entry (t, key, "");
  e->value = g_string_chunk_insert (t->strings, value);
  e->file = e->dir = NULL;
  e->line = 0;
}

size_t
stk_config_text_count (const StkConfigText *t)
{
  return t->entries->len;
}

const StkConfigEntry *
stk_config_text_entry (const StkConfigText *t, size_t i)
{
  return g_ptr_array_index (t->entries, i);
}
