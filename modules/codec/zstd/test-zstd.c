/* SPDX-License-Identifier: Apache-2.0 */
#include "codec-kit.h"

#include <zstd.h>

extern const StokerModule stoker_module_codec_zstd;

/* A frame as streams write it: no content size, and a window of 128 MiB. */
static void
stream (Codec *f, const void *in, size_t len)
{
  ZSTD_CCtx *z = ZSTD_createCCtx ();
  size_t cap = ZSTD_compressBound (len) + 100;
  ZSTD_inBuffer from = { in, len, 0 };
  ZSTD_outBuffer to = { stoker_buf_reserve (&f->packed, cap), cap, 0 };

  ZSTD_CCtx_setParameter (z, ZSTD_c_windowLog, 27);
  while (from.pos < from.size)
    g_assert_false (ZSTD_isError (ZSTD_compressStream2 (z, &to, &from, ZSTD_e_continue)));
  g_assert_cmpuint (ZSTD_compressStream2 (z, &to, &from, ZSTD_e_end), ==, 0);
  f->packed.len += to.pos;
  ZSTD_freeCCtx (z);
}

static void
test_streams (Codec *f, gconstpointer unused)
{
  g_autofree char *text = g_strnfill (300000, 'z');

  stream (f, text, 300000); /* more than a first guess holds */
  g_assert_cmpint (codec_unpack (f, 300000, 0), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, text, 300000);
  g_assert_cmpint (codec_unpack (f, 299999, 0), ==, -1);
  g_assert_nonnull (strstr (f->err.text, "allowed 299999 bytes"));
  g_assert_cmpuint (f->out.cap, <, 2000000);
  stream (f, "and another frame", 17);
  g_assert_cmpint (codec_unpack (f, 1000000, 0), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 300017);
}

/* A frame that says it holds nothing, and one behind it: this went round for ever. */
static void
test_nothing_first (Codec *f, gconstpointer unused)
{
  size_t cap = ZSTD_compressBound (0), n = ZSTD_compress (stoker_buf_reserve (&f->packed, cap), cap, "", 0, 1);

  g_assert_false (ZSTD_isError (n));
  g_assert_cmpuint (ZSTD_getFrameContentSize (f->packed.data, n), ==, 0);
  f->packed.len = n;
  g_assert_cmpint (codec_unpack (f, 1000, 0), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 0);
  stream (f, "something", 9);
  g_assert_cmpint (codec_unpack (f, 1000, 0), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, "something", 9);
}

static void
test_levels (Codec *f, gconstpointer unused)
{
  size_t three;
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (text, "%d:%x;", i * 7919 % 1000, i);
  codec_pack (f, text->str, text->len, INT32_MIN, 0);
  three = f->packed.len;
  f->packed.len = 0;
  codec_pack (f, text->str, text->len, -50, 0);
  g_assert_cmpuint (f->packed.len, >, three); /* negative levels are faster and worse */
  g_assert_cmpint (codec_unpack (f, text->len, 0), ==, 0);
}

#define TEST(name, fn) CODEC_TEST ("/codec/zstd/" name, stoker_module_codec_zstd, fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("streams", test_streams);
  TEST ("nothing-first", test_nothing_first);
  TEST ("levels", test_levels);
  return g_test_run ();
}
