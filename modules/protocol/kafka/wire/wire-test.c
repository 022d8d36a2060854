/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/protocol/kafka/wire/wire-test.h"

#include <inttypes.h>

/* splitmix64: a seed gives the same messages on every machine. */
uint64_t
km_random_next (KmRandom *g)
{
  uint64_t z = (g->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

bool
km_random_bool (KmRandom *g)
{
  return km_random_next (g) & 1;
}

/* Edges of the range are as likely as everything between. */
static int64_t
edgy (KmRandom *g, int64_t min, int64_t max)
{
  switch (km_random_next (g) % 8) {
  case 0:
    return min;
  case 1:
    return max;
  case 2:
    return 0;
  case 3:
    return -1;
  default:
    return (int64_t)km_random_next (g);
  }
}

int8_t
km_random_i8 (KmRandom *g)
{
  return (int8_t)edgy (g, INT8_MIN, INT8_MAX);
}

int16_t
km_random_i16 (KmRandom *g)
{
  return (int16_t)edgy (g, INT16_MIN, INT16_MAX);
}

int32_t
km_random_i32 (KmRandom *g)
{
  return (int32_t)edgy (g, INT32_MIN, INT32_MAX);
}

int64_t
km_random_i64 (KmRandom *g)
{
  return edgy (g, INT64_MIN, INT64_MAX);
}

double
km_random_f64 (KmRandom *g)
{
  return (double)(int32_t)km_random_next (g) / 16;
}

StokerUuid
km_random_uuid (KmRandom *g)
{
  StokerUuid u;
  for (size_t i = 0; i < sizeof u.b; i++)
    u.b[i] = (uint8_t)km_random_next (g);
  return u;
}

static size_t
random_length (KmRandom *g)
{
  uint64_t v = km_random_next (g);
  return v % 16 == 0 ? 100 + v / 16 % 100 : v % 16 < 3 ? 0 : v / 16 % 12;
}

StokerStr
km_random_str (KmRandom *g, bool nullable, StokerArena *arena)
{
  StokerBytes b = km_random_bytes (g, nullable, arena);
  for (size_t i = 0; i < b.len; i++)
    b.data[i] = (uint8_t)('a' + b.data[i] % 26);
  return (StokerStr){ (char *)b.data, b.len };
}

StokerBytes
km_random_bytes (KmRandom *g, bool nullable, StokerArena *arena)
{
  if (nullable && km_random_next (g) % 4 == 0)
    return STOKER_BYTES_NULL;
  StokerBytes b = { .len = random_length (g) };
  b.data = stoker_arena_alloc (arena, b.len);
  for (size_t i = 0; i < b.len; i++)
    b.data[i] = (uint8_t)km_random_next (g);
  return b;
}

StokerRecords
km_random_records (KmRandom *g, bool nullable, StokerArena *arena)
{
  StokerRecords v = { .is_null = true };
  StokerBytes b = km_random_bytes (g, nullable, arena);
  if (b.data == NULL)
    return v;
  v.slices = stoker_arena_calloc (arena, 1, sizeof *v.slices);
  v.slices[0] = (StokerSlice){ .kind = STOKER_SLICE_MEMORY, .u.memory = b.data, .len = b.len };
  v.n_slices = 1;
  v.len = b.len;
  v.is_null = false;
  return v;
}

int32_t
km_random_count (KmRandom *g, bool nullable)
{
  if (nullable && km_random_next (g) % 4 == 0)
    return -1;
  return (int32_t)(km_random_next (g) % 4);
}

#define RANDOM_ARRAY(name, type, expr)                                                                                 \
  type *km_random_##name##_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n)                          \
  {                                                                                                                    \
    *n = km_random_count (g, nullable);                                                                                \
    if (*n <= 0)                                                                                                       \
      return NULL;                                                                                                     \
    type *v = stoker_arena_calloc (arena, (size_t)*n, sizeof *v);                                                      \
    for (int32_t i = 0; i < *n; i++)                                                                                   \
      v[i] = expr;                                                                                                     \
    return v;                                                                                                          \
  }
RANDOM_ARRAY (i8, int8_t, km_random_i8 (g))
RANDOM_ARRAY (i16, int16_t, km_random_i16 (g))
RANDOM_ARRAY (i32, int32_t, km_random_i32 (g))
RANDOM_ARRAY (i64, int64_t, km_random_i64 (g))
RANDOM_ARRAY (str, StokerStr, km_random_str (g, false, arena))
RANDOM_ARRAY (uuid, StokerUuid, km_random_uuid (g))

void
km_dump_begin (StokerBuf *b)
{
  stoker_buf_append (b, "{", 1);
}

void
km_dump_end (StokerBuf *b)
{
  stoker_buf_append (b, "}", 1);
}

bool
km_dump_name (StokerBuf *b, bool more, const char *name)
{
  km_dump_comma (b, more);
  stoker_buf_printf (b, "\"%s\":", name);
  return true;
}

void
km_dump_open (StokerBuf *b, int32_t n)
{
  if (n >= 0)
    stoker_buf_append (b, "[", 1);
  else
    km_dump_null (b);
}

void
km_dump_comma (StokerBuf *b, bool more)
{
  if (more)
    stoker_buf_append (b, ",", 1);
}

void
km_dump_close (StokerBuf *b, int32_t n)
{
  if (n >= 0)
    stoker_buf_append (b, "]", 1);
}

void
km_dump_null (StokerBuf *b)
{
  stoker_buf_append (b, "null", 4);
}

void
km_dump_bool (StokerBuf *b, bool v)
{
  stoker_buf_printf (b, "%s", v ? "true" : "false");
}

void
km_dump_i8 (StokerBuf *b, int8_t v)
{
  km_dump_i64 (b, v);
}

void
km_dump_i16 (StokerBuf *b, int16_t v)
{
  km_dump_i64 (b, v);
}

void
km_dump_i32 (StokerBuf *b, int32_t v)
{
  km_dump_i64 (b, v);
}

void
km_dump_i64 (StokerBuf *b, int64_t v)
{
  stoker_buf_printf (b, "%" PRId64, v);
}

void
km_dump_f64 (StokerBuf *b, double v)
{
  stoker_buf_printf (b, "%.17g", v);
}

void
km_dump_uuid (StokerBuf *b, StokerUuid v)
{
  char text[STOKER_UUID_TEXT];
  stoker_uuid_format (v, text);
  stoker_buf_printf (b, "\"%s\"", text);
}

void
km_dump_str (StokerBuf *b, StokerStr v)
{
  if (!v.data) {
    km_dump_null (b);
    return;
  }
  stoker_buf_append (b, "\"", 1);
  for (size_t i = 0; i < v.len; i++) {
    unsigned char c = (unsigned char)v.data[i];
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
      stoker_buf_printf (b, "\\u00%02x", c);
    else
      stoker_buf_append (b, &c, 1);
  }
  stoker_buf_append (b, "\"", 1);
}

static void
dump_hex (StokerBuf *b, const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    stoker_buf_printf (b, "%02x", p[i]);
}

void
km_dump_bytes (StokerBuf *b, StokerBytes v)
{
  if (!v.data) {
    km_dump_null (b);
    return;
  }
  stoker_buf_append (b, "\"", 1);
  dump_hex (b, v.data, v.len);
  stoker_buf_append (b, "\"", 1);
}

void
km_dump_records (StokerBuf *b, const StokerRecords *v)
{
  if (v->is_null) {
    km_dump_null (b);
    return;
  }
  stoker_buf_append (b, "\"", 1);
  for (size_t i = 0; i < v->n_slices; i++) {
    const StokerSlice *s = &v->slices[i];
    if (s->kind == STOKER_SLICE_MEMORY)
      dump_hex (b, s->u.memory, s->len);
    else if (s->kind == STOKER_SLICE_BLOCK)
      dump_hex (b, stoker_block_data (s->u.block) + s->pos, s->len);
    else
      stoker_buf_printf (b, "<%zu bytes of a file>", s->len);
  }
  stoker_buf_append (b, "\"", 1);
}
