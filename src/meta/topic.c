/* SPDX-License-Identifier: Apache-2.0
 *
 * Counted topics and brokers: each is one allocation that holds the struct and all it points to.
 */
#include "meta/shard.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct Counted
{
  _Atomic int refs;
  union
  {
    StkMetaTopic topic;
    StkMetaBroker broker;
  } u;
} Counted;

#define COUNTED(p) ((Counted *)(void *)((char *)(uintptr_t)(p)-offsetof (Counted, u)))

/* Hands out pieces of one allocation. */
typedef struct Packer
{
  char *at;
} Packer;

#define ROUND(n) (((n) + 7) & ~(size_t)7)

static void *
pack (Packer *p, const void *data, size_t len)
{
  void *to = p->at;

  if (len > 0)
    memcpy (to, data, len);
  p->at += ROUND (len);
  return to;
}

static const char *
pack_str (Packer *p, const char *s)
{
  return s ? pack (p, s, strlen (s) + 1) : NULL;
}

static size_t
str_size (const char *s)
{
  return s ? ROUND (strlen (s) + 1) : 0;
}

static Counted *
counted_new (size_t behind, Packer *p)
{
  Counted *c = g_malloc (ROUND (sizeof *c) + behind);

  atomic_init (&c->refs, 1);
  p->at = (char *)c + ROUND (sizeof *c);
  return c;
}

static void
counted_unref (void *p)
{
  Counted *c;

  if (p == NULL)
    return;
  c = COUNTED (p);
  if (atomic_fetch_sub_explicit (&c->refs, 1, memory_order_acq_rel) == 1)
    g_free (c);
}

static uint32_t
hash_name (StokerStr s)
{
  uint32_t h = 2166136261u;

  for (size_t i = 0; i < s.len; i++)
    h = (h ^ (uint8_t)s.data[i]) * 16777619u;
  return h ^ h >> 15; /* the shard is the low byte: mix what the last characters changed into all of it */
}

StkMetaKey
stk_meta_key_name (StokerStr name)
{
  return (StkMetaKey){ .hash = hash_name (name), .name = name };
}

static int
compare_pairs (const void *a, const void *b)
{
  return strcmp (((const StkMetaPair *)a)->name, ((const StkMetaPair *)b)->name);
}

static size_t
topic_size (const StkMetaTopic *t)
{
  size_t n = ROUND (t->name_len + 1) + sizeof (StkMetaPartition) * (size_t)t->n_partitions
             + sizeof (StkMetaPair) * (size_t)t->n_overrides;

  for (int32_t i = 0; i < t->n_partitions; i++)
    n += ROUND (sizeof (int32_t) * (size_t)t->partitions[i].n_replicas)
         + ROUND (sizeof (int32_t) * (size_t)t->partitions[i].n_isr);
  for (int32_t i = 0; i < t->n_overrides; i++)
    n += str_size (t->overrides[i].name) + str_size (t->overrides[i].value);
  return n;
}

StkMetaTopic *
stk_meta_topic_new (const StkMetaTopic *t)
{
  Packer p;
  Counted *c = counted_new (topic_size (t), &p);
  StkMetaTopic *n = &c->u.topic;
  StkMetaPartition *partitions;
  StkMetaPair *pairs;
  char *name;

  *n = *t;
  n->partitions = partitions = pack (&p, t->partitions, sizeof *partitions * (size_t)t->n_partitions);
  n->overrides = pairs = pack (&p, t->overrides, sizeof *pairs * (size_t)t->n_overrides);
  name = p.at;
  memcpy (name, t->name, t->name_len);
  name[t->name_len] = '\0';
  p.at += ROUND (t->name_len + 1);
  n->name = name;
  for (int32_t i = 0; i < n->n_partitions; i++) {
    partitions[i].replicas = pack (&p, t->partitions[i].replicas, sizeof (int32_t) * (size_t)partitions[i].n_replicas);
    partitions[i].isr = pack (&p, t->partitions[i].isr, sizeof (int32_t) * (size_t)partitions[i].n_isr);
  }
  for (int32_t i = 0; i < n->n_overrides; i++) {
    pairs[i].name = pack_str (&p, pairs[i].name);
    pairs[i].value = pack_str (&p, pairs[i].value);
  }
  if (n->n_overrides > 1)
    qsort (pairs, (size_t)n->n_overrides, sizeof *pairs, compare_pairs);
  n->hash = hash_name ((StokerStr){ n->name, n->name_len });
  n->internal = stk_meta_topic_name_internal ((StokerStr){ n->name, n->name_len });
  return n;
}

StkMetaTopic *
stk_meta_topic_ref (const StkMetaTopic *t)
{
  atomic_fetch_add_explicit (&COUNTED (t)->refs, 1, memory_order_relaxed);
  return (StkMetaTopic *)(uintptr_t)t;
}

void
stk_meta_topic_unref (StkMetaTopic *t)
{
  counted_unref (t);
}

const char *
stk_meta_topic_override (const StkMetaTopic *t, const char *name)
{
  StkMetaPair key = { name, NULL };
  const StkMetaPair *p = NULL;

  if (t->n_overrides > 0)
    p = bsearch (&key, t->overrides, (size_t)t->n_overrides, sizeof key, compare_pairs);
  return p ? p->value : NULL;
}

bool
stk_meta_topic_name_internal (StokerStr name)
{
  return stoker_str_is (name, "__consumer_offsets") || stoker_str_is (name, "__transaction_state");
}

StkMetaBroker *
stk_meta_broker_new (const StkMetaBroker *b)
{
  size_t size = str_size (b->rack) + sizeof (StkMetaEndpoint) * (size_t)b->n_endpoints;
  StkMetaEndpoint *endpoints;
  StkMetaBroker *n;
  Packer p;

  for (int32_t i = 0; i < b->n_endpoints; i++)
    size += str_size (b->endpoints[i].listener) + str_size (b->endpoints[i].host);
  n = &counted_new (size, &p)->u.broker;
  *n = *b;
  n->endpoints = endpoints = pack (&p, b->endpoints, sizeof *endpoints * (size_t)b->n_endpoints);
  n->rack = pack_str (&p, b->rack);
  for (int32_t i = 0; i < n->n_endpoints; i++) {
    endpoints[i].listener = pack_str (&p, endpoints[i].listener);
    endpoints[i].host = pack_str (&p, endpoints[i].host);
  }
  return n;
}

StkMetaBroker *
stk_meta_broker_ref (const StkMetaBroker *b)
{
  atomic_fetch_add_explicit (&COUNTED (b)->refs, 1, memory_order_relaxed);
  return (StkMetaBroker *)(uintptr_t)b;
}

void
stk_meta_broker_unref (StkMetaBroker *b)
{
  counted_unref (b);
}

const StkMetaEndpoint *
stk_meta_broker_endpoint (const StkMetaBroker *b, const char *listener)
{
  for (int32_t i = 0; i < b->n_endpoints; i++)
    if (strcmp (b->endpoints[i].listener, listener) == 0)
      return &b->endpoints[i];
  return NULL;
}
