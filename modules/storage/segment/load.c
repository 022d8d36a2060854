/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a log from its directory (kafka-facts 5.4). After a clean stop nothing is read but the listing, the tail of
 * the newest segment and the newest producer snapshot; otherwise segments from the recovery point on are checked.
 */
#include "load.h"
#include "dir.h"
#include "drop.h"
#include "epochs.h"
#include "files.h"
#include "index.h"
#include "listing.h"
#include "log.h"
#include "producers.h"
#include "read.h"
#include "recover.h"
#include "roll.h"
#include "scan.h"

#include <errno.h>
#include <string.h>

enum
{
  GAPS_MAX = 8, /* so many are named one by one */
};

/* ---- segments */

/* Compaction leaves empty segments too, and Kafka's may lie here without a word of its policy: their indexes are empty like them. */
static bool
was_emptied (const StokerLog *log, int64_t base)
{
  static const char *const suffixes[] = { ".index", ".timeindex" };
  bool any = false;

  for (unsigned i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = seg_path (log, base, suffixes[i]);
    StokerPathInfo info;
    any |= stoker_disk_stat (seg_disk (log), path, &info) == 0 && info.size > 0;
  }
  return any;
}

static int
add_segments (StokerLog *log, Listing *l, StokerError *err)
{
  for (guint i = 0; i < l->logs->len; i++) {
    int64_t base = g_array_index (l->logs, int64_t, i);
    g_autofree char *path = seg_path (log, base, ".log");
    StokerPathInfo info;
    int rc = stoker_disk_stat (seg_disk (log), path, &info);
    Segment *s;
    if (rc < 0 || info.size > SEG_MAX_BYTES) {
      stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s: %s", path, rc < 0 ? g_strerror (-rc) : "larger than 2 GiB");
      return rc < 0 ? rc : -EFBIG;
    }
    if (info.size == 0 && i + 1 < l->logs->len && was_emptied (log, base))
      stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
                  "a segment between others is empty: its records are missing | file=%s", path);
    s = seg_segment_new (log, base);
    s->size = s->pushed = info.size;
    s->modified_ms = info.mtime_ms;
    s->has_txn = g_hash_table_contains (l->txn, &base);
    s->index_missing = !g_hash_table_contains (l->indexed, &base) || !g_hash_table_contains (l->timed, &base);
    s->index_unmade = !g_hash_table_contains (l->indexed, &base) && !g_hash_table_contains (l->timed, &base);
    seg_add_segment (log, s);
  }
  for (guint i = 0; i < l->extras->len; i++) { /* index files without their .log */
    int64_t base = g_ascii_strtoll (l->extras->pdata[i], NULL, 10), *found = NULL;
    if (l->logs->len > 0)
      found = bsearch (&base, l->logs->data, l->logs->len, sizeof base, seg_ascending);
    if (found == NULL)
      seg_listing_delete (log, l->extras->pdata[i]);
  }
  return 0;
}

/* A log that begins at 0 gets its files with the first append: many partitions are made and few used. */
static void
first_unmade (StokerLog *log)
{
  Segment *s = seg_segment_new (log, 0);

  s->disk_offsets = s->disk_times = 0;
  s->max_known = s->index_unsynced = s->unmade = true;
  seg_add_segment (log, s);
}

/* An empty segment at `base`. */
static int
first_segment (StokerLog *log, int64_t base, StokerError *err)
{
  g_autofree char *path = seg_path (log, base, ".log");
  StokerFile *f;
  Segment *s;
  int rc;

  if (base == 0) {
    first_unmade (log);
    return 0;
  }
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);

  if (rc == 0) {
    stoker_file_unref (f);
    seg_names_changed (log);
    s = seg_segment_new (log, base);
    s->max_known = true;
    seg_add_segment (log, s);
    rc = seg_index_rewrite (log, s);
  }
  if (rc < 0)
    stoker_error_set (err, STOKER_ERROR_IO, "cannot create %s: %s", path, g_strerror (-rc));
  return rc;
}

