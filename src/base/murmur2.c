/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/partitioner.h>

#include "base/bytes.h"

#define SEED 0x9747b28cu
#define M 0x5bd1e995u
#define R 24

uint32_t
stoker_hash_murmur2 (const void *data, size_t len)
{
  const uint8_t *p = data;
  uint32_t h = SEED ^ (uint32_t)len;

  for (; len >= 4; p += 4, len -= 4) {
    uint32_t k = stk_get_le32 (p) * M;
    k = (k ^ k >> R) * M;
    h = h * M ^ k;
  }
  switch (len) {
  case 3:
    h ^= (uint32_t)p[2] << 16;
    /* fall through */
  case 2:
    h ^= (uint32_t)p[1] << 8;
    /* fall through */
  case 1:
    h = (h ^ p[0]) * M;
  }
  h = (h ^ h >> 13) * M;
  return h ^ h >> 15;
}
