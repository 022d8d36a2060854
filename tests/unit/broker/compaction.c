/* SPDX-License-Identifier: Apache-2.0 */
#include "compaction.h"

#include "broker/clean_batch.h"
#include "broker/clean_txns.h"

#include <stdlib.h>
#include <string.h>

extern const StokerModule stoker_module_codec_gzip, stoker_module_codec_lz4, stoker_module_codec_zstd;
extern const StokerModule stoker_module_codec_snappy, stoker_module_cleaner_compact;

void
scene_init (Scene *s, Kit *k, guint32 seed)
{
  static const StokerModule *const codecs[]
      = { &stoker_module_codec_gzip, &stoker_module_codec_lz4, &stoker_module_codec_zstd, &stoker_module_codec_snappy };

  if (s->dice == NULL)
    *s = (Scene){ .dice = g_rand_new_with_seed (seed),
                  .rows = g_array_new (FALSE, FALSE, sizeof (Row)),
                  .memory = 1 << 20 };
  s->k = k;
  for (unsigned i = 0; i < G_N_ELEMENTS (codecs); i++)
    test_host_add_codec (k->host, test_host_instance (k->host, codecs[i], NULL));
  s->compact = test_host_instance (k->host, &stoker_module_cleaner_compact, NULL);
  k->config.cleanup_compact = true;
  k->config.cleanup_delete = false;
  k->config.segment_bytes = 3000;
  k->config.index_interval_bytes = 300;
  k->config.min_cleanable_dirty_ratio = 0;
  k->config.delete_retention_ms = 5000;
  k->config.max_compaction_lag_ms = INT64_MAX;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
}

void
scene_clear (Scene *s)
{
  g_rand_free (s->dice);
  g_array_unref (s->rows);
}

static int64_t
now_ms (Scene *s)
{
  return stoker_host_now_ms (test_host_get (s->k->host));
}

/* ---- appending */
static void
note (Scene *s, Row row)
{
  row.met_ms = -1;
  g_array_append_val (s->rows, row);
}

static void
append (Scene *s, StokerBuf *b, StokerOrigin origin, int control)
{
  StokerAppend a = { .data = b->data,
                     .len = b->len,
                     .origin = origin,
                     .now_ms = now_ms (s),
                     .control_type = control,
                     .control_epoch = control >= 0 ? 0 : -1 };
  int64_t end = kit_ends (s->k).end;

  g_assert_cmpint (stoker_batch_peek (b->data, b->len, &a.batch), ==, 0);
  s->k->ops->append (s->k->engine, s->k->log, &a, 1);
  if (s->k->journal)
    test_host_drain_work (s->k->host);
  stoker_buf_clear (b);
  if (a.error == STOKER_KAFKA_STORAGE_ERROR) /* the disk is dead: the rows may or may not be there */
    return;
  g_assert_cmpint (a.error, ==, 0);
  g_assert_cmpint (a.first_offset, ==, end);
  g_assert_cmpint (kit_ends (s->k).end, ==, s->rows->len);
  s->k->ops->set_hw (s->k->engine, s->k->log, kit_ends (s->k).durable);
}

static void
end_txn (Scene *s, int p, bool commit)
{
  StokerBuf b = { 0 };

  stk_batch_marker (&b, 0, 0, 100 + p, 0, commit, 0, now_ms (s));
  for (guint i = 0; i < s->rows->len; i++) {
    Row *r = &g_array_index (s->rows, Row, i);
    if (r->producer == 100 + p && r->fate == FATE_OPEN)
      r->fate = commit ? FATE_SURE : FATE_ABORTED;
  }
  s->open[p] = false;
  note (s, (Row){ .key = -1, .marker = true, .producer = 100 + p, .stamp = now_ms (s) });
  append (s, &b, STOKER_ORIGIN_COORDINATOR, commit);
}

