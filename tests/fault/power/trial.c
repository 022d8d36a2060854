/* SPDX-License-Identifier: Apache-2.0
 *
 * A child process that goes on from here alone.
 */
#include "config.h"

#include "power.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
begin (int said)
{
  struct rlimit none = { 0, 0 };

  if (said >= 0) {
    dup2 (said, 1);
    dup2 (said, 2);
  }
  (void)setrlimit (RLIMIT_CORE, &none);
  alarm (120);
}

static char *
read_back (int fd)
{
  GString *text = g_string_new (NULL);
  char buf[4096];
  ssize_t n;

  lseek (fd, 0, SEEK_SET);
  while ((n = read (fd, buf, sizeof buf)) > 0)
    g_string_append_len (text, buf, n);
  return g_string_free (text, FALSE);
}

char *
trial (Life *l, void (*fn) (Life *l), bool here)
{
  int status = 0, said = here ? -1 : memfd_create ("said", MFD_CLOEXEC);
  g_autofree char *text = NULL;
  pid_t child;

  fflush (NULL);
  child = here ? 0 : fork ();
  if (child == 0) {
    begin (said);
    l->tales = here;
    fn (l);
    fflush (NULL);
    _exit (0);
  }
  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  text = read_back (said);
  close (said);
  if (status == 0)
    return NULL;
  return g_strdup_printf ("%s%s %d\n", text, WIFSIGNALED (status) ? "signal" : "exit",
                          WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
}
