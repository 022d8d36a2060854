/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated disk. Every file has two contents, the one that is read and the one that would be found after a power
 * cut, and so has the tree of names: a sync of a file carries its content over, a sync of a directory the names, in the
 * order of their changes as a journalling file system does. A cut lets each page, and the first so many names, of the
 * rest survive by lot.
 */
#include "config.h"

#include "sim/impl.h"

#include <errno.h>

#define PAGE ((size_t)4096)

typedef struct Inode
{
  int refs; /* names, old names and open files */
  bool is_dir, locked;
  int64_t mtime_ms;
  GByteArray *data, *durable;
  GArray *dirty; /* of Range: written since the last sync */
} Inode;

typedef struct Range
{
  uint64_t pos, len;
} Range;

/* A change of names that no sync has carried over yet. */
typedef struct NameOp
{
  char *from, *to; /* to NULL: `from` goes; from NULL: `to` is made for `inode` */
  Inode *inode;
} NameOp;

typedef struct SimDisk
{
  StokerDisk base;
  StkSim *sim;
  GMutex lock;                 /* tests may use a disk from several threads */
  GHashTable *names, *durable; /* path -> Inode */
  GArray *ops;                 /* of NameOp */
  uint64_t used, limit;
  unsigned generation; /* grows with each cut: older handles are dead */
} SimDisk;

typedef struct SimFile
{
  StokerFile base;
  SimDisk *disk;
  Inode *inode;
  unsigned generation;
  bool writable, lock;
} SimFile;

static Inode *
inode_new (bool is_dir)
{
  Inode *i = g_new0 (Inode, 1);

  i->refs = 1;
  i->is_dir = is_dir;
  i->data = g_byte_array_new ();
  i->durable = g_byte_array_new ();
  i->dirty = g_array_new (FALSE, FALSE, sizeof (Range));
  return i;
}

static Inode *
inode_ref (Inode *i)
{
  i->refs++;
  return i;
}

static void
inode_unref (void *p)
{
  Inode *i = p;

  if (--i->refs > 0)
    return;
  g_byte_array_unref (i->data);
  g_byte_array_unref (i->durable);
  g_array_unref (i->dirty);
  g_free (i);
}

/* Grown with zeros, or cut. */
static void
set_size (GByteArray *a, uint64_t size)
{
  guint old = a->len;

  g_byte_array_set_size (a, (guint)size);
  if (size > old)
    memset (a->data + old, 0, (size_t)size - old);
}

/* ---- names */

static void
op_clear (void *p)
{
  NameOp *op = p;

  g_free (op->from);
  g_free (op->to);
  if (op->inode)
    inode_unref (op->inode);
}

static bool
under (const char *path, const char *dir)
{
  size_t n = strlen (dir);
  return strncmp (path, dir, n) == 0 && path[n] == '/';
}

/* Renames `from` and everything under it. */
static void
move_names (GHashTable *names, const char *from, const char *to)
{
  GHashTableIter iter;
  gpointer key, value;
  g_autoptr (GPtrArray) moved = g_ptr_array_new ();

  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (strcmp (key, from) == 0 || under (key, from)) {
      g_ptr_array_add (moved, g_strconcat (to, (const char *)key + strlen (from), NULL));
      g_ptr_array_add (moved, inode_ref (value));
      g_hash_table_iter_remove (&iter);
    }
  for (guint i = 0; i + 1 < moved->len; i += 2)
    g_hash_table_insert (names, moved->pdata[i], moved->pdata[i + 1]);
}

static void
apply (GHashTable *names, const NameOp *op)
{
  if (op->from == NULL)
    g_hash_table_insert (names, g_strdup (op->to), inode_ref (op->inode));
  else if (op->to == NULL)
    g_hash_table_remove (names, op->from);
  else
    move_names (names, op->from, op->to);
}

static void
change (SimDisk *d, const char *from, const char *to, Inode *inode)
{
  NameOp op = { g_strdup (from), g_strdup (to), inode ? inode_ref (inode) : NULL };

  apply (d->names, &op);
  g_array_append_val (d->ops, op);
}

/* The first n changes become durable. */
static void
carry_over (SimDisk *d, guint n)
{
  for (guint i = 0; i < n; i++)
    apply (d->durable, &g_array_index (d->ops, NameOp, i));
  if (n > 0)
    g_array_remove_range (d->ops, 0, n);
}

static Inode *
lookup (SimDisk *d, const char *path)
{
  return g_hash_table_lookup (d->names, path);
}

