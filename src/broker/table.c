/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/table.h"

static uint32_t
hash_bytes (const void *data, size_t len)
{
  const uint8_t *p = data;
  uint64_t h = 0x9e3779b97f4a7c15u ^ len;

  for (; len >= 8; p += 8, len -= 8) {
    uint64_t v;
    memcpy (&v, p, 8);
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  for (; len > 0; p++, len--)
    h = (h ^ *p) * 0x100000001b3u;
  return (uint32_t)(h ^ h >> 29);
}

StkHosted *
stk_hosted_new (StokerStr name, StokerUuid id, const StokerTopicConfig *config, int32_t n_partitions)
{
  StkHosted *t = g_new0 (StkHosted, 1);

  atomic_init (&t->refs, 1);
  t->name = g_ref_string_new_len (name.data, (gssize)name.len);
  t->name_len = (uint32_t)name.len;
  t->hash = hash_bytes (name.data, name.len);
  t->id = id;
  t->internal = stoker_str_is (name, "__consumer_offsets") || stoker_str_is (name, "__transaction_state");
  t->config = *config;
  t->config.storage_engine = g_strdup (config->storage_engine);
  t->config.partitioner = g_strdup (config->partitioner);
  t->n_partitions = n_partitions;
  t->partitions = g_new0 (StkPartition *, n_partitions);
  return t;
}

StkHosted *
stk_hosted_ref (StkHosted *t)
{
  atomic_fetch_add_explicit (&t->refs, 1, memory_order_relaxed);
  return t;
}

void
stk_hosted_unref (StkHosted *t)
{
  if (t == NULL || atomic_fetch_sub_explicit (&t->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (int32_t i = 0; i < t->n_partitions; i++)
    stk_partition_unref (t->partitions[i]);
  g_free (t->partitions);
  g_free ((char *)t->config.storage_engine);
  g_free ((char *)t->config.partitioner);
  g_ref_string_release (t->name);
  g_free (t);
}

static uint32_t
id_hash (StokerUuid id)
{
  return hash_bytes (id.b, sizeof id.b);
}

static void
put (StkHosted **slots, uint32_t mask, uint32_t hash, StkHosted *t)
{
  uint32_t i = hash & mask;

  while (slots[i])
    i = (i + 1) & mask;
  slots[i] = t;
}

StkTable *
stk_table_new (StkHosted *const *topics, uint32_t n)
{
  StkTable *t = g_new0 (StkTable, 1);
  uint32_t size = 4;

  while (size < 2 * n)
    size *= 2;
  atomic_init (&t->refs, 1);
  t->mask = size - 1;
  t->n = n;
  t->by_name = g_new0 (StkHosted *, size);
  t->by_id = g_new0 (StkHosted *, size);
  for (uint32_t i = 0; i < n; i++) {
    put (t->by_name, t->mask, topics[i]->hash, stk_hosted_ref (topics[i]));
    if (!stoker_uuid_is_zero (topics[i]->id))
      put (t->by_id, t->mask, id_hash (topics[i]->id), topics[i]);
  }
  return t;
}

StkTable *
stk_table_ref (StkTable *t)
{
  atomic_fetch_add_explicit (&t->refs, 1, memory_order_relaxed);
  return t;
}

void
stk_table_unref (StkTable *t)
{
  if (t == NULL || atomic_fetch_sub_explicit (&t->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (uint32_t i = 0; i <= t->mask; i++)
    stk_hosted_unref (t->by_name[i]);
  g_free (t->by_name);
  g_free (t->by_id);
  g_free (t);
}

StkHosted *
stk_table_find (const StkTable *t, StokerStr name)
{
  uint32_t hash;

  if (name.data == NULL)
    return NULL;
  hash = hash_bytes (name.data, name.len);
  for (uint32_t i = hash & t->mask; t->by_name[i]; i = (i + 1) & t->mask) {
    StkHosted *h = t->by_name[i];
    if (h->hash == hash && h->name_len == name.len && memcmp (h->name, name.data, name.len) == 0)
      return h;
  }
  return NULL;
}

StkHosted *
stk_table_find_id (const StkTable *t, StokerUuid id)
{
  for (uint32_t i = id_hash (id) & t->mask; t->by_id[i]; i = (i + 1) & t->mask)
    if (stoker_uuid_equal (t->by_id[i]->id, id))
      return t->by_id[i];
  return NULL;
}
