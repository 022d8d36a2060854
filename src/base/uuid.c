/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/types.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
stoker_uuid_format (StokerUuid id, char out[STOKER_UUID_TEXT])
{
  size_t o = 0;
  uint32_t acc = 0;
  int bits = 0;

  for (int i = 0; i < 16; i++) {
    acc = acc << 8 | id.b[i];
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out[o++] = alphabet[acc >> bits & 63];
    }
  }
  out[o++] = alphabet[acc << (6 - bits) & 63];
  out[o] = '\0';
}

bool
stoker_uuid_parse (StokerStr text, StokerUuid *out)
{
  StokerUuid id;
  uint32_t acc = 0;
  int bits = 0;
  size_t o = 0;

  if (text.data == NULL || text.len != STOKER_UUID_TEXT - 1)
    return false;
  for (size_t i = 0; i < text.len; i++) {
    const char *at = text.data[i] ? strchr (alphabet, text.data[i]) : NULL;
    if (at == NULL)
      return false;
    acc = acc << 6 | (uint32_t)(at - alphabet);
    bits += 6;
    if (bits >= 8 && o < 16) {
      bits -= 8;
      id.b[o++] = (uint8_t)(acc >> bits);
    }
  }
  /* 22 characters hold four bits more than 16 bytes: they must be zero, or two texts would mean one id. */
  if ((acc & 15) != 0)
    return false;
  *out = id;
  return true;
}
