/* SPDX-License-Identifier: Apache-2.0
 *
 * Kafka's wire primitives: a bounded reader over one frame and a writer onto a StokerOut. The message functions in
 * kafka-messages.h are generated from messages/ by genmsg.py and use these.
 *
 * Reading never copies strings, bytes or records: they borrow the frame. Arrays are allocated from the arena, and only
 * after their count was held against the bytes that are left, so that a count that lies costs nothing.
 * The first error sticks: every later read returns zero, so straight-line code needs no checks between fields.
 *
 * Thread: one owner at a time.
 */
#ifndef STOKER_KAFKA_WIRE_H
#define STOKER_KAFKA_WIRE_H

#include <limits.h>
#include <stoker/memory.h>
#include <stoker/out.h>
#include <stoker/types.h>

#define KM_INLINE static inline __attribute__ ((always_inline, unused))
#define KM_UNLIKELY(x) __builtin_expect (!!(x), 0)

/* What a decode function returns; the reader says more. */
enum
{
  KM_OK = 0,
  KM_MALFORMED = -1
};

typedef struct KmReader
{
  const uint8_t *p;   /* next byte */
  const uint8_t *end; /* behind the last */
  const uint8_t *start;
  const char *error; /* why reading failed: a static text; NULL while all is well */
  size_t error_at;   /* offset of the byte that was wrong */
  size_t budget;     /* how many bytes of arrays may still be allocated */
} KmReader;

/* A reader over `len` bytes at `data`, which must outlive everything decoded from it. */
void km_reader_init (KmReader *r, const void *data, size_t len);
/* Bytes not read yet. Bytes left over after a message are not an error: librdkafka sends some, Kafka ignores them. */
KM_INLINE size_t
km_reader_left (const KmReader *r)
{
  return r->error ? 0 : (size_t)(r->end - r->p);
}
/* Notes the error (unless one is noted already) and makes every later read return zero. */
void km_reader_fail (KmReader *r, const char *why);

/* Fixed-size integers, big-endian. */
#define KM_READ_INT(name, type, size, swap)                                                                            \
  KM_INLINE type km_r_##name (KmReader *r)                                                                             \
  {                                                                                                                    \
    u##type v;                                                                                                         \
    if (KM_UNLIKELY ((size_t)(r->end - r->p) < size)) {                                                                \
      km_reader_fail (r, "message ends inside a field");                                                               \
      return 0;                                                                                                        \
    }                                                                                                                  \
    memcpy (&v, r->p, size);                                                                                           \
    r->p += size;                                                                                                      \
    return (type)swap (v);                                                                                             \
  }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define KM_SWAP16 __builtin_bswap16
#define KM_SWAP32 __builtin_bswap32
#define KM_SWAP64 __builtin_bswap64
#else
#define KM_SWAP16
#define KM_SWAP32
#define KM_SWAP64
#endif
KM_READ_INT (i8, int8_t, 1, )
KM_READ_INT (i16, int16_t, 2, KM_SWAP16)
KM_READ_INT (i32, int32_t, 4, KM_SWAP32)
KM_READ_INT (i64, int64_t, 8, KM_SWAP64)

KM_INLINE bool
km_r_bool (KmReader *r)
{
  return km_r_i8 (r) != 0;
}

double km_r_f64 (KmReader *r);
StokerUuid km_r_uuid (KmReader *r);
uint32_t km_r_uvarint (KmReader *r);
/* `flex`: the compact encoding. `nullable`: null is allowed; otherwise it is an error. */
StokerStr km_r_str (KmReader *r, bool flex, bool nullable);
StokerBytes km_r_bytes (KmReader *r, bool flex, bool nullable);
/* One MEMORY slice over the input; the slice itself lives in the arena. */
StokerRecords km_r_records (KmReader *r, bool flex, bool nullable, StokerArena *arena);
/* The count of an array whose elements take at least `min_size` bytes here and `elem_size` in memory. -1: null. */
int32_t km_r_count (KmReader *r, bool flex, bool nullable, size_t min_size, size_t elem_size);
/* Arrays of primitives. *n is -1 and the result NULL for null. */
int8_t *km_r_i8_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);
int16_t *km_r_i16_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);
int32_t *km_r_i32_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);
int64_t *km_r_i64_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);
StokerStr *km_r_str_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);
StokerUuid *km_r_uuid_array (KmReader *r, bool flex, bool nullable, StokerArena *arena, int32_t *n);

/* Reads a tag section none of whose tags is known. */
void km_r_skip_tags (KmReader *r);

/* Walks a tag section: `KmTags t = km_r_tags (r); while (km_r_tag (r, &t)) switch (t.tag) ..`. Each field must be read
 * by the body; what it leaves (all of it, if the tag is unknown) is skipped, reading beyond it is an error. */
