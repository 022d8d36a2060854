/* SPDX-License-Identifier: Apache-2.0
 *
 * Leader epochs of a log and where each began (kafka-facts 8.5), kept in leader-epoch-checkpoint.
 */
#include "epochs.h"
#include "checkpoint.h"
#include "dir.h"
#include "log.h"

#include <errno.h>

void
seg_epoch_note (StokerLog *log, const StokerBatch *b)
{
  if (b->leader_epoch > stoker_epochs_latest (&log->epochs))
    log->epochs_dirty |= stoker_epochs_assign (&log->epochs, b->leader_epoch, b->base_offset);
}

void
seg_epochs_cut_end (StokerLog *log, int64_t end)
{
  log->epochs_dirty |= stoker_epochs_cut_end (&log->epochs, end);
}

void
seg_epochs_cut_start (StokerLog *log, int64_t start)
{
  log->epochs_dirty |= stoker_epochs_cut_start (&log->epochs, start);
}

/* Replaces the file; without sync it may be lost with the power, but is never half written. */
static int
replace_file (StokerLog *log, const StokerBuf *b, bool sync)
{
  g_autofree char *path = g_strdup_printf ("%s/%s/leader-epoch-checkpoint", log->dir->path, log->name);
  g_autofree char *tmp = g_strconcat (path, ".tmp", NULL);
  StokerFile *f;
  int rc;

  if (sync)
    return stoker_disk_write_atomic (seg_disk (log), path, b->data, b->len);
  rc = stoker_file_open (seg_disk (log), tmp, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);
  if (rc < 0)
    return rc;
  rc = stoker_file_pwrite (f, b->data, b->len, 0);
  stoker_file_unref (f);
  return rc < 0 ? rc : stoker_disk_rename (seg_disk (log), tmp, path);
}

int
seg_epochs_write (StokerLog *log, bool sync)
{
  StokerBuf b = { 0 };
  int rc;

  pthread_mutex_lock (&log->lock);
  while (log->epochs_writing)
    pthread_cond_wait (&log->cond, &log->lock);
  if (!log->epochs_dirty && !(sync && log->epochs_unsynced)) {
    pthread_mutex_unlock (&log->lock);
    return 0;
  }
  log->epochs_dirty = false;
  log->epochs_writing = true;
  seg_checkpoint_begin (&b, log->epochs.n);
  for (uint32_t i = 0; i < log->epochs.n; i++)
    stoker_buf_printf (&b, "%d %" PRId64 "\n", log->epochs.list[i].epoch, log->epochs.list[i].start);
  pthread_mutex_unlock (&log->lock);
  rc = replace_file (log, &b, sync);
  stoker_buf_clear (&b);
  pthread_mutex_lock (&log->lock);
  log->epochs_writing = false;
  log->epochs_dirty |= rc < 0;
  log->epochs_unsynced = !sync || rc < 0;
  pthread_cond_broadcast (&log->cond);
  pthread_mutex_unlock (&log->lock);
  return rc;
}

static void
loaded (void *user, char **words)
{
  StokerLog *log = user;
  int64_t epoch = g_ascii_strtoll (words[0], NULL, 10), start = g_ascii_strtoll (words[1], NULL, 10);

  if (epoch >= 0 && epoch <= INT32_MAX && start >= 0)
    stoker_epochs_assign (&log->epochs, (int32_t)epoch, start);
}

int
seg_epochs_load (StokerLog *log, StokerError *err)
{
  g_autofree char *path = g_strdup_printf ("%s/%s/leader-epoch-checkpoint", log->dir->path, log->name);
  int rc = seg_checkpoint_read (seg_disk (log), path, 2, loaded, log, err);

  log->epochs_dirty = rc < 0;
  return rc;
}

int
seg_epoch_begin (StokerInstance *self, StokerLog *log, int32_t epoch)
{
  bool unused;
  int rc = 0;

  pthread_mutex_lock (&log->lock);
  seg_claim (log); /* the end must stand still */
  if (epoch > stoker_epochs_latest (&log->epochs))
    log->epochs_dirty |= stoker_epochs_assign (&log->epochs, epoch, log->end);
  unused = seg_unused (log); /* written after the first append, like its other files */
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  if (!unused)
    rc = seg_epochs_write (log, false);
  if (rc == 0)
    return 0;
  stoker_log (self, STOKER_LOG_ERROR, "segment.write_failed", "cannot write the leader epochs: %s | log=%s",
              g_strerror (-rc), log->name);
  seg_dir_trouble (log->dir, rc, "write the leader epochs of", log->name);
  return STOKER_KAFKA_STORAGE_ERROR;
}

void
seg_epoch_end (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out)
{
  pthread_mutex_lock (&log->lock);
  stoker_epochs_end_of (&log->epochs, epoch, log->end, &out->epoch, &out->end);
  pthread_mutex_unlock (&log->lock);
}

int32_t
seg_epoch_latest (StokerInstance *self, StokerLog *log)
{
  int32_t epoch;

  pthread_mutex_lock (&log->lock);
  epoch = stoker_epochs_latest (&log->epochs);
  pthread_mutex_unlock (&log->lock);
  return epoch;
}
