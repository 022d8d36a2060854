/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/clean_log.h"

#include "broker/clean_batch.h"
#include "broker/clean_read.h"
#include "broker/clean_txns.h"
#include "module/instance.h"

#include <glib.h>
#include <inttypes.h>

/* The newest batch of a producer: where its data ends (-1: nothing but a marker is known), its epoch. */
typedef struct Newest
{
  int64_t producer_id, offset;
  int16_t epoch;
} Newest;

typedef enum Phase
{
  SCANNING,
  REWRITING,
  COMMITTING,
  OVER,
} Phase;

struct StkClean
{
  StkCleanSpec spec;
  const StokerCleanerOps *ops;
  const StokerStorageOps *engine;
  StokerCleanerRun *run;
  Phase phase;
  int64_t now_ms, start;
  StokerSegmentRow *rows;
  size_t n_rows, at; /* at: first row that no group has taken yet */
  StkCleanReader reader;
  StkCleanBatch batch;
  StkCleanTxns *txns;
  GHashTable *newest; /* producer id -> Newest */
  /* The present group: rows [first, at). */
  size_t first;
  StokerRewrite *rewrite;
  StokerBuf out;
  GArray *aborted; /* of StokerAborted: those that the group's segment still has to tell */
  bool changed;    /* something of it goes */
  StkCleanStats stats;
};

bool
stk_clean_possible (const StokerCleanerOps *cleaner, const StokerStorageOps *storage)
{
  return cleaner->assess && cleaner->begin && cleaner->scan && cleaner->decide && cleaner->end && storage->rewrite_begin
         && storage->rewrite_append && storage->rewrite_commit && storage->rewrite_abort;
}

static bool
add_aborted (void *user, const StokerAborted *a)
{
  stk_clean_txns_add (user, a);
  return true;
}

/* A fresh look at the transactions of [from, to). */
static int
load_txns (StkClean *c, int64_t from, int64_t to, StokerError *err)
{
  int rc;

  stk_clean_txns_free (c->txns);
  c->txns = stk_clean_txns_new ();
  stk_instance_enter (c->spec.storage);
  rc = c->engine->aborted (c->spec.storage, c->spec.log, from, to, add_aborted, c->txns);
  stk_instance_leave (c->spec.storage);
  return rc == 0 ? 0 : stoker_error_set (err, STOKER_ERROR_IO, "cannot read the aborted transactions");
}

static void
read_range (StkClean *c, int64_t from, int64_t to)
{
  c->reader.next = MAX (from, c->start);
  c->reader.limit = to;
  c->reader.buf.len = c->reader.at = 0;
}

StkClean *
stk_clean_new (const StkCleanSpec *spec, StokerError *err)
{
  StkClean *c;
  StokerCleanerRun *run;
  const StokerCleanerOps *ops = spec->cleaner->module->ops;

  stk_instance_enter (spec->cleaner);
  run = ops->begin (spec->cleaner, &spec->view, &spec->wish, err);
  stk_instance_leave (spec->cleaner);
  if (run == NULL)
    return NULL;
  c = g_new0 (StkClean, 1);
  c->spec = *spec;
  c->ops = ops;
  c->engine = spec->storage->module->ops;
  c->run = run;
  c->now_ms = spec->view.now_ms;
  c->start = spec->view.ends.start;
  c->rows = g_memdup2 (spec->view.segments, spec->view.n_segments * sizeof *c->rows);
  c->n_rows = spec->view.n_segments;
  c->reader = (StkCleanReader){ .storage = spec->storage, .log = spec->log, .portion = spec->io_bytes };
  c->batch = (StkCleanBatch){ .codecs = stk_codec_contexts_new (spec->host), .max_content = spec->max_content };
  c->aborted = g_array_new (FALSE, FALSE, sizeof (StokerAborted));
  c->newest = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  c->spec.view.segments = NULL;
  read_range (c, spec->wish.from, spec->wish.to);
  return c;
}

void
stk_clean_free (StkClean *c)
{
  if (c == NULL)
    return;
  if (c->rewrite) {
    stk_instance_enter (c->spec.storage);
    c->engine->rewrite_abort (c->spec.storage, c->rewrite);
    stk_instance_leave (c->spec.storage);
  }
  stk_instance_enter (c->spec.cleaner);
  c->ops->end (c->spec.cleaner, c->run);
  stk_instance_leave (c->spec.cleaner);
  stk_codec_contexts_free (c->batch.codecs);
  stk_clean_batch_clear (&c->batch);
  stk_clean_txns_free (c->txns);
  g_hash_table_unref (c->newest);
  g_array_unref (c->aborted);
  stoker_buf_clear (&c->reader.buf);
  stoker_buf_clear (&c->out);
  g_free (c->rows);
  g_free (c);
}

