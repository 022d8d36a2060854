/* SPDX-License-Identifier: Apache-2.0
 *
 * Codec gzip: RFC 1952 streams by zlib. Several members one after the other are read as one, as Java does.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/codec.h>

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window; 16: with gzip header and trailer */
#define MEMORY_LEVEL 8
#define FIRST_OUT 4096u

/* zlib's streams are made when first used: deflate's takes 256 KiB. */
typedef struct Ctx
{
  z_stream in, out;
  bool in_ready, out_ready;
  int level; /* of `out` */
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
  if (c->in_ready)
    (void)inflateEnd (&c->in);
  if (c->out_ready)
    (void)deflateEnd (&c->out);
  free (c);
}

static int
ready_deflate (Ctx *c, int level)
{
  if (c->out_ready && c->level == level)
    return deflateReset (&c->out);
  if (c->out_ready)
    (void)deflateEnd (&c->out);
  c->out_ready = deflateInit2 (&c->out, level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
  c->level = level;
  return c->out_ready ? Z_OK : Z_MEM_ERROR;
}

static int
compress_gzip (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
               StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  z_stream *z = &c->out;
  size_t bound;

  if (len > UINT32_MAX / 2)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "gzip: %zu bytes are too many for one batch", len);
  if (level < 1 || level > 9)
    level = Z_DEFAULT_COMPRESSION;
  if (ready_deflate (c, level) != Z_OK)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "gzip: deflate cannot begin");
  bound = deflateBound (z, len);
  z->next_in = (Bytef *)in;
  z->avail_in = (uInt)len;
  z->next_out = stoker_buf_reserve (out, bound);
  z->avail_out = (uInt)bound;
  if (deflate (z, Z_FINISH) != Z_STREAM_END)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "gzip: deflate failed: %s", z->msg ? z->msg : "no room");
  out->len += bound - z->avail_out;
  return 0;
}

static int
corrupt (StokerError *err, const char *what)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "gzip: %s", what);
}

static int
too_large (StokerError *err, size_t max_out)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "gzip: more than the allowed %zu bytes come out", max_out);
}

/* Inflates one member; the output may grow up to `limit`. */
static int
inflate_member (z_stream *z, StokerBuf *out, size_t limit, size_t max_out, StokerError *err)
{
  for (size_t room = FIRST_OUT;; room *= 2) {
    uint8_t spare; /* one byte beyond the limit tells "just fits" from "too large" */
    bool full = out->len == limit;
    size_t step = limit - out->len < room ? limit - out->len : room;
    int rc;
    z->next_out = full ? &spare : stoker_buf_reserve (out, step);
    z->avail_out = full ? 1 : (uInt)step;
    rc = inflate (z, Z_NO_FLUSH);
    if (full && z->avail_out == 0)
      return too_large (err, max_out);
    if (!full)
      out->len += step - z->avail_out;
    if (rc == Z_STREAM_END)
      return 0;
    if (rc == Z_BUF_ERROR || (rc == Z_OK && z->avail_in == 0 && z->avail_out > 0))
      return corrupt (err, "the stream is cut off");
    if (rc != Z_OK)
      return corrupt (err, z->msg ? z->msg : "the stream is damaged");
    if (room > SIZE_MAX / 4 || room > UINT32_MAX / 4)
      room /= 2;
  }
}

static int
decompress_gzip (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                 StokerBuf *out, StokerError *err)
{
  Ctx *c = ctx;
  size_t start = out->len, limit = max_out > SIZE_MAX - start ? SIZE_MAX : start + max_out;

  if (len == 0 || len > UINT32_MAX)
    return corrupt (err, len ? "the stream is too long" : "the stream is empty");
  if (!c->in_ready && inflateInit2 (&c->in, GZIP_WINDOW) != Z_OK)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "gzip: inflate cannot begin");
  c->in_ready = true;
  c->in.next_in = (Bytef *)in;
  c->in.avail_in = (uInt)len;
  do {
    if (inflateReset (&c->in) != Z_OK || inflate_member (&c->in, out, limit, max_out, err) != 0) {
      out->len = start;
      return -1;
    }
  } while (c->in.avail_in > 0);
  return 0;
}

static const StokerCodecOps ops = {
  .head = { sizeof (StokerCodecOps), STOKER_CODEC_VERSION },
  .id = 1,
  .ctx_new = ctx_new,
  .ctx_free = ctx_free,
  .compress = compress_gzip,
  .decompress = decompress_gzip,
};

STOKER_MODULE (codec, gzip, .version = "1.0", .licence = "Apache-2.0",
               .summary = "gzip compression of record batches (zlib)", .threads = STOKER_THREADS_PARALLEL, .ops = &ops,
               .ops_size = sizeof ops);
