/* SPDX-License-Identifier: Apache-2.0 */
#include "record/topic_view.h"

#include "module/instance.h"

#include <glib.h>

StokerStr
stoker_topic_view_name (const StokerTopicView *t)
{
  return t->name;
}

int32_t
stoker_topic_view_count (const StokerTopicView *t)
{
  return t->count;
}

bool
stoker_topic_view_available (const StokerTopicView *t, int32_t partition)
{
  return partition >= 0 && partition < t->count && (t->offline == NULL || !t->offline[partition]);
}

uint64_t *
stoker_topic_view_cell (const StokerTopicView *t)
{
  return t->cell;
}

int32_t
stoker_topic_view_next (const StokerTopicView *t)
{
  int32_t at = 0;

  /* Whoever meets a partition without leader takes another turn: so the others keep equal shares. */
  for (int32_t tries = 0; tries < t->count; tries++) {
    at = (int32_t)(__atomic_fetch_add (t->cell, 1, __ATOMIC_RELAXED) % (uint32_t)t->count);
    if (t->offline == NULL || !t->offline[at])
      break;
  }
  return at;
}

size_t
stk_partition_pick (StokerInstance *instance, const StokerTopicView *view, const StokerBytes *keys, size_t n,
                    int32_t *out)
{
  int rc = -1;
  size_t wrong = 0;

  if (instance != NULL) {
    stk_instance_enter (instance);
    rc = ((const StokerPartitionerOps *)instance->module->ops)->pick (instance, view, keys, n, out);
    stk_instance_leave (instance);
  }
  for (size_t i = 0; i < n; i++) {
    if (rc == 0 && out[i] >= 0 && out[i] < view->count)
      continue;
    out[i] = stoker_topic_view_next (view);
    wrong++;
  }
  return wrong;
}

struct StkTopicCells
{
  GMutex lock;
  GHashTable *cells; /* char * -> uint64_t * */
};

StkTopicCells *
stk_topic_cells_new (void)
{
  StkTopicCells *c = g_new0 (StkTopicCells, 1);

  g_mutex_init (&c->lock);
  c->cells = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return c;
}

void
stk_topic_cells_free (StkTopicCells *c)
{
  if (c == NULL)
    return;
  g_hash_table_unref (c->cells);
  g_mutex_clear (&c->lock);
  g_free (c);
}

uint64_t *
stk_topic_cells_get (StkTopicCells *c, StokerStr topic)
{
  g_autofree char *name = g_strndup (topic.data, topic.len);
  uint64_t *cell;

  g_mutex_lock (&c->lock);
  cell = g_hash_table_lookup (c->cells, name);
  if (cell == NULL) {
    cell = g_new0 (uint64_t, 1);
    g_hash_table_insert (c->cells, g_steal_pointer (&name), cell);
  }
  g_mutex_unlock (&c->lock);
  return cell;
}
