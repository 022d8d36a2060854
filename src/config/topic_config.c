/* SPDX-License-Identifier: Apache-2.0 */
#include "config/topic_config.h"

#include "config/dynamic.h"
#include "config/topic_rules.h"
#include "module/nearest.h"
#include "module/option.h"

#include <glib.h>

/* What the rows are laid out over; StokerTopicConfig is made of it. */
typedef struct Raw
{
  const char *const *cleanup_policy;
  int32_t compression; /* index into the words below */
  int64_t gzip_level, lz4_level, zstd_level;
  int64_t delete_retention_ms, file_delete_delay_ms, flush_messages, flush_ms;
  const char *const *follower_throttled, *const *leader_throttled;
  int64_t index_interval_bytes, local_retention_bytes, local_retention_ms, max_compaction_lag_ms, max_message_bytes;
  bool downconversion;
  const char *format_version;
  int32_t flush; /* index into its words */
  int64_t timestamp_after_max_ms, timestamp_before_max_ms, timestamp_difference_max_ms;
  int32_t timestamp_type;
  double min_cleanable_dirty_ratio;
  int64_t min_compaction_lag_ms, min_insync_replicas;
  const char *partitioner;
  bool preallocate, remote_storage;
  int64_t retention_bytes, retention_ms, segment_bytes, segment_index_bytes, segment_jitter_ms, segment_ms;
  const char *storage_engine;
  bool unclean_leader_election;
} Raw;

