/* SPDX-License-Identifier: Apache-2.0
 *
 * The offsets of a topic's partitions, and why one has none.
 */
#include "cli/client.h"

#include <glib.h>

CLIENT_API (list_offsets, ListOffsets, 2, 7);

static int
ask_leader (Cluster *c, int32_t leader, const KmMetadataResponseTopics *topic, int64_t timestamp, int64_t *offsets,
            int16_t *codes, StokerError *err)
{
  KmListOffsetsRequestTopicsPartitions *parts
      = stoker_arena_calloc (cluster_arena (c), (size_t)topic->n_partitions, sizeof *parts);
  KmListOffsetsRequestTopics t = { .name = topic->name, .partitions = parts };
  KmListOffsetsRequest in;
  KmListOffsetsResponse out;
  Client *cl = cluster_node (c, leader, err);

  if (cl == NULL)
    return -1;
  km_list_offsets_request_init (&in);
  in.replica_id = -1;
  in.topics = &t;
  in.n_topics = 1;
  for (int32_t i = 0; i < topic->n_partitions; i++)
    if (topic->partitions[i].leader_id == leader)
      parts[t.n_partitions++]
          = (KmListOffsetsRequestTopicsPartitions){ topic->partitions[i].partition_index, -1, timestamp, 1 };
  if (client_call (cl, &client_api_list_offsets, &in, &out, err))
    return -1;
  for (int32_t i = 0; i < out.n_topics; i++)
    for (int32_t j = 0; j < out.topics[i].n_partitions; j++) {
      const KmListOffsetsResponseTopicsPartitions *p = &out.topics[i].partitions[j];
      if (p->partition_index < 0 || p->partition_index >= topic->n_partitions)
        continue;
      if (p->error_code == 0)
        offsets[p->partition_index] = p->offset;
      if (codes)
        codes[p->partition_index] = p->error_code;
    }
  return 0;
}

int
cluster_list_offsets (Cluster *c, const KmMetadataResponseTopics *topic, int64_t timestamp, int64_t *offsets,
                      int16_t *codes, StokerError *err)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);

  for (int32_t i = 0; i < topic->n_partitions; i++)
    offsets[i] = -1;
  for (int32_t i = 0; codes && i < topic->n_partitions; i++) {
    const KmMetadataResponseTopicsPartitions *p = &topic->partitions[i];
    if (p->partition_index >= 0 && p->partition_index < topic->n_partitions)
      codes[p->partition_index] = p->leader_id >= 0 ? 0 : p->error_code ? p->error_code : STOKER_LEADER_NOT_AVAILABLE;
  }
  for (int32_t i = 0; i < topic->n_partitions; i++) {
    int32_t leader = topic->partitions[i].leader_id;
    if (leader >= 0 && g_hash_table_add (asked, GINT_TO_POINTER (leader + 1))
        && ask_leader (c, leader, topic, timestamp, offsets, codes, err))
      return -1;
  }
  return 0;
}

char *
cluster_trouble (Cluster *c, const char *topic, const int32_t *partitions, int32_t n)
{
  KmMetadataResponse m;
  StokerError err;
  int64_t *offsets;
  int16_t *codes;

  if (cluster_metadata (c, &topic, 1, &m, &err))
    return g_strdup (err.text);
  if (m.n_topics != 1 || m.topics[0].error_code)
    return g_strdup_printf ("topic %s: %s", topic,
                            stoker_code_name (m.n_topics == 1 ? m.topics[0].error_code : STOKER_UNKNOWN_TOPIC_OR_PARTITION));
  offsets = stoker_arena_calloc (cluster_arena (c), (size_t)m.topics[0].n_partitions, sizeof *offsets);
  codes = stoker_arena_calloc (cluster_arena (c), (size_t)m.topics[0].n_partitions, sizeof *codes);
  if (cluster_list_offsets (c, &m.topics[0], -1, offsets, codes, &err))
    return g_strdup (err.text);
  for (int32_t i = 0; i < n; i++)
    if (partitions[i] >= m.topics[0].n_partitions || codes[partitions[i]])
      return g_strdup_printf ("%s [%d]: %s", topic, partitions[i],
                              stoker_code_name (partitions[i] < m.topics[0].n_partitions ? codes[partitions[i]]
                                                                                         : STOKER_UNKNOWN_TOPIC_OR_PARTITION));
  return NULL;
}
