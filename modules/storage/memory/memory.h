/* SPDX-License-Identifier: Apache-2.0
 *
 * storage/memory from inside. A log is a row of segments, a segment a row of blocks and a list of the batches in them.
 * Blocks are counted: a reader keeps those that it is sending. One lock per log covers everything; nothing waits inside
 * it. Locks, outermost first: Memory.lock, StokerLog.lock.
 */
#ifndef MEM_MEMORY_H
#define MEM_MEMORY_H

#include <stoker/bookkeeping.h>
#include <stoker/storage.h>

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct MemConf
{
  int64_t limit;
} MemConf;

typedef struct Memory
{
  StokerInstance *self;
  const MemConf *conf;
  pthread_mutex_t lock;
  GPtrArray *logs;
  _Atomic uint64_t bytes; /* in blocks, of all logs */
} Memory;

/* A batch and where it is. */
typedef struct MemBatch
{
  int64_t base;
  int64_t max_timestamp;
  uint32_t delta, len;
  uint32_t block, pos;
  int32_t epoch;
} MemBatch;

typedef struct MemSegment
{
  int64_t base;
  uint64_t bytes; /* of batches */
  uint64_t held;  /* of blocks */
  int64_t max_timestamp, first_timestamp, modified_ms, created_ms;
  GArray *batches;   /* MemBatch */
  GPtrArray *blocks; /* StokerBlock */
  uint32_t used;     /* of the last block */
} MemSegment;

struct StokerLog
{
  Memory *memory;
  pthread_mutex_t lock;
  char *name;
  int64_t segment_bytes, segment_ms;
  GPtrArray *segs; /* MemSegment, oldest first; the last is active */
  int64_t start, end, hw;
  StokerProducers *producers;
  StokerTxns txns;
  StokerEpochs epochs;
  GArray *aborted; /* StokerTxnAborted */
};

/* ---- segment.c */
MemSegment *mem_segment_new (StokerLog *log, int64_t base);
void mem_segment_free (StokerLog *log, MemSegment *s);
/* Copies a whole batch in. */
void mem_segment_add (StokerLog *log, MemSegment *s, const uint8_t *data, const StokerBatch *b, int64_t now_ms);
/* Drops batches from number `from` on. */
void mem_segment_cut (StokerLog *log, MemSegment *s, guint from);
MemSegment *mem_segment (const StokerLog *log, guint i);
MemSegment *mem_active (const StokerLog *log);
/* Number of the segment that holds `offset`, and of its first batch whose last offset is >= offset. */
guint mem_find_segment (const StokerLog *log, int64_t offset);
guint mem_find_batch (const MemSegment *s, int64_t offset);
static inline MemBatch *
mem_batch (const MemSegment *s, guint i)
{
  return &g_array_index (s->batches, MemBatch, i);
}
static inline int64_t
mem_last (const MemBatch *b)
{
  return b->base + b->delta;
}

/* ---- append.c */
void mem_append (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n);
void mem_roll (StokerLog *log, int64_t base);

/* ---- read.c */
int mem_read (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out);
int mem_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out);
int mem_aborted (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
                 bool (*each) (void *user, const StokerAborted *a), void *user);

/* ---- cut.c */
int mem_truncate (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int mem_reset (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int mem_set_start (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int mem_drop (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err);
/* Drops whole segments that end at or below `offset`, but not the active one; lock held. */
void mem_drop_below (StokerLog *log, int64_t offset);
/* Makes room when the instance holds more than its limit: the largest log gives up its oldest segment, again and again.
 * False: what is left is not below any high watermark. No lock held. */
bool mem_make_room (Memory *m);

#endif
