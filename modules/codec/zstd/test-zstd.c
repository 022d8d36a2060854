/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/codec.h>

#include "test-host.h"

#include <glib.h>
#include <zstd.h>

extern const StokerModule stoker_module_codec_zstd;

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
  f->self = test_instance_new (&stoker_module_codec_zstd, NULL);
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

static int
unpack (Fixture *f, size_t max_out)
{
  f->out.len = 0;
  return f->ops->decompress (f->self, f->ctx, f->packed.data, f->packed.len, max_out, 0, &f->out, &f->err);
}

/* A frame as streams write it: no content size, and a window of 128 MiB. */
static void
stream (Fixture *f, const void *in, size_t len)
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
test_streams (Fixture *f, gconstpointer unused)
{
  g_autofree char *text = g_strnfill (300000, 'z');

  stream (f, text, 300000); /* more than a first guess holds */
  g_assert_cmpint (unpack (f, 300000), ==, 0);
  g_assert_cmpmem (f->out.data, f->out.len, text, 300000);
  g_assert_cmpint (unpack (f, 299999), ==, -1);
  g_assert_nonnull (strstr (f->err.text, "allowed 299999 bytes"));
  g_assert_cmpuint (f->out.cap, <, 2000000);
  stream (f, "and another frame", 17);
  g_assert_cmpint (unpack (f, 1000000), ==, 0);
  g_assert_cmpuint (f->out.len, ==, 300017);
}

static void
test_levels (Fixture *f, gconstpointer unused)
{
  size_t three;
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (text, "%d:%x;", i * 7919 % 1000, i);
  g_assert_cmpint (f->ops->compress (f->self, f->ctx, (uint8_t *)text->str, text->len, INT32_MIN, 0, &f->packed,
                                     &f->err),
                   ==, 0);
  three = f->packed.len;
  f->packed.len = 0;
  g_assert_cmpint (f->ops->compress (f->self, f->ctx, (uint8_t *)text->str, text->len, -50, 0, &f->packed, &f->err), ==,
                   0);
  g_assert_cmpuint (f->packed.len, >, three); /* negative levels are faster and worse */
  g_assert_cmpint (unpack (f, text->len), ==, 0);
}

#define TEST(name, fn) g_test_add ("/codec/zstd/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("streams", test_streams);
  TEST ("levels", test_levels);
  return g_test_run ();
}
