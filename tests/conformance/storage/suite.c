/* SPDX-License-Identifier: Apache-2.0
 *
 * What every storage engine must do: include/stoker/storage.h, sentence by sentence.
 */
#include "kit.h"

#include <stoker/host.h>
#include <string.h>

static void
test_append_read (Kit *k)
{
  StokerBuf b = { 0 };
  StokerBatch h;

  kit_assert_ends (k, 0, 0);
  g_assert_cmpint (kit_put (k, 3), ==, 0);
  g_assert_cmpint (kit_put (k, 1), ==, 3);
  kit_assert_ends (k, 0, 4);
  kit_dump (k, 0, &b);
  g_assert_cmpint (stoker_batch_peek (b.data, b.len, &h), ==, 0);
  g_assert_cmpint (h.base_offset, ==, 0);
  g_assert_cmpint (h.record_count, ==, 3);
  g_assert_true (stoker_batch_crc_ok (b.data, &h));
  g_assert_cmpint (stoker_batch_peek (b.data + h.length, b.len - (size_t)h.length, &h), ==, 0);
  g_assert_cmpint (h.base_offset, ==, 3);
  g_assert_cmpint (kit_count (k, 0, 4, 100), ==, 4);
  g_assert_cmpint (k->ops->bytes (k->engine, k->log), ==, b.len);
  stoker_buf_clear (&b);
}

static void
test_many_items (Kit *k)
{
  StokerAppend items[150] = { 0 };
  StokerBuf data[150] = { { 0 } };

  for (int i = 0; i < 150; i++) {
    Maker m = maker (2);
    if (i == 70) { /* one that is refused does not stop the others: a gap in the producer's sequence */
      m.producer_id = 9;
      m.producer_epoch = 0;
      m.sequence = 5;
    } else if (i == 60) {
      m.producer_id = 9;
      m.producer_epoch = 0;
      m.sequence = 0;
    }
    make_batch (&data[i], &m);
    items[i] = (StokerAppend){
      .data = data[i].data, .len = data[i].len, .now_ms = k->now_ms, .control_type = -1, .control_epoch = -1
    };
    stoker_batch_peek (data[i].data, data[i].len, &items[i].batch);
  }
  k->ops->append (k->engine, k->log, items, 150);
  test_host_drain_work (k->host);
  for (int i = 0; i < 150; i++) {
    g_assert_cmpint (items[i].error, ==, i == 70 ? STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER : 0);
    if (i != 70)
      g_assert_cmpint (items[i].first_offset, ==, (i > 70 ? i - 1 : i) * 2);
    stoker_buf_clear (&data[i]);
  }
  kit_assert_ends (k, 0, 298);
  g_assert_cmpint (kit_count (k, 0, 298, 1000), ==, 298);
}

static void
read_is (Kit *k, StokerRead req, size_t len)
{
  StokerReadResult out;

  g_assert_cmpint (kit_read (k, &req, NULL, &out), ==, 0);
  g_assert_cmpuint (out.len, ==, len);
  g_assert_cmpint (out.upper, <=, MAX (req.limit, req.offset));
}

static void
check_limits (Kit *k, size_t len)
{
  StokerReadResult out;

  read_is (k, (StokerRead){ 0, 20, 1 << 20, false, false }, 10 * len);
  read_is (k, (StokerRead){ 0, 19, 1 << 20, false, false }, 9 * len); /* the last crosses the limit */
  read_is (k, (StokerRead){ 3, 20, 1 << 20, false, false }, 9 * len); /* inside of a batch: from its begin */
  read_is (k, (StokerRead){ 4, 4, 1 << 20, true, false }, 0);
  read_is (k, (StokerRead){ 4, 5, 1 << 20, true, false }, 0);
  read_is (k, (StokerRead){ 20, 20, 1 << 20, true, false }, 0);
  read_is (k, (StokerRead){ 4, 20, len * 2 + 5, false, false }, len * 2 + 5); /* cut by size */
  read_is (k, (StokerRead){ 4, 20, len * 2 + 5, false, true }, len * 2);
  read_is (k, (StokerRead){ 4, 20, len * 2, false, true }, len * 2);
  read_is (k, (StokerRead){ 4, 20, 7, true, false }, len);
  read_is (k, (StokerRead){ 4, 20, 7, true, true }, len);
  read_is (k, (StokerRead){ 4, 20, 7, false, true }, 0);
  read_is (k, (StokerRead){ 4, 20, 7, false, false }, 7);
  read_is (k, (StokerRead){ 4, 20, 0, false, false }, 0);
  read_is (k, (StokerRead){ 4, 20, 0, true, false }, len);
  read_is (k, (StokerRead){ 4, 9, len * 3, true, true }, len * 2);
  g_assert_cmpint (kit_read (k, &(StokerRead){ 21, 30, 100, true, false }, NULL, &out), ==, STOKER_OFFSET_OUT_OF_RANGE);
}

