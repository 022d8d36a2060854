/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking over the batch headers of a .log file, 4 KiB at a time.
 */
#include "scan.h"
#include "damage.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "read.h"

#include <string.h>

void
seg_walk_begin (Walk *w, StokerFile *f, uint64_t pos, uint64_t end)
{
  w->file = f;
  w->pos = pos;
  w->end = end;
  w->cold = NULL;
  w->log = NULL;
  w->seg = NULL;
  w->next = 0;
  w->max = INT64_MAX;
  w->buf_pos = 0;
  w->buf_len = 0;
}

/* Over what is known to be damaged. */
static void
step_over (Walk *w)
{
  pthread_mutex_lock (&w->log->lock);
  w->pos = MIN (seg_damage_jump (w->seg, w->pos), w->end);
  pthread_mutex_unlock (&w->log->lock);
}

int
seg_walk_next (Walk *w, StokerBatch *out, uint64_t *pos)
{
  if (w->seg && w->seg->n_damage > 0)
    step_over (w);
  if (w->pos >= w->end)
    return 0;
  if (w->end - w->pos < STOKER_BATCH_HEADER)
    return -1;
  if (w->pos < w->buf_pos || w->pos + STOKER_BATCH_HEADER > w->buf_pos + w->buf_len) {
    size_t len = MIN (SEG_WALK_BUF, w->end - w->pos);
    ssize_t n = w->cold ? stoker_file_pread_resident (w->file, w->buf, len, w->pos)
                        : stoker_file_pread (w->file, w->buf, len, w->pos);
    w->buf_pos = w->pos;
    w->buf_len = n > 0 ? (size_t)n : 0;
    if (w->cold && n < (ssize_t)STOKER_BATCH_HEADER) /* or an error: a disk thread will see it */
      *w->cold = true;
    if (n < (ssize_t)STOKER_BATCH_HEADER)
      return -1;
  }
  if (!seg_header_read (w->buf + (w->pos - w->buf_pos), out) || (uint64_t)out->length > w->end - w->pos
      || (w->seg && (out->base_offset < w->next || stoker_batch_last_offset (out) > w->max)))
    return -1;
  *pos = w->pos;
  w->pos += (uint64_t)out->length;
  w->next = stoker_batch_last_offset (out) + 1;
  return 1;
}

bool
seg_control_read (StokerFile *f, uint64_t pos, const StokerBatch *b, int32_t *type, int32_t *epoch)
{
  uint8_t buf[256]; /* a marker takes 78 bytes */
  size_t len = MIN (sizeof buf, (size_t)b->length);

  *type = *epoch = -1;
  return stoker_file_pread (f, buf, len, pos) == (ssize_t)len && stoker_control_parse (buf, len, type, epoch);
}

static int
walk_to (Walk *w, int64_t offset, uint64_t *pos, StokerBatch *batch)
{
  int rc;

  while ((rc = seg_walk_next (w, batch, pos)) == 1)
    if (stoker_batch_last_offset (batch) >= offset)
      break;
  return rc;
}

/* A walk from `pos` on that steps over what is known to be damaged. */
static void
begin (Walk *w, StokerLog *log, Segment *s, StokerFile *f, uint64_t pos, uint64_t size, bool *cold)
{
  uint32_t at;

  seg_walk_begin (w, f, pos, size);
  w->cold = cold;
  w->log = log;
  w->seg = s;
  w->next = s->base;
  pthread_mutex_lock (&log->lock);
  at = seg_find (log, s->base);
  w->max = log->segs[at] != s ? INT64_MAX : at + 1 < log->n_segs ? log->segs[at + 1]->base - 1 : log->end - 1;
  pthread_mutex_unlock (&log->lock);
}

/* The walk came to something that is no batch: what is it, and what stands behind it? */
static int
walk_behind (Walk *w, int64_t offset, uint64_t *pos, StokerBatch *batch)
{
  uint64_t behind;
  int rc = -1;

  while (rc < 0 && seg_damage_probe (w->log, w->seg, w->file, w->pos, w->next, &behind) > 0) {
    w->pos = behind;
    rc = walk_to (w, offset, pos, batch);
  }
  return rc;
}

int
seg_locate (StokerLog *log, Segment *s, StokerFile *f, int64_t offset, uint64_t size, uint64_t *pos, StokerBatch *batch,
            bool *cold)
{
  uint64_t from = seg_index_lookup (log, s, offset, size, cold);
  Walk w;
  int rc;

  if (cold && *cold)
    return -1;
  begin (&w, log, s, f, from, size, cold);
  rc = walk_to (&w, offset, pos, batch);
  if (cold && *cold)
    return -1;
  if (rc < 0 && from > 0) {
    /* An index that points between batches is not believed: the log itself is. */
    begin (&w, log, s, f, 0, size, cold);
    rc = walk_to (&w, offset, pos, batch);
    if (cold && *cold)
      return -1;
    if (rc >= 0)
      stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
                  "index points between batches | file=%s/%s/%020" PRId64 ".index position=%" PRIu64, log->dir->path,
                  log->name, s->base, from);
  }
  if (rc < 0 && cold)
    *cold = true; /* finding out what is wrong is for a disk thread */
  else if (rc < 0)
    rc = walk_behind (&w, offset, pos, batch);
  if (rc < 0 && cold == NULL)
    stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.damaged",
                "no batch of magic 2 | file=%s/%s/%020" PRId64 ".log position=%" PRIu64, log->dir->path, log->name,
                s->base, w.pos);
  return rc;
}
