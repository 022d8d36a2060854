/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner random: every record, with a key or without, goes to a partition chosen at random, each as likely as the
 * others (librdkafka's `random`). Partitions without a leader are avoided.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

#define TRIES 16

static int32_t
choose (StokerInstance *self, const StokerTopicView *topic, uint32_t count)
{
  uint32_t at = 0;

  for (int i = 0; i < TRIES; i++) {
    at = (uint32_t)((stoker_host_random (self->host) >> 32) * count >> 32);
    if (stoker_topic_view_available (topic, (int32_t)at))
      return (int32_t)at;
  }
  /* Few have a leader: the next one after the last try. */
  for (uint32_t i = 1; i < count; i++) {
    uint32_t next = at + i < count ? at + i : at + i - count;
    if (stoker_topic_view_available (topic, (int32_t)next))
      return (int32_t)next;
  }
  return (int32_t)at;
}

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);

  for (size_t i = 0; i < n; i++)
    out[i] = choose (self, topic, count);
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

STOKER_MODULE (partitioner, random, .version = "1.0", .licence = "Apache-2.0", .summary = "at random, whatever the key",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
