/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct CliProgress
{
  bool on, shown;
  gint64 next_us;
};

CliProgress *
cli_progress_new (bool wanted)
{
  CliProgress *p = g_new0 (CliProgress, 1);

  p->on = wanted && isatty (STDERR_FILENO);
  p->next_us = g_get_monotonic_time () + 300000; /* what is done by then needs no line */
  return p;
}

void
cli_progress (CliProgress *p, const char *fmt, ...)
{
  struct winsize w = { 0 };
  g_autofree char *text = NULL, *cut = NULL;
  gint64 now = g_get_monotonic_time ();
  va_list ap;

  if (!p->on || now < p->next_us)
    return;
  p->next_us = now + 200000;
  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  (void)ioctl (STDERR_FILENO, TIOCGWINSZ, &w);
  cut = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), (w.ws_col > 1 ? w.ws_col : 80) - 1));
  fprintf (stderr, "\r\033[K%s", cut);
  fflush (stderr);
  p->shown = true;
}

void
cli_progress_clear (CliProgress *p)
{
  if (p && p->shown)
    fprintf (stderr, "\r\033[K");
  if (p)
    p->shown = false;
}

void
cli_progress_free (CliProgress *p)
{
  cli_progress_clear (p);
  g_free (p);
}