const StkCleanStats *
stk_clean_stats (const StkClean *c)
{
  return &c->stats;
}

static StokerCleanerBatch
shown (const StokerBatch *b)
{
  return (StokerCleanerBatch){ b, b->attributes & STOKER_BATCH_DELETE_HORIZON ? b->base_timestamp : -1 };
}

/* Its type, -1 when it holds no record any more; false: damaged. */
static bool
marker_type (const uint8_t *data, const StokerBatch *b, int *type)
{
  int32_t epoch;

  *type = -1;
  return b->record_count == 0 || stk_batch_control (data, b, type, &epoch);
}

static int
bad_marker (const StokerBatch *b, StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "control batch at offset %" PRId64 " is damaged", b->base_offset);
}

/* ---- first pass */

/* 1: go on; 0: the cleaner is full, the run ends at c->stats.end. */
static int
scan_batch (StkClean *c, const uint8_t *data, const StokerBatch *b, StokerError *err)
{
  StokerCleanerBatch show = shown (b);
  StokerAborted unused;
  size_t skip = 0, taken;
  int type;
  bool told;

  if (b->attributes & STOKER_BATCH_CONTROL) {
    if (!marker_type (data, b, &type))
      return bad_marker (b, err);
    stk_clean_txns_marker (c->txns, b, type, &told, &unused);
    return 1;
  }
  if (stk_clean_txns_data (c->txns, b))
    return 1;
  if (stk_clean_batch_open (&c->batch, data, b, err) != 0)
    return -1;
  while (skip < c->batch.n && c->batch.records[skip].offset < c->spec.wish.from)
    skip++;
  stk_instance_enter (c->spec.cleaner);
  taken = c->ops->scan (c->spec.cleaner, c->run, &show, c->batch.records + skip, c->batch.n - skip);
  stk_instance_leave (c->spec.cleaner);
  if (taken >= c->batch.n - skip)
    return 1;
  c->stats.end = c->batch.records[skip + taken].offset;
  c->stats.full = true;
  return 0;
}

static bool
add_newest (void *user, const StokerProducerRow *row)
{
  Newest *n = g_new (Newest, 1);

  *n = (Newest){ row->producer_id, row->last_offset, row->epoch };
  g_hash_table_insert (user, &n->producer_id, n);
  return true;
}

/* The newest batches are those of now: a producer that goes on meanwhile has one more kept than it needs. */
static int
begin_rewriting (StkClean *c, StokerError *err)
{
  while (c->n_rows > 0 && c->rows[c->n_rows - 1].base >= c->stats.end)
    c->n_rows--;
  c->phase = REWRITING;
  if (c->n_rows == 0)
    return 0;
  stk_instance_enter (c->spec.storage);
  c->engine->producers (c->spec.storage, c->spec.log, add_newest, c->newest);
  stk_instance_leave (c->spec.storage);
  return load_txns (c, MAX (c->rows[0].base, c->start), c->rows[c->n_rows - 1].next, err);
}

static StkCleanState
trouble (StkClean *c, const StokerError *err)
{
  if (c->reader.gone)
    return STK_CLEAN_GONE;
  return err->code == STOKER_ERROR_CORRUPT || err->code == STOKER_ERROR_MODULE ? STK_CLEAN_DAMAGED : STK_CLEAN_FAILED;
}

static StkCleanState
scan_some (StkClean *c, uint64_t bytes, StokerError *err)
{
  uint64_t until = c->stats.bytes_read + bytes, before = c->stats.bytes_read;
  const uint8_t *data;
  StokerBatch b;
  int rc = 1;

  if (c->txns == NULL && load_txns (c, c->reader.next, c->reader.limit, err) != 0)
    return trouble (c, err);
  while (rc == 1 && before < until) {
    rc = stk_clean_read (&c->reader, &data, &b, err);
    if (rc == 0)
      c->stats.end = c->spec.wish.to;
    if (rc == 1)
      rc = scan_batch (c, data, &b, err);
    before += c->reader.bytes;
    c->stats.bytes_read += c->reader.bytes;
    c->reader.bytes = 0;
  }
  if (rc < 0)
    return trouble (c, err);
  if (rc == 1)
    return STK_CLEAN_MORE;
  if (c->stats.end <= c->spec.wish.from) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "the memory for keys does not suffice for one");
    return STK_CLEAN_FAILED;
  }
  return begin_rewriting (c, err) == 0 ? STK_CLEAN_MORE : trouble (c, err);
}

/* ---- second pass: batches */
static bool
is_newest (const StkClean *c, const StokerBatch *b)
{
  const Newest *n = b->producer_id < 0 ? NULL : g_hash_table_lookup (c->newest, &b->producer_id);

  if (n == NULL)
    return false;
  if (n->offset >= 0)
    return stoker_batch_last_offset (b) == n->offset;
  return (b->attributes & STOKER_BATCH_CONTROL) && b->producer_epoch == n->epoch;
}

