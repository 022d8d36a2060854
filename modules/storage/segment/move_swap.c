/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a move: the future log's files take the place of the log's. StokerLog stays the same object, with its
 * producers, epochs and readers; its directory and segments become others.
 *
 * What a crash finds, whenever it comes:
 *   1. everything of the future log is flushed, and it holds a note of where the old one lies (moved-from)
 *   2. its folder gets its final name, flushed        <- from here on the new one counts, wherever it and the old one
 *                                                        are both found; nobody has appended to either in between
 *   3. appends go on, to the new one
 *   4. the old directory's journal forgets the old one, so that no replay brings it back
 *   5. the old folder is renamed to -delete, flushed
 *   6. the note goes
 */
#include "move.h"
#include "close.h"
#include "dir.h"
#include "drop.h"
#include "epochs.h"
#include "files.h"
#include "journaled.h"
#include "log.h"
#include "producers.h"

#include <errno.h>
#include <string.h>

#define NOTE_MAX (64u << 10)

/* ---- the note */

static char *
note_path (const LogDir *dir, const char *name)
{
  return g_build_filename (dir->path, name, SEG_MOVED_FROM, NULL);
}

/* Besides the present place those that a note of an earlier move names: their disks were away when it ended. */
static int
write_note (StokerLog *log, StokerLog *future)
{
  g_autofree char *from = note_path (log->dir, log->name), *to = note_path (future->dir, future->name);
  StokerBuf text = { 0 };
  int rc = stoker_disk_read_all (seg_disk (log), from, NOTE_MAX, &text);

  if (rc < 0)
    text.len = 0;
  stoker_buf_append (&text, log->dir->path, strlen (log->dir->path));
  stoker_buf_append (&text, "\n", 1);
  rc = stoker_disk_write_atomic (seg_disk (log), to, text.data, text.len);
  stoker_buf_clear (&text);
  return rc;
}

static int
remove_note (Engine *e, const LogDir *dir, const char *name)
{
  g_autofree char *path = note_path (dir, name), *folder = g_build_filename (dir->path, name, NULL);
  int rc = stoker_disk_unlink (e->disk, path);

  return rc < 0 ? rc : stoker_disk_sync_dir (e->disk, folder);
}

static LogDir *
dir_of_path (Engine *e, const char *path)
{
  LogDir *dir = NULL;

  pthread_mutex_lock (&e->lock);
  for (guint i = 0; i < e->dirs->len && dir == NULL; i++) {
    LogDir *d = e->dirs->pdata[i];
    if (d && strcmp (d->path, path) == 0 && !atomic_load (&d->abandoned))
      dir = d;
  }
  pthread_mutex_unlock (&e->lock);
  return dir;
}

/* The log that was replaced is gone from there, or goes now. */
static bool
is_gone (StokerLog *log, const char *path)
{
  Engine *e = log->engine;
  LogDir *dir = dir_of_path (e, path);
  int rc;

  if (dir == NULL)
    return false;
  if (dir == log->dir)
    return true;
  rc = seg_bury_folder (e, dir, log->name, 0);
  if (rc == 0)
    stoker_log (e->self, STOKER_LOG_INFO, "segment.moved", "what a move had replaced was removed | log=%s/%s", path,
                log->name);
  return rc == 0 || rc == -ENOENT;
}

void
seg_move_settle (StokerLog *log)
{
  Engine *e = log->engine;
  LogDir *dir = log->dir;
  g_autofree char *path = note_path (dir, log->name);
  g_auto (GStrv) lines = NULL;
  StokerBuf text = { 0 };
  bool noted, all = true;

  pthread_mutex_lock (&e->lock);
  noted = g_hash_table_remove (dir->replacing, log->name);
  pthread_mutex_unlock (&e->lock);
  if (!noted || stoker_disk_read_all (e->disk, path, NOTE_MAX, &text) < 0)
    return;
  stoker_buf_append (&text, "", 1);
  lines = g_strsplit ((const char *)text.data, "\n", -1);
  for (char **l = lines; *l; l++)
    all &= **l == '\0' || is_gone (log, *l);
  if (all)
    (void)remove_note (e, dir, log->name);
  stoker_buf_clear (&text);
}

/* ---- holding still */

/* Nobody writes to the log's files, from its own threads' work to appends; readers go on. */
static void
hold (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  log->closed = log->swapping = true;
  while (log->job_running || log->flushing > 0 || log->settling || log->epochs_writing)
    pthread_cond_wait (&log->cond, &log->lock);
  seg_claim (log);
  pthread_mutex_unlock (&log->lock);
}

static void
let_go (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  log->closed = log->swapping = false;
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
}

/* ---- making the future log whole */

