/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_process.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char *
proc_file (int64_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

/* The number behind "NAME:" at the start of a line; `otherwise` where there is none. */
static int64_t
value_of (const char *text, const char *name, int64_t otherwise)
{
  g_autofree char *line = g_strdup_printf ("\n%s:", name);
  const char *at;

  if (text == NULL)
    return otherwise;
  if (g_str_has_prefix (text, line + 1))
    return g_ascii_strtoll (text + strlen (line) - 1, NULL, 10);
  at = strstr (text, line);
  return at ? g_ascii_strtoll (at + strlen (line), NULL, 10) : otherwise;
}

/* utime and stime are the 14th and 15th field; the second is a name that may hold anything. */
static double
cpu_of (const char *stat)
{
  const char *at = strrchr (stat, ')');
  char *end;
  double ticks;

  for (int i = 2; at && i < 14; i++)
    at = strchr (at + 1, ' ');
  if (at == NULL)
    return 0;
  ticks = (double)g_ascii_strtoull (at, &end, 10);
  ticks += (double)g_ascii_strtoull (end, NULL, 10);
  return ticks / (double)sysconf (_SC_CLK_TCK);
}

BenchUse
bench_use (int64_t pid)
{
  g_autofree char *stat = pid > 0 ? proc_file (pid, "stat") : NULL;
  g_autofree char *status = stat ? proc_file (pid, "status") : NULL;
  g_autofree char *io = stat ? proc_file (pid, "io") : NULL;
  BenchUse u = { .known = stat != NULL, .written = -1 };

  if (!u.known)
    return u;
  u.cpu = cpu_of (stat);
  u.rss = value_of (status, "VmRSS", 0) * 1024;
  if (io)
    u.written = value_of (io, "write_bytes", 0) - value_of (io, "cancelled_write_bytes", 0);
  return u;
}

BenchUse
bench_use_between (BenchUse from, BenchUse to)
{
  return (BenchUse){ .known = from.known && to.known,
                     .cpu = to.cpu - from.cpu,
                     .rss = to.rss,
                     .written = from.written < 0 || to.written < 0 ? -1 : MAX (to.written - from.written, 0) };
}

static double
seconds (struct timeval t)
{
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double
bench_own_cpu (void)
{
  struct rusage u;

  (void)getrusage (RUSAGE_SELF, &u);
  return seconds (u.ru_utime) + seconds (u.ru_stime);
}
