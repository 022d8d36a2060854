/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading: which range of which file holds the batches that are asked for. At the tail the answer is in memory;
 * elsewhere the index and a few headers are read.
 */
#include "read.h"
#include "append.h"
#include "check.h"
#include "damage.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "scan.h"

#include <errno.h>

uint32_t
seg_find (const StokerLog *log, int64_t offset)
{
  uint32_t lo = 0, hi = log->n_segs;

  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (log->segs[mid]->base <= offset)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo > 0 ? lo - 1 : 0;
}

/* A range under construction: [pos, end) is what may be returned, first its first batch's length. */
typedef struct Range
{
  uint64_t pos, end;
  size_t first;
  int64_t upper;
} Range;

/* How much of it the caller gets by size alone; *cut: the limit cuts somewhere into [pos, end). */
static size_t
size_of (const StokerRead *req, const Range *r, bool *cut)
{
  uint64_t avail = r->end - r->pos;

  *cut = avail > req->max_bytes;
  if (!*cut)
    return avail;
  if (req->max_bytes < r->first)
    return req->at_least_one ? r->first : req->whole ? 0 : req->max_bytes;
  return req->max_bytes;
}

/* ---- the tail */
static const TailEntry *
tail_at (const Tail *t, uint32_t i)
{
  return &t->e[(t->first + i) % SEG_TAIL];
}

