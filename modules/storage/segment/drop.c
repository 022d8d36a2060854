/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up the oldest segments: retention, and the log start that moves up. Files are renamed to .deleted and vanish
 * after file.delete.delay.ms, for readers that are still sending them.
 */
#include "drop.h"
#include "dir.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "journaled.h"
#include "log.h"
#include "roll.h"
#include "scan.h"
#include "tick.h"

#include <errno.h>
#include <string.h>

void
seg_detach_segments (StokerLog *log, uint32_t from, uint32_t n)
{
  for (uint32_t i = from; i < from + n; i++)
    log->segs[i]->dropped = true;
  for (uint32_t i = from + n; i < log->n_segs; i++)
    log->segs[i - n] = log->segs[i];
  log->n_segs -= n;
}

static void
forget_file (StokerLog *log, const char *path)
{
  int rc = stoker_disk_unlink (seg_disk (log), path);

  if (rc < 0 && rc != -ENOENT)
    seg_dir_trouble (log->dir, rc, "delete a file of", log->name);
}

void
seg_discard (StokerLog *log, Segment *s, bool at_once)
{
  static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex", ".snapshot" };
  int64_t due = seg_now_ms (log) + log->set.file_delete_delay_ms;
  int rc;

  for (unsigned i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *from = seg_path (log, s->base, suffixes[i]);
    char *to;
    if (at_once) {
      forget_file (log, from);
      continue;
    }
    to = g_strconcat (from, ".deleted", NULL);
    rc = stoker_disk_rename (seg_disk (log), from, to);
    if (rc == 0) {
      seg_doom (log->engine, log->dir, to, false, due);
      continue;
    }
    g_free (to);
    if (rc != -ENOENT) /* a new name may need space; under its old one it would be back after a restart */
      forget_file (log, from);
  }
  seg_names_changed (log);
  seg_file_drop (log, s);
  seg_segment_unref (s);
}

/* Base of the segment after number i, or the end: lock held. */
static int64_t
next_of (const StokerLog *log, uint32_t i)
{
  return i + 1 < log->n_segs ? log->segs[i + 1]->base : log->end;
}

/* Its time index may be damaged: is there a batch that is newer than it says? Headers only, once in a segment's life. */
static bool
is_newer (StokerLog *log, Segment *s)
{
  g_autofree Walk *w = g_new (Walk, 1);
  int64_t newest = -1, offset = s->base, told;
  StokerFile *f;
  StokerBatch b;
  uint64_t pos;

  seg_max_load (log, s);
  if (s->size == 0 || seg_file_get (log, s, &f) < 0)
    return false;
  seg_walk_begin (w, f, 0, s->size);
  while (seg_walk_next (w, &b, &pos) == 1)
    if (b.max_timestamp > newest) {
      newest = b.max_timestamp;
      offset = stoker_batch_last_offset (&b);
    }
  stoker_file_unref (f);
  pthread_mutex_lock (&log->lock);
  told = s->max_timestamp;
  if (newest > told) {
    s->max_timestamp = newest;
    s->max_offset = offset;
  }
  pthread_mutex_unlock (&log->lock);
  if (newest <= told)
    return false;
  stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
              "a time index names %" PRId64 " as the newest time, a batch %" PRId64 ": not deleted by time | file=%s/%s/%020" PRId64
              ".timeindex",
              told, newest, log->dir->path, log->name, s->base);
  return true;
}

/* Takes out the sealed segments that end at or below `offset`; claim held, lock not. */
static int
drop_sealed (StokerLog *log, int64_t offset, const char *reason)
{
  g_autofree Segment **gone = NULL;
  uint32_t n = 0;
  int64_t keep;
  int rc;

  /* Nobody may be finishing one of them. Where that fails (the disk is full, say) they go unfinished. */
  seg_settle (log);
  pthread_mutex_lock (&log->lock);
  while (n + 1 < log->n_segs && next_of (log, n) <= offset)
    n++;
  pthread_mutex_unlock (&log->lock);
  for (uint32_t i = 0; i < n && strcmp (reason, "time") == 0; i++) /* who holds the claim may look without the lock */
    if (is_newer (log, log->segs[i]))
      n = i;
  keep = log->segs[n]->base;
  rc = n > 0 ? seg_journal_forget (log, keep) : 0;
  if (rc < 0)
    return rc;
  pthread_mutex_lock (&log->lock);
  gone = g_memdup2 (log->segs, n * sizeof *gone);
  seg_detach_segments (log, 0, n);
  log->start = MAX (log->start, log->segs[0]->base);
  log->hw = MAX (log->hw, log->start);
  seg_epochs_cut_start (log, log->start);
  pthread_mutex_unlock (&log->lock);
  for (uint32_t i = 0; i < n; i++) {
    stoker_log (log->engine->self, STOKER_LOG_INFO, "segment.dropped",
                "dropped a segment | log=%s/%s base=%" PRId64 " bytes=%" PRIu64 " reason=%s", log->dir->path, log->name,
                gone[i]->base, gone[i]->size, reason);
    seg_discard (log, gone[i], false);
  }
  seg_mark_dirty (log, CHECKPOINT_START);
  return 0;
}