static void
test_read_limits (Kit *k)
{
  StokerBuf one = { 0 };
  Maker m = maker (2);

  make_batch (&one, &m);
  for (int i = 0; i < 10; i++)
    kit_put (k, 2);
  check_limits (k, one.len);
  if (k->persistent) {
    kit_reopen (k); /* no tail in memory */
    check_limits (k, one.len);
  }
  stoker_buf_clear (&one);
}

static void
test_positions (Kit *k)
{
  int64_t end;

  k->config.segment_bytes = 20000;
  k->config.index_interval_bytes = 500;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 400; i++)
    kit_put_sized (k, 1 + i % 3, (size_t)(i % 7) * 40);
  end = kit_ends (k).end;
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), >, 4);
  for (int round = 0; round < 2; round++) {
    for (int64_t at = 0; at < end; at += 13) {
      StokerRead req = { at, end, 1, true, true };
      StokerBuf b = { 0 };
      StokerBatch h;
      g_assert_cmpint (kit_read (k, &req, &b, NULL), ==, 0);
      g_assert_cmpint (stoker_batch_peek (b.data, b.len, &h), ==, 0);
      g_assert_cmpint (h.base_offset, <=, at);
      g_assert_cmpint (stoker_batch_last_offset (&h), >=, at);
      stoker_buf_clear (&b);
    }
    g_assert_cmpint (kit_count (k, 0, end, 700), ==, end);
    g_assert_cmpint (kit_count (k, 5, end - 7, 100000), >=, end - 16);
    if (k->persistent)
      kit_reopen (k);
  }
}

/* A read that must not wait, and finds only the first `warm` pieces of files in memory: what it says is the whole answer, or that it
 * is cold, and it has not waited. True: cold. */
static bool
check_nowait (Kit *k, int64_t at, int64_t warm)
{
  int64_t end = kit_ends (k).end, waits;
  StokerRead req = { at, end - at % 5, 600, true, at % 2 == 0, false };
  StokerBuf want = { 0 }, got = { 0 };
  StokerReadResult out;

  g_assert_cmpint (kit_read (k, &req, &want, &out), ==, 0);
  g_assert_false (out.cold);
  req.nowait = true;
  fault_disk_cold (k->disk, warm);
  waits = fault_disk_waits (k->disk);
  g_assert_cmpint (k->ops->read (k->engine, k->log, &req, &out), ==, 0);
  g_assert_cmpint (fault_disk_waits (k->disk), ==, waits);
  fault_disk_cold (k->disk, -1);
  for (uint32_t i = 0; i < out.n_slices; i++)
    stoker_slice_release (&out.slices[i]);
  if (out.cold) {
    g_assert_cmpuint (out.n_slices, ==, 0);
    g_assert_cmpuint (out.len, ==, 0);
  } else {
    g_assert_cmpint (kit_read (k, &req, &got, NULL), ==, 0);
    g_assert_cmpmem (got.data, got.len, want.data, want.len);
  }
  stoker_buf_clear (&want);
  stoker_buf_clear (&got);
  return out.cold;
}

static void
test_nowait (Kit *k)
{
  k->config.segment_bytes = 6000;
  k->config.index_interval_bytes = 300;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 200; i++)
    kit_put_sized (k, 1 + i % 3, (size_t)(i % 7) * 40);
  g_assert_false (check_nowait (k, kit_ends (k).end - 5, 0)); /* the tail needs no look at files */
  for (int round = 0; round < 2; round++) {
    for (int64_t at = 0; at < kit_ends (k).end - 5; at += 17) {
      for (int64_t warm = 0; warm < 40; warm += 3)
        (void)check_nowait (k, at, warm);
      g_assert_false (check_nowait (k, at, -1)); /* it was just read */
    }
    if (k->persistent)
      kit_reopen (k);
  }
}

