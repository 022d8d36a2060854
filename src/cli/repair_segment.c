/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment without its damaged bytes. The original stays beside it as NNN.log.damaged, which neither brokers read: a crash
 * leaves the one or the other in place.
 */
#include "config.h"

#include "cli/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* NAME.damaged, or with a number where that is taken. */
static char *
free_name (const char *path)
{
  char *name = g_strconcat (path, ".damaged", NULL);

  for (int i = 2; g_file_test (name, G_FILE_TEST_EXISTS); i++) {
    g_free (name);
    name = g_strdup_printf ("%s.damaged-%d", path, i);
  }
  return name;
}

static int
sync_folder (const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path);
  int fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

  if (fd < 0)
    return errno;
  rc = fsync (fd) < 0 ? errno : 0;
  close (fd);
  return rc;
}

int
repair_aside (const char *path, char **aside)
{
  *aside = free_name (path);
  return rename (path, *aside) < 0 ? errno : sync_folder (path);
}

/* Bytes [from, to) to the end of the other file. */
static int
copy (int in, int out, uint64_t from, uint64_t to)
{
  g_autofree char *buf = g_malloc (1 << 20);

  while (from < to) {
    ssize_t n = pread (in, buf, (size_t)MIN (to - from, UINT64_C (1) << 20), (off_t)from), done = 0;
    if (n <= 0)
      return n < 0 ? errno : EIO;
    while (done < n) {
      ssize_t w = write (out, buf + done, (size_t)(n - done));
      if (w < 0 && errno != EINTR)
        return errno;
      done += MAX (w, 0);
    }
    from += (uint64_t)n;
  }
  return 0;
}

int
repair_segment (const char *path, const RepairLost *lost, guint n, char **aside)
{
  g_autofree char *tmp = g_strconcat (path, ".tmp", NULL);
  int in = open (path, O_RDONLY | O_CLOEXEC), out = -1, rc = 0;
  uint64_t pos = 0;
  struct stat st;

  *aside = NULL;
  if (in < 0 || fstat (in, &st) < 0 || (out = open (tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777)) < 0)
    rc = errno;
  for (guint i = 0; i <= n && rc == 0; i++) {
    rc = copy (in, out, pos, i < n ? lost[i].from : (uint64_t)st.st_size);
    pos = i < n ? lost[i].to : pos;
  }
  if (rc == 0) { /* retention may go by it */
    struct timespec times[2] = { st.st_atim, st.st_mtim };
    (void)futimens (out, times);
    rc = fsync (out) < 0 ? errno : 0;
  }
  if (in >= 0)
    close (in);
  if (out >= 0)
    close (out);
  if (rc == 0) {
    *aside = free_name (path);
    rc = link (path, *aside) < 0 ? errno : 0;
  }
  if (rc == 0)
    rc = sync_folder (path);
  if (rc == 0 && rename (tmp, path) < 0)
    rc = errno;
  if (rc == 0)
    return sync_folder (path);
  (void)unlink (tmp);
  return rc;
}
