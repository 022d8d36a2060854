/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded: makes the disk below a folder fail. While the file that FAIL_DISK names exists, and says "ERRNO PATH",
 * every call that changes or flushes something below PATH ends with that error; what is read is read.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#pragma GCC visibility push(default)

/* Which error `path` fails with now; 0: none. */
static int
failing (const char *path)
{
  const char *flag = getenv ("FAIL_DISK");
  char text[4200], *space;
  int fd, error = 0;
  ssize_t n;

  if (flag == NULL || path == NULL || (fd = (int)syscall (SYS_openat, AT_FDCWD, flag, O_RDONLY | O_CLOEXEC)) < 0)
    return 0;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  if (n <= 0)
    return 0;
  text[n] = '\0';
  text[strcspn (text, "\n")] = '\0';
  space = strchr (text, ' ');
  if (space && strncmp (path, space + 1, strlen (space + 1)) == 0)
    error = atoi (text);
  return error;
}

static int
failing_fd (int fd)
{
  char name[64], path[4096];
  ssize_t n;

  if (getenv ("FAIL_DISK") == NULL)
    return 0;
  snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
  n = readlink (name, path, sizeof path - 1);
  if (n < 0)
    return 0;
  path[n] = '\0';
  return failing (path);
}

#define NEXT(name) ((__typeof__ (&name))dlsym (RTLD_NEXT, #name))
#define FAIL(what)                                                                                                     \
  do {                                                                                                                 \
    int saved_ = errno, error_ = (what);                                                                               \
    errno = error_ ? error_ : saved_;                                                                                  \
    if (error_)                                                                                                        \
      return -1;                                                                                                       \
  } while (0)

ssize_t
pwrite (int fd, const void *data, size_t n, off_t at)
{
  FAIL (failing_fd (fd));
  return NEXT (pwrite) (fd, data, n, at);
}

ssize_t
pwrite64 (int fd, const void *data, size_t n, off64_t at)
{
  FAIL (failing_fd (fd));
  return NEXT (pwrite64) (fd, data, n, at);
}

ssize_t
pwritev (int fd, const struct iovec *iov, int n, off_t at)
{
  FAIL (failing_fd (fd));
  return NEXT (pwritev) (fd, iov, n, at);
}

ssize_t
pwritev64 (int fd, const struct iovec *iov, int n, off64_t at)
{
  FAIL (failing_fd (fd));
  return NEXT (pwritev64) (fd, iov, n, at);
}

int
fsync (int fd)
{
  FAIL (failing_fd (fd));
  return NEXT (fsync) (fd);
}

int
fdatasync (int fd)
{
  FAIL (failing_fd (fd));
  return NEXT (fdatasync) (fd);
}

int
syncfs (int fd)
{
  FAIL (failing_fd (fd));
  return NEXT (syncfs) (fd);
}

int
rename (const char *from, const char *to)
{
  FAIL (failing (to));
  return NEXT (rename) (from, to);
}

int
mkdir (const char *path, mode_t mode)
{
  FAIL (failing (path));
  return NEXT (mkdir) (path, mode);
}

int
unlink (const char *path)
{
  FAIL (failing (path));
  return NEXT (unlink) (path);
}

#define OPEN(name)                                                                                                     \
  int name (const char *path, int flags, ...)                                                                          \
  {                                                                                                                    \
    va_list ap;                                                                                                        \
    int mode;                                                                                                          \
                                                                                                                       \
    va_start (ap, flags);                                                                                              \
    mode = va_arg (ap, int);                                                                                           \
    va_end (ap);                                                                                                       \
    if (flags & (O_WRONLY | O_RDWR))                                                                                   \
      FAIL (failing (path));                                                                                           \
    return NEXT (name) (path, flags, mode);                                                                            \
  }

OPEN (open)
OPEN (open64)