static int
copy_epochs (StokerLog *log, StokerLog *future)
{
  pthread_mutex_lock (&log->lock);
  pthread_mutex_lock (&future->lock);
  stoker_epochs_clear (&future->epochs);
  for (uint32_t i = 0; i < log->epochs.n; i++)
    (void)stoker_epochs_assign (&future->epochs, log->epochs.list[i].epoch, log->epochs.list[i].start);
  future->epochs_dirty = !seg_unused (future) || log->epochs.n > 0;
  pthread_mutex_unlock (&future->lock);
  pthread_mutex_unlock (&log->lock);
  return seg_epochs_write (future, true);
}

/* The producers as the log knows them: some may have no batch left from which the future log could have learnt of them.
 */
static int
copy_producers (StokerLog *log, StokerLog *future)
{
  StokerBuf b = { 0 };
  int rc = 0;

  if (future->end > future->segs[0]->base || stoker_producers_count (log->producers) > 0) {
    stoker_producers_save (log->producers, &b);
    rc = seg_snapshot_write (future, future->end, &b);
    if (rc == 0)
      future->snapshot = future->end;
  }
  stoker_buf_clear (&b);
  return rc;
}

/* Everything that the log promises is on the other disk after it, but for the folder's name. */
static int
complete (StokerLog *log, StokerLog *future, StokerError *err)
{
  StokerInstance *self = log->engine->self;
  LogDir *to = future->dir;
  int rc = 0;

  if (log->start > future->start)
    rc = seg_set_start (self, future, log->start, err);
  if (rc == 0 && copy_epochs (log, future) < 0)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  if (rc == 0 && copy_producers (log, future) < 0)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  if (rc == 0)
    rc = seg_flush (self, future, err);
  if (rc == 0) {
    int64_t hw;
    pthread_mutex_lock (&log->lock);
    hw = log->hw;
    pthread_mutex_unlock (&log->lock);
    pthread_mutex_lock (&future->lock);
    future->hw = hw;
    pthread_mutex_unlock (&future->lock);
    seg_mark_dirty (future, CHECKPOINT_HW);
    if (seg_start_mark (future) >= 0) /* without it the log would begin earlier after a crash */
      rc = seg_dir_write (log->engine, to, 1u << CHECKPOINT_START, err) == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
  }
  return rc;
}

/* ---- taking the place */

static int
rename_folder (StokerLog *log, StokerLog *future, StokerError *err)
{
  LogDir *to = future->dir;
  g_autofree char *from = g_build_filename (to->path, future->name, NULL),
                  *at = g_build_filename (to->path, log->name, NULL);
  int rc = stoker_disk_rename (log->engine->disk, from, at);
  bool back;

  if (rc < 0) {
    stoker_error_set (err, STOKER_ERROR_IO, "cannot rename %s: %s", from, g_strerror (-rc));
    return rc;
  }
  rc = stoker_disk_sync_dir (log->engine->disk, to->path);
  if (rc == 0)
    return 0;
  stoker_error_set (err, STOKER_ERROR_IO, "cannot flush %s: %s", to->path, g_strerror (-rc));
  back = stoker_disk_rename (log->engine->disk, at, from) == 0
         && stoker_disk_sync_dir (log->engine->disk, to->path) == 0;
  /* Whether the new one counts after a crash nobody knows now: nothing more may be acknowledged in the old one. */
  if (!back) {
    pthread_mutex_lock (&log->lock);
    log->failed = true;
    pthread_mutex_unlock (&log->lock);
  }
  seg_dir_trouble (to, rc, "flush", to->path);
  return rc;
}

static Segment *
take_segment (StokerLog *log, Segment *from)
{
  Segment *s = seg_segment_new (log, from->base);

  s->size = from->size;
  s->max_timestamp = from->max_timestamp;
  s->max_offset = from->max_offset;
  s->first_timestamp = from->first_timestamp;
  s->created_ms = from->created_ms;
  s->modified_ms = from->modified_ms;
  s->max_known = from->max_known;
  s->first_known = from->first_known;
  s->has_txn = from->has_txn;
  s->index_unsynced = from->index_unsynced;
  s->unmade = from->unmade;
  s->index_missing = from->index_missing;
  s->disk_offsets = from->disk_offsets;
  s->disk_times = from->disk_times;
  s->offsets = g_steal_pointer (&from->offsets);
  s->times = g_steal_pointer (&from->times);
  s->n_offsets = from->n_offsets;
  s->n_times = from->n_times;
  s->cap_offsets = from->cap_offsets;
  s->cap_times = from->cap_times;
  s->last_time = from->last_time;
  s->last_time_offset = from->last_time_offset;
  s->since_entry = from->since_entry;
  s->reserved = from->reserved;
  s->pushed = from->pushed;
  s->noted = from->noted;
  s->txn_unsynced = from->txn_unsynced;
  from->n_offsets = from->n_times = from->cap_offsets = from->cap_times = 0;
  return s;
}

/* What the log was made of. */
typedef struct Old
{
  LogDir *dir;
  Segment **segs;
  uint32_t n;
  StokerJournalLog *journal;
} Old;

