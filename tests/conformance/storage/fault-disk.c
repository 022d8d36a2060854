/* SPDX-License-Identifier: Apache-2.0 */
#include "fault-disk.h"

#include "world/disk.h"

#include <errno.h>
#include <glib.h>

typedef struct FaultDisk
{
  StokerDisk base;
  StokerDisk *under;
  _Atomic int64_t space; /* < 0: endless */
  _Atomic int write_error, sync_error;
  _Atomic int64_t warm; /* so many reads of what is in memory find it there; < 0: endless */
  _Atomic int64_t waits, written_back;
} FaultDisk;

typedef struct FaultFile
{
  StokerFile base;
  FaultDisk *disk;
  StokerFile *under;
} FaultFile;

#define DISK(d) ((FaultDisk *)(d))
#define UNDER(d) (DISK (d)->under)
#define FILE_UNDER(f) (((FaultFile *)(f))->under)

/* How many of `want` bytes there is room for; takes them. */
static int64_t
take (FaultDisk *d, int64_t want)
{
  int64_t left = d->space, got;

  do
    got = left < 0 ? want : MIN (want, left);
  while (left >= 0 && !atomic_compare_exchange_weak (&d->space, &left, left - got));
  return got;
}

static ssize_t
file_pread (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  ((FaultFile *)f)->disk->waits++;
  return stoker_file_pread (FILE_UNDER (f), buf, len, pos);
}

static int
file_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  FaultDisk *d = ((FaultFile *)f)->disk;

  if (d->write_error)
    return d->write_error;
  for (int i = 0; i < n; i++) {
    int64_t room = take (d, (int64_t)iov[i].iov_len);
    int rc = stoker_file_pwrite (FILE_UNDER (f), iov[i].iov_base, (size_t)room, pos);
    if (rc < 0 || room < (int64_t)iov[i].iov_len)
      return rc < 0 ? rc : -ENOSPC;
    pos += (uint64_t)room;
  }
  return 0;
}

static int
file_sync (StokerFile *f)
{
  FaultDisk *d = ((FaultFile *)f)->disk;
  return d->sync_error ? d->sync_error : 0; /* tests need not wait for the real one */
}

static int
file_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  FaultDisk *d = ((FaultFile *)f)->disk;
  return d->space >= 0 && d->space < (int64_t)len ? -ENOSPC : stoker_file_reserve (FILE_UNDER (f), pos, len);
}

static int
file_truncate (StokerFile *f, uint64_t size)
{
  return stoker_file_truncate (FILE_UNDER (f), size);
}

static int64_t
file_size (StokerFile *f)
{
  return stoker_file_size (FILE_UNDER (f));
}

static ssize_t
file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  FaultDisk *d = ((FaultFile *)f)->disk;

  if (d->warm == 0)
    return -EAGAIN;
  if (d->warm > 0)
    d->warm--;
  return stoker_file_pread_resident (FILE_UNDER (f), buf, len, pos);
}

static int
file_fd (StokerFile *f)
{
  return stoker_file_fd (FILE_UNDER (f));
}

static void
file_close (StokerFile *f)
{
  stoker_file_unref (FILE_UNDER (f));
  g_free (f);
}

static void
file_writeback (StokerFile *f, uint64_t pos, uint64_t len)
{
  ((FaultFile *)f)->disk->written_back += (int64_t)len;
}

static const StkFileOps file_ops = { file_pread, file_pwritev,  file_sync, file_reserve, file_truncate,
                                     file_size,  file_pread_resident, file_fd, file_close, file_writeback };

static int
disk_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  StokerFile *under;
  StokerPathInfo info;
  FaultFile *f;
  int rc;

  if ((flags & STOKER_OPEN_CREATE) && stoker_disk_stat (UNDER (d), path, &info) == -ENOENT
      && take (DISK (d), 4096) < 4096)
    return -ENOSPC;
  rc = stoker_file_open (UNDER (d), path, flags, &under);
  if (rc < 0)
    return rc;
  f = g_new0 (FaultFile, 1);
  *f = (FaultFile){ { &file_ops, 1 }, DISK (d), under };
  *out = &f->base;
  return 0;
}

static int
disk_stat (StokerDisk *d, const char *path, StokerPathInfo *out)
{
  return stoker_disk_stat (UNDER (d), path, out);
}

static int
disk_rename (StokerDisk *d, const char *from, const char *to)
{
  return stoker_disk_rename (UNDER (d), from, to);
}

static int
disk_unlink (StokerDisk *d, const char *path)
{
  return stoker_disk_unlink (UNDER (d), path);
}

static int
disk_mkdir (StokerDisk *d, const char *path)
{
  return stoker_disk_mkdir (UNDER (d), path);
}

static int
disk_rmdir (StokerDisk *d, const char *path)
{
  return stoker_disk_rmdir (UNDER (d), path);
}

static int
disk_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  return stoker_disk_list (UNDER (d), dir, each, user);
}

static int
disk_sync_dir (StokerDisk *d, const char *dir)
{
  return DISK (d)->sync_error;
}

static int
disk_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms)
{
  return stoker_disk_set_mtime (UNDER (d), path, mtime_ms);
}

static int
disk_lock (StokerDisk *d, const char *path, StokerFile **out)
{
  return stoker_disk_lock (UNDER (d), path, out);
}

static int
disk_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  return stoker_disk_space (UNDER (d), path, out_free, out_total);
}

static const StkDiskOps disk_ops = { disk_open, disk_stat,     disk_rename,    disk_unlink, disk_mkdir, disk_rmdir,
                                     disk_list, disk_sync_dir, disk_set_mtime, disk_lock,   disk_space };

StokerDisk *
fault_disk_new (StokerDisk *under)
{
  FaultDisk *d = g_new0 (FaultDisk, 1);

  d->base.ops = &disk_ops;
  d->under = under;
  d->space = -1;
  return &d->base;
}

void
fault_disk_free (StokerDisk *d)
{
  g_free (d);
}

void
fault_disk_space (StokerDisk *d, int64_t bytes)
{
  DISK (d)->space = bytes;
}

void
fault_disk_fail_writes (StokerDisk *d, int error)
{
  DISK (d)->write_error = error;
}

void
fault_disk_fail_syncs (StokerDisk *d, int error)
{
  DISK (d)->sync_error = error;
}

void
fault_disk_cold (StokerDisk *d, int64_t n)
{
  DISK (d)->warm = n;
}

int64_t
fault_disk_waits (StokerDisk *d)
{
  return DISK (d)->waits;
}

int64_t
fault_disk_written_back (StokerDisk *d)
{
  return DISK (d)->written_back;
}