/* Segments from number `from` on, each named: what is in them may be whole. */
static void
drop_all (StokerLog *log, uint32_t from, const char *why)
{
  for (uint32_t i = from; i < log->n_segs; i++)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged",
                "%s: a segment is dropped whole | file=%s/%s/%020" PRId64 ".log bytes=%" PRIu64, why, log->dir->path,
                log->name, log->segs[i]->base, log->segs[i]->size);
  while (log->n_segs > from) {
    Segment *s = seg_active (log);
    seg_detach_segments (log, log->n_segs - 1, 1);
    seg_discard (log, s, true);
  }
}

/* Past the last batch of the segment. False: there is something that is no batch, or not one that can stand there. */
static bool
find_end (StokerLog *log, Segment *s, int64_t *end)
{
  StokerFile *f;
  StokerBatch b;
  uint64_t pos;
  Walk w;
  int rc;

  *end = s->base;
  if (s->size == 0)
    return true;
  if (s->index_missing || seg_file_get (log, s, &f) < 0)
    return false;
  seg_walk_begin (&w, f, seg_index_lookup (log, s, s->base + INT32_MAX, s->size, NULL), s->size);
  while ((rc = seg_walk_next (&w, &b, &pos)) == 1 && b.base_offset >= *end
         && stoker_batch_last_offset (&b) - s->base <= INT32_MAX)
    *end = stoker_batch_last_offset (&b) + 1;
  stoker_file_unref (f);
  return rc == 0 && *end > s->base;
}

/* ---- what is missing */

bool
seg_acked (const StokerLog *log, int64_t base, uint64_t pos, int64_t offset)
{
  return offset < log->acked || base < log->replayed.number || (base == log->replayed.number && pos < log->replayed.end);
}

int64_t
seg_behind (const StokerLog *log, const Segment *s)
{
  for (uint32_t i = 0; i + 1 < log->n_segs; i++)
    if (log->segs[i] == s)
      return log->segs[i + 1]->base;
  return -1;
}

/* In front of segment number i, whose offsets should go on from `end`. */
static void
tell_gap (const StokerLog *log, uint32_t i, int64_t end)
{
  stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.missing",
              "offsets %" PRId64 " to %" PRId64 " are not there: files were removed, or this topic was compacted once | "
              "before=%s/%s/%020" PRId64 ".log offsets=%" PRId64,
              end, log->segs[i]->base - 1, log->dir->path, log->name, log->segs[i]->base, log->segs[i]->base - end);
}

/* The first `n` segments are not looked at otherwise: does each go on where the one before ends? */
static void
look_for_gaps (StokerLog *log, uint32_t n)
{
  uint32_t told = 0;

  for (uint32_t i = 0; i + 1 < log->n_segs && i < n && !log->set.compact; i++) {
    int64_t end;
    if (log->segs[i]->size == 0 || !find_end (log, log->segs[i], &end) || end >= log->segs[i + 1]->base)
      continue;
    if (told++ < GAPS_MAX)
      tell_gap (log, i + 1, end);
  }
  if (told > GAPS_MAX)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.missing", "%u more such places | log=%s/%s", told - GAPS_MAX,
                log->dir->path, log->name);
}

/* Number i was checked and ends where the log does now: what cannot follow it is dropped. */
static void
drop_behind (StokerLog *log, uint32_t i, bool cut)
{
  bool gap = i + 1 < log->n_segs && log->segs[i + 1]->base != log->end && !log->set.compact;

  if (cut)
    drop_all (log, i + 1, "it follows a cut");
  else if (gap && !seg_acked (log, log->segs[i]->base, UINT64_MAX, log->segs[i + 1]->base))
    drop_all (log, i + 1, "offsets before it are missing"); /* a power cut took the end of this one, nobody was told of what follows */
  else if (gap)
    tell_gap (log, i + 1, log->end); /* files were removed; or it was compacted before its topic was changed */
}

/* The first segment to be checked, from its beginning: what it must know of those before. */
static int
begin_whole (StokerLog *log, uint32_t from, StokerError *err)
{
  int rc = 0;

  log->end = log->segs[from]->base;
  log->snapshot = -1;
  if (from > 0 || log->dir->clean) /* else there is nothing before it */
    rc = seg_producers_load (log, log->end, err);
  else {
    stoker_producers_clear (log->producers);
    stoker_txns_reset (&log->txns, log->producers);
  }
  seg_snapshots_delete (log, log->end + 1, INT64_MAX);
  return rc;
}

