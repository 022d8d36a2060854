/* SPDX-License-Identifier: Apache-2.0
 *
 * A log while it is open: its claim, its ends, its names, flushing.
 */
#include "log.h"
#include "checkpoint.h"
#include "dir.h"
#include "epochs.h"
#include "files.h"
#include "journaled.h"
#include "roll.h"
#include "savepoint.h"

#include <errno.h>

StokerDisk *
seg_disk (const StokerLog *log)
{
  return log->engine->disk;
}

int64_t
seg_now_ms (const StokerLog *log)
{
  return stoker_host_now_ms (log->engine->self->host);
}

void
seg_claim (StokerLog *log)
{
  while (log->claimed)
    pthread_cond_wait (&log->cond, &log->lock);
  log->claimed = true;
}

void
seg_unclaim (StokerLog *log)
{
  log->claimed = false;
  pthread_cond_broadcast (&log->cond);
}

Segment *
seg_active (const StokerLog *log)
{
  return log->segs[log->n_segs - 1];
}

void
seg_mark_dirty (StokerLog *log, CheckpointFile which)
{
  atomic_fetch_or_explicit (&log->dir->dirty, 1u << which, memory_order_relaxed);
}

void
seg_names_changed (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  log->names_unsynced = true;
  log->name_changes++;
  pthread_mutex_unlock (&log->lock);
}

bool
seg_unused (const StokerLog *log)
{
  return log->n_segs == 1 && log->segs[0]->unmade;
}

/* The names of the logs in the log directory, as far as this one's: one flush does for all that were made before. */
static int
sync_parent (StokerLog *log)
{
  LogDir *dir = log->dir;
  uint64_t names = atomic_load (&dir->names), synced = atomic_load (&dir->synced);
  int rc;

  if (log->name_number <= synced)
    return 0;
  rc = stoker_disk_sync_dir (seg_disk (log), dir->path);
  while (rc == 0 && synced < names && !atomic_compare_exchange_weak (&dir->synced, &synced, names))
    ;
  return rc;
}

int
seg_names_sync (StokerLog *log)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  bool names, id;
  uint32_t changes;
  int rc;

  pthread_mutex_lock (&log->lock);
  names = log->names_unsynced;
  id = log->id_unsynced;
  changes = log->name_changes;
  pthread_mutex_unlock (&log->lock);
  rc = sync_parent (log);
  if (rc == 0 && id)
    rc = seg_metadata_sync (seg_disk (log), path);
  if (rc == 0 && names)
    rc = stoker_disk_sync_dir (seg_disk (log), path);
  if (rc < 0)
    return rc;
  /* Only now, and not when the flush begins: who comes meanwhile must not take them for flushed. */
  pthread_mutex_lock (&log->lock);
  if (changes == log->name_changes)
    log->names_unsynced = log->id_unsynced = false;
  pthread_mutex_unlock (&log->lock);
  return 0;
}

int64_t
seg_start_mark (const StokerLog *log)
{
  /* While the end of older segments is not flushed, they may come back after a power cut. */
  bool needed = log->start > log->segs[0]->base || (log->names_unsynced && log->start > 0);

  return needed ? log->start : -1;
}

StokerLog *
seg_log_ref (StokerLog *log)
{
  atomic_fetch_add_explicit (&log->refs, 1, memory_order_relaxed);
  return log;
}

