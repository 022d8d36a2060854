/* SPDX-License-Identifier: Apache-2.0
 *
 * The scrub: reads what lies in sealed segments again, batch by batch, at a throttle, so that damage is found while another copy of
 * the data may still be had, and is not served. One for each log directory; a timer of the control thread has a
 * disk thread do a second's worth at a time.
 */
#include "scrub.h"
#include "damage.h"
#include "dir.h"
#include "files.h"
#include "log.h"
#include "scrub_private.h"

#include <errno.h>
#include <string.h>

enum
{
  TURN_MS = 1000,
  LOOK_MS = 60000, /* how often it is looked whether a pass is due */
  WINDOW = 256 << 10,
  SAVE_MS = 60000
};

static void
clear_known (void *data)
{
  g_free (((Known *)data)->name);
}

static void
unref (Scrub *c)
{
  if (atomic_fetch_sub (&c->refs, 1) != 1)
    return;
  pthread_mutex_destroy (&c->lock);
  pthread_cond_destroy (&c->cond);
  g_array_unref (c->known);
  stoker_buf_clear (&c->buf);
  g_free (c->name);
  g_free (c);
}

/* ---- one turn */

static bool
has_sealed (StokerLog *log)
{
  bool yes;

  pthread_mutex_lock (&log->lock);
  yes = log->n_segs > 1;
  pthread_mutex_unlock (&log->lock);
  return yes;
}

static bool
is_dropped (StokerLog *log, const Segment *s)
{
  bool yes;

  pthread_mutex_lock (&log->lock);
  yes = s->dropped || log->closed;
  pthread_mutex_unlock (&log->lock);
  return yes;
}

/* The next sealed segment at or behind the place where the scrub is; a reference to both, false: the pass is over. */
static bool
next_segment (Scrub *c, StokerLog **out, Segment **seg)
{
  Engine *e = c->engine;

  for (;;) {
    StokerLog *best = NULL;
    pthread_mutex_lock (&e->lock);
    for (guint i = 0; i < c->dir->logs->len; i++) {
      StokerLog *log = c->dir->logs->pdata[i];
      if ((c->name == NULL || strcmp (log->name, c->name) >= 0) && (best == NULL || strcmp (log->name, best->name) < 0)
          && has_sealed (log))
        best = log;
    }
    if (best)
      seg_log_ref (best);
    pthread_mutex_unlock (&e->lock);
    if (best == NULL)
      return false;
    if (c->name == NULL || strcmp (best->name, c->name) != 0) {
      g_free (c->name);
      c->name = g_strdup (best->name);
      c->base = 0;
      c->pos = 0;
    }
    pthread_mutex_lock (&best->lock);
    *seg = NULL;
    for (uint32_t i = 0; i + 1 < best->n_segs && *seg == NULL && !best->closed; i++)
      if (best->segs[i]->base >= c->base)
        *seg = seg_segment_ref (best->segs[i]);
    pthread_mutex_unlock (&best->lock);
    if (*seg) {
      if ((*seg)->base != c->base || c->pos == 0) {
        c->base = (*seg)->base;
        c->pos = 0;
        c->next = c->base;
      }
      *out = best;
      return true;
    }
    /* This log is done: its name with the smallest suffix is what follows it. */
    seg_log_unref (best);
    g_free (c->name);
    c->name = g_strdup_printf ("%s%c", best->name, 1);
    c->base = 0;
    c->pos = 0;
  }
}

/* Makes [pos, pos + len) of the file known to buf. What was not in memory before is taken out of it again: the scrub must not
 * drive out what consumers read. */
static const uint8_t *
fill (Scrub *c, StokerFile *f, uint64_t pos, size_t len, int *error)
{
  uint8_t *p;
  ssize_t here, n;

  c->buf.len = 0;
  p = stoker_buf_reserve (&c->buf, len);
  here = stoker_file_pread_resident (f, p, len, pos);
  here = MAX (here, 0);
  n = (size_t)here == len ? here : stoker_file_pread (f, p, len, pos);
  if (n < (ssize_t)len) {
    *error = n < 0 ? (int)n : -EIO;
    return NULL;
  }
  if ((size_t)here < len)
    stoker_file_forget (f, pos + (uint64_t)here, len - (uint64_t)here);
  return p;
}