/* The first segment to be checked, from the recovery point on. 1: that cannot be done, all of it must be. */
static int
recover_first (StokerLog *log, uint32_t from, int64_t recovery, StokerError *err)
{
  Segment *s = log->segs[from];
  bool cut;
  int rc;

  if (recovery <= s->base || s->size == 0)
    return 1;
  seg_snapshots_delete (log, recovery + 1, INT64_MAX);
  rc = seg_recover_inside (log, s, recovery, from + 1 == log->n_segs, &cut, &log->end, err);
  if (rc == 0)
    drop_behind (log, from, cut);
  return rc;
}

/* Checks segments from number `from` on, of that only what lies above `recovery`; what follows a cut is dropped. */
static int
recover_from (StokerLog *log, uint32_t from, int64_t recovery, StokerError *err)
{
  uint32_t next = from + 1;
  int rc = recover_first (log, from, recovery, err);

  if (rc == 1) {
    next = from;
    rc = begin_whole (log, from, err);
  }
  for (uint32_t i = next; rc == 0 && i < log->n_segs; i++) {
    Segment *s = log->segs[i];
    bool cut;
    if (i > from && s->base > log->snapshot) {
      StokerBuf b = { 0 };
      stoker_producers_save (log->producers, &b);
      if (seg_snapshot_write (log, s->base, &b) == 0)
        log->snapshot = s->base;
      stoker_buf_clear (&b);
    }
    rc = seg_recover (log, s, true, &cut, &log->end, err);
    if (rc == 0)
      drop_behind (log, i, cut);
  }
  /* Nobody knows whether those that were full already are on the disk: the next flush sees to that. */
  for (uint32_t i = from; rc == 0 && i + 1 < log->n_segs; i++)
    seg_seal (log, log->segs[i], log->segs[i + 1]->base);
  return rc;
}

/* The segment that holds the recovery point. */
static uint32_t
recovery_segment (const StokerLog *log, int64_t recovery)
{
  return recovery <= log->segs[0]->base ? 0 : seg_find (log, recovery);
}

static int
load_content (StokerLog *log, const Mark *mark, StokerError *err)
{
  uint32_t from = log->dir->clean ? log->n_segs - 1 : recovery_segment (log, mark->recovery);
  int rc = 0;

  /* Those from there on are looked at whole anyway, and a cut in one of them must be seen then. */
  for (uint32_t i = 0; i < from && rc == 0; i++)
    if (log->segs[i]->index_missing) {
      bool cut;
      int64_t end;
      rc = seg_recover (log, log->segs[i], false, &cut, &end, err);
    }
  if (rc < 0)
    return rc;
  look_for_gaps (log, from);
  if (!log->dir->clean)
    return recover_from (log, from, mark->recovery, err);
  /* A clean stop ends where it says: another end is one that a damaged header makes up. */
  if (!find_end (log, seg_active (log), &log->end) || (mark->recovery >= 0 && mark->recovery != log->end))
    return recover_from (log, from, -1, err);
  return 0;
}

/* Epochs when the file is lost: every batch carries its own. */
static void
epochs_from_log (StokerLog *log)
{
  for (uint32_t i = 0; i < log->n_segs; i++) {
    StokerFile *f;
    StokerBatch b;
    uint64_t pos;
    Walk w;
    if (log->segs[i]->size == 0 || seg_file_get (log, log->segs[i], &f) < 0)
      continue;
    seg_walk_begin (&w, f, 0, log->segs[i]->size);
    while (seg_walk_next (&w, &b, &pos) == 1)
      seg_epoch_note (log, &b);
    stoker_file_unref (f);
  }
}

static void
load_epochs (StokerLog *log)
{
  StokerError err = { 0 };
  int rc = seg_epochs_load (log, &err);

  if (rc == 0)
    return;
  if (rc != -ENOENT)
    stoker_log (log->engine->self, STOKER_LOG_WARN, "segment.damaged", "%s: made anew from the log | log=%s", err.text,
                log->name);
  log->epochs.n = 0;
  epochs_from_log (log);
  log->epochs_dirty = log->epochs.n > 0;
}

