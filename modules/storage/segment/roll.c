/* SPDX-License-Identifier: Apache-2.0
 *
 * Rolling to a new segment (kafka-facts 5.5). The append path only creates the new file; what the old one still needs
 * (indexes, reserved blocks, flush, producer snapshot) is a Seal that a disk thread works off. Whoever must have it
 * done (close, flush, truncate) does it itself: nobody waits for a task in a queue.
 */
#include "roll.h"
#include "dir.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "producers.h"
#include "txnindex.h"
#include "writeback.h"

#include <errno.h>

bool
seg_roll_due (StokerLog *log, uint64_t size, uint64_t bytes, int64_t last, int64_t max_timestamp, int64_t now_ms)
{
  Segment *s = seg_active (log);
  uint64_t limit = MIN ((uint64_t)log->set.segment_bytes, SEG_MAX_BYTES);
  int64_t waited;

  if (size == 0)
    return last - s->base > INT32_MAX;
  waited = s->first_timestamp >= 0 && max_timestamp >= 0 ? max_timestamp - s->first_timestamp : now_ms - s->created_ms;
  return size + bytes > limit || waited > log->set.segment_ms - log->jitter_ms || seg_index_full (s, &log->set)
         || last - s->base > INT32_MAX;
}

void
seg_add_segment (StokerLog *log, Segment *s)
{
  if (log->n_segs == log->cap_segs) {
    log->cap_segs = log->cap_segs ? log->cap_segs * 2 : 1;
    log->segs = g_renew (Segment *, log->segs, log->cap_segs);
  }
  log->segs[log->n_segs++] = s;
  g_clear_pointer (&log->tail, g_free);
  log->jitter_ms = 0;
  if (log->set.segment_jitter_ms > 0)
    log->jitter_ms = (int64_t)(stoker_host_random (log->engine->self->host) % (uint64_t)log->set.segment_jitter_ms);
}

void
seg_seal (StokerLog *log, Segment *s, int64_t end)
{
  Seal *seal = g_new0 (Seal, 1);

  seal->seg = seg_segment_ref (s);
  seal->end = end;
  *log->seals_end = seal;
  log->seals_end = &seal->next;
}

int
seg_roll (StokerLog *log, int64_t base)
{
  g_autofree char *path = seg_path (log, base, ".log");
  StokerFile *f;
  Segment *s;
  Seal *seal;
  int rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);

  if (rc < 0)
    return rc;
  s = seg_segment_new (log, base);
  s->disk_offsets = s->disk_times = 0;
  s->index_unsynced = true; /* they are not even made */
  s->max_known = true;
  seal = g_new0 (Seal, 1);
  seal->end = base;
  pthread_mutex_lock (&log->lock);
  seal->seg = seg_segment_ref (seg_active (log));
  if (base > log->snapshot) { /* the one of a clean stop at this very offset stays, as in Kafka */
    stoker_producers_save (log->producers, &seal->snapshot);
    log->snapshot = base;
  }
  *log->seals_end = seal;
  log->seals_end = &seal->next;
  seg_add_segment (log, s);
  log->names_unsynced = true;
  log->name_changes++;
  pthread_mutex_unlock (&log->lock);
  seg_file_adopt (log, s, f);
  stoker_log (log->engine->self, STOKER_LOG_DEBUG, "segment.rolled", "began a segment | log=%s/%s base=%" PRId64,
              log->dir->path, log->name, base);
  return 0;
}

