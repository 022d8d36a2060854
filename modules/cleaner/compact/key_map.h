/* SPDX-License-Identifier: Apache-2.0
 *
 * The newest offset of each key, in a table of fixed size: 24 bytes a key, whatever its length. Keys are known by a
 * 128-bit hash, SipHash-2-4 under a key that is drawn for each table: nobody can prepare two keys that meet, and by
 * chance two of a billion do with a probability of 10^-21. (Kafka uses MD5, for which such keys can be computed, at
 * five times the cost.) Not locked.
 */
#ifndef COMPACT_KEY_MAP_H
#define COMPACT_KEY_MAP_H

#include <stoker/types.h>

typedef struct KeyHash
{
  uint64_t hi, lo;
} KeyHash;

typedef struct KeySlot
{
  KeyHash hash;
  int64_t offset; /* + 1; 0: free */
} KeySlot;

typedef struct KeyMap
{
  uint64_t secret[2];
  KeySlot *slots;
  size_t n;     /* home places */
  size_t extra; /* places behind the last home place, for what was pushed there */
  size_t used, limit;
  void *memory; /* of a large table; NULL: slots were allocated */
  size_t mapped;
} KeyMap;

/* SipHash-2-4 with 128 bits of output. */
KeyHash key_hash (const uint64_t secret[2], const void *data, size_t len);

/* Room for about bytes / 24 keys times load (0 to 1); false: not even for one. */
bool key_map_init (KeyMap *m, size_t bytes, double load, const uint64_t secret[2]);
void key_map_clear (KeyMap *m);
/* Begins to load the place where it may be: a hint for later calls. */
void key_map_prefetch (const KeyMap *m, const KeyHash *h);
/* Sets the offset of a key, which only grows; false: it is new and the table is full. */
bool key_map_put (KeyMap *m, const KeyHash *h, int64_t offset);
/* The newest offset; -1: the key is not there. */
int64_t key_map_get (const KeyMap *m, const KeyHash *h);

#endif
