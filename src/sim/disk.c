/* SPDX-License-Identifier: Apache-2.0
 *
 * The calls of the simulated disk, and its power cut.
 */
#include "config.h"

#include "sim/disk_private.h"

#include <errno.h>

int
stk_sim_disk_ask (SimDisk *d, StkSimDiskCall call, const char *path)
{
  return d->watch ? d->watch (d->watcher, call, path) : 0;
}

static int
find_or_make (SimDisk *d, const char *path, unsigned flags, Inode **out)
{
  Inode *i = stk_sim_lookup (d, path);

  if (i && i->is_dir && (flags & STOKER_OPEN_WRITE))
    return -EISDIR;
  if (i && (flags & STOKER_OPEN_EXCLUSIVE))
    return -EEXIST;
  if (i == NULL) {
    if (!(flags & STOKER_OPEN_CREATE) || !stk_sim_parent_exists (d, path))
      return -ENOENT;
    i = stk_sim_inode_new (false);
    i->mtime_ms = stk_sim_now_us (d->sim) / 1000;
    stk_sim_change_name (d, NULL, path, i);
    stk_sim_inode_unref (i); /* the names hold it */
  }
  *out = i;
  return 0;
}

static int
disk_open (StokerDisk *base, const char *path, unsigned flags, StokerFile **out)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_OPEN, path);
  LOCK (d);
  Inode *i;
  int rc;

  if (asked < 0)
    return asked;
  rc = find_or_make (d, path, flags, &i);
  if (rc < 0)
    return rc;
  if (flags & STOKER_OPEN_TRUNCATE) {
    if (i->data->len > 0)
      stk_sim_note_cut (d, i, 0);
    d->used -= i->data->len;
    stk_sim_set_size (i->data, 0);
  }
  *out = stk_sim_file_new (d, i, path, flags & STOKER_OPEN_WRITE, false);
  return 0;
}

static int
disk_stat (StokerDisk *base, const char *path, StokerPathInfo *out)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_STAT, path);
  LOCK (d);
  Inode *i = stk_sim_lookup (d, path);

  if (asked < 0)
    return asked;
  if (i == NULL)
    return -ENOENT;
  *out = (StokerPathInfo){ i->is_dir, i->data->len, i->mtime_ms };
  return 0;
}

static int
disk_rename (StokerDisk *base, const char *from, const char *to)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_RENAME, from);
  LOCK (d);
  Inode *old = stk_sim_lookup (d, to);

  if (asked < 0)
    return asked;
  if (stk_sim_lookup (d, from) == NULL || !stk_sim_parent_exists (d, to))
    return -ENOENT;
  if (old && old->is_dir && stk_sim_has_children (d, to))
    return -ENOTEMPTY;
  stk_sim_change_name (d, from, to, NULL);
  return 0;
}

static int
disk_unlink (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_UNLINK, path);
  LOCK (d);
  Inode *i = stk_sim_lookup (d, path);

  if (asked < 0)
    return asked;
  if (i == NULL || i->is_dir)
    return i ? -EISDIR : -ENOENT;
  d->used -= i->data->len;
  stk_sim_change_name (d, path, NULL, NULL);
  return 0;
}

static int
disk_mkdir (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_MKDIR, path);
  LOCK (d);
  Inode *i;

  if (asked < 0)
    return asked;
  if (stk_sim_lookup (d, path))
    return -EEXIST;
  if (!stk_sim_parent_exists (d, path))
    return -ENOENT;
  i = stk_sim_inode_new (true);
  stk_sim_change_name (d, NULL, path, i);
  stk_sim_inode_unref (i);
  return 0;
}

static int
disk_rmdir (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_RMDIR, path);
  LOCK (d);
  Inode *i = stk_sim_lookup (d, path);

  if (asked < 0)
    return asked;
  if (i == NULL || !i->is_dir)
    return i ? -ENOTDIR : -ENOENT;
  if (stk_sim_has_children (d, path))
    return -ENOTEMPTY;
  stk_sim_change_name (d, path, NULL, NULL);
  return 0;
}

static int
disk_list (StokerDisk *base, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_LIST, dir);
  g_autoptr (GPtrArray) list = NULL;

  if (asked < 0)
    return asked;
  {
    LOCK (d);
    if (!stk_sim_dir_exists (d, dir))
      return stk_sim_lookup (d, dir) ? -ENOTDIR : -ENOENT;
    list = stk_sim_names_in (d, dir);
  }
  for (guint i = 0; i < list->len; i++)
    if (!each (user, g_ptr_array_index (list, i)))
      break;
  return 0;
}

