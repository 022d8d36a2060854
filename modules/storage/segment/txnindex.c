/* SPDX-License-Identifier: Apache-2.0
 *
 * The .txnindex files, which name the aborted transactions.
 */
#include "txnindex.h"
#include "files.h"
#include "log.h"
#include "read.h"

#include <errno.h>

int
seg_txn_append (StokerLog *log, Segment *s, const StokerTxnAborted *entries, size_t n)
{
  g_autofree char *path = seg_path (log, s->base, ".txnindex");
  g_autofree uint8_t *bytes = g_malloc0 (n * SEG_TXN_ENTRY + 1);
  StokerFile *f;
  int64_t size;
  int rc;

  for (size_t i = 0; i < n; i++) {
    uint8_t *p = bytes + i * SEG_TXN_ENTRY;
    seg_put (p + 2, (uint64_t)entries[i].producer_id, 8);
    seg_put (p + 10, (uint64_t)entries[i].first, 8);
    seg_put (p + 18, (uint64_t)entries[i].last, 8);
    seg_put (p + 26, (uint64_t)entries[i].stable, 8);
  }
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f);
  if (rc < 0)
    return rc;
  size = stoker_file_size (f);
  if (size == 0)
    seg_names_changed (log);
  rc = size < 0 ? (int)size : stoker_file_pwrite (f, bytes, n * SEG_TXN_ENTRY, (uint64_t)(size - size % SEG_TXN_ENTRY));
  stoker_file_unref (f);
  pthread_mutex_lock (&log->lock);
  s->has_txn = s->txn_unsynced = true;
  pthread_mutex_unlock (&log->lock);
  return rc;
}

int
seg_txn_sync (StokerLog *log, Segment *s)
{
  g_autofree char *path = NULL;
  StokerFile *f;
  bool due;
  int rc;

  pthread_mutex_lock (&log->lock);
  due = s->txn_unsynced;
  s->txn_unsynced = false;
  pthread_mutex_unlock (&log->lock);
  if (!due)
    return 0;
  path = seg_path (log, s->base, ".txnindex");
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE, &f);
  if (rc == -ENOENT) /* a truncation took the last entry */
    return 0;
  if (rc == 0) {
    rc = stoker_file_sync (f);
    stoker_file_unref (f);
  }
  if (rc < 0) {
    pthread_mutex_lock (&log->lock);
    s->txn_unsynced = true;
    pthread_mutex_unlock (&log->lock);
  }
  return rc;
}

/* The whole file into `b`; no file is an empty one. */
static int
read_entries (StokerLog *log, Segment *s, StokerBuf *b)
{
  g_autofree char *path = seg_path (log, s->base, ".txnindex");
  bool pinned;
  int rc = 0;

  pthread_mutex_lock (&log->lock);
  pinned = s->pinned;
  if (pinned)
    stoker_buf_append (b, s->pinned_txn.data, s->pinned_txn.len);
  pthread_mutex_unlock (&log->lock);
  if (!pinned)
    rc = stoker_disk_read_all (seg_disk (log), path, INT32_MAX, b);
  b->len -= b->len % SEG_TXN_ENTRY;
  return rc == -ENOENT ? 0 : rc;
}

static StokerTxnAborted
entry_at (const StokerBuf *b, size_t at)
{
  const uint8_t *p = b->data + at;
  return (StokerTxnAborted){ (int64_t)seg_get (p + 2, 8), (int64_t)seg_get (p + 10, 8), (int64_t)seg_get (p + 18, 8),
                             (int64_t)seg_get (p + 26, 8) };
}

static bool
is_kept (const StokerTxnAborted *t, const StokerAborted *kept, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (kept[i].producer_id == t->producer_id && kept[i].first_offset == t->first)
      return true;
  return false;
}

int
seg_txn_filter (StokerLog *log, Segment *s, const StokerAborted *kept, size_t n, StokerBuf *out)
{
  StokerBuf b = { 0 };
  int rc = s->has_txn ? read_entries (log, s, &b) : 0;

  for (size_t at = 0; rc == 0 && at < b.len; at += SEG_TXN_ENTRY) {
    StokerTxnAborted t = entry_at (&b, at);
    if (is_kept (&t, kept, n))
      stoker_buf_append (out, b.data + at, SEG_TXN_ENTRY);
  }
  stoker_buf_clear (&b);
  return rc;
}

int
seg_txn_truncate (StokerLog *log, Segment *s, int64_t offset)
{
  g_autofree char *path = seg_path (log, s->base, ".txnindex");
  StokerBuf b = { 0 };
  StokerFile *f;
  size_t at = 0;
  int rc = s->has_txn ? read_entries (log, s, &b) : 0;

  if (rc < 0 || !s->has_txn)
    return rc;
  while (at < b.len && entry_at (&b, at).last < offset)
    at += SEG_TXN_ENTRY;
  if (at == 0) {
    rc = stoker_disk_unlink (seg_disk (log), path);
    rc = rc == -ENOENT ? 0 : rc;
    s->has_txn = rc < 0;
  } else if (at < b.len) {
    rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE, &f);
    if (rc == 0) {
      rc = stoker_file_truncate (f, at);
      stoker_file_unref (f);
    }
  }
  stoker_buf_clear (&b);
  return rc;
}

/* The aborted transactions of one segment. False: enough, nothing later can matter. */
static bool
collect (const StokerBuf *b, int64_t from, int64_t to, GArray *found)
{
  for (size_t at = 0; at < b->len; at += SEG_TXN_ENTRY) {
    StokerTxnAborted t = entry_at (b, at);
    StokerAborted a = { t.producer_id, t.first };
    if (t.last >= from && t.first < to)
      g_array_append_val (found, a);
    if (t.stable >= to)
      return false;
  }
  return true;
}

/* Of one look at the log's segments: 1 when one of them was replaced meanwhile. */
static int
tell_all (StokerLog *log, const GPtrArray *segs, int64_t from, int64_t to, GArray *found)
{
  bool more = true;
  int rc = 0;

  for (guint i = 0; i < segs->len && more && rc == 0; i++) {
    StokerBuf b = { 0 };
    rc = read_entries (log, segs->pdata[i], &b);
    more = rc == 0 && collect (&b, from, to, found);
    stoker_buf_clear (&b);
  }
  pthread_mutex_lock (&log->lock);
  for (guint i = 0; i < segs->len && rc >= 0; i++)
    if (((Segment *)segs->pdata[i])->dropped)
      rc = 1;
  pthread_mutex_unlock (&log->lock);
  return rc;
}

int
seg_aborted (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
             bool (*each) (void *user, const StokerAborted *a), void *user)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (StokerAborted));
  int rc = 1;

  for (int tries = 0; tries < 8 && rc == 1; tries++) {
    g_autoptr (GPtrArray) segs = g_ptr_array_new_with_free_func ((GDestroyNotify)seg_segment_unref);
    pthread_mutex_lock (&log->lock);
    for (uint32_t i = seg_find (log, from); i < log->n_segs; i++)
      if (log->segs[i]->has_txn)
        g_ptr_array_add (segs, seg_segment_ref (log->segs[i]));
    pthread_mutex_unlock (&log->lock);
    g_array_set_size (found, 0);
    rc = tell_all (log, segs, from, to, found);
  }
  for (guint i = 0; rc == 0 && i < found->len; i++)
    if (!each (user, &g_array_index (found, StokerAborted, i)))
      break;
  return rc == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}
