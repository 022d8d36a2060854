/* SPDX-License-Identifier: Apache-2.0 */
#include "module/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSE(...) return stoker_error_set (err, STOKER_ERROR_MODULE, __VA_ARGS__)

typedef struct Program
{
  char *path; /* NULL: not known */
  uid_t owner;
} Program;

static Program
running_program (void)
{
  struct stat st;
  Program p = { g_file_read_link ("/proc/self/exe", NULL), geteuid () };

  if (p.path && stat (p.path, &st) == 0)
    p.owner = st.st_uid;
  return p;
}

static bool
is_above (const char *dir, const char *path)
{
  size_t n = strlen (dir);

  return path && strncmp (path, dir, n) == 0 && (path[n] == '/' || dir[n - 1] == '/');
}

static int
judge (const char *path, const struct stat *st, const Program *program, bool strict, StokerError *err)
{
  bool shared = !strict && S_ISDIR (st->st_mode) && (st->st_mode & S_ISVTX);
  bool group = (st->st_mode & S_IWGRP) && st->st_gid != 0 && st->st_gid != getegid ();

  if (st->st_uid != 0 && st->st_uid != geteuid () && st->st_uid != program->owner)
    REFUSE ("%s: belongs to user id %u; accepted are modules and folders of root and of the broker's user id %u, which "
            "nobody else can exchange: chown root %s",
            path, (unsigned)st->st_uid, (unsigned)geteuid (), path);
  if (!shared && (group || (st->st_mode & S_IWOTH)))
    REFUSE ("%s: can be written by %s (mode %03o); accepted are modules and folders that only root and the broker's "
            "user id %u can write: chmod go-w %s",
            path, st->st_mode & S_IWOTH ? "everybody" : "its group", (unsigned)st->st_mode & 0777u,
            (unsigned)geteuid (), path);
  return 0;
}

/* One step up; true at the end. */
static bool
go_up (char **at)
{
  char *up = g_path_get_dirname (*at);
  bool end = strcmp (up, *at) == 0;

  g_free (*at);
  *at = up;
  return end;
}

int
stk_module_trust (const char *path, unsigned strict, StokerError *err)
{
  Program program = running_program ();
  g_autofree char *at = g_strdup (path);
  struct stat st;
  int rc = 0;

  for (unsigned i = 0; rc == 0 && (i == 0 || !is_above (at, program.path)); i++) {
    rc = stat (at, &st) < 0
             ? stoker_error_set (err, STOKER_ERROR_MODULE, "%s: cannot be judged: %s", at, g_strerror (errno))
             : judge (at, &st, &program, i < strict, err);
    if (go_up (&at))
      break;
  }
  g_free (program.path);
  return rc;
}

int
stk_module_trust_folder (const char *dir, StokerError *err)
{
  char *real = realpath (dir, NULL);
  int rc = 0;

  if (real == NULL && (errno == ENOENT || errno == ENOTDIR))
    return 0;
  if (real == NULL || faccessat (AT_FDCWD, real, X_OK, AT_EACCESS) < 0)
    rc = stoker_error_set (
        err, STOKER_ERROR_MODULE,
        "%s: modules cannot be looked for in it: %s; make it readable for user id %u, or take it out "
        "of the search path",
        dir, g_strerror (errno), (unsigned)geteuid ());
  else
    rc = stk_module_trust (real, 1, err);
  free (real);
  return rc;
}
