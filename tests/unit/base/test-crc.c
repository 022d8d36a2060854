/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/record.h>

#include "base/crc.h"

#include <glib.h>

/* The definition, one bit at a time. */
static uint32_t
by_bit (uint32_t poly, uint32_t crc, const uint8_t *p, size_t len)
{
  crc = ~crc;
  while (len-- > 0) {
    crc ^= *p++;
    for (int i = 0; i < 8; i++)
      crc = crc >> 1 ^ (crc & 1 ? poly : 0);
  }
  return ~crc;
}

static uint8_t *
noise (size_t len)
{
  uint8_t *p = g_malloc (len);
  for (size_t i = 0; i < len; i++)
    p[i] = (uint8_t)g_test_rand_int ();
  return p;
}

static void
test_known (void)
{
  g_assert_cmphex (stoker_crc32c (0, "123456789", 9), ==, 0xe3069283);
  g_assert_cmphex (stk_crc32c_soft (0, "123456789", 9), ==, 0xe3069283);
  g_assert_cmphex (stk_crc32 (0, "123456789", 9), ==, 0xcbf43926);
  g_assert_cmphex (stoker_crc32c (0, "", 0), ==, 0);
}

static void
test_all_lengths (void)
{
  static const size_t lengths[] = { 767, 768, 769, 1535, 1536, 4096, 12287, 12288, 12289, 13056, 24576, 40000, 65537 };
  g_autofree uint8_t *p = noise (70000);

  for (size_t len = 0; len < 300; len++) {
    const uint8_t *at = p + len % 17;
    g_assert_cmphex (stoker_crc32c (7, at, len), ==, by_bit (0x82f63b78, 7, at, len));
    g_assert_cmphex (stk_crc32c_soft (7, at, len), ==, by_bit (0x82f63b78, 7, at, len));
    g_assert_cmphex (stk_crc32 (7, at, len), ==, by_bit (0xedb88320, 7, at, len));
  }
  for (size_t i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_assert_cmphex (stoker_crc32c (0, p + i, lengths[i]), ==, by_bit (0x82f63b78, 0, p + i, lengths[i]));
    g_assert_cmphex (stk_crc32c_soft (0, p + i, lengths[i]), ==, by_bit (0x82f63b78, 0, p + i, lengths[i]));
  }
}

static void
test_continues (void)
{
  g_autofree uint8_t *p = noise (30000);
  uint32_t whole = stoker_crc32c (0, p, 30000);

  for (size_t cut = 0; cut <= 30000; cut += 997)
    g_assert_cmphex (stoker_crc32c (stoker_crc32c (0, p, cut), p + cut, 30000 - cut), ==, whole);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/crc/known", test_known);
  g_test_add_func ("/base/crc/all-lengths", test_all_lengths);
  g_test_add_func ("/base/crc/continues", test_continues);
  return g_test_run ();
}
