/* SPDX-License-Identifier: Apache-2.0
 *
 * Offset and time index of a segment (kafka-facts 5.2), as they grow. New entries gather in memory and go to the files
 * a page at a time; what a crash loses of them is rebuilt from the log. Nothing is mapped and nothing stays loaded.
 */
#include "index.h"
#include "files.h"
#include "log.h"

#include <string.h>

static void
push_offset (Segment *s, uint32_t offset, uint32_t pos)
{
  if (s->n_offsets == s->cap_offsets) {
    s->cap_offsets = s->cap_offsets ? s->cap_offsets * 2 : 8;
    s->offsets = g_renew (OffsetEntry, s->offsets, s->cap_offsets);
  }
  s->offsets[s->n_offsets++] = (OffsetEntry){ offset, pos };
}

static void
push_time (Segment *s)
{
  if (s->max_timestamp <= s->last_time)
    return;
  if (s->n_times == s->cap_times) {
    s->cap_times = s->cap_times ? s->cap_times * 2 : 8;
    s->times = g_renew (TimeEntry, s->times, s->cap_times);
  }
  s->times[s->n_times++] = (TimeEntry){ s->max_timestamp, (uint32_t)(s->max_offset - s->base) };
  s->last_time = s->max_timestamp;
  s->last_time_offset = s->max_offset;
}

void
seg_index_note (Segment *s, const LogSettings *set, int64_t last, uint64_t pos, uint64_t bytes, int64_t timestamp,
                int64_t ts_offset)
{
  if (timestamp > s->max_timestamp) {
    s->max_timestamp = timestamp;
    s->max_offset = ts_offset;
  }
  if (s->since_entry > (uint64_t)set->index_interval_bytes) {
    push_offset (s, (uint32_t)(last - s->base), (uint32_t)pos);
    push_time (s);
    s->since_entry = 0;
  }
  s->since_entry += bytes;
}

void
seg_index_note_final (Segment *s)
{
  if (s->max_known)
    push_time (s);
}

bool
seg_index_full (Segment *s, const LogSettings *set)
{
  return s->disk_offsets + s->n_offsets >= set->segment_index_bytes / SEG_INDEX_ENTRY
         || s->disk_times + s->n_times >= set->segment_index_bytes / SEG_TIME_ENTRY - 1;
}

void
seg_index_clear (Segment *s)
{
  g_clear_pointer (&s->offsets, g_free);
  g_clear_pointer (&s->times, g_free);
  s->n_offsets = s->cap_offsets = s->n_times = s->cap_times = 0;
}

/* ---- writing */
/* Writes b at pos; what lies behind it goes with `cut`. (Not by opening with TRUNCATE: ext4 writes out a file that was
 * emptied and filled again when it is closed.) */
static int
write_at (StokerLog *log, Segment *s, const char *suffix, const StokerBuf *b, uint64_t pos, bool cut, bool sync)
{
  g_autofree char *path = seg_path (log, s->base, suffix);
  StokerFile *f;
  int rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f);

  if (rc < 0)
    return rc;
  if (b->len > 0)
    rc = stoker_file_pwrite (f, b->data, b->len, pos);
  if (rc == 0 && cut && stoker_file_size (f) > (int64_t)(pos + b->len))
    rc = stoker_file_truncate (f, pos + b->len);
  if (rc == 0 && sync)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  return rc;
}

static void
encode (const Segment *s, uint32_t n_offsets, uint32_t n_times, StokerBuf *offsets, StokerBuf *times)
{
  uint8_t *p = stoker_buf_reserve (offsets, (size_t)n_offsets * SEG_INDEX_ENTRY + 1);
  uint8_t *q = stoker_buf_reserve (times, (size_t)n_times * SEG_TIME_ENTRY + 1);

  for (uint32_t i = 0; i < n_offsets; i++, p += SEG_INDEX_ENTRY) {
    seg_put (p, s->offsets[i].offset, 4);
    seg_put (p + 4, s->offsets[i].pos, 4);
  }
  for (uint32_t i = 0; i < n_times; i++, q += SEG_TIME_ENTRY) {
    seg_put (q, (uint64_t)s->times[i].timestamp, 8);
    seg_put (q + 8, s->times[i].offset, 4);
  }
  offsets->len = (size_t)n_offsets * SEG_INDEX_ENTRY;
  times->len = (size_t)n_times * SEG_TIME_ENTRY;
}