/* The window [pos, pos + len) holds only good batches from its beginning up to *good. */
static void
check_window (Scrub *c, const uint8_t *p, uint64_t pos, size_t len, int64_t max, uint64_t *good, size_t *need)
{
  size_t at = 0;
  StokerBatch b;

  *need = 0;
  while (len - at >= STOKER_BATCH_HEADER) {
    if (!seg_header_read (p + at, &b) || b.base_offset < c->next || stoker_batch_last_offset (&b) > max)
      break;
    if ((size_t)b.length > len - at) {
      *need = (size_t)b.length;
      break;
    }
    if (!stoker_batch_crc_ok (p + at, &b))
      break;
    c->next = stoker_batch_last_offset (&b) + 1;
    at += (size_t)b.length;
  }
  *good = pos + at;
}

/* Reads on in the segment for at most *budget bytes. True: it is done with. */
static bool
read_on (Scrub *c, StokerLog *log, Segment *s, int64_t *budget)
{
  g_autofree char *path = seg_path (log, s->base, ".log");
  StokerFile *f;
  size_t want = WINDOW;
  int64_t max = INT64_MAX - 1;
  int error = 0;

  if (stoker_file_open (c->engine->disk, path, STOKER_OPEN_READ, &f) < 0)
    return true; /* just deleted */
  pthread_mutex_lock (&log->lock);
  for (uint32_t i = 0; i + 1 < log->n_segs; i++)
    if (log->segs[i] == s)
      max = log->segs[i + 1]->base - 1;
  pthread_mutex_unlock (&log->lock);
  while (c->pos < s->size && *budget > 0 && !c->stop && error == 0 && !is_dropped (log, s)) {
    size_t len = (size_t)MIN ((uint64_t)want, s->size - c->pos), need;
    const uint8_t *p = fill (c, f, c->pos, len, &error);
    uint64_t good;
    if (p == NULL)
      break;
    check_window (c, p, c->pos, len, max, &good, &need);
    *budget -= (int64_t)(good - c->pos);
    stoker_metric_add (c->engine->scrubbed, (int64_t)(good - c->pos));
    want = WINDOW;
    if (need > 0 && good + need <= s->size && (good > c->pos || need > len)) {
      c->pos = good;
      want = MAX (need, (size_t)WINDOW);
      continue;
    }
    if (good == c->pos || (good < s->size && good + STOKER_BATCH_HEADER <= c->pos + len)) {
      uint64_t behind = good;
      int rc = is_dropped (log, s) ? -ENOENT : seg_damage_probe (log, s, f, good, c->next, &behind);
      error = rc < 0 ? rc : 0;
      if (rc > 0) {
        pthread_mutex_lock (&log->lock);
        for (uint32_t i = 0; i < s->n_damage; i++)
          if (s->damage[i].to == behind)
            c->next = s->damage[i].next;
        pthread_mutex_unlock (&log->lock);
      }
      good = MAX (behind, good + (rc == 0 && behind == good));
    }
    c->pos = good;
  }
  if (error < 0 && !is_dropped (log, s))
    stoker_log (c->engine->self, STOKER_LOG_ERROR, "scrub.unreadable", "cannot read: %s | file=%s position=%" PRIu64,
                g_strerror (-error), path, c->pos);
  stoker_file_unref (f);
  return c->pos >= s->size || error < 0 || is_dropped (log, s);
}

static void
turn (Scrub *c, int64_t now_ms)
{
  int64_t budget = c->engine->conf->scrub_bytes * TURN_MS / 1000;
  StokerLog *log;
  Segment *s;

  if (!c->passing) {
    c->passing = true;
    c->started_ms = now_ms;
    g_clear_pointer (&c->name, g_free);
    c->base = 0;
    c->pos = 0;
  }
  while (budget > 0 && c->passing && !c->stop) {
    bool done;
    if (!next_segment (c, &log, &s)) {
      c->passing = false;
      g_clear_pointer (&c->name, g_free);
      stoker_log (c->engine->self, STOKER_LOG_DEBUG, "scrub.passed", "all sealed segments were read | dir=%s", c->dir->path);
      seg_scrub_save (c, now_ms);
      break;
    }
    budget -= 4096; /* opening it */
    done = read_on (c, log, s, &budget);
    if (done) {
      c->base = s->base + 1;
      c->pos = 0;
    }
    seg_segment_unref (s);
    seg_log_unref (log);
  }
}

static bool
pass_due (Scrub *c, int64_t now_ms)
{
  int64_t since = now_ms - c->started_ms;

  return c->engine->conf->scrub_bytes > 0 && (c->passing || since >= c->engine->conf->scrub_interval_ms || since < 0);
}

