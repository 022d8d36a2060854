/* SPDX-License-Identifier: Apache-2.0
 *
 * After a crash: what the journal holds, to the files of a directory, before anything else of it is looked at.
 */
#include "journaled.h"
#include "damage.h"
#include "dir.h"

#include <errno.h>
#include <string.h>

/* Files that were written to, still open. */
typedef struct Replay
{
  Engine *engine;
  LogDir *dir;
  GHashTable *files;   /* path -> StokerFile; NULL: closed again */
  unsigned open;       /* how many of them are */
  StokerFile *whole;   /* one that was open before anything was written: it sees what goes wrong with any */
  GHashTable *folders; /* names of logs that were touched */
  GHashTable *good;    /* path -> uint64_t: batches stand one behind the other from the beginning to there */
} Replay;

enum
{
  OPEN_MAX = 256,
  MANY = 32, /* for so many logs the whole file system is flushed at once */
};

static void
close_files (Replay *r)
{
  GHashTableIter i;
  void *f;

  g_hash_table_iter_init (&i, r->files);
  while (g_hash_table_iter_next (&i, NULL, &f))
    if (f)
      g_hash_table_iter_replace (&i, NULL);
  r->open = 0;
}

static int
sync_files (Replay *r)
{
  GHashTableIter i;
  void *path, *value;
  int rc = 0;

  g_hash_table_iter_init (&i, r->files);
  while (rc == 0 && g_hash_table_iter_next (&i, &path, &value)) {
    StokerFile *f = value ? stoker_file_ref (value) : NULL;
    if (f == NULL)
      rc = stoker_file_open (r->engine->disk, path, STOKER_OPEN_WRITE, &f);
    if (rc == 0)
      rc = stoker_file_sync (f);
    stoker_file_unref (f);
  }
  return rc;
}

static int
file_of (Replay *r, const char *path, StokerFile **out)
{
  int rc = 0;

  *out = g_hash_table_lookup (r->files, path);
  if (*out)
    return 0;
  if (r->open >= OPEN_MAX)
    close_files (r);
  rc = stoker_file_open (r->engine->disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, out);
  if (rc < 0)
    return rc;
  g_hash_table_insert (r->files, g_strdup (path), *out);
  r->open++;
  if (r->whole == NULL)
    r->whole = stoker_file_ref (*out);
  return 0;
}

/* The log's folder is made when it is not there: what an append needs of names is flushed after the append. */
static int
make_folder (Replay *r, const char *name, const char *folder)
{
  int rc;

  if (g_hash_table_contains (r->folders, name))
    return 0;
  rc = stoker_disk_mkdir (r->engine->disk, folder);
  if (rc < 0 && rc != -EEXIST)
    return rc;
  g_hash_table_add (r->folders, g_strdup (name));
  return 0;
}

/* ---- steps that may have been made void */

/* How far the file is good from its beginning on. */
static uint64_t *
good_end (Replay *r, const char *path, StokerFile *f)
{
  uint64_t *good = g_hash_table_lookup (r->good, path);
  int64_t size = stoker_file_size (f);
  StokerBuf buf = { 0 };
  const char *why;
  StokerBatch b;
  int error;

  if (good == NULL) {
    good = g_new0 (uint64_t, 1);
    g_hash_table_insert (r->good, g_strdup (path), good);
  }
  while (size > 0 && *good < (uint64_t)size && seg_check_batch (f, *good, (uint64_t)size, 0, INT64_MAX - 1, &buf, &b, &why, &error))
    *good += (uint64_t)b.length;
  stoker_buf_clear (&buf);
  return good;
}

/* Is one of its batches to begin at byte `pos` of the file? */
static bool
has_batch_at (const StokerJournalStep *step, uint64_t pos)
{
  StokerBatch b;
  size_t at = 0;

  while (step->pos + at < pos && step->len - at >= STOKER_BATCH_HEADER && seg_header_read (step->data + at, &b)
         && (size_t)b.length <= step->len - at)
    at += (size_t)b.length;
  return step->pos + at == pos;
}

