/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `codec`: compresses and decompresses the records of one batch (kafka-facts 4.3). Unstable interface.
 */
#ifndef STOKER_CODEC_H
#define STOKER_CODEC_H

#include <stoker/memory.h>
#include <stoker/module.h>

STOKER_BEGIN_DECLS

#define STOKER_CODEC_VERSION 1u

enum
{
  STOKER_CODEC_LEGACY = 1, /* the framing of magic 0 messages (differs for lz4 only) */
};

typedef struct StokerCodecOps
{
  StokerOpsHead head;
  int32_t id; /* the codec bits of a batch's attributes: 1 gzip, 2 snappy, 3 lz4, 4 zstd */

  /* A context with the working memory of one thread's use; NULL: the codec needs none. Any thread. */
  void *(*ctx_new) (StokerInstance *self);
  void (*ctx_free) (StokerInstance *self, void *ctx);

  /* Appends the compressed form of in[0..len) to *out. level: the topic's setting, INT32_MIN for the codec's default.
   * 0, or -1 with *err. One call at a time per ctx. */
  int (*compress) (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
                   StokerBuf *out, StokerError *err);

  /* Appends the decompressed form to *out, but never more than `max_out` bytes: beyond that it fails with code
   * STOKER_ERROR_CORRUPT and a text that says so, having allocated no more than a small multiple of max_out. */
  int (*decompress) (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                     StokerBuf *out, StokerError *err);
} StokerCodecOps;

STOKER_END_DECLS

#endif
