/* SPDX-License-Identifier: Apache-2.0
 *
 * Decodes one record of a batch of magic 2 (kafka-facts 4.1). Inline, because validation and iteration use different
 * parts of it and it runs once per record.
 */
#ifndef STK_RECORD_PARSE_H
#define STK_RECORD_PARSE_H

#include "base/varint.h"

#include <stoker/types.h>

typedef struct StkParsed
{
  int64_t timestamp_delta;
  int32_t offset_delta;
  int32_t n_headers;
  StokerBytes key, value, headers;
} StkParsed;

/* A length and that many bytes; a negative length is null. */
static inline const uint8_t *
stk_parse_bytes (const uint8_t *p, const uint8_t *end, StokerBytes *out)
{
  int32_t len;

  p = stk_varint32_get (p, end, &len);
  if (p == NULL)
    return NULL;
  if (len < 0) {
    *out = STOKER_BYTES_NULL;
    return p;
  }
  if (len > end - p)
    return NULL;
  *out = (StokerBytes){ (uint8_t *)p, (size_t)len };
  return p + len;
}

/* Header keys must not be null; every header takes at least two bytes, which bounds the loop. */
static inline const uint8_t *
stk_parse_headers (const uint8_t *p, const uint8_t *end, int32_t n)
{
  StokerBytes part;

  if (n < 0 || n > (end - p) / 2)
    return NULL;
  for (; n > 0 && p != NULL; n--) {
    p = stk_parse_bytes (p, end, &part);
    if (p == NULL || part.data == NULL)
      return NULL;
    p = stk_parse_bytes (p, end, &part);
  }
  return p;
}

/* Returns the place behind the record, NULL when it is damaged or cut off. */
static inline const uint8_t *
stk_parse_record (const uint8_t *p, const uint8_t *limit, StkParsed *out)
{
  const uint8_t *end;
  int32_t len;

  p = stk_varint32_get (p, limit, &len);
  if (p == NULL || len < 1 || len > limit - p)
    return NULL;
  end = p + len;
  p++; /* attributes: none are defined */
  if ((p = stk_varint64_get (p, end, &out->timestamp_delta)) == NULL)
    return NULL;
  if ((p = stk_varint32_get (p, end, &out->offset_delta)) == NULL)
    return NULL;
  if ((p = stk_parse_bytes (p, end, &out->key)) == NULL || (p = stk_parse_bytes (p, end, &out->value)) == NULL)
    return NULL;
  if ((p = stk_varint32_get (p, end, &out->n_headers)) == NULL)
    return NULL;
  out->headers = (StokerBytes){ (uint8_t *)p, (size_t)(end - p) };
  if (out->n_headers != 0 || p != end)
    p = stk_parse_headers (p, end, out->n_headers);
  return p == end ? end : NULL;
}

#endif
