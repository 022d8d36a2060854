/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner sticky: records without a key stay on one partition for `records` records, then move to the next, so that
 * batches grow large; over time all partitions get equal shares. Partitions without a leader are passed over. Records
 * with a key go where Java clients put them (murmur2). The topic's cell counts the unkeyed records: which partition is
 * due follows from the count, so threads need not agree on anything else.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

typedef struct Conf
{
  int64_t records;
} Conf;

/* The partition whose turn it is; the next one that has a leader when it has none. */
static int32_t
due (const StokerTopicView *topic, uint64_t turn, uint32_t count)
{
  uint32_t first = (uint32_t)(turn % count);

  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = first + i < count ? first + i : first + i - count;
    if (stoker_topic_view_available (topic, (int32_t)at))
      return (int32_t)at;
  }
  return (int32_t)first;
}

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  uint64_t records = (uint64_t)((const Conf *)self->conf)->records, unkeyed = 0, at, turn = UINT64_MAX;
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);
  int32_t partition = 0;

  for (size_t i = 0; i < n; i++)
    unkeyed += keys[i].data == NULL;
  at = unkeyed ? __atomic_fetch_add (stoker_topic_view_cell (topic), unkeyed, __ATOMIC_RELAXED) : 0;
  for (size_t i = 0; i < n; i++) {
    if (keys[i].data != NULL) {
      out[i] = (int32_t)((stoker_hash_murmur2 (keys[i].data, keys[i].len) & INT32_MAX) % count);
      continue;
    }
    if (at / records != turn) {
      turn = at / records;
      partition = due (topic, turn, count);
    }
    out[i] = partition;
    at++;
  }
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

static const StokerOption options[] = {
  { .name = "records",
    .type = STOKER_OPTION_INT,
    .def = "1000",
    .min = "1",
    .max = "1000000000",
    .unit = "records",
    .offset = offsetof (Conf, records),
    .summary = "how many records without a key go to one partition before the next one is due" },
};

STOKER_MODULE (partitioner, sticky, .version = "1.0", .licence = "Apache-2.0",
               .summary = "without key many in a row to one partition; by key as Java clients do",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops, STOKER_OPTIONS (options),
               .conf_size = sizeof (Conf));
