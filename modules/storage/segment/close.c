/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing a log, or removing it for good.
 */
#include "close.h"
#include "dir.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "journaled.h"
#include "log.h"
#include "move.h"
#include "producers.h"
#include "roll.h"
#include "tick.h"
#include "txnindex.h"

#include <errno.h>

void
seg_quiesce (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  log->closed = true;
  while (log->job_running)
    pthread_cond_wait (&log->cond, &log->lock);
  seg_claim (log);
  pthread_mutex_unlock (&log->lock);
}

static void
release (StokerLog *log, const Mark *mark)
{
  Engine *e = log->engine;

  seg_move_end (log);
  for (uint32_t i = 0; i < log->n_segs; i++)
    seg_file_drop (log, log->segs[i]);
  pthread_mutex_lock (&e->lock);
  g_ptr_array_remove_fast (log->dir->logs, log);
  if (mark)
    g_hash_table_replace (log->dir->marks, seg_mark_key (log->topic, log->partition), g_memdup2 (mark, sizeof *mark));
  pthread_mutex_unlock (&e->lock);
  seg_mark_dirty (log, CHECKPOINT_RECOVERY);
  seg_mark_dirty (log, CHECKPOINT_START);
  seg_mark_dirty (log, CHECKPOINT_HW);
  seg_log_unref (log);
}

/* All of the active segment to its files, flushed, and the producer snapshot. */
static int
finish_active (StokerLog *log)
{
  Segment *s = seg_active (log);
  StokerBuf snapshot = { 0 };
  StokerFile *f;
  int rc;

  seg_index_note_final (s);
  rc = seg_index_write (log, s, true);
  if (rc == 0)
    rc = seg_file_trim (log, s);
  if (rc == 0 && log->recovery < log->end && (rc = seg_file_get (log, s, &f)) == 0) {
    rc = stoker_file_sync (f);
    stoker_file_unref (f);
  }
  if (rc == 0)
    rc = seg_txn_sync (log, s);
  if (rc == 0 && log->end > log->snapshot && log->end > log->segs[0]->base) {
    stoker_producers_save (log->producers, &snapshot);
    rc = seg_snapshot_write (log, log->end, &snapshot);
    stoker_buf_clear (&snapshot);
  }
  if (rc == 0)
    rc = seg_names_sync (log);
  if (rc == 0 && log->snapshot != log->end)
    seg_snapshot_middle (log, -1);
  return rc;
}

void
seg_close (StokerInstance *self, StokerLog *log)
{
  Mark mark;
  bool unused = seg_unused (log); /* then nothing is lost with it: its topic will make it again */
  int rc;

  seg_quiesce (log);
  if (atomic_load (&log->dir->abandoned)) { /* what a broken disk holds is for recovery to find out */
    seg_journal_close (log, false);
    release (log, NULL);
    return;
  }
  rc = seg_settle (log);
  if (rc == 0 && !unused)
    rc = finish_active (log);
  if (rc == 0 && !unused)
    rc = seg_epochs_write (log, true);
  if (rc == 0 && !log->failed)
    log->recovery = log->end;
  if (rc < 0 || log->failed) {
    /* Not closed as it should be: without its index the next open checks the segment, even after a clean stop. */
    g_autofree char *index = seg_path (log, seg_active (log)->base, ".index");
    stoker_disk_unlink (seg_disk (log), index);
    stoker_log (self, STOKER_LOG_ERROR, "segment.close_failed",
                "not flushed; it will be checked when it is opened again: %s | log=%s/%s",
                rc < 0 ? g_strerror (-rc) : "an earlier write failed", log->dir->path, log->name);
  }
  /* The start is said although the first segment says it too: without that file it would go on with the next. */
  mark = (Mark){ log->recovery, unused ? -1 : log->start, log->hw };
  seg_journal_close (log, rc == 0 && !log->failed);
  release (log, &mark);
}

/* 255 bytes is what a name may have; the suffix takes 40 of them. */
static char *
delete_name (Engine *e, const LogDir *dir, const char *name)
{
  uint64_t a = stoker_host_random (e->self->host), b = stoker_host_random (e->self->host);

  return g_strdup_printf ("%s/%.215s.%016" PRIx64 "%016" PRIx64 "-delete", dir->path, name, a, b);
}

int
seg_bury_folder (Engine *e, LogDir *dir, const char *name, int64_t due_ms)
{
  g_autofree char *from = g_build_filename (dir->path, name, NULL);
  char *to = NULL;
  int rc = -EEXIST;

  /* In tests chance repeats itself. */
  for (int i = 0; i < 4 && (rc == -EEXIST || rc == -ENOTEMPTY); i++) {
    g_free (to);
    to = delete_name (e, dir, name);
    rc = stoker_disk_rename (e->disk, from, to);
  }
  if (rc == 0)
    rc = stoker_disk_sync_dir (e->disk, dir->path);
  if (rc == 0)
    seg_doom (e, dir, to, true, due_ms);
  else
    g_free (to);
  return rc;
}

int
seg_remove (StokerInstance *self, StokerLog *log, StokerError *err)
{
  Engine *e = log->engine;
  LogDir *dir = log->dir;
  int64_t due = log->future ? 0 : seg_now_ms (log) + log->set.file_delete_delay_ms; /* nobody reads from a future one */
  int rc;

  seg_quiesce (log);
  if (log->start > 0) {
    pthread_mutex_lock (&e->lock);
    g_hash_table_add (dir->removed, seg_mark_key (log->topic, log->partition));
    pthread_mutex_unlock (&e->lock);
  }
  rc = seg_journal_forget (log, INT64_MAX);
  if (rc == 0)
    rc = seg_bury_folder (e, dir, log->name, due);
  if (rc < 0)
    stoker_error_set (err, STOKER_ERROR_IO, "cannot rename %s/%s to remove it: %s", dir->path, log->name, g_strerror (-rc));
  seg_journal_close (log, rc == 0);
  release (log, NULL);
  return rc < 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
}
