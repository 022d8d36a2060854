/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/shard.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>

StkSnapshot *
stk_snapshot_new (void)
{
  StkSnapshot *s = g_new0 (StkSnapshot, 1);

  atomic_init (&s->refs, 1);
  s->cluster_id = g_strdup ("");
  s->controller_id = s->controller_epoch = -1;
  return s;
}

StkSnapshot *
stk_snapshot_ref (const StkSnapshot *s)
{
  StkSnapshot *m = (StkSnapshot *)(uintptr_t)s;

  atomic_fetch_add_explicit (&m->refs, 1, memory_order_relaxed);
  return m;
}

void
stk_snapshot_unref (StkSnapshot *s)
{
  if (s == NULL || atomic_fetch_sub_explicit (&s->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (int i = 0; i < STK_META_SHARDS; i++) {
    stk_meta_shard_unref (s->by_name[i]);
    stk_meta_shard_unref (s->by_id[i]);
  }
  for (int32_t i = 0; i < s->n_brokers; i++)
    stk_meta_broker_unref ((StkMetaBroker *)(uintptr_t)s->brokers[i]);
  g_free ((void *)(uintptr_t)s->brokers);
  g_free ((char *)(uintptr_t)s->cluster_id);
  g_free (s);
}

const StkMetaBroker *
stk_snapshot_broker (const StkSnapshot *s, int32_t id)
{
  int32_t low = 0, high = s->n_brokers;

  while (low < high) {
    int32_t mid = low + (high - low) / 2;
    if (s->brokers[mid]->id == id)
      return s->brokers[mid];
    if (s->brokers[mid]->id < id)
      low = mid + 1;
    else
      high = mid;
  }
  return NULL;
}

const StkMetaTopic *
stk_snapshot_topic (const StkSnapshot *s, StokerStr name)
{
  StkMetaKey key = stk_meta_key_name (name);

  return stk_meta_shard_find (s->by_name[key.hash % STK_META_SHARDS], stk_meta_compare_name, &key);
}

const StkMetaTopic *
stk_snapshot_topic_by_id (const StkSnapshot *s, StokerUuid id)
{
  StkMetaKey key = { .id = id };

  if (stoker_uuid_is_zero (id))
    return NULL;
  return stk_meta_shard_find (s->by_id[id.b[0]], stk_meta_compare_id, &key);
}

const StkMetaPartition *
stk_snapshot_partition (const StkSnapshot *s, StokerStr topic, int32_t partition)
{
  const StkMetaTopic *t = stk_snapshot_topic (s, topic);

  return t && partition >= 0 && partition < t->n_partitions ? &t->partitions[partition] : NULL;
}

static int
compare_names (const void *a, const void *b)
{
  const StkMetaTopic *x = *(const StkMetaTopic *const *)a, *y = *(const StkMetaTopic *const *)b;

  return strcmp (x->name, y->name);
}

void
stk_snapshot_topics (const StkSnapshot *s, const StkMetaTopic **topics)
{
  int32_t n = 0;

  for (int i = 0; i < STK_META_SHARDS; i++)
    if (s->by_name[i] && s->by_name[i]->n > 0) {
      memcpy (&topics[n], s->by_name[i]->topics, sizeof *topics * (size_t)s->by_name[i]->n);
      n += s->by_name[i]->n;
    }
  g_assert (n == s->n_topics);
  if (n > 1)
    qsort (topics, (size_t)n, sizeof *topics, compare_names);
}
