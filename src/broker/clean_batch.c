/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/clean_batch.h"

#include "base/bytes.h"
#include "base/varint.h"
#include "record/parse.h"

#include <glib.h>
#include <inttypes.h>

void
stk_clean_batch_clear (StkCleanBatch *c)
{
  g_free (c->records);
  g_free (c->spans);
  g_free (c->verdicts);
  stoker_buf_clear (&c->content);
  stoker_buf_clear (&c->built);
  *c = (StkCleanBatch){ 0 };
}

static void
grow (StkCleanBatch *c)
{
  c->cap = c->cap ? c->cap * 2 : 256;
  c->records = g_renew (StokerCleanerRecord, c->records, c->cap);
  c->spans = g_renew (StkCleanSpan, c->spans, c->cap);
  c->verdicts = g_renew (uint8_t, c->verdicts, c->cap);
}

/* Where the timestamp delta of the record at `p` ends; the record was parsed. */
static inline const uint8_t *
behind_timestamp (const uint8_t *p, const uint8_t *end)
{
  int32_t len;
  int64_t delta;

  p = stk_varint32_get (p, end, &len);
  return stk_varint64_get (p + 1, end, &delta);
}

static int
damaged (const StokerBatch *b, const char *what, StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "batch at offset %" PRId64 ": %s", b->base_offset, what);
}

int
stk_clean_batch_open (StkCleanBatch *c, const uint8_t *data, const StokerBatch *b, StokerError *err)
{
  bool stamped = b->attributes & STOKER_BATCH_LOG_APPEND_TIME;
  const uint8_t *p, *end;
  StokerBytes section;
  int64_t last = -1;

  c->n = 0;
  if (stk_batch_records (c->codecs, data, b, c->max_content, &c->content, &section, err) != 0)
    return -1;
  c->bytes = p = section.data;
  end = p + section.len;
  while (p < end) {
    const uint8_t *from = p;
    StkParsed r;
    p = stk_parse_record (p, end, &r);
    if (p == NULL)
      return damaged (b, "a record is damaged", err);
    if (r.offset_delta <= last || r.offset_delta > b->last_offset_delta)
      return damaged (b, "offsets of records do not follow", err);
    last = r.offset_delta;
    if (c->n == c->cap)
      grow (c);
    c->records[c->n] = (StokerCleanerRecord){
      .offset = b->base_offset + r.offset_delta,
      .timestamp = stamped ? b->max_timestamp : (int64_t)((uint64_t)b->base_timestamp + (uint64_t)r.timestamp_delta),
      .key = r.key,
      .value = r.value,
      .headers = r.headers,
      .n_headers = r.n_headers,
    };
    c->spans[c->n++] = (StkCleanSpan){ (uint32_t)(from - c->bytes), (uint32_t)(p - c->bytes),
                                       (uint32_t)(behind_timestamp (from, end) - c->bytes) };
  }
  return (int64_t)c->n == b->record_count ? 0 : damaged (b, "has not as many records as it says", err);
}

/* The record with its timestamp told from another base. */
static void
add_rebased (StkCleanBatch *c, size_t i, int64_t base, StokerBuf *to)
{
  const StkCleanSpan *s = &c->spans[i];
  int64_t delta = (int64_t)((uint64_t)c->records[i].timestamp - (uint64_t)base);
  size_t rest = s->to - s->rest, body = 1 + stk_varint64_size (delta) + rest;
  uint8_t *p = stoker_buf_reserve (to, body + STK_VARINT32_MAX);

  p = stk_varint32_put (p, (int32_t)body);
  *p++ = 0;
  p = stk_varint64_put (p, delta);
  memcpy (p, c->bytes + s->rest, rest);
  to->len = (size_t)(p - to->data) + rest;
}

/* Those that stay, one behind the other; runs of them are copied at once. */
static void
add_kept (StkCleanBatch *c, int64_t base, bool rebase, StokerBuf *to, StokerBatch *head)
{
  bool stamped = head->attributes & STOKER_BATCH_LOG_APPEND_TIME;

  head->record_count = 0;
  if (!stamped)
    head->max_timestamp = -1;
  for (size_t i = 0, run; i < c->n; i += run) {
    run = 1;
    if (c->verdicts[i] == STOKER_CLEANER_DROP)
      continue;
    while (i + run < c->n && c->verdicts[i + run] != STOKER_CLEANER_DROP)
      run++;
    for (size_t k = i; k < i + run; k++) {
      if (!stamped)
        head->max_timestamp = MAX (head->max_timestamp, c->records[k].timestamp);
      if (rebase)
        add_rebased (c, k, base, to);
    }
    if (!rebase)
      stoker_buf_append (to, c->bytes + c->spans[i].from, c->spans[i + run - 1].to - c->spans[i].from);
    head->record_count += (int32_t)run;
  }
}

int
stk_clean_batch_build (StkCleanBatch *c, const uint8_t *data, const StokerBatch *b, int64_t horizon_ms, StokerBuf *out,
                       StokerError *err)
{
  StokerBatch head = *b;
  size_t start = out->len;
  int codec = b->attributes & STOKER_BATCH_CODEC_MASK;
  StokerBuf *to = codec ? &c->built : out;

  c->built.len = 0;
  memcpy (stoker_buf_reserve (out, STOKER_BATCH_HEADER), data, STOKER_BATCH_HEADER);
  out->len += STOKER_BATCH_HEADER;
  add_kept (c, horizon_ms, horizon_ms >= 0, to, &head);
  if (horizon_ms >= 0) {
    head.base_timestamp = horizon_ms;
    head.attributes |= STOKER_BATCH_DELETE_HORIZON;
  }
  if (codec != 0
      && stk_codec_compress (c->codecs, codec, to->data, to->len, STK_CODEC_LEVEL_DEFAULT, 0, out, err) != 0) {
    out->len = start;
    return -1;
  }
  if (out->len - start > INT32_MAX) {
    out->len = start;
    return damaged (b, "would be larger than the format allows", err);
  }
  head.length = (int32_t)(out->len - start);
  stk_batch_store (out->data + start, &head);
  return 0;
}

void
stk_clean_batch_empty (const StokerBatch *b, StokerBuf *out)
{
  StokerBatch head = *b;

  head.length = STOKER_BATCH_HEADER;
  head.record_count = 0;
  head.base_timestamp = -1;
  head.attributes &= STOKER_BATCH_LOG_APPEND_TIME | STOKER_BATCH_TRANSACTIONAL | STOKER_BATCH_CONTROL;
  stk_batch_store (stoker_buf_reserve (out, STOKER_BATCH_HEADER), &head);
  out->len += STOKER_BATCH_HEADER;
}