#define FOREVER "9223372036854775807"
#define AT(field) offsetof (Raw, field)
#define ROW(n, ty, d, mi, ma, w, u, f, s)                                                                              \
  { .name = n, .type = STOKER_OPTION_##ty, .flags = STOKER_OPTION_RELOADABLE, .def = d, .min = mi, .max = ma, .words = w, .unit = u, .offset = AT (f), .summary = s }

static const StokerOption rows[] = {
  ROW ("cleanup.policy", LIST, "delete", NULL, NULL, "delete compact", NULL, cleanup_policy, "what happens to old records: delete, compact, or both"),
  ROW ("compression.gzip.level", INT, "-1", "-1", "9", NULL, NULL, gzip_level, "level when stored as gzip; -1: the codec's own"),
  ROW ("compression.lz4.level", INT, "9", "1", "17", NULL, NULL, lz4_level, "level when stored as lz4"),
  ROW ("compression.type", ENUM, "producer", NULL, NULL, "uncompressed gzip snappy lz4 zstd producer", NULL, compression, "how batches are stored; producer: as they were sent"),
  ROW ("compression.zstd.level", INT, "3", "-131072", "22", NULL, NULL, zstd_level, "level when stored as zstd"),
  ROW ("delete.retention.ms", DURATION, "86400000", "0", NULL, NULL, "ms", delete_retention_ms, "how long a compacted topic keeps tombstones"),
  ROW ("file.delete.delay.ms", DURATION, "60000", "0", NULL, NULL, "ms", file_delete_delay_ms, "how long a deleted segment's files stay under another name"),
  ROW ("flush.messages", INT, FOREVER, "1", NULL, NULL, "records", flush_messages, "flush after this many records"),
  ROW ("flush.ms", DURATION, FOREVER, "0", NULL, NULL, "ms", flush_ms, "flush after this time"),
  ROW ("follower.replication.throttled.replicas", LIST, "", NULL, NULL, NULL, NULL, follower_throttled, "partition:broker pairs throttled on the follower's side, or *"),
  ROW ("index.interval.bytes", SIZE, "4096", "0", "2147483647", NULL, "bytes", index_interval_bytes, "log bytes between two index entries"),
  ROW ("leader.replication.throttled.replicas", LIST, "", NULL, NULL, NULL, NULL, leader_throttled, "partition:broker pairs throttled on the leader's side, or *"),
  ROW ("local.retention.bytes", INT, "-2", "-2", NULL, NULL, "bytes", local_retention_bytes, "tiered storage only: not offered"),
  ROW ("local.retention.ms", INT, "-2", "-2", NULL, NULL, "ms", local_retention_ms, "tiered storage only: not offered"),
  ROW ("log.flush", ENUM, "journal", NULL, NULL, "journal os", NULL, flush, "when an append counts as durable: journal, once it is on the disk; os, at once, as in Apache Kafka"),
  ROW ("max.compaction.lag.ms", DURATION, FOREVER, "1", NULL, NULL, "ms", max_compaction_lag_ms, "a record is compacted at the latest after this time"),
  ROW ("max.message.bytes", SIZE, "1048588", "0", "2147483647", NULL, "bytes", max_message_bytes, "largest batch that is taken"),
  ROW ("message.downconversion.enable", BOOL, "true", NULL, NULL, NULL, NULL, downconversion, "convert records for consumers of the time before 0.11"),
  ROW ("message.format.version", STRING, "3.0-IV1", NULL, NULL, NULL, NULL, format_version, "means nothing: records are stored in the newest format, as Kafka does since 3.0"),
  ROW ("message.timestamp.after.max.ms", DURATION, FOREVER, "0", NULL, NULL, "ms", timestamp_after_max_ms, "how far a timestamp may lie ahead of the broker's clock"),
  ROW ("message.timestamp.before.max.ms", DURATION, FOREVER, "0", NULL, NULL, "ms", timestamp_before_max_ms, "how far a timestamp may lie behind the broker's clock"),
  ROW ("message.timestamp.difference.max.ms", DURATION, FOREVER, "0", NULL, NULL, "ms", timestamp_difference_max_ms, "older name of both bounds"),
  ROW ("message.timestamp.type", ENUM, "CreateTime", NULL, NULL, "CreateTime LogAppendTime", NULL, timestamp_type, "whose clock records carry: the producer's or the broker's"),
  ROW ("min.cleanable.dirty.ratio", DOUBLE, "0.5", "0", "1", NULL, NULL, min_cleanable_dirty_ratio, "share of uncompacted bytes from which on a log is compacted"),
  ROW ("min.compaction.lag.ms", DURATION, "0", "0", NULL, NULL, "ms", min_compaction_lag_ms, "a record stays uncompacted at least this long"),
  ROW ("min.insync.replicas", INT, "1", "1", "32767", NULL, NULL, min_insync_replicas, "acks=all needs this many replicas in sync"),
  ROW ("partitioner", STRING, NULL, NULL, NULL, NULL, NULL, partitioner, "instance that places records for whoever leaves the choice to Stoker"),
  ROW ("preallocate", BOOL, "false", NULL, NULL, NULL, NULL, preallocate, "reserve a segment's whole size when it is made"),
  ROW ("remote.storage.enable", BOOL, "false", NULL, NULL, NULL, NULL, remote_storage, "tiered storage: not offered, only false is accepted"),
  ROW ("retention.bytes", INT, "-1", "-1", NULL, NULL, "bytes", retention_bytes, "a partition's size above which old segments go; -1: no limit"),
  ROW ("retention.ms", INT, "604800000", "-1", NULL, NULL, "ms", retention_ms, "age above which old segments go; -1: no limit"),
  ROW ("segment.bytes", SIZE, "1073741824", "14", "2147483647", NULL, "bytes", segment_bytes, "size at which a segment is closed and a new one begun"),
  ROW ("segment.index.bytes", SIZE, "10485760", "4", "2147483647", NULL, "bytes", segment_index_bytes, "largest size of a segment's index"),
  ROW ("segment.jitter.ms", DURATION, "0", "0", NULL, NULL, "ms", segment_jitter_ms, "random part of segment.ms, so that not all roll at once"),
  ROW ("segment.ms", DURATION, "604800000", "1", NULL, NULL, "ms", segment_ms, "age at which a segment is closed even if it is not full"),
  ROW ("storage.engine", STRING, NULL, NULL, NULL, NULL, NULL, storage_engine, "storage instance that keeps the topic's logs"),
  ROW ("unclean.leader.election.enable", BOOL, "false", NULL, NULL, NULL, NULL, unclean_leader_election, "let a replica lead that is not in sync, losing data"),
};

static const StkTopicSetting settings[] = {
  { "log.cleanup.policy", 7 }, { "compression.gzip.level", 3 }, { "compression.lz4.level", 3 }, { "compression.type", 2 },
  { "compression.zstd.level", 3 }, { "log.cleaner.delete.retention.ms", 5 }, { "log.segment.delete.delay.ms", 5 },
  { "log.flush.interval.messages", 5 }, { "log.flush.interval.ms", 5 }, { NULL, 7 }, { "log.index.interval.bytes", 3 }, { NULL, 7 },
  { NULL, 5 }, { NULL, 5 }, { "log.flush", 2 }, { "log.cleaner.max.compaction.lag.ms", 5 }, { "message.max.bytes", 3 },
  { "log.message.downconversion.enable", 1 }, { NULL, 2 }, { "log.message.timestamp.after.max.ms", 5 }, { "log.message.timestamp.before.max.ms", 5 },
  { "log.message.timestamp.difference.max.ms", 5 }, { "log.message.timestamp.type", 2 }, { "log.cleaner.min.cleanable.ratio", 6 },
  { "log.cleaner.min.compaction.lag.ms", 5 }, { "min.insync.replicas", 3 }, { NULL, 2 }, { "log.preallocate", 1 }, { NULL, 1 },
  { "log.retention.bytes", 5 }, { "log.retention.ms", 5 }, { "log.segment.bytes", 3 }, { "log.index.size.max.bytes", 3 },
  { "log.roll.jitter.ms", 5 }, { "log.roll.ms", 5 }, { NULL, 2 }, { "unclean.leader.election.enable", 1 },
};
G_STATIC_ASSERT (G_N_ELEMENTS (rows) == G_N_ELEMENTS (settings));

const StokerOption *
stk_topic_rows (size_t *n)
{
  *n = G_N_ELEMENTS (rows);
  return rows;
}

const StkTopicSetting *
stk_topic_setting (size_t i)
{
  return &settings[i];
}

int
stk_topic_setting_find (StokerStr name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (stoker_str_is (name, rows[i].name))
      return (int)i;
  return -1;
}

static int
unknown_setting (const char *name, StokerError *err)
{
  StkNearest near = { 0 };

  stk_nearest_begin (&near, name);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    stk_nearest_try (&near, rows[i].name);
  return stoker_error_set (err, STOKER_ERROR_CONFIG, near.best ? "topics have no setting %s; did you mean %s?" : "topics have no setting %s",
                           name, near.best);
}

/* Rules beyond type and range. */
static int
check_raw (const Raw *raw, StokerError *err)
{
  if (raw->remote_storage)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "tiered storage is not offered");
  return 0;
}

