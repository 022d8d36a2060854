/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded: records what a process does to the files below the folder SHIM_ROOT, in the file SHIM_RECORD (record.h).
 * Every call is done as it was asked for. What it cannot record ends the process: stdio below the folder, a renameat2
 * that exchanges names, files without a name.
 *
 * Writable shared mappings: stores are not seen. What a mapping holds is written down when it is flushed (msync, or a
 * flush of the file) and when it goes (munmap); until then the disk has nothing of it. Stoker maps nothing that it
 * writes; Apache Kafka does so with its indexes, which it can make anew.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* it makes the calls that are defined here inline */
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#pragma GCC visibility push(default)

enum
{
  FDS = 1 << 18,
  NAME = 4200,
  MAPS = 4096
};

#define IS_DIR (UINT64_C (1) << 63)

typedef struct Map
{
  uint8_t *at;
  size_t len;
  uint64_t file;
  off_t pos;
  int fd;         /* a copy, to ask for the size */
  uint8_t *known; /* what was entered, or stood there before */
} Map;

static _Atomic uint64_t files[FDS]; /* of each descriptor: the inode's number; 0: none of ours */
static _Atomic uint64_t flushes;
static Map maps[MAPS];
static int record_fd = -1;
static const char *root;
static size_t root_len;
/* Names change one after the other, and are entered in that order; so are files opened. */
static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mapped = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) ((__typeof__ (&name))dlsym (RTLD_NEXT, #name))

static void __attribute__ ((noreturn)) give_up (const char *why, const char *what)
{
  fprintf (stderr, "shim: %s: %s\n", why, what);
  abort ();
}

static void
enter (ShimKind kind, uint64_t file, uint64_t at, const struct iovec *iov, int n, size_t len)
{
  struct iovec all[66];
  ShimEntry e = { sizeof e + len, kind, 0, file & ~IS_DIR, at };
  int saved = errno, k = 1;
  long done;

  if (record_fd < 0)
    return;
  all[0] = (struct iovec){ &e, sizeof e };
  for (int i = 0; i < n && len > 0; i++) {
    size_t part = iov[i].iov_len < len ? iov[i].iov_len : len;
    if (k == 66)
      give_up ("more than 65 pieces in one write", "");
    all[k++] = (struct iovec){ iov[i].iov_base, part };
    len -= part;
  }
  done = syscall (SYS_writev, record_fd, all, k);
  if (done != (long)e.bytes)
    give_up ("the record cannot be written", strerror (errno));
  errno = saved;
}

static void
enter_name (ShimKind kind, uint64_t file, uint64_t at, const char *name, const char *to)
{
  struct iovec v[2] = { { (char *)name, strlen (name) + 1 }, { (char *)to, to ? strlen (to) + 1 : 0 } };

  enter (kind, file, at, v, to ? 2 : 1, v[0].iov_len + v[1].iov_len);
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *path = getenv ("SHIM_RECORD");
  int fd;

  root = getenv ("SHIM_ROOT");
  if (path == NULL || root == NULL)
    return;
  root_len = strlen (root);
  fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0)
    give_up ("the record cannot be opened", path);
  record_fd = (int)syscall (SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
  if (record_fd < 0)
    record_fd = fd;
  else
    syscall (SYS_close, fd);
  enter (SHIM_BOOT, 0, (uint64_t)getpid (), NULL, 0, 0);
}

/* ---- what belongs to us */

static uint64_t
file_of (int fd)
{
  return fd >= 0 && fd < FDS ? atomic_load_explicit (&files[fd], memory_order_relaxed) : 0;
}

/* The name below the root, in `buf`; NULL: it is not below it. */
static const char *
below (int dir, const char *path, char *buf)
{
  size_t n = 0;

  if (record_fd < 0 || path == NULL)
    return NULL;
  if (path[0] != '/') {
    char link[64];
    ssize_t k;
    if (dir == AT_FDCWD)
      strcpy (link, "/proc/self/cwd");
    else
      snprintf (link, sizeof link, "/proc/self/fd/%d", dir);
    k = readlink (link, buf, NAME - 2);
    if (k < 0)
      return NULL;
    n = (size_t)k;
    buf[n++] = '/';
  }
  if (n + strlen (path) >= NAME)
    return NULL;
  strcpy (buf + n, path);
  if (strncmp (buf, root, root_len) != 0 || (buf[root_len] != '/' && buf[root_len] != '\0'))
    return NULL;
  return buf[root_len] ? buf + root_len : "/";
}

static const char *
name_of (int fd, char *buf)
{
  char link[64], full[NAME];
  ssize_t n;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink (link, full, sizeof full - 1);
  if (n < 0)
    return NULL;
  full[n] = '\0';
  return below (AT_FDCWD, full, buf);
}

/* ---- opening and closing */

static void
opened (int fd, const char *name, int flags, bool made)
{
  struct stat st;
  int saved = errno;

  if (fd >= FDS || fstat (fd, &st) < 0)
    give_up ("a descriptor that is too high", name);
  if (S_ISREG (st.st_mode))
    enter_name (SHIM_OPEN, st.st_ino, (made ? SHIM_OPEN_CREATE : 0) | (flags & O_TRUNC ? SHIM_OPEN_TRUNCATE : 0), name,
                NULL);
  if (S_ISREG (st.st_mode) || S_ISDIR (st.st_mode))
    atomic_store (&files[fd], st.st_ino | (S_ISDIR (st.st_mode) ? IS_DIR : 0));
  errno = saved;
}

static int
open_any (int dir, const char *path, int flags, mode_t mode)
{
  char buf[NAME];
  const char *name = below (dir, path, buf);
  struct stat st;
  bool made;
  int fd;

  if (name == NULL || (flags & O_PATH))
    return (int)syscall (SYS_openat, dir, path, flags, mode);
  if ((flags & O_TMPFILE) == O_TMPFILE)
    give_up ("a file without a name", name);
  pthread_mutex_lock (&names);
  made = (flags & O_CREAT) && fstatat (dir, path, &st, 0) < 0;
  fd = (int)syscall (SYS_openat, dir, path, flags, mode);
  if (fd >= 0)
    opened (fd, name, flags, made);
  pthread_mutex_unlock (&names);
  return fd;
}

#define MODE(flags, mode)                                                                                              \
  mode_t mode = 0;                                                                                                     \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                               \
    va_list ap_;                                                                                                       \
    va_start (ap_, flags);                                                                                             \
    mode = va_arg (ap_, mode_t);                                                                                       \
    va_end (ap_);                                                                                                      \
  }

int
open (const char *path, int flags, ...)
{
  MODE (flags, mode);
  return open_any (AT_FDCWD, path, flags, mode);
}

int
open64 (const char *path, int flags, ...)
{
  MODE (flags, mode);
  return open_any (AT_FDCWD, path, flags, mode);
}

int
openat (int dir, const char *path, int flags, ...)
{
  MODE (flags, mode);
  return open_any (dir, path, flags, mode);
}

int
openat64 (int dir, const char *path, int flags, ...)
{
  MODE (flags, mode);
  return open_any (dir, path, flags, mode);
}

int
creat (const char *path, mode_t mode)
{
  return open_any (AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int
creat64 (const char *path, mode_t mode)
{
  return open_any (AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* What a compiler makes of them when it checks arguments. */
int __open_2 (const char *path, int flags);
int __open64_2 (const char *path, int flags);

int
__open_2 (const char *path, int flags)
{
  return open_any (AT_FDCWD, path, flags, 0);
}

int
__open64_2 (const char *path, int flags)
{
  return open_any (AT_FDCWD, path, flags, 0);
}

FILE *
fopen (const char *path, const char *mode)
{
  char buf[NAME];

  if (below (AT_FDCWD, path, buf) && strpbrk (mode, "wa+"))
    give_up ("stdio writes what is not recorded", path);
  return NEXT (fopen) (path, mode);
}

FILE *
fopen64 (const char *path, const char *mode)
{
  char buf[NAME];

  if (below (AT_FDCWD, path, buf) && strpbrk (mode, "wa+"))
    give_up ("stdio writes what is not recorded", path);
  return NEXT (fopen64) (path, mode);
}

int
close (int fd)
{
  if (file_of (fd))
    atomic_store (&files[fd], 0);
  return (int)syscall (SYS_close, fd);
}

static int
copied (int from, int to)
{
  if (to >= 0 && to < FDS)
    atomic_store (&files[to], file_of (from));
  return to;
}

int
dup (int fd)
{
  return copied (fd, (int)syscall (SYS_dup, fd));
}

int
dup2 (int fd, int to)
{
  return fd == to ? to : copied (fd, (int)syscall (SYS_dup3, fd, to, 0));
}

int
dup3 (int fd, int to, int flags)
{
  return copied (fd, (int)syscall (SYS_dup3, fd, to, flags));
}

/* ---- writing */

static ssize_t
wrote (int fd, const struct iovec *iov, int n, off_t at, ssize_t done)
{
  uint64_t file = file_of (fd);
  int saved = errno;

  if (file && done > 0) {
    if (at < 0) /* where the descriptor stood; also when it appends */
      at = lseek (fd, 0, SEEK_CUR) - done;
    enter (SHIM_WRITE, file, (uint64_t)at, iov, n, (size_t)done);
  }
  errno = saved;
  return done;
}

ssize_t
write (int fd, const void *data, size_t n)
{
  struct iovec v = { (void *)data, n };
  return wrote (fd, &v, 1, -1, syscall (SYS_write, fd, data, n));
}

ssize_t
writev (int fd, const struct iovec *iov, int n)
{
  return wrote (fd, iov, n, -1, syscall (SYS_writev, fd, iov, n));
}

ssize_t
pwrite (int fd, const void *data, size_t n, off_t at)
{
  struct iovec v = { (void *)data, n };
  return wrote (fd, &v, 1, at, syscall (SYS_pwrite64, fd, data, n, at));
}

ssize_t
pwrite64 (int fd, const void *data, size_t n, off64_t at)
{
  return pwrite (fd, data, n, at);
}

ssize_t
pwritev (int fd, const struct iovec *iov, int n, off_t at)
{
  return wrote (fd, iov, n, at, NEXT (pwritev) (fd, iov, n, at));
}

ssize_t
pwritev64 (int fd, const struct iovec *iov, int n, off64_t at)
{
  return pwritev (fd, iov, n, at);
}

ssize_t
pwritev2 (int fd, const struct iovec *iov, int n, off_t at, int flags)
{
  if (file_of (fd) && (flags & (RWF_DSYNC | RWF_SYNC | RWF_APPEND)))
    give_up ("a write that flushes or appends", "pwritev2");
  return wrote (fd, iov, n, at, NEXT (pwritev2) (fd, iov, n, at, flags));
}

ssize_t
pwritev64v2 (int fd, const struct iovec *iov, int n, off64_t at, int flags)
{
  return pwritev2 (fd, iov, n, at, flags);
}

/* What now stands there was put there without passing through here. */
static void
reread (int fd, uint64_t file, off_t at, size_t len)
{
  static const size_t PIECE = 1 << 20;
  uint8_t *buf = malloc (PIECE);
  int saved = errno, in = fd;
  char link[64];

  if ((fcntl (fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    in = (int)syscall (SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  }
  while (len > 0) {
    ssize_t n = pread (in, buf, len < PIECE ? len : PIECE, at);
    struct iovec v = { buf, (size_t)n };
    if (n <= 0)
      break;
    enter (SHIM_WRITE, file, (uint64_t)at, &v, 1, (size_t)n);
    at += n;
    len -= (size_t)n;
  }
  if (in != fd)
    syscall (SYS_close, in);
  free (buf);
  errno = saved;
}

ssize_t
copy_file_range (int from, off64_t *from_at, int to, off64_t *to_at, size_t len, unsigned flags)
{
  ssize_t n = NEXT (copy_file_range) (from, from_at, to, to_at, len, flags);

  if (n > 0 && file_of (to))
    reread (to, file_of (to), (to_at ? *to_at : lseek (to, 0, SEEK_CUR)) - n, (size_t)n);
  return n;
}

ssize_t
sendfile (int to, int from, off_t *at, size_t len)
{
  ssize_t n = syscall (SYS_sendfile, to, from, at, len);

  if (n > 0 && file_of (to))
    reread (to, file_of (to), lseek (to, 0, SEEK_CUR) - n, (size_t)n);
  return n;
}

ssize_t
sendfile64 (int to, int from, off64_t *at, size_t len)
{
  return sendfile (to, from, at, len);
}

/* ---- sizes */

int
ftruncate (int fd, off_t size)
{
  int rc = (int)syscall (SYS_ftruncate, fd, size);

  if (rc == 0 && file_of (fd))
    enter (SHIM_SIZE, file_of (fd), (uint64_t)size, NULL, 0, 0);
  return rc;
}

int
ftruncate64 (int fd, off64_t size)
{
  return ftruncate (fd, size);
}

int
truncate (const char *path, off_t size)
{
  char buf[NAME];
  int fd, rc, saved;

  if (below (AT_FDCWD, path, buf) == NULL)
    return (int)syscall (SYS_truncate, path, size);
  fd = open_any (AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  rc = ftruncate (fd, size);
  saved = errno;
  close (fd);
  errno = saved;
  return rc;
}

int
truncate64 (const char *path, off64_t size)
{
  return truncate (path, size);
}

int
fallocate (int fd, int mode, off_t at, off_t len)
{
  struct stat st;
  int rc = (int)syscall (SYS_fallocate, fd, mode, at, len), saved = errno;

  if (rc < 0 || !file_of (fd))
    return rc;
  if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
    give_up ("a fallocate that moves bytes", "");
  if (fstat (fd, &st) == 0) {
    if (!(mode & FALLOC_FL_KEEP_SIZE) && st.st_size == at + len)
      enter (SHIM_SIZE, file_of (fd), (uint64_t)st.st_size, NULL, 0, 0);
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
      reread (fd, file_of (fd), at, (size_t)len);
  }
  errno = saved;
  return rc;
}

int
fallocate64 (int fd, int mode, off64_t at, off64_t len)
{
  return fallocate (fd, mode, at, len);
}

int
posix_fallocate (int fd, off_t at, off_t len)
{
  return fallocate (fd, 0, at, len) < 0 ? errno : 0;
}

int
posix_fallocate64 (int fd, off64_t at, off64_t len)
{
  return posix_fallocate (fd, at, len);
}

/* ---- mappings */

/* Enters the pages that are not as they were when last seen here. */
static void
map_written (const Map *m, const uint8_t *from, size_t len, bool silently)
{
  struct stat st;
  size_t end = (size_t)(from - m->at) + len;

  if (fstat (m->fd, &st) < 0 || st.st_size <= m->pos)
    return;
  if (end > (size_t)(st.st_size - m->pos)) /* there is nothing behind the end of the file */
    end = (size_t)(st.st_size - m->pos);
  for (size_t at = (size_t)(from - m->at) / 4096 * 4096; at < end; at += 4096) {
    struct iovec v = { m->at + at, end - at < 4096 ? end - at : 4096 };
    if (memcmp (m->at + at, m->known + at, v.iov_len) == 0)
      continue;
    memcpy (m->known + at, m->at + at, v.iov_len);
    if (!silently)
      enter (SHIM_WRITE, m->file, (uint64_t)m->pos + at, &v, 1, v.iov_len);
  }
}

void *
mmap (void *hint, size_t len, int prot, int flags, int fd, off_t pos)
{
  void *at = (void *)syscall (SYS_mmap, hint, len, prot, flags, fd, pos);
  int saved = errno;

  if (at == MAP_FAILED || !(prot & PROT_WRITE) || (flags & MAP_TYPE) == MAP_PRIVATE || !file_of (fd))
    return at;
  pthread_mutex_lock (&mapped);
  for (int i = 0; i <= MAPS; i++) {
    if (i == MAPS)
      give_up ("too many mappings", "");
    if (maps[i].at)
      continue;
    maps[i] = (Map){ at, len, file_of (fd), pos, (int)syscall (SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0), NULL };
    maps[i].known = (void *)syscall (SYS_mmap, NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
    if (maps[i].known == MAP_FAILED)
      give_up ("no memory", "");
    map_written (&maps[i], at, len, true);
    break;
  }
  pthread_mutex_unlock (&mapped);
  errno = saved;
  return at;
}

void *
mmap64 (void *hint, size_t len, int prot, int flags, int fd, off64_t pos)
{
  return mmap (hint, len, prot, flags, fd, pos);
}

int
munmap (void *at, size_t len)
{
  if (record_fd >= 0) {
    pthread_mutex_lock (&mapped);
    for (int i = 0; i < MAPS; i++)
      if (maps[i].at == at && at) {
        map_written (&maps[i], at, maps[i].len, false);
        syscall (SYS_munmap, maps[i].known, maps[i].len);
        syscall (SYS_close, maps[i].fd);
        maps[i].at = NULL;
      }
    pthread_mutex_unlock (&mapped);
  }
  return (int)syscall (SYS_munmap, at, len);
}

/* Enters what mappings hold: of the file, or of the place (and tells the file). */
static uint64_t
maps_written (uint64_t file, const uint8_t *at, size_t len)
{
  pthread_mutex_lock (&mapped);
  for (int i = 0; i < MAPS; i++) {
    Map *m = &maps[i];
    if (m->at && at == NULL && m->file == file)
      map_written (m, m->at, m->len, false);
    else if (m->at && at && at >= m->at && at < m->at + m->len) {
      map_written (m, at, len < (size_t)(m->at + m->len - at) ? len : (size_t)(m->at + m->len - at), false);
      file = m->file;
    }
  }
  pthread_mutex_unlock (&mapped);
  return file;
}

/* ---- flushes */

static uint64_t
flush_begins (int fd, uint64_t file)
{
  uint64_t number = atomic_fetch_add (&flushes, 1) + 1;
  char buf[NAME];
  const char *name = file & IS_DIR ? name_of (fd, buf) : NULL;

  if (name) {
    enter_name (SHIM_SYNC, file, number, name, NULL);
  } else {
    if (fd >= 0)
      (void)maps_written (file, NULL, 0);
    enter (SHIM_SYNC, file, number, NULL, 0, 0);
  }
  return number;
}

static int
flush (int fd, long number)
{
  uint64_t file = file_of (fd), n = file ? flush_begins (fd, file) : 0;
  int rc = (int)syscall (number, fd);

  if (file && rc == 0)
    enter (SHIM_SYNCED, file, n, NULL, 0, 0);
  return rc;
}

int
fsync (int fd)
{
  return flush (fd, SYS_fsync);
}

int
fdatasync (int fd)
{
  return flush (fd, SYS_fdatasync);
}

int
syncfs (int fd)
{
  uint64_t number = atomic_fetch_add (&flushes, 1) + 1;
  int rc;

  if (file_of (fd))
    enter (SHIM_SYNC_ALL, 0, number, NULL, 0, 0);
  rc = (int)syscall (SYS_syncfs, fd);
  if (file_of (fd) && rc == 0)
    enter (SHIM_SYNCED, 0, number, NULL, 0, 0);
  return rc;
}

int
msync (void *at, size_t len, int flags)
{
  uint64_t file = record_fd >= 0 ? maps_written (0, at, len) : 0,
           n = file && (flags & MS_SYNC) ? flush_begins (-1, file) : 0;
  int rc = (int)syscall (SYS_msync, at, len, flags);

  if (n && rc == 0)
    enter (SHIM_SYNCED, file, n, NULL, 0, 0);
  return rc;
}

/* sync_file_range promises nothing: what it writes may be in the disk's own cache, and the size is not. It is left as
 * it is. */

/* ---- names */

static int
two_names (ShimKind kind, long call, int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
  char a[NAME], b[NAME];
  const char *old = below (from_dir, from, a), *new = below (to_dir, to, b);
  int rc;

  if (old == NULL && new == NULL)
    return (int)syscall (call, from_dir, from, to_dir, to, flags);
  if (old == NULL || new == NULL)
    give_up ("a file comes into the folder or leaves it", from);
  if (kind == SHIM_RENAME && (flags & (RENAME_EXCHANGE | RENAME_WHITEOUT)))
    give_up ("names are exchanged", from);
  pthread_mutex_lock (&names);
  rc = (int)syscall (call, from_dir, from, to_dir, to, flags);
  if (rc == 0)
    enter_name (kind, 0, 0, old, new);
  pthread_mutex_unlock (&names);
  return rc;
}

int
rename (const char *from, const char *to)
{
  return two_names (SHIM_RENAME, SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
renameat (int from_dir, const char *from, int to_dir, const char *to)
{
  return two_names (SHIM_RENAME, SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int
renameat2 (int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
  return two_names (SHIM_RENAME, SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int
link (const char *from, const char *to)
{
  return two_names (SHIM_LINK, SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
linkat (int from_dir, const char *from, int to_dir, const char *to, int flags)
{
  return two_names (SHIM_LINK, SYS_linkat, from_dir, from, to_dir, to, (unsigned)flags);
}

static int
one_name (ShimKind kind, long call, int dir, const char *path, unsigned how)
{
  char buf[NAME];
  const char *name = below (dir, path, buf);
  int rc;

  if (name)
    pthread_mutex_lock (&names);
  rc = (int)syscall (call, dir, path, how);
  if (name && rc == 0)
    enter_name (kind, 0, 0, name, NULL);
  if (name)
    pthread_mutex_unlock (&names);
  return rc;
}

int
unlink (const char *path)
{
  return one_name (SHIM_UNLINK, SYS_unlinkat, AT_FDCWD, path, 0);
}

int
unlinkat (int dir, const char *path, int flags)
{
  return one_name (flags & AT_REMOVEDIR ? SHIM_RMDIR : SHIM_UNLINK, SYS_unlinkat, dir, path, (unsigned)flags);
}

int
rmdir (const char *path)
{
  return one_name (SHIM_RMDIR, SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int
remove (const char *path)
{
  int rc = unlink (path);
  return rc < 0 && errno == EISDIR ? rmdir (path) : rc;
}

int
mkdir (const char *path, mode_t mode)
{
  return one_name (SHIM_MKDIR, SYS_mkdirat, AT_FDCWD, path, mode);
}

int
mkdirat (int dir, const char *path, mode_t mode)
{
  return one_name (SHIM_MKDIR, SYS_mkdirat, dir, path, mode);
}
