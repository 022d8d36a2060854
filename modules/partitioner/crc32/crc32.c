/* SPDX-License-Identifier: Apache-2.0
 *
 * Partitioner crc32: a keyed record goes where librdkafka's default partitioners (consistent, consistent_random) put
 * it: the CRC-32 (IEEE) of the key modulo the number of partitions. An empty key is a key, with CRC 0
 * (consistent_random would place it at random). Records without a key are placed in turn, equal shares.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/partitioner.h>

/* Four bits at a time: keys are short, and a table of 64 bytes stays in the cache. */
static uint32_t
crc32 (const uint8_t *p, size_t len)
{
  static const uint32_t table[16]
      = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
          0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
  uint32_t crc = UINT32_MAX;

  for (; len > 0; p++, len--) {
    crc = crc >> 4 ^ table[(crc ^ *p) & 15];
    crc = crc >> 4 ^ table[(crc ^ *p >> 4) & 15];
  }
  return ~crc;
}

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  uint32_t count = (uint32_t)stoker_topic_view_count (topic);

  for (size_t i = 0; i < n; i++)
    out[i]
        = keys[i].data == NULL ? stoker_topic_view_next (topic) : (int32_t)(crc32 (keys[i].data, keys[i].len) % count);
  return 0;
}

static const StokerPartitionerOps ops = {
  .head = { sizeof (StokerPartitionerOps), STOKER_PARTITIONER_VERSION },
  .pick = pick,
};

STOKER_MODULE (partitioner, crc32, .version = "1.0", .licence = "Apache-2.0",
               .summary = "by key as librdkafka does by default (CRC-32); without key equal shares",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