static int
flush_out (StkClean *c, StokerError *err)
{
  int rc = 0;

  if (c->out.len == 0)
    return 0;
  stk_instance_enter (c->spec.storage);
  rc = c->engine->rewrite_append (c->spec.storage, c->rewrite, c->out.data, c->out.len, err);
  stk_instance_leave (c->spec.storage);
  c->stats.bytes_written += c->out.len;
  c->stats.output += c->out.len;
  c->out.len = 0;
  return rc == 0 ? 0 : -1;
}

static void
copy_batch (StkClean *c, const uint8_t *data, const StokerBatch *b)
{
  stoker_buf_append (&c->out, data, (size_t)b->length);
  c->stats.kept += (uint64_t)b->record_count;
}

/* Nothing of it stays: only producers may still need it. */
static void
drop_batch (StkClean *c, const StokerBatch *b)
{
  bool needed = is_newest (c, b);

  c->changed |= b->record_count > 0 || !needed;
  if (needed)
    stk_clean_batch_empty (b, &c->out);
}

static int
build_batch (StkClean *c, const uint8_t *data, const StokerBatch *b, int64_t horizon, StokerError *err)
{
  c->changed = true;
  return stk_clean_batch_build (&c->batch, data, b, horizon, &c->out, err);
}

static int64_t
new_horizon (const StkClean *c)
{
  int64_t keep = c->spec.view.config->delete_retention_ms;
  return keep < INT64_MAX - c->now_ms ? c->now_ms + keep : INT64_MAX;
}

static int
treat_marker (StkClean *c, const uint8_t *data, const StokerBatch *b, StokerError *err)
{
  StokerAborted kept;
  bool told, over;
  int64_t horizon = shown (b).horizon_ms;
  int type;

  if (!marker_type (data, b, &type))
    return bad_marker (b, err);
  over = stk_clean_txns_marker (c->txns, b, type, &told, &kept);
  if (told)
    g_array_append_val (c->aborted, kept);
  if (b->record_count == 0 || (over && horizon >= 0 && horizon <= c->now_ms)) {
    drop_batch (c, b);
    return 0;
  }
  if (!over || horizon >= 0) {
    copy_batch (c, data, b);
    return 0;
  }
  if (stk_clean_batch_open (&c->batch, data, b, err) != 0)
    return -1;
  memset (c->batch.verdicts, STOKER_CLEANER_KEEP, c->batch.n);
  c->stats.kept += c->batch.n;
  return build_batch (c, data, b, new_horizon (c), err);
}

/* Asks the cleaner about the records below the end of the run; the others stay. */
static void
ask (StkClean *c, const StokerBatch *b)
{
  StokerCleanerBatch show = shown (b);
  size_t n = c->batch.n;

  while (n > 0 && c->batch.records[n - 1].offset >= c->stats.end)
    n--;
  memset (c->batch.verdicts + n, STOKER_CLEANER_KEEP, c->batch.n - n);
  if (n == 0)
    return;
  stk_instance_enter (c->spec.cleaner);
  c->ops->decide (c->spec.cleaner, c->run, &show, c->batch.records, n, c->batch.verdicts);
  stk_instance_leave (c->spec.cleaner);
}

static int
treat_data (StkClean *c, const uint8_t *data, const StokerBatch *b, StokerError *err)
{
  size_t kept = 0;
  bool for_now = false;

  if (stk_clean_txns_data (c->txns, b) || b->record_count == 0) {
    drop_batch (c, b);
    return 0;
  }
  if (b->base_offset >= c->stats.end) { /* above the end of the run */
    copy_batch (c, data, b);
    return 0;
  }
  if (stk_clean_batch_open (&c->batch, data, b, err) != 0)
    return -1;
  ask (c, b);
  for (size_t i = 0; i < c->batch.n; i++) {
    kept += c->batch.verdicts[i] != STOKER_CLEANER_DROP;
    for_now |= c->batch.verdicts[i] == STOKER_CLEANER_KEEP_FOR_NOW;
  }
  for_now = for_now && shown (b).horizon_ms < 0;
  if (kept == 0) {
    drop_batch (c, b);
    return 0;
  }
  if (kept == c->batch.n && !for_now) {
    copy_batch (c, data, b);
    return 0;
  }
  c->stats.kept += kept;
  return build_batch (c, data, b, for_now ? new_horizon (c) : -1, err);
}

