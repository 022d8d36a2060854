/* SPDX-License-Identifier: Apache-2.0 */
#include "module/list.h"

#include "module/builtin.h"
#include "module/check.h"
#include "module/loader.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 10 /* for one file: a constructor that hangs must not hang the listing */

typedef struct Listing
{
  GString *out;
  unsigned refused;
} Listing;

static void
put_row (GString *out, const char *kind, const char *name, const char *version, const char *rest)
{
  g_string_append_printf (out, "%-12s %-16s %-8s %s\n", kind, name, version, rest);
}

static void
put_module (GString *out, const StkKind *kind, const StokerModule *m, const char *file)
{
  static const char *const threads[] = { "serial", "control", "parallel" };
  g_autofree char *rest = g_strdup_printf ("%u.%-3u %-9s %s  [%s]", m->api_level >> 16, m->api_level & 0xffffu,
                                           threads[m->threads], m->summary, file ? file : "built in");

  put_row (out, kind->name, m->name, m->version, rest);
}

/* In the child: the row, and 0 or 1 as status. */
static int
examine (int fd, const StkKind *kind, const char *name, const char *file)
{
  StkModuleSpec spec = { kind, (char *)name, (char *)file };
  g_autoptr (GString) row = g_string_new (NULL);
  const StokerModule *raw;
  StokerModule *m = NULL;
  StokerError err = { 0 };
  int status = 1;

  raw = stk_module_open (&spec, file, &err);
  if (raw && stk_module_check (raw, kind, name, file, &m, &err) == 0) {
    put_module (row, kind, m, file);
    status = 0;
  } else {
    g_autofree char *why = g_strconcat ("refused: ", err.text, NULL);
    put_row (row, kind->name, name, "-", why);
  }
  stk_module_copy_free (m);
  return write (fd, row->str, row->len) == (ssize_t)row->len ? status : 1;
}

static void
read_all (int fd, GString *row)
{
  char buffer[1024];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
    g_string_append_len (row, buffer, n > 0 ? n : 0);
}

static void
list_file (void *user, const StkKind *kind, const char *name, const char *file, bool shadowed)
{
  Listing *l = user;
  g_autoptr (GString) row = g_string_new (NULL);
  g_autofree char *crash = NULL;
  int ends[2], status = 0;
  pid_t child;

  if (name == NULL) {
    g_autofree char *why = g_strconcat ("refused: ", file, NULL);
    put_row (l->out, kind ? kind->name : "-", "-", "-", why);
    l->refused++;
    return;
  }
  (void)fflush (NULL);
  if (shadowed || stk_builtin_find (kind->number, name) || pipe (ends) < 0)
    return;
  child = fork ();
  if (child == 0) {
    (void)close (ends[0]);
    (void)alarm (SECONDS);
    _exit (examine (ends[1], kind, name, file));
  }
  (void)close (ends[1]);
  if (child > 0)
    read_all (ends[0], row);
  (void)close (ends[0]);
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  if (child < 0 || !WIFEXITED (status) || WEXITSTATUS (status) != 0)
    l->refused++;
  if (row->len > 0) {
    g_string_append (l->out, row->str);
    return;
  }
  crash = child < 0 || !WIFSIGNALED (status) ? g_strdup_printf ("refused: %s: cannot be examined", file)
          : WTERMSIG (status) == SIGALRM
              ? g_strdup_printf ("refused: %s: still not loaded after %d s", file, SECONDS)
              : g_strdup_printf ("refused: %s: loading it crashed (%s)", file, g_strsignal (WTERMSIG (status)));
  put_row (l->out, kind->name, name, "-", crash);
}

unsigned
stk_module_list (GString *out, const char *const *extra)
{
  g_auto (GStrv) path = stk_module_search_path (extra);
  Listing l = { out, 0 };
  const StokerModule *raw;

  put_row (out, "KIND", "NAME", "VERSION", "API   THREADS   SUMMARY  [FILE]");
  for (size_t i = 0; (raw = stk_builtin_at (i)) != NULL; i++) {
    g_autofree char *name = g_strdelimit (g_strdup (raw->name), "_", '-');
    StokerModule *m = NULL;
    if (stk_module_check (raw, stk_kind_find (raw->kind), name, "built in", &m, NULL) == 0)
      put_module (out, stk_kind_find (raw->kind), m, NULL);
    stk_module_copy_free (m);
  }
  stk_module_scan (path, list_file, &l);
  return l.refused;
}
