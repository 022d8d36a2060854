/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc.h"

#include "base/crc32_table.h"
#include "base/slice8.h"

uint32_t
stk_crc32 (uint32_t crc, const void *data, size_t len)
{
  return ~stk_slice8 (crc32_table, ~crc, data, len);
}
