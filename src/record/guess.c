/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding the way back behind damage.
 */
#include <stoker/record.h>

#include "base/bytes.h"

#include <string.h>

/* Could a header stand at p (61 bytes)? */
static bool
plausible (const uint8_t *p, int64_t min_offset, int64_t max_offset)
{
  StokerBatch b;

  /* A length beyond the 61 bytes that are shown is no matter here: 1 says that the rest fits. */
  if (stoker_batch_peek (p, STOKER_BATCH_HEADER, &b) < 0)
    return false;
  return b.base_offset >= min_offset && b.base_offset <= max_offset && b.last_offset_delta >= 0
         && b.last_offset_delta <= max_offset - b.base_offset && b.attributes >= 0 && b.attributes < 128
         && b.record_count >= 0 && b.record_count <= (int64_t)b.last_offset_delta + 1;
}

size_t
stoker_batch_guess (const uint8_t *data, size_t len, size_t from, int64_t min_offset, int64_t max_offset)
{
  while (from + STOKER_BATCH_HEADER <= len) {
    /* The byte that says 2 is rare enough to search for alone. */
    const uint8_t *magic = memchr (data + from + 16, 2, len - STOKER_BATCH_HEADER - from + 1);
    if (magic == NULL)
      break;
    from = (size_t)(magic - data) - 16;
    if (plausible (data + from, min_offset, max_offset))
      return from;
    from++;
  }
  return len < STOKER_BATCH_HEADER ? 0 : len - STOKER_BATCH_HEADER + 1;
}