/* The root and the folders that every machine has exist without having been made. */
static bool
dir_exists (SimDisk *d, const char *path)
{
  Inode *i = lookup (d, path);
  return i ? i->is_dir : strcmp (path, "/") == 0 || strcmp (path, ".") == 0;
}

static bool
parent_exists (SimDisk *d, const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path);
  return dir_exists (d, dir);
}

static bool
has_children (SimDisk *d, const char *path)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, d->names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (under (key, path))
      return true;
  return false;
}

/* ---- files */

#define LOCK(d) g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&(d)->lock)

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
    set_size (i->data, pos + r.len);
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

/* Copies what lies in the range from the content that is read. */
static void
settle_range (Inode *i, Range r)
{
  uint64_t end = MIN (r.pos + r.len, (uint64_t)i->data->len);

  if (end <= r.pos)
    return;
  if (end > i->durable->len)
    set_size (i->durable, end);
  memcpy (i->durable->data + r.pos, i->data->data + r.pos, (size_t)(end - r.pos));
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
  set_size (f->inode->durable, f->inode->data->len);
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
  set_size (f->inode->data, size);
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
  inode_unref (f->inode);
  g_mutex_unlock (&f->disk->lock);
  g_free (f);
}

static const StkFileOps file_ops = { file_pread, file_pwritev,  file_sync, file_reserve, file_truncate,
                                     file_size,  file_pread,    file_fd,   file_close };

static StokerFile *
file_new (SimDisk *d, Inode *i, bool writable, bool lock)
{
  SimFile *f = g_new0 (SimFile, 1);

  f->base.ops = &file_ops;
  atomic_init (&f->base.refs, 1);
  f->disk = d;
  f->inode = inode_ref (i);
  f->generation = d->generation;
  f->writable = writable;
  f->lock = lock;
  return &f->base;
}

/* ---- the disk */

static int
find_or_make (SimDisk *d, const char *path, unsigned flags, Inode **out)
{
  Inode *i = lookup (d, path);

  if (i && i->is_dir)
    return -EISDIR;
  if (i && (flags & STOKER_OPEN_EXCLUSIVE))
    return -EEXIST;
  if (i == NULL) {
    if (!(flags & STOKER_OPEN_CREATE) || !parent_exists (d, path))
      return -ENOENT;
    i = inode_new (false);
    i->mtime_ms = stk_sim_now_us (d->sim) / 1000;
    change (d, NULL, path, i);
    inode_unref (i); /* the names hold it */
  }
  *out = i;
  return 0;
}

static int
disk_open (StokerDisk *base, const char *path, unsigned flags, StokerFile **out)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i;
  int rc = find_or_make (d, path, flags, &i);

  if (rc < 0)
    return rc;
  if (flags & STOKER_OPEN_TRUNCATE) {
    d->used -= i->data->len;
    set_size (i->data, 0);
  }
  *out = file_new (d, i, flags & STOKER_OPEN_WRITE, false);
  return 0;
}

static int
disk_stat (StokerDisk *base, const char *path, StokerPathInfo *out)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i = lookup (d, path);

  if (i == NULL && !dir_exists (d, path))
    return -ENOENT;
  *out = i ? (StokerPathInfo){ i->is_dir, i->data->len, i->mtime_ms } : (StokerPathInfo){ .is_dir = true };
  return 0;
}

static int
disk_rename (StokerDisk *base, const char *from, const char *to)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *old = lookup (d, to);

  if (lookup (d, from) == NULL || !parent_exists (d, to))
    return -ENOENT;
  if (old && old->is_dir && has_children (d, to))
    return -ENOTEMPTY;
  change (d, from, to, NULL);
  return 0;
}

static int
disk_unlink (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i = lookup (d, path);

  if (i == NULL || i->is_dir)
    return i ? -EISDIR : -ENOENT;
  d->used -= i->data->len;
  change (d, path, NULL, NULL);
  return 0;
}

static int
disk_mkdir (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i;

  if (lookup (d, path) || dir_exists (d, path))
    return -EEXIST;
  if (!parent_exists (d, path))
    return -ENOENT;
  i = inode_new (true);
  change (d, NULL, path, i);
  inode_unref (i);
  return 0;
}

