/* SPDX-License-Identifier: Apache-2.0
 *
 * A reflected 32-bit CRC eight bytes at a time ("slicing by 8"), for any table that has the rows described in
 * crc32c_table.h. Takes and gives the inner register (no complement).
 */
#ifndef STK_SLICE8_H
#define STK_SLICE8_H

#include "base/bytes.h"

#include <stddef.h>

static inline uint32_t
stk_slice8 (const uint32_t t[8][256], uint32_t crc, const uint8_t *p, size_t len)
{
  for (; len >= 8; p += 8, len -= 8) {
    uint64_t v = stk_get_le64 (p) ^ crc;
    crc = t[7][v & 255] ^ t[6][v >> 8 & 255] ^ t[5][v >> 16 & 255] ^ t[4][v >> 24 & 255] ^ t[3][v >> 32 & 255]
          ^ t[2][v >> 40 & 255] ^ t[1][v >> 48 & 255] ^ t[0][v >> 56];
  }
  while (len-- > 0)
    crc = crc >> 8 ^ t[0][(crc ^ *p++) & 255];
  return crc;
}

#endif
