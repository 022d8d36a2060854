/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/shard.h"

#include <glib.h>
#include <stdatomic.h>

int
stk_meta_compare_name (const StkMetaTopic *t, const StkMetaKey *key)
{
  size_t common;
  int c;

  if (t->hash != key->hash)
    return t->hash < key->hash ? -1 : 1;
  common = t->name_len < key->name.len ? t->name_len : key->name.len;
  c = common ? memcmp (t->name, key->name.data, common) : 0;
  return c ? c : (t->name_len > key->name.len) - (t->name_len < key->name.len);
}

int
stk_meta_compare_id (const StkMetaTopic *t, const StkMetaKey *key)
{
  return memcmp (t->id.b, key->id.b, sizeof t->id.b);
}

StkMetaShard *
stk_meta_shard_ref (StkMetaShard *s)
{
  if (s)
    atomic_fetch_add_explicit (&s->refs, 1, memory_order_relaxed);
  return s;
}

void
stk_meta_shard_unref (StkMetaShard *s)
{
  if (s == NULL || atomic_fetch_sub_explicit (&s->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (int32_t i = 0; i < s->n; i++)
    stk_meta_topic_unref ((StkMetaTopic *)(uintptr_t)s->topics[i]);
  g_free (s);
}

StkMetaShard *
stk_meta_shard_copy (const StkMetaShard *s)
{
  int32_t n = s ? s->n : 0, cap = n + 4;
  StkMetaShard *c = g_malloc (sizeof *c + sizeof c->topics[0] * (size_t)cap);

  atomic_init (&c->refs, 1);
  c->n = n;
  c->cap = cap;
  for (int32_t i = 0; i < n; i++)
    c->topics[i] = stk_meta_topic_ref (s->topics[i]);
  return c;
}

/* Where the key is, or where it would be put. */
static int32_t
lower_bound (const StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key)
{
  int32_t low = 0, high = s->n;

  while (low < high) {
    int32_t mid = low + (high - low) / 2;
    if (compare (s->topics[mid], key) < 0)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

const StkMetaTopic *
stk_meta_shard_find (const StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key)
{
  int32_t at;

  if (s == NULL)
    return NULL;
  at = lower_bound (s, compare, key);
  return at < s->n && compare (s->topics[at], key) == 0 ? s->topics[at] : NULL;
}

StkMetaShard *
stk_meta_shard_put (StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key, const StkMetaTopic *t)
{
  int32_t at = lower_bound (s, compare, key);

  g_assert (s->refs == 1);
  if (at < s->n && compare (s->topics[at], key) == 0) {
    const StkMetaTopic *old = s->topics[at];
    s->topics[at] = stk_meta_topic_ref (t);
    stk_meta_topic_unref ((StkMetaTopic *)(uintptr_t)old);
    return s;
  }
  if (s->n == s->cap) {
    s->cap *= 2;
    s = g_realloc (s, sizeof *s + sizeof s->topics[0] * (size_t)s->cap);
  }
  memmove (&s->topics[at + 1], &s->topics[at], sizeof s->topics[0] * (size_t)(s->n - at));
  s->topics[at] = stk_meta_topic_ref (t);
  s->n++;
  return s;
}

void
stk_meta_shard_remove (StkMetaShard *s, StkMetaCompare compare, const StkMetaKey *key)
{
  int32_t at = lower_bound (s, compare, key);

  g_assert (s->refs == 1);
  if (at == s->n || compare (s->topics[at], key) != 0)
    return;
  stk_meta_topic_unref ((StkMetaTopic *)(uintptr_t)s->topics[at]);
  s->n--;
  memmove (&s->topics[at], &s->topics[at + 1], sizeof s->topics[0] * (size_t)(s->n - at));
}
