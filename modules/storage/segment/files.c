/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments as counted things, and which of them have their .log file open: at most files.max at once, and none of a
 * log that nobody uses.
 */
#include "files.h"
#include "append.h"
#include "index.h"
#include "log.h"

#include <errno.h>

#define TRIES 32 /* files that are looked at to find one to close */

Segment *
seg_segment_new (StokerLog *log, int64_t base)
{
  Segment *s = g_new0 (Segment, 1);

  s->refs = 1;
  s->log = log;
  s->base = base;
  s->max_timestamp = s->max_offset = s->last_time = s->first_timestamp = -1;
  s->last_time_offset = base;
  s->created_ms = s->modified_ms = seg_now_ms (log);
  s->disk_offsets = s->disk_times = -1;
  return s;
}

Segment *
seg_segment_ref (Segment *s)
{
  atomic_fetch_add_explicit (&s->refs, 1, memory_order_relaxed);
  return s;
}

void
seg_segment_unref (Segment *s)
{
  if (s == NULL || atomic_fetch_sub_explicit (&s->refs, 1, memory_order_acq_rel) != 1)
    return;
  stoker_file_unref (s->file);
  g_free (s->damage);
  g_free (s->offsets);
  g_free (s->times);
  stoker_buf_clear (&s->pinned_txn);
  g_free (s);
}

char *
seg_path (const StokerLog *log, int64_t base, const char *suffix)
{
  return g_strdup_printf ("%s/%s/%020" PRId64 "%s", log->dir->path, log->name, base, suffix);
}

static void
touch (Segment *s)
{
  atomic_store_explicit (&s->used_us, stoker_host_monotonic_us (s->log->engine->self->host), memory_order_relaxed);
}

StokerFile *
seg_file_peek (Segment *s)
{
  if (s->file == NULL)
    return NULL;
  touch (s);
  return stoker_file_ref (s->file);
}

/* Takes the file of a segment out of the list that was not used since it got its place there: from the end on, where those are that got
 * it first. One that was used gets a new place; when all have been, the last that was looked at goes. */
static StokerFile *
evict_one (Engine *e, Segment **victim)
{
  StokerFile *f;

  for (int i = 0; i < TRIES && e->files.tail; i++) {
    Segment *s = e->files.tail->data;
    int64_t used = s->used_us;
    bool keep = s->pinned || (used > s->placed_us && i + 1 < TRIES);

    g_queue_unlink (&e->files, s->place);
    if (keep || pthread_mutex_trylock (&s->log->lock) != 0) {
      s->placed_us = used;
      g_queue_push_head_link (&e->files, s->place);
      continue;
    }
    *victim = s;
    g_list_free_1 (g_steal_pointer (&s->place));
    f = g_steal_pointer (&s->file);
    pthread_mutex_unlock (&s->log->lock);
    return f;
  }
  return NULL;
}

static void
enlist (Engine *e, Segment *s)
{
  StokerFile *f = NULL;
  Segment *victim = NULL;

  pthread_mutex_lock (&e->files_lock);
  if (s->place == NULL) { /* else it was closed and opened again before the first of the two came here */
    if (e->files.length >= (guint)e->conf->files_max)
      f = evict_one (e, &victim);
    g_queue_push_head (&e->files, seg_segment_ref (s));
    s->place = e->files.head;
    s->placed_us = s->used_us;
  }
  pthread_mutex_unlock (&e->files_lock);
  stoker_file_unref (f);
  seg_segment_unref (victim);
}

void
seg_file_adopt (StokerLog *log, Segment *s, StokerFile *f)
{
  bool mine;

  pthread_mutex_lock (&log->lock);
  mine = s->file == NULL && !s->dropped;
  if (mine)
    s->file = stoker_file_ref (f);
  touch (s);
  pthread_mutex_unlock (&log->lock);
  if (mine)
    enlist (log->engine, s);
  stoker_file_unref (f);
}

