/* SPDX-License-Identifier: Apache-2.0
 *
 * Recovery of one segment: every batch is checked, the file is cut at the first byte that is none, the indexes are made
 * anew.
 */
#include "recover.h"
#include "damage.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "load.h"
#include "log.h"
#include "producers.h"
#include "scan.h"
#include "txnindex.h"

#include <errno.h>
#include <string.h>

#define CHUNK (1u << 20)

/* A window over the file that grows to hold the largest batch. */
typedef struct Reader
{
  StokerFile *file;
  uint64_t size, at; /* file position of data[0] */
  StokerBuf buf;
} Reader;

/* Makes [pos, pos + len) readable; NULL when the file does not have it. */
static const uint8_t *
view (Reader *r, uint64_t pos, size_t len)
{
  ssize_t n;

  if (len > r->size - pos)
    return NULL;
  if (pos >= r->at && pos + len <= r->at + r->buf.len)
    return r->buf.data + (pos - r->at);
  r->buf.len = 0;
  n = stoker_file_pread (r->file, stoker_buf_reserve (&r->buf, MAX (len, CHUNK)), MIN (MAX (len, CHUNK), r->size - pos),
                         pos);
  r->at = pos;
  r->buf.len = n > 0 ? (size_t)n : 0;
  return r->buf.len >= len ? r->buf.data : NULL;
}

/* The batch at `pos`, checked whole; NULL: there is none, *why says what is wrong. */
static const uint8_t *
good_batch (Reader *r, uint64_t pos, int64_t base, int64_t next, StokerBatch *b, const char **why)
{
  const uint8_t *p = view (r, pos, STOKER_BATCH_HEADER);

  *why = "torn batch";
  if (p == NULL)
    return NULL;
  *why = "not a batch of magic 2";
  if (!seg_header_read (p, b))
    return NULL;
  *why = "offsets do not follow";
  if (b->base_offset < next || stoker_batch_last_offset (b) - base > INT32_MAX)
    return NULL;
  *why = "torn batch";
  p = view (r, pos, (size_t)b->length);
  if (p == NULL)
    return NULL;
  *why = "wrong CRC";
  return stoker_batch_crc_ok (p, b) ? p : NULL;
}

typedef struct Rebuild
{
  GArray *aborted; /* of StokerTxnAborted */
  GArray *damage;  /* of Damage: what is stepped over */
  uint64_t valid, last_entry;
  int64_t next;
  LogSettings set;
} Rebuild;

/* Index entries as Kafka's own recovery makes them: one where more than the interval lies between, at the batch's own
 * start. */
static void
note (StokerLog *log, Segment *s, Rebuild *x, const StokerBatch *b)
{
  int64_t last = stoker_batch_last_offset (b);

  s->since_entry = x->valid - x->last_entry;
  if (s->since_entry > (uint64_t)x->set.index_interval_bytes)
    x->last_entry = x->valid;
  seg_index_note (s, &x->set, last, x->valid, (uint64_t)b->length, b->max_timestamp, last);
  if (!s->first_known) {
    s->first_known = true;
    s->first_timestamp = b->max_timestamp;
  }
  x->valid += (uint64_t)b->length;
  x->next = last + 1;
}

static void
note_state (StokerLog *log, Rebuild *x, const uint8_t *p, const StokerBatch *b)
{
  int32_t type = -1, epoch = -1;
  StokerTxnAborted t;

  seg_epoch_note (log, b);
  if (b->attributes & STOKER_BATCH_CONTROL)
    stoker_control_parse (p, (size_t)b->length, &type, &epoch);
  if (stoker_txns_update (&log->txns, log->producers, b, type, epoch, &t))
    g_array_append_val (x->aborted, t);
}

/* Data of message formats before 2 must not be taken for damage: refuse the log rather than cut it. */
static bool
is_legacy (Reader *r)
{
  const uint8_t *p = view (r, 0, 17);
  int32_t length = p ? (int32_t)seg_get (p + 8, 4) : 0;

  return p && (p[16] == 0 || p[16] == 1) && length >= 14 && (uint64_t)length + 12 <= r->size;
}

static int
cut_at (StokerLog *log, Segment *s, StokerFile *f, uint64_t size, uint64_t valid, const char *why)
{
  int rc = stoker_file_truncate (f, valid);

  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
              "%s: %" PRIu64 " bytes cut off | file=%s/%s/%020" PRId64 ".log position=%" PRIu64, why, size - valid,
              log->dir->path, log->name, s->base, valid);
  return rc;
}

