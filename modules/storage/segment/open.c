/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a log: its directory, what the checkpoints say of it, recovery.
 */
#include "open.h"
#include "checkpoint.h"
#include "dir.h"
#include "files.h"
#include "load.h"
#include "log.h"
#include "move.h"
#include "scrub.h"

#include <errno.h>

static StokerLog *
log_new (Engine *e, LogDir *dir, const StokerLogSpec *spec, const char *future)
{
  StokerLog *log = g_new0 (StokerLog, 1);

  log->refs = 1;
  log->engine = e;
  log->dir = dir;
  log->topic = g_strndup (spec->topic.data, spec->topic.len);
  log->partition = spec->partition;
  log->name = future ? g_strdup (future) : g_strdup_printf ("%s-%d", log->topic, log->partition);
  log->future = future != NULL;
  log->cut_end = INT64_MAX;
  log->topic_id = spec->topic_id;
  log->advanced = spec->advanced;
  log->user = spec->user;
  pthread_mutex_init (&log->lock, NULL);
  pthread_cond_init (&log->cond, NULL);
  log->producers = stoker_producers_new ();
  stoker_txns_reset (&log->txns, log->producers);
  log->snapshot = log->middle = -1;
  log->seals_end = &log->seals;
  log->flushed_ms = stoker_host_now_ms (e->self->host);
  seg_configure (e->self, log, spec->config);
  return log;
}

/* The directory of the log: its topic id is checked, or it is created. */
static int
prepare_dir (StokerLog *log, bool create, bool *made, StokerError *err)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  StokerUuid found = { { 0 } };
  int rc = seg_metadata_read (seg_disk (log), path, &found);
  bool had_id = rc == 0;

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
      *made = rc == 0;
    }
  }
  if ((rc == 0 || rc == -EINVAL) && !had_id && !stoker_uuid_is_zero (log->topic_id))
    rc = seg_metadata_write (seg_disk (log), path, log->topic_id, *made);
  if (rc == 0 || rc == -EINVAL)
    return 0;
  seg_dir_trouble (log->dir, rc, "use", path);
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

/* What the checkpoints say is of a log that was there before. */
static void
forget_mark (Engine *e, LogDir *dir, StokerLog *log, Mark *mark)
{
  g_autofree char *key = seg_mark_key (log->topic, log->partition);

  pthread_mutex_lock (&e->lock);
  g_hash_table_remove (dir->marks, key);
  pthread_mutex_unlock (&e->lock);
  *mark = (Mark){ -1, -1, -1 };
}

static int
open_named (StokerInstance *self, const StokerLogSpec *spec, const char *future, StokerLog **out, StokerError *err)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, spec->dir->index);
  g_autofree char *key = NULL;
  StokerLog *log;
  Mark mark;
  bool made = false;
  int rc;

  *out = NULL;
  if (dir == NULL) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s: log directory is not attached", spec->dir->path);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  log = log_new (e, dir, spec, future);
  rc = bury_marks (e, dir, log, err);
  mark = take_mark (e, dir, log);
  if (rc == 0)
    rc = prepare_dir (log, spec->create, &made, err);
  if (future && made)
    forget_mark (e, dir, log, &mark);
  if (rc == 0 && seg_load (log, &mark, err) < 0)
    rc = STOKER_KAFKA_STORAGE_ERROR;
  if (rc == 0 && dir->whole && !log->names_unsynced && log->seals == NULL && !log->epochs_dirty && !seg_unused (log)) {
    log->recovery = log->end; /* the replay of the journal flushed everything, and loading has changed nothing since */
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
  } else if (rc == 0 && (!dir->clean || seg_unused (log))) {
    /* What an earlier run made and did not flush, nor stop cleanly with, is not known to be on the disk. */
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
  seg_scrub_restore (log);
  *out = log;
  return 0;
}

int
seg_open (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err)
{
  int rc = open_named (self, spec, NULL, out, err);

  if (rc == 0)
    seg_move_settle (*out);
  return rc;
}

int
seg_open_future (StokerInstance *self, const StokerLogSpec *spec, const char *name, StokerLog **out, StokerError *err)
{
  return open_named (self, spec, name, out, err);
}
