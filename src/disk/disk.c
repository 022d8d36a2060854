/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker/disk.h on top of the tables of whichever disk it is, and the two compound operations that every caller wants
 * done the same way.
 */
#include "world/disk.h"

#include <errno.h>
#include <glib.h>

int
stoker_file_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out)
{
  return d->ops->open (d, path, flags, out);
}

StokerFile *
stoker_file_ref (StokerFile *f)
{
  atomic_fetch_add_explicit (&f->refs, 1, memory_order_relaxed);
  return f;
}

void
stoker_file_unref (StokerFile *f)
{
  if (f && atomic_fetch_sub_explicit (&f->refs, 1, memory_order_acq_rel) == 1)
    f->ops->close (f);
}

ssize_t
stoker_file_pread (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  return f->ops->pread (f, buf, len, pos);
}

int
stoker_file_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  return f->ops->pwritev (f, iov, n, pos);
}

int
stoker_file_pwrite (StokerFile *f, const void *buf, size_t len, uint64_t pos)
{
  struct iovec v = { (void *)buf, len };
  return f->ops->pwritev (f, &v, 1, pos);
}

int
stoker_file_sync (StokerFile *f)
{
  return f->ops->sync (f);
}

int
stoker_file_sync_all (StokerFile *f)
{
  return f->ops->sync_all ? f->ops->sync_all (f) : -EOPNOTSUPP;
}

void
stoker_file_writeback (StokerFile *f, uint64_t pos, uint64_t len)
{
  if (f->ops->writeback && len > 0)
    f->ops->writeback (f, pos, len);
}

void
stoker_file_forget (StokerFile *f, uint64_t pos, uint64_t len)
{
  if (f->ops->forget && len > 0)
    f->ops->forget (f, pos, len);
}

int
stoker_file_reserve (StokerFile *f, uint64_t pos, uint64_t len)
{
  return f->ops->reserve (f, pos, len);
}

int
stoker_file_truncate (StokerFile *f, uint64_t size)
{
  return f->ops->truncate (f, size);
}

int64_t
stoker_file_size (StokerFile *f)
{
  return f->ops->size (f);
}

ssize_t
stoker_file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos)
{
  return f->ops->pread_resident (f, buf, len, pos);
}

static bool
resident_byte (StokerFile *f, uint64_t pos)
{
  char byte;
  return f->ops->pread_resident (f, &byte, 1, pos) != -EAGAIN;
}

bool
stoker_file_resident (StokerFile *f, uint64_t pos, size_t len)
{
  return len == 0 || (resident_byte (f, pos) && (len < 4096 || resident_byte (f, pos + len - 1)));
}

int
stoker_file_fd (StokerFile *f)
{
  return f->ops->fd (f);
}

int
stoker_disk_stat (StokerDisk *d, const char *path, StokerPathInfo *out)
{
  return d->ops->stat (d, path, out);
}

int
stoker_disk_rename (StokerDisk *d, const char *from, const char *to)
{
  return d->ops->rename (d, from, to);
}

int
stoker_disk_unlink (StokerDisk *d, const char *path)
{
  return d->ops->unlink (d, path);
}

int
stoker_disk_mkdir (StokerDisk *d, const char *path)
{
  return d->ops->mkdir (d, path);
}

int
stoker_disk_rmdir (StokerDisk *d, const char *path)
{
  return d->ops->rmdir (d, path);
}

int
stoker_disk_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  return d->ops->list (d, dir, each, user);
}

int
stoker_disk_sync_dir (StokerDisk *d, const char *dir)
{
  return d->ops->sync_dir (d, dir);
}

int
stoker_disk_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms)
{
  return d->ops->set_mtime (d, path, mtime_ms);
}

int
stoker_disk_lock (StokerDisk *d, const char *path, StokerFile **out)
{
  return d->ops->lock (d, path, out);
}

int
stoker_disk_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  return d->ops->space (d, path, out_free, out_total);
}

static int
write_tmp (StokerDisk *d, const char *tmp, const void *data, size_t len)
{
  StokerFile *f = NULL;
  int rc = stoker_file_open (d, tmp, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);

  if (rc == 0 && len > 0)
    rc = stoker_file_pwrite (f, data, len, 0);
  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  return rc;
}

int
stoker_disk_write_atomic (StokerDisk *d, const char *path, const void *data, size_t len)
{
  g_autofree char *tmp = g_strconcat (path, ".tmp", NULL);
  g_autofree char *dir = g_path_get_dirname (path);
  int rc = write_tmp (d, tmp, data, len);

  if (rc == 0)
    rc = stoker_disk_rename (d, tmp, path);
  if (rc == 0)
    rc = stoker_disk_sync_dir (d, dir);
  return rc;
}

int
stoker_disk_read_all (StokerDisk *d, const char *path, size_t max, StokerBuf *to)
{
  StokerFile *f = NULL;
  int64_t size;
  ssize_t n;
  int rc = stoker_file_open (d, path, STOKER_OPEN_READ, &f);

  if (rc < 0)
    return rc;
  size = stoker_file_size (f);
  if (size < 0 || (uint64_t)size > max) {
    stoker_file_unref (f);
    return size < 0 ? (int)size : -EFBIG;
  }
  n = stoker_file_pread (f, stoker_buf_reserve (to, (size_t)size + 1), (size_t)size, 0);
  stoker_file_unref (f);
  if (n < 0)
    return (int)n;
  to->len += (size_t)n;
  return 0;
}

static bool
add_name (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

int
stoker_disk_remove_tree (StokerDisk *d, const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int rc = stoker_disk_list (d, path, add_name, names);

  for (guint i = 0; i < names->len && rc == 0; i++) {
    g_autofree char *file = g_build_filename (path, names->pdata[i], NULL);
    rc = stoker_disk_unlink (d, file);
  }
  return rc < 0 ? rc : stoker_disk_rmdir (d, path);
}

bool
stoker_disk_broken (int error)
{
  switch (-error) {
  case EIO:
  case EROFS:
  case ENXIO:
  case ENODEV:
  case ENOTDIR:
  case EACCES:
  case EPERM:
  case ESTALE:
  case ETIMEDOUT:
  case EBADMSG:
  case EREMOTEIO:
  case EUCLEAN:
  case ENOTCONN:
  case ESHUTDOWN:
    return true;
  default:
    return false;
  }
}
