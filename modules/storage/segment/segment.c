/* SPDX-License-Identifier: Apache-2.0
 *
 * storage/segment: logs in Apache Kafka's directory layout and file formats. This file is what the core sees of it.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "append.h"
#include "check.h"
#include "close.h"
#include "dir.h"
#include "drop.h"
#include "epochs.h"
#include "files.h"
#include "find_time.h"
#include "log.h"
#include "move.h"
#include "open.h"
#include "producers.h"
#include "read.h"
#include "rewrite.h"
#include "scrub.h"
#include "tick.h"
#include "truncate.h"
#include "txnindex.h"

static int
init (StokerInstance *self, StokerError *err)
{
  Engine *e = self->state;

  e->self = self;
  e->conf = self->conf;
  pthread_mutex_init (&e->lock, NULL);
  pthread_mutex_init (&e->files_lock, NULL);
  e->dirs = g_ptr_array_new ();
  g_queue_init (&e->files);
  return 0;
}

static int
start (StokerInstance *self, StokerError *err)
{
  Engine *e = self->state;

  e->disk = stoker_host_disk (self->host);
  e->recovered = stoker_host_metric (self->host, "storage.recovered.bytes", STOKER_METRIC_COUNTER, "bytes", NULL,
                                     "bytes of segments that were checked because they lay above a recovery point");
  seg_scrub_start (e);
  return 0;
}

static void
stop (StokerInstance *self)
{
  seg_scrub_stop (self->state);
}

static void
fini (StokerInstance *self)
{
  Engine *e = self->state;

  if (e->dirs == NULL)
    return;
  /* Directories and logs that are still there were not let go: the broker was killed (in the simulated world). */
  g_queue_clear_full (&e->files, (GDestroyNotify)seg_segment_unref);
  for (guint i = 0; i < e->dirs->len; i++) {
    LogDir *dir = e->dirs->pdata[i];
    for (guint k = 0; dir && k < dir->logs->len; k++)
      seg_log_unref (dir->logs->pdata[k]);
    if (dir)
      seg_dir_free (dir);
  }
  g_ptr_array_unref (e->dirs);
  pthread_mutex_destroy (&e->lock);
  pthread_mutex_destroy (&e->files_lock);
}

static const StokerOption options[] = {
  { .name = "files.max",
    .type = STOKER_OPTION_INT,
    .def = "128",
    .min = "8",
    .max = "100000",
    .unit = "files",
    .offset = offsetof (SegConf, files_max),
    .summary = "segment files kept open at most",
    .text = "Beyond it one that was not used lately is closed. Files that are just being read or sent do not "
            "count." },
  { .name = "files.idle",
    .type = STOKER_OPTION_DURATION,
    .def = "30s",
    .min = "1s",
    .unit = "ms",
    .offset = offsetof (SegConf, files_idle_ms),
    .summary = "close a segment file that was not used for so long",
    .text = "Disk space that was reserved for the segment beyond its end is given back then." },
  { .name = "writeback",
    .type = STOKER_OPTION_SIZE,
    .def = "1MiB",
    .min = "0",
    .unit = "bytes",
    .offset = offsetof (SegConf, writeback_bytes),
    .summary = "begin to write a log's new data to the disk when there is so much of it",
    .text
    = "What producers send is first in the memory of the system, which would write it much later and all at once, "
      "and would make producers wait then; much at a time makes flushes wait. When all logs together hold four times as much, it is begun for all of "
      "them. 0: left to the system." },
  { .name = "recovery.bytes",
    .type = STOKER_OPTION_SIZE,
    .def = "64MiB",
    .min = "0",
    .unit = "bytes",
    .offset = offsetof (SegConf, recovery_bytes),
    .summary = "how much below its recovery point a log may have to look at after a crash",
    .text = "When a log is flushed and so much was written to its newest segment since its producers' state was last "
            "saved, that and the indexes are written too. After a crash the batch headers behind that place are read, "
            "and everything above the recovery point." },
  { .name = "scrub.bytes.per.second",
    .type = STOKER_OPTION_SIZE,
    .def = "4MiB",
    .min = "0",
    .unit = "bytes",
    .offset = offsetof (SegConf, scrub_bytes),
    .summary = "how fast each log directory's older segments are verified in the background",
    .text = "Segments that are not written to any more are read again, batch by batch; a damaged one is reported (event "
            "segment.damaged) and not served any more: consumers get CORRUPT_MESSAGE there and can read on behind it. What "
            "was not in the system's memory before is not kept in it. 0: no verification in the background." },
  { .name = "scrub.interval",
    .type = STOKER_OPTION_DURATION,
    .def = "7d",
    .min = "1s",
    .unit = "ms",
    .offset = offsetof (SegConf, scrub_interval_ms),
    .summary = "how often that verification begins anew",
    .text = "From beginning to beginning. When one was not through at a stop, it goes on at the next start." },
  { .name = "window.replay",
    .type = STOKER_OPTION_SIZE,
    .def = "16MiB",
    .min = "0",
    .unit = "bytes",
    .offset = offsetof (SegConf, replay_bytes),
    .summary = "how far back producers' newest batches are looked for at open",
    .text = "A producer snapshot holds one batch per producer. So that a retry of any of the newest five is recognised "
            "after a "
            "restart, the batch headers in this much of the end of the log are read again, in logs that have "
            "idempotent producers." },
};

static const StokerStorageOps ops = {
  .head = { sizeof (StokerStorageOps), STOKER_STORAGE_VERSION },
  .dir_attach = seg_dir_attach,
  .dir_checkpoint = seg_dir_checkpoint,
  .dir_detach = seg_dir_detach,
  .tick = seg_tick,
  .open = seg_open,
  .close = seg_close,
  .remove = seg_remove,
  .configure = seg_configure,
  .append = seg_append,
  .read = seg_read,
  .ends = seg_ends,
  .set_hw = seg_set_hw,
  .epoch_begin = seg_epoch_begin,
  .epoch_end = seg_epoch_end,
  .epoch_latest = seg_epoch_latest,
  .find_time = seg_find_time,
  .aborted = seg_aborted,
  .truncate = seg_truncate,
  .reset = seg_reset,
  .set_start = seg_set_start,
  .flush = seg_flush,
  .segments = seg_segments,
  .drop = seg_drop,
  .bytes = seg_bytes,
  .producers = seg_producers_each,
  .expire_producers = seg_producers_expire,
  .check = seg_check,
  .rewrite_begin = seg_rewrite_begin,
  .rewrite_append = seg_rewrite_append,
  .rewrite_commit = seg_rewrite_commit,
  .rewrite_abort = seg_rewrite_abort,
  .dir_abandon = seg_dir_abandon,
  .move_open = seg_move_open,
  .move_copy = seg_move_copy,
  .move_swap = seg_move_swap,
};

STOKER_MODULE (storage, segment, .version = "1.0", .licence = "Apache-2.0",
               .summary = "logs on disk in Apache Kafka's layout and formats", .threads = STOKER_THREADS_PARALLEL,
               .ops = &ops, .ops_size = sizeof ops, STOKER_OPTIONS (options), .conf_size = sizeof (SegConf),
               .state_size = sizeof (Engine), .init = init, .start = start, .stop = stop, .fini = fini);
