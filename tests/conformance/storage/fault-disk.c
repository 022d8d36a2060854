/* SPDX-License-Identifier: Apache-2.0 */
#include "fault-disk.h"

#include "over-disk.h"

#include <errno.h>
#include <glib.h>

typedef struct FaultDisk
{
  OverDisk over;
  _Atomic int64_t space; /* < 0: endless */
  _Atomic int write_error, sync_error;
  _Atomic int64_t warm; /* so many reads of what is in memory find it there; < 0: endless */
  _Atomic int64_t waits, written_back;
} FaultDisk;

#define DISK(d) ((FaultDisk *)(d))
#define FILE_DISK(f) ((FaultDisk *)over_file_disk (f))

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
  FILE_DISK (f)->waits++;
  return stoker_file_pread (over_file_under (f), buf, len, pos);
}

static int
file_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  FaultDisk *d = FILE_DISK (f);

  if (d->write_error)
    return d->write_error;
  for (int i = 0; i < n; i++) {
    int64_t room = take (d, (int64_t)iov[i].iov_len);
    int rc = stoker_file_pwrite (over_file_under (f), iov[i].iov_base, (size_t)room, pos);
    if (rc < 0 || room < (int64_t)iov[i].iov_len)
      return rc < 0 ? rc : -ENOSPC;
    pos += (uint64_t)room;
  }
  return 0;
}

static int
file_sync (StokerFile *f)
{
  FaultDisk *d = FILE_DISK (f);
  return d->sync_error; /* tests need not wait for the real one */
}

static int
file_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  FaultDisk *d = FILE_DISK (f);
  return d->space >= 0 && d->space < (int64_t)len ? -ENOSPC : stoker_file_reserve (over_file_under (f), pos, len);
}

static ssize_t
file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  FaultDisk *d = FILE_DISK (f);

  if (d->warm == 0)
    return -EAGAIN;
  if (d->warm > 0)
    d->warm--;
  return over_file_pread_resident (f, buf, len, pos);
}

static void
file_writeback (StokerFile *f, uint64_t pos, uint64_t len)
{
  FILE_DISK (f)->written_back += (int64_t)len;
}

static int
disk_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  StokerPathInfo info;

  if ((flags & STOKER_OPEN_CREATE) && stoker_disk_stat (DISK (d)->over.under, path, &info) == -ENOENT
      && take (DISK (d), 4096) < 4096)
    return -ENOSPC;
  return over_disk_open (d, path, flags, out);
}

static int
disk_sync_dir (StokerDisk *d, const char *dir)
{
  return DISK (d)->sync_error;
}

StokerDisk *
fault_disk_new (StokerDisk *under)
{
  FaultDisk *d = g_new0 (FaultDisk, 1);

  over_disk_init (&d->over, under);
  d->over.ops.open = disk_open;
  d->over.ops.sync_dir = disk_sync_dir;
  d->over.file_ops.pread = file_pread;
  d->over.file_ops.pwritev = file_pwritev;
  d->over.file_ops.sync = file_sync;
  d->over.file_ops.reserve = file_reserve;
  d->over.file_ops.pread_resident = file_pread_resident;
  d->over.file_ops.writeback = file_writeback;
  d->space = -1;
  return &d->over.base;
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
