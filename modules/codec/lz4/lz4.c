/* SPDX-License-Identifier: Apache-2.0
 *
 * Codec lz4: one LZ4 frame with independent blocks, no dictionary. We write blocks of 64 KiB without check sums or
 * content size, as Java does; those are honoured on reading. In messages of magic 0 the header's check byte is
 * computed, by an old mistake, over the magic number too: there it is written that way and not looked at.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/codec.h>

#include <lz4frame.h>
#include <stdlib.h>

#define KAFKA_DEFAULT_LEVEL 9 /* means the fast compressor; every other level the slow one */
#define FIRST_OUT (64u << 10)

enum
{
  FLG_DICTIONARY = 1,
  FLG_CONTENT_SIZE = 8,
  FLG_INDEPENDENT = 32,
};

typedef struct Ctx
{
  LZ4F_cctx *out;
  LZ4F_dctx *in;
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
  (void)LZ4F_freeCompressionContext (c->out);
  (void)LZ4F_freeDecompressionContext (c->in);
  free (c);
}

static uint32_t
rotate (uint32_t v, int n)
{
  return v << n | v >> (32 - n);
}

/* xxHash32 with seed 0 of less than 16 bytes: all that a frame header needs. */
static uint32_t
short_xxh32 (const uint8_t *p, size_t len)
{
  uint32_t h = 374761393u + (uint32_t)len;

  for (; len >= 4; p += 4, len -= 4) {
    uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    h = rotate (h + v * 3266489917u, 17) * 668265263u;
  }
  for (; len > 0; p++, len--)
    h = rotate (h + *p * 374761393u, 11) * 2654435761u;
  h = (h ^ h >> 15) * 2246822519u;
  h = (h ^ h >> 13) * 3266489917u;
  return h ^ h >> 16;
}

static uint8_t
check_byte (const uint8_t *p, size_t len)
{
  return (uint8_t)(short_xxh32 (p, len) >> 8);
}

static int
failed (StokerError *err, size_t code)
{
  return stoker_error_set (err, STOKER_ERROR_FAILED, "lz4: %s", LZ4F_getErrorName (code));
}

static int
corrupt (StokerError *err, const char *what)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "lz4: %s", what);
}

static int
compress_frame (Ctx *c, const LZ4F_preferences_t *prefs, const uint8_t *in, size_t len, uint8_t *at, size_t cap,
                size_t *used, StokerError *err)
{
  size_t n = LZ4F_compressBegin (c->out, at, cap, prefs);

  if (LZ4F_isError (n))
    return failed (err, n);
  *used = n;
  if (len > 0) {
    n = LZ4F_compressUpdate (c->out, at + *used, cap - *used, in, len, NULL);
    if (LZ4F_isError (n))
      return failed (err, n);
    *used += n;
  }
  n = LZ4F_compressEnd (c->out, at + *used, cap - *used, NULL);
  if (LZ4F_isError (n))
    return failed (err, n);
  *used += n;
  return 0;
}

static int
compress_lz4 (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
              StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  LZ4F_preferences_t prefs = {
    .frameInfo = { .blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent },
    .compressionLevel = level < 1 || level == KAFKA_DEFAULT_LEVEL ? 0 : level,
    .autoFlush = 1,
  };
  size_t cap = LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound (len, &prefs), used = 0;
  uint8_t *at;

  if (c->out == NULL && LZ4F_isError (LZ4F_createCompressionContext (&c->out, LZ4F_VERSION)))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "lz4: no memory");
  at = stoker_buf_reserve (out, cap);
  if (compress_frame (c, &prefs, in, len, at, cap, &used, err) != 0)
    return -1;
  if (flags & STOKER_CODEC_LEGACY)
    at[6] = check_byte (at, 6);
  out->len += used;
  return 0;
}

/* Checks what Kafka's readers insist on. *head_len: bytes before the blocks. */
static int
check_header (const uint8_t *in, size_t len, size_t *head_len, StokerError *err)
{
  if (len < 7 || in[0] != 0x04 || in[1] != 0x22 || in[2] != 0x4d || in[3] != 0x18)
    return corrupt (err, "the frame does not begin with the magic number");
  if (!(in[4] & FLG_INDEPENDENT) || (in[4] & FLG_DICTIONARY))
    return corrupt (err, "frames with dependent blocks or a dictionary are not accepted");
  *head_len = in[4] & FLG_CONTENT_SIZE ? 15 : 7;
  return len < *head_len ? corrupt (err, "the frame is cut off in its header") : 0;
}

static int
read_header (Ctx *c, const uint8_t *in, size_t head_len, uint32_t flags, StokerError *err)
{
  uint8_t head[LZ4F_HEADER_SIZE_MAX];
  size_t taken = head_len, none = 0, rc;

  memcpy (head, in, head_len);
  if (flags & STOKER_CODEC_LEGACY)
    head[head_len - 1] = check_byte (head + 4, head_len - 5);
  rc = LZ4F_decompress (c->in, NULL, &none, head, &taken, NULL);
  if (LZ4F_isError (rc))
    return corrupt (err, LZ4F_getErrorName (rc));
  return taken == head_len ? 0 : corrupt (err, "the frame's header is damaged");
}

static int
read_blocks (Ctx *c, const uint8_t *in, size_t len, size_t max_out, StokerBuf *out, StokerError *err)
{
  size_t start = out->len;

  for (;;) {
    uint8_t spare; /* one byte beyond the limit tells "just fits" from "too large" */
    size_t left = max_out - (out->len - start), room = left == 0 ? 1 : left, taken = len, rc;
    uint8_t *at = &spare;
    if (left > 0) {
      room = room < FIRST_OUT ? room : FIRST_OUT;
      at = stoker_buf_reserve (out, room);
    }
    rc = LZ4F_decompress (c->in, at, &room, in, &taken, NULL);
    if (LZ4F_isError (rc))
      return corrupt (err, LZ4F_getErrorName (rc));
    if (left == 0 && room > 0)
      return stoker_error_set (err, STOKER_ERROR_CORRUPT, "lz4: more than the allowed %zu bytes come out", max_out);
    out->len += room;
    in += taken;
    len -= taken;
    if (rc == 0)
      return 0;
    if (taken == 0 && room == 0)
      return corrupt (err, "the frame is cut off");
  }
}

static int
decompress_lz4 (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  size_t start = out->len, head_len;

  if (check_header (in, len, &head_len, err) != 0)
    return -1;
  if (c->in == NULL && LZ4F_isError (LZ4F_createDecompressionContext (&c->in, LZ4F_VERSION)))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "lz4: no memory");
  LZ4F_resetDecompressionContext (c->in);
  if (read_header (c, in, head_len, flags, err) == 0
      && read_blocks (c, in + head_len, len - head_len, max_out, out, err) == 0)
    return 0;
  out->len = start;
  return -1;
}

static const StokerCodecOps ops = {
  .head = { sizeof (StokerCodecOps), STOKER_CODEC_VERSION },
  .id = 3,
  .ctx_new = ctx_new,
  .ctx_free = ctx_free,
  .compress = compress_lz4,
  .decompress = decompress_lz4,
};

STOKER_MODULE (codec, lz4, .version = "1.0", .licence = "Apache-2.0",
               .summary = "lz4 compression of record batches (frames)", .threads = STOKER_THREADS_PARALLEL, .ops = &ops,
               .ops_size = sizeof ops);
