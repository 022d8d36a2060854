/* SPDX-License-Identifier: Apache-2.0
 *
 * Kafka's wire primitives: see wire.h. Encodings: kafka-facts 1.3.
 */
#include "modules/protocol/kafka/wire/wire.h"

/* What may be allocated for arrays beyond a multiple of the frame: small frames can never reach it, because every
 * element takes at least one byte; a huge frame of one-byte elements would otherwise cost 16 times its size. */
#define BUDGET_BASE (16u << 20)
#define BUDGET_FACTOR 4

void
km_reader_init (KmReader *r, const void *data, size_t len)
{
  r->p = r->start = data;
  r->end = r->p + len;
  r->error = NULL;
  r->error_at = 0;
  r->budget = BUDGET_BASE + BUDGET_FACTOR * len;
}

void
km_reader_fail (KmReader *r, const char *why)
{
  if (!r->error) {
    r->error = why;
    r->error_at = (size_t)(r->p - r->start);
  }
  r->p = r->end;
}

double
km_r_f64 (KmReader *r)
{
  int64_t i = km_r_i64 (r);
  double d;
  memcpy (&d, &i, sizeof d);
  return d;
}

static const uint8_t *
take (KmReader *r, size_t n)
{
  const uint8_t *p = r->p;
  if (KM_UNLIKELY ((size_t)(r->end - r->p) < n)) {
    km_reader_fail (r, "message ends inside a field");
    return NULL;
  }
  r->p += n;
  return p;
}

StokerUuid
km_r_uuid (KmReader *r)
{
  StokerUuid u = { { 0 } };
  const uint8_t *p = take (r, sizeof u.b);
  if (p)
    memcpy (u.b, p, sizeof u.b);
  return u;
}

uint32_t
km_r_uvarint (KmReader *r)
{
  uint32_t v = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (KM_UNLIKELY (r->p == r->end)) {
      km_reader_fail (r, "message ends inside a variable-length number");
      return 0;
    }
    uint8_t b = *r->p++;
    if (shift == 28 && (b & 0xf0)) {
      km_reader_fail (r, "variable-length number does not fit 32 bits");
      return 0;
    }
    v |= (uint32_t)(b & 0x7f) << shift;
    if (!(b & 0x80))
      return v;
  }
  return 0; /* not reached: the fifth byte has no continuation bit */
}

/* A length as it stands before strings (wide == false: 16 bits), bytes and arrays; -1 is null. */
static int64_t
read_length (KmReader *r, bool flex, bool wide, bool nullable)
{
  int64_t n = flex ? (int64_t)km_r_uvarint (r) - 1 : wide ? km_r_i32 (r) : km_r_i16 (r);
  if (KM_UNLIKELY (n < 0)) {
    if (r->error)
      return -1;
    if (n < -1)
      km_reader_fail (r, "negative length");
    else if (!nullable)
      km_reader_fail (r, "null in a field that cannot be null");
    return -1;
  }
  if (KM_UNLIKELY (n > r->end - r->p)) {
    km_reader_fail (r, "length reaches beyond the message");
    return -1;
  }
  return n;
}

StokerStr
km_r_str (KmReader *r, bool flex, bool nullable)
{
  int64_t n = read_length (r, flex, false, nullable);
  if (n < 0)
    return STOKER_STR_NULL;
  if (KM_UNLIKELY (n > INT16_MAX)) {
    km_reader_fail (r, "string longer than 32767 bytes");
    return STOKER_STR_NULL;
  }
  StokerStr s = { (const char *)r->p, (size_t)n };
  r->p += n;
  return s;
}

StokerBytes
km_r_bytes (KmReader *r, bool flex, bool nullable)
{
  int64_t n = read_length (r, flex, true, nullable);
  if (n < 0)
    return STOKER_BYTES_NULL;
  StokerBytes b = { (uint8_t *)(uintptr_t)r->p, (size_t)n };
  r->p += n;
  return b;
}

StokerRecords
km_r_records (KmReader *r, bool flex, bool nullable, StokerArena *arena)
{
  StokerRecords v = { .is_null = true };
  int64_t n = read_length (r, flex, true, nullable);
  if (n < 0)
    return v;
  v.slices = stoker_arena_alloc (arena, sizeof *v.slices);
  v.slices[0] = (StokerSlice){ .kind = STOKER_SLICE_MEMORY, .u.memory = r->p, .pos = 0, .len = (size_t)n };
  v.n_slices = 1;
  v.len = (size_t)n;
  v.is_null = false;
  r->p += n;
  return v;
}