static int
disk_rmdir (StokerDisk *base, const char *path)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i = lookup (d, path);

  if (i == NULL || !i->is_dir)
    return i ? -ENOTDIR : -ENOENT;
  if (has_children (d, path))
    return -ENOTEMPTY;
  change (d, path, NULL, NULL);
  return 0;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so that the same run lists in the same order. */
static GPtrArray *
names_in (SimDisk *d, const char *dir)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer key;
  size_t n = strcmp (dir, "/") == 0 ? 0 : strlen (dir);

  g_hash_table_iter_init (&iter, d->names);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const char *path = key;
    if (strncmp (path, dir, n) == 0 && path[n] == '/' && path[n + 1] && strchr (path + n + 1, '/') == NULL)
      g_ptr_array_add (list, g_strdup (path + n + 1));
  }
  g_ptr_array_sort (list, by_text);
  return list;
}

static int
disk_list (StokerDisk *base, const char *dir, bool (*each) (void *user, const char *name), void *user)
{
  SimDisk *d = (SimDisk *)base;
  g_autoptr (GPtrArray) list = NULL;

  {
    LOCK (d);
    if (!dir_exists (d, dir))
      return lookup (d, dir) ? -ENOTDIR : -ENOENT;
    list = names_in (d, dir);
  }
  for (guint i = 0; i < list->len; i++)
    if (!each (user, g_ptr_array_index (list, i)))
      break;
  return 0;
}

static bool
op_in (const NameOp *op, const char *dir)
{
  g_autofree char *a = op->from ? g_path_get_dirname (op->from) : NULL;
  g_autofree char *b = op->to ? g_path_get_dirname (op->to) : NULL;

  return g_strcmp0 (a, dir) == 0 || g_strcmp0 (b, dir) == 0;
}

static int
disk_sync_dir (StokerDisk *base, const char *dir)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  guint n = d->ops->len;

  if (!dir_exists (d, dir))
    return -ENOENT;
  while (n > 0 && !op_in (&g_array_index (d->ops, NameOp, n - 1), dir))
    n--;
  carry_over (d, n);
  return 0;
}

static int
disk_set_mtime (StokerDisk *base, const char *path, int64_t mtime_ms)
{
  SimDisk *d = (SimDisk *)base;
  LOCK (d);
  Inode *i = lookup (d, path);

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
  *out = file_new (d, i, true, true);
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
  d->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, inode_unref);
  d->durable = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, inode_unref);
  d->ops = g_array_new (FALSE, FALSE, sizeof (NameOp));
  g_array_set_clear_func (d->ops, op_clear);
  d->limit = UINT64_C (1) << 50;
  return &d->base;
}

void
stk_sim_disk_free (StokerDisk *base)
{
  SimDisk *d = (SimDisk *)base;

  g_hash_table_unref (d->names);
  g_hash_table_unref (d->durable);
  g_array_unref (d->ops);
  g_mutex_clear (&d->lock);
  g_free (d);
}

void
stk_sim_disk_limit (StokerDisk *base, uint64_t bytes)
{
  ((SimDisk *)base)->limit = bytes;
}

void
stk_sim_disk_unlock_all (StokerDisk *base)
{
  SimDisk *d = (SimDisk *)base;
  GHashTableIter iter;
  gpointer inode;

  g_hash_table_iter_init (&iter, d->names);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    ((Inode *)inode)->locked = false;
}

/* ---- power cut */

/* Pages written since the last sync reached the disk or did not; a file that grew may have got its size without its
 * data. */
static void
cut_inode (SimDisk *d, Inode *i)
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
    set_size (i->durable, i->data->len); /* a truncation that was not synced */
  set_size (i->data, 0);
  g_byte_array_append (i->data, i->durable->data, i->durable->len);
  i->locked = false;
}

void
stk_sim_disk_cut (StokerDisk *base)
{
  SimDisk *d = (SimDisk *)base;
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key, value;

  d->generation++;
  carry_over (d, (guint)stk_sim_chance (d->sim, (uint64_t)d->ops->len + 1));
  g_array_set_size (d->ops, 0);
  g_hash_table_remove_all (d->names);
  d->used = 0;
  g_hash_table_iter_init (&iter, d->durable);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (paths, key);
  g_ptr_array_sort (paths, by_text);
  for (guint i = 0; i < paths->len; i++) {
    key = g_ptr_array_index (paths, i);
    value = g_hash_table_lookup (d->durable, key);
    cut_inode (d, value);
    d->used += ((Inode *)value)->data->len;
    g_hash_table_insert (d->names, g_strdup (key), inode_ref (value));
  }
}