typedef struct KmTags
{
  uint32_t left;      /* fields to come */
  int64_t tag;        /* of this field */
  const uint8_t *end; /* where this field ends */
  const uint8_t *outer;
} KmTags;
KmTags km_r_tags (KmReader *r);
bool km_r_tag (KmReader *r, KmTags *t);

/* ---- writing ---- */

typedef struct KmWriter
{
  StokerOut *out;
  const char *
      error; /* what could not be written: a static text. A bug of the caller; the output is well-formed but lacks it */
} KmWriter;

/* Appends to `out`. */
void km_writer_init (KmWriter *w, StokerOut *out);

/* Room for n more bytes of head, counted as used. */
KM_INLINE uint8_t *
km_w_room (KmWriter *w, size_t n)
{
  StokerBuf *b = &w->out->head;
  uint8_t *p = KM_UNLIKELY (b->cap - b->len < n) ? stoker_buf_reserve (b, n) : b->data + b->len;
  b->len += n;
  return p;
}

#define KM_WRITE_INT(name, type, size, swap)                                                                           \
  KM_INLINE void km_w_##name (KmWriter *w, type v)                                                                     \
  {                                                                                                                    \
    u##type u = (u##type)swap ((u##type)v);                                                                            \
    memcpy (km_w_room (w, size), &u, size);                                                                            \
  }
KM_WRITE_INT (i8, int8_t, 1, )
KM_WRITE_INT (i16, int16_t, 2, KM_SWAP16)
KM_WRITE_INT (i32, int32_t, 4, KM_SWAP32)
KM_WRITE_INT (i64, int64_t, 8, KM_SWAP64)

KM_INLINE void
km_w_bool (KmWriter *w, bool v)
{
  km_w_i8 (w, v ? 1 : 0);
}

void km_w_f64 (KmWriter *w, double v);
void km_w_uuid (KmWriter *w, StokerUuid v);
void km_w_uvarint (KmWriter *w, uint32_t v);
/* A null where none is allowed is written as empty. */
void km_w_str (KmWriter *w, bool flex, bool nullable, StokerStr v);
void km_w_bytes (KmWriter *w, bool flex, bool nullable, StokerBytes v);
/* Splices the slices in: the output takes over their references. */
void km_w_records (KmWriter *w, bool flex, bool nullable, const StokerRecords *v);
void km_w_count (KmWriter *w, bool flex, bool nullable, int32_t n);
void km_w_i8_array (KmWriter *w, bool flex, bool nullable, const int8_t *v, int32_t n);
void km_w_i16_array (KmWriter *w, bool flex, bool nullable, const int16_t *v, int32_t n);
void km_w_i32_array (KmWriter *w, bool flex, bool nullable, const int32_t *v, int32_t n);
void km_w_i64_array (KmWriter *w, bool flex, bool nullable, const int64_t *v, int32_t n);
void km_w_str_array (KmWriter *w, bool flex, bool nullable, const StokerStr *v, int32_t n);
void km_w_uuid_array (KmWriter *w, bool flex, bool nullable, const StokerUuid *v, int32_t n);
/* A tagged field: writes tag, then what comes between the two calls with its size in front. */
size_t km_w_tag_begin (KmWriter *w, uint32_t tag);
void km_w_tag_end (KmWriter *w, size_t mark);

/* ---- headers and the table of APIs ---- */

/* What the generator knows of an API. Which of them a broker offers is the business of the dispatch table. */
typedef struct KmApi
{
  int16_t key;
  int16_t min_version, max_version;
  int16_t flexible; /* first flexible version; INT16_MAX: none */
  const char *name;
} KmApi;

/* The row of an API key; NULL when there is none. */
const KmApi *km_api (int16_t key);
/* Rows in key order, *n of them. */
const KmApi *km_apis (size_t *n);

#define KM_API_VERSIONS 18
#define KM_CONTROLLED_SHUTDOWN 7

/* Header versions of a request and its response (kafka-facts 1.2). An unknown key has the oldest ones. */
int km_request_header_version (int16_t key, int16_t version);
int km_response_header_version (int16_t key, int16_t version);

typedef struct KmRequestHeader
{
  int16_t api_key;
  int16_t api_version;
  int32_t correlation_id;
  StokerStr client_id; /* may be null */
} KmRequestHeader;

/* Reads the header of a request. 0, or KM_MALFORMED. */
int km_request_header_decode (KmReader *r, KmRequestHeader *h);
void km_request_header_encode (KmWriter *w, const KmRequestHeader *h);
/* Reads the header of the response to a request of that key and version. 0, or KM_MALFORMED. */
int km_response_header_decode (KmReader *r, int16_t key, int16_t version, int32_t *correlation_id);
void km_response_header_encode (KmWriter *w, int16_t key, int16_t version, int32_t correlation_id);

#endif