static int
write_txn (StokerLog *log, Segment *s, const GArray *aborted)
{
  g_autofree char *path = seg_path (log, s->base, ".txnindex");

  if (s->has_txn)
    stoker_disk_unlink (seg_disk (log), path);
  s->has_txn = false;
  return aborted->len ? seg_txn_append (log, s, (const StokerTxnAborted *)aborted->data, aborted->len) : 0;
}

/* The bytes at x->valid are no good batch. Where acknowledged ones follow they are stepped over; else false. */
static bool
step_over (StokerLog *log, Segment *s, Reader *r, int32_t length, Rebuild *x)
{
  Damage d = { .from = x->valid, .first = x->next };
  int64_t behind = seg_behind (log, s);
  StokerBatch next;

  if (!seg_acked (log, s->base, d.from, d.first))
    return false;
  d.to = seg_damage_extent (r->file, d.from, r->size, d.first, behind < 0 ? s->base + INT32_MAX : behind - 1, length, &next);
  d.next = d.to < r->size ? next.base_offset : behind;
  if (d.next < 0 || !seg_acked (log, s->base, d.to < r->size ? d.to : UINT64_MAX, d.next))
    return false;
  g_array_append_val (x->damage, d);
  x->valid = d.to;
  x->next = d.next;
  return true;
}

/* A base offset is in no CRC. Where one leaves offsets out, and the good batch behind it has some of those, it is not believed. */
static bool
runs_ahead (Reader *r, const Segment *s, const Rebuild *x, const StokerBatch *b)
{
  uint64_t behind = x->valid + (uint64_t)b->length;
  const uint8_t *p = b->base_offset > x->next ? view (r, behind, STOKER_BATCH_HEADER) : NULL;
  StokerBatch after;
  const char *why;

  return p && seg_header_read (p, &after) && after.base_offset <= stoker_batch_last_offset (b)
         && good_batch (r, behind, s->base, x->next, &after, &why);
}

/* Reads all of it; how far it is good, or was good once, in x->valid. */
static const char *
scan (StokerLog *log, Segment *s, Segment *fresh, Reader *r, bool state, Rebuild *x)
{
  const uint8_t *p;
  const char *why = NULL;
  StokerBatch b = { 0 };

  while (x->valid < r->size) {
    b.length = 0;
    p = good_batch (r, x->valid, s->base, x->next, &b, &why);
    if (p && runs_ahead (r, s, x, &b)) {
      why = "offsets do not follow";
      p = NULL;
    } else if (p) {
      p = view (r, x->valid, (size_t)b.length);
    }
    if (p) {
      if (state)
        note_state (log, x, p, &b);
      note (log, fresh, x, &b);
    } else if (!step_over (log, s, r, b.length, x)) {
      break;
    }
  }
  return why;
}

/* What was found out becomes what readers and writers see. */
static void
take_over (StokerLog *log, Segment *s, Segment *fresh)
{
  pthread_mutex_lock (&log->lock);
  seg_index_clear (s);
  s->offsets = g_steal_pointer (&fresh->offsets); /* none, unless they stay in memory */
  s->times = g_steal_pointer (&fresh->times);
  s->n_offsets = fresh->n_offsets;
  s->cap_offsets = fresh->cap_offsets;
  s->n_times = fresh->n_times;
  s->cap_times = fresh->cap_times;
  fresh->n_offsets = fresh->n_times = 0;
  s->size = fresh->size;
  s->max_timestamp = fresh->max_timestamp;
  s->max_offset = fresh->max_offset;
  s->first_timestamp = fresh->first_timestamp;
  s->max_known = true;
  s->first_known = fresh->first_known;
  s->has_txn = fresh->has_txn;
  s->index_missing = false;
  s->index_unsynced = true;
  s->disk_offsets = fresh->disk_offsets;
  s->disk_times = fresh->disk_times;
  s->last_time = fresh->last_time;
  s->last_time_offset = fresh->last_time_offset;
  s->since_entry = 0;
  s->noted = fresh->noted;
  s->txn_unsynced |= fresh->txn_unsynced;
  s->reserved = 0;
  pthread_mutex_unlock (&log->lock);
}

