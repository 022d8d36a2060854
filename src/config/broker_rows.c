/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's settings as data. Kafka's names where Kafka has the setting; the defaults are Kafka's unless the text
 * says why not. The sample file, --describe and the man page are made from this. */
#include "config/broker_config.h"

#include <glib.h>

#define I32MAX "2147483647"
#define I64MAX "9223372036854775807"
#define RELOAD .flags = STOKER_OPTION_RELOADABLE
#define ROW(name_, type_, def_, field_, summary_, ...)                                                                 \
  {                                                                                                                    \
    .name = name_, .type = STOKER_OPTION_##type_, .def = def_, .offset = offsetof (StkBrokerConfig, field_),           \
    .summary = summary_, __VA_ARGS__                                                                                   \
  }

static const StokerOption rows[] = {
  /* Identity and listeners */
  ROW ("broker.id", INT, "0", broker_id, "number of this broker, unique in the cluster", .min = "0", .max = I32MAX,
       .text = "Written to meta.properties of every log directory at the first start; a directory of another broker is "
               "refused."),
  ROW ("broker.rack", STRING, NULL, broker_rack, "where this broker stands, for replica placement"),
  ROW ("listeners", LIST, "PLAINTEXT://127.0.0.1:9092", listeners_text, "where to listen: PLAINTEXT://HOST:PORT, ..",
       .text = "An empty host or 0.0.0.0 means all addresses. Unlike Kafka's, the default is this machine only."),
  ROW ("advertised.listeners", LIST, "", advertised_listeners_text, "what clients are told to connect to",
       .text = "Empty: the listeners. Needed when they listen on all addresses or behind a translation of addresses."),
  ROW ("listener.security.protocol.map", LIST, "", listener_map_text,
       "NAME:PLAINTEXT, .. for listeners with names of your own"),
  ROW ("zookeeper.connect", STRING, NULL, zookeeper_connect, "HOST:PORT, ..[/CHROOT] of a ZooKeeper ensemble",
       .text = "Selects the coordinator module zookeeper. Not set: one node with the embedded coordinator."),
  ROW ("zookeeper.session.timeout.ms", DURATION, "18s", zookeeper_session_timeout_ms,
       "how long ZooKeeper keeps the session of a broker that it does not hear from", .min = "1", .max = I32MAX, .unit = "ms",
       .text = "The servers have bounds of their own; what they agreed to is in the log."),
  ROW ("zookeeper.connection.timeout.ms", DURATION, "0", zookeeper_connection_timeout_ms,
       "how long a start waits for a session; 0: zookeeper.session.timeout.ms", .min = "0", .max = I32MAX, .unit = "ms"),
  ROW ("zookeeper.max.in.flight.requests", INT, "10", zookeeper_max_in_flight_requests,
       "requests sent to ZooKeeper before the first of them is answered; more wait", .min = "1", .max = "10000"),
  ROW ("zookeeper.set.acl", BOOL, "false", zookeeper_set_acl, "nodes may be changed by who made them only",
       .text = "All others read what is no secret. Needs coordinator.zookeeper.auth."),
  /* Network */
  ROW ("num.network.threads", INT, "2", num_network_threads, "threads that serve connections", .min = "1",
       .max = "256"),
  ROW ("network.thread.connections", INT, "250", network_thread_connections,
       "a network thread gets this many connections before the next one is used", .min = "1", .max = I32MAX,
       .text = "Records pass fastest between connections of one thread. A busy thread hands connections over to others, and "
               "quiet threads gather them again, up to this number. 1: they are spread evenly."),
  ROW ("num.io.threads", INT, "8", num_io_threads, "at most this many disk threads for each log directory", .min = "1",
       .max = "256"),
  ROW ("num.recovery.threads.per.data.dir", INT, "0", num_recovery_threads_per_data_dir,
       "disk threads of each log directory that open and recover its logs when the broker starts", .min = "0", .max = "256",
       .text = "0, and more than there are: all disk threads (num.io.threads) but one, which is left for logs that are open already."),
  ROW ("socket.request.max.bytes", SIZE, "100MiB", socket_request_max_bytes, "largest request", .min = "1",
       .max = "2147483647", .unit = "bytes"),
  ROW ("socket.send.buffer.bytes", SIZE, "-1", socket_send_buffer_bytes,
       "the kernel's send buffer of a connection; -1: the system's default", .min = "-1", .max = I32MAX,
       .unit = "bytes"),
  ROW ("socket.receive.buffer.bytes", SIZE, "-1", socket_receive_buffer_bytes,
       "the kernel's receive buffer of a connection; -1: the system's default", .min = "-1", .max = I32MAX,
       .unit = "bytes"),
  ROW ("socket.listen.backlog.size", INT, "1024", socket_listen_backlog_size,
       "connections that may wait to be accepted; the next ones try again after a second", .min = "1", .max = I32MAX),
  ROW ("connections.max.idle.ms", DURATION, "10m", connections_max_idle_ms,
       "idle connections are closed after this time; -1: never", .min = "-1", .unit = "ms"),
  ROW ("max.connections", INT, I32MAX, max_connections, "connections at once; more wait until one closes", .min = "0",
       .max = I32MAX),
  ROW ("fetch.max.bytes", SIZE, "55MiB", fetch_max_bytes, "largest answer to one fetch request", .min = "1024",
       .max = I32MAX, .unit = "bytes"),
  ROW ("max.incremental.fetch.session.cache.slots", INT, "1000", max_incremental_fetch_session_cache_slots,
       "incremental fetch sessions kept", .min = "0", .max = I32MAX),
  /* Logs */
  ROW ("log.dirs", LIST, "", log_dirs_text, "directories of the data, each with a disk of its own if possible",
       .text = "Empty: log.dir. Relative ones start from the folder of the configuration file."),
  ROW ("log.dir", STRING, "./stoker-data", log_dir, "one directory of the data, when log.dirs is not set"),
  ROW ("log.segment.bytes", SIZE, "1GiB", log_segment_bytes, "a log's file is ended at this size", .min = "14",
       .max = I32MAX, .unit = "bytes", RELOAD),
  ROW ("log.roll.ms", DURATION, "7d", log_roll_ms, "a log's file is ended at this age", .min = "1", .unit = "ms",
       RELOAD),
  ROW ("log.roll.hours", DURATION, "168", log_roll_hours, "log.roll.ms in hours, when that is not set", .min = "1",
       .max = I32MAX, .unit = "hours", RELOAD),
  ROW ("log.roll.jitter.ms", DURATION, "0", log_roll_jitter_ms, "random part of the age, so that not all end at once",
       .min = "0", .unit = "ms", RELOAD),
  ROW ("log.roll.jitter.hours", DURATION, "0", log_roll_jitter_hours,
       "log.roll.jitter.ms in hours, when that is not set", .min = "0", .max = I32MAX, .unit = "hours", RELOAD),
  ROW ("log.index.size.max.bytes", SIZE, "10MiB", log_index_size_max_bytes, "largest index of one file", .min = "4",
       .max = I32MAX, .unit = "bytes", RELOAD),
  ROW ("log.index.interval.bytes", SIZE, "4KiB", log_index_interval_bytes, "bytes of a log between two index entries",
       .min = "0", .max = I32MAX, .unit = "bytes", RELOAD),
  ROW ("log.retention.ms", DURATION, "7d", log_retention_ms, "data older than this is deleted; -1: kept", .min = "-1",
       .unit = "ms", RELOAD),
  ROW ("log.retention.minutes", DURATION, "10080", log_retention_minutes,
       "log.retention.ms in minutes, when that is not set", .min = "-1", .unit = "minutes", RELOAD),
  ROW ("log.retention.hours", DURATION, "168", log_retention_hours, "log.retention.ms in hours, when neither is set",
       .min = "-1", .unit = "hours", RELOAD),
  ROW ("log.retention.bytes", SIZE, "-1", log_retention_bytes,
       "a partition that is larger loses its oldest data; -1: no limit", .min = "-1", .unit = "bytes", RELOAD),
  ROW ("log.retention.check.interval.ms", DURATION, "5m", log_retention_check_interval_ms,
       "how often retention is applied", .min = "1", .unit = "ms"),
  ROW ("log.cleanup.policy", LIST, "delete", log_cleanup_policy, "what happens to old data", .words = "delete compact",
       RELOAD),
  ROW ("log.segment.delete.delay.ms", DURATION, "1m", log_segment_delete_delay_ms,
       "deleted files stay this long, renamed, for readers", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.flush", ENUM, "journal", log_flush, "when an append counts as durable", .words = "journal os",
       .text = "journal: once it is on the disk; nobody is answered or shown anything before. os: at once, as in Apache Kafka; the kernel "
               "writes it in its own time, and a power cut may lose what was acknowledged last.",
       RELOAD),
  ROW ("log.recovery.wait.ms", DURATION, "1s", log_recovery_wait_ms,
       "at a start the listeners wait this long for logs to be opened", .min = "0", .unit = "ms",
       .text = "A start that takes longer serves clients meanwhile, and turns them away from the partitions that are not open yet."),
  ROW ("log.journal.bytes", SIZE, "512MiB", log_journal_bytes, "what the journal of a log directory may take of it", .min = "33554432",
       .unit = "bytes"),
  ROW ("log.flush.offset.checkpoint.interval.ms", DURATION, "1m", log_flush_offset_checkpoint_interval_ms,
       "the journal's logs are flushed in their own files at least so often", .min = "1", .unit = "ms",
       .text = "And their recovery points follow, so that a start after a crash reads little. A journal that is not used for as long vanishes."),
  ROW ("log.flush.interval.messages", INT, I64MAX, log_flush_interval_messages, "flush a log after so many records",
       .min = "1", RELOAD),
  ROW ("log.flush.interval.ms", DURATION, I64MAX, log_flush_interval_ms,
       "flush a log's data before it is older than this", .min = "0", .unit = "ms", RELOAD),
  ROW ("replica.high.watermark.checkpoint.interval.ms", DURATION, "5s", replica_high_watermark_checkpoint_interval_ms,
       "how often high watermarks, recovery points and log starts are written", .min = "1", .unit = "ms"),
  ROW ("replica.alter.log.dirs.io.max.bytes.per.second", SIZE, I64MAX, replica_alter_log_dirs_io_max_bytes_per_second,
       "how fast partitions are moved to other log directories, all together", .min = "1", .unit = "bytes", RELOAD),
  ROW ("log.preallocate", BOOL, "false", log_preallocate, "reserve the space of a log's file when it is begun", RELOAD),
  ROW ("message.max.bytes", SIZE, "1048588", message_max_bytes, "largest batch of records, as it is stored", .min = "0",
       .max = I32MAX, .unit = "bytes", RELOAD),
  ROW ("batch.decompressed.max.bytes", SIZE, "128MiB", batch_decompressed_max_bytes,
       "largest content of a compressed batch of a producer", .min = "1048576", .max = "1073741823", .unit = "bytes",
       .text = "Batches are decompressed to be checked, in memory. A batch that holds more is refused."),
  ROW ("batch.decompressed.max.ratio", INT, "1000", batch_decompressed_max_ratio,
       "how many times larger than the batch its content may be, above 16 MiB", .min = "1", .max = "1000000"),
  ROW ("compression.type", ENUM, "producer", compression_type, "how batches are stored",
       .words = "producer uncompressed gzip snappy lz4 zstd", .text = "producer: as they came, without recompression.",
       RELOAD),
  ROW ("compression.gzip.level", INT, "-1", compression_gzip_level, "level of gzip; -1: its default", .min = "-1",
       .max = "9", RELOAD),
  ROW ("compression.lz4.level", INT, "9", compression_lz4_level, "level of lz4", .min = "1", .max = "17", RELOAD),
  ROW ("compression.zstd.level", INT, "3", compression_zstd_level, "level of zstd", .min = "-131072", .max = "22",
       RELOAD),
  ROW ("log.message.timestamp.type", ENUM, "CreateTime", log_message_timestamp_type, "whose time records carry",
       .words = "CreateTime LogAppendTime", RELOAD),
  ROW ("log.message.timestamp.before.max.ms", DURATION, I64MAX, log_message_timestamp_before_max_ms,
       "records with a timestamp further in the past are refused", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.message.timestamp.after.max.ms", DURATION, I64MAX, log_message_timestamp_after_max_ms,
       "records with a timestamp further in the future are refused", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.message.timestamp.difference.max.ms", DURATION, I64MAX, log_message_timestamp_difference_max_ms,
       "the older name of both, where they are not set", .min = "0", .unit = "ms",
       .flags = STOKER_OPTION_RELOADABLE | STOKER_OPTION_DEPRECATED,
       .text = "Use log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms."),
  ROW ("log.message.downconversion.enable", BOOL, "true", log_message_downconversion_enable,
       "convert for clients that know only older formats", RELOAD),
  ROW ("log.cleaner.enable", BOOL, "true", log_cleaner_enable, "compact the logs of topics with cleanup.policy=compact"),
  ROW ("log.cleaner.threads", INT, "1", log_cleaner_threads, "logs that are compacted at the same time", .min = "1",
       .max = "64", RELOAD, .text = "Followed when those that are at work are through with their logs."),
  ROW ("log.cleaner.dedupe.buffer.size", SIZE, "128MiB", log_cleaner_dedupe_buffer_size,
       "memory for the keys of the logs that are being compacted, all threads together", .min = "1MiB",
       .max = "1099511627776", .unit = "bytes", RELOAD,
       .text = "Taken only while a log is compacted, and no more than the log needs; 24 bytes a key. When a log has more keys, it "
               "is compacted in several rounds."),
  ROW ("log.cleaner.io.buffer.size", SIZE, "512KiB", log_cleaner_io_buffer_size,
       "how much is read and written at once, all threads together", .min = "0", .max = I32MAX, .unit = "bytes", RELOAD),
  ROW ("log.cleaner.io.buffer.load.factor", DOUBLE, "0.9", log_cleaner_io_buffer_load_factor,
       "how full the memory for keys may get", .min = "0.1", .max = "1", RELOAD),
  ROW ("log.cleaner.io.max.bytes.per.second", DOUBLE, "1.7976931348623157E308", log_cleaner_io_max_bytes_per_second,
       "what compaction reads and writes in a second, all threads together", .min = "1", RELOAD),
  ROW ("log.cleaner.backoff.ms", DURATION, "15s", log_cleaner_backoff_ms,
       "pause when there is no log to compact", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.cleaner.min.cleanable.ratio", DOUBLE, "0.5", log_cleaner_min_cleanable_ratio,
       "compact a log when so much of it is new", .min = "0", .max = "1", RELOAD),
  ROW ("log.cleaner.delete.retention.ms", DURATION, "1d", log_cleaner_delete_retention_ms,
       "compaction keeps deletions this long", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.cleaner.min.compaction.lag.ms", DURATION, "0", log_cleaner_min_compaction_lag_ms,
       "records younger than this are not compacted", .min = "0", .unit = "ms", RELOAD),
  ROW ("log.cleaner.max.compaction.lag.ms", DURATION, I64MAX, log_cleaner_max_compaction_lag_ms,
       "records older than this are due for compaction", .min = "1", .unit = "ms", RELOAD),
  ROW ("producer.id.expiration.ms", DURATION, "1d", producer_id_expiration_ms,
       "idle producers are forgotten after this time", .min = "1", .max = I32MAX, .unit = "ms"),
  ROW ("producer.id.expiration.check.interval.ms", DURATION, "10m", producer_id_expiration_check_interval_ms,
       "how often they are looked for", .min = "1", .max = I32MAX, .unit = "ms"),
  /* Topics */
  ROW ("num.partitions", INT, "1", num_partitions, "partitions of a topic that does not say", .min = "1",
       .max = I32MAX),
  ROW ("default.replication.factor", INT, "1", default_replication_factor, "replicas of a topic that does not say",
       .min = "1", .max = "32767"),
  ROW ("auto.create.topics.enable", BOOL, "true", auto_create_topics_enable,
       "make topics when clients first ask for them"),
  ROW ("delete.topic.enable", BOOL, "true", delete_topic_enable, "allow topics to be deleted"),
  ROW ("min.insync.replicas", INT, "1", min_insync_replicas,
       "replicas that must have a record before acks=all is answered", .min = "1", .max = "32767", RELOAD),
  ROW ("unclean.leader.election.enable", BOOL, "false", unclean_leader_election_enable,
       "let a replica lead that lacks acknowledged data", RELOAD),
  /* Groups and offsets */
  ROW ("group.min.session.timeout.ms", DURATION, "6s", group_min_session_timeout_ms,
       "shortest session a consumer may ask for", .min = "0", .max = I32MAX, .unit = "ms"),
  ROW ("group.max.session.timeout.ms", DURATION, "30m", group_max_session_timeout_ms,
       "longest session a consumer may ask for", .min = "0", .max = I32MAX, .unit = "ms"),
  ROW ("group.initial.rebalance.delay.ms", DURATION, "3s", group_initial_rebalance_delay_ms,
       "a new group waits so long for more members", .min = "0", .max = I32MAX, .unit = "ms"),
  ROW ("group.max.size", INT, I32MAX, group_max_size, "members of a group", .min = "1", .max = I32MAX),
  ROW ("offsets.storage", ENUM, "coordinator", offsets_storage, "where committed offsets are kept",
       .words = "coordinator"),
  ROW ("offsets.topic.num.partitions", INT, "50", offsets_topic_num_partitions, "partitions of __consumer_offsets",
       .min = "1", .max = I32MAX),
  ROW ("offsets.topic.replication.factor", INT, "3", offsets_topic_replication_factor, "replicas of __consumer_offsets",
       .min = "1", .max = "32767",
       .text = "With the embedded coordinator there is one node, and one replica whatever stands here."),
  ROW ("offsets.topic.segment.bytes", SIZE, "100MiB", offsets_topic_segment_bytes,
       "log.segment.bytes of __consumer_offsets", .min = "1", .max = I32MAX, .unit = "bytes"),
  ROW ("offsets.retention.minutes", INT, "10080", offsets_retention_minutes,
       "offsets of a group without members are kept so many minutes", .min = "1", .max = I32MAX, .unit = "minutes"),
  ROW ("offsets.retention.check.interval.ms", DURATION, "10m", offsets_retention_check_interval_ms,
       "how often they are looked for", .min = "1", .unit = "ms"),
  ROW ("offset.metadata.max.bytes", SIZE, "4KiB", offset_metadata_max_bytes, "longest note of a consumer at an offset",
       .min = "0", .max = I32MAX, .unit = "bytes"),
  ROW ("offsets.commit.timeout.ms", DURATION, "5s", offsets_commit_timeout_ms,
       "a commit that takes longer is answered with an error", .min = "1", .max = I32MAX, .unit = "ms"),
  /* Modules */
  ROW ("module.path", LIST, "", module_path, "folders with modules of your own, looked into before the installed ones"),
  ROW ("module.standard", LIST,
       "protocol/kafka, coordinator/local, storage/segment, cleaner/delete, cleaner/compact, codec/gzip, codec/snappy, codec/lz4, "
       "codec/zstd, "
       "partitioner/round-robin, partitioner/murmur2, partitioner/crc32, partitioner/fnv1a, partitioner/sticky, "
       "partitioner/random",
       module_standard, "modules that are loaded without a `load` line, those of them that are installed"),
  ROW ("storage.default.use", STRING, "segment", storage_default_use,
       "storage of topics without the setting storage.engine"),
  ROW ("partitioner.default.use", STRING, "round-robin", partitioner_default_use,
       "partitioner of topics without the setting partitioner"),
  ROW ("coordinator.default.use", STRING, "local", coordinator_default_use, "where the state that brokers share lives"),
  /* Log lines of the broker itself */
  ROW ("logging.format", ENUM, "text", logging_format, "form of the lines", .words = "text json"),
  ROW ("logging.level", ENUM, "info", logging_level, "how much is written", .words = "error warn info debug", RELOAD),
  ROW ("logging.areas", LIST, "", logging_areas, "levels of single areas: net=debug, storage=warn, ..", RELOAD),
  ROW ("logging.file", PATH, NULL, logging_file, "file to write to; not set: standard error"),
};

static const struct
{
  const char *first;
  const char *heading;
} headings[] = {
  { "broker.id", "Identity and listeners" },
  { "num.network.threads", "Network" },
  { "log.dirs", "Logs" },
  { "num.partitions", "Topics" },
  { "group.min.session.timeout.ms", "Groups and offsets" },
  { "module.path", "Modules" },
  { "logging.format", "The broker's own log" },
};

const StokerOption *
stk_broker_rows (size_t *n)
{
  if (n)
    *n = G_N_ELEMENTS (rows);
  return rows;
}

const StokerOption *
stk_broker_row (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

const char *
stk_broker_row_heading (size_t i)
{
  for (size_t k = 0; k < G_N_ELEMENTS (headings); k++)
    if (strcmp (headings[k].first, rows[i].name) == 0)
      return headings[k].heading;
  return NULL;
}
