/* SPDX-License-Identifier: Apache-2.0 */
#include "over-disk.h"

#include <glib.h>

#define UNDER(d) (((OverDisk *)(d))->under)

static int
gate (OverDisk *d, bool change)
{
  return d->gate ? d->gate (d, change) : 0;
}

/* The call, unless the gate answers for it. */
#define READING(d, call)                                                                                               \
  do {                                                                                                                 \
    int rc_ = gate ((OverDisk *)(d), false);                                                                           \
    return rc_ ? rc_ : (call);                                                                                         \
  } while (0)
#define CHANGING(d, call)                                                                                              \
  do {                                                                                                                 \
    int rc_ = gate ((OverDisk *)(d), true);                                                                            \
    return rc_ ? rc_ : (call);                                                                                         \
  } while (0)

static ssize_t
file_pread (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  READING (over_file_disk (f), stoker_file_pread (over_file_under (f), buf, len, pos));
}

ssize_t
over_file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  READING (over_file_disk (f), stoker_file_pread_resident (over_file_under (f), buf, len, pos));
}

static int
file_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  CHANGING (over_file_disk (f), stoker_file_pwritev (over_file_under (f), iov, n, pos));
}

static int
file_sync (StokerFile *f)
{
  CHANGING (over_file_disk (f), stoker_file_sync (over_file_under (f)));
}

static int
file_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  CHANGING (over_file_disk (f), stoker_file_reserve (over_file_under (f), pos, len));
}

static int
file_truncate (StokerFile *f, uint64_t size)
{
  CHANGING (over_file_disk (f), stoker_file_truncate (over_file_under (f), size));
}

static int64_t
file_size (StokerFile *f)
{
  READING (over_file_disk (f), stoker_file_size (over_file_under (f)));
}

static int
file_fd (StokerFile *f)
{
  return stoker_file_fd (over_file_under (f));
}

static void
file_close (StokerFile *f)
{
  stoker_file_unref (over_file_under (f));
  g_free (f);
}

static const StkFileOps file_ops = {
  .pread = file_pread,
  .pwritev = file_pwritev,
  .sync = file_sync,
  .reserve = file_reserve,
  .truncate = file_truncate,
  .size = file_size,
  .pread_resident = over_file_pread_resident,
  .fd = file_fd,
  .close = file_close,
};

static int
wrap (OverDisk *d, int rc, StokerFile *under, StokerFile **out)
{
  OverFile *f;

  if (rc < 0)
    return rc;
  f = g_new (OverFile, 1);
  f->base.ops = &d->file_ops;
  atomic_init (&f->base.refs, 1);
  f->disk = d;
  f->under = under;
  *out = &f->base;
  return 0;
}

int
over_disk_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  StokerFile *under = NULL;
  int rc = gate ((OverDisk *)d, (flags & (STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE)) != 0);

  if (rc == 0)
    rc = stoker_file_open (UNDER (d), path, flags, &under);
  return wrap ((OverDisk *)d, rc, under, out);
}

static int
disk_lock (StokerDisk *d, const char *path, StokerFile **out)
{
  StokerFile *under = NULL;
  int rc = gate ((OverDisk *)d, true);

  if (rc == 0)
    rc = stoker_disk_lock (UNDER (d), path, &under);
  return wrap ((OverDisk *)d, rc, under, out);
}

static int
disk_stat (StokerDisk *d, const char *path, StokerPathInfo *out)
{
  READING (d, stoker_disk_stat (UNDER (d), path, out));
}

static int
disk_rename (StokerDisk *d, const char *from, const char *to)
{
  CHANGING (d, stoker_disk_rename (UNDER (d), from, to));
}

static int
disk_unlink (StokerDisk *d, const char *path)
{
  CHANGING (d, stoker_disk_unlink (UNDER (d), path));
}

static int
disk_mkdir (StokerDisk *d, const char *path)
{
  CHANGING (d, stoker_disk_mkdir (UNDER (d), path));
}

static int
disk_rmdir (StokerDisk *d, const char *path)
{
  CHANGING (d, stoker_disk_rmdir (UNDER (d), path));
}

static int
disk_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  READING (d, stoker_disk_list (UNDER (d), dir, each, user));
}

static int
disk_sync_dir (StokerDisk *d, const char *dir)
{
  CHANGING (d, stoker_disk_sync_dir (UNDER (d), dir));
}

static int
disk_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms)
{
  CHANGING (d, stoker_disk_set_mtime (UNDER (d), path, mtime_ms));
}

static int
disk_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  READING (d, stoker_disk_space (UNDER (d), path, out_free, out_total));
}

static const StkDiskOps disk_ops = {
  .open = over_disk_open,
  .stat = disk_stat,
  .rename = disk_rename,
  .unlink = disk_unlink,
  .mkdir = disk_mkdir,
  .rmdir = disk_rmdir,
  .list = disk_list,
  .sync_dir = disk_sync_dir,
  .set_mtime = disk_set_mtime,
  .lock = disk_lock,
  .space = disk_space,
};

void
over_disk_init (OverDisk *d, StokerDisk *under)
{
  d->ops = disk_ops;
  d->file_ops = file_ops;
  d->base.ops = &d->ops;
  d->under = under;
  d->gate = NULL;
}
