/* SPDX-License-Identifier: Apache-2.0
 *
 * The two trees of names of the simulated disk: the one that is seen, the one that would be found after a power cut,
 * and the changes that lie between them.
 */
#include "config.h"

#include "sim/disk_private.h"

void
stk_sim_name_op_clear (void *p)
{
  NameOp *op = p;

  g_free (op->from);
  g_free (op->to);
  if (op->inode)
    stk_sim_inode_unref (op->inode);
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
      g_ptr_array_add (moved, stk_sim_inode_ref (value));
      g_hash_table_iter_remove (&iter);
    }
  for (guint i = 0; i + 1 < moved->len; i += 2)
    g_hash_table_insert (names, moved->pdata[i], moved->pdata[i + 1]);
}

static void
apply (GHashTable *names, const NameOp *op)
{
  if (op->from == NULL)
    g_hash_table_insert (names, g_strdup (op->to), stk_sim_inode_ref (op->inode));
  else if (op->to == NULL)
    g_hash_table_remove (names, op->from);
  else
    move_names (names, op->from, op->to);
}

void
stk_sim_change_name (SimDisk *d, const char *from, const char *to, Inode *inode)
{
  NameOp op = { g_strdup (from), g_strdup (to), inode ? stk_sim_inode_ref (inode) : NULL };

  apply (d->names, &op);
  g_array_append_val (d->ops, op);
}

void
stk_sim_carry_over (SimDisk *d, guint n)
{
  for (guint i = 0; i < n; i++)
    apply (d->durable, &g_array_index (d->ops, NameOp, i));
  if (n > 0)
    g_array_remove_range (d->ops, 0, n);
}

Inode *
stk_sim_lookup (SimDisk *d, const char *path)
{
  return g_hash_table_lookup (d->names, path);
}

/* The root and the folders that every machine has exist without having been made. */
bool
stk_sim_dir_exists (SimDisk *d, const char *path)
{
  Inode *i = stk_sim_lookup (d, path);
  return i ? i->is_dir : strcmp (path, "/") == 0 || strcmp (path, ".") == 0;
}

bool
stk_sim_parent_exists (SimDisk *d, const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path);
  return stk_sim_dir_exists (d, dir);
}

bool
stk_sim_has_children (SimDisk *d, const char *path)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, d->names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (under (key, path))
      return true;
  return false;
}

gint
stk_sim_by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
stk_sim_names_in (SimDisk *d, const char *dir)
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
  g_ptr_array_sort (list, stk_sim_by_text);
  return list;
}

bool
stk_sim_op_in (const NameOp *op, const char *dir)
{
  g_autofree char *a = op->from ? g_path_get_dirname (op->from) : NULL;
  g_autofree char *b = op->to ? g_path_get_dirname (op->to) : NULL;

  return g_strcmp0 (a, dir) == 0 || g_strcmp0 (b, dir) == 0;
}