/* Everything of a rolled segment to its files, flushed. */
static int
finish (StokerLog *log, Seal *seal)
{
  Segment *s = seal->seg;
  StokerFile *f;
  int rc;

  pthread_mutex_lock (&log->lock);
  seg_index_note_final (s);
  pthread_mutex_unlock (&log->lock);
  rc = seg_index_write (log, s, true);
  if (rc == 0)
    rc = seg_file_trim (log, s);
  if (rc == 0)
    rc = seg_file_get (log, s, &f);
  if (rc < 0)
    return rc;
  rc = stoker_file_sync (f);
  stoker_file_unref (f);
  if (rc == 0)
    rc = seg_txn_sync (log, s);
  if (rc == 0 && seal->snapshot.len > 0)
    rc = seg_snapshot_write (log, seal->end, &seal->snapshot);
  if (rc == 0)
    rc = seg_epochs_write (log, true);
  if (rc == 0)
    rc = seg_names_sync (log);
  if (rc == 0 && seal->snapshot.len > 0)
    seg_snapshot_middle (log, -1);
  return rc;
}

static void
seal_free (Seal *seal)
{
  stoker_buf_clear (&seal->snapshot);
  seg_segment_unref (seal->seg);
  g_free (seal);
}

/* Takes the oldest seal off the list; lock held. */
static Seal *
next_seal (StokerLog *log)
{
  Seal *seal = log->seals;

  if (seal == NULL)
    return NULL;
  log->seals = seal->next;
  if (log->seals == NULL)
    log->seals_end = &log->seals;
  return seal;
}

int
seg_settle (StokerLog *log)
{
  Seal *seal;
  int rc = 0;

  pthread_mutex_lock (&log->lock);
  while (log->settling)
    pthread_cond_wait (&log->cond, &log->lock);
  log->settling = true;
  while (rc == 0 && (seal = next_seal (log)) != NULL) {
    bool dropped = seal->seg->dropped;
    pthread_mutex_unlock (&log->lock);
    rc = dropped ? 0 : finish (log, seal);
    pthread_mutex_lock (&log->lock);
    if (rc == 0) {
      log->recovery = MAX (log->recovery, seal->end);
      seal_free (seal);
    } else { /* again later, in its place */
      seal->next = log->seals;
      log->seals = seal;
      if (seal->next == NULL)
        log->seals_end = &seal->next;
    }
  }
  log->settling = false;
  pthread_cond_broadcast (&log->cond);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
  else
    stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.write_failed",
                "cannot finish a rolled segment: %s | log=%s/%s", g_strerror (-rc), log->dir->path, log->name);
  if (rc < 0)
    seg_dir_trouble (log->dir, rc, "finish a segment of", log->name);
  return rc;
}

/* After the first append: the topic id should be on the disk before the kernel writes records there, so that nobody
 * takes them for another topic's. Nothing is promised of it; a flush would fail again and say so. */
static void
make_known (StokerLog *log)
{
  int rc = seg_names_sync (log);

  if (rc < 0)
    stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.write_failed",
                "cannot flush the names of a new log: %s | log=%s/%s", g_strerror (-rc), log->dir->path, log->name);
  if (rc < 0)
    seg_dir_trouble (log->dir, rc, "flush the names of", log->name);
}

static void
job (void *user)
{
  StokerLog *log = user;
  bool closed, flush, born, push;

  pthread_mutex_lock (&log->lock);
  log->job_posted = false;
  closed = log->closed;
  push = seg_push_due (log);
  born = log->id_unsynced && !seg_unused (log);
  log->job_running = !closed;
  flush = log->end - log->recovery >= log->set.flush_messages;
  pthread_mutex_unlock (&log->lock);
  if (!closed) {
    seg_settle (log);
    seg_epochs_write (log, false);
    if (born)
      make_known (log);
    if (push)
      seg_push (log);
    if (flush)
      seg_flush (log->engine->self, log, NULL);
    pthread_mutex_lock (&log->lock);
    log->job_running = false;
    pthread_cond_broadcast (&log->cond);
    pthread_mutex_unlock (&log->lock);
  }
  seg_log_unref (log);
}

void
seg_post_job (StokerLog *log)
{
  bool post;

  pthread_mutex_lock (&log->lock);
  post = !log->job_posted && !log->closed;
  log->job_posted |= post;
  pthread_mutex_unlock (&log->lock);
  if (post)
    stoker_host_work (log->engine->self->host, log->dir->index, job, seg_log_ref (log));
}
