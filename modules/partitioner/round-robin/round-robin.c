/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner round-robin, the default: records without a key take turns, so that N of them over P partitions differ by
 * at most one, whatever the number of calls and threads; partitions without a leader are passed over. Records with a
 * key go where Java clients put them (murmur2), so that a default never breaks the order per key. With `keys = ignore`
 * they take turns like the others: that is what Kafka's class RoundRobinPartitioner does.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

enum
{
  KEYS_HASH = 0,
  KEYS_IGNORE = 1,
};

typedef struct Conf
{
  int32_t keys;
} Conf;

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  const Conf *conf = self->conf;
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);

  for (size_t i = 0; i < n; i++)
    out[i] = keys[i].data == NULL || conf->keys == KEYS_IGNORE
                 ? stoker_topic_view_next (topic)
                 : (int32_t)((stoker_hash_murmur2 (keys[i].data, keys[i].len) & INT32_MAX) % count);
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

static const StokerOption options[] = {
  { .name = "keys",
    .type = STOKER_OPTION_ENUM,
    .def = "hash",
    .words = "hash ignore",
    .offset = offsetof (Conf, keys),
    .summary = "what the key of a record decides",
    .text = "hash: records with the same key go to the same partition, the one that Java clients would choose. "
            "ignore: a key decides nothing, all records take turns; the order of records with the same key is lost." },
};

STOKER_MODULE (partitioner, round_robin, .version = "1.0", .licence = "Apache-2.0",
               .summary = "without key equal shares; by key as Java clients do", .threads = STOKER_THREADS_PARALLEL,
               .ops = &ops, .ops_size = sizeof ops, STOKER_OPTIONS (options), .conf_size = sizeof (Conf));
