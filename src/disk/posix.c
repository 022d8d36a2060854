/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk of this machine: plain system calls, each retried after a signal, short reads and writes carried on.
 */
#include "config.h"

#include "world/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct PosixFile
{
  StokerFile base;
  int fd;
  bool direct; /* past the page cache */
} PosixFile;

#define FD(f) (((PosixFile *)(f))->fd)

static ssize_t
posix_pread (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  size_t done = 0;

  while (done < len) {
    ssize_t n = pread (FD (f), (char *)buf + done, len - done, (off_t)(pos + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (n == 0)
      break;
    done += (size_t)n;
  }
  return (ssize_t)done;
}

/* The page cache takes a folio as large as a write's length and place allow. Larger ones than this cost more to allocate
 * and to fill than the calls that they save; pieces that end where such a folio would end give each its own, and not a
 * row of small ones (14 % less CPU at 64 KiB, four times less than writes of 1 MiB: tests/bench/RESULTS.md). */
#define WRITE_PIECE ((size_t)64 << 10)
#define PIECE_VECTORS 64

/* What of iov, from byte `at` of its first vector on, lies in the piece that pos is in. */
static int
piece_at (StokerFile *f, const struct iovec *iov, int n, size_t at, uint64_t pos, struct iovec *out)
{
  size_t room = ((PosixFile *)f)->direct ? SIZE_MAX : WRITE_PIECE - pos % WRITE_PIECE;
  int k = 0;

  for (int i = 0; i < n && k < PIECE_VECTORS && room > 0; i++) {
    size_t len = MIN (iov[i].iov_len - at, room);
    if (len > 0)
      out[k++] = (struct iovec){ (char *)iov[i].iov_base + at, len };
    room -= len;
    at = 0;
  }
  return k;
}

static int
posix_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  struct iovec piece[PIECE_VECTORS];
  size_t at = 0; /* bytes of the first vector that are written */
  int k;

  while ((k = piece_at (f, iov, n, at, pos, piece)) > 0) {
    ssize_t w = k == 1 ? pwrite (FD (f), piece[0].iov_base, piece[0].iov_len, (off_t)pos)
                       : pwritev (FD (f), piece, k, (off_t)pos);
    if (w < 0 && errno == EINTR)
      continue;
    if (w <= 0)
      return w < 0 ? -errno : -EIO;
    pos += (uint64_t)w;
    for (at += (size_t)w; n > 0 && at >= iov->iov_len; n--, iov++)
      at -= iov->iov_len;
  }
  return 0;
}

static int
posix_sync (StokerFile *f)
{
  return fdatasync (FD (f)) < 0 ? -errno : 0;
}

static int
posix_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  int rc;

  do
    rc = fallocate (FD (f), FALLOC_FL_KEEP_SIZE, (off_t)pos, (off_t)len);
  while (rc < 0 && errno == EINTR);
  return rc < 0 ? -errno : 0;
}

static int
posix_truncate (StokerFile *f, uint64_t size)
{
  int rc;

  do
    rc = ftruncate (FD (f), (off_t)size);
  while (rc < 0 && errno == EINTR);
  return rc < 0 ? -errno : 0;
}

static int64_t
posix_size (StokerFile *f)
{
  struct stat st;
  return fstat (FD (f), &st) < 0 ? -errno : (int64_t)st.st_size;
}

static ssize_t
posix_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  struct iovec v = { buf, len };
  ssize_t n;

  do
    n = preadv2 (FD (f), &v, 1, (off_t)pos, RWF_NOWAIT);
  while (n < 0 && errno == EINTR);
  /* A file system that cannot say: a slow read is better than none. */
  if (n < 0 && errno == EOPNOTSUPP)
    return posix_pread (f, buf, len, pos);
  return n < 0 ? -errno : n;
}

static int
posix_fd (StokerFile *f)
{
  return FD (f);
}

static void
posix_close (StokerFile *f)
{
  close (FD (f));
  g_free (f);
}

static void
posix_writeback (StokerFile *f, uint64_t pos, uint64_t len)
{
  (void)sync_file_range (FD (f), (off_t)pos, (off_t)len, SYNC_FILE_RANGE_WRITE);
}

static void
posix_forget (StokerFile *f, uint64_t pos, uint64_t len)
{
  (void)posix_fadvise (FD (f), (off_t)pos, (off_t)len, POSIX_FADV_DONTNEED);
}

static int
posix_sync_all (StokerFile *f)
{
  return syncfs (FD (f)) < 0 ? -errno : 0;
}