static void
put_data (Scene *s, int p)
{
  StkCodecContexts *codecs = stk_codec_contexts_new (test_host_get (s->k->host));
  int n = g_rand_int_range (s->dice, 1, 8), codec = g_rand_int_range (s->dice, 0, 8);
  bool txn = p >= SCENE_PRODUCERS;
  StokerError err = { 0 };
  StokerBuf b = { 0 };
  StkBatchBuilder w;

  stk_batch_begin (&w, &b);
  if (p >= 0) {
    w.head.producer_id = 100 + p;
    w.head.producer_epoch = 0;
    w.head.base_sequence = s->sequence[p];
    w.head.attributes = txn ? STOKER_BATCH_TRANSACTIONAL : 0;
    s->sequence[p] += n;
    s->open[p] |= txn;
  }
  for (int i = 0; i < n; i++) {
    static const uint8_t header[] = { 2, 'h', 2, 'x' };
    char key[16], value[64];
    Row row = { .key = g_rand_int_range (s->dice, 0, SCENE_KEYS),
                .value = g_rand_int_range (s->dice, -4, 100000),
                .stamp = now_ms (s) - g_rand_int_range (s->dice, 0, 50),
                .producer = p < 0 ? -1 : 100 + p,
                .fate = txn ? FATE_OPEN : FATE_SURE };
    bool with_header = row.value % 5 == 0;
    StokerBytes k = { (uint8_t *)key, (size_t)g_snprintf (key, sizeof key, "key-%d", row.key) };
    StokerBytes v
        = { (uint8_t *)value, (size_t)g_snprintf (value, sizeof value, "value %d of some length", row.value) };
    row.value = MAX (row.value, -1);
    stk_batch_add (&w, row.stamp, k, row.value < 0 ? STOKER_BYTES_NULL : v,
                   with_header ? (StokerBytes){ (uint8_t *)header, sizeof header } : STOKER_BYTES_NULL, with_header);
    note (s, row);
  }
  g_assert_cmpint (stk_batch_end (&w, codecs, codec > 4 ? 0 : codec, STK_CODEC_LEVEL_DEFAULT, &err), ==, 0);
  stk_codec_contexts_free (codecs);
  append (s, &b, STOKER_ORIGIN_CLIENT, -1);
}

void
scene_put (Scene *s)
{
  int p = g_rand_int_range (s->dice, -SCENE_PRODUCERS, 2 * SCENE_PRODUCERS);

  if (p >= SCENE_PRODUCERS && s->open[p] && g_rand_int_range (s->dice, 0, 2))
    end_txn (s, p, g_rand_int_range (s->dice, 0, 2));
  else
    put_data (s, p);
}

void
scene_settle (Scene *s)
{
  for (int p = SCENE_PRODUCERS; p < 2 * SCENE_PRODUCERS; p++)
    if (s->open[p])
      end_txn (s, p, g_rand_int_range (s->dice, 0, 2));
}

/* ---- cleaning */
static void
tombstones_met (Scene *s, int64_t end)
{
  for (int64_t i = 0; i < end; i++) {
    Row *r = &g_array_index (s->rows, Row, i);
    if (r->value < 0 && r->met_ms < 0)
      r->met_ms = now_ms (s);
  }
}

