/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/engine.h"
#include "broker/housekeeping.h"
#include "broker/produce.h"

#include "control/metrics.h"

enum
{
  GATHER_BYTES = 1 << 20, /* more than this, or .. */
  GATHER_ITEMS = 1000,    /* .. one system call's worth of vectors: write before the read is through */
  KEEP_ITEMS = 64,        /* larger arrays are given back after use */
};

static StkGathered *
gathered_of (StkIo *io)
{
  if (io->gathered == NULL) {
    io->gathered = g_new0 (StkGathered, 1);
    memset (io->gathered->bucket, -1, sizeof io->gathered->bucket);
  }
  return io->gathered;
}

static uint32_t
bucket_of (const StkPartition *p)
{
  return (uint32_t)(((uintptr_t)p >> 6) * 0x9e3779b1u >> 20) % STK_GATHER_BUCKETS;
}

/* The gather of the slot's partition; when it is a new one it takes over enter and reference, else gives the second
 * ones back. */
static StkGather *
gather_for (StkGathered *g, StkPartition *p)
{
  uint32_t b = bucket_of (p);
  StkGather *x;

  for (int32_t i = g->bucket[b]; i >= 0; i = g->list[i].chain)
    if (g->list[i].partition == p) {
      stk_partition_leave (p);
      stk_partition_unref (p);
      return &g->list[i];
    }
  if (g->n == g->cap) {
    uint32_t cap = g->cap ? g->cap * 2 : 8;
    g->list = g_renew (StkGather, g->list, cap);
    memset (g->list + g->cap, 0, sizeof *g->list * (cap - g->cap));
    g->cap = cap;
  }
  x = &g->list[g->n];
  x->partition = p;
  x->n = 0;
  x->bytes = 0;
  x->chain = g->bucket[b];
  g->bucket[b] = (int32_t)g->n++;
  return x;
}

bool
stk_gather_add (StkIo *io, StkProduceSlot *slot, const StokerAppend *item)
{
  StkGather *x = gather_for (gathered_of (io), slot->partition);

  if (x->n == x->cap) {
    x->cap = x->cap ? x->cap * 2 : 4;
    x->items = g_renew (StokerAppend, x->items, x->cap);
    x->slots = g_renew (StkProduceSlot *, x->slots, x->cap);
  }
  x->items[x->n] = *item;
  x->slots[x->n++] = slot;
  x->bytes += item->len;
  return x->bytes >= GATHER_BYTES || x->n >= GATHER_ITEMS;
}

static void
count (StkIo *io, const StkGather *x)
{
  int64_t batches = 0, records = 0, bytes = 0, refused = 0;

  for (uint32_t i = 0; i < x->n; i++) {
    const StokerAppend *a = &x->items[i];
    if (a->error) {
      refused++;
    } else if (!a->duplicate) {
      batches++;
      records += a->last_offset - a->first_offset + 1;
      bytes += (int64_t)a->len;
    }
  }
  stoker_metric_add (stk_metrics_core (io->broker->metrics, STK_METRIC_PRODUCE_BATCHES), batches);
  stoker_metric_add (stk_metrics_core (io->broker->metrics, STK_METRIC_PRODUCE_RECORDS), records);
  stoker_metric_add (stk_metrics_core (io->broker->metrics, STK_METRIC_PRODUCE_BYTES), bytes);
  if (refused)
    stoker_metric_add (stk_metrics_core (io->broker->metrics, STK_METRIC_PRODUCE_REFUSED), refused);
}

static void
drop_items (StkGather *x)
{
  g_free (x->items);
  g_free (x->slots);
  x->items = NULL;
  x->slots = NULL;
  x->cap = 0;
}

void
stk_gather_flush (StkIo *io, void (*settle) (StkProduceSlot *slot, const StokerAppend *item, const StokerLogEnds *ends))
{
  StkGathered *g = io->gathered;

  if (g == NULL || g->n == 0)
    return;
  for (uint32_t i = 0; i < g->n; i++) {
    StkGather *x = &g->list[i];
    StokerLogEnds ends;
    stk_engine_append (x->partition, x->items, x->n);
    stk_partition_advance (x->partition, &ends);
    count (io, x);
    for (uint32_t j = 0; j < x->n; j++)
      settle (x->slots[j], &x->items[j], &ends);
    g->bucket[bucket_of (x->partition)] = -1;
    stk_partition_leave (x->partition);
    stk_partition_unref (x->partition);
    x->partition = NULL;
    if (x->cap > KEEP_ITEMS)
      drop_items (x);
  }
  g->n = 0;
  stk_housekeeping_note (io->broker->replicas);
}

void
stk_gather_free (StkGathered *g)
{
  if (g == NULL)
    return;
  g_assert (g->n == 0);
  for (uint32_t i = 0; i < g->cap; i++)
    drop_items (&g->list[i]);
  g_free (g->list);
  g_free (g);
}
