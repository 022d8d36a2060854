/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/record.h>

#include "tests/lib/golden.h"

static StokerBatch
batch (int64_t id, int16_t epoch, int32_t sequence, int64_t offset, int32_t count)
{
  return (StokerBatch){ .base_offset = offset,
                        .last_offset_delta = count - 1,
                        .record_count = count,
                        .producer_id = id,
                        .producer_epoch = epoch,
                        .base_sequence = sequence,
                        .max_timestamp = 1000 + offset };
}

static void
append (StokerProducers *p, StokerBatch b)
{
  stoker_producers_update (p, &b, -1, -1);
}

static void
marker (StokerProducers *p, int64_t id, int16_t epoch, int64_t offset, int type)
{
  StokerBatch b = batch (id, epoch, -1, offset, 1);
  b.attributes = STOKER_BATCH_CONTROL | STOKER_BATCH_TRANSACTIONAL;
  stoker_producers_update (p, &b, type, 3);
}

static int16_t
error_of (StokerProducers *p, StokerBatch b)
{
  StokerProducerVerdict v = stoker_producers_check (p, &b);
  g_assert_false (v.duplicate);
  return v.error;
}

static void
assert_duplicate (StokerProducers *p, StokerBatch b, int64_t first, int64_t last)
{
  StokerProducerVerdict v = stoker_producers_check (p, &b);
  g_assert_cmpint (v.error, ==, 0);
  g_assert_true (v.duplicate);
  g_assert_cmpint (v.first_offset, ==, first);
  g_assert_cmpint (v.last_offset, ==, last);
  g_assert_cmpint (v.timestamp, ==, 1000 + first);
}

