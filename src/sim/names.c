/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of the simulated disk. A folder has two sets of names, the one that is seen and the one that would be found
 * after a power cut, and the changes that lie between them.
 *
 * A journalling file system makes changes of names durable in the order in which they happened, in whichever folder;
 * one that does only what POSIX asks for makes those of a folder durable when that folder is flushed, and no others. A
 * disk is of the one kind or the other, by lot.
 */
#include "config.h"

#include "sim/disk_private.h"

/* One change of a folder: a name goes, or (and) one is set. */
typedef struct NameOp
{
  uint64_t serial;
  char *gone, *set; /* either may be NULL */
  Inode *inode;     /* of `set` */
} NameOp;

static void
name_op_clear (void *p)
{
  NameOp *op = p;

  g_free (op->gone);
  g_free (op->set);
  if (op->inode)
    stk_sim_inode_unref (op->inode);
}

GArray *
stk_sim_name_ops_new (void)
{
  GArray *a = g_array_new (FALSE, FALSE, sizeof (NameOp));

  g_array_set_clear_func (a, name_op_clear);
  return a;
}

static void
apply (GHashTable *names, const NameOp *op)
{
  if (op->gone)
    g_hash_table_remove (names, op->gone);
  if (op->set)
    g_hash_table_insert (names, g_strdup (op->set), stk_sim_inode_ref (op->inode));
}

/* Without what does not count: "/a//b/." is {a, b}. */
static GPtrArray *
parts_of (const char *path)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) all = g_strsplit (path, "/", -1);

  for (char **s = all; *s; s++)
    if (**s && strcmp (*s, ".") != 0)
      g_ptr_array_add (parts, g_strdup (*s));
  return parts;
}

static Inode *
walk (SimDisk *d, const GPtrArray *parts, guint n)
{
  Inode *i = d->root;

  for (guint k = 0; k < n && i; k++)
    i = i->is_dir ? g_hash_table_lookup (i->names, g_ptr_array_index (parts, k)) : NULL;
  return i;
}

Inode *
stk_sim_lookup (SimDisk *d, const char *path)
{
  g_autoptr (GPtrArray) parts = parts_of (path);

  return walk (d, parts, parts->len);
}

/* The folder of a path, and its name in there (to be freed); NULL: there is no such folder. */
static Inode *
parent_of (SimDisk *d, const char *path, char **name)
{
  g_autoptr (GPtrArray) parts = parts_of (path);
  Inode *i = parts->len > 0 ? walk (d, parts, parts->len - 1) : NULL;

  if (i == NULL || !i->is_dir)
    return NULL;
  if (name)
    *name = g_strdup (g_ptr_array_index (parts, parts->len - 1));
  return i;
}

static void
change (SimDisk *d, Inode *dir, const char *gone, const char *set, Inode *inode)
{
  NameOp op = { ++d->serial, g_strdup (gone), g_strdup (set), inode ? stk_sim_inode_ref (inode) : NULL };

  apply (dir->names, &op);
  g_array_append_val (dir->ops, op);
}

void
stk_sim_change_name (SimDisk *d, const char *from, const char *to, Inode *inode)
{
  g_autofree char *a = NULL, *b = NULL;
  Inode *old = from ? parent_of (d, from, &a) : NULL, *new = to ? parent_of (d, to, &b) : NULL;

  inode = from && to ? g_hash_table_lookup (old->names, a) : inode;
  if (inode)
    stk_sim_inode_ref (inode);
  if (old && new &&old != new) {
    change (d, old, a, NULL, NULL);
    change (d, new, NULL, b, inode);
  } else {
    change (d, old ? old : new, a, b, to ? inode : NULL);
  }
  if (inode)
    stk_sim_inode_unref (inode);
}

