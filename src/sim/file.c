/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the simulated disk: their two contents, and the calls on an open one.
 */
#include "config.h"

#include "sim/disk_private.h"

#include <errno.h>

#define SECTOR ((uint64_t)512)

/* ---- inodes */

static void
change_clear (void *c)
{
  g_free (((Change *)c)->sectors);
}

Inode *
stk_sim_inode_new (bool is_dir)
{
  Inode *i = g_new0 (Inode, 1);

  i->refs = 1;
  i->is_dir = is_dir;
  i->data = g_byte_array_new ();
  i->durable = g_byte_array_new ();
  i->changes = g_array_new (FALSE, FALSE, sizeof (Change));
  g_array_set_clear_func (i->changes, change_clear);
  if (is_dir) {
    i->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_sim_inode_unref);
    i->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_sim_inode_unref);
    i->ops = stk_sim_name_ops_new ();
  }
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
  g_array_unref (i->changes);
  if (i->is_dir) {
    g_hash_table_unref (i->names);
    g_hash_table_unref (i->kept);
    g_array_unref (i->ops);
  }
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

/* Takes note of a write that was done: of the whole sectors that it touches, as a disk writes them. */
static void
note_write (SimDisk *d, Inode *i, uint64_t pos, uint64_t len, uint64_t before)
{
  Change c = { .pos = pos / SECTOR * SECTOR, .serial = ++d->writes, .before = before };

  if (len == 0)
    return;
  c.len = MIN ((pos + len + SECTOR - 1) / SECTOR * SECTOR, (uint64_t)i->data->len) - c.pos;
  c.sectors = g_memdup2 (i->data->data + c.pos, c.len);
  g_array_append_val (i->changes, c);
}

void
stk_sim_note_cut (SimDisk *d, Inode *i, uint64_t size)
{
  Change c = { .pos = size, .serial = ++d->writes, .before = i->data->len };

  g_array_append_val (i->changes, c);
}

/* Makes bytes durable. */
static void
settle (Inode *i, uint64_t pos, const uint8_t *bytes, uint64_t len)
{
  if (pos + len > i->durable->len)
    stk_sim_set_size (i->durable, pos + len);
  memcpy (i->durable->data + pos, bytes, (size_t)len);
}

void
stk_sim_settle (Inode *i, uint64_t serial)
{
  guint n = 0;

  for (; n < i->changes->len && g_array_index (i->changes, Change, n).serial <= serial; n++) {
    const Change *c = &g_array_index (i->changes, Change, n);
    if (c->sectors == NULL && c->pos < i->durable->len)
      stk_sim_set_size (i->durable, c->pos);
    else if (c->sectors)
      settle (i, c->pos, c->sectors, c->len);
  }
  stk_sim_set_size (i->durable, n < i->changes->len ? g_array_index (i->changes, Change, n).before : i->data->len);
  g_array_remove_range (i->changes, 0, n);
}

/* Of what was written since the last sync each sector reached the disk or did not, as it was after any one of the
 * writes to it; how many do differs from file to file, so that all and none are seen too. A truncation happened or did
 * not. A file that grew may have got a size without the data. */
