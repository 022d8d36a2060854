/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/record.h>

#include "tests/lib/golden.h"

static void
walk (const char *path, const guint8 *data, gsize len, void *user)
{
  guint *n = user;
  int64_t next = 0;

  while (len > 0) {
    StokerBatch b;
    g_assert_cmpint (stoker_batch_peek (data, len, &b), ==, 0);
    g_assert_true (stoker_batch_crc_ok (data, &b));
    g_assert_cmpint (b.base_offset, >=, next);
    next = stoker_batch_last_offset (&b) + 1;
    data += b.length;
    len -= (size_t)b.length;
    ++*n;
  }
}

static void
test_golden (void)
{
  char *data = golden_logs_unpack ();
  guint n = 0;

  g_assert_cmpuint (golden_each (data, ".log", walk, &n), >, 30);
  g_assert_cmpuint (n, >, 200);
  golden_logs_remove (data);
}

static void
test_peek (void)
{
  uint8_t raw[100] = { 0 };
  StokerBatch b;

  raw[7] = 9;
  raw[11] = 100 - 12;
  raw[16] = 2;
  for (size_t len = 0; len < 100; len++) {
    g_assert_cmpint (stoker_batch_peek (raw, len, &b), ==, 1);
    if (len >= 12)
      g_assert_cmpint (b.length, ==, 100);
  }
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, 0);
  g_assert_cmpint (b.base_offset, ==, 9);
  raw[16] = 1;
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, -1);
  g_assert_cmpint (b.magic, ==, 1);
  raw[16] = 2;
  raw[11] = 48; /* one byte shorter than the smallest */
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, -1);
  raw[8] = 0xff;
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, -1);
  raw[8] = 0x7f, raw[9] = 0xff, raw[10] = 0xff, raw[11] = 0xf4; /* the whole would be 2^31 */
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, -1);
  raw[11] = 0xf3;
  g_assert_cmpint (stoker_batch_peek (raw, 100, &b), ==, 1);
}

static void
test_assign (void)
{
  uint8_t raw[61] = { 0 };
  StokerBatch b;

  raw[11] = 49;
  raw[16] = 2;
  stoker_batch_assign (raw, 0x0102030405060708, 0x11121314);
  g_assert_cmpint (stoker_batch_peek (raw, sizeof raw, &b), ==, 0);
  g_assert_cmphex (b.base_offset, ==, 0x0102030405060708);
  g_assert_cmphex (b.leader_epoch, ==, 0x11121314);
  g_assert_cmpint (b.length, ==, 61);
  g_assert_false (stoker_batch_crc_ok (raw, &b));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/batch/golden", test_golden);
  g_test_add_func ("/record/batch/peek", test_peek);
  g_test_add_func ("/record/batch/assign", test_assign);
  return g_test_run ();
}
