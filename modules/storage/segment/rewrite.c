/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a run of sealed segments anew (compaction): beside them, as NNN.log.cleaned, with indexes that are kept in
 * memory until the end. How it gets to its place is in swap.c.
 */
#include "rewrite.h"
#include "dir.h"
#include "files.h"
#include "index.h"
#include "log.h"
#include "read.h"
#include "roll.h"
#include "swap.h"
#include "txnindex.h"

#include <errno.h>

/* The disk gets its work while the rest is still being written, so that the flush at the end is short. */
#define PUSH ((uint64_t)8 << 20)

bool
seg_rewrite_valid (const StokerRewrite *rw, uint32_t *at)
{
  const StokerLog *log = rw->log;
  uint32_t i = seg_find (log, rw->old[0]->base);

  if (i + rw->n_old >= log->n_segs || log->moving) /* the active one is none of them */
    return false;
  for (uint32_t k = 0; k < rw->n_old; k++)
    if (log->segs[i + k] != rw->old[k])
      return false;
  *at = i;
  return true;
}

/* The segments of [from, to), referenced; false: there are no such. Lock held. */
static bool
take_old (StokerRewrite *rw, StokerLog *log, int64_t from, int64_t to)
{
  uint32_t first = seg_find (log, from), n = 0;

  if (log->segs[first]->base != from)
    return false;
  while (first + n + 1 < log->n_segs && log->segs[first + n]->base < to)
    n++;
  if (n == 0 || log->segs[first + n]->base != to)
    return false;
  rw->n_old = n;
  rw->old = g_new (Segment *, n);
  for (uint32_t i = 0; i < n; i++) {
    rw->old[i] = seg_segment_ref (log->segs[first + i]);
    rw->mtime_ms = rw->old[i]->modified_ms;
  }
  return true;
}

static char *
cleaned_path (const StokerRewrite *rw, const char *suffix)
{
  g_autofree char *path = seg_path (rw->log, rw->fresh->base, suffix);
  return g_strconcat (path, ".cleaned", NULL);
}

static void
rewrite_free (StokerRewrite *rw)
{
  stoker_file_unref (rw->file);
  for (uint32_t i = 0; i < rw->n_old; i++)
    seg_segment_unref (rw->old[i]);
  seg_segment_unref (rw->fresh);
  g_free (rw->old);
  seg_log_unref (rw->log);
  g_free (rw);
}

int
seg_rewrite_begin (StokerInstance *self, StokerLog *log, int64_t from, int64_t to, StokerRewrite **out,
                   StokerError *err)
{
  StokerRewrite *rw = g_new0 (StokerRewrite, 1);
  g_autofree char *path = NULL;
  bool there;
  int rc;

  *out = NULL;
  rw->log = seg_log_ref (log);
  rw->next = from;
  rw->to = to;
  pthread_mutex_lock (&log->lock);
  there = !log->closed && !log->moving && take_old (rw, log, from, to);
  rw->set = log->set;
  rw->dir = log->dir;
  pthread_mutex_unlock (&log->lock);
  if (!there) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s/%s: no sealed segments make up [%" PRId64 ", %" PRId64 ")",
                      log->dir->path, log->name, from, to);
    rewrite_free (rw);
    return STOKER_OFFSET_OUT_OF_RANGE;
  }
  rw->fresh = seg_segment_new (log, from);
  rw->fresh->disk_offsets = rw->fresh->disk_times = 0;
  rw->fresh->max_known = true;
  rw->fresh->modified_ms = rw->mtime_ms;
  path = cleaned_path (rw, ".log");
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE,
                         &rw->file);
  if (rc < 0) {
    seg_dir_trouble (log->dir, rc, "create", path);
    stoker_error_set (err, STOKER_ERROR_IO, "cannot create %s: %s", path, g_strerror (-rc));
    rewrite_free (rw);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  *out = rw;
  return 0;
}

/* A directory that was given up is not written to. */
static int
write_batches (StokerRewrite *rw, const uint8_t *data, size_t len, uint64_t pos)
{
  if (atomic_load (&rw->dir->abandoned))
    return -EIO;
  return stoker_file_pwrite (rw->file, data, len, pos);
}

/* Takes note of the batches in data; false: they may not stand there. */
static bool
note_batches (StokerRewrite *rw, const uint8_t *data, size_t len)
{
  Segment *s = rw->fresh;
  StokerBatch b;

  for (size_t at = 0; at < len; at += (size_t)b.length) {
    int64_t last;
    if (len - at < STOKER_BATCH_HEADER || !seg_header_read (data + at, &b) || (size_t)b.length > len - at)
      return false;
    last = stoker_batch_last_offset (&b);
    if (b.base_offset < rw->next || last >= rw->to || last - s->base > INT32_MAX
        || s->size + (uint64_t)b.length > SEG_MAX_BYTES)
      return false;
    rw->next = last + 1;
    if (!s->first_known) {
      s->first_known = true;
      s->first_timestamp = b.max_timestamp;
    }
    /* What is kept empty has no record that a time could lead to. */
    seg_index_note (s, &rw->set, last, s->size, (uint64_t)b.length, b.record_count > 0 ? b.max_timestamp : -1, last);
    s->size += (uint64_t)b.length;
  }
  return true;
}

