/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing back early. Left to itself the kernel keeps gigabytes of appended data in the page cache and then writes them
 * in one go; an append that comes while its limit is near is made to wait, on an I/O thread. So a disk thread begins
 * the writing of what has gathered in a segment, a MiB at a time: what the journal flushes meanwhile waits behind it (8 MiB: 7 ms).
 * Nothing is promised by it; flushes are.
 */
#include "writeback.h"
#include "log.h"

/* Kernels write whole blocks: the one that is being filled is left for the next time. */
#define PUSH_ALIGN ((uint64_t)64 << 10)
#define PUSH_ALL 4 /* times the option, in all logs together */

static uint64_t
unpushed (const Segment *s)
{
  uint64_t end = s->size / PUSH_ALIGN * PUSH_ALIGN;

  return end > s->pushed ? end - s->pushed : 0;
}

bool
seg_push_due (const StokerLog *log)
{
  uint64_t limit = (uint64_t)log->engine->conf->writeback_bytes;

  return limit > 0 && unpushed (seg_active (log)) >= limit;
}

void
seg_push (StokerLog *log)
{
  StokerFile *f;
  uint64_t pos, len;
  Segment *s;

  pthread_mutex_lock (&log->lock);
  s = seg_active (log);
  f = s->file ? stoker_file_ref (s->file) : NULL;
  pos = s->pushed;
  len = f ? unpushed (s) : 0;
  s->pushed += len;
  pthread_mutex_unlock (&log->lock);
  if (f)
    stoker_file_writeback (f, pos, len);
  stoker_file_unref (f);
}

void
seg_push_all (Engine *e)
{
  g_autoptr (GPtrArray) logs = g_ptr_array_new_with_free_func ((GDestroyNotify)seg_log_unref);
  uint64_t all = 0;

  pthread_mutex_lock (&e->files_lock);
  for (GList *l = e->files.head; l; l = l->next)
    g_ptr_array_add (logs, seg_log_ref (((Segment *)l->data)->log));
  pthread_mutex_unlock (&e->files_lock);
  for (guint i = 0; i < logs->len; i++) {
    StokerLog *log = logs->pdata[i];
    pthread_mutex_lock (&log->lock);
    all += log->closed ? 0 : unpushed (seg_active (log));
    pthread_mutex_unlock (&log->lock);
  }
  if (e->conf->writeback_bytes == 0 || all < PUSH_ALL * (uint64_t)e->conf->writeback_bytes)
    return;
  for (guint i = 0; i < logs->len; i++)
    seg_push (logs->pdata[i]);
}
