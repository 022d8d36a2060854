/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving a log to another directory, the long part: a future log, TOPIC-P.HASH-future as in Kafka, is opened there and
 * filled from the log, batch by batch, each with its check sum looked at. It is a log like any other, but that it is
 * never journaled and has no readers. How it takes the log's place is in move_swap.c.
 */
#include "move.h"
#include "append.h"
#include "close.h"
#include "dir.h"
#include "log.h"
#include "open.h"
#include "read.h"
#include "roll.h"
#include "truncate.h"

#include <errno.h>
#include <string.h>

#define CHUNK ((size_t)1 << 20)

/* ---- names */

size_t
seg_future_name (const char *name)
{
  size_t n = strlen (name);
  const char *end = name + n - strlen ("-future"), *dot;

  if (n < 2 + 32 + strlen ("-future") || strcmp (end, "-future") != 0)
    return 0;
  dot = end - 33;
  return dot > name && *dot == '.' && strspn (dot + 1, "0123456789abcdef") >= 32 ? (size_t)(dot - name) : 0;
}

typedef struct Search
{
  const char *log; /* "topic-partition" */
  char *found;
} Search;

static bool
is_it (void *user, const char *name)
{
  Search *s = user;
  size_t n = seg_future_name (name);

  if (n != strlen (s->log) || strncmp (name, s->log, n) != 0)
    return true;
  s->found = g_strdup (name);
  return false;
}

static char *
fresh_name (const StokerLog *log)
{
  StokerHost *host = log->engine->self->host;

  return g_strdup_printf ("%s.%016" PRIx64 "%016" PRIx64 "-future", log->name, stoker_host_random (host),
                          stoker_host_random (host));
}

/* ---- what was copied before: is it the same? */

/* The header of the batch with `offset`, or of the next one. */
static bool
header_at (StokerLog *log, int64_t offset, uint8_t header[STOKER_BATCH_HEADER])
{
  StokerRead req = { .offset = offset, .limit = INT64_MAX, .max_bytes = STOKER_BATCH_HEADER, .at_least_one = true };
  StokerReadResult got;
  bool ok;

  if (seg_read (log->engine->self, log, &req, &got) != 0 || got.n_slices == 0)
    return false;
  ok = stoker_file_pread (got.slices[0].u.file, header, STOKER_BATCH_HEADER, got.slices[0].pos) == STOKER_BATCH_HEADER;
  stoker_slice_release (&got.slices[0]);
  return ok;
}

/* Both hold the same batches in the same order, if they have the same last one: offset, check sum and all. */
static bool
same_until (StokerLog *log, StokerLog *future, int64_t end)
{
  uint8_t a[STOKER_BATCH_HEADER], b[STOKER_BATCH_HEADER];

  return header_at (log, end - 1, a) && header_at (future, end - 1, b) && memcmp (a, b, sizeof a) == 0;
}

/* Makes the future log a beginning of the log, as it is now. */
static int
fit (StokerLog *log, StokerLog *future, StokerError *err)
{
  StokerInstance *self = log->engine->self;
  int64_t start, end;
  int rc = 0;

  pthread_mutex_lock (&log->lock);
  log->cut_end = INT64_MAX;
  start = log->start;
  end = log->end;
  pthread_mutex_unlock (&log->lock);
  if (future->end > end)
    rc = seg_truncate (self, future, end, err);
  if (rc == 0 && future->end != start && (future->end < start || !same_until (log, future, future->end)))
    rc = seg_reset (self, future, start, err);
  return rc;
}

void
seg_move_end (StokerLog *future)
{
  StokerLog *log = g_steal_pointer (&future->moves);

  if (log == NULL)
    return;
  pthread_mutex_lock (&log->lock);
  log->moving = false;
  pthread_mutex_unlock (&log->lock);
  seg_log_unref (log);
}

static int
write_marks (StokerLog *log, StokerError *err)
{
  for (int i = 0; i < N_CHECKPOINTS; i++)
    seg_mark_dirty (log, (CheckpointFile)i);
  return seg_dir_write (log->engine, log->dir, ~0u, err) == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}

int
seg_move_open (StokerInstance *self, StokerLog *log, const StokerLogDir *to, const StokerTopicConfig *config,
               StokerLog **future, StokerError *err)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, to->index);
  Search s = { log->name, NULL };
  StokerLogSpec spec = { .topic = stoker_str (log->topic),
                         .partition = log->partition,
                         .topic_id = log->topic_id,
                         .dir = to,
                         .config = config,
                         .create = true };
  bool fresh;
  int rc;

  *future = NULL;
  if (dir)
    (void)stoker_disk_list (e->disk, dir->path, is_it, &s);
  fresh = s.found == NULL;
  if (fresh)
    s.found = fresh_name (log);
  rc = seg_open_future (self, &spec, s.found, future, err);
  if (rc == STOKER_INCONSISTENT_TOPIC_ID && dir) { /* left over by another topic of this name */
    (void)seg_bury_folder (e, dir, s.found, 0);
    g_free (s.found);
    s.found = fresh_name (log);
    fresh = true;
    rc = seg_open_future (self, &spec, s.found, future, err);
  }
  if (rc == 0) {
    (*future)->moves = seg_log_ref (log);
    pthread_mutex_lock (&log->lock);
    log->moving = true;
    pthread_mutex_unlock (&log->lock);
    /* The recovery point of a log that lay there once must not be taken for this one's after a crash. */
    rc = fresh ? write_marks (*future, err) : 0;
    if (rc == 0)
      rc = fit (log, *future, err);
    if (rc != 0) {
      seg_close (self, *future);
      *future = NULL;
    }
  }
  g_free (s.found);
  return rc;
}