int
seg_rewrite_append (StokerInstance *self, StokerRewrite *rw, const uint8_t *data, size_t len, StokerError *err)
{
  Segment *s = rw->fresh;
  uint64_t pos = s->size;
  int rc;

  if (!note_batches (rw, data, len)) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s/%s: batches for offsets from %" PRId64 " on do not fit there",
                      rw->log->dir->path, rw->log->name, rw->next);
    return STOKER_CORRUPT_MESSAGE;
  }
  rc = write_batches (rw, data, len, pos);
  if (rc < 0) {
    seg_dir_trouble (rw->dir, rc, "compact", rw->log->name);
    stoker_error_set (err, STOKER_ERROR_IO, "cannot write %s/%s/%020" PRId64 ".log.cleaned: %s", rw->dir->path,
                      rw->log->name, s->base, g_strerror (-rc));
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  if (s->size - s->pushed >= PUSH) {
    stoker_file_writeback (rw->file, s->pushed, s->size - s->pushed);
    s->pushed = s->size;
  }
  return 0;
}

/* The .txnindex is always made, empty or not: a missing one would not show that it had been there. */
static int
write_txn (StokerRewrite *rw, const StokerAborted *aborted, size_t n)
{
  g_autofree char *path = cleaned_path (rw, ".txnindex");
  StokerBuf *b = &rw->fresh->pinned_txn;
  StokerFile *f;
  int rc = 0;

  for (uint32_t i = 0; i < rw->n_old && rc == 0; i++)
    rc = seg_txn_filter (rw->log, rw->old[i], aborted, n, b);
  if (rc == 0)
    rc = stoker_file_open (seg_disk (rw->log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);
  if (rc < 0)
    return rc;
  rw->fresh->has_txn = b->len > 0;
  if (b->len > 0)
    rc = stoker_file_pwrite (f, b->data, b->len, 0);
  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  return rc;
}

static int
finish_files (StokerRewrite *rw, const StokerAborted *aborted, size_t n)
{
  g_autofree char *path = cleaned_path (rw, ".log");
  int rc;

  seg_index_note_final (rw->fresh);
  rc = seg_index_save (rw->log, rw->fresh, ".cleaned");
  if (rc == 0)
    rc = write_txn (rw, aborted, n);
  if (rc == 0) /* retention goes by it where there are no timestamps */
    rc = stoker_disk_set_mtime (seg_disk (rw->log), path, rw->mtime_ms);
  return rc == 0 ? stoker_file_sync (rw->file) : rc;
}

void
seg_rewrite_abort (StokerInstance *self, StokerRewrite *rw)
{
  static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex" };
  bool closed;

  pthread_mutex_lock (&rw->log->lock);
  closed = rw->log->closed; /* then the place may be another's; what is left there is deleted by the next open */
  pthread_mutex_unlock (&rw->log->lock);
  closed |= atomic_load (&rw->dir->abandoned);
  for (unsigned i = 0; i < G_N_ELEMENTS (suffixes) && !closed; i++) {
    g_autofree char *path = cleaned_path (rw, suffixes[i]);
    stoker_disk_unlink (seg_disk (rw->log), path);
  }
  rewrite_free (rw);
}

int
seg_rewrite_commit (StokerInstance *self, StokerRewrite *rw, const StokerAborted *aborted, size_t n, StokerError *err)
{
  StokerLog *log = rw->log;
  uint64_t before = 0, after = rw->fresh->size;
  uint32_t at;
  bool valid;
  int rc = seg_settle (log);

  pthread_mutex_lock (&log->lock);
  valid = !log->closed && !log->failed && seg_rewrite_valid (rw, &at);
  for (uint32_t i = 0; i < rw->n_old; i++)
    before += rw->old[i]->size;
  pthread_mutex_unlock (&log->lock);
  if (!valid) {
    seg_rewrite_abort (self, rw);
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s/%s: segments went away meanwhile", log->dir->path, log->name);
    return STOKER_OFFSET_OUT_OF_RANGE;
  }
  if (rc == 0)
    rc = finish_files (rw, aborted, n);
  /* A recovery that began below what is rewritten would take the offsets that are gone for missing ones, should the topic not be
   * a compacted one any more by then. */
  if (rc == 0)
    rc = seg_dir_write (log->engine, log->dir, 1u << CHECKPOINT_RECOVERY, NULL);
  if (rc < 0) { /* nothing has changed: the disk may be full */
    seg_dir_trouble (log->dir, rc, "compact", log->name);
    stoker_error_set (err, STOKER_ERROR_IO, "cannot finish %s/%s/%020" PRId64 ".log.cleaned: %s", log->dir->path,
                      log->name, rw->fresh->base, g_strerror (-rc));
    seg_rewrite_abort (self, rw);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  rc = seg_swap (rw);
  if (rc < 0)
    seg_dir_trouble (log->dir, rc, "replace segments of", log->name);
  if (rc == 0)
    stoker_log (self, STOKER_LOG_DEBUG, "segment.compacted",
                "replaced segments | log=%s/%s base=%" PRId64 " segments=%u bytes=%" PRIu64 " before=%" PRIu64,
                log->dir->path, log->name, rw->fresh->base, rw->n_old, after, before);
  else
    stoker_error_set (err, STOKER_ERROR_IO, "cannot replace segments of %s/%s: %s", log->dir->path, log->name,
                      g_strerror (-rc));
  rewrite_free (rw);
  return rc == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}
