/* SPDX-License-Identifier: Apache-2.0
 *
 * Variable-length integers (kafka-facts 1.3): groups of seven bits, lowest first, the high bit says that more follow.
 * Unsigned ones stand in flexible protocol messages, zigzag ones in records. All reads are bounded: they return the
 * place behind the number, or NULL when it is cut off or longer than its type allows. Bits of the last byte that lie
 * beyond the type are dropped, as Kafka does.
 * Thread: pure functions.
 */
#ifndef STK_VARINT_H
#define STK_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define STK_VARINT32_MAX 5 /* bytes of the longest 32-bit one */
#define STK_VARINT64_MAX 10

static inline uint32_t
stk_zigzag32 (int32_t v)
{
  return (uint32_t)v << 1 ^ (uint32_t)(v >> 31);
}

static inline int32_t
stk_unzigzag32 (uint32_t v)
{
  return (int32_t)(v >> 1 ^ (0u - (v & 1)));
}

static inline uint64_t
stk_zigzag64 (int64_t v)
{
  return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t
stk_unzigzag64 (uint64_t v)
{
  return (int64_t)(v >> 1 ^ (0u - (v & 1)));
}

/* The general case, out of line: it is rare, and inlining it would push the frequent ones out of registers. */
static __attribute__ ((noinline, unused)) const uint8_t *
stk_uvarint_get_slow (const uint8_t *p, const uint8_t *end, int bits, uint64_t *out)
{
  uint64_t v = 0;

  for (int shift = 0; shift < bits && p < end; shift += 7) {
    uint8_t b = *p++;
    v |= (uint64_t)(b & 0x7f) << shift;
    if (b < 0x80) {
      *out = v;
      return p;
    }
  }
  return NULL;
}

/* Numbers of one and two bytes are by far the most frequent. */
static inline const uint8_t *
stk_uvarint_get (const uint8_t *p, const uint8_t *end, int bits, uint64_t *out)
{
  if (end - p >= 2) {
    uint8_t first = p[0], second = p[1];
    if (first < 0x80) {
      *out = first;
      return p + 1;
    }
    if (second < 0x80) {
      *out = (uint64_t)(first & 0x7f) | (uint64_t)second << 7;
      return p + 2;
    }
  }
  return stk_uvarint_get_slow (p, end, bits, out);
}

static inline const uint8_t *
stk_uvarint32_get (const uint8_t *p, const uint8_t *end, uint32_t *out)
{
  uint64_t v;

  p = stk_uvarint_get (p, end, 35, &v);
  if (p != NULL)
    *out = (uint32_t)v;
  return p;
}

static inline const uint8_t *
stk_uvarint64_get (const uint8_t *p, const uint8_t *end, uint64_t *out)
{
  return stk_uvarint_get (p, end, 70, out);
}

static inline const uint8_t *
stk_varint32_get (const uint8_t *p, const uint8_t *end, int32_t *out)
{
  uint32_t v;
  p = stk_uvarint32_get (p, end, &v);
  if (p != NULL)
    *out = stk_unzigzag32 (v);
  return p;
}

static inline const uint8_t *
stk_varint64_get (const uint8_t *p, const uint8_t *end, int64_t *out)
{
  uint64_t v;
  p = stk_uvarint64_get (p, end, &v);
  if (p != NULL)
    *out = stk_unzigzag64 (v);
  return p;
}

/* The writers need STK_VARINT32_MAX or STK_VARINT64_MAX bytes of room and return the place behind the number. */
static inline uint8_t *
stk_uvarint64_put (uint8_t *p, uint64_t v)
{
  while (v >= 0x80) {
    *p++ = (uint8_t)(v | 0x80);
    v >>= 7;
  }
  *p++ = (uint8_t)v;
  return p;
}

static inline uint8_t *
stk_uvarint32_put (uint8_t *p, uint32_t v)
{
  return stk_uvarint64_put (p, v);
}

static inline uint8_t *
stk_varint32_put (uint8_t *p, int32_t v)
{
  return stk_uvarint64_put (p, stk_zigzag32 (v));
}

static inline uint8_t *
stk_varint64_put (uint8_t *p, int64_t v)
{
  return stk_uvarint64_put (p, stk_zigzag64 (v));
}

/* How many bytes the number takes. */
static inline size_t
stk_uvarint64_size (uint64_t v)
{
  return (size_t)(70 - __builtin_clzll (v | 1)) / 7;
}

static inline size_t
stk_uvarint32_size (uint32_t v)
{
  return stk_uvarint64_size (v);
}

static inline size_t
stk_varint32_size (int32_t v)
{
  return stk_uvarint64_size (stk_zigzag32 (v));
}

static inline size_t
stk_varint64_size (int64_t v)
{
  return stk_uvarint64_size (stk_zigzag64 (v));
}

#endif
