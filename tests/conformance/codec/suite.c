/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of stoker/codec.h.
 */
#include "../check.h"

#include <stoker/codec.h>

#define THREADS 8

static const StokerCodecOps *
ops_of (const Check *c)
{
  return c->self->module->ops;
}

static void *
context (const Check *c)
{
  return ops_of (c)->ctx_new ? ops_of (c)->ctx_new (c->self) : NULL;
}

static void
drop (const Check *c, void *ctx)
{
  if (ctx != NULL)
    ops_of (c)->ctx_free (c->self, ctx);
}

static int
pack (const Check *c, void *ctx, const void *in, size_t len, StokerBuf *out)
{
  return ops_of (c)->compress (c->self, ctx, in, len, INT32_MIN, 0, out, NULL);
}

static int
unpack (const Check *c, void *ctx, const void *in, size_t len, size_t max_out, StokerBuf *out, StokerError *err)
{
  return ops_of (c)->decompress (c->self, ctx, in, len, max_out, 0, out, err);
}

/* Test inputs. 0: empty; then a byte, text, zeros, noise, sizes around the blocks of the framings, some MiB. */
static bool
input (int i, GByteArray *out)
{
  static const guint sizes[] = { 0, 1, 100, 32767, 32768, 32769, 65535, 65536, 65537, 300000, 3 << 20 };
  int shape = i % 3;
  guint n;

  if (i >= (int)G_N_ELEMENTS (sizes) * 3)
    return false;
  n = sizes[i / 3];
  g_byte_array_set_size (out, n);
  for (guint k = 0; k < n; k++)
    out->data[k] = shape == 0   ? 0
                   : shape == 1 ? (guint8)g_test_rand_int ()
                                : (guint8)("{\"id\":17,\"user\":\"name\"}"[(k * 7 / 5) % 23]);
  return true;
}

static bool
run_described (Check *c)
{
  const StokerCodecOps *ops = ops_of (c);

  CHECK (ops->id >= 1 && ops->id <= 4, "id %d is not one of 1 gzip, 2 snappy, 3 lz4, 4 zstd", ops->id);
  CHECK (ops->compress != NULL && ops->decompress != NULL, "compress or decompress is missing");
  CHECK ((ops->ctx_new == NULL) == (ops->ctx_free == NULL), "ctx_new and ctx_free go together");
  return true;
}

static bool
run_round_trip (Check *c)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  void *ctx = context (c);

  for (int i = 0; input (i, in); i++) {
    StokerBuf packed = { 0 }, out = { 0 };
    StokerError err = { 0 };
    void *fresh = context (c);
    bool good;
    stoker_buf_append (&packed, "before", 6);
    stoker_buf_append (&out, "before", 6);
    CHECK (pack (c, ctx, in->data, in->len, &packed) == 0, "%u bytes cannot be compressed", in->len);
    CHECK (memcmp (packed.data, "before", 6) == 0, "compress changes what is in the buffer");
    CHECK (unpack (c, fresh, packed.data + 6, packed.len - 6, in->len, &out, &err) == 0,
           "%u bytes do not come back: %s", in->len, err.text);
    good = out.len == in->len + 6 && memcmp (out.data, "before", 6) == 0
           && (in->len == 0 || memcmp (out.data + 6, in->data, in->len) == 0);
    CHECK (good, "%u bytes come back changed", in->len);
    out.len = 0;
    CHECK (unpack (c, ctx, packed.data + 6, packed.len - 6, (size_t)1 << 30, &out, &err) == 0,
           "a used context does not work: %s", err.text);
    CHECK (out.len == in->len, "a used context gives %zu bytes of %u", out.len, in->len);
    drop (c, fresh);
    stoker_buf_clear (&packed);
    stoker_buf_clear (&out);
  }
  drop (c, ctx);
  return true;
}

static bool
run_levels (Check *c)
{
  static const int32_t levels[] = { INT32_MIN, -1, 0, 1, 3, 6, 9, 12, 17, 22, INT32_MAX };
  g_autoptr (GByteArray) in = g_byte_array_new ();
  void *ctx = context (c);

  (void)input (3 * 3 + 2, in);
  for (size_t i = 0; i < G_N_ELEMENTS (levels); i++) {
    StokerBuf packed = { 0 }, out = { 0 };
    StokerError err = { 0 };
    CHECK (ops_of (c)->compress (c->self, ctx, in->data, in->len, levels[i], 0, &packed, &err) == 0, "level %d: %s",
           levels[i], err.text);
    CHECK (unpack (c, ctx, packed.data, packed.len, in->len, &out, &err) == 0 && out.len == in->len,
           "level %d does not come back", levels[i]);
    stoker_buf_clear (&packed);
    stoker_buf_clear (&out);
  }
  drop (c, ctx);
  return true;
}

