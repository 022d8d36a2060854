/* SPDX-License-Identifier: Apache-2.0
 *
 * Where groups and offsets are kept: the interface of the offset stores. store_tree.c keeps them in the coordinator's
 * tree (offsets.storage=coordinator); one in the log of __consumer_offsets follows. The group is in memory; a store
 * makes changes durable in the order in which they are put, and says when they are.
 *
 * Control actor only. No callback runs inside the call that asked for it.
 */
#ifndef STK_GROUP_STORE_H
#define STK_GROUP_STORE_H

#include "group/group.h"

typedef struct StkStore StkStore;

/* A change that was put. Embed it; it belongs to the store until done. */
typedef struct StkWrite
{
  /* The change took longer than the commit timeout: whoever waits should be told 15. At most once, before done. May be
   * NULL. */
  void (*late) (struct StkWrite *w);
  /* It is durable (0), or will never be. Exactly once. */
  void (*done) (struct StkWrite *w, int16_t error);
  /* the store's */
  uint32_t parts;
  int16_t error;
  bool was_late;
} StkWrite;

/* One partition's offset as it shall be. */
typedef struct StkOffsetPut
{
  StkTopicOffsets *topic;
  StkOffset value;    /* partition, offset, commit_ms, expire_ms, leader_epoch, metadata */
  bool explicit_time; /* commit_ms is the client's, not now */
} StkOffsetPut;

typedef struct StkOffsetKey
{
  StkTopicOffsets *topic;
  int32_t partition;
} StkOffsetKey;

/* What load finds. The sink copies. */
typedef struct StkStoreSink
{
  void *user;
  StkGroup *(*group) (void *user, StokerStr id); /* finds or makes it */
  void (*state) (void *user, StkGroup *g,
                 StokerBytes record); /* as put by put_state; offset may be called before or after */
  void (*loaded) (void *user);
} StkStoreSink;

typedef struct StkStoreOps
{
  void (*load) (StkStore *s, const StkStoreSink *sink);
  /* 0: taken. Otherwise (too much is waiting, too large, stopped) the code to answer with, and w is not used. */
  int16_t (*put_offsets) (StkStore *s, StkGroup *g, const StkOffsetPut *puts, size_t n, StkWrite *w);
  int16_t (*put_state) (StkStore *s, StkGroup *g, StokerBytes record, StkWrite *w);
  /* Deletes; w may be NULL. The entries in memory may go as soon as this returns. */
  int16_t (*drop_offsets) (StkStore *s, StkGroup *g, const StkOffsetKey *keys, size_t n, StkWrite *w);
  int16_t (*drop_group) (StkStore *s, StkGroup *g, StkWrite *w);
  /* No more puts; calls stopped when nothing is on its way, at the latest after the commit timeout. */
  void (*stop) (StkStore *s, void (*stopped) (void *user), void *user);
  void (*free) (StkStore *s);
} StkStoreOps;

struct StkStore
{
  const StkStoreOps *ops;
};

/* offsets.storage=coordinator. `host` and `config` must outlive it. */
StkStore *stk_store_tree_new (const StkGroupsHost *host, const StkGroupsConfig *config);

#endif
