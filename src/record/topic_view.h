/* SPDX-License-Identifier: Apache-2.0
 *
 * A topic as partitioners see it, and asking one. Whoever places records (HTTP, `stoker produce`) fills a view on its
 * stack. Thread: any.
 */
#ifndef STK_TOPIC_VIEW_H
#define STK_TOPIC_VIEW_H

#include <stoker/partitioner.h>

struct StokerTopicView
{
  StokerStr name;
  int32_t count;          /* of partitions; at least 1 */
  const uint8_t *offline; /* count bytes, non-zero: no leader; NULL: all have one */
  uint64_t *cell;         /* of the topic and the instance */
};

/* Places records with keys[0..n) by the partitioner `instance` (NULL: none), out[0..n). What the module gets wrong (a
 * failure, a partition that does not exist) is placed in turn instead; returns how many records that were. */
size_t stk_partition_pick (StokerInstance *instance, const StokerTopicView *view, const StokerBytes *keys, size_t n,
                           int32_t *out);

/* The cells of one instance: one per topic name, zero at first, at the same address until free. */
typedef struct StkTopicCells StkTopicCells;
StkTopicCells *stk_topic_cells_new (void);
void stk_topic_cells_free (StkTopicCells *c);
uint64_t *stk_topic_cells_get (StkTopicCells *c, StokerStr topic);

#endif