/* Snapshots that belong to no segment, but for the newest, are of stops long past. */
static void
clear_snapshots (Listing *l)
{
  for (guint i = l->snapshots->len; i > 0; i--) {
    int64_t offset = g_array_index (l->snapshots, int64_t, i - 1);
    if (offset != l->log->snapshot
        && (l->logs->len == 0 || bsearch (&offset, l->logs->data, l->logs->len, sizeof offset, seg_ascending) == NULL))
      seg_snapshots_delete (l->log, offset, offset + 1);
  }
}

/* Offsets, limits and epochs fitted to each other. */
static int
settle_ends (StokerLog *log, const Mark *mark, StokerError *err)
{
  bool clean = log->dir->clean;

  if (mark->recovery > log->end && mark->start <= log->end)
    stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.damaged",
                "records are missing at the end: it is at %" PRId64 ", everything below %" PRId64
                " was on the disk | log=%s/%s",
                log->end, mark->recovery, log->dir->path, log->name);
  else if (mark->hw > log->end && mark->start <= log->end)
    stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.missing",
                "records are missing at the end: it is at %" PRId64 ", everything below %" PRId64 " could be read | log=%s/%s", log->end,
                mark->hw, log->dir->path, log->name);
  if (clean && mark->start >= 0 && mark->start < log->segs[0]->base)
    tell_gap (log, 0, mark->start);
  if (mark->start > log->end) { /* what the start names is not there: nothing of the rest is wanted */
    drop_all (log, 0, "the log start of the checkpoint lies behind the log's end");
    seg_snapshots_delete (log, 0, INT64_MAX);
    stoker_producers_clear (log->producers);
    stoker_txns_reset (&log->txns, log->producers);
    log->end = mark->start;
    if (first_segment (log, log->end, err) < 0)
      return -EIO;
  }
  log->start = MAX (mark->start, log->segs[0]->base);
  log->hw = CLAMP (mark->hw, log->start, log->end);
  log->recovery = clean ? log->end : MIN (MAX (mark->recovery, log->segs[0]->base), log->end);
  if (log->epochs.n > 0) {
    seg_epochs_cut_end (log, log->end + 1);
    seg_epochs_cut_start (log, log->start);
  }
  return 0;
}

int
seg_load (StokerLog *log, const Mark *mark, StokerError *err)
{
  const Replayed *replayed = g_hash_table_lookup (log->dir->replayed, log->name);
  Listing l;
  int rc = seg_listing_read (log, &l);

  /* Without checkpoints nobody can tell, and everything that can be read is kept. */
  log->acked = log->dir->marked ? MAX (mark->recovery, mark->hw) : INT64_MAX;
  log->replayed = replayed ? *replayed : (Replayed){ -1, 0 };

  if (rc == 0 && seg_listing_clean (&l)) {
    seg_listing_free (&l);
    rc = seg_listing_read (log, &l);
  }
  if (rc < 0)
    stoker_error_set (err, STOKER_ERROR_IO, "cannot read directory %s/%s: %s", log->dir->path, log->name,
                      g_strerror (-rc));
  else
    rc = add_segments (log, &l, err);
  log->listed = l.snapshots;
  if (rc == 0 && log->n_segs == 0) {
    rc = first_segment (log, MAX (mark->start, 0), err);
    log->end = MAX (mark->start, 0);
  } else if (rc == 0) {
    load_epochs (log);
    rc = load_content (log, mark, err);
    if (rc == 0 && log->dir->clean)
      rc = seg_producers_load (log, log->end, err);
    if (rc == 0)
      clear_snapshots (&l);
  }
  if (rc == 0)
    rc = settle_ends (log, mark, err);
  seg_listing_free (&l);
  for (uint32_t i = 0; i < log->n_segs; i++)
    seg_file_drop (log, log->segs[i]);
  log->acked = INT64_MAX; /* from here on all of it */
  return rc;
}