/* First entry whose last offset is >= offset. */
static uint32_t
tail_find (const Tail *t, int64_t offset)
{
  uint32_t lo = 0, hi = t->n;

  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (tail_at (t, mid)->base + tail_at (t, mid)->delta < offset)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* The last batch boundary at or below pos. */
static uint64_t
tail_boundary (const Tail *t, uint32_t from, uint64_t pos)
{
  while (from + 1 < t->n && tail_at (t, from + 1)->pos <= pos)
    from++;
  return tail_at (t, from)->pos + tail_at (t, from)->len <= pos ? tail_at (t, from)->pos + tail_at (t, from)->len
                                                                : tail_at (t, from)->pos;
}

/* True when the tail knows everything about the range; *len bytes at r->pos. Lock held. */
static bool
read_tail (const StokerLog *log, const StokerRead *req, int64_t limit, Range *r, size_t *len)
{
  const Tail *t = log->tail;
  uint32_t i, j;
  bool cut;

  if (t == NULL || t->n == 0 || req->offset < tail_at (t, 0)->base)
    return false;
  i = tail_find (t, req->offset);
  j = limit >= log->end ? t->n : tail_find (t, limit);
  *len = 0;
  r->upper = limit;
  if (i >= j)
    return true;
  r->pos = tail_at (t, i)->pos;
  r->end = j == t->n ? seg_active (log)->size : tail_at (t, j)->pos;
  r->first = tail_at (t, i)->len;
  *len = size_of (req, r, &cut);
  if (cut && req->whole && *len > 0)
    *len = tail_boundary (t, i, r->pos + *len) - r->pos;
  return true;
}

/* ---- anywhere else */

/* Where reading must end: before the first batch that reaches limit, as far as max_bytes lets that matter. */
static int
find_limit (StokerLog *log, Segment *s, StokerFile *f, int64_t limit, size_t max_bytes, Range *r, bool *cold)
{
  uint64_t size = r->end, safe = seg_index_lookup (log, s, limit, size, cold), pos;
  g_autofree Walk *w = NULL;
  StokerBatch b;
  int rc;

  if (safe > r->pos && safe - r->pos > max_bytes) {
    r->end = safe;
    return 0;
  }
  w = g_new (Walk, 1);
  seg_walk_begin (w, f, MAX (safe, r->pos), size);
  w->cold = cold;
  r->end = w->pos;
  while (r->end - r->pos <= max_bytes && (rc = seg_walk_next (w, &b, &pos)) == 1
         && stoker_batch_last_offset (&b) < limit)
    r->end = w->pos;
  return 0;
}

/* Cuts len down to whole batches. */
static size_t
whole_batches (StokerFile *f, const Range *r, size_t len, bool *cold)
{
  g_autofree Walk *w = g_new (Walk, 1);
  StokerBatch b;
  uint64_t pos;

  seg_walk_begin (w, f, r->pos, r->pos + len);
  w->cold = cold;
  while (seg_walk_next (w, &b, &pos) == 1)
    ;
  return w->pos - r->pos;
}

/* A segment of the log, held while it is read without the lock. */
typedef struct View
{
  Segment *seg;
  uint64_t size;
  int64_t next; /* base of the segment after it, or the log end */
  bool last;
} View;

/* Without waiting: only when it is open, which also means that its index was opened not long ago. */
static int
file_for (StokerLog *log, Segment *s, StokerFile **f, bool *cold)
{
  if (cold == NULL)
    return seg_file_get (log, s, f);
  pthread_mutex_lock (&log->lock);
  *f = seg_file_peek (s);
  pthread_mutex_unlock (&log->lock);
  *cold = *f == NULL;
  return *cold ? -EAGAIN : 0;
}

/* 1: found something; 0: nothing below the limit in this segment; negative: errno. `cold`: as in seg_locate. */
static int
read_segment (StokerLog *log, const View *v, const StokerRead *req, int64_t limit, Range *r, StokerFile **f,
              size_t *len, bool *cold)
{
  StokerBatch b;
  bool cut;
  int rc = file_for (log, v->seg, f, cold);

  if (rc < 0)
    return rc;
  r->end = v->size;
  r->upper = MIN (limit, v->next);
  rc = seg_locate (log, v->seg, *f, req->offset, v->size, &r->pos, &b, cold);
  if (rc >= 0 && v->seg->n_damage > 0) {
    bool lost;
    pthread_mutex_lock (&log->lock);
    lost = seg_damage_holds (v->seg, req->offset); /* known since a moment */
    if (rc == 1)
      r->end = seg_damage_before (v->seg, r->pos, v->size);
    pthread_mutex_unlock (&log->lock);
    if (lost) {
      stoker_file_unref (*f);
      *f = NULL;
      return -EBADMSG;
    }
  }
  if (rc == 1 && stoker_batch_last_offset (&b) < limit) {
    r->first = (size_t)b.length;
    if (limit < v->next)
      find_limit (log, v->seg, *f, limit, MAX (req->max_bytes, r->first), r, cold);
    *len = size_of (req, r, &cut);
    if (cut && req->whole && *len > r->first)
      *len = whole_batches (*f, r, *len, cold);
    if (cold) {
      pthread_mutex_lock (&log->lock);
      *cold |= seg_zone_left (v->seg, r->pos, *len); /* it is checked on the way through a disk thread */
      pthread_mutex_unlock (&log->lock);
    }
    return 1;
  }
  stoker_file_unref (*f);
  *f = NULL;
  return rc < 0 ? -EIO : 0;
}

static void
hand_out (StokerReadResult *out, StokerFile *f, const Range *r, size_t len)
{
  out->upper = r->upper;
  out->len = len;
  if (len == 0) {
    stoker_file_unref (f);
    return;
  }
  out->n_slices = 1;
  out->slices[0] = (StokerSlice){ .kind = STOKER_SLICE_FILE, .u.file = f, .pos = r->pos, .len = len };
}

/* The quick way, under the lock: 1 done, 0 look at `v` without the lock, or a Kafka error code * -1. */
static int
begin_read (StokerLog *log, const StokerRead *req, int64_t *limit, View *v, StokerReadResult *out)
{
  uint32_t at;
  Range r;
  size_t len;

  if (req->offset < log->start || req->offset > log->end)
    return -STOKER_OFFSET_OUT_OF_RANGE;
  *limit = MIN (req->limit, log->end);
  out->upper = MAX (*limit, req->offset);
  if (req->offset >= *limit || (req->max_bytes == 0 && !req->at_least_one))
    return 1;
  at = seg_find (log, req->offset);
  v->seg = log->segs[at];
  v->last = at + 1 == log->n_segs;
  v->size = v->seg->size;
  v->next = v->last ? log->end : log->segs[at + 1]->base;
  if (v->seg->n_damage > 0 && seg_damage_holds (v->seg, req->offset))
    return -STOKER_CORRUPT_MESSAGE;
  if (v->last && v->seg->file && v->seg->n_damage == 0 && read_tail (log, req, *limit, &r, &len)) {
    hand_out (out, seg_file_peek (v->seg), &r, len);
    return 1;
  }
  seg_segment_ref (v->seg);
  return 0;
}

int
seg_read (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out)
{
  StokerRead at = *req;

  *out = (StokerReadResult){ .upper = req->offset };
  for (int retries = 0; retries < 8;) {
    View v;
    Range r;
    StokerFile *f = NULL;
    size_t len = 0;
    int64_t limit;
    bool cold = false;
    int rc;
    pthread_mutex_lock (&log->lock);
    rc = begin_read (log, &at, &limit, &v, out);
    pthread_mutex_unlock (&log->lock);
    if (rc != 0)
      return rc < 0 ? -rc : 0;
    rc = read_segment (log, &v, &at, limit, &r, &f, &len, req->nowait ? &cold : NULL);
    if (cold) {
      stoker_file_unref (f);
      seg_segment_unref (v.seg);
      *out = (StokerReadResult){ .upper = req->offset, .cold = true };
      return 0;
    }
    pthread_mutex_lock (&log->lock);
    if (v.seg->dropped) { /* removed or replaced since we looked: what was opened by name may be another's */
      rc = -ENOENT;
      g_clear_pointer (&f, stoker_file_unref);
    }
    pthread_mutex_unlock (&log->lock);
    seg_segment_unref (v.seg);
    if (rc == 1) {
      hand_out (out, f, &r, len);
      return 0;
    }
    if (rc == -ENOENT) {
      retries++;
      continue;
    }
    if (rc == -EBADMSG)
      return STOKER_CORRUPT_MESSAGE;
    if (rc < 0)
      return STOKER_KAFKA_STORAGE_ERROR;
    if (v.last || v.next >= limit)
      return 0;
    at.offset = v.next; /* a gap at the end of the segment */
  }
  return STOKER_KAFKA_STORAGE_ERROR;
}
