/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the logs of partitions lie that are not open: what the directories were found to hold at start, and what went
 * offline with its directory since. One of them is the partition's; none is ever made a second time elsewhere. And what a
 * start says of those that nobody asked for, and of those that are missing.
 */
#include "broker/replicas_private.h"

#include "control/log.h"

#define MISSING_NAMED 20 /* of the partitions whose logs are missing; the others are counted */

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

/* ---- what a start finds odd */

static bool
is_fresh (const StkReplicas *r, int dir)
{
  return !r->dir_failed[dir] && r->dirs[dir].fresh;
}

void
stk_found_missing (StkReplicas *r, const char *topic, int32_t partition)
{
  bool any = false;

  for (int i = 0; i < r->n_dirs; i++)
    any |= is_fresh (r, i);
  if (!any || r->settled)
    return;
  if (r->missing == NULL)
    r->missing = g_string_new (NULL);
  if (r->n_missing++ < MISSING_NAMED)
    g_string_append_printf (r->missing, "%s%s-%d", r->missing->len ? "," : "", topic, partition);
}

void
stk_replicas_settled (StkReplicas *r)
{
  r->settled = true;
}

static void
tell_missing (StkReplicas *r)
{
  g_autoptr (GString) dirs = g_string_new (NULL);

  if (r->missing == NULL)
    return;
  for (int i = 0; i < r->n_dirs; i++)
    if (is_fresh (r, i))
      g_string_append_printf (dirs, "%s%s", dirs->len ? "," : "", r->dirs[i].path);
  stk_log (r->broker->log, STOKER_LOG_WARN, "broker", "logs.missing",
           "the logs of partitions are in none of the directories, and empty ones were made; a directory is used for the first time: is "
           "its disk not mounted? | dirs=%s logs=%u first=%s",
           dirs->str, r->n_missing, r->missing->str);
  g_string_free (g_steal_pointer (&r->missing), TRUE);
}

/* Logs that nobody asked for at start stay where they are: perhaps the directory was meant for another cluster's tree.
 */
static void
tell_strays (StkReplicas *r)
{
  const char *example = NULL;
  unsigned n = 0;
  GHashTableIter it;
  void *key, *found;

  g_hash_table_iter_init (&it, r->found);
  while (g_hash_table_iter_next (&it, &key, &found))
    for (const StkFound *f = found; f; f = f->next)
      if (!f->used) {
        example = key;
        n++;
      }
  if (n > 0)
    stk_log (r->broker->log, STOKER_LOG_WARN, "broker", "logs.stray",
             "logs lie in the directories that belong to no partition of this broker; they are left alone | logs=%u "
             "example=%s",
             n, example);
}

void
stk_found_tell (StkReplicas *r)
{
  tell_strays (r);
  tell_missing (r);
}
