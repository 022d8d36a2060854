/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C. The crc32 instruction has a latency of three cycles and a throughput of one, so three streams run side by
 * side and are joined by carry-less multiplication: to append B bytes to a register is to multiply it by x^8B mod P.
 * The processor is asked at every call (a load and a test); nothing is remembered.
 */
#include <stoker/record.h>

#include "base/crc.h"
#include "base/crc32c_table.h"
#include "base/slice8.h"

uint32_t
stk_crc32c_soft (uint32_t crc, const void *data, size_t len)
{
  return ~stk_slice8 (crc32c_table, ~crc, data, len);
}

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__ ((target ("sse4.2,pclmul")))
#define LONG 4096u
#define SHORT 256u
/* x^(8B-33) mod P, bits reflected, for one and two blocks; the crc32 instruction that follows supplies the rest. */
#define LONG_1 0x82f89c77u
#define LONG_2 0x54a86326u
#define SHORT_1 0xb9e02b86u
#define SHORT_2 0xdd7e3b0cu

TARGET static inline uint64_t
load (const uint8_t *p)
{
  uint64_t v;
  memcpy (&v, p, sizeof v);
  return v;
}

TARGET static inline uint64_t
advance (uint64_t crc, uint32_t k)
{
  __m128i product = _mm_clmulepi64_si128 (_mm_cvtsi64_si128 ((long long)crc), _mm_cvtsi32_si128 ((int)k), 0);
  return _mm_crc32_u64 (0, (uint64_t)_mm_cvtsi128_si64 (product));
}

TARGET static inline uint64_t
three (uint64_t a, const uint8_t *p, size_t block, uint32_t k1, uint32_t k2)
{
  const uint8_t *end = p + block;
  uint64_t b = 0, c = 0;

  for (; p < end; p += 16) {
    a = _mm_crc32_u64 (a, load (p));
    b = _mm_crc32_u64 (b, load (p + block));
    c = _mm_crc32_u64 (c, load (p + 2 * block));
    a = _mm_crc32_u64 (a, load (p + 8));
    b = _mm_crc32_u64 (b, load (p + block + 8));
    c = _mm_crc32_u64 (c, load (p + 2 * block + 8));
  }
  return advance (a, k2) ^ advance (b, k1) ^ c;
}

TARGET static uint32_t
crc32c_sse (uint32_t start, const uint8_t *p, size_t len)
{
  uint64_t crc = ~start;

  for (; len >= 3 * LONG; p += 3 * LONG, len -= 3 * LONG)
    crc = three (crc, p, LONG, LONG_1, LONG_2);
  for (; len >= 3 * SHORT; p += 3 * SHORT, len -= 3 * SHORT)
    crc = three (crc, p, SHORT, SHORT_1, SHORT_2);
  for (; len >= 8; p += 8, len -= 8)
    crc = _mm_crc32_u64 (crc, load (p));
  for (; len > 0; p++, len--)
    crc = _mm_crc32_u8 ((uint32_t)crc, *p);
  return ~(uint32_t)crc;
}
#endif

uint32_t
stoker_crc32c (uint32_t crc, const void *data, size_t len)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports ("sse4.2") && __builtin_cpu_supports ("pclmul"))
    return crc32c_sse (crc, data, len);
#endif
  return stk_crc32c_soft (crc, data, len);
}
