/* SPDX-License-Identifier: Apache-2.0
 *
 * Codec snappy. Java clients (and we) write the xerial stream: a header of 16 bytes, then blocks, each a big-endian
 * length and a raw snappy block of at most 32 KiB input. librdkafka and others write one bare block. Both are read; the
 * header's magic tells them apart, since no bare block begins with it (it would claim an impossible first element).
 * The library is loaded by the first thread that meets snappy, and then stays: it brings C++'s, which would take more
 * than a megabyte of every broker.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/codec.h>
#include <stoker/host.h>

#include <dlfcn.h>
#include <snappy-c.h>
#include <stdlib.h>

#define SNAPPY_SONAME "libsnappy.so.1" /* its first and only binary interface */
#define BLOCK 32768u
#define HEAD 16u

/* Magic, then version and lowest compatible version, both 1. */
static const uint8_t xerial_head[HEAD] = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1 };

/* What is used of the library. */
typedef struct Lib
{
  __typeof__ (snappy_compress) *compress;
  __typeof__ (snappy_uncompress) *uncompress;
  __typeof__ (snappy_max_compressed_length) *max_compressed_length;
  __typeof__ (snappy_uncompressed_length) *uncompressed_length;
} Lib;

static void *
ctx_new (StokerInstance *self)
{
  void *so = dlopen (SNAPPY_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  Lib lib, *ctx;

  if (so == NULL) {
    stoker_log (self, STOKER_LOG_ERROR, "codec.library", "snappy batches cannot be read: %s; install libsnappy",
                dlerror ());
    return NULL;
  }
  *(void **)&lib.compress = dlsym (so, "snappy_compress");
  *(void **)&lib.uncompress = dlsym (so, "snappy_uncompress");
  *(void **)&lib.max_compressed_length = dlsym (so, "snappy_max_compressed_length");
  *(void **)&lib.uncompressed_length = dlsym (so, "snappy_uncompressed_length");
  (void)dlclose (so);
  if (!lib.compress || !lib.uncompress || !lib.max_compressed_length || !lib.uncompressed_length
      || (ctx = malloc (sizeof *ctx)) == NULL)
    return NULL;
  *ctx = lib;
  return ctx;
}

static void
ctx_free (StokerInstance *self, void *ctx)
{
  free (ctx);
}

static int
no_library (StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_FAILED, "snappy: " SNAPPY_SONAME " cannot be loaded");
}

static uint32_t
get_be32 (const uint8_t *p)
{
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_be32 (uint8_t *p, uint32_t v)
{
  p[0] = (uint8_t)(v >> 24);
  p[1] = (uint8_t)(v >> 16);
  p[2] = (uint8_t)(v >> 8);
  p[3] = (uint8_t)v;
}

static int
compress_snappy (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
                 StokerBuf *out, StokerError *err)
{
  const Lib *lib = ctx;
  size_t start = out->len;

  if (lib == NULL)
    return no_library (err);
  stoker_buf_append (out, xerial_head, HEAD);
  while (len > 0) {
    size_t n = len < BLOCK ? len : BLOCK, packed = lib->max_compressed_length (n);
    uint8_t *at = stoker_buf_reserve (out, packed + 4);
    if (lib->compress ((const char *)in, n, (char *)at + 4, &packed) != SNAPPY_OK) {
      out->len = start;
      return stoker_error_set (err, STOKER_ERROR_FAILED, "snappy: a block of %zu bytes cannot be compressed", n);
    }
    put_be32 (at, (uint32_t)packed);
    out->len += packed + 4;
    in += n;
    len -= n;
  }
  return 0;
}

/* One raw block; `left`: how much may come out. */
static int
decompress_block (const Lib *lib, const uint8_t *in, size_t len, size_t left, StokerBuf *out, StokerError *err)
{
  size_t n;

  if (lib->uncompressed_length ((const char *)in, len, &n) != SNAPPY_OK)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: a block does not begin with its length");
  if (n > left)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: a block of %zu bytes, but only %zu more are allowed",
                             n, left);
  /* Nothing that snappy writes expands more than 64 bytes from 3; a larger claim is a lie not worth the memory. */
  if (n / 32 > len)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: %zu bytes claim to hold %zu", len, n);
  if (lib->uncompress ((const char *)in, len, (char *)stoker_buf_reserve (out, n), &n) != SNAPPY_OK)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: a block is damaged");
  out->len += n;
  return 0;
}

static int
decompress_xerial (const Lib *lib, const uint8_t *in, size_t len, size_t max_out, StokerBuf *out, StokerError *err)
{
  size_t start = out->len;

  while (len > 0) {
    uint32_t n;
    if (len >= HEAD && memcmp (in, xerial_head, 8) == 0) {
      /* The first header, or that of a stream appended to it. */
      in += HEAD;
      len -= HEAD;
      continue;
    }
    if (len < 4)
      return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: the stream is cut off in a length");
    n = get_be32 (in);
    if (n > len - 4)
      return stoker_error_set (err, STOKER_ERROR_CORRUPT, "snappy: the stream is cut off in a block");
    if (decompress_block (lib, in + 4, n, max_out - (out->len - start), out, err) != 0)
      return -1;
    in += n + 4;
    len -= n + 4;
  }
  return 0;
}

static int
decompress_snappy (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                   StokerBuf *out, StokerError *err)
{
  const Lib *lib = ctx;
  size_t start = out->len;
  int rc;

  if (lib == NULL)
    return no_library (err);
  if (len >= HEAD && memcmp (in, xerial_head, 8) == 0)
    rc = decompress_xerial (lib, in, len, max_out, out, err);
  else
    rc = decompress_block (lib, in, len, max_out, out, err);
  if (rc != 0)
    out->len = start;
  return rc;
}

static const StokerCodecOps ops = {
  .head = { sizeof (StokerCodecOps), STOKER_CODEC_VERSION },
  .id = 2,
  .ctx_new = ctx_new,
  .ctx_free = ctx_free,
  .compress = compress_snappy,
  .decompress = decompress_snappy,
};

STOKER_MODULE (codec, snappy, .version = "1.0", .licence = "Apache-2.0",
               .summary = "snappy compression of record batches, in the framing of Java clients or bare",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
