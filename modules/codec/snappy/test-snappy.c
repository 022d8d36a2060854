/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/codec.h>

#include "test-host.h"

#include <glib.h>
#include <snappy-c.h>

extern const StokerModule stoker_module_codec_snappy;

static int
pack (StokerInstance *self, const void *in, size_t len, StokerBuf *out)
{
  const StokerCodecOps *ops = self->module->ops;
  void *ctx = ops->ctx_new (self);
  int rc = ops->compress (self, ctx, in, len, INT32_MIN, 0, out, NULL);

  ops->ctx_free (self, ctx);
  return rc;
}

static int
unpack (StokerInstance *self, const void *in, size_t len, size_t max_out, StokerBuf *out, StokerError *err)
{
  const StokerCodecOps *ops = self->module->ops;
  void *ctx = ops->ctx_new (self);
  int rc = ops->decompress (self, ctx, in, len, max_out, 0, out, err);

  ops->ctx_free (self, ctx);
  return rc;
}

/* What snappy-java 1.1.10 writes for "hello": header, length, block. */
static const uint8_t java_hello[]
    = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 5, 0x10, 'h', 'e', 'l', 'l', 'o' };

static void
test_xerial (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_codec_snappy, NULL);
  StokerBuf out = { 0 }, twice = { 0 };
  StokerError err = { 0 };

  g_assert_cmpint (unpack (self, java_hello, sizeof java_hello, 5, &out, &err), ==, 0);
  g_assert_cmpmem (out.data, out.len, "hello", 5);
  out.len = 0;
  g_assert_cmpint (pack (self, "hello", 5, &out), ==, 0);
  g_assert_cmpmem (out.data, out.len, java_hello, sizeof java_hello);
  /* Streams may follow each other. */
  stoker_buf_append (&twice, java_hello, sizeof java_hello);
  stoker_buf_append (&twice, java_hello, sizeof java_hello);
  out.len = 0;
  g_assert_cmpint (unpack (self, twice.data, twice.len, 10, &out, &err), ==, 0);
  g_assert_cmpmem (out.data, out.len, "hellohello", 10);
  out.len = 0;
  g_assert_cmpint (unpack (self, twice.data, twice.len, 9, &out, &err), ==, -1);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_CORRUPT);
  g_assert_cmpuint (out.len, ==, 0);
  /* Only a header: nothing. */
  g_assert_cmpint (unpack (self, java_hello, 16, 10, &out, &err), ==, 0);
  g_assert_cmpuint (out.len, ==, 0);
  stoker_buf_clear (&out);
  stoker_buf_clear (&twice);
  test_instance_free (self);
}

static void
test_blocks (void)
{
  /* 100,000 bytes are four blocks: each begins where its length says. */
  StokerInstance *self = test_instance_new (&stoker_module_codec_snappy, NULL);
  StokerBuf out = { 0 };
  g_autofree uint8_t *zero = g_malloc0 (100000);
  size_t at = 16, total = 0;
  int blocks = 0;

  g_assert_cmpint (pack (self, zero, 100000, &out), ==, 0);
  for (; at < out.len; blocks++) {
    size_t n = (size_t)out.data[at] << 24 | (size_t)out.data[at + 1] << 16 | (size_t)out.data[at + 2] << 8
               | out.data[at + 3],
           plain;
    g_assert_cmpint (snappy_uncompressed_length ((char *)out.data + at + 4, n, &plain), ==, SNAPPY_OK);
    g_assert_cmpuint (plain, <=, 32768);
    total += plain;
    at += 4 + n;
  }
  g_assert_cmpint (blocks, ==, 4);
  g_assert_cmpuint (total, ==, 100000);
  stoker_buf_clear (&out);
  test_instance_free (self);
}

static void
test_bare (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_codec_snappy, NULL);
  char raw[200];
  size_t n = sizeof raw;
  StokerBuf out = { 0 };
  StokerError err = { 0 };

  g_assert_cmpint (snappy_compress ("a bare block, a bare block", 26, raw, &n), ==, SNAPPY_OK);
  g_assert_cmpint (unpack (self, raw, n, 26, &out, &err), ==, 0);
  g_assert_cmpmem (out.data, out.len, "a bare block, a bare block", 26);
  g_assert_cmpint (unpack (self, raw, n, 25, &out, &err), ==, -1);
  /* A claim of 100 MB in a few bytes is not believed. */
  g_assert_cmpint (unpack (self, "\x80\xc2\xd7\x2f\x00x", 6, (size_t)1 << 30, &out, &err), ==, -1);
  g_assert_cmpuint (out.cap, <, 1000);
  stoker_buf_clear (&out);
  test_instance_free (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/snappy/xerial", test_xerial);
  g_test_add_func ("/codec/snappy/blocks", test_blocks);
  g_test_add_func ("/codec/snappy/bare", test_bare);
  return g_test_run ();
}