static void
test_window (void)
{
  StokerProducers *p = stoker_producers_new ();

  g_assert_cmpint (error_of (p, batch (7, 0, 4711, 0, 1)), ==, 0); /* not known: any sequence */
  g_assert_cmpuint (stoker_producers_count (p), ==, 0);            /* a check changes nothing */
  for (int i = 0; i < 7; i++)
    append (p, batch (7, 0, i * 10, 100 + i * 10, 10));
  assert_duplicate (p, batch (7, 0, 60, 0, 10), 160, 169);
  assert_duplicate (p, batch (7, 0, 20, 0, 10), 120, 129);
  g_assert_cmpint (error_of (p, batch (7, 0, 10, 0, 10)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER); /* the sixth */
  g_assert_cmpint (error_of (p, batch (7, 0, 60, 0, 9)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);  /* other length */
  g_assert_cmpint (error_of (p, batch (7, 0, 71, 0, 1)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  g_assert_cmpint (error_of (p, batch (7, 0, 70, 0, 1)), ==, 0);
  g_assert_cmpint (error_of (p, batch (-1, -1, -1, 0, 1)), ==, 0);
  append (p, batch (-1, -1, -1, 500, 1));
  g_assert_cmpuint (stoker_producers_count (p), ==, 1);
  stoker_producers_free (p);
}

static void
test_wrap (void)
{
  StokerProducers *p = stoker_producers_new ();

  append (p, batch (7, 0, INT32_MAX - 4, 0, 10)); /* .. INT32_MAX, 0 .. 4 */
  assert_duplicate (p, batch (7, 0, INT32_MAX - 4, 99, 10), 0, 9);
  g_assert_cmpint (error_of (p, batch (7, 0, 5, 10, 1)), ==, 0);
  g_assert_cmpint (error_of (p, batch (7, 0, 6, 10, 1)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  append (p, batch (8, 0, INT32_MAX, 20, 1));
  g_assert_cmpint (error_of (p, batch (8, 0, 0, 21, 1)), ==, 0);
  stoker_producers_free (p);
}

static void
test_epochs (void)
{
  StokerProducers *p = stoker_producers_new ();

  append (p, batch (7, 3, 0, 0, 5));
  g_assert_cmpint (error_of (p, batch (7, 2, 5, 5, 1)), ==, STOKER_INVALID_PRODUCER_EPOCH);
  g_assert_cmpint (error_of (p, batch (7, 4, 5, 5, 1)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  g_assert_cmpint (error_of (p, batch (7, 4, 0, 5, 1)), ==, 0);
  append (p, batch (7, 4, 0, 5, 1));
  /* The old epoch's batches are forgotten: no duplicate, but fenced. */
  g_assert_cmpint (error_of (p, batch (7, 3, 0, 6, 5)), ==, STOKER_INVALID_PRODUCER_EPOCH);
  /* A marker of a higher epoch fences without any batch; then the sequence begins at 0. */
  marker (p, 7, 5, 6, 0);
  g_assert_cmpint (error_of (p, batch (7, 4, 1, 7, 1)), ==, STOKER_INVALID_PRODUCER_EPOCH);
  g_assert_cmpint (error_of (p, batch (7, 5, 1, 7, 1)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  g_assert_cmpint (error_of (p, batch (7, 5, 0, 7, 1)), ==, 0);
  stoker_producers_free (p);
}

static StokerBatch
transactional (StokerBatch b)
{
  b.attributes |= STOKER_BATCH_TRANSACTIONAL;
  return b;
}

static void
test_transactions (void)
{
  StokerProducers *p = stoker_producers_new ();
  StokerProducerRow row;

  g_assert_cmpint (stoker_producers_first_open (p), ==, INT64_MAX);
  append (p, transactional (batch (1, 0, 0, 10, 2)));
  append (p, transactional (batch (2, 0, 0, 12, 1)));
  append (p, transactional (batch (1, 0, 2, 13, 1)));
  append (p, batch (3, 0, 0, 14, 1));
  g_assert_cmpint (stoker_producers_first_open (p), ==, 10);
  g_assert_cmpint (error_of (p, batch (2, 0, 1, 15, 1)), ==, STOKER_INVALID_TXN_STATE);
  marker (p, 1, 0, 15, 1);
  g_assert_cmpint (stoker_producers_first_open (p), ==, 12);
  g_assert_true (stoker_producers_get (p, 1, &row));
  g_assert_cmpint (row.coordinator_epoch, ==, 3);
  g_assert_cmpint (row.txn_first_offset, ==, -1);
  g_assert_cmpint (row.last_offset, ==, 13);
  g_assert_cmpint (row.last_sequence, ==, 2);
  g_assert_cmpint (row.last_timestamp, ==, 1015);
  stoker_producers_expire (p, 1 << 20); /* only the open one stays */
  g_assert_cmpuint (stoker_producers_count (p), ==, 1);
  marker (p, 2, 0, 16, 0);
  g_assert_cmpint (stoker_producers_first_open (p), ==, INT64_MAX);
  stoker_producers_expire (p, 1016);
  g_assert_cmpuint (stoker_producers_count (p), ==, 1);
  stoker_producers_expire (p, 1017);
  g_assert_cmpuint (stoker_producers_count (p), ==, 0);
  g_assert_false (stoker_producers_get (p, 2, &row));
  stoker_producers_free (p);
}

static void
test_recall (void)
{
  /* Whatever the order in which older batches come back, the window is the one before the restart. */
  static const int orders[][6] = { { 0, 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1, 0 }, { 3, 0, 5, 1, 4, 2 } };

  for (size_t o = 0; o < G_N_ELEMENTS (orders); o++) {
    StokerProducers *p = stoker_producers_new (), *q = stoker_producers_new ();
    StokerBuf snapshot = { 0 };
    for (int i = 0; i < 6; i++)
      append (p, batch (7, 0, i * 10, 100 + i * 10, 10));
    stoker_producers_save (p, &snapshot);
    g_assert_cmpint (stoker_producers_load (q, snapshot.data, snapshot.len, NULL), ==, 0);
    for (int i = 0; i < 6; i++) {
      StokerBatch b = batch (7, 0, orders[o][i] * 10, 100 + orders[o][i] * 10, 10), other = b;
      stoker_producers_recall (q, &b);
      stoker_producers_recall (q, &b);
      other.producer_epoch = 1;
      stoker_producers_recall (q, &other);
      other.producer_id = 8;
      stoker_producers_recall (q, &other);
    }
    g_assert_cmpuint (stoker_producers_count (q), ==, 1);
    for (int i = 1; i < 5; i++)
      assert_duplicate (q, batch (7, 0, i * 10, 0, 10), 100 + i * 10, 109 + i * 10);
    g_assert_cmpint (error_of (q, batch (7, 0, 0, 0, 10)), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
    g_assert_cmpint (error_of (q, batch (7, 0, 60, 0, 1)), ==, 0);
    stoker_buf_clear (&snapshot);
    stoker_producers_free (p);
    stoker_producers_free (q);
  }
}

static void
test_many_transactions (void)
{
  StokerProducers *p = stoker_producers_new ();
  int64_t open[50], offset = 0;
  GRand *rand = g_rand_new_with_seed (4711);

  for (int i = 0; i < 50; i++)
    open[i] = -1;
  for (int turn = 0; turn < 5000; turn++) {
    int id = g_rand_int_range (rand, 0, 50);
    int64_t lowest = INT64_MAX;
    if (open[id] < 0) {
      open[id] = offset;
      append (p, transactional (batch (id, 0, 0, offset++, 1)));
    } else {
      open[id] = -1;
      marker (p, id, 0, offset++, g_rand_int_range (rand, 0, 2));
    }
    for (int i = 0; i < 50; i++)
      if (open[i] >= 0)
        lowest = MIN (lowest, open[i]);
    g_assert_cmpint (stoker_producers_first_open (p), ==, lowest);
  }
  g_rand_free (rand);
  stoker_producers_free (p);
}

static void
load_and_save (const char *path, const guint8 *data, gsize len, void *user)
{
  StokerProducers *p = stoker_producers_new ();
  StokerBuf out = { 0 };
  StokerError err = { 0 };
  guint8 *damaged = g_memdup2 (data, len);

  g_test_message ("%s", path);
  g_assert_cmpint (stoker_producers_load (p, data, len, &err), ==, 0);
  stoker_producers_save (p, &out);
  g_assert_cmpmem (out.data, out.len, data, len);
  /* Any one damaged byte is found, and what was there before stays. */
  for (gsize i = 0; i < len; i++) {
    damaged[i] ^= 0x20;
    g_assert_cmpint (stoker_producers_load (p, damaged, len, &err), ==, -1);
    g_assert_cmpint (err.code, ==, STOKER_ERROR_CORRUPT);
    damaged[i] ^= 0x20;
    g_assert_cmpint (stoker_producers_load (p, data, i, &err), ==, -1);
  }
  out.len = 0;
  stoker_producers_save (p, &out);
  g_assert_cmpmem (out.data, out.len, data, len);
  g_free (damaged);
  stoker_buf_clear (&out);
  stoker_producers_free (p);
}

static void
test_golden_snapshots (void)
{
  char *data = golden_logs_unpack ();

  g_assert_cmpuint (golden_each (data, ".snapshot", load_and_save, NULL), >, 50);
  golden_logs_remove (data);
}

/* Replaying a golden log from its beginning gives the snapshot that Kafka wrote at its end. */
static void
replay (const char *dir, const char *const *logs, const char *snapshot)
{
  StokerProducers *p = stoker_producers_new ();
  StokerBuf out = { 0 };
  g_autofree char *wanted = NULL, *path = g_build_filename (dir, snapshot, NULL);
  gsize wanted_len;

  for (; *logs; logs++) {
    g_autofree char *content = NULL, *log = g_build_filename (dir, *logs, NULL);
    gsize len, at = 0;
    g_assert_true (g_file_get_contents (log, &content, &len, NULL));
    while (at < len) {
      StokerBatch b;
      const guint8 *raw = (const guint8 *)content + at;
      g_assert_cmpint (stoker_batch_peek (raw, len - at, &b), ==, 0);
      if (b.attributes & STOKER_BATCH_CONTROL) {
        /* length, attributes, two deltas, key length 4 (zigzag 8), version, type */
        g_assert_cmpuint (raw[65], ==, 8);
        stoker_producers_update (p, &b, raw[69], raw[76]);
      } else {
        stoker_producers_update (p, &b, -1, -1);
      }
      at += (gsize)b.length;
    }
  }
  stoker_producers_save (p, &out);
  g_assert_true (g_file_get_contents (path, &wanted, &wanted_len, NULL));
  g_assert_cmpmem (out.data, out.len, wanted, wanted_len);
  stoker_buf_clear (&out);
  stoker_producers_free (p);
}

static void
test_golden_replay (void)
{
  static const char *const idempotent[] = { "idempotent-0/00000000000000000000.log", NULL };
  static const char *const txn0[] = { "txn-0/00000000000000000000.log", "txn-0/00000000000000000012.log",
                                      "txn-0/00000000000000000023.log", "txn-0/00000000000000000034.log", NULL };
  static const char *const txn1[]
      = { "txn-1/00000000000000000000.log", "txn-1/00000000000000000009.log", "txn-1/00000000000000000018.log", NULL };
  char *data = golden_logs_unpack ();

  replay (data, idempotent, "idempotent-0/00000000000000000046.snapshot");
  replay (data, txn0, "txn-0/00000000000000000042.snapshot");
  replay (data, txn1, "txn-1/00000000000000000021.snapshot");
  golden_logs_remove (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/producers/window", test_window);
  g_test_add_func ("/record/producers/wrap", test_wrap);
  g_test_add_func ("/record/producers/epochs", test_epochs);
  g_test_add_func ("/record/producers/transactions", test_transactions);
  g_test_add_func ("/record/producers/recall", test_recall);
  g_test_add_func ("/record/producers/many-transactions", test_many_transactions);
  g_test_add_func ("/record/producers/golden-snapshots", test_golden_snapshots);
  g_test_add_func ("/record/producers/golden-replay", test_golden_replay);
  return g_test_run ();
}
