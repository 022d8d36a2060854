/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <glib.h>
#include <stdarg.h>

#define MAX_LINES 1000 /* a file of noise must not fill the memory with complaints */

typedef struct Line
{
  guint file; /* place in `files`; G_MAXUINT: none, which comes last */
  unsigned line;
  char *text;
} Line;

struct StkReport
{
  GArray *errors, *warnings; /* Line, in the order of the files */
  GPtrArray *files;          /* names, in the order in which they are read */
};

static void
line_clear (void *line)
{
  g_free (((Line *)line)->text);
}

static GArray *
lines_new (void)
{
  GArray *a = g_array_new (FALSE, FALSE, sizeof (Line));

  g_array_set_clear_func (a, line_clear);
  return a;
}

StkReport *
stk_report_new (void)
{
  StkReport *r = g_new (StkReport, 1);

  r->errors = lines_new ();
  r->warnings = lines_new ();
  r->files = g_ptr_array_new_with_free_func (g_free);
  return r;
}

void
stk_report_free (StkReport *r)
{
  if (r == NULL)
    return;
  g_array_unref (r->errors);
  g_array_unref (r->warnings);
  g_ptr_array_unref (r->files);
  g_free (r);
}

static guint
file_number (StkReport *r, const char *file)
{
  guint i;

  if (file == NULL)
    return G_MAXUINT;
  if (!g_ptr_array_find_with_equal_func (r->files, file, g_str_equal, &i)) {
    i = r->files->len;
    g_ptr_array_add (r->files, g_strdup (file));
  }
  return i;
}

void
stk_report_file (StkReport *r, const char *file)
{
  (void)file_number (r, file);
}

/* Behind everything that does not stand further down in the files. */
static void
insert (GArray *lines, Line line)
{
  guint at = lines->len;

  for (; at > 0; at--) {
    const Line *before = &g_array_index (lines, Line, at - 1);
    if (before->file < line.file || (before->file == line.file && before->line <= line.line))
      break;
  }
  g_array_insert_val (lines, at, line);
}

static void
add (StkReport *r, GArray *lines, const char *file, unsigned line, const char *fmt, va_list ap)
{
  Line l = { file_number (r, file), line, NULL };
  g_autofree char *text = NULL, *safe = NULL;

  if (lines->len >= MAX_LINES)
    return;
  text = g_strdup_vprintf (fmt, ap);
  safe = g_utf8_make_valid (text, -1);
  for (char *p = safe; *p; p++) /* one problem, one line */
    if ((unsigned char)*p < 32 || *p == 127)
      *p = '?';
  if (file && line)
    l.text = g_strdup_printf ("%s:%u: %s", file, line, safe);
  else if (file)
    l.text = g_strdup_printf ("%s: %s", file, safe);
  else
    l.text = g_steal_pointer (&safe);
  insert (lines, l);
}

bool
stk_report_error (StkReport *r, const char *file, unsigned line, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  add (r, r->errors, file, line, fmt, ap);
  va_end (ap);
  return false;
}

bool
stk_report_warning (StkReport *r, const char *file, unsigned line, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  add (r, r->warnings, file, line, fmt, ap);
  va_end (ap);
  return false;
}

size_t
stk_report_errors (const StkReport *r)
{
  return r->errors->len;
}

size_t
stk_report_warnings (const StkReport *r)
{
  return r->warnings->len;
}

const char *
stk_report_error_line (const StkReport *r, size_t i)
{
  return g_array_index (r->errors, Line, i).text;
}

const char *
stk_report_warning_line (const StkReport *r, size_t i)
{
  return g_array_index (r->warnings, Line, i).text;
}

int
stk_report_to_error (const StkReport *r, StokerError *err)
{
  if (r->errors->len == 0)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "no error was reported");
  if (r->errors->len == 1)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s", stk_report_error_line (r, 0));
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s (and %u more)", stk_report_error_line (r, 0),
                           r->errors->len - 1);
}
