/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that modules and the core share: an arena that lives as long as one request, a growable buffer, and a
 * counted block of bytes. None of them is locked: one owner at a time, except that a StokerBlock's count may be
 * changed from any thread.
 *
 * Sizes that come from a peer are checked against a bound by whoever decodes them, before anything is allocated
 * here; a failed allocation below that bound ends the process, as GLib does.
 */
#ifndef STOKER_MEMORY_H
#define STOKER_MEMORY_H

#include <stoker/types.h>

STOKER_BEGIN_DECLS

/* An arena: many small allocations, freed all at once. */
typedef struct StokerArena StokerArena;

/* A new arena; `first` bytes are reserved at once (0: 2 KiB). The caller frees it with stoker_arena_free. */
STOKER_EXPORT StokerArena *stoker_arena_new (size_t first);
/* Frees the arena and everything allocated from it. NULL is allowed. */
STOKER_EXPORT void stoker_arena_free (StokerArena *a);
/* Gives back everything allocated from it but keeps its first chunk for the next use. */
STOKER_EXPORT void stoker_arena_reset (StokerArena *a);
/* `n` bytes, aligned for any type, not zeroed; valid until reset or free. n == 0 gives a valid pointer. */
STOKER_EXPORT void *stoker_arena_alloc (StokerArena *a, size_t n);
/* The same, zeroed, for `count` items of `size` bytes; the product must not overflow (asserted). */
STOKER_EXPORT void *stoker_arena_calloc (StokerArena *a, size_t count, size_t size);
/* Copies in the arena; the null string stays null. The copy is followed by a NUL byte that is not counted. */
STOKER_EXPORT StokerStr stoker_arena_str (StokerArena *a, StokerStr s);
STOKER_EXPORT StokerBytes stoker_arena_bytes (StokerArena *a, const void *data, size_t len);
/* printf into the arena. */
STOKER_EXPORT StokerStr stoker_arena_printf (StokerArena *a, const char *fmt, ...) STOKER_PRINTF (2, 3);
/* How many bytes it holds from the system. */
STOKER_EXPORT size_t stoker_arena_size (const StokerArena *a);

/* A growable buffer. Zero-initialised is an empty one. */
typedef struct StokerBuf
{
  uint8_t *data;
  size_t len; /* used */
  size_t cap; /* allocated */
} StokerBuf;

/* Makes room for `n` more bytes behind len and returns where they start; len is not changed. */
STOKER_EXPORT uint8_t *stoker_buf_reserve (StokerBuf *b, size_t n);
STOKER_EXPORT void stoker_buf_append (StokerBuf *b, const void *data, size_t len);
STOKER_EXPORT void stoker_buf_printf (StokerBuf *b, const char *fmt, ...) STOKER_PRINTF (2, 3);
/* Frees the memory and makes it empty again. */
STOKER_EXPORT void stoker_buf_clear (StokerBuf *b);

/* A counted, fixed-size block of bytes. */
typedef struct StokerBlock StokerBlock;

/* A new block of `len` bytes, not zeroed, with one reference. */
STOKER_EXPORT StokerBlock *stoker_block_new (size_t len);
/* A block over `data` which `free_fn (user)` gives back when the last reference is gone (any thread). */
STOKER_EXPORT StokerBlock *stoker_block_wrap (void *data, size_t len, void (*free_fn) (void *user), void *user);
STOKER_EXPORT StokerBlock *stoker_block_ref (StokerBlock *b);
STOKER_EXPORT void stoker_block_unref (StokerBlock *b);
STOKER_EXPORT uint8_t *stoker_block_data (StokerBlock *b);
STOKER_EXPORT size_t stoker_block_len (const StokerBlock *b);

STOKER_END_DECLS

#endif
