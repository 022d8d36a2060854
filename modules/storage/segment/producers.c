/* SPDX-License-Identifier: Apache-2.0
 *
 * Producer state on disk: Kafka's .snapshot files, and how the state is brought back from them and the log.
 *
 * A snapshot holds the newest batch of each producer only, but duplicates are recognised among the newest five. So
 * after a snapshot is loaded, the headers of the batches before it are read back too, up to the option window.replay.
 */
#include "producers.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "read.h"
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MAX (1u << 30)

static bool
collect (void *user, const char *name)
{
  GArray *offsets = user;
  char *rest;
  int64_t offset = g_ascii_strtoll (name, &rest, 10);

  if (rest == name + 20 && strcmp (rest, ".snapshot") == 0)
    g_array_append_val (offsets, offset);
  return true;
}

static int
descending (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x > y ? -1 : x < y;
}

static GArray *
snapshots (StokerLog *log)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  GArray *offsets = g_array_new (FALSE, FALSE, sizeof (int64_t));

  if (log->listed)
    g_array_append_vals (offsets, log->listed->data, log->listed->len);
  else
    stoker_disk_list (seg_disk (log), path, collect, offsets);
  g_array_sort (offsets, descending);
  return offsets;
}

static void
delete_snapshot (StokerLog *log, int64_t offset)
{
  g_autofree char *path = seg_path (log, offset, ".snapshot");

  stoker_disk_unlink (seg_disk (log), path);
  for (guint i = log->listed ? log->listed->len : 0; i > 0; i--)
    if (g_array_index (log->listed, int64_t, i - 1) == offset)
      g_array_remove_index_fast (log->listed, i - 1);
}

void
seg_snapshots_delete (StokerLog *log, int64_t from, int64_t to)
{
  g_autoptr (GArray) offsets = snapshots (log);

  for (guint i = 0; i < offsets->len; i++) {
    int64_t offset = g_array_index (offsets, int64_t, i);
    if (offset >= from && offset < to)
      delete_snapshot (log, offset);
  }
}

int
seg_snapshot_write (StokerLog *log, int64_t offset, const StokerBuf *b)
{
  g_autofree char *path = seg_path (log, offset, ".snapshot");
  g_autofree char *tmp = g_strconcat (path, ".tmp", NULL); /* nobody shall find half of it */
  StokerFile *f;
  int rc = stoker_file_open (seg_disk (log), tmp, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);

  if (rc < 0)
    return rc;
  rc = stoker_file_pwrite (f, b->data, b->len, 0);
  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  if (rc == 0)
    rc = stoker_disk_rename (seg_disk (log), tmp, path);
  if (rc == 0 && log->listed)
    g_array_append_val (log->listed, offset);
  if (rc == 0)
    seg_names_changed (log);
  if (rc < 0)
    stoker_disk_unlink (seg_disk (log), tmp);
  return rc;
}

void
seg_snapshot_middle (StokerLog *log, int64_t made)
{
  g_autofree char *path = NULL;
  int64_t old;

  pthread_mutex_lock (&log->lock);
  old = log->middle;
  log->middle = made;
  for (uint32_t i = 0; i < log->n_segs; i++)
    if (log->segs[i]->base == old)
      old = -1;
  pthread_mutex_unlock (&log->lock);
  if (old < 0 || old == made)
    return;
  path = seg_path (log, old, ".snapshot");
  stoker_disk_unlink (seg_disk (log), path);
}

/* The newest snapshot at or below `end` that is whole; its offset, or -1. Damaged ones are named and deleted. */
static int64_t
load_newest (StokerLog *log, int64_t end)
{
  g_autoptr (GArray) offsets = snapshots (log);

  for (guint i = 0; i < offsets->len; i++) {
    int64_t offset = g_array_index (offsets, int64_t, i);
    g_autofree char *path = seg_path (log, offset, ".snapshot");
    StokerBuf b = { 0 };
    StokerError err = { 0 };
    bool ok;
    if (offset > end)
      continue;
    ok = stoker_disk_read_all (seg_disk (log), path, SNAPSHOT_MAX, &b) == 0
         && stoker_producers_load (log->producers, b.data, b.len, &err) == 0;
    stoker_buf_clear (&b);
    if (ok)
      return offset;
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged", "producer snapshot is not usable: %s | file=%s",
                err.text, path);
    delete_snapshot (log, offset);
  }
  return -1;
}