static int
treat_batch (StkClean *c, const uint8_t *data, const StokerBatch *b, StokerError *err)
{
  int rc;

  c->stats.input += (uint64_t)b->length;
  c->stats.records += (uint64_t)MAX (b->record_count, 0);
  if (b->attributes & STOKER_BATCH_CONTROL)
    rc = treat_marker (c, data, b, err);
  else
    rc = treat_data (c, data, b, err);
  if (rc == 0 && c->out.len >= c->spec.io_bytes)
    rc = flush_out (c, err);
  return rc;
}

/* ---- second pass: groups */

/* As many segments as fit into one, by bytes, index entries and offsets. */
static size_t
group_end (const StkClean *c, size_t first)
{
  const StokerTopicConfig *config = c->spec.view.config;
  uint64_t apart = (uint64_t)MAX (config->index_interval_bytes, (int64_t)STOKER_BATCH_HEADER);
  uint64_t bytes = c->rows[first].bytes, most = (uint64_t)config->segment_index_bytes / 12;
  size_t i = first + 1;

  for (; i < c->n_rows; i++) {
    bytes += c->rows[i].bytes;
    if (bytes > (uint64_t)config->segment_bytes || bytes > INT32_MAX || bytes / apart + 2 > most
        || c->rows[i].next - 1 - c->rows[first].base > INT32_MAX)
      break;
  }
  return i;
}

static StkCleanState
begin_group (StkClean *c, StokerError *err)
{
  int64_t from, to;
  int rc;

  if (c->at == c->n_rows) {
    c->phase = OVER;
    return STK_CLEAN_DONE;
  }
  c->first = c->at;
  c->at = group_end (c, c->first);
  from = c->rows[c->first].base;
  to = c->rows[c->at - 1].next;
  stk_instance_enter (c->spec.storage);
  rc = c->engine->rewrite_begin (c->spec.storage, c->spec.log, from, to, &c->rewrite, err);
  stk_instance_leave (c->spec.storage);
  if (rc != 0)
    return rc == STOKER_OFFSET_OUT_OF_RANGE ? STK_CLEAN_GONE : STK_CLEAN_FAILED;
  read_range (c, from, to);
  g_array_set_size (c->aborted, 0);
  c->changed = c->at - c->first > 1;
  return STK_CLEAN_MORE;
}

/* All of the group is read. */
static StkCleanState
end_group (StkClean *c, StokerError *err)
{
  if (flush_out (c, err) != 0)
    return trouble (c, err);
  if (c->changed) {
    c->phase = COMMITTING;
    return STK_CLEAN_COMMIT;
  }
  stk_instance_enter (c->spec.storage);
  c->engine->rewrite_abort (c->spec.storage, g_steal_pointer (&c->rewrite));
  stk_instance_leave (c->spec.storage);
  return STK_CLEAN_MORE;
}

static StkCleanState
rewrite_some (StkClean *c, uint64_t bytes, StokerError *err)
{
  uint64_t until = c->stats.bytes_read + c->stats.bytes_written + bytes;
  const uint8_t *data;
  StokerBatch b;
  int rc = 1;

  if (c->rewrite == NULL) {
    StkCleanState state = begin_group (c, err);
    if (state != STK_CLEAN_MORE)
      return state;
  }
  while (rc == 1 && c->stats.bytes_read + c->stats.bytes_written < until) {
    rc = stk_clean_read (&c->reader, &data, &b, err);
    if (rc == 1 && treat_batch (c, data, &b, err) != 0)
      rc = -1;
    c->stats.bytes_read += c->reader.bytes;
    c->reader.bytes = 0;
  }
  if (rc < 0)
    return trouble (c, err);
  return rc == 1 ? STK_CLEAN_MORE : end_group (c, err);
}

StkCleanState
stk_clean_step (StkClean *c, uint64_t bytes, StokerError *err)
{
  switch (c->phase) {
  case SCANNING:
    return scan_some (c, bytes, err);
  case REWRITING:
    return rewrite_some (c, bytes, err);
  case COMMITTING:
    return STK_CLEAN_COMMIT;
  default:
    return STK_CLEAN_DONE;
  }
}

StkCleanState
stk_clean_commit (StkClean *c, StokerError *err)
{
  int rc;

  g_assert (c->phase == COMMITTING);
  stk_instance_enter (c->spec.storage);
  rc = c->engine->rewrite_commit (c->spec.storage, g_steal_pointer (&c->rewrite),
                                  (const StokerAborted *)(void *)c->aborted->data, c->aborted->len, err);
  stk_instance_leave (c->spec.storage);
  if (rc != 0)
    return rc == STOKER_OFFSET_OUT_OF_RANGE ? STK_CLEAN_GONE : STK_CLEAN_FAILED;
  c->stats.segments_before += (uint32_t)(c->at - c->first);
  c->stats.segments_now++;
  c->phase = REWRITING;
  return STK_CLEAN_MORE;
}