void
seg_log_unref (StokerLog *log)
{
  if (atomic_fetch_sub_explicit (&log->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (log->moves) /* the engine was not stopped */
    seg_log_unref (log->moves);
  for (uint32_t i = 0; i < log->n_segs; i++)
    seg_segment_unref (log->segs[i]);
  for (Seal *s = log->seals, *next; s; s = next) {
    next = s->next;
    stoker_buf_clear (&s->snapshot);
    seg_segment_unref (s->seg);
    g_free (s);
  }
  stoker_producers_free (log->producers);
  pthread_mutex_destroy (&log->lock);
  pthread_cond_destroy (&log->cond);
  g_free (log->segs);
  stoker_txns_clear (&log->txns);
  stoker_epochs_clear (&log->epochs);
  g_free (log->tail);
  g_free (log->topic);
  g_free (log->name);
  g_free (log);
}

void
seg_configure (StokerInstance *self, StokerLog *log, const StokerTopicConfig *c)
{
  bool flush;

  pthread_mutex_lock (&log->lock);
  log->set
      = (LogSettings){ c->segment_bytes,        c->segment_ms,           c->segment_jitter_ms, c->segment_index_bytes,
                       c->index_interval_bytes, c->file_delete_delay_ms, c->flush_messages,    c->flush_ms, log->set.journal, c->cleanup_compact };
  if (c->cleanup_compact && c->max_compaction_lag_ms > 0) /* what is due for compaction must be sealed by then */
    log->set.segment_ms = MIN (log->set.segment_ms, c->max_compaction_lag_ms);
  flush = seg_journal_switch (log, c->journal && log->dir->journal && !log->future);
  pthread_mutex_unlock (&log->lock);
  if (flush)
    (void)seg_flush (self, log, NULL);
}

void
seg_ends (StokerInstance *self, StokerLog *log, StokerLogEnds *out)
{
  pthread_mutex_lock (&log->lock);
  *out = (StokerLogEnds){ log->start, log->end, seg_durable (log), log->hw,
                          MAX (log->start, stoker_txns_stable (&log->txns, log->hw)), log->failed };
  pthread_mutex_unlock (&log->lock);
}

void
seg_set_hw (StokerInstance *self, StokerLog *log, int64_t hw)
{
  pthread_mutex_lock (&log->lock);
  hw = MIN (hw, seg_durable (log));
  if (hw > log->hw) {
    log->hw = hw;
    stoker_txns_advance (&log->txns, hw);
    seg_mark_dirty (log, CHECKPOINT_HW);
  }
  pthread_mutex_unlock (&log->lock);
}

static void
begin_flush (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  while (log->swapping)
    pthread_cond_wait (&log->cond, &log->lock);
  log->flushing++;
  pthread_mutex_unlock (&log->lock);
}

static void
end_flush (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  if (--log->flushing == 0)
    pthread_cond_broadcast (&log->cond);
  pthread_mutex_unlock (&log->lock);
}

int
seg_flush_files (StokerLog *log)
{
  int64_t end;
  uint32_t cuts;
  bool needed;
  Segment *s;
  StokerFile *f;
  SavePoint save = { 0 };
  int rc;

  begin_flush (log);
  for (;;) {
    rc = seg_settle (log);
    pthread_mutex_lock (&log->lock);
    if (save.seg == NULL && seg_save_due (log))
      seg_save_begin (log, &save);
    /* A segment that was rolled meanwhile is below the end too. */
    if (rc < 0 || (log->seals == NULL && !log->settling))
      break;
    pthread_mutex_unlock (&log->lock);
  }
  s = seg_segment_ref (seg_active (log));
  end = log->end;
  cuts = log->cuts;
  needed = log->recovery < end;
  log->flushed_ms = seg_now_ms (log);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    rc = seg_epochs_write (log, true);
  if (rc == 0 && needed) {
    rc = seg_file_get (log, s, &f);
    if (rc == 0) {
      rc = stoker_file_sync (f);
      stoker_file_unref (f);
    } else if (s->dropped) { /* meanwhile: nothing of it is needed */
      rc = 0;
    }
  }
  if (rc == 0)
    rc = seg_names_sync (log);
  pthread_mutex_lock (&log->lock);
  if (rc == 0 && cuts == log->cuts) {
    log->recovery = MAX (log->recovery, end);
    log->durable = MAX (log->durable, end);
  }
  log->failed |= rc < 0;
  pthread_mutex_unlock (&log->lock);
  seg_segment_unref (s);
  seg_save_end (log, &save, rc);
  end_flush (log);
  if (rc == 0)
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
  return rc;
}

int
seg_flush (StokerInstance *self, StokerLog *log, StokerError *err)
{
  int rc = seg_flush_files (log);

  if (rc == 0)
    return 0;
  seg_dir_trouble (log->dir, rc, "flush", log->name);
  stoker_error_set (err, STOKER_ERROR_IO, "cannot flush %s/%s: %s", log->dir->path, log->name, g_strerror (-rc));
  return STOKER_KAFKA_STORAGE_ERROR;
}
