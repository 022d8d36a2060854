/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the logs of partitions lie that are not open: what the directories were found to hold at start, and what went
 * offline with its directory since. One of them is the partition's; none is ever made a second time elsewhere.
 */
#include "broker/replicas_private.h"

static char *
key_of (const char *topic, int32_t partition)
{
  return g_strdup_printf ("%s-%d", topic, partition);
}

void
stk_found_free (void *found)
{
  for (StkFound *f = found, *next; f; f = next) {
    next = f->next;
    g_free (f);
  }
}

static bool
same_topic (StokerUuid a, StokerUuid b)
{
  return stoker_uuid_is_zero (a) || stoker_uuid_is_zero (b) || stoker_uuid_equal (a, b);
}

void
stk_found_add (GHashTable *table, char *key, StkFound *f)
{
  StkFound *first = g_hash_table_lookup (table, key);

  if (first) {
    f->next = first->next;
    first->next = f;
    g_free (key);
  } else {
    g_hash_table_insert (table, key, f);
  }
}

void
stk_found_note (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, StokerInstance *storage, int dir)
{
  char *key = key_of (topic, partition);
  StkFound *f = g_hash_table_lookup (r->found, key);

  while (f && (!f->used || !same_topic (f->topic_id, id)))
    f = f->next;
  if (f == NULL) {
    f = g_new0 (StkFound, 1);
    f->topic_id = id;
    f->storage = storage;
    f->used = true;
    stk_found_add (r->found, g_strdup (key), f);
  }
  f->dir = dir;
  g_free (key);
}

/* Of two that may be it: the one that says that it took the other's place; or the one that was used already. */
static bool
better (const StkFound *a, const StkFound *b)
{
  return a->used != b->used ? a->used : a->replaces && !b->replaces;
}

StkFound *
stk_found_pick (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, StkFound **rival)
{
  g_autofree char *key = key_of (topic, partition);
  StkFound *list = g_hash_table_lookup (r->found, key), *best = NULL;

  *rival = NULL;
  for (StkFound *f = list; f; f = f->next) {
    if (!same_topic (f->topic_id, id))
      continue;
    if (best && !better (best, f) && !better (f, best))
      *rival = f;
    else if (best == NULL || better (f, best))
      best = f;
  }
  /* That of another topic is in the way. */
  return best ? best : list;
}

void
stk_found_forget (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id)
{
  g_autofree char *key = key_of (topic, partition);
  StkFound *keep = NULL, *next;
  void *stolen_key, *list;

  if (!g_hash_table_steal_extended (r->found, key, &stolen_key, &list))
    return;
  for (StkFound *f = list; f; f = next) {
    next = f->next;
    if (f->used && same_topic (f->topic_id, id)) {
      g_free (f);
    } else {
      f->next = keep;
      keep = f;
    }
  }
  if (keep)
    g_hash_table_insert (r->found, stolen_key, keep);
  else
    g_free (stolen_key);
}

int
stk_found_future (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, int dir)
{
  g_autofree char *key = key_of (topic, partition);

  for (StkFound *f = g_hash_table_lookup (r->futures, key); f; f = f->next)
    if (!f->used && same_topic (f->topic_id, id) && f->dir != dir && !r->dir_failed[f->dir]) {
      f->used = true;
      return f->dir;
    }
  return -1;
}

int
stk_replicas_emptiest (const StkReplicas *r)
{
  int best = -1;

  for (int i = 0; i < r->n_dirs; i++)
    if (!r->dir_failed[i] && (best < 0 || r->dir_logs[i] < r->dir_logs[best]))
      best = i;
  return best;
}
