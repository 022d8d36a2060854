/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `partitioner`: which partition does a record without one go to? Called with many keys at once, on I/O
 * threads of the broker and in `stoker produce`.
 *
 * Rules: the answer lies in [0, partition count); a key whose data is NULL means "your choice"; no blocking, no log
 * line and no allocation per record. With STOKER_THREADS_PARALLEL pick is called by many threads at once, and what it
 * remembers per topic belongs into the topic's cell.
 */
#ifndef STOKER_PARTITIONER_H
#define STOKER_PARTITIONER_H

#include <stoker/host.h>

STOKER_BEGIN_DECLS

#define STOKER_PARTITIONER_VERSION 1u

/* A topic as a partitioner sees it; valid during the call. */
typedef struct StokerTopicView StokerTopicView;
STOKER_EXPORT StokerStr stoker_topic_view_name (const StokerTopicView *t);
/* How many partitions it has; at least 1. */
STOKER_EXPORT int32_t stoker_topic_view_count (const StokerTopicView *t);
/* False while the partition has no leader; prefer others for records whose partition is your choice. */
STOKER_EXPORT bool stoker_topic_view_available (const StokerTopicView *t, int32_t partition);
/* 64 bits that belong to this instance and this topic, zero at first, never moved while the topic exists: for a counter
 * or the like. Use it with atomic operations (C11 stdatomic or the __atomic builtins). */
STOKER_EXPORT uint64_t *stoker_topic_view_cell (const StokerTopicView *t);

/* Equal shares: the next partition in turn, counted in the topic's cell, so that all threads take turns together; those without a
 * leader are passed over while others have one. A module that uses it uses the cell for nothing else. */
STOKER_EXPORT int32_t stoker_topic_view_next (const StokerTopicView *t);
/* MurmurHash2 with the seed of Kafka's Java clients, which put a key on partition (hash & 0x7fffffff) % count. */
STOKER_EXPORT uint32_t stoker_hash_murmur2 (const void *data, size_t len);

typedef struct StokerPartitionerOps
{
  StokerOpsHead head;
  /* Chooses partitions for keys[0..n) into out[0..n). 0, or -1: the core then uses its own round robin and counts the
   * failure against the instance. */
  int (*pick) (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out);
} StokerPartitionerOps;

STOKER_END_DECLS

#endif
