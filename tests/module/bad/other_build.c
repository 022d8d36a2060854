/* SPDX-License-Identifier: Apache-2.0
 *
 * Of a kind that is not stable, and built against another release. */
#define NAME other_build
#define SYMBOL_KIND codec
#define KIND STOKER_KIND_CODEC
#define BUILD_ID "stoker-0.0-elsewhere"
#define OPS &ops, .ops_size = sizeof ops
#include <stoker/codec.h>
static int
squeeze (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags, StokerBuf *out,
         StokerError *err)
{
  return 0;
}
static int
expand (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags, StokerBuf *out,
        StokerError *err)
{
  return 0;
}
static const StokerCodecOps ops
    = { .head = { sizeof ops, STOKER_CODEC_VERSION }, .id = 7, .compress = squeeze, .decompress = expand };
#include "bad.h"
