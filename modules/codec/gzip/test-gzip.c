/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/codec.h>

#include "test-host.h"

#include <glib.h>
#include <zlib.h>

extern const StokerModule stoker_module_codec_gzip;

typedef struct Fixture
{
  StokerInstance *self;
  const StokerCodecOps *ops;
  void *ctx;
  StokerBuf packed, out;
  StokerError err;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->self = test_instance_new (&stoker_module_codec_gzip, NULL);
  f->ops = f->self->module->ops;
  f->ctx = f->ops->ctx_new (f->self);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  f->ops->ctx_free (f->self, f->ctx);
  stoker_buf_clear (&f->packed);
  stoker_buf_clear (&f->out);
  test_instance_free (f->self);
}

static void
pack (Fixture *f, const char *text, int32_t level)
{
  g_assert_cmpint (f->ops->compress (f->self, f->ctx, (const uint8_t *)text, strlen (text), level, 0, &f->packed,
                                     &f->err),
                   ==, 0);
}

static int
unpack (Fixture *f, size_t max_out)
{
  return f->ops->decompress (f->self, f->ctx, f->packed.data, f->packed.len, max_out, 0, &f->out, &f->err);
}

static void
test_members (Fixture *f, gconstpointer unused)
{
  /* Two streams, one after the other, at different levels and with one context. */
  pack (f, "first ", INT32_MIN);
  pack (f, "second", 9);
  g_assert_cmphex (f->packed.data[0], ==, 0x1f);
  g_assert_cmphex (f->packed.data[1], ==, 0x8b);
  g_assert_cmpint (unpack (f, 12), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, "first second", 12);
}

static void
test_foreign (Fixture *f, gconstpointer unused)
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
  g_assert_cmpint (unpack (f, 100), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, "hello hello hello", 17);
}

static void
test_limit (Fixture *f, gconstpointer unused)
{
  pack (f, "0123456789", INT32_MIN);
  g_assert_cmpint (unpack (f, 9), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
  g_assert_nonnull (strstr (f->err.text, "allowed 9 bytes"));
  g_assert_cmpuint (f->out.len, ==, 0);
  g_assert_cmpint (unpack (f, 10), ==, 0);
}

static void
test_plain_deflate_refused (Fixture *f, gconstpointer unused)
{
  uint8_t raw[100];
  uLongf n = sizeof raw;

  g_assert_cmpint (compress (raw, &n, (const Bytef *)"zlib, not gzip", 14), ==, Z_OK);
  stoker_buf_append (&f->packed, raw, n);
  g_assert_cmpint (unpack (f, 100), ==, -1);
  g_assert_cmpint (f->err.code, ==, STOKER_ERROR_CORRUPT);
}

#define TEST(name, fn) g_test_add ("/codec/gzip/" name, Fixture, NULL, set_up, fn, tear_down)

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