/* Nothing good is written over: what lies behind the good part of the file is missing, unless a batch stands there. */
static int
fill_in (Replay *r, const char *path, StokerFile *f, const StokerJournalStep *step)
{
  uint64_t from = MAX (*good_end (r, path, f), step->pos);
  int64_t size = stoker_file_size (f);
  StokerBuf buf = { 0 };
  const char *why;
  StokerBatch b;
  int error;
  bool taken;

  if (size < 0 || from >= step->pos + step->len || !has_batch_at (step, from))
    return size < 0 ? (int)size : 0;
  taken = from < (uint64_t)size && seg_check_batch (f, from, (uint64_t)size, 0, INT64_MAX - 1, &buf, &b, &why, &error);
  stoker_buf_clear (&buf);
  return taken ? 0 : stoker_file_pwrite (f, step->data + (from - step->pos), step->len - (from - step->pos), from);
}

/* What was in the journal was acknowledged, and so was everything in front of it: recovery is to know. */
static void
vouch (Replay *r, const char *name, const StokerJournalStep *step)
{
  Replayed *v = g_hash_table_lookup (r->dir->replayed, name);

  if (v == NULL) {
    v = g_new0 (Replayed, 1);
    v->number = -1;
    g_hash_table_insert (r->dir->replayed, g_strdup (name), v);
  }
  if (step->number > v->number)
    *v = (Replayed){ step->number, 0 };
  if (step->number == v->number)
    v->end = MAX (v->end, step->pos + step->len);
}

static int
apply (void *user, const StokerJournalStep *step)
{
  Replay *r = user;
  g_autofree char *name = g_strndup (step->name.data, step->name.len);
  g_autofree char *folder = g_build_filename (r->dir->path, name, NULL);
  g_autofree char *path = g_strdup_printf ("%s/%020" PRId64 ".log", folder, step->number);
  StokerFile *f;
  int rc;

  if (strchr (name, '/'))
    return -EINVAL;
  rc = make_folder (r, name, folder);
  if (rc == 0)
    rc = file_of (r, path, &f);
  if (rc < 0)
    return rc;
  if (step->doubtful)
    return fill_in (r, path, f, step);
  vouch (r, name, step);
  return stoker_file_pwrite (f, step->data, step->len, step->pos);
}

static int
finish (void *user)
{
  Replay *r = user;
  GHashTableIter i;
  void *name;
  int rc = -EOPNOTSUPP;

  if (g_hash_table_size (r->folders) >= MANY)
    rc = stoker_file_sync_all (r->whole);
  if (rc != -EOPNOTSUPP) {
    r->dir->whole = rc == 0;
    return rc;
  }
  rc = sync_files (r);
  g_hash_table_iter_init (&i, r->folders);
  while (rc == 0 && g_hash_table_iter_next (&i, &name, NULL)) {
    g_autofree char *path = g_build_filename (r->dir->path, name, NULL);
    rc = stoker_disk_sync_dir (r->engine->disk, path);
  }
  if (rc == 0)
    rc = stoker_disk_sync_dir (r->engine->disk, r->dir->path);
  return rc;
}

static void
close_file (void *f)
{
  stoker_file_unref (f);
}

int
seg_journal_replay (Engine *e, LogDir *dir, StokerError *err)
{
  Replay r = { .engine = e, .dir = dir };
  uint64_t steps = 0;
  int rc;

  if (dir->journal == NULL)
    return 0;
  r.files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, close_file);
  r.folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  r.good = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rc = stoker_journal_replay (dir->journal, apply, finish, &r, &steps, err);
  if (steps > 0)
    stoker_log (e->self, STOKER_LOG_INFO, "segment.replayed",
                "replayed the journal | dir=%s entries=%" PRIu64 " logs=%u", dir->path, steps,
                g_hash_table_size (r.folders));
  g_hash_table_unref (r.files);
  g_hash_table_unref (r.folders);
  g_hash_table_unref (r.good);
  stoker_file_unref (r.whole);
  return rc;
}
