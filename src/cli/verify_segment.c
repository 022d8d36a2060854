/* SPDX-License-Identifier: Apache-2.0
 *
 * One segment: every batch from beginning to end, the records in it, and what else tells of them.
 */
#include "config.h"

#include "cli/out.h"
#include "cli/verify.h"
#include "record/legacy.h"

#include <inttypes.h>
#include <string.h>

enum
{
  MAX_RECORDS = 1 << 30, /* bytes of one batch's records, decompressed */
  TAIL_TRIES = 10,
  TAIL_WAIT_US = 20000
};

typedef struct Segment
{
  Verify *v;
  const PartitionFacts *facts;
  SegmentState *state;
  char *path;
  int64_t base, max; /* offsets in it */
  bool newest;
  CliReader r;
  IndexWalk indexes;
} Segment;

/* ---- records */

static bool
need_codecs (Verify *v)
{
  StokerError err = { 0 };

  if (v->codecs || v->no_codecs)
    return v->codecs != NULL;
  v->modules = cli_modules_new ();
  if (cli_modules_start_codecs (v->modules, &err) == 0)
    v->codecs = stk_codec_contexts_new (cli_modules_host (v->modules));
  v->no_codecs = v->codecs == NULL;
  return v->codecs != NULL;
}

static void
walk_records (Segment *s, const StokerBatch *b, StokerBytes records, uint64_t pos)
{
  StkRecordIter it;
  StkRecord r;
  int64_t last = b->base_offset - 1;
  int n;

  stk_record_iter_init (&it, b, records.data, records.len);
  while ((n = stk_record_iter_next (&it, &r)) > 0) {
    s->v->counts.records++;
    if (r.offset_delta < 0 || r.offset <= last || r.offset_delta > b->last_offset_delta) {
      verify_found (s->v, s->path, (int64_t)pos, b->base_offset, "the offsets of the records in the batch are out of order");
      return;
    }
    last = r.offset;
  }
  if (n < 0)
    verify_found (s->v, s->path, (int64_t)pos, b->base_offset, "the records of the batch cannot be read");
}

static void
check_records (Segment *s, const uint8_t *data, const StokerBatch *b, uint64_t pos)
{
  Verify *v = s->v;
  int codec = b->attributes & STOKER_BATCH_CODEC_MASK, type;
  StokerBuf *scratch;
  StokerError err = { 0 };
  StokerBytes records;
  int32_t epoch;

  if (b->record_count < 0 || b->record_count > (int64_t)b->last_offset_delta + 1) {
    verify_found (v, s->path, (int64_t)pos, b->base_offset, "the batch claims %d record%s for %" PRId64 " offset%s",
                  b->record_count, cli_s ((uint64_t)b->record_count), (int64_t)b->last_offset_delta + 1,
                  cli_s ((uint64_t)b->last_offset_delta + 1));
    return;
  }
  if (b->record_count == 0 && b->length == (int32_t)STOKER_BATCH_HEADER)
    return; /* compaction keeps such for their producer */
  if ((b->attributes & STOKER_BATCH_CONTROL) && !stk_batch_control (data, b, &type, &epoch))
    verify_found (v, s->path, (int64_t)pos, b->base_offset, "a control batch that is none");
  if (codec != 0 && !need_codecs (v)) {
    v->counts.unread++;
    return;
  }
  if (codec == 0) {
    records = (StokerBytes){ (uint8_t *)data + STOKER_BATCH_HEADER, (size_t)b->length - STOKER_BATCH_HEADER };
    walk_records (s, b, records, pos);
    return;
  }
  scratch = stk_codec_scratch (v->codecs);
  if (stk_batch_records (v->codecs, data, b, MAX_RECORDS, scratch, &records, &err) == 0)
    walk_records (s, b, records, pos);
  else if (err.code == STOKER_ERROR_MODULE)
    v->counts.unread++;
  else
    verify_found (v, s->path, (int64_t)pos, b->base_offset, "%s", err.text);
  stk_codec_scratch_done (v->codecs);
}

/* ---- what else is known of the batch */

/* The epoch that the checkpoint has for an offset; -2: it says nothing. */
static int32_t
epoch_at (const StokerEpochs *e, int64_t offset)
{
  for (uint32_t i = e->n; i-- > 0;)
    if (e->list[i].start <= offset)
      return e->list[i].epoch;
  return -2;
}

