/* SPDX-License-Identifier: Apache-2.0
 *
 * storage/memory: logs that live as long as the broker, within a limit of bytes. This file is what the core sees of it.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "memory.h"

#include <stoker/host.h>

/* A segment is what goes when memory is short: no log may consist of one that is all of the limit. */
#define SEGMENTS_IN_LIMIT 16

static int
attach (StokerInstance *self, const StokerLogDir *dir, void (*found) (void *user, const StokerLogFound *f), void *user,
        StokerError *err)
{
  return 0;
}

static int
no_dir (StokerInstance *self, int dir, StokerError *err)
{
  return 0;
}

static bool
tick (StokerInstance *self, int64_t now_ms)
{
  return false;
}

static void
configure (StokerInstance *self, StokerLog *log, const StokerTopicConfig *config)
{
  const MemConf *conf = self->conf;

  pthread_mutex_lock (&log->lock);
  log->segment_bytes = MIN (config->segment_bytes, conf->limit / SEGMENTS_IN_LIMIT);
  log->segment_ms = config->segment_ms;
  pthread_mutex_unlock (&log->lock);
}

static int
log_open (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err)
{
  Memory *m = self->state;
  StokerLog *log;

  if (!spec->create) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%.*s-%d: logs in memory do not outlive the broker",
                      (int)spec->topic.len, spec->topic.data, spec->partition);
    return STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  }
  log = g_new0 (StokerLog, 1);
  log->memory = m;
  pthread_mutex_init (&log->lock, NULL);
  log->name = g_strdup_printf ("%.*s-%d", (int)spec->topic.len, spec->topic.data, spec->partition);
  log->segs = g_ptr_array_new ();
  log->producers = stoker_producers_new ();
  log->aborted = g_array_new (FALSE, FALSE, sizeof (StokerTxnAborted));
  stoker_txns_reset (&log->txns, log->producers);
  configure (self, log, spec->config);
  mem_roll (log, 0);
  pthread_mutex_lock (&m->lock);
  g_ptr_array_add (m->logs, log);
  pthread_mutex_unlock (&m->lock);
  *out = log;
  return 0;
}

static void
log_close (StokerInstance *self, StokerLog *log)
{
  Memory *m = self->state;

  pthread_mutex_lock (&m->lock);
  g_ptr_array_remove_fast (m->logs, log);
  pthread_mutex_unlock (&m->lock);
  for (guint i = 0; i < log->segs->len; i++)
    mem_segment_free (log, mem_segment (log, i));
  g_ptr_array_unref (log->segs);
  stoker_producers_free (log->producers);
  stoker_txns_clear (&log->txns);
  stoker_epochs_clear (&log->epochs);
  g_array_unref (log->aborted);
  pthread_mutex_destroy (&log->lock);
  g_free (log->name);
  g_free (log);
}

static int
log_remove (StokerInstance *self, StokerLog *log, StokerError *err)
{
  log_close (self, log);
  return 0;
}

static void
ends (StokerInstance *self, StokerLog *log, StokerLogEnds *out)
{
  pthread_mutex_lock (&log->lock);
  *out = (StokerLogEnds){ log->start, log->end, log->end, log->hw,
                          MAX (log->start, stoker_txns_stable (&log->txns, log->hw)) };
  pthread_mutex_unlock (&log->lock);
}

static void
set_hw (StokerInstance *self, StokerLog *log, int64_t hw)
{
  pthread_mutex_lock (&log->lock);
  log->hw = MAX (log->hw, MIN (hw, log->end));
  stoker_txns_advance (&log->txns, log->hw);
  pthread_mutex_unlock (&log->lock);
}

static int
epoch_begin (StokerInstance *self, StokerLog *log, int32_t epoch)
{
  pthread_mutex_lock (&log->lock);
  if (epoch > stoker_epochs_latest (&log->epochs))
    stoker_epochs_assign (&log->epochs, epoch, log->end);
  pthread_mutex_unlock (&log->lock);
  return 0;
}

static void
epoch_end (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out)
{
  pthread_mutex_lock (&log->lock);
  stoker_epochs_end_of (&log->epochs, epoch, log->end, &out->epoch, &out->end);
  pthread_mutex_unlock (&log->lock);
}

