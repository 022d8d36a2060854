/* SPDX-License-Identifier: Apache-2.0 */
#include "cut-disk.h"

#include "world/disk.h"

#include <errno.h>
#include <glib.h>

typedef struct CutDisk
{
  StokerDisk base;
  StokerDisk *under;
  int64_t left; /* < 0: endless */
  bool dead;
} CutDisk;

typedef struct CutFile
{
  StokerFile base;
  CutDisk *disk;
  StokerFile *under;
} CutFile;

#define D(d) ((CutDisk *)(d))
#define F(f) ((CutFile *)(f))

static bool
change (CutDisk *d)
{
  if (d->left == 0)
    d->dead = true;
  else if (d->left > 0)
    d->left--;
  return !d->dead;
}

#define READING(d, call) (D (d)->dead ? -EIO : (call))
#define CHANGING(d, call) (change (D (d)) ? (call) : -EIO)

static ssize_t
f_pread (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  return READING (F (f)->disk, stoker_file_pread (F (f)->under, buf, len, pos));
}

static ssize_t
f_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  return READING (F (f)->disk, stoker_file_pread_resident (F (f)->under, buf, len, pos));
}

static int
f_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  return CHANGING (F (f)->disk, stoker_file_pwritev (F (f)->under, iov, n, pos));
}

static int
f_sync (StokerFile *f)
{
  return CHANGING (F (f)->disk, stoker_file_sync (F (f)->under));
}

static int
f_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  return CHANGING (F (f)->disk, stoker_file_reserve (F (f)->under, pos, len));
}

static int
f_truncate (StokerFile *f, uint64_t size)
{
  return CHANGING (F (f)->disk, stoker_file_truncate (F (f)->under, size));
}

static int64_t
f_size (StokerFile *f)
{
  return READING (F (f)->disk, stoker_file_size (F (f)->under));
}

static int
f_fd (StokerFile *f)
{
  return -1;
}

static void
f_close (StokerFile *f)
{
  stoker_file_unref (F (f)->under);
  g_free (f);
}

static const StkFileOps file_ops = {
  .pread = f_pread,
  .pwritev = f_pwritev,
  .sync = f_sync,
  .reserve = f_reserve,
  .truncate = f_truncate,
  .size = f_size,
  .pread_resident = f_resident,
  .fd = f_fd,
  .close = f_close,
};

static int
wrap (CutDisk *d, int rc, StokerFile *under, StokerFile **out)
{
  CutFile *f;

  if (rc < 0)
    return rc;
  f = g_new (CutFile, 1);
  f->base.ops = &file_ops;
  atomic_init (&f->base.refs, 1);
  f->disk = d;
  f->under = under;
  *out = &f->base;
  return 0;
}

static int
d_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  StokerFile *under = NULL;
  int rc = flags & (STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE)
               ? CHANGING (d, stoker_file_open (D (d)->under, path, flags, &under))
               : READING (d, stoker_file_open (D (d)->under, path, flags, &under));

  return wrap (D (d), rc, under, out);
}

static int
d_lock (StokerDisk *d, const char *path, StokerFile **out)
{
  StokerFile *under = NULL;
  int rc = CHANGING (d, stoker_disk_lock (D (d)->under, path, &under));

  return wrap (D (d), rc, under, out);
}

static int
d_stat (StokerDisk *d, const char *path, StokerPathInfo *out)
{
  return READING (d, stoker_disk_stat (D (d)->under, path, out));
}

static int
d_rename (StokerDisk *d, const char *from, const char *to)
{
  return CHANGING (d, stoker_disk_rename (D (d)->under, from, to));
}

static int
d_unlink (StokerDisk *d, const char *path)
{
  return CHANGING (d, stoker_disk_unlink (D (d)->under, path));
}

static int
d_mkdir (StokerDisk *d, const char *path)
{
  return CHANGING (d, stoker_disk_mkdir (D (d)->under, path));
}

static int
d_rmdir (StokerDisk *d, const char *path)
{
  return CHANGING (d, stoker_disk_rmdir (D (d)->under, path));
}

static int
d_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  return READING (d, stoker_disk_list (D (d)->under, dir, each, user));
}

static int
d_sync_dir (StokerDisk *d, const char *dir)
{
  return CHANGING (d, stoker_disk_sync_dir (D (d)->under, dir));
}

static int
d_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms)
{
  return CHANGING (d, stoker_disk_set_mtime (D (d)->under, path, mtime_ms));
}

static int
d_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  return READING (d, stoker_disk_space (D (d)->under, path, out_free, out_total));
}

static const StkDiskOps disk_ops = {
  .open = d_open,
  .stat = d_stat,
  .rename = d_rename,
  .unlink = d_unlink,
  .mkdir = d_mkdir,
  .rmdir = d_rmdir,
  .list = d_list,
  .sync_dir = d_sync_dir,
  .set_mtime = d_set_mtime,
  .lock = d_lock,
  .space = d_space,
};

StokerDisk *
cut_disk_new (StokerDisk *under)
{
  CutDisk *d = g_new0 (CutDisk, 1);

  d->base.ops = &disk_ops;
  d->under = under;
  d->left = -1;
  return &d->base;
}

void
cut_disk_free (StokerDisk *d)
{
  g_free (d);
}

void
cut_disk_after (StokerDisk *d, int64_t changes)
{
  D (d)->left = changes;
  D (d)->dead = false;
}

bool
cut_disk_dead (StokerDisk *d)
{
  return D (d)->dead;
}
