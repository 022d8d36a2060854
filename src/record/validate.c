/* SPDX-License-Identifier: Apache-2.0
 *
 * What the leader does to the records of a Produce request. The common case, one batch of magic 2 that is stored as it
 * came, costs one pass for the CRC and one over the record heads, and allocates nothing.
 */
#include "record/judge.h"

#include "base/bytes.h"
#include "record/parse.h"

#include <glib.h>
#include <inttypes.h>

static bool
header_good (StkJudge *j, const StokerBatch *b)
{
  int64_t range = (int64_t)b->last_offset_delta + 1;

  if (range <= 0)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch has the last offset delta %d", b->last_offset_delta);
  else if (b->record_count <= 0)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch claims to hold %d records", b->record_count);
  else if (range != b->record_count)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch spans %" PRId64 " offsets but holds %d records", range,
                      b->record_count);
  else if (b->attributes & STOKER_BATCH_CONTROL)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "clients must not write control batches");
  else if (b->producer_id >= 0 && b->base_sequence < 0)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch of producer %" PRId64 " has the sequence number %d",
                      b->producer_id, b->base_sequence);
  else
    return true;
  return false;
}

typedef struct Scan
{
  int64_t max_timestamp;
  bool in_order; /* offset deltas are 0, 1, 2 .. */
} Scan;

/* Walks over the record heads. False when the section is damaged. */
static bool
scan_records (StkJudge *j, const StokerBatch *b, StokerBytes section, Scan *scan)
{
  const uint8_t *p = section.data, *end = p + section.len;
  const StokerTopicConfig *config = j->spec->config;
  bool claims = b->attributes & STOKER_BATCH_LOG_APPEND_TIME;
  bool check_time = !config->log_append_time && (j->earliest != INT64_MIN || j->latest != INT64_MAX);
  bool check = check_time || claims || config->cleanup_compact;
  int64_t max_timestamp = -1;
  int32_t order = 0;

  for (int32_t i = 0; i < b->record_count; i++) {
    StkParsed r;
    int64_t timestamp;
    if ((p = stk_parse_record (p, end, &r)) == NULL)
      return false;
    timestamp = (int64_t)((uint64_t)b->base_timestamp + (uint64_t)r.timestamp_delta);
    max_timestamp = MAX (max_timestamp, timestamp);
    order |= r.offset_delta ^ i;
    if (check)
      stk_judge_record (j, i, timestamp, claims, r.key.data != NULL);
  }
  *scan = (Scan){ max_timestamp, order == 0 };
  return p == end;
}

/* Stores the batch as it came, but for its timestamps. */
static void
patch (StkJudge *j, uint8_t *data, StokerBatch *b, const Scan *scan)
{
  bool stamped = j->spec->config->log_append_time;
  int16_t attributes = (int16_t)(b->attributes & ~STOKER_BATCH_LOG_APPEND_TIME);
  int64_t max_timestamp = stamped ? j->spec->now_ms : scan->max_timestamp;

  if (stamped)
    attributes |= STOKER_BATCH_LOG_APPEND_TIME;
  if (attributes != b->attributes || max_timestamp != b->max_timestamp) {
    b->attributes = attributes;
    b->max_timestamp = max_timestamp;
    stk_batch_store (data, b);
    b->crc = stk_get_be32 (data + 17);
  }
  stk_judge_accept (j, data, b);
}

static void
rebuild (StkJudge *j, const StokerBatch *b, StokerBytes section, const Scan *scan, int codec)
{
  StkBatchBuilder w;
  StkRecordIter it;
  StkRecord r;

  stk_batch_begin (&w, &j->out->buf);
  w.head.attributes = (int16_t)(b->attributes & ~(STOKER_BATCH_CODEC_MASK | STOKER_BATCH_LOG_APPEND_TIME));
  w.head.producer_id = b->producer_id;
  w.head.producer_epoch = b->producer_epoch;
  w.head.base_sequence = b->base_sequence;
  w.head.leader_epoch = b->leader_epoch;
  if (scan->in_order) {
    /* The records can stay as they are. */
    w.head.base_timestamp = b->base_timestamp;
    w.head.max_timestamp = scan->max_timestamp;
    w.head.record_count = b->record_count;
    stoker_buf_append (w.out, section.data, section.len);
  } else {
    StokerBatch plain = *b;
    plain.attributes &= ~STOKER_BATCH_LOG_APPEND_TIME;
    stk_record_iter_init (&it, &plain, section.data, section.len);
    while (stk_record_iter_next (&it, &r) == 1)
      stk_batch_add (&w, r.timestamp, r.key, r.value, r.headers, r.n_headers);
  }
  stk_judge_stamp (j, &w);
  stk_judge_accept_built (j, &w, codec);
}

