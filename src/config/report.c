/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <glib.h>
#include <stdarg.h>

#define MAX_LINES 1000 /* a file of noise must not fill the memory with complaints */

struct StkReport
{
  GPtrArray *errors, *warnings;
};

StkReport *
stk_report_new (void)
{
  StkReport *r = g_new (StkReport, 1);

  r->errors = g_ptr_array_new_with_free_func (g_free);
  r->warnings = g_ptr_array_new_with_free_func (g_free);
  return r;
}

void
stk_report_free (StkReport *r)
{
  if (r == NULL)
    return;
  g_ptr_array_unref (r->errors);
  g_ptr_array_unref (r->warnings);
  g_free (r);
}

static void
add (GPtrArray *lines, const char *file, unsigned line, const char *fmt, va_list ap)
{
  g_autofree char *text = NULL, *safe = NULL;

  if (lines->len >= MAX_LINES)
    return;
  text = g_strdup_vprintf (fmt, ap);
  safe = g_utf8_make_valid (text, -1);
  for (char *p = safe; *p; p++) /* one problem, one line */
    if ((unsigned char)*p < 32 || *p == 127)
      *p = '?';
  if (file && line)
    g_ptr_array_add (lines, g_strdup_printf ("%s:%u: %s", file, line, safe));
  else if (file)
    g_ptr_array_add (lines, g_strdup_printf ("%s: %s", file, safe));
  else
    g_ptr_array_add (lines, g_steal_pointer (&safe));
}

bool
stk_report_error (StkReport *r, const char *file, unsigned line, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  add (r->errors, file, line, fmt, ap);
  va_end (ap);
  return false;
}

bool
stk_report_warning (StkReport *r, const char *file, unsigned line, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  add (r->warnings, file, line, fmt, ap);
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
  return g_ptr_array_index (r->errors, i);
}

const char *
stk_report_warning_line (const StkReport *r, size_t i)
{
  return g_ptr_array_index (r->warnings, i);
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
