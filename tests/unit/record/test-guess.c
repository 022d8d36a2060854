/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker_batch_guess: the way back behind damage, in any window, among bytes that look like headers.
 */
#include "record/record.h"

#include <glib.h>
#include <string.h>

/* Batches of one record each at offsets first, first + 1, ..; where each begins, in at[]. */
static void
make (StokerBuf *b, int64_t first, int n, size_t *at)
{
  uint8_t value[64];

  memset (value, 2, sizeof value); /* full of what a magic looks like */
  for (int i = 0; i < n; i++) {
    StkBatchBuilder w;
    StokerError err;
    at[i] = b->len;
    stk_batch_begin (&w, b);
    stk_batch_add (&w, 1000 + i, (StokerBytes){ value, 4 }, (StokerBytes){ value, sizeof value }, (StokerBytes){ 0 }, 0);
    w.head.base_offset = first + i;
    g_assert_cmpint (stk_batch_end (&w, NULL, 0, STK_CODEC_LEVEL_DEFAULT, &err), ==, 0);
  }
}

/* The first whole good batch at or behind `from`, as callers look for it. */
static size_t
find (const StokerBuf *b, size_t from, int64_t min, int64_t max)
{
  while (from < b->len) {
    StokerBatch h;
    from = stoker_batch_guess (b->data, b->len, from, min, max);
    if (from + STOKER_BATCH_HEADER > b->len)
      break;
    if (stoker_batch_peek (b->data + from, b->len - from, &h) == 0 && stoker_batch_crc_ok (b->data + from, &h))
      return from;
    from++;
  }
  return b->len;
}

static void
test_finds_each (void)
{
  StokerBuf b = { 0 };
  size_t at[20];

  make (&b, 100, 20, at);
  for (int i = 0; i < 20; i++) {
    g_assert_cmpuint (find (&b, at[i], 100, 200), ==, at[i]);
    if (i + 1 < 20)
      for (size_t p = at[i] + 1; p <= at[i + 1]; p++)
        g_assert_cmpuint (find (&b, p, 100, 200), ==, at[i + 1]);
  }
  g_assert_cmpuint (find (&b, at[19] + 1, 100, 200), ==, b.len);
  /* Offsets outside of what may stand there are no way back. */
  g_assert_cmpuint (find (&b, 0, 105, 200), ==, at[5]);
  g_assert_cmpuint (find (&b, at[5], 100, 104), ==, b.len);
  stoker_buf_clear (&b);
}

static void
test_windows (void)
{
  StokerBuf b = { 0 };
  size_t at[2];

  make (&b, 7, 2, at);
  for (size_t len = 0; len < b.len; len++) {
    size_t got = stoker_batch_guess (b.data, len, 1, 7, 10);
    if (len >= at[1] + STOKER_BATCH_HEADER)
      g_assert_cmpuint (got, <=, at[1]);
    else if (len >= STOKER_BATCH_HEADER)
      g_assert_cmpuint (got, <=, len - STOKER_BATCH_HEADER + 1); /* never beyond what was not looked at */
    else
      g_assert_cmpuint (got, <=, 1);
  }
  stoker_buf_clear (&b);
}

static void
test_noise (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);
  uint8_t noise[4096];

  for (int round = 0; round < 200; round++) {
    for (size_t i = 0; i < sizeof noise; i++)
      noise[i] = (uint8_t)(g_rand_int (rand) % (round % 2 ? 256 : 4));
    for (size_t p = 0, tries = 0; p < sizeof noise && tries < 5000; tries++)
      p = stoker_batch_guess (noise, sizeof noise, p, 0, INT64_MAX - 1) + 1;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/guess/finds-each", test_finds_each);
  g_test_add_func ("/record/guess/windows", test_windows);
  g_test_add_func ("/record/guess/noise", test_noise);
  return g_test_run ();
}
