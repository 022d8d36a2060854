/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up the end of a log, its begin, or whatever must go when memory runs out.
 */
#include "memory.h"

#include <stoker/host.h>

static void
drop_last (StokerLog *log)
{
  mem_segment_free (log, mem_active (log));
  g_ptr_array_set_size (log->segs, (gint)log->segs->len - 1);
}

/* Producer state as of the end: all batches that are there, once more. */
static void
replay (StokerLog *log)
{
  stoker_producers_clear (log->producers);
  stoker_txns_reset (&log->txns, log->producers);
  g_array_set_size (log->aborted, 0);
  for (guint i = 0; i < log->segs->len; i++) {
    const MemSegment *s = mem_segment (log, i);
    for (guint k = 0; k < s->batches->len; k++) {
      const MemBatch *row = mem_batch (s, k);
      const uint8_t *data = stoker_block_data (s->blocks->pdata[row->block]) + row->pos;
      int32_t type = -1, epoch = -1;
      StokerTxnAborted aborted;
      StokerBatch b;
      stoker_batch_peek (data, row->len, &b);
      if (b.attributes & STOKER_BATCH_CONTROL)
        stoker_control_parse (data, row->len, &type, &epoch);
      if (stoker_txns_update (&log->txns, log->producers, &b, type, epoch, &aborted))
        g_array_append_val (log->aborted, aborted);
    }
  }
}

static void
reset (StokerLog *log, int64_t offset)
{
  while (log->segs->len > 0)
    drop_last (log);
  mem_roll (log, offset);
  log->start = log->end = log->hw = offset;
  log->epochs.n = 0;
  replay (log);
}

int
mem_reset (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  pthread_mutex_lock (&log->lock);
  reset (log, offset);
  pthread_mutex_unlock (&log->lock);
  return 0;
}

int
mem_truncate (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  pthread_mutex_lock (&log->lock);
  if (offset < mem_segment (log, 0)->base) {
    reset (log, offset);
  } else if (offset < log->end) {
    MemSegment *s;
    guint at;
    while (mem_active (log)->base > offset)
      drop_last (log);
    s = mem_active (log);
    at = mem_find_batch (s, offset);
    log->end = at < s->batches->len ? MIN (offset, mem_batch (s, at)->base) : offset;
    mem_segment_cut (log, s, at);
    log->start = MIN (log->start, log->end);
    log->hw = MIN (log->hw, log->end);
    stoker_epochs_cut_end (&log->epochs, log->end);
    replay (log);
  }
  pthread_mutex_unlock (&log->lock);
  return 0;
}

void
mem_drop_below (StokerLog *log, int64_t offset)
{
  guint n = 0;

  while (n + 1 < log->segs->len && mem_segment (log, n + 1)->base <= offset)
    mem_segment_free (log, mem_segment (log, n++));
  if (n > 0)
    g_ptr_array_remove_range (log->segs, 0, n);
  log->start = MAX (log->start, mem_segment (log, 0)->base);
  log->hw = MAX (log->hw, log->start);
  stoker_epochs_cut_start (&log->epochs, log->start);
  for (n = 0; n < log->aborted->len && g_array_index (log->aborted, StokerTxnAborted, n).last < log->start;)
    n++;
  if (n > 0)
    g_array_remove_range (log->aborted, 0, n);
}

int
mem_set_start (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err)
{
  pthread_mutex_lock (&log->lock);
  log->start = MAX (log->start, MIN (offset, log->end));
  mem_drop_below (log, offset);
  pthread_mutex_unlock (&log->lock);
  return 0;
}

int
mem_drop (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err)
{
  pthread_mutex_lock (&log->lock);
  if (offset >= log->end && mem_active (log)->bytes > 0)
    mem_roll (log, log->end);
  mem_drop_below (log, offset);
  pthread_mutex_unlock (&log->lock);
  return 0;
}

/* How much the log could give up at once: its oldest segment, if that is below the high watermark. Lock held. */
static uint64_t
spare (const StokerLog *log)
{
  const MemSegment *s = mem_segment (log, 0);
  int64_t next = log->segs->len > 1 ? mem_segment (log, 1)->base : log->end;

  return s->bytes > 0 && next <= log->hw ? s->held : 0;
}

static uint64_t
held (const StokerLog *log)
{
  uint64_t bytes = 0;

  for (guint i = 0; i < log->segs->len; i++)
    bytes += mem_segment (log, i)->held;
  return bytes;
}

/* The oldest segment of the largest log goes; Memory.lock held. False: none can. */
static bool
drop_one (Memory *m)
{
  StokerLog *largest = NULL;
  uint64_t most = 0;

  for (guint i = 0; i < m->logs->len; i++) {
    StokerLog *log = m->logs->pdata[i];
    uint64_t bytes;
    pthread_mutex_lock (&log->lock);
    bytes = spare (log) > 0 ? held (log) : 0;
    pthread_mutex_unlock (&log->lock);
    if (bytes > most) {
      most = bytes;
      largest = log;
    }
  }
  if (largest == NULL)
    return false;
  pthread_mutex_lock (&largest->lock);
  if (spare (largest) > 0) {
    if (largest->segs->len == 1)
      mem_roll (largest, largest->end);
    mem_drop_below (largest, mem_segment (largest, 1)->base);
    stoker_log (m->self, STOKER_LOG_INFO, "memory.full",
                "the limit is reached: dropped the oldest segment | log=%s start=%lld", largest->name,
                (long long)largest->start);
  }
  pthread_mutex_unlock (&largest->lock);
  return true;
}

bool
mem_make_room (Memory *m)
{
  bool ok = true;

  if (atomic_load (&m->bytes) <= (uint64_t)m->conf->limit)
    return true;
  pthread_mutex_lock (&m->lock);
  while (ok && atomic_load (&m->bytes) > (uint64_t)m->conf->limit)
    ok = drop_one (m);
  pthread_mutex_unlock (&m->lock);
  return ok;
}