int32_t
km_r_count (KmReader *r, bool flex, bool nullable, size_t min_size, size_t elem_size)
{
  int64_t n = flex ? (int64_t)km_r_uvarint (r) - 1 : km_r_i32 (r);
  if (KM_UNLIKELY (r->error != NULL))
    return 0;
  if (n < 0) {
    if (n < -1)
      km_reader_fail (r, "negative count");
    else if (!nullable)
      km_reader_fail (r, "null in an array that cannot be null");
    return nullable && n == -1 ? -1 : 0;
  }
  if (KM_UNLIKELY ((uint64_t)n > (size_t)(r->end - r->p) / min_size)) {
    km_reader_fail (r, "array count reaches beyond the message");
    return 0;
  }
  size_t bytes = (size_t)n * elem_size;
  if (KM_UNLIKELY (bytes > r->budget)) {
    km_reader_fail (r, "message has too many elements");
    return 0;
  }
  r->budget -= bytes;
  return (int32_t)n;
}

#define READ_ARRAY(name, type, min, expr)                                                                              \
  type *km_r_##name##_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n)                    \
  {                                                                                                                    \
    *n = km_r_count (r, flex, nullable, min, sizeof (type));                                                           \
    if (*n <= 0)                                                                                                       \
      return NULL;                                                                                                     \
    type *v = stoker_arena_alloc (arena, (size_t)*n * sizeof (type));                                                  \
    for (int32_t i = 0; i < *n; i++)                                                                                   \
      v[i] = expr;                                                                                                     \
    return v;                                                                                                          \
  }
READ_ARRAY (i8, int8_t, 1, km_r_i8 (r))
READ_ARRAY (i16, int16_t, 2, km_r_i16 (r))
READ_ARRAY (i32, int32_t, 4, km_r_i32 (r))
READ_ARRAY (i64, int64_t, 8, km_r_i64 (r))
READ_ARRAY (str, StokerStr, (flex ? 1 : 2), km_r_str (r, flex, false))
READ_ARRAY (uuid, StokerUuid, 16, km_r_uuid (r))

void
km_r_skip_tags (KmReader *r)
{
  /* Nearly every tag section is one zero byte. */
  if (r->p != r->end && *r->p == 0) {
    r->p++;
    return;
  }
  KmTags t = km_r_tags (r);
  while (km_r_tag (r, &t))
    ;
}

KmTags
km_r_tags (KmReader *r)
{
  KmTags t = { .left = km_r_uvarint (r), .tag = -1, .end = NULL, .outer = r->end };
  return t;
}

bool
km_r_tag (KmReader *r, KmTags *t)
{
  if (t->end) {
    /* Inside a field the reader ends where the field does, so an overrun was an error already. */
    r->end = t->outer;
    r->p = r->error ? r->end : t->end;
    t->end = NULL;
  }
  if (t->left == 0 || r->error)
    return false;
  t->left--;
  uint32_t tag = km_r_uvarint (r);
  uint32_t size = km_r_uvarint (r);
  if (r->error)
    return false;
  if ((int64_t)tag <= t->tag) {
    km_reader_fail (r, "tagged fields out of order");
    return false;
  }
  if (size > (size_t)(r->end - r->p)) {
    km_reader_fail (r, "tagged field reaches beyond the message");
    return false;
  }
  t->tag = tag;
  t->end = r->end = r->p + size;
  return true;
}

void
km_writer_init (KmWriter *w, StokerOut *out)
{
  w->out = out;
  w->error = NULL;
}

void
km_w_f64 (KmWriter *w, double v)
{
  int64_t i;
  memcpy (&i, &v, sizeof i);
  km_w_i64 (w, i);
}

void
km_w_uuid (KmWriter *w, StokerUuid v)
{
  memcpy (km_w_room (w, sizeof v.b), v.b, sizeof v.b);
}

static unsigned
uvarint_encode (uint8_t out[5], uint32_t v)
{
  unsigned n = 0;
  while (v >= 0x80) {
    out[n++] = (uint8_t)(v | 0x80);
    v >>= 7;
  }
  out[n++] = (uint8_t)v;
  return n;
}

void
km_w_uvarint (KmWriter *w, uint32_t v)
{
  if (v < 0x80) {
    *km_w_room (w, 1) = (uint8_t)v;
    return;
  }
  uint8_t b[5];
  unsigned n = uvarint_encode (b, v);
  memcpy (km_w_room (w, n), b, n);
}

/* wide == false: 16 bits when not flexible. n == -1 is null. */
static void
write_length (KmWriter *w, bool flex, bool wide, int64_t n)
{
  if (flex)
    km_w_uvarint (w, (uint32_t)(n + 1));
  else if (wide)
    km_w_i32 (w, (int32_t)n);
  else
    km_w_i16 (w, (int16_t)n);
}

void
km_w_str (KmWriter *w, bool flex, bool nullable, StokerStr v)
{
  if (KM_UNLIKELY (v.len > INT16_MAX)) {
    w->error = "string longer than 32767 bytes";
    v.len = 0;
  }
  if (v.data == NULL) {
    write_length (w, flex, false, nullable ? -1 : 0);
    return;
  }
  write_length (w, flex, false, (int64_t)v.len);
  if (v.len)
    memcpy (km_w_room (w, v.len), v.data, v.len);
}