static void
validate_batch (StkJudge *j, uint8_t *data, StokerBatch *b)
{
  int source = b->attributes & STOKER_BATCH_CODEC_MASK, target = stk_judge_target_codec (j->spec, source);
  size_t stored = (size_t)b->length - STOKER_BATCH_HEADER;
  StokerBytes section;
  StokerError err = { 0 };
  Scan scan;

  if (b->base_offset != 0)
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch begins at offset %" PRId64 " instead of 0", b->base_offset);
  if (j->out->error || !stk_judge_size_good (j, (size_t)b->length))
    return;
  if (!stoker_batch_crc_ok (data, b)) {
    stk_judge_refuse (j, STOKER_CORRUPT_MESSAGE, "the batch has a wrong check sum");
    return;
  }
  if (!header_good (j, b))
    return;
  if (source != 0 && !stk_codec_known (j->spec->codecs, source)) {
    stk_judge_refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "no module for codec %d is loaded", source);
    return;
  }
  if (stk_batch_records (j->spec->codecs, data, b, stk_judge_decompress_limit (j->spec, stored), j->scratch, &section,
                         &err)
      != 0) {
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the batch cannot be decompressed: %s", err.text);
    return;
  }
  if (!scan_records (j, b, section, &scan)) {
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "the %d records do not fill their %zu bytes exactly", b->record_count,
                      section.len);
    j->out->n_record_errors = 0;
    return;
  }
  if (!stk_judge_records_good (j))
    return;
  if (source == target && scan.in_order)
    patch (j, data, b, &scan);
  else
    rebuild (j, b, section, &scan, target);
}

/* The shape of what stands at data: 0 and *length and *magic of a complete entry of any magic; 1: nothing complete; -1:
 * not an entry. Offset, size and magic have the same place in all three formats. */
static int
entry_peek (const uint8_t *data, size_t len, size_t *length, int *magic)
{
  uint32_t size;

  if (len < STOKER_BATCH_OVERHEAD)
    return 1;
  size = stk_get_be32 (data + 8);
  if (size < 14 || size > INT32_MAX - STOKER_BATCH_OVERHEAD)
    return -1;
  if (len < 17)
    return 1;
  *magic = (int8_t)data[16];
  *length = size + STOKER_BATCH_OVERHEAD;
  if (*magic < 0 || *magic > 2)
    return -1;
  return *length > len ? 1 : 0;
}

static void
validate (StkJudge *j, uint8_t *data, size_t len)
{
  int version = j->spec->api_version < 0 ? INT16_MAX : j->spec->api_version;
  size_t length = 0, next_length;
  int magic = 0, next_magic, shape = entry_peek (data, len, &length, &magic);
  StokerBatch b;

  if (shape < 0) {
    stk_judge_refuse (j, STOKER_CORRUPT_MESSAGE, "the records begin neither with a batch nor with a message");
  } else if (shape > 0) {
    if (version >= 3)
      stk_judge_refuse (j, STOKER_INVALID_RECORD, "%zu bytes hold no complete record batch", len);
  } else if (magic != 2 && version >= 3) {
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "Produce version %d takes batches of magic 2, not %d", version, magic);
  } else if (magic != 2) {
    stk_judge_messages (j, data, len, magic);
  } else if (stoker_batch_peek (data, len, &b) != 0) {
    stk_judge_refuse (j, STOKER_CORRUPT_MESSAGE, "a record batch of %zu bytes is shorter than its header", length);
  } else if (entry_peek (data + length, len - length, &next_length, &next_magic) <= 0) {
    stk_judge_refuse (j, STOKER_INVALID_RECORD, "exactly one record batch is allowed");
  } else if (version < 7 && (b.attributes & STOKER_BATCH_CODEC_MASK) == 4) {
    stk_judge_refuse (j, STOKER_UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7, this is %d", version);
  } else {
    validate_batch (j, data, &b);
  }
}

static int64_t
saturating (int64_t now, int64_t distance, int sign)
{
  int64_t out;

  if (sign < 0)
    return __builtin_sub_overflow (now, distance, &out) ? INT64_MIN : out;
  return __builtin_add_overflow (now, distance, &out) ? INT64_MAX : out;
}

void
stk_record_validate (const StkValidateSpec *spec, uint8_t *data, size_t len, StkValidated *out)
{
  StokerBuf buf = out->buf;
  StkJudge j = { .spec = spec, .out = out, .scratch = stk_codec_scratch (spec->codecs) };

  *out = (StkValidated){ .log_append_time_ms = -1, .buf = buf };
  out->buf.len = 0;
  j.earliest = saturating (spec->now_ms, spec->config->timestamp_before_max_ms, -1);
  j.latest = saturating (spec->now_ms, spec->config->timestamp_after_max_ms, 1);
  /* now - INT64_MAX does not overflow, but means: no bound. */
  if (spec->config->timestamp_before_max_ms == INT64_MAX)
    j.earliest = INT64_MIN;
  validate (&j, data, len);
  stk_codec_scratch_done (spec->codecs);
}
