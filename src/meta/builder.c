/* SPDX-License-Identifier: Apache-2.0
 *
 * The next snapshot: begins as a copy of the references of the present one; shards are copied when first changed.
 */
#include "meta/shard.h"

#include <glib.h>
#include <stdatomic.h>

struct StkSnapshotBuilder
{
  StkSnapshot *next; /* nobody else has it yet */
  bool own_name[STK_META_SHARDS], own_id[STK_META_SHARDS];
};

static const StkMetaBroker **
copy_brokers (const StkMetaBroker *const *brokers, int32_t n, int32_t room)
{
  const StkMetaBroker **copy = g_new (const StkMetaBroker *, (size_t)(n + room));

  for (int32_t i = 0; i < n; i++)
    copy[i] = stk_meta_broker_ref (brokers[i]);
  return copy;
}

StkSnapshotBuilder *
stk_snapshot_builder_new (const StkSnapshot *base)
{
  StkSnapshotBuilder *b = g_new0 (StkSnapshotBuilder, 1);
  StkSnapshot *s = g_new (StkSnapshot, 1);

  /* All but the count, which readers change while we look. */
  memcpy ((char *)s + offsetof (StkSnapshot, version), (const char *)base + offsetof (StkSnapshot, version),
          sizeof *s - offsetof (StkSnapshot, version));
  atomic_init (&s->refs, 1);
  s->version = base->version + 1;
  s->cluster_id = g_strdup (base->cluster_id);
  s->brokers = copy_brokers (base->brokers, base->n_brokers, 1);
  for (int i = 0; i < STK_META_SHARDS; i++) {
    stk_meta_shard_ref (s->by_name[i]);
    stk_meta_shard_ref (s->by_id[i]);
  }
  b->next = s;
  return b;
}

void
stk_snapshot_builder_set_cluster_id (StkSnapshotBuilder *b, const char *id)
{
  g_free ((char *)(uintptr_t)b->next->cluster_id);
  b->next->cluster_id = g_strdup (id);
}

void
stk_snapshot_builder_set_controller (StkSnapshotBuilder *b, int32_t id, int32_t epoch)
{
  b->next->controller_id = id;
  b->next->controller_epoch = epoch;
}

/* The brokers array, writable and with room for one more. */
static const StkMetaBroker **
own_brokers (StkSnapshotBuilder *b)
{
  StkSnapshot *s = b->next;
  const StkMetaBroker **brokers = (const StkMetaBroker **)(uintptr_t)s->brokers;

  brokers = g_renew (const StkMetaBroker *, brokers, (size_t)s->n_brokers + 1);
  s->brokers = brokers;
  return brokers;
}

void
stk_snapshot_builder_set_broker (StkSnapshotBuilder *b, const StkMetaBroker *broker)
{
  const StkMetaBroker **brokers;
  int32_t at = 0;

  stk_snapshot_builder_remove_broker (b, broker->id);
  brokers = own_brokers (b);
  while (at < b->next->n_brokers && brokers[at]->id < broker->id)
    at++;
  memmove (&brokers[at + 1], &brokers[at], sizeof *brokers * (size_t)(b->next->n_brokers - at));
  brokers[at] = stk_meta_broker_ref (broker);
  b->next->n_brokers++;
}

void
stk_snapshot_builder_remove_broker (StkSnapshotBuilder *b, int32_t id)
{
  const StkMetaBroker **brokers = (const StkMetaBroker **)(uintptr_t)b->next->brokers;

  for (int32_t i = 0; i < b->next->n_brokers; i++)
    if (brokers[i]->id == id) {
      stk_meta_broker_unref ((StkMetaBroker *)(uintptr_t)brokers[i]);
      b->next->n_brokers--;
      memmove (&brokers[i], &brokers[i + 1], sizeof *brokers * (size_t)(b->next->n_brokers - i));
      return;
    }
}

static StkMetaShard *
own (StkMetaShard **shards, bool *owned, uint32_t i)
{
  if (!owned[i]) {
    StkMetaShard *copy = stk_meta_shard_copy (shards[i]);
    stk_meta_shard_unref (shards[i]);
    shards[i] = copy;
    owned[i] = true;
  }
  return shards[i];
}

void
stk_snapshot_builder_set_topic (StkSnapshotBuilder *b, const StkMetaTopic *topic)
{
  StkSnapshot *s = b->next;
  StkMetaKey key = { topic->hash, { topic->name, topic->name_len }, topic->id };
  uint32_t i = topic->hash % STK_META_SHARDS, j = topic->id.b[0];

  stk_snapshot_builder_remove_topic (b, key.name); /* it may have had another id */
  s->by_name[i] = stk_meta_shard_put (own (s->by_name, b->own_name, i), stk_meta_compare_name, &key, topic);
  if (!stoker_uuid_is_zero (topic->id))
    s->by_id[j] = stk_meta_shard_put (own (s->by_id, b->own_id, j), stk_meta_compare_id, &key, topic);
  s->n_topics++;
  s->n_partitions += topic->n_partitions;
}

void
stk_snapshot_builder_remove_topic (StkSnapshotBuilder *b, StokerStr name)
{
  StkSnapshot *s = b->next;
  const StkMetaTopic *old = stk_snapshot_topic (s, name);
  StkMetaKey key;
  uint32_t i, j;

  if (old == NULL)
    return;
  key = (StkMetaKey){ old->hash, name, old->id };
  i = old->hash % STK_META_SHARDS;
  j = old->id.b[0];
  s->n_topics--;
  s->n_partitions -= old->n_partitions;
  if (!stoker_uuid_is_zero (key.id))
    stk_meta_shard_remove (own (s->by_id, b->own_id, j), stk_meta_compare_id, &key);
  stk_meta_shard_remove (own (s->by_name, b->own_name, i), stk_meta_compare_name, &key);
}

StkSnapshot *
stk_snapshot_builder_end (StkSnapshotBuilder *b)
{
  StkSnapshot *s = b->next;

  g_free (b);
  return s;
}
