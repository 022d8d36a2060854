/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending: items are checked, get their offsets and are patched under the log's lock; what goes into one segment is
 * written with one call outside it, by the holder of the claim; then it is published. A write that fails leaves the log
 * as it was.
 */
#include "append.h"
#include "dir.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "journaled.h"
#include "log.h"
#include "producers.h"
#include "recover.h"
#include "roll.h"
#include "txnindex.h"
#include "writeback.h"

#include <errno.h>
#include <string.h>

#define RUN_MAX 64

/* What goes out in one write. */
typedef struct Run
{
  StokerAppend *items[RUN_MAX];
  struct iovec iov[RUN_MAX];
  int n;
  uint64_t bytes;
  int64_t next;
  uint32_t n_epochs; /* before it */
  StokerFile *file; /* it went there */
  StokerTxnAborted *aborted;
  uint32_t n_aborted, cap_aborted;
} Run;

/* Offsets and timestamp of an item, as it will stand in the log. */
typedef struct Span
{
  int64_t first, last, max_timestamp;
} Span;

static void
refuse (StokerAppend *item, int16_t error)
{
  item->error = error;
  item->first_offset = item->last_offset = -1;
}

/* The batches of a leader must follow each other and the log's end. */
static bool
replica_span (StokerAppend *item, int64_t next, Span *span)
{
  StokerBatch b;
  size_t at = 0;

  *span = (Span){ -1, -1, -1 };
  while (at < item->len) {
    if (item->len - at < STOKER_BATCH_HEADER || !seg_header_read (item->data + at, &b)
        || (size_t)b.length > item->len - at) {
      refuse (item, STOKER_CORRUPT_MESSAGE);
      return false;
    }
    if (b.base_offset < (at == 0 ? next : span->last + 1)) {
      refuse (item, at == 0 ? STOKER_OFFSET_OUT_OF_RANGE : STOKER_CORRUPT_MESSAGE);
      return false;
    }
    span->first = at == 0 ? b.base_offset : span->first;
    span->last = stoker_batch_last_offset (&b);
    span->max_timestamp = MAX (span->max_timestamp, b.max_timestamp);
    at += (size_t)b.length;
  }
  return at > 0;
}

/* May it be appended at r->next? False: its result says why not, or that it is there already. Changes nothing else. */
static bool
check (StokerLog *log, const Run *r, StokerAppend *item, Span *span)
{
  int16_t error = 0;

  item->error = 0;
  item->duplicate = false;
  if (item->origin == STOKER_ORIGIN_REPLICA)
    return replica_span (item, r->next, span);
  if (item->origin == STOKER_ORIGIN_CLIENT && item->batch.producer_id >= 0) {
    StokerProducerVerdict v = stoker_producers_check (log->producers, &item->batch);
    if (v.error == 0 && v.duplicate) {
      item->duplicate = true;
      item->first_offset = v.first_offset;
      item->last_offset = v.last_offset;
      item->timestamp = v.timestamp;
      return false;
    }
    error = v.error;
  } else if (item->origin == STOKER_ORIGIN_COORDINATOR) {
    if (item->control_type >= 0)
      error = stoker_txns_check_marker (log->producers, &item->batch, item->control_epoch);
  }
  if (error != 0)
    refuse (item, error);
  *span = (Span){ r->next, r->next + item->batch.last_offset_delta, item->batch.max_timestamp };
  return error == 0;
}

static void
note_batch (StokerLog *log, Run *r, const StokerBatch *b, int32_t type, int32_t epoch)
{
  StokerTxnAborted t;

  seg_epoch_note (log, b);
  if (!stoker_txns_update (&log->txns, log->producers, b, type, epoch, &t))
    return;
  if (r->n_aborted == r->cap_aborted) {
    r->cap_aborted = r->cap_aborted ? r->cap_aborted * 2 : 4;
    r->aborted = g_renew (StokerTxnAborted, r->aborted, r->cap_aborted);
  }
  r->aborted[r->n_aborted++] = t;
}

/* Assigns offsets, brings the producer state forward, adds the bytes to the run. */
static void
take (StokerLog *log, Run *r, StokerAppend *item, const Span *span)
{
  if (item->origin == STOKER_ORIGIN_REPLICA) {
    StokerBatch b;
    for (size_t at = 0; at < item->len; at += (size_t)b.length) {
      int32_t type = -1, epoch = -1;
      seg_header_read (item->data + at, &b);
      if (b.attributes & STOKER_BATCH_CONTROL)
        stoker_control_parse (item->data + at, (size_t)b.length, &type, &epoch);
      note_batch (log, r, &b, type, epoch);
    }
  } else {
    stoker_batch_assign (item->data, span->first, item->leader_epoch);
    item->batch.base_offset = span->first;
    item->batch.leader_epoch = item->leader_epoch;
    note_batch (log, r, &item->batch, item->control_type, item->control_epoch);
  }
  item->first_offset = span->first;
  item->last_offset = span->last;
  r->iov[r->n] = (struct iovec){ item->data, item->len };
  r->items[r->n++] = item;
  r->bytes += item->len;
  r->next = span->last + 1;
}

