/* SPDX-License-Identifier: Apache-2.0
 *
 * Housekeeping: idle files are closed, what was deleted vanishes, flush.ms is kept.
 */
#include "tick.h"
#include "dir.h"
#include "files.h"
#include "log.h"
#include "writeback.h"

#include <errno.h>
#include <string.h>

void
seg_doom (Engine *e, LogDir *dir, char *path, bool is_dir, int64_t due_ms)
{
  Doomed *d = g_new (Doomed, 1);

  *d = (Doomed){ path, due_ms, is_dir };
  pthread_mutex_lock (&e->lock);
  g_queue_push_tail (&dir->doomed, d);
  pthread_mutex_unlock (&e->lock);
}

/* The next thing that is due, taken off the list; NULL: none. */
static Doomed *
next_due (Engine *e, LogDir *dir, int64_t now_ms)
{
  Doomed *d = NULL;

  pthread_mutex_lock (&e->lock);
  for (GList *l = dir->doomed.head; l && d == NULL; l = l->next)
    if (((Doomed *)l->data)->due_ms <= now_ms) {
      d = l->data;
      g_queue_delete_link (&dir->doomed, l);
    }
  pthread_mutex_unlock (&e->lock);
  return d;
}

static void
bury (Engine *e, LogDir *dir, int64_t now_ms)
{
  Doomed *d;

  while ((d = next_due (e, dir, now_ms)) != NULL) {
    int rc = d->is_dir ? stoker_disk_remove_tree (e->disk, d->path) : stoker_disk_unlink (e->disk, d->path);
    if (rc < 0 && rc != -ENOENT)
      stoker_log (e->self, STOKER_LOG_WARN, "segment.delete_failed", "cannot delete: %s | path=%s", g_strerror (-rc),
                  d->path);
    g_free (d->path);
    g_free (d);
  }
}

/* Logs in use whose flush.ms has passed. */
static void
flush_due (Engine *e, int64_t now_ms)
{
  g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func ((GDestroyNotify)seg_log_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  pthread_mutex_lock (&e->files_lock);
  for (GList *l = e->files.head; l; l = l->next)
    if (g_hash_table_add (seen, ((Segment *)l->data)->log))
      g_ptr_array_add (due, seg_log_ref (((Segment *)l->data)->log));
  pthread_mutex_unlock (&e->files_lock);
  for (guint i = 0; i < due->len; i++) {
    StokerLog *log = due->pdata[i];
    bool flush;
    pthread_mutex_lock (&log->lock);
    flush = !log->closed && !log->failed && !log->job_running && log->recovery < log->end
            && now_ms - log->flushed_ms >= log->set.flush_ms;
    log->job_running |= flush; /* close waits for it */
    pthread_mutex_unlock (&log->lock);
    if (!flush)
      continue;
    seg_flush (e->self, log, NULL);
    pthread_mutex_lock (&log->lock);
    log->job_running = false;
    pthread_cond_broadcast (&log->cond);
    pthread_mutex_unlock (&log->lock);
  }
}

bool
seg_tick (StokerInstance *self, int64_t now_ms)
{
  Engine *e = self->state;
  bool more;

  flush_due (e, now_ms);
  seg_push_all (e);
  more = seg_files_idle (e, stoker_host_monotonic_us (self->host) - e->conf->files_idle_ms * 1000);
  for (guint i = 0;; i++) {
    LogDir *dir;
    pthread_mutex_lock (&e->lock);
    dir = i < e->dirs->len ? e->dirs->pdata[i] : NULL;
    more |= dir && dir->doomed.length > 0 && !atomic_load (&dir->abandoned);
    if (i >= e->dirs->len) {
      pthread_mutex_unlock (&e->lock);
      return more;
    }
    pthread_mutex_unlock (&e->lock);
    if (dir && !atomic_load (&dir->abandoned))
      bury (e, dir, now_ms);
  }
}