/* Runs over the batches of the log in [from, end): update, or (recall) into the windows. */
static int
replay_segment (StokerLog *log, Segment *s, uint64_t pos, int64_t from, int64_t end, bool recall)
{
  StokerFile *f;
  StokerBatch b;
  uint64_t at;
  g_autofree Walk *w = g_new (Walk, 1);
  int rc = seg_file_get (log, s, &f);

  if (rc < 0)
    return rc;
  seg_walk_begin (w, f, pos, s->size);
  while (seg_walk_next (w, &b, &at) == 1 && b.base_offset < end) {
    int32_t type = -1, epoch = -1;
    StokerTxnAborted unused;
    if (stoker_batch_last_offset (&b) < from || b.producer_id < 0)
      continue;
    if (b.attributes & STOKER_BATCH_CONTROL)
      seg_control_read (f, at, &b, &type, &epoch);
    if (!recall)
      stoker_txns_update (&log->txns, log->producers, &b, type, epoch, &unused);
    else if (!(b.attributes & STOKER_BATCH_CONTROL))
      stoker_producers_recall (log->producers, &b);
  }
  stoker_file_unref (f);
  return 0;
}

void
seg_producers_recall (StokerLog *log, int64_t end, uint64_t upto)
{
  uint64_t budget = (uint64_t)log->engine->conf->replay_bytes;

  if (stoker_producers_count (log->producers) == 0)
    return;
  for (uint32_t i = log->n_segs; i-- > 0 && budget > 0;) {
    Segment *s = log->segs[i];
    uint64_t size = MIN (s->size, upto), from;
    if (s->base >= end)
      continue;
    from = size > budget ? seg_index_position (log, s, size - budget) : 0;
    replay_segment (log, s, from, 0, end, true);
    budget -= MIN (budget, size - from);
    upto = UINT64_MAX;
  }
}

int64_t
seg_producers_begin (StokerLog *log, int64_t end)
{
  stoker_producers_clear (log->producers);
  log->snapshot = load_newest (log, end);
  stoker_txns_reset (&log->txns, log->producers);
  return log->snapshot;
}

int
seg_producers_load (StokerLog *log, int64_t end, StokerError *err)
{
  int64_t from = seg_producers_begin (log, end);
  int rc = 0;

  for (uint32_t i = from < 0 ? 0 : seg_find (log, from); i < log->n_segs && rc == 0; i++) {
    Segment *s = log->segs[i];
    if (s->base < end && from < end)
      rc = replay_segment (log, s, from > s->base ? seg_index_lookup (log, s, from, s->size, NULL) : 0, from, end, false);
  }
  if (rc < 0) {
    stoker_error_set (err, STOKER_ERROR_IO, "%s/%s: cannot read the log to rebuild its producers: %s", log->dir->path,
                      log->name, g_strerror (-rc));
    return rc;
  }
  seg_producers_recall (log, end, UINT64_MAX);
  return 0;
}

void
seg_producers_each (StokerInstance *self, StokerLog *log, bool (*each) (void *user, const StokerProducerRow *row),
                    void *user)
{
  pthread_mutex_lock (&log->lock);
  stoker_producers_each (log->producers, each, user);
  pthread_mutex_unlock (&log->lock);
}

void
seg_producers_expire (StokerInstance *self, StokerLog *log, int64_t before_ms)
{
  pthread_mutex_lock (&log->lock);
  stoker_producers_expire (log->producers, before_ms);
  pthread_mutex_unlock (&log->lock);
}
