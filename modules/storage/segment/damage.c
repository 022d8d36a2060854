/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known to be damaged in a segment: ranges of bytes without a good batch, and the offsets that are lost with
 * them. Readers are told CORRUPT_MESSAGE for those and find what lies before and behind. Found by the scrub, by reads from
 * the disk, and where a walk over headers fails; remembered over restarts with the scrub's place (scrub.c).
 */
#include "damage.h"
#include "files.h"
#include "log.h"
#include "scrub.h"

#include <errno.h>
#include <string.h>

enum
{
  CHUNK = 1 << 20,
  GUESSES = 1 << 16 /* as often a batch is looked for behind damage: false headers must not cost for ever */
};

/* ---- asking; the log's lock is held */

bool
seg_damage_holds (const Segment *s, int64_t offset)
{
  for (uint32_t i = 0; i < s->n_damage; i++)
    if (offset >= s->damage[i].first && offset < s->damage[i].next)
      return true;
  return false;
}

uint64_t
seg_damage_before (const Segment *s, uint64_t pos, uint64_t end)
{
  for (uint32_t i = 0; i < s->n_damage; i++)
    if (s->damage[i].to > pos)
      return MIN (end, MAX (pos, s->damage[i].from));
  return end;
}

uint64_t
seg_damage_jump (const Segment *s, uint64_t pos)
{
  for (uint32_t i = 0; i < s->n_damage; i++)
    if (pos >= s->damage[i].from && pos < s->damage[i].to)
      pos = s->damage[i].to;
  return pos;
}

void
seg_damage_cut (Segment *s, uint64_t size)
{
  while (s->n_damage > 0 && s->damage[s->n_damage - 1].from >= size)
    s->n_damage--;
  if (s->n_damage > 0 && s->damage[s->n_damage - 1].to > size)
    s->damage[s->n_damage - 1].to = size;
}

/* ---- noting */

/* Puts it in order, joined with those that it touches; false: it was known. */
static bool
insert (Segment *s, Damage d)
{
  uint32_t at = 0, n;

  while (at < s->n_damage && s->damage[at].to < d.from)
    at++;
  if (at < s->n_damage && s->damage[at].from <= d.from && s->damage[at].to >= d.to)
    return false;
  for (n = 0; at + n < s->n_damage && s->damage[at + n].from <= d.to; n++) {
    d.from = MIN (d.from, s->damage[at + n].from);
    d.to = MAX (d.to, s->damage[at + n].to);
    d.first = MIN (d.first, s->damage[at + n].first);
    d.next = MAX (d.next, s->damage[at + n].next);
  }
  s->damage = g_renew (Damage, s->damage, s->n_damage + 1);
  memmove (s->damage + at + 1, s->damage + at + n, sizeof d * (s->n_damage - at - n));
  s->damage[at] = d;
  s->n_damage = s->n_damage - n + 1;
  return true;
}

void
seg_damage_note (StokerLog *log, Segment *s, Damage d, const char *why)
{
  bool fresh;

  pthread_mutex_lock (&log->lock);
  fresh = !s->dropped && d.from < s->size && insert (s, d);
  pthread_mutex_unlock (&log->lock);
  if (!fresh)
    return;
  stoker_metric_add (log->engine->damaged, 1);
  stoker_log (log->engine->self, STOKER_LOG_ERROR, "segment.damaged",
              "%s: offsets %" PRId64 " to %" PRId64 " are not served any more | file=%s/%s/%020" PRId64
              ".log position=%" PRIu64 " bytes=%" PRIu64,
              why, d.first, d.next - 1, log->dir->path, log->name, s->base, d.from, d.to - d.from);
  seg_scrub_changed (log->dir);
}

/* ---- finding out */

