/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear probing in the order of the hashes: a key's home is hash.hi * n / 2^64, so slots that
 * stand one after the other are sorted by hash, and a search for a key that is not there ends at the first larger one
 * rather than at a free place. That keeps it short at a load of 0.9.
 */
#include "key_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* ---- SipHash-2-4 (Aumasson, Bernstein; public domain algorithm), output of 128 bits */
#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND                                                                                                          \
  do {                                                                                                                 \
    v0 += v1;                                                                                                          \
    v1 = ROTL (v1, 13);                                                                                                \
    v1 ^= v0;                                                                                                          \
    v0 = ROTL (v0, 32);                                                                                                \
    v2 += v3;                                                                                                          \
    v3 = ROTL (v3, 16);                                                                                                \
    v3 ^= v2;                                                                                                          \
    v0 += v3;                                                                                                          \
    v3 = ROTL (v3, 21);                                                                                                \
    v3 ^= v0;                                                                                                          \
    v2 += v1;                                                                                                          \
    v1 = ROTL (v1, 17);                                                                                                \
    v1 ^= v2;                                                                                                          \
    v2 = ROTL (v2, 32);                                                                                                \
  } while (0)

static inline uint64_t
load_le (const uint8_t *p, size_t n)
{
  uint64_t v = 0;

  for (size_t i = 0; i < n; i++)
    v |= (uint64_t)p[i] << (8 * i);
  return v;
}

KeyHash
key_hash (const uint64_t secret[2], const void *data, size_t len)
{
  uint64_t v0 = secret[0] ^ 0x736f6d6570736575u, v1 = secret[1] ^ 0x646f72616e646f6du ^ 0xee;
  uint64_t v2 = secret[0] ^ 0x6c7967656e657261u, v3 = secret[1] ^ 0x7465646279746573u;
  const uint8_t *p = data;
  uint64_t word;
  KeyHash h;

  for (size_t left = len; left >= 8; left -= 8, p += 8) {
    word = load_le (p, 8);
    v3 ^= word;
    ROUND;
    ROUND;
    v0 ^= word;
  }
  word = (uint64_t)len << 56 | load_le (p, len % 8);
  v3 ^= word;
  ROUND;
  ROUND;
  v0 ^= word;
  v2 ^= 0xee;
  ROUND;
  ROUND;
  ROUND;
  ROUND;
  h.hi = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xdd;
  ROUND;
  ROUND;
  ROUND;
  ROUND;
  h.lo = v0 ^ v1 ^ v2 ^ v3;
  return h;
}

/* ---- the table */

/* Every access goes to a page of its own: with large pages most of what a look-up waits for, the walk to the page, is
 * gone. The system's memory is zeroed already. */
static bool
take_zeroed (KeyMap *m, size_t bytes)
{
  uint8_t *p;

  if (bytes < 2 * HUGE_PAGE) {
    m->slots = calloc (1, bytes);
    return m->slots != NULL;
  }
  m->mapped = bytes + HUGE_PAGE;
  p = mmap (NULL, m->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return false;
  m->memory = p;
  p += (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
  (void)madvise (p, bytes, MADV_HUGEPAGE); /* a system without them serves small ones */
  m->slots = (KeySlot *)(void *)p;
  return true;
}

bool
key_map_init (KeyMap *m, size_t bytes, double load, const uint64_t secret[2])
{
  size_t slots = bytes / sizeof (KeySlot);

  *m = (KeyMap){ .secret = { secret[0], secret[1] } };
  m->extra = slots / 64 < 64 ? slots / 4 : slots / 64;
  m->n = slots - m->extra;
  m->limit = (size_t)((double)slots * load);
  if (m->limit > m->n)
    m->limit = m->n;
  if (m->limit == 0)
    return false;
  return take_zeroed (m, slots * sizeof (KeySlot));
}

void
key_map_clear (KeyMap *m)
{
  if (m->memory)
    munmap (m->memory, m->mapped);
  else
    free (m->slots);
  *m = (KeyMap){ 0 };
}

static inline size_t
home (const KeyMap *m, const KeyHash *h)
{
  return (size_t)((unsigned __int128)h->hi * m->n >> 64);
}

static inline bool
before (const KeyHash *a, const KeyHash *b)
{
  return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

void
key_map_prefetch (const KeyMap *m, const KeyHash *h)
{
  __builtin_prefetch (&m->slots[home (m, h)]);
}

/* The place where the key is, or would have to be put. */
static inline size_t
place (const KeyMap *m, const KeyHash *h)
{
  size_t i = home (m, h), end = m->n + m->extra;

  while (i < end && m->slots[i].offset != 0 && before (&m->slots[i].hash, h))
    i++;
  return i;
}

static inline bool
is_at (const KeyMap *m, size_t i, const KeyHash *h)
{
  return i < m->n + m->extra && m->slots[i].offset != 0 && m->slots[i].hash.hi == h->hi && m->slots[i].hash.lo == h->lo;
}

bool
key_map_put (KeyMap *m, const KeyHash *h, int64_t offset)
{
  size_t i = place (m, h), end = m->n + m->extra, gap;

  if (is_at (m, i, h)) {
    if (offset + 1 > m->slots[i].offset)
      m->slots[i].offset = offset + 1;
    return true;
  }
  if (m->used >= m->limit)
    return false;
  for (gap = i; gap < end && m->slots[gap].offset != 0;)
    gap++;
  if (gap == end)
    return false;
  memmove (&m->slots[i + 1], &m->slots[i], (gap - i) * sizeof (KeySlot));
  m->slots[i] = (KeySlot){ *h, offset + 1 };
  m->used++;
  return true;
}

int64_t
key_map_get (const KeyMap *m, const KeyHash *h)
{
  size_t i = place (m, h);

  return is_at (m, i, h) ? m->slots[i].offset - 1 : -1;
}