/* A log that was appended to for the first time before the crash has no index files. They are made when there is something to put
 * into them, as ever: making two files for each of thousands of small logs took longer than all the rest. */
static bool
stays_in_memory (StokerLog *log, const Segment *s, const Segment *fresh)
{
  return s->index_unmade && s == seg_active (log) && fresh->n_offsets < SEG_INDEX_PAGE;
}

/* What is to be done to a segment. */
typedef struct Task
{
  bool inside;      /* from `recovery` on, not from its beginning */
  int64_t recovery;
  bool last, state; /* as the callers say */
} Task;

/* ---- from inside a segment */

/* A walk over headers from the save point to the recovery point: the indexes, producers and transactions are brought there.
 * Where that is stands in x->valid. False: the headers do not lead there. */
static bool
walk_up (StokerLog *log, Segment *fresh, StokerFile *f, uint64_t size, const IndexPrefix *known, int64_t saved,
         int64_t recovery, Rebuild *x)
{
  g_autofree Walk *w = g_new (Walk, 1);
  StokerBatch b;
  uint64_t pos;
  bool first = known->offsets > 0;
  int rc;

  seg_walk_begin (w, f, known->pos, size);
  x->valid = x->last_entry = known->pos;
  x->next = first ? known->before + 1 : fresh->base;
  while ((rc = seg_walk_next (w, &b, &pos)) == 1) {
    int32_t type = -1, epoch = -1;
    StokerTxnAborted t;
    if (b.base_offset < x->next || stoker_batch_last_offset (&b) - fresh->base > INT32_MAX)
      return false;
    if (first && (b.base_offset > known->last || pos != known->pos)) /* not what its entry says */
      return false;
    first = false;
    if (b.base_offset >= recovery)
      return true;
    if (stoker_batch_last_offset (&b) >= recovery) /* no batch reaches over it: this header is damaged */
      return false;
    if (b.base_offset < saved) {
      if (b.max_timestamp > fresh->max_timestamp) {
        fresh->max_timestamp = b.max_timestamp;
        fresh->max_offset = stoker_batch_last_offset (&b);
      }
      x->next = stoker_batch_last_offset (&b) + 1;
      x->valid = w->pos;
      continue;
    }
    if (b.attributes & STOKER_BATCH_CONTROL)
      seg_control_read (f, pos, &b, &type, &epoch);
    seg_epoch_note (log, &b);
    if (stoker_txns_update (&log->txns, log->producers, &b, type, epoch, &t))
      g_array_append_val (x->aborted, t);
    note (log, fresh, x, &b);
  }
  if (rc < 0)
    return x->next == recovery; /* torn from the recovery point on: the check will say so */
  if (x->next < recovery)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
                "ends below the recovery point | file=%s/%s/%020" PRId64 ".log end=%" PRId64 " recovery=%" PRId64,
                log->dir->path, log->name, fresh->base, x->next, recovery);
  return true;
}

/* Indexes and transaction index to the files, if they are not so already. */
static int
put_derived (StokerLog *log, const Segment *s, Segment *fresh, const IndexPrefix *known, int64_t saved, bool last, bool grown,
             Rebuild *x)
{
  bool changed = grown || !known->exact || fresh->n_offsets > 0 || fresh->n_times > 0;
  int rc = 0;

  if (changed || !last)
    seg_index_note_final (fresh);
  if ((changed || fresh->n_times > 0) && !stays_in_memory (log, s, fresh))
    rc = seg_index_replace_tail (log, fresh);
  if (rc == 0)
    rc = seg_txn_truncate (log, fresh, saved);
  if (rc == 0 && x->aborted->len > 0)
    rc = seg_txn_append (log, fresh, (const StokerTxnAborted *)(void *)x->aborted->data, x->aborted->len);
  return rc;
}