static int32_t
epoch_latest (StokerInstance *self, StokerLog *log)
{
  int32_t epoch;

  pthread_mutex_lock (&log->lock);
  epoch = stoker_epochs_latest (&log->epochs);
  pthread_mutex_unlock (&log->lock);
  return epoch;
}

static int
flush (StokerInstance *self, StokerLog *log, StokerError *err)
{
  return 0;
}

static size_t
segments (StokerInstance *self, StokerLog *log, StokerSegmentRow *rows, size_t max)
{
  size_t n;

  pthread_mutex_lock (&log->lock);
  n = log->segs->len;
  for (guint i = 0; i < n && i < max; i++) {
    const MemSegment *s = mem_segment (log, i);
    rows[i] = (StokerSegmentRow){ s->base,        i + 1 < n ? mem_segment (log, i + 1)->base : log->end,
                                  s->bytes,       s->max_timestamp,
                                  s->modified_ms, i + 1 == n };
  }
  pthread_mutex_unlock (&log->lock);
  return n;
}

static uint64_t
bytes (StokerInstance *self, StokerLog *log)
{
  uint64_t sum = 0;

  pthread_mutex_lock (&log->lock);
  for (guint i = 0; i < log->segs->len; i++)
    sum += mem_segment (log, i)->bytes;
  pthread_mutex_unlock (&log->lock);
  return sum;
}

static void
producers (StokerInstance *self, StokerLog *log, bool (*each) (void *user, const StokerProducerRow *row), void *user)
{
  pthread_mutex_lock (&log->lock);
  stoker_producers_each (log->producers, each, user);
  pthread_mutex_unlock (&log->lock);
}

static void
expire_producers (StokerInstance *self, StokerLog *log, int64_t before_ms)
{
  pthread_mutex_lock (&log->lock);
  stoker_producers_expire (log->producers, before_ms);
  pthread_mutex_unlock (&log->lock);
}

static int
init (StokerInstance *self, StokerError *err)
{
  Memory *m = self->state;

  m->self = self;
  m->conf = self->conf;
  pthread_mutex_init (&m->lock, NULL);
  m->logs = g_ptr_array_new ();
  return 0;
}

static void
fini (StokerInstance *self)
{
  Memory *m = self->state;

  if (m->logs == NULL)
    return;
  while (m->logs->len > 0)
    log_close (self, m->logs->pdata[0]);
  g_ptr_array_unref (m->logs);
  pthread_mutex_destroy (&m->lock);
}

static const StokerOption options[] = {
  { .name = "limit",
    .type = STOKER_OPTION_SIZE,
    .def = "256MiB",
    .min = "1MiB",
    .unit = "bytes",
    .offset = offsetof (MemConf, limit),
    .summary = "bytes that all logs together may take",
    .text = "Beyond it the largest log gives up its oldest segment, as retention would, whatever its topic's retention "
            "settings say. "
            "Records above the high watermark are never given up: when only such are left, appends are refused with "
            "KAFKA_STORAGE_ERROR. A segment is at most a sixteenth of the limit." },
};

static const StokerStorageOps ops = {
  .head = { sizeof (StokerStorageOps), STOKER_STORAGE_VERSION },
  .dir_attach = attach,
  .dir_checkpoint = no_dir,
  .dir_detach = no_dir,
  .tick = tick,
  .open = log_open,
  .close = log_close,
  .remove = log_remove,
  .configure = configure,
  .append = mem_append,
  .read = mem_read,
  .ends = ends,
  .set_hw = set_hw,
  .epoch_begin = epoch_begin,
  .epoch_end = epoch_end,
  .epoch_latest = epoch_latest,
  .find_time = mem_find_time,
  .aborted = mem_aborted,
  .truncate = mem_truncate,
  .reset = mem_reset,
  .set_start = mem_set_start,
  .flush = flush,
  .segments = segments,
  .drop = mem_drop,
  .bytes = bytes,
  .producers = producers,
  .expire_producers = expire_producers,
};

STOKER_MODULE (storage, memory, .version = "1.0", .licence = "Apache-2.0",
               .summary = "logs in memory, gone when the broker stops", .threads = STOKER_THREADS_PARALLEL, .ops = &ops,
               .ops_size = sizeof ops, STOKER_OPTIONS (options), .conf_size = sizeof (MemConf),
               .state_size = sizeof (Memory), .init = init, .fini = fini);