int
seg_file_get (StokerLog *log, Segment *s, StokerFile **out)
{
  g_autofree char *path = NULL;
  bool make, gone;
  int rc;

  pthread_mutex_lock (&log->lock);
  *out = seg_file_peek (s);
  make = s->unmade;
  gone = s->dropped; /* a file of its name may belong to another one by now */
  if (*out == NULL && !gone)
    path = seg_path (log, s->base, ".log"); /* under the lock: as long as it is not dropped, that is where it lies */
  pthread_mutex_unlock (&log->lock);
  if (*out || gone)
    return *out ? 0 : -ENOENT;
  rc = stoker_file_open (seg_disk (log), path, STOKER_OPEN_WRITE | (make ? STOKER_OPEN_CREATE : 0), out);
  if (rc < 0)
    return rc;
  if (make) {
    pthread_mutex_lock (&log->lock);
    s->unmade = false;
    log->names_unsynced = true;
    log->name_changes++;
    pthread_mutex_unlock (&log->lock);
  }
  seg_file_adopt (log, s, stoker_file_ref (*out));
  return 0;
}

void
seg_file_drop (StokerLog *log, Segment *s)
{
  Engine *e = log->engine;
  StokerFile *f;
  GList *l;

  pthread_mutex_lock (&log->lock);
  f = g_steal_pointer (&s->file);
  pthread_mutex_unlock (&log->lock);
  pthread_mutex_lock (&e->files_lock);
  l = g_steal_pointer (&s->place);
  if (l)
    g_queue_delete_link (&e->files, l);
  pthread_mutex_unlock (&e->files_lock);
  stoker_file_unref (f);
  if (l)
    seg_segment_unref (s);
}

int
seg_file_trim (StokerLog *log, Segment *s)
{
  StokerFile *f;
  int rc;

  if (s->reserved <= s->size || s->reserved == UINT64_MAX)
    return 0;
  rc = seg_file_get (log, s, &f);
  if (rc == 0) {
    rc = stoker_file_truncate (f, s->size);
    stoker_file_unref (f);
  }
  if (rc == 0)
    s->reserved = 0;
  return rc;
}

/* One idle segment: index entries out, reserved blocks back, file closed, tail cache freed. */
static void
put_to_rest (StokerLog *log, Segment *s, int64_t before_us)
{
  Tail *tail = NULL;
  bool active;

  pthread_mutex_lock (&log->lock);
  if (log->closed || log->claimed || s->pinned || s->used_us >= before_us) {
    pthread_mutex_unlock (&log->lock);
    return;
  }
  seg_claim (log);
  active = seg_active (log) == s;
  if (active)
    tail = g_steal_pointer (&log->tail);
  pthread_mutex_unlock (&log->lock);
  g_free (tail);
  if (active) {
    seg_index_write (log, s, false);
    seg_file_trim (log, s);
  }
  seg_file_drop (log, s);
  pthread_mutex_lock (&log->lock);
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
}

bool
seg_files_idle (Engine *e, int64_t before_us)
{
  g_autoptr (GPtrArray) idle = g_ptr_array_new ();
  bool more;

  pthread_mutex_lock (&e->files_lock);
  for (GList *l = e->files.head; l; l = l->next) {
    Segment *s = l->data;
    if (s->used_us < before_us) {
      seg_log_ref (s->log);
      g_ptr_array_add (idle, seg_segment_ref (s));
    }
  }
  pthread_mutex_unlock (&e->files_lock);
  for (guint i = 0; i < idle->len; i++) {
    Segment *s = idle->pdata[i];
    StokerLog *log = s->log;
    put_to_rest (log, s, before_us);
    seg_segment_unref (s);
    seg_log_unref (log);
  }
  pthread_mutex_lock (&e->files_lock);
  more = e->files.length > 0;
  pthread_mutex_unlock (&e->files_lock);
  return more;
}
