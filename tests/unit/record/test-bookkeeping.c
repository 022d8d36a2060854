/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/bookkeeping.h>

#include <glib.h>

static void
end_is (const StokerEpochs *e, int32_t epoch, int32_t want_epoch, int64_t want_end)
{
  int32_t found;
  int64_t end;

  stoker_epochs_end_of (e, epoch, 100, &found, &end);
  g_assert_cmpint (found, ==, want_epoch);
  g_assert_cmpint (end, ==, want_end);
}

static void
test_epochs (void)
{
  StokerEpochs e = { 0 };

  end_is (&e, 0, -1, -1);
  g_assert_true (stoker_epochs_assign (&e, 2, 10));
  g_assert_false (stoker_epochs_assign (&e, 2, 15)); /* it has begun */
  g_assert_true (stoker_epochs_assign (&e, 5, 30));
  g_assert_true (stoker_epochs_assign (&e, 7, 60));
  end_is (&e, -1, -1, -1);
  end_is (&e, 1, 1, 10);
  end_is (&e, 2, 2, 30);
  end_is (&e, 4, 2, 30);
  end_is (&e, 7, 7, 100);
  end_is (&e, 8, -1, -1);
  g_assert_true (stoker_epochs_assign (&e, 9, 60)); /* nothing was written in 7 */
  g_assert_cmpuint (e.n, ==, 3);
  end_is (&e, 7, 5, 60);
  g_assert_true (stoker_epochs_assign (&e, 6, 70)); /* what was newer is not true */
  g_assert_cmpint (stoker_epochs_latest (&e), ==, 6);
  stoker_epochs_clear (&e);
  g_assert_cmpint (stoker_epochs_latest (&e), ==, -1);
}

static void
test_cut (void)
{
  StokerEpochs e = { 0 };

  g_assert_false (stoker_epochs_cut_start (&e, 5));
  for (int i = 0; i < 5; i++)
    stoker_epochs_assign (&e, i, i * 10);
  g_assert_false (stoker_epochs_cut_end (&e, 41));
  g_assert_true (stoker_epochs_cut_end (&e, 40));
  g_assert_cmpint (stoker_epochs_latest (&e), ==, 3);
  g_assert_false (stoker_epochs_cut_start (&e, 0));
  g_assert_true (stoker_epochs_cut_start (&e, 15));
  g_assert_cmpuint (e.n, ==, 3);
  g_assert_cmpint (e.list[0].epoch, ==, 1);
  g_assert_cmpint (e.list[0].start, ==, 15);
  g_assert_true (stoker_epochs_cut_start (&e, 20)); /* a later one begins just there: it is the first */
  g_assert_cmpint (e.list[0].epoch, ==, 2);
  g_assert_true (stoker_epochs_cut_start (&e, 1000)); /* the newest stays, whatever happens */
  g_assert_cmpuint (e.n, ==, 1);
  g_assert_cmpint (e.list[0].epoch, ==, 3);
  stoker_epochs_clear (&e);
}

typedef struct World
{
  StokerProducers *p;
  StokerTxns t;
  int64_t end;
} World;

static void
data (World *w, int64_t id, int count)
{
  StokerBatch b = { .base_offset = w->end,
                    .last_offset_delta = count - 1,
                    .record_count = count,
                    .producer_id = id,
                    .attributes = STOKER_BATCH_TRANSACTIONAL };
  StokerTxnAborted unused;

  g_assert_false (stoker_txns_update (&w->t, w->p, &b, -1, -1, &unused));
  w->end += count;
}

static bool
marker (World *w, int64_t id, bool commit, StokerTxnAborted *a)
{
  StokerBatch b = { .base_offset = w->end++,
                    .record_count = 1,
                    .producer_id = id,
                    .base_sequence = -1,
                    .attributes = STOKER_BATCH_TRANSACTIONAL | STOKER_BATCH_CONTROL };

  g_assert_cmpint (stoker_txns_check_marker (w->p, &b, 1), ==, 0);
  return stoker_txns_update (&w->t, w->p, &b, commit, 1, a);
}

static void
test_txns (void)
{
  World w = { .p = stoker_producers_new () };
  StokerTxnAborted a;
  StokerBatch late = { .producer_id = 1, .producer_epoch = -1 };

  stoker_txns_reset (&w.t, w.p);
  g_assert_cmpint (stoker_txns_stable (&w.t, 50), ==, 50);
  data (&w, 1, 5); /* 0-4 */
  data (&w, 2, 5); /* 5-9 */
  g_assert_cmpint (stoker_txns_stable (&w.t, 10), ==, 0);
  g_assert_true (marker (&w, 1, false, &a)); /* 10 */
  g_assert_cmpint (a.producer_id, ==, 1);
  g_assert_cmpint (a.first, ==, 0);
  g_assert_cmpint (a.last, ==, 10);
  g_assert_cmpint (a.stable, ==, 5);                      /* 2 is open */
  g_assert_cmpint (stoker_txns_stable (&w.t, 10), ==, 0); /* its marker is not below the high watermark */
  g_assert_cmpint (stoker_txns_stable (&w.t, 11), ==, 5);
  g_assert_false (marker (&w, 2, true, &a)); /* 11 */
  g_assert_cmpint (stoker_txns_stable (&w.t, 11), ==, 5);
  stoker_txns_advance (&w.t, 12);
  g_assert_cmpuint (w.t.n, ==, 0);
  g_assert_cmpint (stoker_txns_stable (&w.t, 12), ==, 12);
  g_assert_false (marker (&w, 1, false, &a)); /* nothing was open */
  data (&w, 1, 1);
  g_assert_true (marker (&w, 1, false, &a));
  g_assert_cmpint (a.stable, ==, a.last + 1);
  g_assert_cmpint (stoker_txns_check_marker (w.p, &late, 1), ==, STOKER_INVALID_PRODUCER_EPOCH);
  late.producer_epoch = 0;
  g_assert_cmpint (stoker_txns_check_marker (w.p, &late, 0), ==, STOKER_TRANSACTION_COORDINATOR_FENCED);
  stoker_txns_clear (&w.t);
  stoker_producers_free (w.p);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/bookkeeping/epochs", test_epochs);
  g_test_add_func ("/record/bookkeeping/cut", test_cut);
  g_test_add_func ("/record/bookkeeping/transactions", test_txns);
  return g_test_run ();
}
