/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stoker/host.h>

#include <string.h>

#define BLOCK_MIN (4u << 10)
#define BLOCK_MAX (1u << 20)

MemSegment *
mem_segment_new (StokerLog *log, int64_t base)
{
  MemSegment *s = g_new0 (MemSegment, 1);

  s->base = base;
  s->max_timestamp = s->first_timestamp = -1;
  s->created_ms = s->modified_ms = stoker_host_now_ms (log->memory->self->host);
  s->batches = g_array_new (FALSE, FALSE, sizeof (MemBatch));
  s->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)stoker_block_unref);
  return s;
}

void
mem_segment_free (StokerLog *log, MemSegment *s)
{
  atomic_fetch_sub (&log->memory->bytes, s->held);
  g_array_unref (s->batches);
  g_ptr_array_unref (s->blocks);
  g_free (s);
}

/* A block with room for `len`, the last one if it has it; blocks grow with the segment. */
static StokerBlock *
room (StokerLog *log, MemSegment *s, size_t len)
{
  StokerBlock *b = s->blocks->len ? s->blocks->pdata[s->blocks->len - 1] : NULL;
  size_t size = MAX (len, CLAMP (s->bytes, BLOCK_MIN, BLOCK_MAX));

  if (b && stoker_block_len (b) - s->used >= len)
    return b;
  b = stoker_block_new (size);
  g_ptr_array_add (s->blocks, b);
  s->used = 0;
  s->held += size;
  atomic_fetch_add (&log->memory->bytes, size);
  return b;
}

void
mem_segment_add (StokerLog *log, MemSegment *s, const uint8_t *data, const StokerBatch *b, int64_t now_ms)
{
  size_t len = (size_t)b->length;
  StokerBlock *block = room (log, s, len);
  MemBatch row = { b->base_offset, b->max_timestamp, (uint32_t)b->last_offset_delta, (uint32_t)len, s->blocks->len - 1,
                   s->used,        b->leader_epoch };

  memcpy (stoker_block_data (block) + s->used, data, len);
  s->used += (uint32_t)len;
  s->bytes += len;
  if (s->batches->len == 0)
    s->first_timestamp = b->max_timestamp;
  g_array_append_val (s->batches, row);
  s->max_timestamp = MAX (s->max_timestamp, b->max_timestamp);
  s->modified_ms = now_ms;
}

void
mem_segment_cut (StokerLog *log, MemSegment *s, guint from)
{
  guint keep;

  if (from >= s->batches->len)
    return;
  keep = from > 0 ? mem_batch (s, from - 1)->block + 1 : 0;
  for (guint i = keep; i < s->blocks->len; i++) {
    s->held -= stoker_block_len (s->blocks->pdata[i]);
    atomic_fetch_sub (&log->memory->bytes, stoker_block_len (s->blocks->pdata[i]));
  }
  g_ptr_array_set_size (s->blocks, (gint)keep);
  /* What a reader may still be sending is not written over: the rest of the block stays unused. */
  s->used = keep > 0 ? (uint32_t)stoker_block_len (s->blocks->pdata[keep - 1]) : 0;
  g_array_set_size (s->batches, from);
  s->bytes = 0;
  s->max_timestamp = -1;
  for (guint i = 0; i < from; i++) {
    s->bytes += mem_batch (s, i)->len;
    s->max_timestamp = MAX (s->max_timestamp, mem_batch (s, i)->max_timestamp);
  }
}

MemSegment *
mem_segment (const StokerLog *log, guint i)
{
  return log->segs->pdata[i];
}

MemSegment *
mem_active (const StokerLog *log)
{
  return mem_segment (log, log->segs->len - 1);
}

guint
mem_find_segment (const StokerLog *log, int64_t offset)
{
  guint lo = 0, hi = log->segs->len;

  while (lo < hi) {
    guint mid = lo + (hi - lo) / 2;
    if (mem_segment (log, mid)->base <= offset)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo > 0 ? lo - 1 : 0;
}

guint
mem_find_batch (const MemSegment *s, int64_t offset)
{
  guint lo = 0, hi = s->batches->len;

  while (lo < hi) {
    guint mid = lo + (hi - lo) / 2;
    if (mem_last (mem_batch (s, mid)) < offset)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}
