/* SPDX-License-Identifier: Apache-2.0
 *
 * Offset and time index of a segment (kafka-facts 5.2). New entries gather in memory and go to the files a page at a time;
 * what a crash loses of them is rebuilt from the log. Searches look at the entries in memory, then read the file: nothing
 * is mapped and nothing stays loaded.
 */
#include "engine.h"

#include <errno.h>
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
/* Writes b at pos; what lies behind it goes with `cut`. (Not by opening with TRUNCATE: ext4 writes out a file that was emptied and
 * filled again when it is closed.) */
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
    pthread_mutex_unlock (&log->lock);
  }
  return rc;
}

int
seg_index_write (StokerLog *log, Segment *s, bool sync)
{
  if (s->disk_offsets < 0) /* never opened for appending: the files are as they should be */
    return 0;
  return write_out (log, s, false, sync);
}

int
seg_index_rewrite (StokerLog *log, Segment *s)
{
  s->disk_offsets = s->disk_times = 0;
  return write_out (log, s, true, false);
}

/* ---- reading */
typedef struct IndexFile
{
  StokerFile *file;
  int64_t n; /* entries */
  unsigned width;
} IndexFile;

static bool
index_open (StokerLog *log, Segment *s, const char *suffix, unsigned width, int64_t n, IndexFile *out)
{
  g_autofree char *path = seg_path (log, s->base, suffix);
  int64_t size;

  *out = (IndexFile){ .width = width };
  if (n == 0 || stoker_file_open (seg_disk (log), path, STOKER_OPEN_READ, &out->file) < 0)
    return false;
  size = stoker_file_size (out->file);
  out->n = size < 0 ? 0 : size / width;
  if (n > 0 && out->n > n)
    out->n = n;
  if (out->n > 0)
    return true;
  stoker_file_unref (out->file);
  return false;
}

/* Entry i: its key (offset or timestamp) in *key, the other half in *value. */
static bool
entry_at (const IndexFile *x, int64_t i, int64_t *key, uint32_t *value)
{
  uint8_t b[SEG_TIME_ENTRY];

  if (stoker_file_pread (x->file, b, x->width, (uint64_t)i * x->width) != (ssize_t)x->width)
    return false;
  *key = x->width == SEG_INDEX_ENTRY ? (int64_t)seg_get (b, 4) : (int64_t)seg_get (b, 8);
  *value = (uint32_t)seg_get (b + x->width - 4, 4);
  return true;
}

/* The last entry whose key (or value) is <= target: its number, -1 when there is none. */
static int64_t
search (const IndexFile *x, int64_t target, bool by_value, int64_t *key, uint32_t *value)
{
  int64_t lo = 0, hi = x->n, found_key = 0;
  uint32_t found_value = 0;

  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2, k;
    uint32_t v;
    if (!entry_at (x, mid, &k, &v))
      return -1;
    if ((by_value ? (int64_t)v : k) <= target) {
      lo = mid + 1;
      found_key = k;
      found_value = v;
    } else {
      hi = mid;
    }
  }
  *key = found_key;
  *value = found_value;
  return lo - 1;
}

static uint64_t
search_file (StokerLog *log, Segment *s, int64_t n, int64_t target, bool by_pos, uint64_t size)
{
  IndexFile x;
  int64_t key, at;
  uint32_t pos;

  if (!index_open (log, s, ".index", SEG_INDEX_ENTRY, n, &x))
    return 0;
  at = search (&x, target, by_pos, &key, &pos);
  stoker_file_unref (x.file);
  return at < 0 || pos >= size ? 0 : pos;
}

/* Position of the last entry in memory with offset <= relative; false: none. */
static bool
search_memory (const Segment *s, int64_t relative, uint64_t *pos)
{
  uint32_t lo = 0, hi = s->n_offsets;

  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (s->offsets[mid].offset <= relative)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo > 0)
    *pos = s->offsets[lo - 1].pos;
  return lo > 0;
}

uint64_t
seg_index_lookup (StokerLog *log, Segment *s, int64_t target, uint64_t size)
{
  int64_t relative = target - s->base, n;
  uint64_t pos = 0;
  bool found;

  if (relative <= 0)
    return 0;
  pthread_mutex_lock (&log->lock);
  found = search_memory (s, relative, &pos);
  n = s->disk_offsets;
  pthread_mutex_unlock (&log->lock);
  if (found)
    return pos < size ? pos : 0;
  return search_file (log, s, n, relative, false, size);
}

uint64_t
seg_index_position (StokerLog *log, Segment *s, uint64_t pos)
{
  return search_file (log, s, s->disk_offsets, (int64_t)pos, true, s->size);
}

