/* SPDX-License-Identifier: Apache-2.0
 *
 * A log as a whole: opened, flushed, closed, removed; its ends.
 */
#include "engine.h"

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
  int rc;

  pthread_mutex_lock (&log->lock);
  names = log->names_unsynced;
  id = log->id_unsynced;
  log->names_unsynced = log->id_unsynced = false;
  pthread_mutex_unlock (&log->lock);
  rc = sync_parent (log);
  if (rc == 0 && id)
    rc = seg_metadata_sync (seg_disk (log), path);
  if (rc == 0 && names)
    rc = stoker_disk_sync_dir (seg_disk (log), path);
  if (rc == 0)
    return 0;
  pthread_mutex_lock (&log->lock);
  log->names_unsynced |= names;
  log->id_unsynced |= id;
  pthread_mutex_unlock (&log->lock);
  return rc;
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
                       c->index_interval_bytes, c->file_delete_delay_ms, c->flush_messages,    c->flush_ms, log->set.journal };
  flush = seg_journal_switch (log, c->journal && log->dir->journal);
  pthread_mutex_unlock (&log->lock);
  if (flush)
    (void)seg_flush (self, log, NULL);
}

static StokerLog *
log_new (Engine *e, LogDir *dir, const StokerLogSpec *spec)
{
  StokerLog *log = g_new0 (StokerLog, 1);

  log->refs = 1;
  log->engine = e;
  log->dir = dir;
  log->topic = g_strndup (spec->topic.data, spec->topic.len);
  log->partition = spec->partition;
  log->name = g_strdup_printf ("%s-%d", log->topic, log->partition);
  log->topic_id = spec->topic_id;
  log->advanced = spec->advanced;
  log->user = spec->user;
  pthread_mutex_init (&log->lock, NULL);
  pthread_cond_init (&log->cond, NULL);
  log->producers = stoker_producers_new ();
  stoker_txns_reset (&log->txns, log->producers);
  log->snapshot = -1;
  log->seals_end = &log->seals;
  log->flushed_ms = stoker_host_now_ms (e->self->host);
  seg_configure (e->self, log, spec->config);
  return log;
}

/* The directory of the log: its topic id is checked, or it is created. */
static int
prepare_dir (StokerLog *log, bool create, StokerError *err)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  StokerUuid found = { { 0 } };
  int rc = seg_metadata_read (seg_disk (log), path, &found);
  bool had_id = rc == 0, made = false;

  if (rc == 0 && !stoker_uuid_is_zero (log->topic_id) && !stoker_uuid_equal (found, log->topic_id)) {
    stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s/partition.metadata: belongs to another topic of this name", path);
    return STOKER_INCONSISTENT_TOPIC_ID;
  }
  if (rc == 0)
    log->topic_id = found;
  if (rc == -EINVAL)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
                "not a partition.metadata file: written anew | file=%s/partition.metadata", path);
  if (rc == -ENOENT) {
    StokerPathInfo info;
    rc = stoker_disk_stat (seg_disk (log), path, &info);
    if (rc == -ENOENT && !create) {
      stoker_error_set (err, STOKER_ERROR_FAILED, "%s: there is no such log", path);
      return STOKER_UNKNOWN_TOPIC_OR_PARTITION;
    }
    if (rc == -ENOENT) {
      rc = stoker_disk_mkdir (seg_disk (log), path);
      made = rc == 0;
    }
  }
  if ((rc == 0 || rc == -EINVAL) && !had_id && !stoker_uuid_is_zero (log->topic_id))
    rc = seg_metadata_write (seg_disk (log), path, log->topic_id, made);
  if (rc == 0 || rc == -EINVAL)
    return 0;
  stoker_error_set (err, STOKER_ERROR_IO, "%s: cannot be used: %s", path, g_strerror (-rc));
  return STOKER_KAFKA_STORAGE_ERROR;
}

static Mark
take_mark (Engine *e, LogDir *dir, const StokerLog *log)
{
  g_autofree char *key = seg_mark_key (log->topic, log->partition);
  Mark mark = { -1, -1, -1 }, *found;

  pthread_mutex_lock (&e->lock);
  found = g_hash_table_lookup (dir->marks, key);
  if (found)
    mark = *found;
  pthread_mutex_unlock (&e->lock);
  return mark;
}

/* A former log of this name: after a crash its log start must not be taken for this one's, which may end below it. */
static int
bury_marks (Engine *e, LogDir *dir, StokerLog *log, StokerError *err)
{
  g_autofree char *key = seg_mark_key (log->topic, log->partition);
  bool was;

  pthread_mutex_lock (&e->lock);
  was = g_hash_table_remove (dir->removed, key);
  pthread_mutex_unlock (&e->lock);
  if (!was)
    return 0;
  seg_mark_dirty (log, CHECKPOINT_START);
  return seg_dir_write (e, dir, 1u << CHECKPOINT_START, err) == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}

