/* SPDX-License-Identifier: Apache-2.0 */
#include "base/varint.h"

#include <glib.h>

static const int64_t edges[] = { 0,
                                 -1,
                                 1,
                                 63,
                                 64,
                                 -64,
                                 -65,
                                 127,
                                 128,
                                 8191,
                                 8192,
                                 1 << 20,
                                 INT32_MAX,
                                 INT32_MIN,
                                 INT32_MAX + 1ll,
                                 -5000000000ll,
                                 INT64_MAX,
                                 INT64_MIN };

static void
test_signed (void)
{
  uint8_t buf[16];

  for (size_t i = 0; i < G_N_ELEMENTS (edges); i++) {
    uint8_t *end = stk_varint64_put (buf, edges[i]);
    int64_t back = 77;
    g_assert_cmpuint ((size_t)(end - buf), ==, stk_varint64_size (edges[i]));
    g_assert_true (stk_varint64_get (buf, end, &back) == end);
    g_assert_cmpint (back, ==, edges[i]);
    g_assert_null (stk_varint64_get (buf, end - 1, &back));
    if (edges[i] == (int32_t)edges[i]) {
      int32_t back32 = 77;
      g_assert_true (stk_varint32_put (buf, (int32_t)edges[i]) == end);
      g_assert_cmpuint (stk_varint32_size ((int32_t)edges[i]), ==, (size_t)(end - buf));
      g_assert_true (stk_varint32_get (buf, end, &back32) == end);
      g_assert_cmpint (back32, ==, edges[i]);
    }
  }
}

static void
test_unsigned (void)
{
  static const struct
  {
    uint32_t value;
    size_t size;
  } rows[] = { { 0, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 }, { UINT32_MAX, 5 } };
  uint8_t buf[16];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    uint8_t *end = stk_uvarint32_put (buf, rows[i].value);
    uint32_t back = 0;
    g_assert_cmpuint ((size_t)(end - buf), ==, rows[i].size);
    g_assert_cmpuint (stk_uvarint32_size (rows[i].value), ==, rows[i].size);
    g_assert_true (stk_uvarint32_get (buf, end, &back) == end);
    g_assert_cmpuint (back, ==, rows[i].value);
  }
}

static void
test_bounded (void)
{
  static const uint8_t endless[12] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
  uint32_t v32 = 0;
  uint64_t v64 = 0;

  g_assert_null (stk_uvarint32_get (endless, endless + 12, &v32));
  g_assert_null (stk_uvarint64_get (endless, endless + 12, &v64));
  g_assert_null (stk_uvarint32_get (endless, endless, &v32));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/varint/signed", test_signed);
  g_test_add_func ("/base/varint/unsigned", test_unsigned);
  g_test_add_func ("/base/varint/bounded", test_bounded);
  return g_test_run ();
}