StkCleanState
scene_clean (Scene *s, bool (*stop) (Scene *s))
{
  const StokerCleanerOps *ops = s->compact->module->ops;
  StokerSegmentRow rows[512];
  StkCleanState state = STK_CLEAN_MORE;
  StokerError err = { 0 };
  StkCleanSpec spec = { .host = test_host_get (s->k->host),
                        .cleaner = s->compact,
                        .storage = s->k->engine,
                        .log = s->k->log,
                        .io_bytes = (size_t)g_rand_int_range (s->dice, 1, 4000),
                        .max_content = 1 << 20 };
  StkClean *c;

  spec.view = (StokerCleanerView){ .topic = STOKER_STR_LIT ("t"),
                                   .config = &s->k->config,
                                   .segments = rows,
                                   .now_ms = now_ms (s),
                                   .memory = s->memory,
                                   .load_factor = 0.9 };
  spec.view.n_segments = s->k->ops->segments (s->k->engine, s->k->log, rows, G_N_ELEMENTS (rows));
  g_assert_cmpuint (spec.view.n_segments, <=, G_N_ELEMENTS (rows));
  s->k->ops->ends (s->k->engine, s->k->log, &spec.view.ends);
  spec.view.first_dirty = CLAMP (s->first_dirty, spec.view.ends.start, spec.view.ends.end);
  g_assert_cmpint (ops->assess (s->compact, &spec.view, &spec.wish, &err), ==, 0);
  if (spec.wish.urgency <= 0)
    return STK_CLEAN_DONE;
  c = stk_clean_new (&spec, &err);
  g_assert_nonnull (c);
  s->runs++;
  while ((state == STK_CLEAN_MORE || state == STK_CLEAN_COMMIT) && !(stop && stop (s))) {
    s->commits += state == STK_CLEAN_COMMIT;
    state = state == STK_CLEAN_COMMIT ? stk_clean_commit (c, &err) : stk_clean_step (c, 1500, &err);
  }
  if (stop == NULL)
    g_assert_cmpstr (err.text, ==, "");
  if (state == STK_CLEAN_DONE) {
    g_assert_cmpint (stk_clean_stats (c)->end, >, s->first_dirty);
    s->first_dirty = stk_clean_stats (c)->end;
  }
  tombstones_met (s, spec.wish.to);
  s->tried = state == STK_CLEAN_DONE ? MAX (s->tried, s->first_dirty) : MAX (s->tried, spec.wish.to);
  stk_clean_free (c);
  return state;
}

/* ---- checking, as a consumer that reads what is committed would */
typedef struct Seen
{
  Scene *s;
  int64_t newest[SCENE_KEYS]; /* offsets of what is there; -1 */
  GHashTable *there;          /* offsets */
  StkCleanBatch batch;
} Seen;

static int
number_in (StokerBytes b, const char *before)
{
  g_autofree char *text = g_strndup ((const char *)b.data, b.len);

  g_assert_true (g_str_has_prefix (text, before));
  return atoi (text + strlen (before));
}

static void
see_record (Seen *x, const StokerCleanerRecord *r)
{
  const Row *row;

  g_assert_cmpint (r->offset, <, x->s->rows->len);
  row = &g_array_index (x->s->rows, Row, r->offset);
  g_assert_false (row->marker);
  g_assert_cmpint (number_in (r->key, "key-"), ==, row->key);
  g_assert_cmpint (r->value.data ? number_in (r->value, "value ") : -1, ==, row->value);
  g_assert_cmpint (r->timestamp, ==, row->stamp);
  if (row->fate != FATE_SURE)
    g_test_message ("offset %d of producer %d, clean up to %d", (int)r->offset, (int)row->producer,
                    (int)x->s->first_dirty);
  g_assert_cmpint (row->fate, ==, FATE_SURE);
  g_assert_cmpint (r->offset, >, x->newest[row->key]);
  x->newest[row->key] = r->offset;
  g_hash_table_add (x->there, GSIZE_TO_POINTER ((gsize)r->offset + 1));
}

static bool
add_aborted (void *user, const StokerAborted *a)
{
  g_array_append_val (user, *a);
  return true;
}

static gint
by_first (const void *a, const void *b)
{
  return ((const StokerAborted *)a)->first_offset < ((const StokerAborted *)b)->first_offset ? -1 : 1;
}

/* What Kafka's consumer does with the list of aborted transactions. */
static void
consume (Seen *x, const uint8_t *data, const StokerBatch *b, GArray *aborted, GHashTable *aborting)
{
  gint64 *id = g_memdup2 (&b->producer_id, sizeof b->producer_id);
  StokerError err = { 0 };
  int32_t epoch;
  int type;

  while (aborted->len > 0 && g_array_index (aborted, StokerAborted, 0).first_offset <= stoker_batch_last_offset (b)) {
    gint64 *a = g_memdup2 (&g_array_index (aborted, StokerAborted, 0).producer_id, sizeof *a);
    g_hash_table_add (aborting, a);
    g_array_remove_index (aborted, 0);
  }
  if (b->attributes & STOKER_BATCH_CONTROL) {
    if (b->record_count > 0) {
      g_assert_true (stk_batch_control (data, b, &type, &epoch));
      g_assert_true (g_array_index (x->s->rows, Row, b->base_offset).marker);
      if (type == 0)
        g_hash_table_remove (aborting, id);
    }
  } else if (!((b->attributes & STOKER_BATCH_TRANSACTIONAL) && g_hash_table_contains (aborting, id))) {
    g_assert_cmpint (stk_clean_batch_open (&x->batch, data, b, &err), ==, 0);
    for (size_t i = 0; i < x->batch.n; i++)
      see_record (x, &x->batch.records[i]);
  }
  g_free (id);
}