static void
test_hw (Kit *k)
{
  kit_put (k, 10);
  g_assert_cmpint (kit_ends (k).hw, ==, 0);
  k->ops->set_hw (k->engine, k->log, 7);
  g_assert_cmpint (kit_ends (k).hw, ==, 7);
  g_assert_cmpint (kit_ends (k).stable, ==, 7);
  k->ops->set_hw (k->engine, k->log, 5); /* only grows */
  g_assert_cmpint (kit_ends (k).hw, ==, 7);
  if (k->persistent) {
    kit_reopen (k);
    g_assert_cmpint (kit_ends (k).hw, ==, 7);
  }
}

static void
epoch_end_is (Kit *k, int32_t epoch, int32_t want_epoch, int64_t want_end)
{
  StokerEpochEnd e;

  k->ops->epoch_end (k->engine, k->log, epoch, &e);
  g_assert_cmpint (e.epoch, ==, want_epoch);
  g_assert_cmpint (e.end, ==, want_end);
}

static void
check_epochs (Kit *k)
{
  epoch_end_is (k, -1, -1, -1);
  epoch_end_is (k, 0, 0, 0); /* none so small: where the next one begins */
  epoch_end_is (k, 1, 1, 5);
  epoch_end_is (k, 3, 1, 5);
  epoch_end_is (k, 4, 4, 9);
  epoch_end_is (k, 6, 6, 10);
  epoch_end_is (k, 7, -1, -1);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 6);
}

static void
test_epochs (Kit *k)
{
  Maker m = maker (5);

  epoch_end_is (k, 0, -1, -1);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, -1);
  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 1), ==, 0);
  m.leader_epoch = 1;
  kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 2), ==, 0);
  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 4), ==, 0); /* nothing was written in 2 */
  m = maker (4);
  m.leader_epoch = 4;
  kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  m = maker (1);
  m.leader_epoch = 6; /* learned from the batch itself, as followers do */
  m.offset = 9;
  kit_append (k, &m, STOKER_ORIGIN_REPLICA);
  check_epochs (k);
  if (k->persistent) {
    kit_reopen (k);
    check_epochs (k);
    kit_crash (k);
    check_epochs (k);
  }
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 9, NULL), ==, 0);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 4);
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 7, NULL), ==, 0);
  epoch_end_is (k, 1, 1, 7);
  epoch_end_is (k, 4, 4, 9);
}

static void
test_replica (Kit *k)
{
  StokerBuf b = { 0 };
  Maker m = maker (3);
  StokerAppend item;

  m.offset = 100;
  m.leader_epoch = 3;
  make_batch (&b, &m);
  m.offset = 110; /* a gap, as compaction leaves them */
  make_batch (&b, &m);
  item = (StokerAppend){
    .data = b.data, .len = b.len, .origin = STOKER_ORIGIN_REPLICA, .control_type = -1, .now_ms = k->now_ms
  };
  g_assert_cmpint (k->ops->reset (k->engine, k->log, 100, NULL), ==, 0);
  k->ops->append (k->engine, k->log, &item, 1);
  test_host_drain_work (k->host);
  g_assert_cmpint (item.error, ==, 0);
  g_assert_cmpint (item.first_offset, ==, 100);
  g_assert_cmpint (item.last_offset, ==, 112);
  kit_assert_ends (k, 100, 113);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 3);
  g_assert_cmpint (kit_count (k, 104, 113, 10000), ==, 3); /* in the gap: the next batch */
  k->ops->append (k->engine, k->log, &item, 1);            /* not again */
  g_assert_cmpint (item.error, !=, 0);
  kit_assert_ends (k, 100, 113);
  b.data[16] = 1; /* not magic 2 */
  k->ops->append (k->engine, k->log, &item, 1);
  g_assert_cmpint (item.error, ==, STOKER_CORRUPT_MESSAGE);
  stoker_buf_clear (&b);
}

