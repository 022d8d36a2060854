/* SPDX-License-Identifier: Apache-2.0 */
#include "record/judge.h"

#include <glib.h>
#include <inttypes.h>
#include <stdarg.h>

void
stk_judge_refuse (StkJudge *j, int16_t code, const char *fmt, ...)
{
  char text[300];
  va_list ap;

  va_start (ap, fmt);
  g_vsnprintf (text, sizeof text, fmt, ap);
  va_end (ap);
  j->out->error = code;
  j->out->error_message
      = stoker_arena_printf (j->spec->arena, "%.*s-%d: %s", (int)j->spec->topic.len,
                             j->spec->topic.data ? j->spec->topic.data : "", j->spec->partition, text);
}

/* Notes a bad record; the batch is refused at the end, with all of them named. */
static void
refuse_record (StkJudge *j, int32_t index, StokerStr text)
{
  StkValidated *out = j->out;

  if (out->record_errors == NULL)
    out->record_errors = stoker_arena_calloc (j->spec->arena, STK_RECORD_ERRORS_MAX, sizeof *out->record_errors);
  if (out->n_record_errors < STK_RECORD_ERRORS_MAX)
    out->record_errors[out->n_record_errors++] = (StokerRecordError){ index, text };
}

void
stk_judge_record (StkJudge *j, int32_t index, int64_t timestamp, bool claims_append_time, bool has_key)
{
  const StokerTopicConfig *config = j->spec->config;

  if (config->cleanup_compact && !has_key) {
    refuse_record (j, index, STOKER_STR_LIT ("a compacted topic takes no record without a key"));
  } else if (!config->log_append_time && timestamp != -1) {
    if (timestamp >= j->earliest && timestamp <= j->latest)
      return;
    j->bad_timestamp = true;
    if (j->out->n_record_errors == STK_RECORD_ERRORS_MAX)
      return;
    refuse_record (j, index,
                   stoker_arena_printf (j->spec->arena,
                                        "timestamp %" PRId64 " is not within [%" PRId64 ", %" PRId64 "]", timestamp,
                                        j->earliest, j->latest));
  } else if (claims_append_time) {
    j->bad_timestamp = true;
    refuse_record (j, index, STOKER_STR_LIT ("a producer must not set the timestamp type LogAppendTime"));
  }
}

/* False when a record was refused. */
bool
stk_judge_records_good (StkJudge *j)
{
  StkValidated *out = j->out;

  if (out->n_record_errors == 0)
    return true;
  if (j->bad_timestamp)
    stk_judge_refuse (j, STOKER_INVALID_TIMESTAMP,
                      "%d records have an invalid timestamp or are otherwise invalid, the first at index %d",
                      out->n_record_errors, out->record_errors[0].batch_index);
  else
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "%d records are invalid, the first at index %d: %.*s",
                      out->n_record_errors, out->record_errors[0].batch_index, (int)out->record_errors[0].message.len,
                      out->record_errors[0].message.data);
  return false;
}

size_t
stk_judge_decompress_limit (const StkValidateSpec *spec, size_t compressed)
{
  int64_t limit = spec->max_decompressed_bytes > 0 ? spec->max_decompressed_bytes : STK_DECOMPRESSED_MAX;
  int64_t ratio = spec->max_ratio > 0 ? spec->max_ratio : STK_RATIO_MAX;
  int64_t by_ratio = (int64_t)compressed > INT64_MAX / ratio ? INT64_MAX : (int64_t)compressed * ratio;

  /* Half of what a batch can hold, so that a rebuilt one always fits its length field. */
  return (size_t)MIN (MIN (limit, MAX (by_ratio, STK_DECOMPRESSED_FREE)), INT32_MAX / 2);
}

int
stk_judge_target_codec (const StkValidateSpec *spec, int source)
{
  return spec->config->compression < 0 ? source : spec->config->compression;
}

static int32_t
target_level (const StkValidateSpec *spec, int codec)
{
  const StokerTopicConfig *config = spec->config;

  if (config->compression < 0)
    return STK_CODEC_LEVEL_DEFAULT;
  return codec == 1   ? config->gzip_level
         : codec == 3 ? config->lz4_level
         : codec == 4 ? config->zstd_level
                      : STK_CODEC_LEVEL_DEFAULT;
}

/* May be taken by size? Asked again for what was rebuilt. */
bool
stk_judge_size_good (StkJudge *j, size_t len)
{
  const StokerTopicConfig *config = j->spec->config;

  if ((int64_t)len > config->max_message_bytes) {
    stk_judge_refuse (j, STOKER_MESSAGE_TOO_LARGE, "a batch of %zu bytes is larger than max.message.bytes %" PRId64,
                      len, config->max_message_bytes);
    return false;
  }
  if ((int64_t)len > config->segment_bytes) {
    stk_judge_refuse (j, STOKER_RECORD_LIST_TOO_LARGE, "a batch of %zu bytes is larger than segment.bytes %" PRId64,
                      len, config->segment_bytes);
    return false;
  }
  return true;
}

void
stk_judge_accept (StkJudge *j, uint8_t *data, const StokerBatch *b)
{
  j->out->bytes = (StokerBytes){ data, (size_t)b->length };
  j->out->batch = *b;
  j->out->log_append_time_ms = j->spec->config->log_append_time ? j->spec->now_ms : -1;
}

/* Ends a batch that was built into out->buf. */
void
stk_judge_accept_built (StkJudge *j, StkBatchBuilder *w, int codec)
{
  StokerError err = { 0 };

  if (codec != 0 && !stk_codec_known (j->spec->codecs, codec)) {
    stk_judge_refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "no module for codec %d is loaded", codec);
    return;
  }
  if (stk_batch_end (w, j->spec->codecs, codec, target_level (j->spec, codec), &err) != 0)
    stk_judge_refuse (j, STOKER_UNKNOWN_SERVER_ERROR, "compressing failed: %s", err.text);
  else if (stk_judge_size_good (j, (size_t)w->head.length))
    stk_judge_accept (j, w->out->data + w->start, &w->head);
}

void
stk_judge_stamp (StkJudge *j, StkBatchBuilder *w)
{
  if (!j->spec->config->log_append_time)
    return;
  w->head.attributes |= STOKER_BATCH_LOG_APPEND_TIME;
  w->head.max_timestamp = j->spec->now_ms;
}
