/* SPDX-License-Identifier: Apache-2.0
 *
 * Leader epochs of a log and where each began (kafka-facts 8.5), kept in leader-epoch-checkpoint.
 */
#include "engine.h"

#include <errno.h>

static void
push (StokerLog *log, int32_t epoch, int64_t start)
{
  if (log->n_epochs == log->cap_epochs) {
    log->cap_epochs = log->cap_epochs ? log->cap_epochs * 2 : 2;
    log->epochs = g_renew (EpochEntry, log->epochs, log->cap_epochs);
  }
  log->epochs[log->n_epochs++] = (EpochEntry){ epoch, start };
}

void
seg_epoch_assign (StokerLog *log, int32_t epoch, int64_t start)
{
  const EpochEntry *last = log->n_epochs ? &log->epochs[log->n_epochs - 1] : NULL;

  if (last && last->epoch == epoch && start >= last->start)
    return;
  while (log->n_epochs > 0 && (log->epochs[log->n_epochs - 1].epoch >= epoch || log->epochs[log->n_epochs - 1].start >= start))
    log->n_epochs--;
  push (log, epoch, start);
  log->epochs_dirty = true;
}

void
seg_epoch_truncate_end (StokerLog *log, int64_t end)
{
  while (log->n_epochs > 0 && log->epochs[log->n_epochs - 1].start >= end) {
    log->n_epochs--;
    log->epochs_dirty = true;
  }
}

void
seg_epoch_truncate_start (StokerLog *log, int64_t start)
{
  uint32_t below = 0;

  while (below < log->n_epochs && log->epochs[below].start <= start)
    below++;
  if (below == 0 || (below == 1 && log->epochs[0].start == start))
    return;
  for (uint32_t i = below - 1; i < log->n_epochs; i++)
    log->epochs[i - (below - 1)] = log->epochs[i];
  log->n_epochs -= below - 1;
  log->epochs[0].start = start;
  log->epochs_dirty = true;
}

int32_t
seg_epoch_at (const StokerLog *log, int64_t offset)
{
  for (uint32_t i = log->n_epochs; i-- > 0;)
    if (log->epochs[i].start <= offset)
      return log->epochs[i].epoch;
  return -1;
}

int32_t
seg_epoch_newest (const StokerLog *log)
{
  return log->n_epochs ? log->epochs[log->n_epochs - 1].epoch : -1;
}

int
seg_epochs_write (StokerLog *log)
{
  g_autofree char *path = g_strdup_printf ("%s/%s/leader-epoch-checkpoint", log->dir->path, log->name);
  StokerBuf b = { 0 };
  int rc;

  pthread_mutex_lock (&log->lock);
  while (log->epochs_writing)
    pthread_cond_wait (&log->cond, &log->lock);
  if (!log->epochs_dirty) {
    pthread_mutex_unlock (&log->lock);
    return 0;
  }
  log->epochs_dirty = false;
  log->epochs_writing = true;
  seg_checkpoint_begin (&b, log->n_epochs);
  for (uint32_t i = 0; i < log->n_epochs; i++)
    stoker_buf_printf (&b, "%d %" PRId64 "\n", log->epochs[i].epoch, log->epochs[i].start);
  pthread_mutex_unlock (&log->lock);
  rc = stoker_disk_write_atomic (seg_disk (log), path, b.data, b.len);
  stoker_buf_clear (&b);
  pthread_mutex_lock (&log->lock);
  log->epochs_writing = false;
  log->epochs_dirty |= rc < 0;
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
    seg_epoch_assign (log, (int32_t)epoch, start);
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
  int rc;

  pthread_mutex_lock (&log->lock);
  seg_claim (log);
  if (epoch > seg_epoch_newest (log))
    seg_epoch_assign (log, epoch, log->end);
  pthread_mutex_unlock (&log->lock);
  rc = seg_epochs_write (log);
  pthread_mutex_lock (&log->lock);
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    return 0;
  stoker_log (self, STOKER_LOG_ERROR, "segment.write_failed", "cannot write the leader epochs: %s | log=%s", g_strerror (-rc), log->name);
  return STOKER_KAFKA_STORAGE_ERROR;
}

void
seg_epoch_end (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out)
{
  uint32_t above = 0;

  *out = (StokerEpochEnd){ -1, -1 };
  pthread_mutex_lock (&log->lock);
  while (above < log->n_epochs && log->epochs[above].epoch <= epoch)
    above++;
  if (epoch >= 0 && epoch == seg_epoch_newest (log))
    *out = (StokerEpochEnd){ epoch, log->end };
  else if (epoch >= 0 && above < log->n_epochs)
    *out = (StokerEpochEnd){ above > 0 ? log->epochs[above - 1].epoch : epoch, log->epochs[above].start };
  pthread_mutex_unlock (&log->lock);
}

int32_t
seg_epoch_latest (StokerInstance *self, StokerLog *log)
{
  int32_t epoch;

  pthread_mutex_lock (&log->lock);
  epoch = seg_epoch_newest (log);
  pthread_mutex_unlock (&log->lock);
  return epoch;
}
