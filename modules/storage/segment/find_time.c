/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets by timestamp (kafka-facts 3.3): the time index names a place to begin, the records are what counts.
 */
#include "engine.h"

#include <errno.h>

/* Looks for the record in one batch. 1: found. */
static int
in_batch (StokerLog *log, StokerFile *f, uint64_t pos, const StokerBatch *b, int64_t timestamp, StokerTimeFound *out)
{
  g_autofree uint8_t *data = g_malloc ((size_t)b->length);
  int rc;

  if (stoker_file_pread (f, data, (size_t)b->length, pos) != b->length)
    return -EIO;
  rc = stoker_batch_find_timestamp (log->engine->self->host, data, b, timestamp, &out->offset, &out->timestamp);
  if (rc == 1)
    out->leader_epoch = b->leader_epoch;
  return rc < 0 ? -EIO : rc;
}

static int
in_segment (StokerLog *log, Segment *s, int64_t timestamp, int64_t start, StokerTimeFound *out)
{
  g_autofree Walk *w = g_new (Walk, 1);
  StokerFile *f;
  StokerBatch b;
  uint64_t pos, size;
  int64_t from = s->base;
  bool newest = timestamp == INT64_MAX;
  int rc = seg_file_get (log, s, &f), found = 0;

  if (rc < 0)
    return rc;
  pthread_mutex_lock (&log->lock);
  size = s->size;
  if (newest)
    from = MAX (from, s->max_offset);
  pthread_mutex_unlock (&log->lock);
  if (!newest)
    seg_time_lookup (log, s, timestamp, &from);
  from = MAX (from, start);
  rc = seg_locate (log, s, f, from, size, &pos, &b);
  seg_walk_begin (w, f, rc == 1 ? pos : size, size);
  while (found == 0 && rc == 1 && (rc = seg_walk_next (w, &b, &pos)) == 1) {
    if (!newest && b.max_timestamp < timestamp)
      continue;
    found = in_batch (log, f, pos, &b, timestamp, out);
    if (found == 1 && out->offset < start) /* below the log start: as if it were not there */
      found = 0;
    if (newest)
      break;
  }
  stoker_file_unref (f);
  return found != 0 ? found : rc < 0 ? -EIO : 0;
}

/* The segments that may hold it, in order. */
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
    if (best == NULL || ((Segment *)all->pdata[i])->max_timestamp > best->max_timestamp)
      best = all->pdata[i];
  if (best)
    seg_segment_ref (best);
  g_ptr_array_set_size (all, 0);
  if (best)
    g_ptr_array_add (all, best);
  return all;
}

int
seg_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out)
{
  int64_t start;
  g_autoptr (GPtrArray) segs = candidates (log, timestamp, limit, &start);
  int rc = 0;

  *out = (StokerTimeFound){ -1, -1, -1 };
  for (guint i = 0; i < segs->len && rc == 0; i++) {
    Segment *s = segs->pdata[i];
    if (timestamp == INT64_MAX ? s->max_timestamp >= 0 : s->max_timestamp >= timestamp)
      rc = in_segment (log, s, timestamp, start, out);
    if (rc < 0 && s->dropped)
      rc = 0;
  }
  if (rc != 1 || out->offset >= limit)
    *out = (StokerTimeFound){ -1, -1, -1 };
  return rc < 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
}