static StokerAppend
idempotent (Kit *k, int64_t id, int32_t sequence, int records)
{
  Maker m = maker (records);

  m.producer_id = id;
  m.producer_epoch = 0;
  m.sequence = sequence;
  return kit_append (k, &m, STOKER_ORIGIN_CLIENT);
}

static void
is_duplicate (StokerAppend a, int64_t first, int64_t last)
{
  g_assert_cmpint (a.error, ==, 0);
  g_assert_true (a.duplicate);
  g_assert_cmpint (a.first_offset, ==, first);
  g_assert_cmpint (a.last_offset, ==, last);
}

/* Seven batches of two were appended by producer 5, offsets 0..13. */
static void
check_window (Kit *k, int64_t end)
{
  for (int i = 2; i < 7; i++)
    is_duplicate (idempotent (k, 5, i * 2, 2), i * 2, i * 2 + 1);
  g_assert_cmpint (idempotent (k, 5, 2, 2).error, ==,
                   STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER); /* fallen out of the window */
  g_assert_cmpint (idempotent (k, 5, 20, 2).error, ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  kit_assert_ends (k, 0, end);
}

static void
test_window (Kit *k)
{
  Maker m = maker (1);

  for (int i = 0; i < 7; i++) {
    StokerAppend a = idempotent (k, 5, i * 2, 2);
    g_assert_cmpint (a.error, ==, 0);
    g_assert_false (a.duplicate);
    g_assert_cmpint (a.first_offset, ==, i * 2);
  }
  check_window (k, 14);
  kit_put (k, 6);
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 14, NULL), ==, 0);
  check_window (k, 14);
  if (k->persistent) {
    kit_reopen (k);
    check_window (k, 14);
    kit_crash (k);
    check_window (k, 14);
    kit_put (k, 1);
    kit_crash (k);
    check_window (k, 15);
  } else {
    kit_put (k, 1);
  }
  m.producer_id = 5;
  m.producer_epoch = 1;
  m.sequence = 0;
  g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  g_assert_cmpint (idempotent (k, 5, 14, 2).error, ==, STOKER_INVALID_PRODUCER_EPOCH);
}

static void
test_window_over_segments (Kit *k)
{
  k->config.segment_bytes = 400;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 7; i++)
    g_assert_cmpint (idempotent (k, 5, i * 2, 2).error, ==, 0);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), >, 1);
  check_window (k, 14);
  if (k->persistent) {
    kit_reopen (k);
    check_window (k, 14);
    kit_crash (k);
    check_window (k, 14);
  }
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 12, NULL), ==, 0);
  is_duplicate (idempotent (k, 5, 10, 2), 10, 11);
  is_duplicate (idempotent (k, 5, 4, 2), 4, 5);
  g_assert_cmpint (idempotent (k, 5, 12, 2).first_offset, ==, 12);
}

static bool
count_row (void *user, const StokerProducerRow *row)
{
  int *n = user;
  *n += 1;
  return true;
}

static void
test_producers (Kit *k)
{
  int n = 0;

  idempotent (k, 5, 0, 1);
  idempotent (k, 6, 0, 1);
  k->ops->producers (k->engine, k->log, count_row, &n);
  g_assert_cmpint (n, ==, 2);
  k->ops->expire_producers (k->engine, k->log, INT64_MAX);
  n = 0;
  k->ops->producers (k->engine, k->log, count_row, &n);
  g_assert_cmpint (n, ==, 0);
}

static bool
note_aborted (void *user, const StokerAborted *a)
{
  g_string_append_printf (user, "%d@%d ", (int)a->producer_id, (int)a->first_offset);
  return true;
}

static void
aborted_is (Kit *k, int64_t from, int64_t to, const char *want)
{
  g_autoptr (GString) got = g_string_new (NULL);

  g_assert_cmpint (k->ops->aborted (k->engine, k->log, from, to, note_aborted, got), ==, 0);
  g_assert_cmpstr (got->str, ==, want);
}