static void
check_epoch (Segment *s, const StokerBatch *b, uint64_t pos)
{
  Verify *v = s->v;
  int32_t told = epoch_at (&s->facts->epochs, b->base_offset), latest = stoker_epochs_latest (&s->facts->epochs);

  if (b->leader_epoch < 0)
    return;
  if (b->leader_epoch < s->state->epoch)
    verify_found (v, s->path, (int64_t)pos, b->base_offset, "leader epoch %d behind %d", b->leader_epoch,
                  s->state->epoch);
  /* The file may lag behind the log until a clean stop. */
  else if (told != -2 && told != b->leader_epoch && (v->clean || b->leader_epoch <= latest)) {
    verify_found (v, s->path, (int64_t)pos, b->base_offset, "leader epoch %d, but leader-epoch-checkpoint has %d here",
                  b->leader_epoch, told);
    verify_is (v, FINDING_EPOCHS);
  }
  s->state->epoch = MAX (s->state->epoch, b->leader_epoch);
}

static void
check_producer (Segment *s, const StokerBatch *b, uint64_t pos)
{
  int64_t last = stoker_batch_last_offset (b);
  const StokerProducerRow *row = s->facts->last_batches ? g_hash_table_lookup (s->facts->last_batches, &last) : NULL;
  int64_t sequence = b->base_sequence < 0 ? -1 : ((int64_t)b->base_sequence + b->last_offset_delta) & INT32_MAX;

  if (row == NULL || (b->attributes & STOKER_BATCH_CONTROL))
    return;
  if (row->producer_id != b->producer_id || row->last_sequence != sequence) {
    verify_found (s->v, s->path, (int64_t)pos, b->base_offset,
                  "a producer snapshot has the end of producer %" PRId64 " at sequence %d here, the batch is of producer %" PRId64 " and ends at %" PRId64,
                  row->producer_id, row->last_sequence, b->producer_id, sequence);
    verify_is (s->v, FINDING_STATE);
  }
}

static void
check_batch (Segment *s, const uint8_t *data, const StokerBatch *b, uint64_t pos)
{
  s->v->counts.batches++;
  check_epoch (s, b, pos);
  check_producer (s, b, pos);
  verify_indexes_batch (s->v, &s->indexes, data, b, pos);
  check_records (s, data, b, pos);
}

/* ---- old formats */

/* A message of magic 0 or 1; its length, or 0. */
static size_t
check_message (Segment *s, uint64_t pos)
{
  const uint8_t *p = cli_reader_view (&s->r, pos, 17);
  StokerBuf scratch = { 0 };
  StokerError err = { 0 };
  StkMessage m;
  int64_t length, add;

  if (p == NULL || p[16] > 1)
    return 0;
  length = (int64_t)((uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11]) + STOKER_BATCH_OVERHEAD;
  if (length < 26 || length > INT32_MAX || (p = cli_reader_view (&s->r, pos, (size_t)length)) == NULL
      || stk_message_peek (p, (size_t)length, &m) || !stk_message_crc_ok (p, &m) || m.offset < s->state->next || m.offset > s->max)
    return 0;
  if ((m.attributes & STOKER_BATCH_CODEC_MASK) && need_codecs (s->v)
      && stk_message_unwrap (s->v->codecs, &m, MAX_RECORDS, &scratch, &add, &err))
    verify_found (s->v, s->path, (int64_t)pos, m.offset, "%s", err.text[0] ? err.text : "the messages inside cannot be read");
  stoker_buf_clear (&scratch);
  s->v->counts.batches++;
  s->state->next = m.offset + 1;
  return (size_t)length;
}

/* ---- damage */

static bool
only_zeros (Segment *s, uint64_t pos)
{
  while (pos < s->r.size) {
    size_t len = (size_t)MIN (s->r.size - pos, UINT64_C (65536));
    const uint8_t *p = cli_reader_view (&s->r, pos, len);
    if (p == NULL || p[0] || (len > 1 && memcmp (p, p + 1, len - 1) != 0))
      return false;
    pos += len;
  }
  return true;
}

/* Where reading goes on behind what begins at pos and is no good batch. */
static uint64_t
behind (Segment *s, uint64_t pos, const StokerBatch *bad)
{
  uint64_t to = pos + (uint64_t)bad->length;
  StokerBatch b;
  const char *why;

  /* The length is believed when the next batch stands where it says. */
  if (bad->length > 0 && (to == s->r.size || cli_reader_batch (&s->r, to, s->state->next, s->max, &b, &why)))
    return to;
  return cli_reader_resync (&s->r, pos, s->state->next, s->max);
}

static void
lost (Segment *s, uint64_t from, uint64_t to, int64_t next)
{
  Finding *f = verify_is (s->v, FINDING_LOST);

  f->from = from;
  f->to = to;
  f->next = next;
  f->newest = s->newest;
}