static void
claim (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  seg_claim (log);
  pthread_mutex_unlock (&log->lock);
}

static int
release (StokerLog *log, int rc, const char *what, StokerError *err)
{
  if (rc == 0)
    rc = seg_epochs_write (log, false);
  pthread_mutex_lock (&log->lock);
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    return 0;
  seg_dir_trouble (log->dir, rc, what, log->name);
  stoker_error_set (err, STOKER_ERROR_IO, "cannot %s %s/%s: %s", what, log->dir->path, log->name, g_strerror (-rc));
  return STOKER_KAFKA_STORAGE_ERROR;
}

int
seg_drop (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err)
{
  int rc = 0;
  int64_t end;
  bool roll;

  seg_settle (log); /* flushing takes long: before appends are held up */
  claim (log);
  pthread_mutex_lock (&log->lock);
  end = log->end;
  roll = offset >= end && seg_active (log)->size > 0;
  pthread_mutex_unlock (&log->lock);
  if (roll)
    rc = seg_roll (log, end);
  if (rc == 0)
    rc = drop_sealed (log, offset, reason);
  rc = release (log, rc, "drop segments of", err);
  if (roll)
    seg_post_job (log);
  return rc;
}

int
seg_set_start (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  int rc;

  seg_settle (log);
  claim (log);
  pthread_mutex_lock (&log->lock);
  log->start = MAX (log->start, MIN (offset, log->end));
  pthread_mutex_unlock (&log->lock);
  rc = drop_sealed (log, offset, "start");
  /* DeleteRecords was promised: it must hold after a crash too. */
  if (rc == 0)
    rc = seg_dir_write (log->engine, log->dir, 1u << CHECKPOINT_START, NULL);
  return release (log, rc, "move the start of", err);
}

/* The timestamp of the first batch of a sealed segment. */
static void
first_load (StokerLog *log, Segment *s)
{
  StokerFile *f;
  StokerBatch b;
  uint64_t pos;
  bool known;
  Walk w;

  pthread_mutex_lock (&log->lock);
  known = s->first_known || s->size == 0;
  pthread_mutex_unlock (&log->lock);
  if (known || seg_file_get (log, s, &f) < 0)
    return;
  seg_walk_begin (&w, f, 0, s->size);
  if (seg_walk_next (&w, &b, &pos) == 1) {
    pthread_mutex_lock (&log->lock);
    s->first_timestamp = b.max_timestamp;
    s->first_known = true;
    pthread_mutex_unlock (&log->lock);
  }
  stoker_file_unref (f);
}

size_t
seg_segments (StokerInstance *self, StokerLog *log, StokerSegmentRow *rows, size_t max)
{
  g_autoptr (GPtrArray) segs = g_ptr_array_new_with_free_func ((GDestroyNotify)seg_segment_unref);
  bool compact;

  pthread_mutex_lock (&log->lock);
  compact = log->set.compact;
  for (uint32_t i = 0; i < log->n_segs; i++)
    g_ptr_array_add (segs, seg_segment_ref (log->segs[i]));
  pthread_mutex_unlock (&log->lock);
  for (guint i = 0; i < segs->len && i < max; i++)
    seg_max_load (log, segs->pdata[i]);
  for (guint i = 0; compact && i + 1 < segs->len && i < max; i++)
    first_load (log, segs->pdata[i]);
  pthread_mutex_lock (&log->lock);
  for (guint i = 0; i < segs->len && i < max; i++) {
    const Segment *s = segs->pdata[i];
    bool last = i + 1 == segs->len;
    rows[i] = (StokerSegmentRow){ .base = s->base,
                                  .next = last ? MAX (log->end, s->base) : ((Segment *)segs->pdata[i + 1])->base,
                                  .bytes = s->size,
                                  .largest_timestamp = s->max_timestamp,
                                  .modified_ms = s->modified_ms,
                                  .active = last,
                                  .first_timestamp = s->first_known ? s->first_timestamp : -1 };
  }
  pthread_mutex_unlock (&log->lock);
  return segs->len;
}

uint64_t
seg_bytes (StokerInstance *self, StokerLog *log)
{
  uint64_t bytes = 0;

  pthread_mutex_lock (&log->lock);
  for (uint32_t i = 0; i < log->n_segs; i++)
    bytes += log->segs[i]->size;
  pthread_mutex_unlock (&log->lock);
  return bytes;
}