/* 0-1 txn of 5, 2-3 txn of 6, 4 abort 5, 5-6 plain, 7 commit 6, 8-9 txn of 5 (open) */
static void
check_txn (Kit *k)
{
  g_assert_cmpint (kit_ends (k).stable, ==, 8);
  aborted_is (k, 0, 10, "5@0 ");
  aborted_is (k, 5, 10, "");
  aborted_is (k, 4, 10, "5@0 ");
}

static void
test_transactions (Kit *k)
{
  kit_txn (k, 5, 0, 2);
  g_assert_cmpint (kit_ends (k).stable, ==, 0);
  kit_txn (k, 6, 0, 2);
  k->ops->set_hw (k->engine, k->log, 4);
  g_assert_cmpint (kit_ends (k).stable, ==, 0);
  g_assert_cmpint (kit_marker (k, 5, 0, false, 1).error, ==, 0);
  g_assert_cmpint (kit_ends (k).stable, ==, 0); /* the marker is not below the high watermark */
  k->ops->set_hw (k->engine, k->log, 5);
  g_assert_cmpint (kit_ends (k).stable, ==, 2);
  kit_put (k, 2);
  g_assert_cmpint (kit_marker (k, 6, 0, true, 1).first_offset, ==, 7);
  kit_txn (k, 5, 2, 2);
  k->ops->set_hw (k->engine, k->log, 10);
  check_txn (k);
  g_assert_cmpint (kit_marker (k, 5, 0, true, 0).error, ==, STOKER_TRANSACTION_COORDINATOR_FENCED);
  if (k->persistent) {
    kit_reopen (k);
    check_txn (k);
    kit_crash (k);
    check_txn (k);
  }
  g_assert_cmpint (kit_marker (k, 5, 0, false, 1).first_offset, ==, 10);
  k->ops->set_hw (k->engine, k->log, 11);
  aborted_is (k, 0, 11, "5@0 5@8 ");
  aborted_is (k, 8, 11, "5@8 ");
  aborted_is (k, 0, 2, "5@0 ");
  g_assert_cmpint (kit_ends (k).stable, ==, 11);
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 10, NULL), ==, 0);
  check_txn (k);
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 4, NULL), ==, 0);
  g_assert_cmpint (kit_ends (k).stable, ==, 0);
  aborted_is (k, 0, 4, "");
}

static void
test_truncate (Kit *k)
{
  StokerBuf before = { 0 }, after = { 0 };

  k->config.segment_bytes = 3000;
  k->config.index_interval_bytes = 300;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 100; i++)
    kit_put_sized (k, 2, 30);
  kit_dump (k, 0, &before);
  for (int64_t at = 198; at >= 0; at -= 18) {
    k->ops->set_hw (k->engine, k->log, INT64_MAX);
    g_assert_cmpint (k->ops->truncate (k->engine, k->log, at, NULL), ==, 0);
    kit_assert_ends (k, 0, at);
    g_assert_cmpint (kit_ends (k).hw, ==, at);
    after.len = 0;
    kit_dump (k, 0, &after);
    g_assert_cmpuint (after.len, ==, k->ops->bytes (k->engine, k->log));
    g_assert_cmpint (memcmp (before.data, after.data, after.len), ==, 0);
    g_assert_cmpint (kit_put_sized (k, 2, 30), ==, at); /* and it goes on */
    if (k->persistent && at % 36 == 0)
      kit_crash (k);
    kit_assert_ends (k, 0, at + 2);
  }
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 500, NULL), ==, 0); /* above the end: nothing */
  kit_assert_ends (k, 0, 2);
  stoker_buf_clear (&before);
  stoker_buf_clear (&after);
}

static void
test_truncate_inside (Kit *k)
{
  kit_put (k, 5);
  kit_put (k, 5);
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 7, NULL), ==, 0);
  kit_assert_ends (k, 0, 5); /* a batch goes whole */
  g_assert_cmpint (kit_put (k, 1), ==, 5);
}