static int
disk_sync_dir (StokerDisk *base, const char *dir)
{
  SimDisk *d = (SimDisk *)base;
  int asked = stk_sim_disk_ask (d, STK_SIM_SYNC_DIR, dir);
  LOCK (d);
  Inode *i = stk_sim_lookup (d, dir);

  if (asked != 0)
    return MIN (asked, 0);
  if (i == NULL || !i->is_dir)
    return -ENOENT;
  stk_sim_names_sync (d, i, UINT64_MAX);
  return 0;
}

static int
disk_set_mtime (StokerDisk *base, const char *path, int64_t mtime_ms)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i = stk_sim_lookup (d, path);

  if (i == NULL)
    return -ENOENT;
  i->mtime_ms = mtime_ms;
  return 0;
}

static int
disk_lock (StokerDisk *base, const char *path, StokerFile **out)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i;
  int rc = find_or_make (d, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &i);

  if (rc < 0)
    return rc;
  if (i->locked)
    return -EAGAIN;
  i->locked = true;
  *out = stk_sim_file_new (d, i, path, true, true);
  return 0;
}

static int
disk_space (StokerDisk *base, const char *path, uint64_t *out_free, uint64_t *out_total)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);

  *out_total = d->limit;
  *out_free = d->limit - MIN (d->limit, d->used);
  return 0;
}

static const StkDiskOps disk_ops = { disk_open, disk_stat,     disk_rename,    disk_unlink, disk_mkdir, disk_rmdir,
                                     disk_list, disk_sync_dir, disk_set_mtime, disk_lock,   disk_space };

StokerDisk *
stk_sim_disk_new (StkSim *s)
{
  SimDisk *d = g_new0 (SimDisk, 1);

  d->base.ops = &disk_ops;
  d->sim = s;
  g_mutex_init (&d->lock);
  d->root = stk_sim_inode_new (true);
  d->ordered = stk_sim_chance (s, 2);
  d->limit = UINT64_C (1) << 50;
  return &d->base;
}

void
stk_sim_disk_free (StokerDisk *base)
{
  SimDisk *d = (SimDisk *)base;

  stk_sim_inode_unref (d->root);
  g_mutex_clear (&d->lock);
  g_free (d);
}

void
stk_sim_disk_watch (StokerDisk *base, StkSimDiskWatch watch, void *user)
{
  ((SimDisk *)base)->watch = watch;
  ((SimDisk *)base)->watcher = user;
}

void
stk_sim_disk_limit (StokerDisk *base, uint64_t bytes)
{
  ((SimDisk *)base)->limit = bytes;
}

int
stk_sim_link (StkWorld *machine, const char *from, const char *to)
{
  SimDisk *d = (SimDisk *)machine->disk;
  Inode *i = stk_sim_lookup (d, from);

  if (i == NULL || i->is_dir || !stk_sim_parent_exists (d, to))
    return -ENOENT;
  if (stk_sim_lookup (d, to))
    return -EEXIST;
  stk_sim_change_name (d, NULL, to, i);
  return 0;
}

/* ---- flushes that take their time */

StkSimMoment
stk_sim_moment (StkWorld *machine)
{
  SimDisk *d = (SimDisk *)machine->disk;

  return (StkSimMoment){ d->serial, d->writes };
}

void
stk_sim_sync_as_of (StkWorld *machine, StokerFile *base, StkSimMoment m)
{
  SimDisk *d = (SimDisk *)machine->disk;
  SimFile *f = (SimFile *)base;

  if (f == NULL) {
    stk_sim_settle_tree (d->root, m.writes);
    stk_sim_names_sync_all (d, m.names);
  } else if (stk_sim_disk_ask (d, STK_SIM_SYNC, f->path) == 0) {
    stk_sim_settle (f->inode, m.writes);
  }
}

void
stk_sim_sync_names_as_of (StkWorld *machine, StkSimMoment m)
{
  stk_sim_names_sync_all ((SimDisk *)machine->disk, m.names);
}

void
stk_sim_sync_dir_as_of (StkWorld *machine, const char *dir, StkSimMoment m)
{
  SimDisk *d = (SimDisk *)machine->disk;
  Inode *i = stk_sim_lookup (d, dir);

  if (i && i->is_dir && stk_sim_disk_ask (d, STK_SIM_SYNC_DIR, dir) == 0)
    stk_sim_names_sync (d, i, m.names);
}

void
stk_sim_disk_unlock_all (StokerDisk *base)
{
  stk_sim_names_unlock (((SimDisk *)base)->root);
}

void
stk_sim_disk_cut (StokerDisk *base)
{
  SimDisk *d = (SimDisk *)base;

  d->generation++;
  stk_sim_names_cut (d);
}
