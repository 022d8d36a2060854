/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of one broker, checked. The first part of the struct is laid out by option rows (broker_rows.c: name,
 * type, default, range, text); the second is worked out from them by stk_broker_config_finish. Read-only once it is
 * finished.
 *
 * Times are milliseconds and sizes bytes, unless a name says otherwise.
 */
#ifndef STK_CONFIG_BROKER_CONFIG_H
#define STK_CONFIG_BROKER_CONFIG_H

#include "config/reader.h"

#include <stoker/module.h>

/* A place to listen on, or to be found at. */
typedef struct StkEndpoint
{
  const char *name; /* of the listener: "PLAINTEXT" */
  const char *host; /* never empty; "0.0.0.0" and "::" for all addresses */
  uint16_t port;    /* 0: a free one (tests) */
} StkEndpoint;

/* A `load` line, and a `KIND.INSTANCE.option` line. file NULL: none (default, command line). */
typedef struct StkLoadLine
{
  const char *spec; /* "KIND/NAME", "KIND/NAME FILE" or a path */
  const char *file;
  unsigned line;
  bool standard; /* one of module.standard: may be absent */
} StkLoadLine;

typedef struct StkInstanceLine
{
  uint32_t kind; /* StokerKind */
  const char *instance, *option, *value;
  const char *file, *dir;
  unsigned line;
} StkInstanceLine;

typedef enum StkOffsetsStorage
{
  STK_OFFSETS_COORDINATOR = 0,
} StkOffsetsStorage;

typedef struct StkBrokerConfig
{
  /* identity, listeners */
  int64_t broker_id;
  const char *broker_rack;
  const char *const *listeners_text, *const *advertised_listeners_text, *const *listener_map_text;
  const char *zookeeper_connect;
  int64_t zookeeper_session_timeout_ms, zookeeper_connection_timeout_ms, zookeeper_max_in_flight_requests;
  bool zookeeper_set_acl;
  /* network */
  int64_t num_network_threads, network_thread_connections, num_io_threads, num_recovery_threads_per_data_dir;
  int64_t socket_request_max_bytes, socket_send_buffer_bytes, socket_receive_buffer_bytes; /* -1: the system's */
  int64_t socket_listen_backlog_size;
  int64_t connections_max_idle_ms;
  int64_t max_connections;
  int64_t fetch_max_bytes;
  int64_t max_incremental_fetch_session_cache_slots;
  /* logs; the topic settings of the same meaning take their defaults from here */
  const char *const *log_dirs_text;
  const char *log_dir;
  int64_t log_segment_bytes, log_roll_ms, log_roll_jitter_ms, log_index_size_max_bytes, log_index_interval_bytes;
  int64_t log_roll_hours, log_roll_jitter_hours; /* synonyms: only log_roll_ms .. are read after finish */
  /* -1: no limit; of the times only log_retention_ms is read after finish */
  int64_t log_retention_ms, log_retention_minutes, log_retention_hours;
  int64_t log_retention_bytes; /* -1: no limit */
  int64_t log_retention_check_interval_ms;
  const char *const *log_cleanup_policy; /* of "delete", "compact" */
  int64_t log_segment_delete_delay_ms;
  int64_t log_flush_interval_messages, log_flush_interval_ms; /* INT64_MAX: never */
  int32_t log_flush;                                          /* 0: journal, 1: os */
  int64_t log_recovery_wait_ms;
  int64_t log_journal_bytes, log_flush_offset_checkpoint_interval_ms;
  bool log_preallocate;
  int64_t message_max_bytes;
  int64_t batch_decompressed_max_bytes, batch_decompressed_max_ratio;
  int32_t compression_type; /* 0 producer, 1 uncompressed, 2 gzip, 3 snappy, 4 lz4, 5 zstd */
  int64_t compression_gzip_level, compression_lz4_level, compression_zstd_level;
  int32_t log_message_timestamp_type; /* 0 CreateTime, 1 LogAppendTime */
  int64_t log_message_timestamp_before_max_ms, log_message_timestamp_after_max_ms;
  int64_t log_message_timestamp_difference_max_ms; /* the older name of both */
  bool log_message_downconversion_enable;
  bool log_cleaner_enable;
  int64_t log_cleaner_threads, log_cleaner_dedupe_buffer_size, log_cleaner_io_buffer_size, log_cleaner_backoff_ms;
  double log_cleaner_io_buffer_load_factor, log_cleaner_io_max_bytes_per_second;
  double log_cleaner_min_cleanable_ratio;
  int64_t log_cleaner_delete_retention_ms, log_cleaner_min_compaction_lag_ms, log_cleaner_max_compaction_lag_ms;
  int64_t producer_id_expiration_ms, producer_id_expiration_check_interval_ms;
  /* topics */
  int64_t num_partitions, default_replication_factor;
  bool auto_create_topics_enable, delete_topic_enable;
  int64_t min_insync_replicas;
  bool unclean_leader_election_enable;
  /* replication */
  int64_t replica_high_watermark_checkpoint_interval_ms;
  int64_t replica_alter_log_dirs_io_max_bytes_per_second;
  /* groups */
  int64_t group_min_session_timeout_ms, group_max_session_timeout_ms, group_initial_rebalance_delay_ms, group_max_size;
  int32_t offsets_storage; /* StkOffsetsStorage */
  int64_t offsets_topic_num_partitions, offsets_topic_replication_factor, offsets_topic_segment_bytes;
  int64_t offsets_retention_minutes; /* in minutes */
  int64_t offsets_retention_check_interval_ms, offset_metadata_max_bytes, offsets_commit_timeout_ms;
  /* modules */
  const char *const *module_path, *const *module_standard;
  const char *storage_default_use, *partitioner_default_use, *coordinator_default_use; /* instance names */
  /* the broker's own log lines */
  int32_t logging_format;           /* StkLogFormat */
  int32_t logging_level;            /* StokerLogLevel */
  const char *const *logging_areas; /* "area=level" */
  const char *logging_file;

  /* ---- from here on: worked out by finish ---- */
  StkEndpoint *listeners, *advertised;
  size_t n_listeners, n_advertised;
  char **log_dirs; /* absolute, NULL-terminated, at least one */
  size_t n_log_dirs;
  StkLoadLine *loads;
  size_t n_loads;
  StkInstanceLine *instance_lines;
  size_t n_instance_lines;
  const char *path; /* of the main file; NULL: none */
  void *own;        /* memory and marks of this code */
} StkBrokerConfig;