static bool
run_bounded (Check *c)
{
  const size_t bomb = 48 << 20;
  g_autofree uint8_t *zero = g_malloc0 (bomb);
  static const size_t limits[] = { 0, 1, 1000, 65536, 1 << 20 };
  void *ctx = context (c);
  StokerBuf packed = { 0 };

  CHECK (pack (c, ctx, zero, bomb, &packed) == 0, "%zu bytes cannot be compressed", bomb);
  for (size_t i = 0; i < G_N_ELEMENTS (limits); i++) {
    StokerBuf out = { 0 };
    StokerError err = { 0 };
    CHECK (unpack (c, ctx, packed.data, packed.len, limits[i], &out, &err) == -1,
           "more than max_out %zu bytes come out", limits[i]);
    CHECK (err.code == STOKER_ERROR_CORRUPT && err.text[0], "the error is not STOKER_ERROR_CORRUPT with a text");
    CHECK (out.len == 0, "a failed call leaves %zu bytes", out.len);
    CHECK (out.cap <= 4 * limits[i] + (256 << 10), "%zu bytes are allocated for max_out %zu", out.cap, limits[i]);
    stoker_buf_clear (&out);
  }
  stoker_buf_clear (&packed);
  /* Exactly full is not too full. */
  CHECK (pack (c, ctx, zero, 1000, &packed) == 0, "1000 bytes cannot be compressed");
  for (size_t limit = 999; limit <= 1000; limit++) {
    StokerBuf out = { 0 };
    int rc = unpack (c, ctx, packed.data, packed.len, limit, &out, NULL);
    CHECK (rc == (limit == 1000 ? 0 : -1), "max_out %zu for 1000 bytes: %d", limit, rc);
    stoker_buf_clear (&out);
  }
  stoker_buf_clear (&packed);
  drop (c, ctx);
  return true;
}

/* Whatever comes in: an answer within the limit, nothing left behind after a failure, and a context that still works.
 */
static bool
survives (Check *c, void *ctx, const uint8_t *in, size_t len, const char *what, size_t at)
{
  g_autofree uint8_t *exact = g_memdup2 (in, len ? len : 1); /* so that ASan sees a read behind its end */
  StokerBuf out = { 0 };
  StokerError err = { 0 };
  int rc = unpack (c, ctx, exact, len, 100000, &out, &err);

  CHECK (rc == 0 || rc == -1, "%s at %zu: answer %d", what, at, rc);
  CHECK (out.len <= 100000, "%s at %zu: %zu bytes for max_out 100000", what, at, out.len);
  CHECK (rc == 0 || (out.len == 0 && err.text[0]), "%s at %zu: a failed call leaves bytes or no text", what, at);
  stoker_buf_clear (&out);
  return true;
}

static bool
run_damaged (Check *c)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  void *ctx = context (c);
  StokerBuf packed = { 0 }, out = { 0 };

  (void)input (2 * 3 + 2, in);
  CHECK (pack (c, ctx, in->data, in->len, &packed) == 0, "cannot compress");
  for (size_t len = 0; len < packed.len; len++)
    if (!survives (c, ctx, packed.data, len, "cut off", len))
      return false;
  for (size_t bit = 0; bit < packed.len * 8; bit++) {
    packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (!survives (c, ctx, packed.data, packed.len, "bit flipped", bit))
      return false;
    packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  packed.len = 0;
  (void)input (8 * 3 + 1, in);
  CHECK (pack (c, ctx, in->data, in->len, &packed) == 0, "cannot compress");
  for (int i = 0; i < 300; i++) {
    size_t at = (size_t)g_test_rand_int_range (0, (gint32)packed.len);
    uint8_t old = packed.data[at];
    packed.data[at] = (uint8_t)g_test_rand_int ();
    if (!survives (c, ctx, packed.data, packed.len, "byte changed", at))
      return false;
    packed.data[at] = old;
  }
  for (int i = 0; i < 2000; i++) {
    uint8_t noise[64];
    for (size_t k = 0; k < sizeof noise; k++)
      noise[k] = (uint8_t)g_test_rand_int ();
    if (!survives (c, ctx, noise, (size_t)i % 65, "noise", (size_t)i))
      return false;
  }
  CHECK (unpack (c, ctx, packed.data, packed.len, in->len, &out, NULL) == 0 && out.len == in->len
             && memcmp (out.data, in->data, in->len) == 0,
         "the context does not work after damaged input");
  stoker_buf_clear (&packed);
  stoker_buf_clear (&out);
  drop (c, ctx);
  return true;
}

static gpointer
thread_run (gpointer user)
{
  Check *c = user;
  void *ctx = context (c);
  uint8_t in[5000];
  gpointer bad = NULL;

  for (int i = 0; i < 200 && !bad; i++) {
    StokerBuf packed = { 0 }, out = { 0 };
    for (size_t k = 0; k < sizeof in; k++)
      in[k] = (uint8_t)(k * (size_t)i / 300);
    stk_instance_enter (c->self);
    if (pack (c, ctx, in, sizeof in, &packed) != 0
        || unpack (c, ctx, packed.data, packed.len, sizeof in, &out, NULL) != 0 || out.len != sizeof in
        || memcmp (out.data, in, sizeof in) != 0)
      bad = c;
    stk_instance_leave (c->self);
    stoker_buf_clear (&packed);
    stoker_buf_clear (&out);
  }
  drop (c, ctx);
  return bad;
}

static bool
run_threads (Check *c)
{
  GThread *threads[THREADS];
  int bad = 0;

  CHECK (c->self->module->threads != STOKER_THREADS_CONTROL,
         "codecs are called on I/O and disk threads, not on control");
  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("codec", thread_run, c);
  for (int i = 0; i < THREADS; i++)
    bad += g_thread_join (threads[i]) != NULL;
  CHECK (bad == 0, "%d of %d threads got other bytes back", bad, THREADS);
  return true;
}

const CheckRow codec_rows[] = {
  { "described", "a codec has an id of Kafka's and both functions", run_described },
  { "round-trip", "what was compressed comes back, appended to what is in the buffer, with any context",
    run_round_trip },
  { "levels", "any level is understood or taken for the nearest", run_levels },
  { "bounded", "never more than max_out bytes, nor much more memory", run_bounded },
  { "damaged", "damaged input is an error at worst", run_damaged },
  { "threads", "eight threads, each with its own context", run_threads },
  { "no-statics", "no writable data outside the instance", check_no_statics },
};
const size_t n_codec_rows = G_N_ELEMENTS (codec_rows);