static void
consume_all (Seen *x, int64_t to)
{
  g_autoptr (GHashTable) aborting = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  Kit *k = x->s->k;
  int64_t at = kit_ends (k).start;

  while (at < to) {
    g_autoptr (GArray) aborted = g_array_new (FALSE, FALSE, sizeof (StokerAborted));
    StokerRead req = { at, to, (size_t)g_rand_int_range (x->s->dice, 100, 5000), true, true };
    StokerReadResult out;
    StokerBuf b = { 0 };
    StokerBatch h;
    g_assert_cmpint (kit_read (k, &req, &b, &out), ==, 0);
    if (out.len == 0)
      break;
    g_assert_cmpint (k->ops->aborted (k->engine, k->log, at, out.upper, add_aborted, aborted), ==, 0);
    g_array_sort (aborted, by_first);
    g_hash_table_remove_all (aborting); /* each answer tells all that matter */
    for (size_t p = 0; p < b.len; p += (size_t)h.length) {
      g_assert_cmpint (stoker_batch_peek (b.data + p, b.len - p, &h), ==, 0);
      g_assert_true (stoker_batch_crc_ok (b.data + p, &h));
      g_assert_cmpint (stoker_batch_last_offset (&h), >=, at);
      at = stoker_batch_last_offset (&h) + 1;
      consume (x, b.data + p, &h, aborted, aborting);
    }
    stoker_buf_clear (&b);
  }
}

/* The newest sure record of a key below `to`; -1. */
static int64_t
newest_of (Scene *s, int key, int64_t to)
{
  for (int64_t i = to; i-- > 0;) {
    const Row *r = &g_array_index (s->rows, Row, i);
    if (r->key == key && !r->marker && r->fate == FATE_SURE)
      return i;
  }
  return -1;
}

static void
check_key (Seen *x, int key, int64_t to)
{
  int64_t want = newest_of (x->s, key, to);
  const Row *row = want < 0 ? NULL : &g_array_index (x->s->rows, Row, want);

  if (x->newest[key] == want)
    return;
  /* Only a deletion may be gone, and all before it then, and not before its time. */
  g_assert_cmpint (x->newest[key], ==, -1);
  g_assert_nonnull (row);
  g_assert_cmpint (row->value, ==, -1);
  g_assert_cmpint (row->met_ms, >=, 0);
  g_assert_cmpint (now_ms (x->s), >=, row->met_ms + x->s->k->config.delete_retention_ms);
}

void
scene_check (Scene *s)
{
  Seen x = { .s = s,
             .there = g_hash_table_new (NULL, NULL),
             .batch = { .codecs = stk_codec_contexts_new (test_host_get (s->k->host)), .max_content = 1 << 20 } };
  StokerLogEnds ends = kit_ends (s->k);

  for (int i = 0; i < SCENE_KEYS; i++)
    x.newest[i] = -1;
  consume_all (&x, ends.stable);
  for (int i = 0; i < SCENE_KEYS; i++)
    check_key (&x, i, ends.stable);
  for (int64_t i = 0; i < ends.stable; i++) {
    const Row *r = &g_array_index (s->rows, Row, i);
    bool there = g_hash_table_contains (x.there, GSIZE_TO_POINTER ((gsize)i + 1));
    if (i >= s->tried && !r->marker && r->fate == FATE_SURE) /* not looked at yet: all of it */
      g_assert_true (there);
    if (i < s->first_dirty && there) /* of what was cleaned only the newest */
      g_assert_cmpint (newest_of (s, r->key, s->first_dirty), ==, i);
  }
  stk_codec_contexts_free (x.batch.codecs);
  stk_clean_batch_clear (&x.batch);
  g_hash_table_unref (x.there);
}
