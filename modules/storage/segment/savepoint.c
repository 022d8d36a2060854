/* SPDX-License-Identifier: Apache-2.0
 *
 * Save points. A flush that finds much written since the last one also saves what is made from the batches: the indexes,
 * and the producers' state as a snapshot. A recovery then reads headers from there on and no further back, however large the
 * segment is.
 */
#include "savepoint.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "producers.h"
#include "txnindex.h"

bool
seg_save_due (const StokerLog *log)
{
  const Segment *s = seg_active (log);

  /* Whoever has the claim may be about to change what is saved: the next flush will do. */
  return !log->claimed && !log->failed && s->disk_offsets >= 0 && log->end > log->snapshot && s->size > s->noted
         && s->size - s->noted >= (uint64_t)log->engine->conf->recovery_bytes;
}

void
seg_save_begin (StokerLog *log, SavePoint *p)
{
  Segment *s = seg_active (log);

  seg_claim (log);
  *p = (SavePoint){ .seg = seg_segment_ref (s), .offset = log->end, .pos = s->size, .cuts = log->cuts };
  stoker_producers_save (log->producers, &p->state);
  pthread_mutex_unlock (&log->lock);
  p->rc = seg_index_write (log, s, false);
  pthread_mutex_lock (&log->lock);
  seg_unclaim (log);
}

/* Truncated meanwhile? Lock held. */
static bool
is_cut (const StokerLog *log, const SavePoint *p)
{
  return log->cuts != p->cuts || p->seg->dropped;
}

void
seg_save_end (StokerLog *log, SavePoint *p, int rc)
{
  bool cut;

  if (p->seg == NULL)
    return;
  pthread_mutex_lock (&log->lock);
  cut = is_cut (log, p);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    rc = p->rc;
  if (rc == 0 && !cut)
    rc = seg_index_sync (log, p->seg);
  if (rc == 0 && !cut)
    rc = seg_txn_sync (log, p->seg);
  if (rc == 0 && !cut)
    rc = seg_snapshot_write (log, p->offset, &p->state);
  if (rc == 0 && !cut) {
    pthread_mutex_lock (&log->lock);
    cut = is_cut (log, p);
    if (!cut) {
      log->snapshot = MAX (log->snapshot, p->offset);
      p->seg->noted = p->pos;
    }
    pthread_mutex_unlock (&log->lock);
    if (cut) {
      g_autofree char *path = seg_path (log, p->offset, ".snapshot");
      stoker_disk_unlink (seg_disk (log), path);
    } else {
      seg_snapshot_middle (log, p->offset);
    }
  }
  /* Nothing is lost by a failure: a recovery begins further back. */
  if (rc < 0)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.save_failed",
                "cannot save indexes and producers in between: %s | log=%s/%s", g_strerror (-rc), log->dir->path,
                log->name);
  stoker_buf_clear (&p->state);
  seg_segment_unref (p->seg);
  p->seg = NULL;
}
