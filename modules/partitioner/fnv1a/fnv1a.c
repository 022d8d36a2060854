/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner fnv1a: a keyed record goes where librdkafka's fnv1a and fnv1a_random (and Sarama's hash partitioner) put
 * it: the absolute value of the 32-bit FNV-1a hash, taken as signed, modulo the number of partitions. An empty key is a
 * key. Records without a key are placed in turn, equal shares.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

static uint32_t
fnv1a (const uint8_t *p, size_t len)
{
  uint32_t h = 0x811c9dc5u;

  for (; len > 0; p++, len--)
    h = (h ^ *p) * 0x01000193u;
  return h > INT32_MAX ? 0u - h : h;
}

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);

  for (size_t i = 0; i < n; i++)
    out[i]
        = keys[i].data == NULL ? stoker_topic_view_next (topic) : (int32_t)(fnv1a (keys[i].data, keys[i].len) % count);
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

STOKER_MODULE (partitioner, fnv1a, .version = "1.0", .licence = "Apache-2.0",
               .summary = "by key as Sarama and librdkafka's fnv1a do; without key equal shares",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