int
stk_topic_config_check (StokerStr name, StokerStr value, char **out_text, StokerError *err)
{
  g_autofree char *n = g_strndup (name.data ? name.data : "", name.len);
  g_autofree char *v = g_strndup (value.data ? value.data : "", value.len);
  g_autofree char *text = NULL;
  int i = stk_topic_setting_find (name);
  StokerError why = { 0 };
  Raw raw = { 0 };
  int rc;

  if (i < 0)
    return unknown_setting (n, err);
  rc = stk_option_parse (&rows[i], g_strstrip (v), NULL, &raw, &why);
  if (rc == 0)
    text = stk_option_format_bare (&rows[i], &raw);
  if (rc == 0 && (rc = check_raw (&raw, &why)) == 0)
    rc = stk_topic_rule_check (n, text, &why);
  if (rc < 0)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "%.80s is not a value for %s: %s", v, n, why.text);
  else if (out_text)
    *out_text = g_steal_pointer (&text);
  stk_options_clear (rows, G_N_ELEMENTS (rows), &raw);
  return rc;
}

char *
stk_topic_config_default (const StkBrokerConfig *broker, size_t i, int8_t *out_source)
{
  const char *name = settings[i].broker_name;
  char *v = name ? stk_broker_config_value (broker, name) : NULL;

  *out_source = name ? (int8_t)stk_broker_config_value_source (broker, name) : STK_SOURCE_DEFAULT;
  return v ? v : g_strdup (rows[i].def);
}

static bool
has_word (const char *const *list, const char *word)
{
  return list && g_strv_contains (list, word);
}

