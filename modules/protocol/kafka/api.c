/* SPDX-License-Identifier: Apache-2.0
 *
 * The APIs that are offered, in key order: what ApiVersions lists and what requests are dispatched by.
 */
#include "handle/handle.h"

static const Handler rows[] = {
  /* Produce must be offered from 0: older librdkafka turns compression off otherwise (KAFKA-18659). */
  { 0, 0, 11, handle_produce },
  { 1, 0, 17, handle_fetch },
  { 2, 0, 9, handle_list_offsets },
  { 3, 0, 13, handle_metadata },
  { 8, 0, 9, handle_offset_commit },
  { 9, 0, 9, handle_offset_fetch },
  { 10, 0, 6, handle_find_coordinator },
  { 11, 0, 9, handle_join_group },
  { 12, 0, 4, handle_heartbeat },
  { 13, 0, 5, handle_leave_group },
  { 14, 0, 5, handle_sync_group },
  { 15, 0, 5, handle_describe_groups },
  { 16, 0, 5, handle_list_groups },
  { 18, 0, 4, handle_api_versions },
  { 19, 0, 7, handle_create_topics },
  { 20, 0, 6, handle_delete_topics },
  { 21, 0, 2, handle_delete_records },
  { 22, 0, 5, handle_init_producer_id },
  { 23, 0, 4, handle_offset_for_leader_epoch },
  { 32, 0, 4, handle_describe_configs },
  { 33, 0, 2, handle_alter_configs },
  { 34, 0, 2, handle_alter_replica_log_dirs },
  { 35, 0, 4, handle_describe_log_dirs },
  { 37, 0, 3, handle_create_partitions },
  { 42, 0, 2, handle_delete_groups },
  { 44, 0, 1, handle_incremental_alter_configs },
  { 47, 0, 0, handle_offset_delete },
  { 60, 0, 1, handle_describe_cluster },
  { 75, 0, 0, handle_describe_topic_partitions },
};

const Handler *
handler_find (int16_t key)
{
  size_t lo = 0, hi = sizeof rows / sizeof rows[0];

  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (rows[mid].key < key)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < sizeof rows / sizeof rows[0] && rows[lo].key == key ? &rows[lo] : NULL;
}

const Handler *
handler_rows (size_t *n)
{
  *n = sizeof rows / sizeof rows[0];
  return rows;
}
