/* SPDX-License-Identifier: Apache-2.0
 *
 * The small value types that every public header uses: strings and byte ranges with a length, topic ids,
 * and the marks for exported symbols. Plain C11, usable from C++17; includes nothing but libc.
 *
 * Thread: everything here is a pure function of its arguments and may be called from any thread.
 */
#ifndef STOKER_TYPES_H
#define STOKER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#ifdef __cplusplus
#define STOKER_BEGIN_DECLS extern "C" {
#define STOKER_END_DECLS }
#else
#define STOKER_BEGIN_DECLS
#define STOKER_END_DECLS
#endif

/* Marks a symbol of the core that modules and tools may use; all else is hidden. */
#define STOKER_EXPORT __attribute__ ((visibility ("default")))
#define STOKER_PRINTF(f, a) __attribute__ ((format (printf, f, a)))

STOKER_BEGIN_DECLS

/* UTF-8 text with a length, not NUL-terminated. data == NULL is the protocol's null string; an empty string has
 * data != NULL and len == 0. Never owns what it points to: the place that hands one out says how long it lives. */
typedef struct StokerStr
{
  const char *data;
  size_t len;
} StokerStr;

/* A range of bytes; like StokerStr it never owns them, and data == NULL is the protocol's null. */
typedef struct StokerBytes
{
  uint8_t *data;
  size_t len;
} StokerBytes;

/* A 16 byte id as it stands on the wire (kafka-facts 1.3). All zero bytes mean "none". */
typedef struct StokerUuid
{
  uint8_t b[16];
} StokerUuid;

/* The 22 characters of URL-safe base64 without padding plus NUL: how an id is written in files and in the tree. */
#define STOKER_UUID_TEXT 23

#define STOKER_STR_NULL ((StokerStr){ NULL, 0 })
#define STOKER_BYTES_NULL ((StokerBytes){ NULL, 0 })
#define STOKER_STR_LIT(s) ((StokerStr){ (s), sizeof (s) - 1 })

/* A StokerStr over a C string; the result borrows `s` (NULL gives the null string). */
static inline StokerStr
stoker_str (const char *s)
{
  StokerStr r = { s, s ? strlen (s) : 0 };
  return r;
}

static inline bool
stoker_str_equal (StokerStr a, StokerStr b)
{
  return a.len == b.len && (a.data == NULL) == (b.data == NULL) && (a.len == 0 || memcmp (a.data, b.data, a.len) == 0);
}

static inline bool
stoker_str_is (StokerStr a, const char *b)
{
  return a.data != NULL && a.len == strlen (b) && memcmp (a.data, b, a.len) == 0;
}

static inline bool
stoker_uuid_equal (StokerUuid a, StokerUuid b)
{
  return memcmp (a.b, b.b, 16) == 0;
}

static inline bool
stoker_uuid_is_zero (StokerUuid a)
{
  static const StokerUuid zero = { { 0 } };
  return memcmp (a.b, zero.b, 16) == 0;
}

/* Writes the text form of `id` and a NUL to `out`. */
STOKER_EXPORT void stoker_uuid_format (StokerUuid id, char out[STOKER_UUID_TEXT]);
/* Reads the text form; false (and *out untouched) when `text` is not exactly 22 base64url characters of 16 bytes. */
STOKER_EXPORT bool stoker_uuid_parse (StokerStr text, StokerUuid *out);

STOKER_END_DECLS

#endif
