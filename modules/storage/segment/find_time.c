/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets by timestamp (kafka-facts 3.3): the time index names a place to begin, the records are what counts.
 */
#include "find_time.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "scan.h"

#include <errno.h>

/* Looks for the record in one batch, from offset `start` on. 1: found. */
static int
in_batch (StokerLog *log, StokerFile *f, uint64_t pos, const StokerBatch *b, int64_t start, int64_t timestamp,
          StokerTimeFound *out)
{
  g_autofree uint8_t *data = g_malloc ((size_t)b->length);
  int rc;

  if (stoker_file_pread (f, data, (size_t)b->length, pos) != b->length)
    return -EIO;
  rc = stoker_batch_find_timestamp (log->engine->self->host, data, b, start, timestamp, &out->offset, &out->timestamp);
  if (rc == 1)
    out->leader_epoch = b->leader_epoch;
  return rc < 0 ? -EIO : rc;
}

/* The newest record from `start` on, in the segment that the log start lies within: what is known of the segment's
 * largest timestamp may be that of a deleted record, so the headers are read; only the first batch can hold deleted
 * records. */
static int
newest_from (StokerLog *log, StokerFile *f, Walk *w, int64_t start, StokerTimeFound *out)
{
  StokerTimeFound first = { -1, -1, -1 };
  StokerBatch b, best = { .max_timestamp = -1 };
  uint64_t pos, best_pos = 0;
  int rc, found = 0;

  while ((rc = seg_walk_next (w, &b, &pos)) == 1)
    if (b.base_offset < start) {
      if (stoker_batch_last_offset (&b) >= start && (found = in_batch (log, f, pos, &b, start, INT64_MAX, &first)) < 0)
        return found;
    } else if (b.max_timestamp > best.max_timestamp) {
      best = b;
      best_pos = pos;
    }
  if (rc < 0)
    return -EIO;
  if (best.max_timestamp > first.timestamp)
    return in_batch (log, f, best_pos, &best, start, INT64_MAX, out);
  *out = first;
  return found;
}

/* The first record at or after `timestamp`; INT64_MAX: the walk begins at the batch that has the largest. */
static int
first_from (StokerLog *log, StokerFile *f, Walk *w, int64_t start, int64_t timestamp, StokerTimeFound *out)
{
  StokerBatch b;
  uint64_t pos;
  int rc, found = 0;

  while (found == 0 && (rc = seg_walk_next (w, &b, &pos)) == 1) {
    if (timestamp != INT64_MAX && b.max_timestamp < timestamp)
      continue;
    found = in_batch (log, f, pos, &b, start, timestamp, out);
    if (timestamp == INT64_MAX)
      return found;
  }
  return found != 0 ? found : rc < 0 ? -EIO : 0;
}

static int
in_segment (StokerLog *log, Segment *s, int64_t timestamp, int64_t start, StokerTimeFound *out)
{
  g_autofree Walk *w = g_new (Walk, 1);
  StokerFile *f;
  StokerBatch b;
  uint64_t pos, size;
  int64_t from = s->base;
  bool newest = timestamp == INT64_MAX, cut = s->base < start;
  int rc = seg_file_get (log, s, &f);

  if (rc < 0)
    return rc;
  pthread_mutex_lock (&log->lock);
  size = s->size;
  if (newest && !cut)
    from = MAX (from, s->max_offset);
  pthread_mutex_unlock (&log->lock);
  if (!newest)
    seg_time_lookup (log, s, timestamp, &from);
  from = MAX (from, start);
  rc = seg_locate (log, s, f, from, size, &pos, &b, NULL);
  if (rc == 1) {
    seg_walk_begin (w, f, pos, size);
    rc = newest && cut ? newest_from (log, f, w, start, out) : first_from (log, f, w, start, timestamp, out);
  }
  stoker_file_unref (f);
  return rc < 0 ? -EIO : rc;
}

/* The segments that may hold it, in order. For the largest timestamp: the one that the log start lies within, and the
 * best of the rest. */
static GPtrArray *
candidates (StokerLog *log, int64_t timestamp, int64_t limit, int64_t *start)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify)seg_segment_unref);
  Segment *best = NULL;

  pthread_mutex_lock (&log->lock);
  *start = log->start;
  for (uint32_t i = 0; i < log->n_segs; i++)
    if (log->segs[i]->size > 0 && log->segs[i]->base < limit)
      g_ptr_array_add (all, seg_segment_ref (log->segs[i]));
  pthread_mutex_unlock (&log->lock);
  for (guint i = 0; i < all->len; i++)
    seg_max_load (log, all->pdata[i]);
  if (timestamp != INT64_MAX)
    return all;
  for (guint i = 0; i < all->len; i++)
    if (((Segment *)all->pdata[i])->base >= *start
        && (best == NULL || ((Segment *)all->pdata[i])->max_timestamp > best->max_timestamp))
      best = all->pdata[i];
  if (best)
    seg_segment_ref (best);
  g_ptr_array_set_size (all, all->len > 0 && ((Segment *)all->pdata[0])->base < *start ? 1 : 0);
  if (best)
    g_ptr_array_add (all, best);
  return all;
}

/* 0, 1: a segment was replaced meanwhile, so the result means nothing; negative: it failed. */
static int
look (StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out)
{
  int64_t start;
  g_autoptr (GPtrArray) segs = candidates (log, timestamp, limit, &start);
  bool replaced = false;
  int rc = 0;

  *out = (StokerTimeFound){ -1, -1, -1 };
  for (guint i = 0; i < segs->len && rc >= 0 && (timestamp == INT64_MAX || rc == 0); i++) {
    Segment *s = segs->pdata[i];
    StokerTimeFound found = { -1, -1, -1 };
    if (timestamp == INT64_MAX ? s->max_timestamp > out->timestamp : s->max_timestamp >= timestamp)
      rc = in_segment (log, s, timestamp, start, &found);
    if (rc == 1 && (out->offset < 0 || found.timestamp > out->timestamp))
      *out = found;
  }
  pthread_mutex_lock (&log->lock);
  for (guint i = 0; i < segs->len; i++)
    replaced |= ((Segment *)segs->pdata[i])->dropped;
  pthread_mutex_unlock (&log->lock);
  return replaced ? 1 : rc < 0 ? rc : 0;
}

int
seg_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out)
{
  int rc = 1;

  for (int tries = 0; tries < 8 && rc == 1; tries++)
    rc = look (log, timestamp, limit, out);
  if (rc != 0 || out->offset >= limit)
    *out = (StokerTimeFound){ -1, -1, -1 };
  return rc != 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
}