static void
test_reset (Kit *k)
{
  kit_put (k, 5);
  idempotent (k, 5, 0, 1);
  g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, 1), ==, 0);
  g_assert_cmpint (k->ops->reset (k->engine, k->log, 1000, NULL), ==, 0);
  kit_assert_ends (k, 1000, 1000);
  g_assert_cmpint (kit_ends (k).hw, ==, 1000);
  g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, -1);
  g_assert_cmpint (idempotent (k, 5, 7, 1).error, ==, 0); /* forgotten: any sequence */
  if (k->persistent) {
    kit_crash (k);
    kit_assert_ends (k, 1000, 1001);
  }
  g_assert_cmpint (k->ops->reset (k->engine, k->log, 20, NULL), ==, 0); /* down is fine too */
  kit_assert_ends (k, 20, 20);
  g_assert_cmpint (kit_put (k, 1), ==, 20);
}

static void
test_start (Kit *k)
{
  StokerReadResult out;
  size_t before;

  k->config.segment_bytes = 2000;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 60; i++)
    kit_put_sized (k, 2, 30);
  before = k->ops->segments (k->engine, k->log, NULL, 0);
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 61, NULL), ==, 0);
  kit_assert_ends (k, 61, 120);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), <, before);
  g_assert_cmpint (kit_read (k, &(StokerRead){ 60, 120, 100, true, false }, NULL, &out), ==,
                   STOKER_OFFSET_OUT_OF_RANGE);
  g_assert_cmpint (kit_count (k, 61, 120, 1000), ==, 60);
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 50, NULL), ==, 0); /* only up */
  kit_assert_ends (k, 61, 120);
  if (k->persistent) {
    kit_crash (k);
    kit_assert_ends (k, 61, 120);
    kit_reopen (k);
    kit_assert_ends (k, 61, 120);
  }
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 120, NULL), ==, 0);
  kit_assert_ends (k, 120, 120);
  g_assert_cmpint (kit_put (k, 1), ==, 120);
  if (k->persistent) {
    kit_crash (k);
    kit_assert_ends (k, 120, 121);
  }
}

static void
test_drop (Kit *k)
{
  StokerSegmentRow rows[64];
  size_t n;
  StokerError err = { 0 };

  k->config.segment_bytes = 2000;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 60; i++) {
    Maker m = maker (2);
    m.timestamp = 5000 + i * 10;
    m.value = 30;
    g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  }
  k->ops->set_hw (k->engine, k->log, 120);
  n = k->ops->segments (k->engine, k->log, rows, 64);
  g_assert_cmpuint (n, >, 3);
  for (size_t i = 0; i < n; i++) {
    g_assert_cmpint (rows[i].next, ==, i + 1 < n ? rows[i + 1].base : 120);
    g_assert_cmpint (rows[i].largest_timestamp, ==, 5000 + (rows[i].next / 2 - 1) * 10 + 1);
    g_assert_cmpint (rows[i].active, ==, i + 1 == n);
    g_assert_cmpuint (rows[i].bytes, >, 0);
  }
  g_assert_cmpint (k->ops->drop (k->engine, k->log, rows[1].next, "size", &err), ==, 0);
  kit_assert_ends (k, rows[2].base, 120);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), ==, n - 2);
  g_assert_cmpint (k->ops->drop (k->engine, k->log, rows[2].next - 1, "size", &err), ==, 0); /* not whole: stays */
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), ==, n - 2);
  g_assert_cmpint (k->ops->drop (k->engine, k->log, 120, "time", &err), ==, 0); /* the active one too */
  kit_assert_ends (k, 120, 120);
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, rows, 64), ==, 1);
  g_assert_cmpint (rows[0].base, ==, 120);
  g_assert_cmpint (k->ops->bytes (k->engine, k->log), ==, 0);
  if (k->persistent) {
    kit_crash (k);
    kit_assert_ends (k, 120, 120);
  }
  g_assert_cmpint (kit_put (k, 1), ==, 120);
}

static StokerTimeFound
find (Kit *k, int64_t timestamp, int64_t limit)
{
  StokerTimeFound f;

  g_assert_cmpint (k->ops->find_time (k->engine, k->log, timestamp, limit, &f), ==, 0);
  return f;
}