const uint8_t *
seg_check_batch (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, StokerBuf *buf, StokerBatch *b,
                 const char **why, int *error)
{
  uint8_t *p;
  ssize_t n;

  *error = 0;
  b->length = 0;
  *why = "torn batch";
  if (size - pos < STOKER_BATCH_HEADER)
    return NULL;
  buf->len = 0;
  p = stoker_buf_reserve (buf, STOKER_BATCH_HEADER);
  n = stoker_file_pread (f, p, STOKER_BATCH_HEADER, pos);
  if (n != (ssize_t)STOKER_BATCH_HEADER) {
    *error = n < 0 ? (int)n : -EIO;
    return NULL;
  }
  *why = "no batch of magic 2";
  if (!seg_header_read (p, b) || (uint64_t)b->length > size - pos) {
    b->length = 0;
    return NULL;
  }
  *why = "offsets do not follow";
  if (b->base_offset < min || stoker_batch_last_offset (b) > max) {
    b->length = 0;
    return NULL;
  }
  p = stoker_buf_reserve (buf, (size_t)b->length);
  n = stoker_file_pread (f, p, (size_t)b->length, pos);
  if (n != b->length) {
    *error = n < 0 ? (int)n : -EIO;
    return NULL;
  }
  *why = "wrong CRC";
  return stoker_batch_crc_ok (p, b) ? p : NULL;
}

/* The first position > pos with a good batch, `size` when there is none. */
static uint64_t
resync (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, StokerBatch *b)
{
  g_autofree uint8_t *window = g_malloc (CHUNK);
  StokerBuf buf = { 0 };
  uint64_t found = size;

  for (int tries = 0; tries < GUESSES && found == size && ++pos < size;) {
    size_t len = (size_t)MIN ((uint64_t)CHUNK, size - pos), at;
    ssize_t n = stoker_file_pread (f, window, len, pos);
    const char *why;
    int error;
    if (n < (ssize_t)STOKER_BATCH_HEADER)
      break;
    at = stoker_batch_guess (window, (size_t)n, 0, min, max);
    pos += at;
    if (at + STOKER_BATCH_HEADER > (size_t)n) {
      if ((size_t)n < CHUNK)
        break;
      pos--; /* 60 bytes are looked at again with what follows */
      continue;
    }
    if (seg_check_batch (f, pos, size, min, max, &buf, b, &why, &error))
      found = pos;
    tries++;
  }
  stoker_buf_clear (&buf);
  return found;
}

uint64_t
seg_damage_extent (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, int32_t length, StokerBatch *next)
{
  StokerBuf buf = { 0 };
  const char *why;
  uint64_t to = 0;
  int error;

  /* The length is believed when it leads to a good batch. Not when it leads to the end: good ones may lie in front of that. */
  if (length > 0 && (uint64_t)length < size - pos
      && seg_check_batch (f, pos + (uint64_t)length, size, min, max, &buf, next, &why, &error))
    to = pos + (uint64_t)length;
  stoker_buf_clear (&buf);
  return to ? to : resync (f, pos, size, min, max, next);
}

int
seg_damage_probe (StokerLog *log, Segment *s, StokerFile *f, uint64_t pos, int64_t first, uint64_t *behind)
{
  Damage d = { .from = pos, .to = 0, .first = first };
  StokerBuf buf = { 0 };
  StokerBatch b, next;
  const char *why = NULL;
  int64_t max = INT64_MAX - 1;
  uint64_t size;
  int error = 0;

  pthread_mutex_lock (&log->lock);
  size = s->size;
  d.next = log->end;
  for (uint32_t i = 0; i + 1 < log->n_segs; i++)
    if (log->segs[i] == s)
      d.next = log->segs[i + 1]->base;
  pthread_mutex_unlock (&log->lock);
  max = d.next - 1;
  *behind = pos;
  if (pos >= size)
    return 0;
  /* Twice: what was read wrongly once need not be wrong on the disk. */
  for (int i = 0; i < 2; i++)
    if (seg_check_batch (f, pos, size, first, max, &buf, &b, &why, &error) || error) {
      stoker_buf_clear (&buf);
      *behind = error ? pos : pos + (uint64_t)b.length;
      return error;
    }
  if ((d.to = seg_damage_extent (f, pos, size, first, max, b.length, &next)) < size)
    d.next = next.base_offset;
  stoker_buf_clear (&buf);
  *behind = d.to;
  seg_damage_note (log, s, d, why);
  return 1;
}
