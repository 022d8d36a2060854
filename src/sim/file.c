/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the simulated disk: their two contents, and the calls on an open one.
 */
#include "config.h"

#include "sim/disk_private.h"

#include <errno.h>

#define PAGE ((size_t)4096)

/* ---- inodes */

Inode *
stk_sim_inode_new (bool is_dir)
{
  Inode *i = g_new0 (Inode, 1);

  i->refs = 1;
  i->is_dir = is_dir;
  i->data = g_byte_array_new ();
  i->durable = g_byte_array_new ();
  i->dirty = g_array_new (FALSE, FALSE, sizeof (Range));
  return i;
}

Inode *
stk_sim_inode_ref (Inode *i)
{
  i->refs++;
  return i;
}

void
stk_sim_inode_unref (void *p)
{
  Inode *i = p;

  if (--i->refs > 0)
    return;
  g_byte_array_unref (i->data);
  g_byte_array_unref (i->durable);
  g_array_unref (i->dirty);
  g_free (i);
}

void
stk_sim_set_size (GByteArray *a, uint64_t size)
{
  guint old = a->len;

  g_byte_array_set_size (a, (guint)size);
  if (size > old)
    memset (a->data + old, 0, (size_t)size - old);
}

/* Copies what lies in the range from the content that is read. */
static void
settle_range (Inode *i, Range r)
{
  uint64_t end = MIN (r.pos + r.len, (uint64_t)i->data->len);

  if (end <= r.pos)
    return;
  if (end > i->durable->len)
    stk_sim_set_size (i->durable, end);
  memcpy (i->durable->data + r.pos, i->data->data + r.pos, (size_t)(end - r.pos));
}

/* Pages written since the last sync reached the disk or did not; a file that grew may have got its size without its
 * data. */
void
stk_sim_inode_cut (SimDisk *d, Inode *i)
{
  for (guint k = 0; k < i->dirty->len; k++) {
    Range r = g_array_index (i->dirty, Range, k);
    for (uint64_t at = r.pos; at < r.pos + r.len;) {
      uint64_t end = MIN ((at / PAGE + 1) * PAGE, r.pos + r.len);
      if (stk_sim_chance (d->sim, 2))
        settle_range (i, (Range){ at, end - at });
      at = end;
    }
  }
  g_array_set_size (i->dirty, 0);
  if (i->data->len < i->durable->len && stk_sim_chance (d->sim, 2))
    stk_sim_set_size (i->durable, i->data->len); /* a truncation that was not synced */
  stk_sim_set_size (i->data, 0);
  g_byte_array_append (i->data, i->durable->data, i->durable->len);
  i->locked = false;
}

/* ---- open files */

static bool
dead (const SimFile *f)
{
  return f->generation != f->disk->generation;
}

static ssize_t
file_pread (StokerFile *base, void *buf, size_t len, uint64_t pos)
{
  SimFile *f = (SimFile *)base;
  LOCK (f->disk);
  size_t n;

  if (dead (f))
    return -EIO;
  if (pos >= f->inode->data->len)
    return 0;
  n = MIN (len, f->inode->data->len - (size_t)pos);
  memcpy (buf, f->inode->data->data + pos, n);
  return (ssize_t)n;
}

static int
file_pwritev (StokerFile *base, const struct iovec *iov, int n, uint64_t pos)
{
  SimFile *f = (SimFile *)base;
  LOCK (f->disk);
  Inode *i = f->inode;
  Range r = { pos, 0 };

  if (dead (f) || !f->writable)
    return dead (f) ? -EIO : -EBADF;
  for (int k = 0; k < n; k++)
    r.len += iov[k].iov_len;
  if (pos + r.len > i->data->len) {
    uint64_t grow = pos + r.len - i->data->len;
    if (grow > f->disk->limit - MIN (f->disk->limit, f->disk->used))
      return -ENOSPC;
    f->disk->used += grow;
    stk_sim_set_size (i->data, pos + r.len);
  }
  for (int k = 0; k < n; k++) {
    if (iov[k].iov_len)
      memcpy (i->data->data + pos, iov[k].iov_base, iov[k].iov_len);
    pos += iov[k].iov_len;
  }
  g_array_append_val (i->dirty, r);
  i->mtime_ms = stk_sim_now_us (f->disk->sim) / 1000;
  return 0;
}

static int
file_sync (StokerFile *base)
{
  SimFile *f = (SimFile *)base;
  LOCK (f->disk);

  if (dead (f))
    return -EIO;
  for (guint k = 0; k < f->inode->dirty->len; k++)
    settle_range (f->inode, g_array_index (f->inode->dirty, Range, k));
  g_array_set_size (f->inode->dirty, 0);
  stk_sim_set_size (f->inode->durable, f->inode->data->len);
  return 0;
}

static int
file_reserve (StokerFile *base, uint64_t pos, uint64_t len)
{
  return dead ((SimFile *)base) ? -EIO : 0;
}

static int
file_truncate (StokerFile *base, uint64_t size)
{
  SimFile *f = (SimFile *)base;
  LOCK (f->disk);

  if (dead (f))
    return -EIO;
  f->disk->used += size - f->inode->data->len;
  stk_sim_set_size (f->inode->data, size);
  return 0;
}

static int64_t
file_size (StokerFile *base)
{
  SimFile *f = (SimFile *)base;
  LOCK (f->disk);

  return dead (f) ? -EIO : (int64_t)f->inode->data->len;
}

static int
file_fd (StokerFile *f)
{
  return -1;
}

static void
file_close (StokerFile *base)
{
  SimFile *f = (SimFile *)base;

  g_mutex_lock (&f->disk->lock);
  if (f->lock && !dead (f))
    f->inode->locked = false;
  stk_sim_inode_unref (f->inode);
  g_mutex_unlock (&f->disk->lock);
  g_free (f);
}

static const StkFileOps file_ops
    = { file_pread, file_pwritev, file_sync, file_reserve, file_truncate, file_size, file_pread, file_fd, file_close };

StokerFile *
stk_sim_file_new (SimDisk *d, Inode *i, bool writable, bool lock)
{
  SimFile *f = g_new0 (SimFile, 1);

  f->base.ops = &file_ops;
  atomic_init (&f->base.refs, 1);
  f->disk = d;
  f->inode = stk_sim_inode_ref (i);
  f->generation = d->generation;
  f->writable = writable;
  f->lock = lock;
  return &f->base;
}
