/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads and stores of big-endian (wire and log) and little-endian (codec framings) integers at any alignment.
 * Thread: pure functions.
 */
#ifndef STK_BYTES_H
#define STK_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define STK_BE16(x) __builtin_bswap16 (x)
#define STK_BE32(x) __builtin_bswap32 (x)
#define STK_BE64(x) __builtin_bswap64 (x)
#define STK_LE32(x) (x)
#define STK_LE64(x) (x)
#else
#define STK_BE16(x) (x)
#define STK_BE32(x) (x)
#define STK_BE64(x) (x)
#define STK_LE32(x) __builtin_bswap32 (x)
#define STK_LE64(x) __builtin_bswap64 (x)
#endif

static inline uint16_t
stk_get_be16 (const void *p)
{
  uint16_t v;
  memcpy (&v, p, sizeof v);
  return STK_BE16 (v);
}

static inline uint32_t
stk_get_be32 (const void *p)
{
  uint32_t v;
  memcpy (&v, p, sizeof v);
  return STK_BE32 (v);
}

static inline uint64_t
stk_get_be64 (const void *p)
{
  uint64_t v;
  memcpy (&v, p, sizeof v);
  return STK_BE64 (v);
}

static inline uint32_t
stk_get_le32 (const void *p)
{
  uint32_t v;
  memcpy (&v, p, sizeof v);
  return STK_LE32 (v);
}

static inline uint64_t
stk_get_le64 (const void *p)
{
  uint64_t v;
  memcpy (&v, p, sizeof v);
  return STK_LE64 (v);
}

static inline void
stk_put_be16 (void *p, uint16_t v)
{
  v = STK_BE16 (v);
  memcpy (p, &v, sizeof v);
}

static inline void
stk_put_be32 (void *p, uint32_t v)
{
  v = STK_BE32 (v);
  memcpy (p, &v, sizeof v);
}

static inline void
stk_put_be64 (void *p, uint64_t v)
{
  v = STK_BE64 (v);
  memcpy (p, &v, sizeof v);
}

static inline void
stk_put_le32 (void *p, uint32_t v)
{
  v = STK_LE32 (v);
  memcpy (p, &v, sizeof v);
}

#endif