bool
seg_time_lookup (StokerLog *log, Segment *s, int64_t target, int64_t *offset)
{
  IndexFile x;
  int64_t n, key, at = -1;
  uint32_t value = 0;

  pthread_mutex_lock (&log->lock);
  for (uint32_t i = s->n_times; i-- > 0;)
    if (s->times[i].timestamp <= target) {
      *offset = s->base + s->times[i].offset;
      pthread_mutex_unlock (&log->lock);
      return true;
    }
  n = s->disk_times;
  pthread_mutex_unlock (&log->lock);
  if (!index_open (log, s, ".timeindex", SEG_TIME_ENTRY, n, &x))
    return false;
  at = search (&x, target, false, &key, &value);
  stoker_file_unref (x.file);
  *offset = s->base + value;
  return at >= 0;
}

/* The last entry of a file; false: there is none. */
static bool
last_entry (StokerLog *log, Segment *s, const char *suffix, unsigned width, int64_t *n, int64_t *key, uint32_t *value)
{
  IndexFile x;
  bool ok;

  *n = 0;
  if (!index_open (log, s, suffix, width, -1, &x))
    return false;
  *n = x.n;
  ok = entry_at (&x, x.n - 1, key, value);
  stoker_file_unref (x.file);
  return ok;
}

void
seg_max_load (StokerLog *log, Segment *s)
{
  int64_t n, key;
  uint32_t value;
  bool ok;

  if (s->max_known)
    return;
  ok = last_entry (log, s, ".timeindex", SEG_TIME_ENTRY, &n, &key, &value);
  pthread_mutex_lock (&log->lock);
  if (!s->max_known && ok) {
    s->max_timestamp = s->last_time = key;
    s->max_offset = s->last_time_offset = s->base + value;
  }
  s->max_known = true;
  pthread_mutex_unlock (&log->lock);
}

bool
seg_index_open (StokerLog *log, Segment *s)
{
  int64_t n_offsets, n_times, key = 0, time = -1;
  uint32_t pos = 0, offset = 0;
  bool ok = true;

  if (last_entry (log, s, ".index", SEG_INDEX_ENTRY, &n_offsets, &key, &pos))
    ok = pos < s->size && key > 0;
  if (last_entry (log, s, ".timeindex", SEG_TIME_ENTRY, &n_times, &time, &offset))
    ok = ok && time > 0;
  pthread_mutex_lock (&log->lock);
  s->disk_offsets = n_offsets;
  s->disk_times = n_times;
  s->max_timestamp = s->last_time = time;
  s->max_offset = s->last_time_offset = s->base + offset;
  s->max_known = true;
  pthread_mutex_unlock (&log->lock);
  return ok;
}

/* ---- truncation */
static int
cut_file (StokerLog *log, Segment *s, const char *suffix, uint64_t size)
{
  g_autofree char *path = seg_path (log, s->base, suffix);
  StokerFile *f;
  int rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f);

  if (rc < 0)
    return rc;
  rc = stoker_file_truncate (f, size);
  stoker_file_unref (f);
  return rc;
}

/* The largest timestamp again: the last entry's, or one in the batches after it. */
static int
max_again (StokerLog *log, Segment *s)
{
  StokerFile *f;
  StokerBatch b;
  uint64_t pos, from = seg_index_lookup (log, s, s->last_time_offset, s->size);
  Walk w;
  int rc = seg_file_get (log, s, &f);

  if (rc < 0)
    return rc;
  s->max_timestamp = s->last_time;
  s->max_offset = s->last_time_offset;
  seg_walk_begin (&w, f, from, s->size);
  while (seg_walk_next (&w, &b, &pos) == 1)
    if (b.max_timestamp > s->max_timestamp) {
      s->max_timestamp = b.max_timestamp;
      s->max_offset = stoker_batch_last_offset (&b);
    }
  s->max_known = true;
  stoker_file_unref (f);
  return 0;
}

int
seg_index_truncate (StokerLog *log, Segment *s, int64_t target)
{
  int64_t key, n;
  uint32_t value;
  IndexFile x;
  int rc = write_out (log, s, false, false); /* then all of it is in the files */

  if (rc < 0)
    return rc;
  if (index_open (log, s, ".index", SEG_INDEX_ENTRY, s->disk_offsets, &x)) {
    s->disk_offsets = search (&x, target - s->base - 1, false, &key, &value) + 1;
    stoker_file_unref (x.file);
  }
  if (index_open (log, s, ".timeindex", SEG_TIME_ENTRY, s->disk_times, &x)) {
    s->disk_times = search (&x, target - s->base - 1, true, &key, &value) + 1;
    stoker_file_unref (x.file);
  }
  rc = cut_file (log, s, ".index", (uint64_t)s->disk_offsets * SEG_INDEX_ENTRY);
  if (rc == 0)
    rc = cut_file (log, s, ".timeindex", (uint64_t)s->disk_times * SEG_TIME_ENTRY);
  s->since_entry = 0;
  s->last_time = -1;
  s->last_time_offset = s->base;
  if (rc == 0 && last_entry (log, s, ".timeindex", SEG_TIME_ENTRY, &n, &key, &value)) {
    s->last_time = key;
    s->last_time_offset = s->base + value;
  }
  return rc < 0 ? rc : max_again (log, s);
}