/* The changes of the folder up to one of this number become durable. */
static void
keep (Inode *dir, uint64_t serial)
{
  guint n = 0;

  for (; n < dir->ops->len && g_array_index (dir->ops, NameOp, n).serial <= serial; n++)
    apply (dir->kept, &g_array_index (dir->ops, NameOp, n));
  if (n > 0)
    g_array_remove_range (dir->ops, 0, n);
}

static void
keep_all (Inode *dir, uint64_t serial)
{
  GHashTableIter iter;
  gpointer child;

  /* Whoever is known in either way: what is durable in a folder does not wait for the folder's own name. */
  g_hash_table_iter_init (&iter, dir->names);
  while (g_hash_table_iter_next (&iter, NULL, &child))
    if (((Inode *)child)->is_dir)
      keep_all (child, serial);
  keep (dir, serial);
}

void
stk_sim_names_sync (SimDisk *d, Inode *dir, uint64_t serial)
{
  guint n = dir->ops->len;

  while (n > 0 && g_array_index (dir->ops, NameOp, n - 1).serial > serial)
    n--;
  if (n == 0)
    return;
  if (d->ordered)
    keep_all (d->root, g_array_index (dir->ops, NameOp, n - 1).serial);
  else
    keep (dir, serial);
}

void
stk_sim_names_sync_all (SimDisk *d, uint64_t serial)
{
  keep_all (d->root, serial);
}

static GPtrArray *
sorted (GHashTable *names)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (list, g_strdup (key));
  g_ptr_array_sort (list, stk_sim_by_text);
  return list;
}

/* What is left of a folder, and of what lies in it. */
static void
cut_folder (SimDisk *d, Inode *dir, uint64_t serial)
{
  g_autoptr (GPtrArray) list = NULL;

  if (!d->ordered && dir->ops->len > 0) {
    guint n = (guint)stk_sim_chance (d->sim, dir->ops->len + 1);
    serial = n > 0 ? g_array_index (dir->ops, NameOp, n - 1).serial : 0;
  }
  keep (dir, serial);
  g_array_set_size (dir->ops, 0);
  g_hash_table_remove_all (dir->names);
  list = sorted (dir->kept);
  for (guint i = 0; i < list->len; i++) {
    Inode *child = g_hash_table_lookup (dir->kept, g_ptr_array_index (list, i));
    g_hash_table_insert (dir->names, g_strdup (g_ptr_array_index (list, i)), stk_sim_inode_ref (child));
    if (child->is_dir)
      cut_folder (d, child, serial);
    else
      stk_sim_inode_cut (d, child);
    d->used += child->data->len;
  }
}

void
stk_sim_names_cut (SimDisk *d)
{
  uint64_t first = d->serial;

  for (uint64_t back = stk_sim_chance (d->sim, 64); back > 0 && first > 0; back--)
    first--;
  d->used = 0;
  cut_folder (d, d->root, stk_sim_chance (d->sim, 4) ? first : d->serial);
}

void
stk_sim_names_unlock (Inode *dir)
{
  GHashTableIter iter;
  gpointer child;

  g_hash_table_iter_init (&iter, dir->names);
  while (g_hash_table_iter_next (&iter, NULL, &child)) {
    ((Inode *)child)->locked = false;
    if (((Inode *)child)->is_dir)
      stk_sim_names_unlock (child);
  }
}

bool
stk_sim_dir_exists (SimDisk *d, const char *path)
{
  Inode *i = stk_sim_lookup (d, path);
  return i && i->is_dir;
}

bool
stk_sim_parent_exists (SimDisk *d, const char *path)
{
  return parent_of (d, path, NULL) != NULL;
}

bool
stk_sim_has_children (SimDisk *d, const char *path)
{
  Inode *i = stk_sim_lookup (d, path);
  return i && i->is_dir && g_hash_table_size (i->names) > 0;
}

gint
stk_sim_by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
stk_sim_names_in (SimDisk *d, const char *dir)
{
  return sorted (stk_sim_lookup (d, dir)->names);
}
