/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

void
coord_watches_init (Watches *w)
{
  w->data = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  w->child = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
}

void
coord_watches_clear (Watches *w)
{
  g_clear_pointer (&w->data, g_hash_table_unref);
  g_clear_pointer (&w->child, g_hash_table_unref);
}

static void
add_once (GArray *list, StokerCoordWatch watch)
{
  for (guint i = 0; i < list->len; i++) {
    StokerCoordWatch *old = &g_array_index (list, StokerCoordWatch, i);
    if (old->fn == watch.fn && old->user == watch.user)
      return;
  }
  g_array_append_val (list, watch);
}

void
coord_watches_add (GHashTable *table, const char *path, StokerCoordWatch watch)
{
  GArray *list;

  if (watch.fn == NULL)
    return;
  list = g_hash_table_lookup (table, path);
  if (list == NULL) {
    list = g_array_new (FALSE, FALSE, sizeof (StokerCoordWatch));
    g_hash_table_insert (table, g_strdup (path), list);
  }
  add_once (list, watch);
}

static GArray *
take (GHashTable *table, const char *path)
{
  GArray *list = g_hash_table_lookup (table, path);

  if (list) {
    g_array_ref (list);
    g_hash_table_remove (table, path);
  }
  return list;
}

GArray *
coord_watches_take (Watches *w, StokerCoordEvent event, const char *path)
{
  GArray *list = event == STOKER_COORD_CHILD ? NULL : take (w->data, path);
  GArray *more = event == STOKER_COORD_CHILD || event == STOKER_COORD_DELETED ? take (w->child, path) : NULL;

  if (list == NULL || more == NULL)
    return list ? list : more;
  for (guint i = 0; i < more->len; i++)
    add_once (list, g_array_index (more, StokerCoordWatch, i));
  g_array_unref (more);
  return list;
}

static void
tell_lost (GHashTable *table)
{
  GHashTableIter it;
  void *path, *list;

  g_hash_table_iter_init (&it, table);
  while (g_hash_table_iter_next (&it, &path, &list))
    for (guint i = 0; i < ((GArray *)list)->len; i++) {
      StokerCoordWatch w = g_array_index ((GArray *)list, StokerCoordWatch, i);
      w.fn (w.user, STOKER_COORD_SESSION, path);
    }
}

void
coord_watches_lost (Watches *w)
{
  tell_lost (w->data);
  tell_lost (w->child);
}
