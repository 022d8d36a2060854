/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting a log at its end, and beginning anew (kafka-facts 5.8). Readers may be at work meanwhile: what they see ends
 * before the files get shorter.
 */
#include "truncate.h"
#include "damage.h"
#include "dir.h"
#include "drop.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "journaled.h"
#include "log.h"
#include "producers.h"
#include "read.h"
#include "roll.h"
#include "scan.h"
#include "txnindex.h"

#include <errno.h>

static void
claim_settled (StokerLog *log)
{
  seg_settle (log);
  pthread_mutex_lock (&log->lock);
  seg_claim (log);
  pthread_mutex_unlock (&log->lock);
}

static int
finish (StokerLog *log, int rc, const char *what, StokerError *err)
{
  /* The recovery point on disk must not be above the end: bytes written there again would not be checked. */
  if (rc == 0) {
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
    seg_mark_dirty (log, CHECKPOINT_START);
    seg_mark_dirty (log, CHECKPOINT_HW);
    rc = seg_epochs_write (log, true);
  }
  if (rc == 0)
    rc = seg_names_sync (log);
  if (rc == 0)
    rc = seg_dir_write (log->engine, log->dir, 1u << CHECKPOINT_RECOVERY | 1u << CHECKPOINT_START, NULL);
  pthread_mutex_lock (&log->lock);
  log->failed = rc < 0; /* what was wrong with it is gone, or it is broken now */
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    return 0;
  seg_dir_trouble (log->dir, rc, what, log->name);
  stoker_error_set (err, STOKER_ERROR_IO, "cannot %s %s/%s: %s", what, log->dir->path, log->name, g_strerror (-rc));
  return STOKER_KAFKA_STORAGE_ERROR;
}

/* Everything that readers and writers see ends at `end`, byte `size` of the active segment. */
static void
show_end (StokerLog *log, int64_t end, uint64_t size)
{
  Segment *s = seg_active (log);

  s->size = size;
  s->pushed = MIN (s->pushed, size);
  seg_damage_cut (s, size);
  if (size == 0) {
    s->first_known = false;
    s->first_timestamp = -1;
    s->created_ms = seg_now_ms (log);
  }
  g_clear_pointer (&log->tail, g_free);
  log->end = end;
  log->start = MIN (log->start, end);
  log->hw = MIN (log->hw, end);
  log->recovery = MIN (log->recovery, end);
  log->durable = MIN (log->durable, end);
  log->cuts++;
  log->cut_end = MIN (log->cut_end, end);
  seg_epochs_cut_end (log, end);
}

/* Where in its segment the cut is: *size, and the end it gives. */
static int
find_cut (StokerLog *log, Segment *s, int64_t offset, uint64_t *size, int64_t *end)
{
  StokerBatch b;
  StokerFile *f;
  int rc = seg_file_get (log, s, &f);

  if (rc < 0)
    return rc;
  *size = s->size;
  *end = MIN (offset, log->end);
  rc = seg_locate (log, s, f, offset, s->size, size, &b, NULL);
  if (rc == 1) /* a batch goes whole, also when offset is inside of it */
    *end = MIN (offset, b.base_offset);
  else
    *size = s->size;
  stoker_file_unref (f);
  return rc < 0 ? -EIO : 0;
}

static int
cut_files (StokerLog *log)
{
  Segment *s = seg_active (log);
  StokerFile *f;
  int rc = 0;

  if (s->disk_offsets < 0 && !seg_index_open (log, s))
    s->disk_offsets = s->disk_times = 0;
  rc = seg_file_get (log, s, &f);
  if (rc < 0)
    return rc;
  rc = stoker_file_truncate (f, s->size);
  s->reserved = 0;
  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  if (rc == 0)
    rc = seg_index_truncate (log, s, log->end);
  if (rc == 0)
    rc = seg_txn_truncate (log, s, log->end);
  seg_snapshots_delete (log, log->end + 1, INT64_MAX);
  return rc;
}

/* Segments from number `from` on, deleted. */
static void
drop_tail (StokerLog *log, uint32_t from)
{
  for (;;) {
    Segment *s = NULL;
    pthread_mutex_lock (&log->lock);
    if (log->n_segs > from) {
      s = seg_active (log);
      log->end = MIN (log->end, s->base);
      seg_detach_segments (log, log->n_segs - 1, 1);
    }
    pthread_mutex_unlock (&log->lock);
    if (s == NULL)
      return;
    seg_discard (log, s, true);
  }
}

int
seg_truncate (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  uint64_t size;
  int64_t end;
  uint32_t keep;
  Segment *s;
  int rc;

  if (offset >= log->end)
    return 0;
  if (offset < log->segs[0]->base)
    return seg_reset (self, log, offset, err);
  claim_settled (log);
  pthread_mutex_lock (&log->lock);
  keep = seg_find (log, offset) + 1;
  s = log->segs[keep - 1];
  pthread_mutex_unlock (&log->lock);
  rc = find_cut (log, s, offset, &size, &end);
  if (rc == 0)
    rc = seg_journal_cut (log, s->base, size);
  if (rc == 0) {
    drop_tail (log, keep);
    pthread_mutex_lock (&log->lock);
    show_end (log, end, size);
    pthread_mutex_unlock (&log->lock);
    rc = cut_files (log);
  }
  if (rc == 0)
    rc = seg_producers_load (log, end, err);
  stoker_log (self, STOKER_LOG_INFO, "segment.truncated", "truncated | log=%s/%s end=%" PRId64, log->dir->path,
              log->name, log->end);
  return finish (log, rc, "truncate", err);
}

/* A new first segment at `offset` in place of all others. */
static int
begin_at (StokerLog *log, int64_t offset)
{
  g_autofree char *path = seg_path (log, offset, ".log");
  g_autofree Segment **old = NULL;
  uint32_t n_old;
  Segment *s;
  StokerFile *f;
  int rc;

  pthread_mutex_lock (&log->lock);
  n_old = log->n_segs;
  old = g_memdup2 (log->segs, n_old * sizeof *old);
  pthread_mutex_unlock (&log->lock);
  s = seg_segment_new (log, offset);
  s->max_known = true;
  pthread_mutex_lock (&log->lock);
  seg_detach_segments (log, 0, n_old);
  seg_add_segment (log, s);
  log->start = log->end = offset;
  show_end (log, offset, 0);
  log->hw = log->recovery = log->durable = offset;
  log->epochs.n = 0;
  log->epochs_dirty = true;
  log->snapshot = -1;
  stoker_producers_clear (log->producers);
  stoker_txns_reset (&log->txns, log->producers);
  pthread_mutex_unlock (&log->lock);
  for (uint32_t i = 0; i < n_old; i++)
    seg_discard (log, old[i], true);
  seg_snapshots_delete (log, 0, INT64_MAX);
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);
  if (rc < 0)
    return rc;
  stoker_file_unref (f);
  seg_names_changed (log);
  return seg_index_rewrite (log, s);
}

int
seg_reset (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  int rc;

  claim_settled (log);
  rc = seg_journal_forget (log, INT64_MAX);
  if (rc == 0)
    rc = begin_at (log, offset);
  stoker_log (self, STOKER_LOG_INFO, "segment.reset", "begun anew | log=%s/%s start=%" PRId64, log->dir->path,
              log->name, offset);
  return finish (log, rc, "reset", err);
}
