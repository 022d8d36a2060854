/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of codecs share: an instance with a context, a place for what it packs and one for what it unpacks.
 */
#ifndef STK_TEST_CODEC_KIT_H
#define STK_TEST_CODEC_KIT_H

#include <stoker/codec.h>

#include "test-host.h"

#include <glib.h>

typedef struct Codec
{
  StokerInstance *self;
  const StokerCodecOps *ops;
  void *ctx;
  StokerBuf packed, out;
  StokerError err;
} Codec;

static inline void
codec_set_up (Codec *f, gconstpointer module)
{
  f->self = test_instance_new (module, NULL);
  f->ops = f->self->module->ops;
  f->ctx = f->ops->ctx_new (f->self);
}

static inline void
codec_tear_down (Codec *f, gconstpointer unused)
{
  f->ops->ctx_free (f->self, f->ctx);
  stoker_buf_clear (&f->packed);
  stoker_buf_clear (&f->out);
  test_instance_free (f->self);
}

/* Behind what is packed already. */
static inline void
codec_pack (Codec *f, const void *in, size_t len, int32_t level, uint32_t flags)
{
  g_assert_cmpint (f->ops->compress (f->self, f->ctx, in, len, level, flags, &f->packed, &f->err), ==, 0);
}

static inline int
codec_unpack (Codec *f, size_t max_out, uint32_t flags)
{
  f->out.len = 0;
  return f->ops->decompress (f->self, f->ctx, f->packed.data, f->packed.len, max_out, flags, &f->out, &f->err);
}

#define CODEC_TEST(path, module, fn) g_test_add (path, Codec, &(module), codec_set_up, fn, codec_tear_down)

#endif
