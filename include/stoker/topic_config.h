/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a topic after defaults and overrides are applied (kafka-facts 11.2), as storage engines and cleaners
 * see them. Times are milliseconds, sizes bytes.
 */
#ifndef STOKER_TOPIC_CONFIG_H
#define STOKER_TOPIC_CONFIG_H

#include <stoker/types.h>

STOKER_BEGIN_DECLS

typedef struct StokerTopicConfig
{
  uint32_t size; /* of this struct in the core that filled it; fields are only appended */
  int64_t segment_bytes, segment_ms, segment_jitter_ms, segment_index_bytes, index_interval_bytes;
  int64_t retention_ms, retention_bytes; /* -1: no limit */
  int64_t file_delete_delay_ms;
  int64_t flush_messages, flush_ms; /* INT64_MAX: never by count or time */
  bool journal;                     /* log.flush: durable through the journal before anybody is told; false: as the system likes */
  bool preallocate;
  int64_t max_message_bytes; /* of one batch, overhead included */
  int32_t compression;       /* codec id 0..4 to store with, -1: as the producer sent it */
  int32_t gzip_level, lz4_level, zstd_level;
  bool log_append_time;
  int64_t timestamp_before_max_ms, timestamp_after_max_ms;
  bool downconversion;
  int32_t min_insync_replicas;
  bool unclean_leader_election;
  bool cleanup_delete, cleanup_compact;
  double min_cleanable_dirty_ratio;
  int64_t delete_retention_ms, min_compaction_lag_ms, max_compaction_lag_ms;
  const char *storage_engine; /* instance name; NULL: storage.default */
  const char *partitioner;    /* instance name; NULL: partitioner.default */
} StokerTopicConfig;

STOKER_END_DECLS

#endif
