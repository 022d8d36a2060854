/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stoker/host.h>

/* Adds a batch's bytes to the result: to the last slice when they follow it. False: there is no slice left. */
static bool
add_bytes (StokerReadResult *out, StokerBlock *block, uint64_t pos, size_t len)
{
  StokerSlice *last = out->n_slices ? &out->slices[out->n_slices - 1] : NULL;

  if (last && last->u.block == block && last->pos + last->len == pos) {
    last->len += len;
  } else if (out->n_slices == G_N_ELEMENTS (out->slices)) {
    return false;
  } else {
    out->slices[out->n_slices++]
        = (StokerSlice){ .kind = STOKER_SLICE_BLOCK, .u.block = stoker_block_ref (block), .pos = pos, .len = len };
  }
  out->len += len;
  return true;
}

/* Adds what it may of one segment's batches. False: no more after them. */
static bool
add_segment (const MemSegment *s, const StokerRead *req, int64_t limit, StokerReadResult *out)
{
  for (guint i = mem_find_batch (s, req->offset); i < s->batches->len; i++) {
    const MemBatch *b = mem_batch (s, i);
    size_t left = req->max_bytes > out->len ? req->max_bytes - out->len : 0, len = b->len;
    if (mem_last (b) >= limit)
      return false;
    if (len > left && !(out->len == 0 && req->at_least_one))
      len = req->whole ? 0 : left;
    if (len == 0 || !add_bytes (out, s->blocks->pdata[b->block], b->pos, len)) {
      out->upper = b->base;
      return false;
    }
    out->upper = len < b->len ? b->base : mem_last (b) + 1;
    if (out->len >= req->max_bytes)
      return false;
  }
  return true;
}

int
mem_read (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out)
{
  int rc = 0;
  int64_t limit;

  *out = (StokerReadResult){ .upper = req->offset };
  pthread_mutex_lock (&log->lock);
  limit = MIN (req->limit, log->end);
  if (req->offset < log->start || req->offset > log->end)
    rc = STOKER_OFFSET_OUT_OF_RANGE;
  else if (req->offset < limit && (req->max_bytes > 0 || req->at_least_one))
    for (guint i = mem_find_segment (log, req->offset); i < log->segs->len; i++)
      if (!add_segment (mem_segment (log, i), req, limit, out))
        break;
  pthread_mutex_unlock (&log->lock);
  return rc;
}

/* ---- by time */
typedef struct Candidate
{
  StokerBlock *block;
  MemBatch batch;
} Candidate;

static int64_t
largest_from (const StokerLog *log, int64_t from)
{
  int64_t largest = -1;

  for (guint i = mem_find_segment (log, from); i < log->segs->len; i++) {
    const MemSegment *s = mem_segment (log, i);
    if (s->base >= from)
      largest = MAX (largest, s->max_timestamp);
    else
      for (guint k = mem_find_batch (s, from); k < s->batches->len; k++)
        largest = MAX (largest, mem_batch (s, k)->max_timestamp);
  }
  return largest;
}

/* The first batch at or after `from` that reaches `timestamp`; INT64_MAX: the first with the largest. Lock held. */
static bool
find_batch (const StokerLog *log, int64_t timestamp, int64_t from, Candidate *c)
{
  int64_t want = timestamp;

  if (timestamp == INT64_MAX) {
    want = largest_from (log, from);
    if (want < 0)
      return false;
  }
  for (guint i = mem_find_segment (log, from); i < log->segs->len; i++) {
    const MemSegment *s = mem_segment (log, i);
    for (guint k = s->max_timestamp >= want ? mem_find_batch (s, from) : s->batches->len; k < s->batches->len; k++)
      if (mem_batch (s, k)->max_timestamp >= want) {
        c->batch = *mem_batch (s, k);
        c->block = stoker_block_ref (s->blocks->pdata[c->batch.block]);
        return true;
      }
  }
  return false;
}

int
mem_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out)
{
  int64_t start, from;
  int rc = 0;

  *out = (StokerTimeFound){ -1, -1, -1 };
  pthread_mutex_lock (&log->lock);
  start = from = log->start;
  pthread_mutex_unlock (&log->lock);
  while (rc >= 0) {
    StokerTimeFound f = { -1, -1, -1 };
    Candidate c;
    StokerBatch b;
    const uint8_t *data;
    bool found, cut;
    pthread_mutex_lock (&log->lock);
    found = find_batch (log, timestamp, from, &c);
    pthread_mutex_unlock (&log->lock);
    if (!found)
      break;
    data = stoker_block_data (c.block) + c.batch.pos;
    rc = stoker_batch_peek (data, c.batch.len, &b) == 0
             ? stoker_batch_find_timestamp (self->host, data, &b, start, timestamp, &f.offset, &f.timestamp)
             : -1;
    stoker_block_unref (c.block);
    f.leader_epoch = c.batch.epoch;
    if (rc == 1 && f.timestamp > out->timestamp)
      *out = f;
    /* The largest timestamp of a batch that the log start lies within may be that of a deleted record. */
    cut = c.batch.base < start;
    if (timestamp == INT64_MAX ? !cut : rc == 1)
      break;
    from = mem_last (&c.batch) + 1;
  }
  if (rc < 0 || out->offset >= limit)
    *out = (StokerTimeFound){ -1, -1, -1 };
  return rc < 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
}

int
mem_aborted (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
             bool (*each) (void *user, const StokerAborted *a), void *user)
{
  pthread_mutex_lock (&log->lock);
  for (guint i = 0; i < log->aborted->len; i++) {
    const StokerTxnAborted *t = &g_array_index (log->aborted, StokerTxnAborted, i);
    StokerAborted a = { t->producer_id, t->first };
    if (t->last >= from && t->first < to && !each (user, &a))
      break;
  }
  pthread_mutex_unlock (&log->lock);
  return 0;
}