static void
check_times (Kit *k)
{
  /* 100 batches of 3; batch i has the timestamps i*100 + 0..2, but batch 50 reaches far ahead: 20000.. */
  for (int i = 0; i < 50; i += 7) {
    g_assert_cmpint (find (k, i * 100, 300).offset, ==, i * 3);
    g_assert_cmpint (find (k, i * 100 + 1, 300).offset, ==, i * 3 + 1);
    g_assert_cmpint (find (k, i * 100 + 3, 300).offset, ==, i == 49 ? 150 : i * 3 + 3);
  }
  g_assert_cmpint (find (k, 6000, 300).offset, ==, 150); /* the first one >= is the one far ahead */
  g_assert_cmpint (find (k, 20002, 300).offset, ==, 152);
  g_assert_cmpint (find (k, 20002, 300).leader_epoch, ==, 2);
  g_assert_cmpint (find (k, 20003, 300).offset, ==, -1);
  g_assert_cmpint (find (k, 20002, 152).offset, ==, -1); /* at the limit: none */
  g_assert_cmpint (find (k, INT64_MAX, 300).offset, ==, 152);
  g_assert_cmpint (find (k, INT64_MAX, 300).timestamp, ==, 20002);
}

static void
test_find_time (Kit *k)
{
  k->config.segment_bytes = 4000;
  k->config.index_interval_bytes = 300;
  k->ops->configure (k->engine, k->log, &k->config);
  g_assert_cmpint (find (k, 0, 0).offset, ==, -1);
  g_assert_cmpint (find (k, INT64_MAX, 0).offset, ==, -1);
  for (int i = 0; i < 100; i++) {
    Maker m = maker (3);
    m.timestamp = i == 50 ? 20000 : i * 100;
    m.leader_epoch = i / 25;
    g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  }
  check_times (k);
  if (k->persistent) {
    kit_reopen (k);
    check_times (k);
    kit_crash (k);
    check_times (k);
  }
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 120, NULL), ==, 0);
  g_assert_cmpint (find (k, INT64_MAX, 120).offset, ==, 119);
  g_assert_cmpint (find (k, 6000, 120).offset, ==, -1);
}

/* Records that DeleteRecords took out of the middle of a batch count no more, those behind them do. */
static void
test_find_time_cut (Kit *k)
{
  int64_t times[] = { 500, 900, 700, 800, 650, 600 };
  StokerError err = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (times); i++) {
    Maker m = maker (3); /* t, t + 1, t + 2 */
    m.timestamp = times[i];
    g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  }
  g_assert_cmpint (find (k, INT64_MAX, 18).offset, ==, 5);
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 4, &err), ==, 0);
  g_assert_cmpint (find (k, 0, 18).offset, ==, 4);
  g_assert_cmpint (find (k, 0, 18).timestamp, ==, 901);
  g_assert_cmpint (find (k, INT64_MAX, 18).offset, ==, 5); /* the largest is in the cut batch */
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, 7, &err), ==, 0);
  g_assert_cmpint (find (k, 0, 18).offset, ==, 7);
  g_assert_cmpint (find (k, INT64_MAX, 18).offset, ==, 11); /* 900 and up are gone: the largest is 802, further on */
  g_assert_cmpint (find (k, INT64_MAX, 18).timestamp, ==, 802);
}

static void
test_roll_by_time (Kit *k)
{
  Maker m = maker (1);

  k->config.segment_ms = 1000;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 3; i++) {
    m.timestamp = 1000 + i * 600;
    kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  }
  g_assert_cmpuint (k->ops->segments (k->engine, k->log, NULL, 0), ==, 2);
  g_assert_cmpint (kit_count (k, 0, 3, 1000), ==, 3);
}