/* ---- writing */

/* Blocks are reserved in steps that grow with the segment, so that big appends need not allocate and small logs stay
 * small. Not needed for correctness: whatever goes wrong here goes wrong again at the write. */
static void
reserve (Segment *s, StokerFile *f, uint64_t end)
{
  uint64_t step = CLAMP (s->size, 256u << 10, 16u << 20);
  int rc;

  if (end < 256u << 10 || end <= s->reserved)
    return;
  rc = stoker_file_reserve (f, s->size, end + step - s->size);
  if (rc == 0)
    s->reserved = end + step;
  else if (rc != -ENOSPC && rc != -EDQUOT)
    s->reserved = UINT64_MAX;
}

static int
write_run (StokerLog *log, Segment *s, Run *r)
{
  StokerFile *f;
  int rc = seg_file_get (log, s, &f);

  if (rc < 0)
    return rc;
  reserve (s, f, s->size + r->bytes);
  rc = stoker_file_pwritev (f, r->iov, r->n, s->size);
  if (rc == 0 && r->n_aborted > 0)
    rc = seg_txn_append (log, s, r->aborted, r->n_aborted);
  r->file = f;
  return rc;
}

static void
push_tail (StokerLog *log, const StokerBatch *b, uint64_t pos)
{
  Tail *t = log->tail;

  if (t == NULL)
    t = log->tail = g_new0 (Tail, 1);
  t->e[(t->first + t->n) % SEG_TAIL]
      = (TailEntry){ b->base_offset, (uint32_t)b->last_offset_delta, (uint32_t)pos, (uint32_t)b->length };
  if (t->n < SEG_TAIL)
    t->n++;
  else
    t->first = (t->first + 1) % SEG_TAIL;
}

static void
publish_batch (StokerLog *log, Segment *s, const StokerBatch *b, uint64_t pos, int64_t now_ms)
{
  int64_t last = stoker_batch_last_offset (b);

  if (!s->first_known) {
    s->first_known = true;
    s->first_timestamp = b->max_timestamp;
  }
  seg_index_note (s, &log->set, last, pos, (uint64_t)b->length, b->max_timestamp, last);
  push_tail (log, b, pos);
  s->size = pos + (uint64_t)b->length;
  s->modified_ms = now_ms;
}

static void
publish (StokerLog *log, Segment *s, const Run *r)
{
  for (int i = 0; i < r->n; i++) {
    const StokerAppend *item = r->items[i];
    StokerBatch b;
    if (item->origin != STOKER_ORIGIN_REPLICA) {
      b = item->batch;
      b.length = (int32_t)item->len;
      publish_batch (log, s, &b, s->size, item->now_ms);
      continue;
    }
    for (size_t at = 0; at < item->len; at += (size_t)b.length) {
      seg_header_read (item->data + at, &b);
      publish_batch (log, s, &b, s->size, item->now_ms);
    }
  }
  log->end = r->next;
}

/* A write failed: nothing of it may be left, neither in the file nor in what we remember. Lock not held. */
static void
undo (StokerLog *log, Segment *s, const Run *r, int error)
{
  StokerError err = { 0 };
  StokerFile *f;
  int rc = 0;

  if (!s->unmade && (rc = seg_file_get (log, s, &f)) == 0) {
    rc = stoker_file_truncate (f, s->size);
    stoker_file_unref (f);
    s->reserved = 0;
  }
  if (rc == 0)
    rc = seg_txn_truncate (log, s, log->end);
  pthread_mutex_lock (&log->lock);
  log->epochs.n = MIN (log->epochs.n, r->n_epochs);
  pthread_mutex_unlock (&log->lock);
  if (rc == 0)
    rc = seg_producers_load (log, log->end, &err);
  /* A full disk gets better; after any other failure nothing is believed until the log is opened again. */
  if (rc < 0 || (error != -ENOSPC && error != -EDQUOT && error != -EFBIG))
    log->failed = true;
  stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.write_failed",
              "cannot append: %s%s | log=%s/%s offset=%" PRId64, g_strerror (-error),
              log->failed ? "; the log takes no more writes" : "", log->dir->path, log->name, log->end);
  seg_dir_trouble (log->dir, error, "append to", log->name);
}