/* Entries in memory became entries of the file. */
static void
written (Segment *s, uint32_t n_offsets, uint32_t n_times)
{
  s->disk_offsets += n_offsets;
  s->disk_times += n_times;
  s->n_offsets -= n_offsets;
  s->n_times -= n_times;
  if (s->n_offsets == 0 && s->n_times == 0) {
    seg_index_clear (s);
    return;
  }
  memmove (s->offsets, s->offsets + n_offsets, s->n_offsets * sizeof *s->offsets);
  memmove (s->times, s->times + n_times, s->n_times * sizeof *s->times);
}

static int
write_out (StokerLog *log, Segment *s, bool cut, bool sync)
{
  StokerBuf offsets = { 0 }, times = { 0 };
  uint32_t n_offsets, n_times;
  int64_t at_offset, at_time;
  int rc;

  pthread_mutex_lock (&log->lock);
  n_offsets = s->n_offsets;
  n_times = s->n_times;
  at_offset = s->disk_offsets;
  at_time = s->disk_times;
  encode (s, n_offsets, n_times, &offsets, &times);
  pthread_mutex_unlock (&log->lock);
  rc = write_at (log, s, ".index", &offsets, (uint64_t)at_offset * SEG_INDEX_ENTRY, cut, sync);
  if (rc == 0)
    rc = write_at (log, s, ".timeindex", &times, (uint64_t)at_time * SEG_TIME_ENTRY, cut, sync);
  stoker_buf_clear (&offsets);
  stoker_buf_clear (&times);
  if (rc == 0) {
    pthread_mutex_lock (&log->lock);
    written (s, n_offsets, n_times);
    s->index_unsynced = !sync;
    pthread_mutex_unlock (&log->lock);
  }
  return rc;
}

int
seg_index_write (StokerLog *log, Segment *s, bool sync)
{
  /* Not opened for appending, or nothing new: the files are as they should be. */
  if (s->disk_offsets < 0 || (s->n_offsets == 0 && s->n_times == 0 && !s->index_unsynced))
    return 0;
  return write_out (log, s, false, sync);
}

int
seg_index_replace_tail (StokerLog *log, Segment *s)
{
  return write_out (log, s, true, false);
}

int
seg_index_rewrite (StokerLog *log, Segment *s)
{
  s->disk_offsets = s->disk_times = 0;
  return seg_index_replace_tail (log, s);
}

int
seg_index_sync (StokerLog *log, Segment *s)
{
  static const char *const suffixes[] = { ".index", ".timeindex" };
  int rc = 0;

  for (guint i = 0; i < G_N_ELEMENTS (suffixes) && rc == 0; i++) {
    g_autofree char *path = seg_path (log, s->base, suffixes[i]);
    StokerFile *f;
    rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE, &f);
    if (rc == 0) {
      rc = stoker_file_sync (f);
      stoker_file_unref (f);
    }
  }
  return rc;
}

/* ---- for a rewrite */
static int
save_one (StokerLog *log, Segment *s, const char *suffix, const char *ending, const StokerBuf *b)
{
  g_autofree char *path = seg_path (log, s->base, suffix);
  g_autofree char *to = g_strconcat (path, ending, NULL);
  StokerFile *f;
  int rc = stoker_file_open (seg_disk (log), to, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f);

  if (rc < 0)
    return rc;
  if (b->len > 0)
    rc = stoker_file_pwrite (f, b->data, b->len, 0);
  if (rc == 0)
    rc = stoker_file_sync (f);
  stoker_file_unref (f);
  return rc;
}

int
seg_index_save (StokerLog *log, Segment *s, const char *ending)
{
  StokerBuf offsets = { 0 }, times = { 0 };
  int rc;

  encode (s, s->n_offsets, s->n_times, &offsets, &times);
  rc = save_one (log, s, ".index", ending, &offsets);
  if (rc == 0)
    rc = save_one (log, s, ".timeindex", ending, &times);
  stoker_buf_clear (&offsets);
  stoker_buf_clear (&times);
  return rc;
}

void
seg_index_saved (Segment *s)
{
  written (s, s->n_offsets, s->n_times);
  s->index_unsynced = false;
}