static const StkFileOps file_ops
    = { posix_pread, posix_pwritev,        posix_sync, posix_reserve, posix_truncate,  posix_size,
        posix_pread_resident, posix_fd, posix_close, posix_writeback, posix_forget, posix_sync_all };

static StokerFile *
file_new (int fd, bool direct)
{
  PosixFile *f = g_new (PosixFile, 1);

  f->base.ops = &file_ops;
  atomic_init (&f->base.refs, 1);
  f->fd = fd;
  f->direct = direct;
  return &f->base;
}

static int
posix_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  /* No file of ours is a link: what one names is somebody else's. */
  int how = O_CLOEXEC | O_NOFOLLOW | (flags & STOKER_OPEN_WRITE ? O_RDWR : O_RDONLY);
  int direct = flags & STOKER_OPEN_DIRECT ? O_DIRECT : 0;
  int fd;

  if (flags & STOKER_OPEN_CREATE)
    how |= O_CREAT;
  if (flags & STOKER_OPEN_EXCLUSIVE)
    how |= O_EXCL;
  if (flags & STOKER_OPEN_TRUNCATE)
    how |= O_TRUNC;
  do {
    fd = open (path, how | direct, 0640);
    if (fd < 0 && errno == EINVAL && direct) { /* tmpfs of old kernels, some network file systems */
      direct = 0;
      errno = EINTR;
    }
  } while (fd < 0 && errno == EINTR);
  if (fd < 0)
    return -errno;
  *out = file_new (fd, direct != 0);
  return 0;
}

static int
posix_stat (StokerDisk *d, const char *path, StokerPathInfo *out)
{
  struct stat st;

  if (stat (path, &st) < 0)
    return -errno;
  out->is_dir = S_ISDIR (st.st_mode);
  out->size = (uint64_t)st.st_size;
  out->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
  return 0;
}

static int
posix_rename (StokerDisk *d, const char *from, const char *to)
{
  return rename (from, to) < 0 ? -errno : 0;
}

static int
posix_unlink (StokerDisk *d, const char *path)
{
  return unlink (path) < 0 ? -errno : 0;
}

static int
posix_mkdir (StokerDisk *d, const char *path)
{
  return mkdir (path, 0750) < 0 ? -errno : 0;
}

static int
posix_rmdir (StokerDisk *d, const char *path)
{
  return rmdir (path) < 0 ? -errno : 0;
}

static int
posix_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  DIR *dp = opendir (dir);
  struct dirent *e;
  int rc;

  if (dp == NULL)
    return -errno;
  for (errno = 0; (e = readdir (dp)) != NULL; errno = 0)
    if (strcmp (e->d_name, ".") != 0 && strcmp (e->d_name, "..") != 0 && !each (user, e->d_name)) {
      errno = 0;
      break;
    }
  rc = -errno;
  closedir (dp);
  return rc;
}

static int
posix_sync_dir (StokerDisk *d, const char *dir)
{
  int fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

  if (fd < 0)
    return -errno;
  rc = fsync (fd) < 0 ? -errno : 0;
  close (fd);
  return rc;
}

static int
posix_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms)
{
  struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { mtime_ms / 1000, mtime_ms % 1000 * 1000000 } };
  return utimensat (AT_FDCWD, path, t, 0) < 0 ? -errno : 0;
}

static int
posix_lock (StokerDisk *d, const char *path, StokerFile **out)
{
  /* An open file description lock: unlike fcntl's classic ones it also keeps out a second broker in this process, and
   * unlike flock it is seen by the JVM's FileChannel lock of Apache Kafka. */
  struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

  if (fd < 0)
    return -errno;
  if (fcntl (fd, F_OFD_SETLK, &l) < 0) {
    int e = errno == EACCES ? EAGAIN : errno;
    close (fd);
    return -e;
  }
  *out = file_new (fd, false);
  return 0;
}

static int
posix_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  struct statvfs v;

  if (statvfs (path, &v) < 0)
    return -errno;
  *out_free = (uint64_t)v.f_bavail * v.f_frsize;
  *out_total = (uint64_t)v.f_blocks * v.f_frsize;
  return 0;
}

static const StkDiskOps disk_ops = { posix_open, posix_stat,     posix_rename,    posix_unlink, posix_mkdir, posix_rmdir,
                                     posix_list, posix_sync_dir, posix_set_mtime, posix_lock,   posix_space };

StokerDisk *
stk_posix_disk_new (void)
{
  StokerDisk *d = g_new (StokerDisk, 1);

  d->ops = &disk_ops;
  return d;
}

void
stk_posix_disk_free (StokerDisk *d)
{
  g_free (d);
}