/* Engine and log are locked. */
static void
take_over (StokerLog *log, StokerLog *future, Old *old)
{
  *old = (Old){ log->dir, log->segs, log->n_segs, g_steal_pointer (&log->journal) };
  for (uint32_t i = 0; i < old->n; i++)
    old->segs[i]->dropped = true;
  log->segs = g_new (Segment *, future->n_segs);
  log->n_segs = log->cap_segs = future->n_segs;
  for (uint32_t i = 0; i < future->n_segs; i++)
    log->segs[i] = take_segment (log, future->segs[i]);
  g_ptr_array_remove_fast (old->dir->logs, log);
  g_ptr_array_remove_fast (future->dir->logs, future);
  log->dir = future->dir;
  g_ptr_array_add (log->dir->logs, log);
  g_clear_pointer (&log->tail, g_free);
  log->recovery = log->durable = log->end;
  log->snapshot = future->snapshot;
  log->middle = future->middle;
  log->name_changes++;
  log->names_unsynced = future->names_unsynced;
  log->id_unsynced = future->id_unsynced;
  log->name_number = 0;
  log->epochs_dirty = log->epochs_unsynced = false;
  log->cuts++;
  log->leaving = true;
}

/* After the swap: the old one goes. What fails here is made good at the next start: the note stays. */
static void
clear_away (StokerLog *log, Old *old)
{
  Engine *e = log->engine;
  int rc = 0;

  /* Also for a log that has noted nothing since it was opened: it may have before, in this run. */
  if (old->journal == NULL && old->dir->journal)
    old->journal = stoker_journal_open (old->dir->journal, log->name, seg_journal_client (), log);
  if (old->journal) {
    rc = stoker_journal_forget (old->journal, INT64_MAX);
    stoker_journal_close (old->journal, rc == 0);
  }
  pthread_mutex_lock (&log->lock);
  log->leaving = false;
  pthread_mutex_unlock (&log->lock);
  for (uint32_t i = 0; i < old->n; i++) {
    seg_file_drop (log, old->segs[i]);
    seg_segment_unref (old->segs[i]);
  }
  g_free (old->segs);
  if (rc == 0)
    rc = seg_bury_folder (e, old->dir, log->name, seg_now_ms (log) + log->set.file_delete_delay_ms);
  if (rc == 0)
    rc = remove_note (e, log->dir, log->name);
  if (rc < 0)
    stoker_log (e->self, STOKER_LOG_WARN, "segment.moved",
                "what was moved is left over in the old directory until the next start: %s | log=%s/%s",
                g_strerror (-rc), old->dir->path, log->name);
  for (int i = 0; i < N_CHECKPOINTS; i++)
    atomic_fetch_or (&old->dir->dirty, 1u << i);
  for (int i = 0; i < N_CHECKPOINTS; i++)
    seg_mark_dirty (log, (CheckpointFile)i);
  (void)seg_dir_write (e, old->dir, ~0u, NULL);
  (void)seg_dir_write (e, log->dir, ~0u, NULL);
}

/* The future log is closed, its object goes; files and folder are the log's now. */
static void
forget_future (StokerLog *future)
{
  seg_move_end (future);
  seg_journal_close (future, true);
  seg_log_unref (future);
}

static int
swap (StokerLog *log, StokerLog *future, size_t max_bytes, Old *old, StokerError *err)
{
  StokerInstance *self = log->engine->self;
  Engine *e = log->engine;
  uint64_t copied;
  int64_t lag;
  int rc = seg_move_copy (self, log, future, max_bytes, &copied, &lag, err);

  if (rc == 0 && lag > 0)
    rc = STOKER_REQUEST_TIMED_OUT;
  if (rc == 0 && log->failed)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  if (rc == 0)
    rc = complete (log, future, err);
  if (rc != 0)
    return rc;
  seg_quiesce (future);
  for (uint32_t i = 0; i < future->n_segs; i++)
    seg_file_drop (future, future->segs[i]);
  if (rename_folder (log, future, err) < 0) {
    let_go (future);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  pthread_mutex_lock (&e->lock);
  pthread_mutex_lock (&log->lock);
  take_over (log, future, old);
  pthread_mutex_unlock (&log->lock);
  pthread_mutex_unlock (&e->lock);
  return 0;
}

int
seg_move_swap (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, StokerError *err)
{
  uint64_t copied;
  int64_t lag;
  Old old;
  /* Most of the work, while appends go on: what is left to be done while they wait is short then. */
  int rc = seg_move_copy (self, log, future, max_bytes, &copied, &lag, err);

  if (rc == 0)
    rc = seg_flush (self, future, err);
  if (rc == 0 && write_note (log, future) < 0)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  if (rc != 0)
    return rc;
  hold (log);
  rc = swap (log, future, max_bytes, &old, err);
  let_go (log);
  if (rc != 0)
    return rc;
  clear_away (log, &old);
  forget_future (future);
  stoker_log (self, STOKER_LOG_INFO, "segment.moved", "a log lies in another directory now | log=%s/%s end=%" PRId64,
              log->dir->path, log->name, log->end);
  return 0;
}
