/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending, and what it leaves for readers at the tail.
 */
#ifndef SEG_APPEND_H
#define SEG_APPEND_H

#include "engine.h"

/* The newest batches of the active segment: readers at the tail need neither index nor headers. */
#define SEG_TAIL 64u
typedef struct TailEntry
{
  int64_t base;
  uint32_t delta, pos, len;
} TailEntry;
struct Tail
{
  uint32_t first, n;
  TailEntry e[SEG_TAIL];
};

void seg_append (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n);

#endif