static void
test_remove (Kit *k)
{
  StokerLogSpec spec
      = { .topic = STOKER_STR_LIT ("gone"), .partition = 3, .dir = &k->dir, .config = &k->config, .create = true };
  StokerLog *log;
  StokerError err = { 0 };
  StokerLogEnds ends;

  g_assert_cmpint (k->ops->open (k->engine, &spec, &log, &err), ==, 0);
  g_assert_cmpint (k->ops->remove (k->engine, log, &err), ==, 0);
  spec.create = false;
  g_assert_cmpint (k->ops->open (k->engine, &spec, &log, &err), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  spec.create = true;
  g_assert_cmpint (k->ops->open (k->engine, &spec, &log, &err), ==, 0);
  k->ops->ends (k->engine, log, &ends);
  g_assert_cmpint (ends.end, ==, 0);
  k->ops->close (k->engine, log);
  k->ops->tick (k->engine, k->now_ms + 3600000);
}

/* ---- threads */
typedef struct Race
{
  Kit *k;
  int appends;
  int id;
  bool stop;
} Race;

static void *
racing_writer (void *user)
{
  Race *r = user;

  for (int i = 0; i < r->appends; i++) {
    Maker m = maker (1 + i % 3);
    StokerAppend a;
    m.producer_id = 100 + r->id;
    m.producer_epoch = 0;
    m.sequence = i / 3 * 6 + (i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 3);
    a = kit_append (r->k, &m, STOKER_ORIGIN_CLIENT);
    g_assert_cmpint (a.error, ==, 0);
    g_assert_false (a.duplicate);
    r->k->ops->set_hw (r->k->engine, r->k->log, a.last_offset + 1);
  }
  return NULL;
}

static void *
racing_reader (void *user)
{
  Race *r = user;
  int64_t offset = 0;

  while (!__atomic_load_n (&r->stop, __ATOMIC_ACQUIRE)) {
    StokerLogEnds ends = kit_ends (r->k);
    g_assert_cmpint (ends.hw, <=, ends.durable);
    if (offset < ends.durable) {
      g_assert_cmpint (kit_count (r->k, offset, ends.durable, 5000), ==, ends.durable - offset);
      offset = ends.durable;
    }
    r->k->ops->tick (r->k->engine, r->k->now_ms);
  }
  return NULL;
}

static void
test_threads (Kit *k)
{
  Race w[3], r[2];
  GThread *writers[3], *readers[2];
  int64_t end;

  k->config.segment_bytes = 30000;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 2; i++) {
    r[i] = (Race){ .k = k };
    readers[i] = g_thread_new ("reader", racing_reader, &r[i]);
  }
  for (int i = 0; i < 3; i++) {
    w[i] = (Race){ .k = k, .appends = 300, .id = i };
    writers[i] = g_thread_new ("writer", racing_writer, &w[i]);
  }
  for (int i = 0; i < 3; i++)
    g_thread_join (writers[i]);
  for (int i = 0; i < 2; i++) {
    __atomic_store_n (&r[i].stop, true, __ATOMIC_RELEASE);
    g_thread_join (readers[i]);
  }
  end = kit_ends (k).end;
  g_assert_cmpint (end, ==, 3 * 600);
  if (k->persistent) {
    kit_crash (k);
    kit_assert_ends (k, 0, end);
  }
  g_assert_cmpint (kit_count (k, 0, end, 4000), ==, end);
}

/* ---- running */
typedef struct Case
{
  const char *name;
  void (*fn) (Kit *k);
  const StokerModule *module;
  bool persistent;
} Case;

static void
run_case (const void *data)
{
  const Case *c = data;
  Kit *k = kit_new (c->module, NULL, c->persistent);

  c->fn (k);
  kit_free (k);
}

void
storage_suite (const StokerModule *module, bool persistent)
{
  static const struct
  {
    const char *name;
    void (*fn) (Kit *k);
  } cases[] = {
    { "append-read", test_append_read },
    { "many-items", test_many_items },
    { "read-limits", test_read_limits },
    { "positions", test_positions },
    { "nowait", test_nowait },
    { "hw", test_hw },
    { "epochs", test_epochs },
    { "replica", test_replica },
    { "window", test_window },
    { "window-over-segments", test_window_over_segments },
    { "producers", test_producers },
    { "transactions", test_transactions },
    { "truncate", test_truncate },
    { "truncate-inside", test_truncate_inside },
    { "reset", test_reset },
    { "start", test_start },
    { "drop", test_drop },
    { "find-time", test_find_time },
    { "find-time-cut", test_find_time_cut },
    { "roll-by-time", test_roll_by_time },
    { "remove", test_remove },
    { "threads", test_threads },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/storage/%s/%s", module->name, cases[i].name);
    Case *c = g_new (Case, 1);
    *c = (Case){ cases[i].name, cases[i].fn, module, persistent };
    g_test_add_data_func_full (path, c, run_case, g_free);
  }
}