static void
from_raw (const Raw *r, StokerTopicConfig *c)
{
  *c = (StokerTopicConfig){ .size = sizeof *c,
                            .segment_bytes = r->segment_bytes,
                            .segment_ms = r->segment_ms,
                            .segment_jitter_ms = r->segment_jitter_ms,
                            .segment_index_bytes = r->segment_index_bytes,
                            .index_interval_bytes = r->index_interval_bytes,
                            .retention_ms = r->retention_ms,
                            .retention_bytes = r->retention_bytes,
                            .file_delete_delay_ms = r->file_delete_delay_ms,
                            .flush_messages = r->flush_messages,
                            .flush_ms = r->flush_ms,
                            .journal = r->flush == 0,
                            .preallocate = r->preallocate,
                            .max_message_bytes = r->max_message_bytes,
                            .compression = r->compression == 5 ? -1 : r->compression,
                            .gzip_level = (int32_t)r->gzip_level,
                            .lz4_level = (int32_t)r->lz4_level,
                            .zstd_level = (int32_t)r->zstd_level,
                            .log_append_time = r->timestamp_type == 1,
                            /* The older name holds where the newer ones are not set. */
                            .timestamp_before_max_ms = MIN (r->timestamp_before_max_ms, r->timestamp_difference_max_ms),
                            .timestamp_after_max_ms = MIN (r->timestamp_after_max_ms, r->timestamp_difference_max_ms),
                            .downconversion = r->downconversion,
                            .min_insync_replicas = (int32_t)r->min_insync_replicas,
                            .unclean_leader_election = r->unclean_leader_election,
                            .cleanup_delete = has_word (r->cleanup_policy, "delete"),
                            .cleanup_compact = has_word (r->cleanup_policy, "compact"),
                            .min_cleanable_dirty_ratio = r->min_cleanable_dirty_ratio,
                            .delete_retention_ms = r->delete_retention_ms,
                            .min_compaction_lag_ms = r->min_compaction_lag_ms,
                            .max_compaction_lag_ms = r->max_compaction_lag_ms,
                            .storage_engine = g_strdup (r->storage_engine),
                            .partitioner = g_strdup (r->partitioner) };
}

void
stk_topic_config_make (const StkBrokerConfig *broker, const StkMetaPair *overrides, size_t n, StokerTopicConfig *out)
{
  Raw raw = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    int8_t source;
    g_autofree char *v = stk_topic_config_default (broker, i, &source);
    if (v && stk_option_parse (&rows[i], v, NULL, &raw, NULL) < 0 && rows[i].def)
      (void)stk_option_parse (&rows[i], rows[i].def, NULL, &raw, NULL);
  }
  for (size_t k = 0; k < n; k++) {
    int i = stk_topic_setting_find (stoker_str (overrides[k].name));
    if (i >= 0 && overrides[k].value)
      (void)stk_option_parse (&rows[i], overrides[k].value, NULL, &raw, NULL);
  }
  from_raw (&raw, out);
  stk_options_clear (rows, G_N_ELEMENTS (rows), &raw);
}

int
stk_topic_config_check_set (const StkBrokerConfig *broker, const StkMetaPair *overrides, size_t n, StokerError *err)
{
  StokerTopicConfig c;
  int rc = 0;

  stk_topic_config_make (broker, overrides, n, &c);
  if (c.min_compaction_lag_ms > c.max_compaction_lag_ms)
    rc = stoker_error_set (err, STOKER_ERROR_CONFIG,
                           "min.compaction.lag.ms (%" G_GINT64_FORMAT ") must not be larger than max.compaction.lag.ms (%" G_GINT64_FORMAT ")",
                           c.min_compaction_lag_ms, c.max_compaction_lag_ms);
  stk_topic_config_clear (&c);
  return rc;
}

void
stk_topic_config_copy (const StokerTopicConfig *from, StokerTopicConfig *to)
{
  *to = *from;
  to->storage_engine = g_strdup (from->storage_engine);
  to->partitioner = g_strdup (from->partitioner);
}

void
stk_topic_config_clear (StokerTopicConfig *c)
{
  g_free ((char *)c->storage_engine);
  g_free ((char *)c->partitioner);
  *c = (StokerTopicConfig){ 0 };
}
