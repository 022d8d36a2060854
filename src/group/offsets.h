/* SPDX-License-Identifier: Apache-2.0
 *
 * The committed offsets of one group, in memory: topics sorted by name, partitions sorted by number. Small, because
 * there may be very many groups that nobody uses.
 */
#ifndef STK_GROUP_OFFSETS_H
#define STK_GROUP_OFFSETS_H

#include <stoker/types.h>

#define STK_NO_OFFSET INT64_MIN /* nothing committed (yet): clients may commit any number, -1 too */

typedef struct StkOffset
{
  int64_t offset;
  int64_t commit_ms;
  int64_t expire_ms; /* -1: by the broker's retention */
  char *metadata;    /* NULL: "" */
  int32_t partition;
  int32_t leader_epoch; /* -1: not known */
  uint16_t pending;     /* writes on their way; the entry stays while there are any */
  uint8_t life;         /* counts deletions: a write from before one does not bring the offset back */
  uint8_t made;         /* the store's: which nodes there are */
} StkOffset;

typedef struct StkTopicOffsets
{
  StokerStr name; /* owned */
  StkOffset *v;
  uint32_t n, cap;
  uint8_t made; /* the store's */
} StkTopicOffsets;

typedef struct StkOffsets
{
  StkTopicOffsets **topics;
  uint32_t n, cap;
} StkOffsets;

StkTopicOffsets *stk_offsets_topic (const StkOffsets *o, StokerStr name);
StkOffset *stk_offsets_find (const StkTopicOffsets *t, int32_t partition); /* t may be NULL; until the next add */
/* Finds or makes. */
StkTopicOffsets *stk_offsets_add_topic (StkOffsets *o, StokerStr name);
StkOffset *stk_offsets_add (StkTopicOffsets *t, int32_t partition);
/* Takes a partition away; its topic too when that was the last. */
void stk_offsets_remove (StkOffsets *o, StkTopicOffsets *t, int32_t partition);
/* Is there an offset, or one being written? */
bool stk_offsets_any (const StkOffsets *o);
void stk_offsets_clear (StkOffsets *o);

/* GHashTable functions for StokerStr keys. */
unsigned stk_str_hash (const void *p);
int stk_str_equal (const void *a, const void *b);
/* An owned copy, followed by a NUL; null stays null. Give it to g_free. */
StokerStr stk_str_dup (StokerStr s);

#endif