int
seg_open (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, spec->dir->index);
  g_autofree char *key = NULL;
  StokerLog *log;
  Mark mark;
  int rc;

  *out = NULL;
  if (dir == NULL) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s: log directory is not attached", spec->dir->path);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  log = log_new (e, dir, spec);
  rc = bury_marks (e, dir, log, err);
  mark = take_mark (e, dir, log);
  if (rc == 0)
    rc = prepare_dir (log, spec->create, err);
  if (rc == 0 && seg_load (log, &mark, err) < 0)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  /* What an earlier run made and did not flush, nor stop cleanly with, is not known to be on the disk. */
  if (rc == 0 && (!dir->clean || seg_unused (log))) {
    log->names_unsynced = log->id_unsynced = true;
    log->name_number = atomic_fetch_add (&dir->names, 1) + 1;
  }
  if (rc != 0) {
    for (uint32_t i = 0; i < log->n_segs; i++)
      seg_file_drop (log, log->segs[i]);
    seg_log_unref (log);
    return rc;
  }
  /* What recovery found is shown to readers, so it must not vanish in the next crash. */
  log->durable = log->end;
  if (log->set.journal && log->recovery < log->end && seg_flush (self, log, err) != 0) {
    for (uint32_t i = 0; i < log->n_segs; i++)
      seg_file_drop (log, log->segs[i]);
    seg_log_unref (log);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  key = seg_mark_key (log->topic, log->partition);
  pthread_mutex_lock (&e->lock);
  g_hash_table_remove (dir->marks, key);
  g_ptr_array_add (dir->logs, log);
  pthread_mutex_unlock (&e->lock);
  *out = log;
  return 0;
}

/* From here on nobody else works on the log. */
static void
quiesce (StokerLog *log)
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
  if (rc == 0 && log->end > log->snapshot && log->end > log->segs[0]->base) {
    stoker_producers_save (log->producers, &snapshot);
    rc = seg_snapshot_write (log, log->end, &snapshot);
    stoker_buf_clear (&snapshot);
  }
  return rc == 0 ? seg_names_sync (log) : rc;
}

void
seg_close (StokerInstance *self, StokerLog *log)
{
  Mark mark;
  bool unused = seg_unused (log); /* then nothing is lost with it: its topic will make it again */
  int rc;

  quiesce (log);
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
  mark = (Mark){ log->recovery, seg_start_mark (log), log->hw };
  seg_journal_close (log, rc == 0 && !log->failed);
  release (log, &mark);
}

int
seg_remove (StokerInstance *self, StokerLog *log, StokerError *err)
{
  Engine *e = log->engine;
  LogDir *dir = log->dir;
  g_autofree char *from = g_build_filename (dir->path, log->name, NULL);
  uint64_t a = stoker_host_random (self->host), b = stoker_host_random (self->host);
  /* 255 bytes is what a name may have; the suffix takes 40 of them. */
  char *to = g_strdup_printf ("%s/%.215s.%016" PRIx64 "%016" PRIx64 "-delete", dir->path, log->name, a, b);
  int64_t due = seg_now_ms (log) + log->set.file_delete_delay_ms;
  int rc;

  quiesce (log);
  if (log->start > 0) {
    pthread_mutex_lock (&e->lock);
    g_hash_table_add (dir->removed, seg_mark_key (log->topic, log->partition));
    pthread_mutex_unlock (&e->lock);
  }
  rc = seg_journal_forget (log, INT64_MAX);
  if (rc == 0)
    rc = stoker_disk_rename (e->disk, from, to);
  if (rc == 0)
    rc = stoker_disk_sync_dir (e->disk, dir->path);
  if (rc < 0)
    stoker_error_set (err, STOKER_ERROR_IO, "cannot rename %s to remove it: %s", from, g_strerror (-rc));
  seg_journal_close (log, rc == 0);
  release (log, NULL);
  seg_doom (e, dir, to, true, due);
  return rc < 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
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

int
seg_flush (StokerInstance *self, StokerLog *log, StokerError *err)
{
  int64_t end;
  uint32_t cuts;
  Segment *s;
  StokerFile *f;
  int rc = seg_settle (log);

  pthread_mutex_lock (&log->lock);
  s = seg_segment_ref (seg_active (log));
  end = log->end;
  cuts = log->cuts;
  log->flushed_ms = seg_now_ms (log);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    rc = seg_epochs_write (log, true);
  if (rc == 0 && log->recovery < end) {
    rc = seg_file_get (log, s, &f);
    if (rc == 0) {
      rc = stoker_file_sync (f);
      stoker_file_unref (f);
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
  if (rc == 0) {
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
    return 0;
  }
  stoker_error_set (err, STOKER_ERROR_IO, "cannot flush %s/%s: %s", log->dir->path, log->name, g_strerror (-rc));
  return STOKER_KAFKA_STORAGE_ERROR;
}
