/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner murmur2: a keyed record goes where Kafka's Java clients (and librdkafka's murmur2 and murmur2_random) put
 * it. An empty key is a key. Records without a key are placed in turn, equal shares: a Java client sends them batch by
 * batch to changing partitions and librdkafka at random, so that neither makes a promise that this would break.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);

  for (size_t i = 0; i < n; i++)
    out[i] = keys[i].data == NULL ? stoker_topic_view_next (topic)
                                  : (int32_t)((stoker_hash_murmur2 (keys[i].data, keys[i].len) & INT32_MAX) % count);
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

STOKER_MODULE (partitioner, murmur2, .version = "1.0", .licence = "Apache-2.0",
               .summary = "by key as Java clients do (murmur2); without key equal shares",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