/* ---- copying */

/* The log was cut, or has lost its beginning, since the last time. */
static int
follow (StokerLog *log, StokerLog *future, StokerError *err)
{
  StokerInstance *self = log->engine->self;
  int64_t cut, start;
  int rc = 0;

  pthread_mutex_lock (&log->lock);
  cut = log->cut_end;
  log->cut_end = INT64_MAX;
  start = log->start;
  pthread_mutex_unlock (&log->lock);
  if (cut < future->end)
    rc = seg_truncate (self, future, cut, err);
  if (rc == 0 && future->end < start)
    rc = seg_reset (self, future, start, err);
  return rc;
}

static bool
is_empty (const StokerLog *log)
{
  uint64_t bytes = 0;

  for (uint32_t i = 0; i < log->n_segs; i++)
    bytes += log->segs[i]->size;
  return bytes == 0;
}

/* Nothing lies between the future log's end and `end`: compaction took it. */
static int
skip_to (StokerLog *future, int64_t end)
{
  int rc;

  if (is_empty (future))
    return seg_reset (future->engine->self, future, end, NULL) == 0 ? 0 : -EIO;
  pthread_mutex_lock (&future->lock);
  seg_claim (future);
  pthread_mutex_unlock (&future->lock);
  rc = seg_roll (future, end);
  pthread_mutex_lock (&future->lock);
  if (rc == 0)
    future->end = end;
  seg_unclaim (future);
  pthread_mutex_unlock (&future->lock);
  return rc;
}

/* Whole batches, none of them damaged; *base: of the first. */
static bool
check (const uint8_t *data, size_t len, int64_t *base)
{
  StokerBatch b;

  for (size_t at = 0; at < len; at += (size_t)b.length) {
    if (len - at < STOKER_BATCH_HEADER || !seg_header_read (data + at, &b) || (size_t)b.length > len - at
        || !stoker_batch_crc_ok (data + at, &b))
      return false;
    if (at == 0)
      *base = b.base_offset;
  }
  return len > 0;
}

static int
append (StokerLog *log, StokerLog *future, uint8_t *data, size_t len, StokerError *err)
{
  StokerInstance *self = log->engine->self;
  StokerAppend item = { .data = data, .len = len, .origin = STOKER_ORIGIN_REPLICA, .now_ms = seg_now_ms (log) };
  int64_t base = 0;
  int rc = 0;

  if (!check (data, len, &base)) {
    stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s/%s is damaged behind offset %" PRId64 ": it cannot be moved",
                      log->dir->path, log->name, future->end);
    return STOKER_CORRUPT_MESSAGE;
  }
  if (base < future->end && is_empty (future)) /* the log start lies inside of its first batch */
    rc = seg_reset (self, future, base, err);
  if (rc == 0) {
    seg_append (self, future, &item, 1);
    rc = item.error;
  }
  if (rc != 0 && err && err->text[0] == '\0')
    stoker_error_set (err, STOKER_ERROR_IO, "cannot append to %s/%s", future->dir->path, future->name);
  return rc;
}

/* One read and one append; *n: bytes, 0: nothing is missing. */
static int
copy_some (StokerLog *log, StokerLog *future, size_t max, StokerBuf *buf, size_t *n, StokerError *err)
{
  StokerRead req = { .max_bytes = MIN (max, CHUNK), .at_least_one = true, .whole = true };
  StokerReadResult got;
  ssize_t have;
  int rc;

  *n = 0;
  pthread_mutex_lock (&log->lock);
  req.offset = MAX (future->end, log->start);
  req.limit = log->end;
  pthread_mutex_unlock (&log->lock);
  if (req.offset >= req.limit)
    return 0;
  rc = seg_read (log->engine->self, log, &req, &got);
  if (rc == STOKER_OFFSET_OUT_OF_RANGE) /* the log start moved just now */
    return 0;
  if (rc != 0) {
    stoker_error_set (err, STOKER_ERROR_IO, "cannot read %s/%s at offset %" PRId64, log->dir->path, log->name,
                      req.offset);
    return rc;
  }
  if (got.n_slices == 0)
    return skip_to (future, req.limit) == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
  buf->len = 0;
  have = stoker_file_pread (got.slices[0].u.file, stoker_buf_reserve (buf, got.len), got.len, got.slices[0].pos);
  stoker_slice_release (&got.slices[0]);
  if (have != (ssize_t)got.len) {
    stoker_error_set (err, STOKER_ERROR_IO, "cannot read %s/%s: %s", log->dir->path, log->name,
                      have < 0 ? g_strerror ((int)-have) : "it ends too early");
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  *n = got.len;
  return append (log, future, buf->data, got.len, err);
}

int
seg_move_copy (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, uint64_t *copied,
               int64_t *lag, StokerError *err)
{
  StokerBuf buf = { 0 };
  size_t n = 1;
  int rc = follow (log, future, err);

  *copied = 0;
  while (rc == 0 && n > 0 && *copied < max_bytes) {
    rc = copy_some (log, future, max_bytes - *copied, &buf, &n, err);
    *copied += n;
  }
  stoker_buf_clear (&buf);
  pthread_mutex_lock (&log->lock);
  *lag = MAX (log->end - future->end, 0);
  pthread_mutex_unlock (&log->lock);
  return rc;
}
