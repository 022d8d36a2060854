/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking what a fetch brings from the disk, on the disk thread that reads it anyway.
 */
#include "check.h"
#include "damage.h"
#include "files.h"
#include "log.h"
#include "read.h"

enum
{
  READ_WINDOW = 256 << 10,
  AHEAD = 512 << 10 /* more than systems read ahead */
};

/* Whole good batches at the beginning of the window, in bytes; *need: the next one reaches beyond it and is that long. */
static size_t
good_bytes (const uint8_t *p, size_t len, int64_t *next, size_t *need)
{
  size_t at = 0;
  StokerBatch b;

  *need = 0;
  while (len - at >= STOKER_BATCH_HEADER && seg_header_read (p + at, &b) && b.base_offset >= *next) {
    if ((size_t)b.length > len - at) {
      *need = (size_t)b.length;
      return at;
    }
    if (!stoker_batch_crc_ok (p + at, &b))
      return at;
    *next = stoker_batch_last_offset (&b) + 1;
    at += (size_t)b.length;
  }
  return at;
}

/* Reads the window; *resident becomes false when the disk was needed. */
static bool
read_window (StokerFile *f, uint8_t *to, size_t len, uint64_t pos, bool *resident)
{
  if (stoker_file_pread_resident (f, to, len, pos) == (ssize_t)len)
    return true;
  *resident = false;
  return stoker_file_pread (f, to, len, pos) == (ssize_t)len;
}

/* Batches from *pos on, which moves behind the last one that is whole below `end`. */
static int
check_range (StokerLog *log, Segment *s, StokerFile *f, uint64_t *pos, uint64_t end, bool *resident)
{
  StokerBuf buf = { 0 };
  size_t want = READ_WINDOW, need = 0;
  int64_t next = s->base;
  int rc = 0;

  while (rc == 0 && *pos < end) {
    size_t len = (size_t)MIN ((uint64_t)want, end - *pos), good;
    uint8_t *p = stoker_buf_reserve (&buf, len);
    uint64_t behind;
    if (!read_window (f, p, len, *pos, resident)) {
      rc = STOKER_KAFKA_STORAGE_ERROR;
      break;
    }
    good = good_bytes (p, len, &next, &need);
    if (*pos + len == end && good < len && (len - good < STOKER_BATCH_HEADER || need > 0)) {
      *pos += good; /* what the end cuts is looked at when it is asked for */
      break;
    }
    *pos += good;
    want = MAX (need, (size_t)READ_WINDOW);
    if (good > 0 || need > len)
      continue;
    rc = seg_damage_probe (log, s, f, *pos, next, &behind);
    rc = rc > 0 ? STOKER_CORRUPT_MESSAGE : rc < 0 ? STOKER_KAFKA_STORAGE_ERROR : 0;
    *pos = MAX (behind, *pos + 1);
  }
  stoker_buf_clear (&buf);
  return rc;
}

/* The range, and as much behind it as the system may have read ahead. */
static int
check_zone (StokerLog *log, Segment *s, StokerFile *f, uint64_t from, uint64_t len)
{
  uint64_t pos = from, size;
  bool resident = true;
  int rc;

  pthread_mutex_lock (&log->lock);
  size = s->size;
  pthread_mutex_unlock (&log->lock);
  rc = check_range (log, s, f, &pos, MIN (size, from + MAX (len, (uint64_t)AHEAD)), &resident);
  /* Damage behind what was asked for is noted, and no matter now. */
  if (rc == STOKER_CORRUPT_MESSAGE) {
    pthread_mutex_lock (&log->lock);
    if (seg_damage_before (s, from, from + len) == from + len)
      rc = 0;
    pthread_mutex_unlock (&log->lock);
  }
  pthread_mutex_lock (&log->lock);
  s->zone_from = resident ? 0 : from;
  s->zone_to = resident ? 0 : pos;
  pthread_mutex_unlock (&log->lock);
  return rc;
}

bool
seg_zone_left (const Segment *s, uint64_t pos, uint64_t len)
{
  return s->zone_to > 0 && pos >= s->zone_from && pos <= s->zone_to && pos + len > s->zone_to && s->zone_to < s->size;
}

int
seg_check (StokerInstance *self, StokerLog *log, int64_t offset, const StokerSlice *slices, size_t n_slices)
{
  int rc = 0;

  for (size_t i = 0; i < n_slices && rc == 0; i++) {
    const StokerSlice *r = &slices[i];
    uint8_t head[STOKER_BATCH_HEADER];
    StokerBatch b;
    Segment *s;
    if (r->kind != STOKER_SLICE_FILE)
      continue;
    /* The range may lie in a later segment than the offset: behind a gap. */
    if (stoker_file_pread (r->u.file, head, sizeof head, r->pos) == (ssize_t)sizeof head && seg_header_read (head, &b))
      offset = MAX (offset, b.base_offset);
    pthread_mutex_lock (&log->lock);
    s = log->segs[seg_find (log, offset)];
    s = s->file == r->u.file && !s->dropped ? seg_segment_ref (s) : NULL;
    pthread_mutex_unlock (&log->lock);
    if (s == NULL) /* closed or replaced since: what was returned is still good, but nothing can be noted of it */
      continue;
    rc = check_zone (log, s, r->u.file, r->pos, r->len);
    seg_segment_unref (s);
  }
  return rc;
}
