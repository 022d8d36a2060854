/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/out.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct CliTable
{
  GPtrArray *cells; /* char *, the headers first */
  guint columns;
};

CliTable *
cli_table_new (const char *const *headers)
{
  CliTable *t = g_new0 (CliTable, 1);

  t->cells = g_ptr_array_new_with_free_func (g_free);
  for (; headers[t->columns]; t->columns++)
    g_ptr_array_add (t->cells, g_strdup (headers[t->columns]));
  return t;
}

void
cli_table_cell (CliTable *t, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  g_ptr_array_add (t->cells, g_strdup_vprintf (fmt, ap));
  va_end (ap);
}

void
cli_table_str (CliTable *t, StokerStr s)
{
  g_ptr_array_add (t->cells, s.data ? g_utf8_make_valid (s.data, (gssize)s.len) : g_strdup ("-"));
}

static bool
is_number (const char *s)
{
  const char *digits = "0123456789";

  if (strcmp (s, "-") == 0)
    return true;
  s += *s == '-';
  return *s && strspn (s, digits) == strlen (s);
}

void
cli_table_print (CliTable *t)
{
  g_autofree int *width = g_new0 (int, t->columns);
  g_autofree bool *right = g_new (bool, t->columns);

  for (guint c = 0; c < t->columns; c++)
    right[c] = t->cells->len > t->columns;
  for (guint i = 0; i < t->cells->len; i++) {
    const char *s = t->cells->pdata[i];
    width[i % t->columns] = MAX (width[i % t->columns], (int)g_utf8_strlen (s, -1));
    if (i >= t->columns && !is_number (s))
      right[i % t->columns] = false;
  }
  for (guint i = 0; i < t->cells->len; i++) {
    guint c = i % t->columns;
    const char *s = t->cells->pdata[i];
    int pad = width[c] - (int)g_utf8_strlen (s, -1);
    bool last = c + 1 == t->columns;
    printf ("%*s%s%*s%s", right[c] ? pad : 0, "", s, right[c] || last ? 0 : pad, "", last ? "\n" : "  ");
  }
  g_ptr_array_free (t->cells, TRUE);
  g_free (t);
}

/* ---- JSON */

static void
put_string (GString *out, const char *s, size_t len)
{
  g_autofree char *valid = g_utf8_make_valid (s, (gssize)len);

  g_string_append_c (out, '"');
  for (const char *p = valid; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\')
      g_string_append_printf (out, "\\%c", c);
    else if (c == '\n')
      g_string_append (out, "\\n");
    else if (c == '\t')
      g_string_append (out, "\\t");
    else if (c < 0x20)
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_c (out, (char)c);
  }
  g_string_append_c (out, '"');
}

static void
before (CliJson *j, const char *key)
{
  if (j->out == NULL)
    j->out = g_string_new (NULL);
  if (j->comma)
    g_string_append_c (j->out, ',');
  j->comma = true;
  if (key) {
    put_string (j->out, key, strlen (key));
    g_string_append_c (j->out, ':');
  }
}

void
cli_json_begin (CliJson *j, const char *key, char bracket)
{
  before (j, key);
  g_string_append_c (j->out, bracket);
  j->comma = false;
}

void
cli_json_end (CliJson *j, char bracket)
{
  g_string_append_c (j->out, bracket);
  j->comma = true;
}

void
cli_json_str (CliJson *j, const char *key, StokerStr s)
{
  before (j, key);
  if (s.data)
    put_string (j->out, s.data, s.len);
  else
    g_string_append (j->out, "null");
}

void
cli_json_text (CliJson *j, const char *key, const char *s)
{
  cli_json_str (j, key, stoker_str (s));
}

void
cli_json_int (CliJson *j, const char *key, int64_t v)
{
  before (j, key);
  g_string_append_printf (j->out, "%" G_GINT64_FORMAT, v);
}

void
cli_json_real (CliJson *j, const char *key, double v)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  before (j, key);
  g_string_append (j->out, isfinite (v) ? g_ascii_formatd (text, sizeof text, "%.6g", v) : "null");
}

void
cli_json_bool (CliJson *j, const char *key, bool v)
{
  before (j, key);
  g_string_append (j->out, v ? "true" : "false");
}

void
cli_json_raw (CliJson *j, const char *key, const char *json)
{
  before (j, key);
  g_string_append (j->out, json);
}

void
cli_json_null (CliJson *j, const char *key)
{
  cli_json_str (j, key, STOKER_STR_NULL);
}

void
cli_json_ints (CliJson *j, const char *key, const int32_t *v, int32_t n)
{
  cli_json_begin (j, key, '[');
  for (int32_t i = 0; i < n; i++)
    cli_json_int (j, NULL, v[i]);
  cli_json_end (j, ']');
}

void
cli_json_print (CliJson *j)
{
  g_string_append_c (j->out, '\n');
  fwrite (j->out->str, 1, j->out->len, stdout);
  g_string_free (j->out, TRUE);
  *j = (CliJson){ 0 };
}

/* ---- standard output */

CliOutput
cli_output_flush (void)
{
  struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };

  if (fflush (stdout) == 0 && !ferror (stdout))
    return CLI_OUTPUT_OK;
  /* errno is of whatever came last; the pipe itself knows whether anybody reads. */
  return poll (&p, 1, 0) == 1 && (p.revents & POLLERR) ? CLI_OUTPUT_UNREAD : CLI_OUTPUT_LOST;
}

/* ---- small texts */

const char *
cli_s (uint64_t n)
{
  return n == 1 ? "" : "s";
}

char *
cli_int_list (const int32_t *v, int32_t n)
{
  GString *s = g_string_new (NULL);

  for (int32_t i = 0; i < n; i++)
    g_string_append_printf (s, "%s%d", i ? "," : "", v[i]);
  return g_string_free (s, FALSE);
}

void
cli_format_time (int64_t ms, char out[32])
{
  g_autoptr (GDateTime) t = ms < 0 ? NULL : g_date_time_new_from_unix_utc (ms / 1000);
  g_autofree char *text = t ? g_date_time_format (t, "%Y-%m-%dT%H:%M:%S") : NULL;

  if (text)
    g_snprintf (out, 32, "%s.%03dZ", text, (int)(ms % 1000));
  else
    g_snprintf (out, 32, "-");
}