static void
work (void *user)
{
  Scrub *c = user;
  bool go, changed;
  int64_t now_ms;

  pthread_mutex_lock (&c->lock);
  c->posted = false;
  go = !c->stop && !atomic_load (&c->dir->abandoned);
  c->busy = go;
  changed = c->changed;
  c->changed = false;
  pthread_mutex_unlock (&c->lock);
  if (go) {
    now_ms = stoker_host_now_ms (c->engine->self->host);
    if (pass_due (c, now_ms))
      turn (c, now_ms);
    pthread_mutex_lock (&c->lock);
    changed |= c->changed;
    c->changed = false;
    pthread_mutex_unlock (&c->lock);
    if (changed || (c->passing && now_ms - c->saved_ms >= SAVE_MS))
      seg_scrub_save (c, now_ms);
    pthread_mutex_lock (&c->lock);
    c->busy = false;
    pthread_cond_broadcast (&c->cond);
    pthread_mutex_unlock (&c->lock);
  }
  unref (c);
}

/* ---- the timer: control thread */

static void
fire (void *user)
{
  Engine *e = user;
  int64_t now_ms = stoker_host_now_ms (e->self->host), wait = MIN (LOOK_MS, e->conf->scrub_interval_ms);

  for (guint i = 0;; i++) {
    Scrub *c = NULL;
    bool due = false, post = false;
    pthread_mutex_lock (&e->lock);
    if (i >= e->dirs->len) {
      pthread_mutex_unlock (&e->lock);
      break;
    }
    if (e->dirs->pdata[i] && ((LogDir *)e->dirs->pdata[i])->scrub) {
      c = ((LogDir *)e->dirs->pdata[i])->scrub;
      atomic_fetch_add (&c->refs, 1);
    }
    pthread_mutex_unlock (&e->lock);
    if (c == NULL)
      continue;
    pthread_mutex_lock (&c->lock);
    if (c->posted || c->busy)
      due = true;
    else
      due = post = !c->stop && (c->changed || pass_due (c, now_ms));
    c->posted |= post;
    pthread_mutex_unlock (&c->lock);
    if (due)
      wait = TURN_MS;
    if (post)
      stoker_host_work (e->self->host, (int)i, work, c);
    else
      unref (c);
  }
  stoker_host_timer_set (e->scrub_timer, MAX (wait, TURN_MS));
}

void
seg_scrub_start (Engine *e)
{
  StokerHost *h = e->self->host;

  e->damaged = stoker_host_metric (h, "storage.damaged", STOKER_METRIC_COUNTER, "ranges", NULL, "damaged ranges found in segments");
  e->scrubbed = stoker_host_metric (h, "storage.scrub.bytes", STOKER_METRIC_COUNTER, "bytes", NULL, "bytes of segments that the scrub has verified");
  if (e->conf->scrub_bytes == 0 || (e->scrub_timer = stoker_host_timer_new (h, fire, e)) == NULL)
    return;
  stoker_host_timer_set (e->scrub_timer, MIN (LOOK_MS, e->conf->scrub_interval_ms));
}

void
seg_scrub_stop (Engine *e)
{
  stoker_host_timer_free (e->scrub_timer);
  e->scrub_timer = NULL;
}

/* ---- a directory comes and goes */

void
seg_scrub_attach (Engine *e, LogDir *dir)
{
  Scrub *c = g_new0 (Scrub, 1);

  c->refs = 1;
  pthread_mutex_init (&c->lock, NULL);
  pthread_cond_init (&c->cond, NULL);
  c->engine = e;
  c->dir = dir;
  c->known = g_array_new (FALSE, FALSE, sizeof (Known));
  g_array_set_clear_func (c->known, clear_known);
  seg_scrub_load (c);
  dir->scrub = c;
}

void
seg_scrub_detach (LogDir *dir, bool keep)
{
  Scrub *c = dir->scrub;

  if (c == NULL)
    return;
  pthread_mutex_lock (&c->lock);
  c->stop = true; /* a turn that is under way sees it and ends */
  while (c->busy)
    pthread_cond_wait (&c->cond, &c->lock);
  pthread_mutex_unlock (&c->lock);
  if (keep && (c->passing || c->changed) && !atomic_load (&dir->abandoned))
    seg_scrub_save (c, stoker_host_now_ms (c->engine->self->host));
  pthread_mutex_lock (&c->engine->lock);
  dir->scrub = NULL;
  pthread_mutex_unlock (&c->engine->lock);
  unref (c);
}