void
km_w_bytes (KmWriter *w, bool flex, bool nullable, StokerBytes v)
{
  if (KM_UNLIKELY (v.len > INT32_MAX - 1)) {
    w->error = "bytes longer than 2 GiB";
    v.len = 0;
  }
  if (v.data == NULL) {
    write_length (w, flex, true, nullable ? -1 : 0);
    return;
  }
  write_length (w, flex, true, (int64_t)v.len);
  if (v.len)
    memcpy (km_w_room (w, v.len), v.data, v.len);
}

void
km_w_records (KmWriter *w, bool flex, bool nullable, const StokerRecords *v)
{
  if (v->is_null) {
    write_length (w, flex, true, nullable ? -1 : 0);
    return;
  }
  write_length (w, flex, true, (int64_t)v->len);
  for (size_t i = 0; i < v->n_slices; i++) {
    StokerSlice s = v->slices[i];
    stoker_out_splice (w->out, &s);
  }
}

void
km_w_count (KmWriter *w, bool flex, bool nullable, int32_t n)
{
  write_length (w, flex, true, n < 0 ? (nullable ? -1 : 0) : n);
}

#define WRITE_ARRAY(name, type, stmt)                                                                                  \
  void km_w_##name##_array (KmWriter *w, bool flex, bool nullable, const type *v, int32_t n)                           \
  {                                                                                                                    \
    km_w_count (w, flex, nullable, n);                                                                                 \
    for (int32_t i = 0; i < n; i++)                                                                                    \
      stmt;                                                                                                            \
  }
WRITE_ARRAY (i8, int8_t, km_w_i8 (w, v[i]))
WRITE_ARRAY (i16, int16_t, km_w_i16 (w, v[i]))
WRITE_ARRAY (i32, int32_t, km_w_i32 (w, v[i]))
WRITE_ARRAY (i64, int64_t, km_w_i64 (w, v[i]))
WRITE_ARRAY (str, StokerStr, km_w_str (w, flex, false, v[i]))
WRITE_ARRAY (uuid, StokerUuid, km_w_uuid (w, v[i]))

size_t
km_w_tag_begin (KmWriter *w, uint32_t tag)
{
  km_w_uvarint (w, tag);
  km_w_room (w, 1);
  return w->out->head.len;
}

void
km_w_tag_end (KmWriter *w, size_t mark)
{
  uint8_t b[5];
  size_t size = w->out->head.len - mark;
  unsigned n = uvarint_encode (b, (uint32_t)size);
  /* One byte was left for the size, which is enough for nearly all; no splice ever lies in a tagged field. */
  if (n > 1) {
    km_w_room (w, n - 1);
    memmove (w->out->head.data + mark + n - 1, w->out->head.data + mark, size);
  }
  memcpy (w->out->head.data + mark - 1, b, n);
}

int
km_request_header_version (int16_t key, int16_t version)
{
  const KmApi *a = km_api (key);
  if (key == KM_CONTROLLED_SHUTDOWN && version == 0)
    return 0;
  return a && version >= a->flexible ? 2 : 1;
}

int
km_response_header_version (int16_t key, int16_t version)
{
  const KmApi *a = km_api (key);
  /* ApiVersions: a client must be able to read the answer to a version that the broker does not know. */
  return a && key != KM_API_VERSIONS && version >= a->flexible ? 1 : 0;
}

int
km_request_header_decode (KmReader *r, KmRequestHeader *h)
{
  h->api_key = km_r_i16 (r);
  h->api_version = km_r_i16 (r);
  h->correlation_id = km_r_i32 (r);
  h->client_id = STOKER_STR_NULL;
  int v = km_request_header_version (h->api_key, h->api_version);
  if (v >= 1)
    h->client_id = km_r_str (r, false, true);
  if (v >= 2)
    km_r_skip_tags (r);
  return r->error ? KM_MALFORMED : KM_OK;
}

void
km_request_header_encode (KmWriter *w, const KmRequestHeader *h)
{
  int v = km_request_header_version (h->api_key, h->api_version);
  km_w_i16 (w, h->api_key);
  km_w_i16 (w, h->api_version);
  km_w_i32 (w, h->correlation_id);
  if (v >= 1)
    km_w_str (w, false, true, h->client_id);
  if (v >= 2)
    km_w_uvarint (w, 0);
}

int
km_response_header_decode (KmReader *r, int16_t key, int16_t version, int32_t *correlation_id)
{
  *correlation_id = km_r_i32 (r);
  if (km_response_header_version (key, version) >= 1)
    km_r_skip_tags (r);
  return r->error ? KM_MALFORMED : KM_OK;
}

void
km_response_header_encode (KmWriter *w, int16_t key, int16_t version, int32_t correlation_id)
{
  km_w_i32 (w, correlation_id);
  if (km_response_header_version (key, version) >= 1)
    km_w_uvarint (w, 0);
}
