/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads JSON: what brokers write into the coordinator's tree and into small files. Writing is a few appends and needs
 * no help. (json-glib would do, but it brings GIO and its dependencies into every start.)
 *
 * Thread: any; a tree is constant once it is made.
 */
#ifndef STK_BASE_JSON_H
#define STK_BASE_JSON_H

#include <stoker/error.h>
#include <stoker/memory.h>

#include <glib.h>

#define STK_JSON_DEPTH 64 /* arrays and objects in each other */

typedef enum StkJsonType
{
  STK_JSON_NULL,
  STK_JSON_BOOL,
  STK_JSON_INT,    /* a whole number that fits */
  STK_JSON_DOUBLE, /* any other number */
  STK_JSON_STRING,
  STK_JSON_ARRAY,
  STK_JSON_OBJECT,
} StkJsonType;

typedef struct StkJson
{
  StkJsonType type;
  const char *name; /* of a member of an object, else NULL */
  size_t n;         /* STRING: bytes; ARRAY, OBJECT: values in it */
  union
  {
    bool b;
    int64_t i;
    double d;
    const char *s;               /* UTF-8, NUL behind it */
    const struct StkJson *first; /* of the values in it, chained by next */
  } u;
  const struct StkJson *next;
} StkJson;

/* The value that data[0..len) holds, all of it in `arena`. NULL with *err (code CORRUPT): not JSON, not UTF-8, too
 * deep. Takes memory in proportion to len, which the caller bounds. */
const StkJson *stk_json_parse (StokerArena *arena, const void *data, size_t len, StokerError *err);
/* The member of that name (the last one, should there be more); NULL: `o` has none, or is no object (NULL is allowed).
 */
const StkJson *stk_json_member (const StkJson *o, const char *name);
/* The same when it has that type. */
const StkJson *stk_json_typed (const StkJson *o, const char *name, StkJsonType type);
/* A member's text or number, `def` when it is not there or something else. */
const char *stk_json_text (const StkJson *o, const char *name, const char *def);
int64_t stk_json_int (const StkJson *o, const char *name, int64_t def);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StokerArena, stoker_arena_free)

#endif
