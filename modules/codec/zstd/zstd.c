/* SPDX-License-Identifier: Apache-2.0
 *
 * Codec zstd: standard frames, one or more. Reading decompresses into one contiguous buffer, never through a window of
 * zstd's own: a frame may ask for a window of 128 MiB whatever it holds.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/codec.h>

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define DEFAULT_LEVEL 3
#define FIRST_OUT (16u << 10)
#define GUESS 8u /* times smaller than what came out: a first guess where the frame does not say */

typedef struct Ctx
{
  ZSTD_CCtx *out;
  ZSTD_DCtx *in;
} Ctx;

static void *
ctx_new (StokerInstance *self)
{
  return calloc (1, sizeof (Ctx));
}

static void
ctx_free (StokerInstance *self, void *ctx)
{
  Ctx *c = ctx;

  if (c == NULL)
    return;
  (void)ZSTD_freeCCtx (c->out);
  (void)ZSTD_freeDCtx (c->in);
  free (c);
}

static int
compress_zstd (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
               StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  size_t cap = ZSTD_compressBound (len), n;

  if (c->out == NULL && (c->out = ZSTD_createCCtx ()) == NULL)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "zstd: no memory");
  n = ZSTD_compressCCtx (c->out, stoker_buf_reserve (out, cap), cap, in, len,
                         level == INT32_MIN ? DEFAULT_LEVEL : level);
  if (ZSTD_isError (n))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "zstd: %s", ZSTD_getErrorName (n));
  out->len += n;
  return 0;
}

/* How much room to begin with. */
static size_t
first_room (const uint8_t *in, size_t len, size_t max_out)
{
  unsigned long long said = ZSTD_getFrameContentSize (in, len);
  size_t room = len > SIZE_MAX / GUESS ? SIZE_MAX : len * GUESS;

  /* 0 is no size to grow from: a frame of nothing may stand before others. */
  if (said > 0 && said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR && said <= max_out)
    room = (size_t)said;
  else if (room < FIRST_OUT)
    room = FIRST_OUT;
  return room < max_out ? room : max_out;
}

static int
decompress_zstd (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                 StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  size_t room, n;

  if (len == 0)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "zstd: the frame is empty");
  if (c->in == NULL && (c->in = ZSTD_createDCtx ()) == NULL)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "zstd: no memory");
  for (room = first_room (in, len, max_out);; room = room < max_out / 4 ? room * 4 : max_out) {
    n = ZSTD_decompressDCtx (c->in, stoker_buf_reserve (out, room), room, in, len);
    if (!ZSTD_isError (n) || ZSTD_getErrorCode (n) != ZSTD_error_dstSize_tooSmall || room == max_out)
      break;
  }
  if (!ZSTD_isError (n)) {
    out->len += n;
    return 0;
  }
  if (ZSTD_getErrorCode (n) == ZSTD_error_dstSize_tooSmall)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "zstd: more than the allowed %zu bytes come out", max_out);
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "zstd: %s", ZSTD_getErrorName (n));
}

static const StokerCodecOps ops = {
  .head = { sizeof (StokerCodecOps), STOKER_CODEC_VERSION },
  .id = 4,
  .ctx_new = ctx_new,
  .ctx_free = ctx_free,
  .compress = compress_zstd,
  .decompress = decompress_zstd,
};

STOKER_MODULE (codec, zstd, .version = "1.0", .licence = "Apache-2.0", .summary = "zstd compression of record batches",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
