/* SPDX-License-Identifier: Apache-2.0 */
#include "codec-kit.h"

#include <zlib.h>

extern const StokerModule stoker_module_codec_gzip;

static void
test_members (Codec *f, gconstpointer unused)
{
  /* Two streams, one after the other, at different levels and with one context. */
  codec_pack (f, "first ", 6, INT32_MIN, 0);
  codec_pack (f, "second", 6, 9, 0);
  g_assert_cmphex (f->packed.data[0], ==, 0x1f);
  g_assert_cmphex (f->packed.data[1], ==, 0x8b);
  g_assert_cmpint (codec_unpack (f, 12, 0), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, "first second", 12);
}

static void
test_foreign (Codec *f, gconstpointer unused)
{
  /* A header with a file name, as the gzip tool writes it. */
  z_stream z = { 0 };
  gz_header head = { .name = (Bytef *)"a name" };
  uint8_t raw[200];

  g_assert_cmpint (deflateInit2 (&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  deflateSetHeader (&z, &head);
  z.next_in = (Bytef *)"hello hello hello";
  z.avail_in = 17;
  z.next_out = raw;
  z.avail_out = sizeof raw;
  g_assert_cmpint (deflate (&z, Z_FINISH), ==, Z_STREAM_END);
  stoker_buf_append (&f->packed, raw, sizeof raw - z.avail_out);
  deflateEnd (&z);
  g_assert_cmpint (codec_unpack (f, 100, 0), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, "hello hello hello", 17);
}

static void
test_limit (Codec *f, gconstpointer unused)
{
  codec_pack (f, "0123456789", 10, INT32_MIN, 0);
  g_assert_cmpint (codec_unpack (f, 9, 0), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
  g_assert_nonnull (strstr (f->err.text, "allowed 9 bytes"));
  g_assert_cmpuint (f->out.len, ==, 0);
  g_assert_cmpint (codec_unpack (f, 10, 0), ==, 0);
}

static void
test_plain_deflate_refused (Codec *f, gconstpointer unused)
{
  uint8_t raw[100];
  uLongf n = sizeof raw;

  g_assert_cmpint (compress (raw, &n, (const Bytef *)"zlib, not gzip", 14), ==, Z_OK);
  stoker_buf_append (&f->packed, raw, n);
  g_assert_cmpint (codec_unpack (f, 100, 0), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
}

#define TEST(name, fn) CODEC_TEST ("/codec/gzip/" name, stoker_module_codec_gzip, fn)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("members", test_members);
  TEST ("foreign", test_foreign);
  TEST ("limit", test_limit);
  TEST ("plain-deflate-refused", test_plain_deflate_refused);
  return g_test_run ();
}
