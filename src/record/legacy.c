/* SPDX-License-Identifier: Apache-2.0 */
#include "record/legacy.h"

#include "base/bytes.h"
#include "base/crc.h"

#define ENTRY_HEAD 12u  /* offset, size */
#define MESSAGE_MIN 14u /* crc, magic, attributes, two lengths */

/* A 32-bit length and that many bytes; -1 is null. */
static const uint8_t *
take_bytes (const uint8_t *p, const uint8_t *end, StokerBytes *out)
{
  int32_t len;

  if (p == NULL || end - p < 4)
    return NULL;
  len = (int32_t)stk_get_be32 (p);
  p += 4;
  if (len < 0) {
    *out = STOKER_BYTES_NULL;
    return len == -1 ? p : NULL;
  }
  if (len > end - p)
    return NULL;
  *out = (StokerBytes){ (uint8_t *)p, (size_t)len };
  return p + len;
}

int
stk_message_peek (const uint8_t *data, size_t len, StkMessage *out)
{
  const uint8_t *p, *end;
  uint32_t size;

  *out = (StkMessage){ .timestamp = -1 };
  if (len < ENTRY_HEAD)
    return 1;
  out->offset = (int64_t)stk_get_be64 (data);
  size = stk_get_be32 (data + 8);
  if (size < MESSAGE_MIN || size > INT32_MAX - ENTRY_HEAD)
    return -1;
  out->length = (int32_t)(size + ENTRY_HEAD);
  if (len < ENTRY_HEAD + 5)
    return 1;
  out->magic = (int8_t)data[ENTRY_HEAD + 4];
  if (out->magic != 0 && out->magic != 1)
    return -1;
  if ((size_t)out->length > len)
    return 1;
  p = data + ENTRY_HEAD;
  end = data + out->length;
  out->crc = stk_get_be32 (p);
  out->attributes = (int8_t)p[5];
  p += 6;
  if (out->magic == 1) {
    if (end - p < 8)
      return -1;
    out->timestamp = (int64_t)stk_get_be64 (p);
    p += 8;
  }
  p = take_bytes (p, end, &out->key);
  p = take_bytes (p, end, &out->value);
  return p == end ? 0 : -1;
}

bool
stk_message_crc_ok (const uint8_t *data, const StkMessage *m)
{
  return stk_crc32 (0, data + ENTRY_HEAD + 4, (size_t)m->length - ENTRY_HEAD - 4) == m->crc;
}

static void
append_bytes (StokerBuf *out, StokerBytes b)
{
  uint8_t len[4];

  stk_put_be32 (len, b.data == NULL ? UINT32_MAX : (uint32_t)b.len);
  stoker_buf_append (out, len, 4);
  stoker_buf_append (out, b.data, b.len);
}

void
stk_message_append (StokerBuf *out, const StkMessage *m)
{
  size_t start = out->len;
  uint8_t head[26];

  stk_put_be64 (head, (uint64_t)m->offset);
  head[16] = (uint8_t)m->magic;
  head[17] = (uint8_t)m->attributes;
  stk_put_be64 (head + 18, (uint64_t)m->timestamp);
  stoker_buf_append (out, head, m->magic == 0 ? 18 : 26);
  append_bytes (out, m->key);
  append_bytes (out, m->value);
  stk_put_be32 (out->data + start + 8, (uint32_t)(out->len - start - ENTRY_HEAD));
  stk_put_be32 (out->data + start + 12, stk_crc32 (0, out->data + start + 16, out->len - start - 16));
}

static int16_t
bad (StokerError *err, int16_t code, const char *what)
{
  (void)stoker_error_set (err, STOKER_ERROR_CORRUPT, "compressed message set: %s", what);
  return code;
}

int16_t
stk_message_unwrap (StkCodecContexts *c, const StkMessage *wrapper, size_t max_out, StokerBuf *scratch, int64_t *add,
                    StokerError *err)
{
  int codec = wrapper->attributes & STOKER_BATCH_CODEC_MASK;
  int64_t last = 0;
  StkMessage m;

  *add = 0;
  scratch->len = 0;
  if (codec > 3 || !stk_codec_known (c, codec)) {
    (void)stoker_error_set (err, STOKER_ERROR_MODULE, "codec %d is not available for messages of magic %d", codec,
                            wrapper->magic);
    return STOKER_UNSUPPORTED_COMPRESSION_TYPE;
  }
  if (wrapper->value.data == NULL)
    return bad (err, STOKER_INVALID_RECORD, "the wrapper has no value");
  if (stk_codec_decompress (c, codec, wrapper->value.data, wrapper->value.len, max_out,
                            wrapper->magic == 0 ? STOKER_CODEC_LEGACY : 0, scratch, err)
      != 0)
    return STOKER_INVALID_RECORD;
  if (scratch->len == 0)
    return bad (err, STOKER_INVALID_RECORD, "it is empty");
  for (size_t at = 0; at < scratch->len; at += (size_t)m.length) {
    if (stk_message_peek (scratch->data + at, scratch->len - at, &m) != 0)
      return bad (err, STOKER_INVALID_RECORD, "a message inside is damaged or cut off");
    if (m.magic != wrapper->magic)
      return bad (err, STOKER_INVALID_RECORD, "a message inside has another magic");
    if (m.attributes & STOKER_BATCH_CODEC_MASK)
      return bad (err, STOKER_INVALID_RECORD, "a message inside is compressed again");
    if (!stk_message_crc_ok (scratch->data + at, &m))
      return bad (err, STOKER_CORRUPT_MESSAGE, "a message inside has a wrong check sum");
    last = m.offset;
  }
  /* Magic 1: inner offsets count from 0 and the wrapper has the last one's; some clients leave it 0 and count inside.
   */
  if (wrapper->magic == 1 && wrapper->offset != 0) {
    if (wrapper->offset < last)
      return bad (err, STOKER_INVALID_RECORD, "its offset is smaller than the last one inside");
    *add = (int64_t)((uint64_t)wrapper->offset - (uint64_t)last);
  }
  return STOKER_OK;
}
