/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/memory.h>

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

#define ALIGN 16u
#define FIRST 2048u
#define LARGEST_CHUNK (256u << 10)

typedef struct Chunk
{
  struct Chunk *next; /* older chunk */
  size_t size;        /* bytes behind this header */
  size_t used;
  size_t pad; /* keeps what follows aligned */
} Chunk;

struct StokerArena
{
  Chunk *top;
  size_t held;
};

static Chunk *
chunk_new (size_t size)
{
  Chunk *c = g_malloc (sizeof *c + size);

  c->next = NULL;
  c->size = size;
  c->used = 0;
  return c;
}

StokerArena *
stoker_arena_new (size_t first)
{
  StokerArena *a = g_new (StokerArena, 1);

  a->top = chunk_new (first ? first : FIRST);
  a->held = a->top->size;
  return a;
}

void
stoker_arena_free (StokerArena *a)
{
  if (a == NULL)
    return;
  for (Chunk *c = a->top, *next; c; c = next) {
    next = c->next;
    g_free (c);
  }
  g_free (a);
}

void
stoker_arena_reset (StokerArena *a)
{
  while (a->top->next) {
    Chunk *c = a->top;
    a->top = c->next;
    a->held -= c->size;
    g_free (c);
  }
  a->top->used = 0;
}

void *
stoker_arena_alloc (StokerArena *a, size_t n)
{
  Chunk *c = a->top;
  size_t need = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  void *p;

  g_assert (need >= n);
  if (need > c->size - c->used) {
    size_t size = MIN (c->size * 2, LARGEST_CHUNK);
    c = chunk_new (MAX (size, need));
    c->next = a->top;
    a->top = c;
    a->held += c->size;
  }
  p = (uint8_t *)(c + 1) + c->used;
  c->used += need;
  return p;
}

void *
stoker_arena_calloc (StokerArena *a, size_t count, size_t size)
{
  g_assert (size == 0 || count <= SIZE_MAX / 2 / size);
  return memset (stoker_arena_alloc (a, count * size), 0, count * size);
}

StokerStr
stoker_arena_str (StokerArena *a, StokerStr s)
{
  char *p;

  if (s.data == NULL)
    return s;
  p = stoker_arena_alloc (a, s.len + 1);
  memcpy (p, s.data, s.len);
  p[s.len] = '\0';
  return (StokerStr){ p, s.len };
}

StokerBytes
stoker_arena_bytes (StokerArena *a, const void *data, size_t len)
{
  uint8_t *p;

  if (data == NULL)
    return STOKER_BYTES_NULL;
  p = stoker_arena_alloc (a, len);
  memcpy (p, data, len);
  return (StokerBytes){ p, len };
}

StokerStr
stoker_arena_printf (StokerArena *a, const char *fmt, ...)
{
  va_list ap, again;
  char *p;
  int n;

  va_start (ap, fmt);
  va_copy (again, ap);
  n = vsnprintf (NULL, 0, fmt, ap);
  va_end (ap);
  g_assert (n >= 0);
  p = stoker_arena_alloc (a, (size_t)n + 1);
  (void)vsnprintf (p, (size_t)n + 1, fmt, again);
  va_end (again);
  return (StokerStr){ p, (size_t)n };
}

size_t
stoker_arena_size (const StokerArena *a)
{
  return a->held;
}
