/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's side of the directory's journal (include/stoker/journal.h): what is noted, what is announced, and what a
 * replay does to the files. An entry's number is the base offset of its segment.
 */
#include "journaled.h"
#include "dir.h"
#include "epochs.h"
#include "log.h"
#include "savepoint.h"

#include <errno.h>
#include <string.h>

static int
on_flush (void *user)
{
  return seg_flush_files (user);
}

static void
on_durable (void *user, int64_t end, int error)
{
  StokerLog *log = user;

  pthread_mutex_lock (&log->lock);
  if (error)
    log->failed = true;
  else
    log->durable = MAX (log->durable, MIN (end, log->end));
  pthread_mutex_unlock (&log->lock);
  if (log->advanced)
    log->advanced (log->user);
}

static bool
on_prepare (void *user)
{
  StokerLog *log = user;
  bool can;

  if (seg_epochs_write (log, false) < 0)
    return false;
  pthread_mutex_lock (&log->lock);
  can = !log->failed && !log->leaving && log->seals == NULL && !log->settling && !log->epochs_dirty && !seg_save_due (log);
  if (can) {
    log->prepared = log->end;
    log->prepared_cuts = log->cuts;
    log->prepared_changes = log->name_changes;
  }
  pthread_mutex_unlock (&log->lock);
  return can;
}

static void
on_prepared (void *user, bool durable)
{
  StokerLog *log = user;

  pthread_mutex_lock (&log->lock);
  if (durable && log->prepared_changes == log->name_changes)
    log->names_unsynced = log->id_unsynced = false;
  if (durable && log->prepared_cuts == log->cuts)
    log->recovery = MAX (log->recovery, log->prepared);
  pthread_mutex_unlock (&log->lock);
  if (durable)
    seg_mark_dirty (log, CHECKPOINT_RECOVERY);
}

static const StokerJournalClient client = { on_flush, on_durable, on_prepare, on_prepared };

const StokerJournalClient *
seg_journal_client (void)
{
  return &client;
}

bool
seg_journal_note (StokerLog *log, Segment *s, StokerFile *f, uint64_t from, uint64_t to, int64_t end)
{
  if (!log->set.journal)
    return false;
  if (log->journal == NULL)
    log->journal = stoker_journal_open (log->dir->journal, log->name, &client, log);
  stoker_journal_note (log->journal, s->base, f, from, to, end);
  return true;
}

void
seg_journal_kick (StokerLog *log)
{
  stoker_journal_kick (log->journal);
}

int64_t
seg_durable (const StokerLog *log)
{
  return log->set.journal ? log->durable : log->end;
}

/* Also for a log that has noted nothing since it was opened: it may have before, in this run. */
static StokerJournalLog *
journal_of (StokerLog *log)
{
  pthread_mutex_lock (&log->lock);
  if (log->journal == NULL && log->dir->journal)
    log->journal = stoker_journal_open (log->dir->journal, log->name, &client, log);
  pthread_mutex_unlock (&log->lock);
  return log->journal;
}

int
seg_journal_cut (StokerLog *log, int64_t base, uint64_t size)
{
  StokerJournalLog *l = journal_of (log);

  return l ? stoker_journal_cut (l, base, size) : 0;
}

int
seg_journal_forget (StokerLog *log, int64_t base)
{
  StokerJournalLog *l = journal_of (log);

  return l ? stoker_journal_forget (l, base) : 0;
}

void
seg_journal_close (StokerLog *log, bool flushed)
{
  if (log->journal)
    stoker_journal_close (log->journal, flushed);
  log->journal = NULL;
}

bool
seg_journal_switch (StokerLog *log, bool on)
{
  bool was = log->set.journal;

  log->set.journal = on;
  if (on == was)
    return false;
  /* Either way everything up to the end has been shown, or is shown now. */
  log->durable = log->end;
  return on && log->n_segs > 0 && log->recovery < log->end;
}

/* ---- replay */

/* Files that were written to, still open. */
typedef struct Replay
{
  Engine *engine;
  LogDir *dir;
  GHashTable *files;   /* path -> StokerFile; NULL: closed again */
  unsigned open;       /* how many of them are */
  StokerFile *whole;   /* one that was open before anything was written: it sees what goes wrong with any */
  GHashTable *folders; /* names of logs that were touched */
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
  return rc < 0 ? rc : stoker_file_pwrite (f, step->data, step->len, step->pos);
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
  rc = stoker_journal_replay (dir->journal, apply, finish, &r, &steps, err);
  if (steps > 0)
    stoker_log (e->self, STOKER_LOG_INFO, "segment.replayed",
                "replayed the journal | dir=%s entries=%" PRIu64 " logs=%u", dir->path, steps,
                g_hash_table_size (r.folders));
  g_hash_table_unref (r.files);
  g_hash_table_unref (r.folders);
  stoker_file_unref (r.whole);
  return rc;
}