void
stk_sim_inode_cut (SimDisk *d, Inode *i)
{
  uint64_t share = i->changes->len ? stk_sim_chance (d->sim, 5) : 0; /* of four */
  uint64_t size = i->data->len;

  for (guint k = 0; k < i->changes->len; k++) {
    const Change *c = &g_array_index (i->changes, Change, k);
    if (c->sectors == NULL) {
      if (stk_sim_chance (d->sim, 2) && c->pos < i->durable->len)
        stk_sim_set_size (i->durable, c->pos);
      continue;
    }
    for (uint64_t at = 0; at < c->len; at += SECTOR)
      if (stk_sim_chance (d->sim, 4) < share)
        settle (i, c->pos + at, c->sectors + at, MIN (SECTOR, c->len - at));
  }
  if (size > i->durable->len && stk_sim_chance (d->sim, 4) == 0)
    stk_sim_set_size (i->durable, i->durable->len + stk_sim_chance (d->sim, size - i->durable->len + 1));
  g_array_set_size (i->changes, 0);
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
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_READ, f->path);
  LOCK (f->disk);
  size_t n;

  if (dead (f) || asked < 0)
    return dead (f) ? -EIO : asked;
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
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_WRITE, f->path);
  LOCK (f->disk);
  Inode *i = f->inode;
  uint64_t len = 0, at = pos, before = i->data->len;

  if (dead (f) || !f->writable)
    return dead (f) ? -EIO : -EBADF;
  if (asked < 0)
    return asked;
  for (int k = 0; k < n; k++)
    len += iov[k].iov_len;
  if (asked == STK_SIM_PART)
    len = stk_sim_chance (f->disk->sim, len);
  if (pos + len > i->data->len) {
    uint64_t grow = pos + len - i->data->len;
    if (grow > f->disk->limit - MIN (f->disk->limit, f->disk->used))
      return -ENOSPC;
    f->disk->used += grow;
    stk_sim_set_size (i->data, pos + len);
  }
  for (int k = 0; k < n && at < pos + len; k++) {
    size_t part = MIN (iov[k].iov_len, (size_t)(pos + len - at));
    if (part)
      memcpy (i->data->data + at, iov[k].iov_base, part);
    at += part;
  }
  note_write (f->disk, i, pos, len, before);
  i->mtime_ms = stk_sim_now_us (f->disk->sim) / 1000;
  return asked == STK_SIM_PART ? -ENOSPC : 0;
}

static int
file_sync (StokerFile *base)
{
  SimFile *f = (SimFile *)base;
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_SYNC, f->path);
  LOCK (f->disk);

  if (dead (f))
    return -EIO;
  if (asked == 0)
    stk_sim_settle (f->inode, UINT64_MAX);
  return MIN (asked, 0);
}

void
stk_sim_settle_tree (Inode *i, uint64_t serial)
{
  GHashTableIter iter;
  void *child;

  if (!i->is_dir) {
    stk_sim_settle (i, serial);
    return;
  }
  g_hash_table_iter_init (&iter, i->names);
  while (g_hash_table_iter_next (&iter, NULL, &child))
    stk_sim_settle_tree (child, serial);
}

static int
file_sync_all (StokerFile *base)
{
  SimFile *f = (SimFile *)base;
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_SYNC, f->path);
  LOCK (f->disk);

  if (dead (f))
    return -EIO;
  if (asked != 0)
    return MIN (asked, 0);
  stk_sim_settle_tree (f->disk->root, UINT64_MAX);
  stk_sim_names_sync_all (f->disk, UINT64_MAX);
  return 0;
}

static int
file_reserve (StokerFile *base, uint64_t pos, uint64_t len)
{
  SimFile *f = (SimFile *)base;
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_RESERVE, f->path);

  return dead (f) ? -EIO : MIN (asked, 0);
}

static int
file_truncate (StokerFile *base, uint64_t size)
{
  SimFile *f = (SimFile *)base;
  int asked = stk_sim_disk_ask (f->disk, STK_SIM_TRUNCATE, f->path);
  LOCK (f->disk);

  if (dead (f) || asked < 0)
    return dead (f) ? -EIO : asked;
  f->disk->used += size - f->inode->data->len;
  if (size < f->inode->data->len)
    stk_sim_note_cut (f->disk, f->inode, size);
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
  g_free (f->path);
  g_free (f);
}

static const StkFileOps file_ops = { file_pread, file_pwritev, file_sync, file_reserve, file_truncate,
                                     file_size,  file_pread,   file_fd,   file_close,   .sync_all = file_sync_all };

StokerFile *
stk_sim_file_new (SimDisk *d, Inode *i, const char *path, bool writable, bool lock)
{
  SimFile *f = g_new0 (SimFile, 1);

  f->base.ops = &file_ops;
  atomic_init (&f->base.refs, 1);
  f->disk = d;
  f->inode = stk_sim_inode_ref (i);
  f->generation = d->generation;
  f->writable = writable;
  f->lock = lock;
  f->path = g_strdup (path);
  return &f->base;
}