static uint64_t
damage (Segment *s, uint64_t pos, const StokerBatch *bad, const char *why)
{
  Verify *v = s->v;
  uint64_t to;
  StokerBatch b;
  const char *unused;

  if (only_zeros (s, pos)) {
    /* Space that was reserved when the broker died; it is given back at a stop. */
    if (!s->newest || v->clean) {
      verify_found (v, s->path, (int64_t)pos, s->state->next, "zeros up to the end of the file (%" PRIu64 " bytes)",
                    s->r.size - pos);
      lost (s, pos, s->r.size, -1);
    }
    return s->r.size;
  }
  to = behind (s, pos, bad);
  verify_indexes_skip (&s->indexes, to);
  if (to < s->r.size && cli_reader_batch (&s->r, to, s->state->next, s->max, &b, &unused)) {
    verify_found (v, s->path, (int64_t)pos, s->state->next,
                  "%s; %" PRIu64 " bytes, up to offset %" PRId64 ", cannot be read", why, to - pos, b.base_offset - 1);
    lost (s, pos, to, b.base_offset);
    return to;
  }
  verify_found (v, s->path, (int64_t)pos, s->state->next, "%s; nothing behind it can be read (%" PRIu64 " bytes)%s", why,
                s->r.size - pos, s->newest && !v->clean ? ": a start cuts it off" : "");
  lost (s, pos, s->r.size, -1);
  return s->r.size;
}

/* ---- all of it */

/* The end of the newest segment while a broker appends: what is not whole yet will be in a moment. */
static const uint8_t *
wait_for_tail (Segment *s, uint64_t pos, StokerBatch *b, const char **why)
{
  const uint8_t *p = NULL;

  for (int i = 0; p == NULL && i < TAIL_TRIES; i++) {
    g_usleep (TAIL_WAIT_US);
    cli_reader_refresh (&s->r);
    if (pos >= s->r.size)
      return NULL;
    p = cli_reader_batch (&s->r, pos, s->state->next, s->max, b, why);
  }
  return p;
}

static void
walk (Segment *s)
{
  Verify *v = s->v;
  uint64_t pos = 0, stop = s->r.size;

  while (pos < MIN (stop, s->r.size)) {
    StokerBatch b;
    const char *why;
    const uint8_t *p = cli_reader_batch (&s->r, pos, s->state->next, s->max, &b, &why);
    size_t message;
    if (p == NULL && (message = check_message (s, pos)) > 0) {
      pos += message;
      verify_indexes_skip (&s->indexes, pos);
      continue;
    }
    if (p == NULL && v->online && s->newest) {
      p = wait_for_tail (s, pos, &b, &why);
      if (pos >= s->r.size)
        break; /* an append that failed was taken back */
    }
    if (p == NULL) {
      pos = damage (s, pos, &b, why);
      continue;
    }
    check_batch (s, p, &b, pos);
    s->state->next = stoker_batch_last_offset (&b) + 1;
    pos += (uint64_t)b.length;
    cli_progress (v->progress, "%" PRIu64 " MiB, %" PRIu64 " damaged: %s", (v->counts.bytes + pos) >> 20,
                  v->counts.damaged + v->findings->len, s->path);
  }
  v->counts.bytes += pos;
  verify_indexes_end (v, &s->indexes, MAX (pos, s->r.size), s->state->next);
}

void
verify_segment (Verify *v, const PartitionFacts *facts, int64_t base, int64_t limit, SegmentState *state)
{
  Segment s = { .v = v, .facts = facts, .state = state, .base = base, .newest = limit == INT64_MAX };
  g_autofree char *name = g_strdup_printf ("%020" PRId64 ".log", base);
  const CliPatch *patches;
  size_t n;
  int rc;

  s.path = g_build_filename (facts->path, name, NULL);
  s.max = MIN (limit - 1, base > INT64_MAX - INT32_MAX ? INT64_MAX - 1 : base + INT32_MAX);
  state->next = MAX (state->next, base);
  verify_indexes_begin (v, &s.indexes, facts->path, base);
  patches = verify_unsettled_of (v->unsettled, facts->path, base, &n);
  for (size_t i = 0; i < n; i++)
    v->counts.unsettled += patches[i].len;
  rc = cli_reader_open (&s.r, s.path, patches, n);
  if (rc) {
    verify_unread (v, s.path, rc);
    verify_indexes_end (NULL, &s.indexes, 0, 0);
  } else {
    v->counts.segments++;
    walk (&s);
    cli_reader_close (&s.r);
  }
  g_free (s.path);
}