static int
check_inside (StokerLog *log, Segment *s, Segment *fresh, Reader *r, const Task *t, Rebuild *x, bool *cut, StokerError *err)
{
  int64_t saved = MAX (seg_producers_begin (log, t->recovery), s->base);
  uint64_t size = s->size, at;
  IndexPrefix known;
  const char *why;
  int rc = 0;

  if (!seg_index_prefix (log, s, saved, &known) || (known.offsets > 0 && (known.times == 0 || known.pos >= size)))
    return 1;
  fresh->disk_offsets = s->disk_offsets = known.offsets;
  fresh->disk_times = known.times;
  fresh->max_timestamp = fresh->last_time = known.timestamp;
  fresh->max_offset = known.ts_offset;
  fresh->last_time_offset = MAX (known.ts_offset, s->base);
  if (log->snapshot < s->base && s != log->segs[0]) /* what roll saved is not there */
    rc = seg_producers_load (log, s->base, err);
  else
    seg_producers_recall (log, saved, known.pos);
  if (rc == 0 && !walk_up (log, fresh, r->file, size, &known, saved, t->recovery, x))
    rc = 1;
  s->disk_offsets = -1;
  if (rc != 0)
    return rc;
  at = x->valid;
  why = scan (log, s, fresh, r, true, x);
  stoker_metric_add (log->engine->recovered, (int64_t)(x->valid - at));
  *cut = x->valid < size;
  if (*cut)
    rc = cut_at (log, fresh, r->file, size, x->valid, why);
  fresh->size = x->valid;
  fresh->noted = known.pos;
  return rc == 0 ? put_derived (log, s, fresh, &known, saved, t->last, *cut || x->valid > at, x) : rc;
}

/* ---- from the beginning of a segment */

static int
check_all (StokerLog *log, Segment *s, Segment *fresh, Reader *r, const Task *t, Rebuild *x, bool *cut, StokerError *err)
{
  const char *why;
  int rc = 0;

  if (r->size >= 17 && is_legacy (r)) {
    stoker_error_set (err, STOKER_ERROR_CORRUPT,
                      "%s/%s/%020" PRId64 ".log: holds messages of format 0 or 1, which are not read: "
                      "have Apache Kafka rewrite them first",
                      log->dir->path, log->name, fresh->base);
    return -EPROTONOSUPPORT;
  }
  why = scan (log, s, fresh, r, t->state, x);
  stoker_metric_add (log->engine->recovered, (int64_t)x->valid);
  *cut = x->valid < r->size;
  if (*cut)
    rc = cut_at (log, fresh, r->file, r->size, x->valid, why);
  fresh->size = x->valid;
  seg_index_note_final (fresh);
  fresh->disk_offsets = fresh->disk_times = 0;
  if (rc == 0 && !stays_in_memory (log, s, fresh))
    rc = seg_index_rewrite (log, fresh);
  if (rc == 0 && t->state)
    rc = write_txn (log, fresh, x->aborted);
  return rc;
}

/* ---- both */

static int
recover (StokerLog *log, Segment *s, const Task *t, bool *cut, int64_t *end, StokerError *err)
{
  Rebuild x = { .aborted = g_array_new (FALSE, FALSE, sizeof (StokerTxnAborted)),
                .damage = g_array_new (FALSE, FALSE, sizeof (Damage)),
                .next = s->base,
                .set = log->set };
  Reader r = { .size = s->size };
  Segment *fresh = seg_segment_new (log, s->base); /* readers use `s` meanwhile */
  int rc = seg_file_get (log, s, &r.file);

  *cut = false;
  fresh->max_known = true;
  fresh->has_txn = s->has_txn;
  if (rc == 0)
    rc = (t->inside ? check_inside : check_all) (log, s, fresh, &r, t, &x, cut, err);
  if (rc == 0)
    take_over (log, s, fresh);
  for (guint i = 0; i < x.damage->len && rc == 0; i++)
    seg_damage_note (log, s, g_array_index (x.damage, Damage, i), "damaged, and what follows was acknowledged");
  *end = x.next;
  stoker_file_unref (r.file);
  stoker_buf_clear (&r.buf);
  g_array_unref (x.aborted);
  g_array_unref (x.damage);
  seg_segment_unref (fresh);
  if (rc < 0 && err && err->text[0] == '\0')
    stoker_error_set (err, STOKER_ERROR_IO, "cannot recover %s/%s/%020" PRId64 ".log: %s", log->dir->path, log->name,
                      s->base, g_strerror (-rc));
  return rc;
}

int
seg_recover (StokerLog *log, Segment *s, bool state, bool *cut, int64_t *end, StokerError *err)
{
  return recover (log, s, &(Task){ .state = state }, cut, end, err);
}

int
seg_recover_inside (StokerLog *log, Segment *s, int64_t recovery, bool last, bool *cut, int64_t *end, StokerError *err)
{
  return recover (log, s, &(Task){ .inside = true, .recovery = recovery, .last = last, .state = true }, cut, end, err);
}