/* Reads what a segment that was loaded must know before it is appended to. Lock not held. */
static int
prepare_active (StokerLog *log, Segment *s)
{
  uint8_t header[STOKER_BATCH_HEADER];
  StokerBatch b;
  StokerFile *f;
  bool cut;
  int64_t end;
  int rc;

  if (s->disk_offsets < 0 && (s->index_missing || !seg_index_open (log, s))) {
    rc = seg_recover (log, s, false, &cut, &end, NULL);
    if (rc < 0 || cut)
      return rc < 0 ? rc : -EIO;
  }
  if (s->size == 0 || s->first_known)
    return 0;
  rc = seg_file_get (log, s, &f);
  if (rc < 0)
    return rc;
  if (stoker_file_pread (f, header, sizeof header, 0) == sizeof header && seg_header_read (header, &b))
    s->first_timestamp = b.max_timestamp;
  s->first_known = true;
  stoker_file_unref (f);
  return 0;
}

static bool
active_ready (const Segment *s)
{
  return s->disk_offsets >= 0 && (s->first_known || s->size == 0);
}

/* Gathers items from the front into a run, up to the first that needs another segment; returns how many were dealt
 * with. */
static size_t
gather (StokerLog *log, Run *r, StokerAppend *items, size_t n)
{
  size_t k;

  for (k = 0; k < n && r->n < RUN_MAX; k++) {
    Span span;
    if (!check (log, r, &items[k], &span))
      continue;
    if (seg_roll_due (log, seg_active (log)->size + r->bytes, items[k].len, span.last, span.max_timestamp,
                      items[k].now_ms)) {
      int rc;
      if (r->n > 0)
        break;
      pthread_mutex_unlock (&log->lock);
      rc = seg_roll (log, span.first);
      pthread_mutex_lock (&log->lock);
      if (rc < 0) {
        refuse (&items[k], STOKER_KAFKA_STORAGE_ERROR);
        stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.write_failed",
                    "cannot begin a segment: %s | log=%s/%s base=%" PRId64, g_strerror (-rc), log->dir->path, log->name,
                    span.first);
        seg_dir_trouble (log->dir, rc, "begin a segment of", log->name);
        continue;
      }
    }
    take (log, r, &items[k], &span);
  }
  return k;
}

/* One run: lock and claim held before and after. Returns how many items were dealt with. *noted: the journal has something
 * to do. */
static size_t
append_run (StokerLog *log, StokerAppend *items, size_t n, bool *noted)
{
  Run r = { .next = log->end, .n_epochs = log->epochs.n };
  Segment *s = seg_active (log);
  size_t done;
  uint64_t from;
  int rc = 0;

  if (!log->failed && !active_ready (s)) {
    pthread_mutex_unlock (&log->lock);
    rc = prepare_active (log, s);
    pthread_mutex_lock (&log->lock);
    log->failed = rc < 0;
  }
  if (log->failed) {
    refuse (&items[0], STOKER_KAFKA_STORAGE_ERROR);
    return 1;
  }
  done = gather (log, &r, items, n);
  if (r.n == 0)
    return done;
  s = seg_active (log);
  pthread_mutex_unlock (&log->lock);
  from = s->size;
  rc = write_run (log, s, &r);
  if (rc < 0)
    undo (log, s, &r, rc);
  pthread_mutex_lock (&log->lock);
  if (rc == 0) {
    publish (log, s, &r);
    *noted |= seg_journal_note (log, s, r.file, from, s->size, log->end);
  }
  for (int i = 0; rc < 0 && i < r.n; i++)
    refuse (r.items[i], STOKER_KAFKA_STORAGE_ERROR);
  g_free (r.aborted);
  stoker_file_unref (r.file);
  return done;
}

void
seg_append (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n)
{
  Segment *page = NULL;
  bool job, unused, noted = false;

  pthread_mutex_lock (&log->lock);
  seg_claim (log);
  unused = seg_unused (log);
  for (size_t i = 0; i < n;)
    i += append_run (log, items + i, n - i, &noted);
  if (seg_active (log)->n_offsets >= SEG_INDEX_PAGE)
    page = seg_active (log);
  if (page) {
    pthread_mutex_unlock (&log->lock);
    seg_index_write (log, page, false);
    pthread_mutex_lock (&log->lock);
  }
  job = log->seals != NULL || log->epochs_dirty || log->end - log->recovery >= log->set.flush_messages;
  job |= seg_push_due (log);
  job |= unused && !seg_unused (log); /* its names are to be flushed */
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  if (noted)
    seg_journal_kick (log);
  if (job)
    seg_post_job (log);
}
