/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/state.h"

#include <glib.h>

StkIds
stk_ids_copy (const int32_t *ids, int32_t n)
{
  return (StkIds){ n > 0 ? g_memdup2 (ids, sizeof *ids * (size_t)n) : NULL, n };
}

void
stk_ids_clear (StkIds *ids)
{
  g_free (ids->ids);
  *ids = (StkIds){ NULL, 0 };
}

bool
stk_ids_have (const StkIds *ids, int32_t id)
{
  for (int32_t i = 0; i < ids->n; i++)
    if (ids->ids[i] == id)
      return true;
  return false;
}

StkTopicState *
stk_topic_state_new (const char *name)
{
  StkTopicState *t = g_new0 (StkTopicState, 1);

  t->refs = 1;
  t->name = g_strdup (name);
  t->dirty = true;
  return t;
}

void
stk_partition_state_clear (StkPartitionState *p)
{
  stk_ids_clear (&p->replicas);
  stk_ids_clear (&p->adding);
  stk_ids_clear (&p->removing);
  stk_ids_clear (&p->isr);
}

StkTopicState *
stk_topic_state_ref (StkTopicState *t)
{
  t->refs++;
  return t;
}

void
stk_topic_state_unref (StkTopicState *t)
{
  if (t == NULL || --t->refs > 0)
    return;
  for (int32_t i = 0; i < t->n_partitions; i++)
    stk_partition_state_clear (&t->partitions[i]);
  g_free (t->partitions);
  stk_pairs_free (t->overrides, t->n_overrides);
  g_free (t->name);
  g_free (t);
}

void
stk_topic_state_grow (StkTopicState *t, int32_t n)
{
  if (n <= t->n_partitions)
    return;
  t->partitions = g_renew (StkPartitionState, t->partitions, n);
  for (int32_t i = t->n_partitions; i < n; i++)
    t->partitions[i] = (StkPartitionState){ .leader = -1, .leader_epoch = -1, .controller_epoch = -1, .version = -1 };
  t->n_partitions = n;
}

void
stk_pairs_free (StkMetaPair *pairs, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    g_free ((char *)(uintptr_t)pairs[i].name);
    g_free ((char *)(uintptr_t)pairs[i].value);
  }
  g_free (pairs);
}

StkMetaPair *
stk_pairs_copy (const StkMetaPair *pairs, size_t n)
{
  StkMetaPair *copy = g_new (StkMetaPair, n + 1);

  for (size_t i = 0; i < n; i++)
    copy[i] = (StkMetaPair){ g_strdup (pairs[i].name), g_strdup (pairs[i].value) };
  return copy;
}

StkMetaTopic *
stk_topic_state_publish (const StkTopicState *t)
{
  g_autofree StkMetaPartition *partitions = g_new (StkMetaPartition, (size_t)t->n_partitions + 1);
  StkMetaTopic m = { .name = t->name,
                     .name_len = (uint32_t)strlen (t->name),
                     .id = t->id,
                     .partitions = partitions,
                     .n_partitions = t->n_partitions,
                     .overrides = t->overrides,
                     .n_overrides = (int32_t)t->n_overrides };

  for (int32_t i = 0; i < t->n_partitions; i++) {
    const StkPartitionState *p = &t->partitions[i];
    partitions[i] = (StkMetaPartition){
      p->broken ? -1 : p->leader, p->leader_epoch, p->version, p->replicas.ids, p->isr.ids, p->replicas.n, p->isr.n
    };
  }
  return stk_meta_topic_new (&m);
}
