/* SPDX-License-Identifier: Apache-2.0 */
#include "codec-kit.h"

#include <lz4frame.h>

extern const StokerModule stoker_module_codec_lz4;

static void
pack (Codec *f, size_t len, int32_t level, uint32_t flags)
{
  g_autofree uint8_t *in = g_malloc (len + 1);
  for (size_t i = 0; i < len; i++)
    in[i] = (uint8_t)(i * i / 1000);
  f->packed.len = 0;
  codec_pack (f, in, len, level, flags);
}

static void
test_frame (Codec *f, gconstpointer unused)
{
  /* Magic, version 1 with independent blocks and nothing else, 64 KiB blocks, and the check byte of exactly that. */
  static const uint8_t head[7] = { 0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82 };

  pack (f, 200000, INT32_MIN, 0);
  g_assert_cmpmem (f->packed.data, 7, head, 7);
  g_assert_cmpint (codec_unpack (f, 200000, 0), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 200000);
  g_assert_cmpint (codec_unpack (f, 199999, 0), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
}

static void
test_levels (Codec *f, gconstpointer unused)
{
  size_t fast, nine, twelve;

  pack (f, 200000, INT32_MIN, 0);
  fast = f->packed.len;
  pack (f, 200000, 9, 0);
  nine = f->packed.len;
  pack (f, 200000, 12, 0);
  twelve = f->packed.len;
  g_assert_cmpuint (nine, ==, fast);
  g_assert_cmpuint (twelve, <, fast);
  g_assert_cmpint (codec_unpack (f, 200000, 0), ==, 0);
}

static void
test_legacy (Codec *f, gconstpointer unused)
{
  static const uint8_t head[6] = { 0x04, 0x22, 0x4d, 0x18, 0x60, 0x40 };

  pack (f, 1000, INT32_MIN, STOKER_CODEC_LEGACY);
  g_assert_cmpmem (f->packed.data, 6, head, 6);
  g_assert_cmphex (f->packed.data[6], ==, 0x1a); /* xxh32 of those six bytes, second lowest byte */
  g_assert_cmpint (codec_unpack (f, 1000, 0), ==, -1);
  g_assert_cmpint (codec_unpack (f, 1000, STOKER_CODEC_LEGACY), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 1000);
  /* The right one is fine there too: nobody looks. */
  pack (f, 1000, INT32_MIN, 0);
  g_assert_cmpint (codec_unpack (f, 1000, STOKER_CODEC_LEGACY), ==, 0);
}

static void
with_prefs (Codec *f, const LZ4F_preferences_t *prefs)
{
  g_autofree char *in = g_strnfill (100000, 'x');
  size_t cap = LZ4F_compressFrameBound (100000, prefs), n;

  f->packed.len = 0;
  n = LZ4F_compressFrame (stoker_buf_reserve (&f->packed, cap), cap, in, 100000, prefs);
  g_assert_false (LZ4F_isError (n));
  f->packed.len = n;
}

static void
test_foreign (Codec *f, gconstpointer unused)
{
  /* Check sums, content size and larger blocks of other writers are honoured .. */
  LZ4F_preferences_t prefs = { .frameInfo = { .blockSizeID = LZ4F_max1MB,
                                              .blockMode = LZ4F_blockIndependent,
                                              .contentChecksumFlag = LZ4F_contentChecksumEnabled,
                                              .contentSize = 100000,
                                              .blockChecksumFlag = LZ4F_blockChecksumEnabled } };
  with_prefs (f, &prefs);
  g_assert_cmpint (codec_unpack (f, 100000, 0), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 100000);
  f->packed.data[f->packed.len - 1] ^= 1;
  g_assert_cmpint (codec_unpack (f, 100000, 0), ==, -1);
  /* .. dependent blocks are refused. */
  prefs.frameInfo.blockMode = LZ4F_blockLinked;
  prefs.frameInfo.blockSizeID = LZ4F_max64KB;
  with_prefs (f, &prefs);
  g_assert_cmpint (codec_unpack (f, 100000, 0), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
}

#define TEST(name, fn) CODEC_TEST ("/codec/lz4/" name, stoker_module_codec_lz4, fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("frame", test_frame);
  TEST ("levels", test_levels);
  TEST ("legacy", test_legacy);
  TEST ("foreign", test_foreign);
  return g_test_run ();
}