/* The rows, in the order of the sample file. */
const StokerOption *stk_broker_rows (size_t *n);
const StokerOption *stk_broker_row (const char *name);
/* The heading that stands before row `i` in the sample, or NULL. */
const char *stk_broker_row_heading (size_t i);

/* Reads a file (NULL: none, all defaults) and then assignments of the command line (NULL-terminated, or NULL). cwd is
 * what relative log directories of a run without a file start from; NULL: the process's. Everything wrong goes to
 * `report`; what is wrong keeps its default, so that the rest (the modules) can be checked too. Never NULL, but good for nothing
 * else when `report` holds an error. */
StkBrokerConfig *stk_broker_config_read (StokerDisk *disk, const char *path, const char *const *assignments,
                                         const char *cwd, StkReport *report);
/* The same; NULL when `report` holds an error. */
StkBrokerConfig *stk_broker_config_load (StokerDisk *disk, const char *path, const char *const *assignments,
                                         const char *cwd, StkReport *report);
/* For tests and simulations: from text; includes are refused. */
StkBrokerConfig *stk_broker_config_from_text (const char *text, const char *cwd, StkReport *report);
/* The same, but ends the process with the message when it is wrong. */
StkBrokerConfig *stk_broker_config_for_test (const char *text, const char *cwd);
void stk_broker_config_free (StkBrokerConfig *c);

/* Was the key set (file, command line, or dynamically), or is it the default? */
bool stk_broker_config_given (const StkBrokerConfig *c, const char *name);
/* The key's value in Kafka's spelling (DescribeConfigs), g_free; NULL: no such key. */
char *stk_broker_config_value (const StkBrokerConfig *c, const char *name);

#endif
