/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking things up in the indexes of a segment: entries in memory first, then the files, a few bytes at a time; and
 * cutting them, which is a search too.
 */
#include "index.h"
#include "files.h"
#include "log.h"
#include "scan.h"

#include <errno.h>

typedef struct IndexFile
{
  StokerFile *file;
  int64_t n; /* entries */
  unsigned width;
  bool *cold; /* as in seg_locate */
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
  uint64_t at = (uint64_t)i * x->width;
  ssize_t n
      = x->cold ? stoker_file_pread_resident (x->file, b, x->width, at) : stoker_file_pread (x->file, b, x->width, at);

  if (n != (ssize_t)x->width) {
    if (x->cold)
      *x->cold = true;
    return false;
  }
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
search_file (StokerLog *log, Segment *s, int64_t n, int64_t target, bool by_pos, uint64_t size, bool *cold)
{
  IndexFile x;
  int64_t key, at;
  uint32_t pos;

  if (!index_open (log, s, ".index", SEG_INDEX_ENTRY, n, &x))
    return 0;
  x.cold = cold;
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
seg_index_lookup (StokerLog *log, Segment *s, int64_t target, uint64_t size, bool *cold)
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
  return search_file (log, s, n, relative, false, size, cold);
}

uint64_t
seg_index_position (StokerLog *log, Segment *s, uint64_t pos)
{
  return search_file (log, s, s->disk_offsets, (int64_t)pos, true, s->size, NULL);
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

/* ---- what is known of the files behind a snapshot */

/* How many entries name offsets below `relative`. Behind the flushed ones there may be anything, zeros mostly: an entry that
 * cannot be one counts as beyond. -1: the file cannot be read. */
static int64_t
count_below (const IndexFile *x, int64_t relative)
{
  int64_t lo = 0, hi = x->n;

  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2, key;
    uint32_t value;
    bool times = x->width == SEG_TIME_ENTRY;
    if (!entry_at (x, mid, &key, &value))
      return -1;
    if ((times ? key : (int64_t)value) > 0 && (times ? (int64_t)value : key) < relative)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* Opens one and counts; with its last two entries. */
static bool
prefix_of (StokerLog *log, Segment *s, const char *suffix, unsigned width, int64_t limit, int64_t *n, bool *exact,
           int64_t key[2], uint32_t value[2])
{
  g_autofree char *path = seg_path (log, s->base, suffix);
  IndexFile x = { .width = width };
  int64_t size;
  int rc;

  *n = 0;
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_READ, &x.file);
  if (rc < 0) { /* not made yet: like an empty one, but to be made */
    *exact = false;
    return rc == -ENOENT;
  }
  size = stoker_file_size (x.file);
  x.n = MAX (size, 0) / width;
  *n = size < 0 ? -1 : limit <= s->base ? 0 : count_below (&x, limit - s->base);
  for (int i = 0; i < 2 && *n > i; i++)
    if (!entry_at (&x, *n - 1 - i, &key[i], &value[i]))
      *n = -1;
  *exact &= size == *n * width;
  stoker_file_unref (x.file);
  return *n >= 0;
}

bool
seg_index_prefix (StokerLog *log, Segment *s, int64_t limit, IndexPrefix *out)
{
  int64_t key[2] = { 0, 0 };
  uint32_t value[2] = { 0, 0 };

  *out = (IndexPrefix){ .exact = true, .before = -1, .last = -1, .timestamp = -1, .ts_offset = -1 };
  if (!prefix_of (log, s, ".index", SEG_INDEX_ENTRY, limit, &out->offsets, &out->exact, key, value))
    return false;
  if (out->offsets > 0) {
    out->last = s->base + key[0];
    out->pos = value[0];
  }
  if (out->offsets > 1)
    out->before = s->base + key[1];
  if (!prefix_of (log, s, ".timeindex", SEG_TIME_ENTRY, limit, &out->times, &out->exact, key, value))
    return false;
  if (out->times > 0) {
    out->timestamp = key[0];
    out->ts_offset = s->base + value[0];
  }
  return true;
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
  uint64_t pos, from = seg_index_lookup (log, s, s->last_time_offset, s->size, NULL);
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
  int rc = seg_index_write (log, s, false); /* then all of it is in the files */

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
