/* SPDX-License-Identifier: Apache-2.0
 *
 * Log directories: what the checkpoint files say, which logs are there, and writing the checkpoints.
 */
#include "dir.h"
#include "checkpoint.h"
#include "journaled.h"
#include "log.h"
#include "move.h"
#include "scrub.h"
#include "tick.h"

#include <errno.h>
#include <string.h>

static const char *const checkpoint_names[N_CHECKPOINTS]
    = { "recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint" };

char *
seg_mark_key (const char *topic, int32_t partition)
{
  return g_strdup_printf ("%s %d", topic, partition);
}

static int64_t *
mark_field (Mark *m, CheckpointFile which)
{
  return which == CHECKPOINT_RECOVERY ? &m->recovery : which == CHECKPOINT_START ? &m->start : &m->hw;
}

LogDir *
seg_dir (Engine *e, int index)
{
  LogDir *dir = NULL;

  pthread_mutex_lock (&e->lock);
  if (index >= 0 && (guint)index < e->dirs->len)
    dir = e->dirs->pdata[index];
  pthread_mutex_unlock (&e->lock);
  return dir;
}

static void
doomed_free (void *data)
{
  Doomed *d = data;

  g_free (d->path);
  g_free (d);
}

void
seg_dir_free (LogDir *dir)
{
  seg_scrub_detach (dir, false);
  g_hash_table_unref (dir->marks);
  g_hash_table_unref (dir->replayed);
  g_hash_table_unref (dir->removed);
  g_hash_table_unref (dir->replacing);
  g_ptr_array_unref (dir->logs);
  g_queue_clear_full (&dir->doomed, doomed_free);
  pthread_mutex_destroy (&dir->checkpoint_lock);
  g_free (dir->path);
  g_free (dir);
}

void
seg_dir_trouble (LogDir *dir, int rc, const char *what, const char *name)
{
  g_autofree char *text = NULL;

  if (dir->failed == NULL || !stoker_disk_broken (rc) || atomic_load (&dir->abandoned))
    return;
  text = g_strdup_printf ("cannot %s %s", what, name);
  dir->failed (dir->core, dir->index, rc, text);
}

void
seg_dir_abandon (StokerInstance *self, int index)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, index);

  if (dir == NULL)
    return;
  atomic_store (&dir->abandoned, true);
  pthread_mutex_lock (&e->lock);
  for (guint i = 0; i < dir->logs->len; i++) {
    StokerLog *log = dir->logs->pdata[i];
    pthread_mutex_lock (&log->lock);
    log->failed = true;
    pthread_mutex_unlock (&log->lock);
  }
  pthread_mutex_unlock (&e->lock);
}

static LogDir *
dir_new (const StokerLogDir *from)
{
  LogDir *dir = g_new0 (LogDir, 1);

  dir->index = from->index;
  dir->path = g_strdup (from->path);
  dir->clean = from->clean;
  dir->journal = from->journal;
  dir->failed = from->failed;
  dir->core = from->core;
  dir->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  dir->replayed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  dir->removed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  dir->replacing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  dir->logs = g_ptr_array_new ();
  g_queue_init (&dir->doomed);
  pthread_mutex_init (&dir->checkpoint_lock, NULL);
  return dir;
}

/* ---- reading */
typedef struct Loading
{
  LogDir *dir;
  CheckpointFile which;
} Loading;

static void
loaded (void *user, char **words)
{
  Loading *l = user;
  char *key = g_strconcat (words[0], " ", words[1], NULL);
  Mark *m = g_hash_table_lookup (l->dir->marks, key);

  if (m == NULL) {
    m = g_new (Mark, 1);
    *m = (Mark){ -1, -1, -1 };
    g_hash_table_insert (l->dir->marks, key, m);
  } else {
    g_free (key);
  }
  *mark_field (m, l->which) = MAX (0, g_ascii_strtoll (words[2], NULL, 10));
}

static void
load_checkpoints (Engine *e, LogDir *dir)
{
  for (int i = 0; i < N_CHECKPOINTS; i++) {
    g_autofree char *path = g_build_filename (dir->path, checkpoint_names[i], NULL);
    Loading l = { dir, (CheckpointFile)i };
    StokerError err = { 0 };
    int rc = seg_checkpoint_read (e->disk, path, 3, loaded, &l, &err);
    dir->marked |= rc == 0 && i != CHECKPOINT_START;
    if (rc == 0 || rc == -ENOENT)
      continue;
    /* Without it everything is checked (recovery points) or what the files themselves show holds. */
    stoker_log (e->self, STOKER_LOG_WARN, "segment.damaged", "%s: not used", err.text);
    if (i == CHECKPOINT_RECOVERY)
      dir->clean = false;
  }
}

/* ---- finding logs */

static bool
add_name (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

/* "topic-partition" taken apart; false: it is none. */
static bool
parse_name (const char *name, StokerStr *topic, int32_t *partition)
{
  const char *dash = strrchr (name, '-');
  guint64 n;

  if (dash == NULL || dash == name || !g_ascii_isdigit (dash[1])
      || !g_ascii_string_to_unsigned (dash + 1, 10, 0, INT32_MAX, &n, NULL))
    return false;
  *topic = (StokerStr){ name, (size_t)(dash - name) };
  *partition = (int32_t)n;
  return true;
}

static void
examine (Engine *e, LogDir *dir, const char *name, void (*found) (void *user, const StokerLogFound *f), void *user)
{
  g_autofree char *path = g_build_filename (dir->path, name, NULL);
  size_t future = seg_future_name (name);
  g_autofree char *plain = g_strndup (name, future ? future : strlen (name));
  StokerLogFound f = { .dir = dir->index, .future = future > 0 };
  StokerPathInfo info;

  if (stoker_disk_stat (e->disk, path, &info) < 0)
    return;
  if (!info.is_dir)
    return;
  if (g_str_has_suffix (name, "-delete")) {
    seg_doom (e, dir, g_steal_pointer (&path), true, 0);
    return;
  }
  if (!parse_name (plain, &f.topic, &f.partition))
    return;
  if (seg_metadata_read (e->disk, path, &f.topic_id) < 0)
    f.topic_id = (StokerUuid){ { 0 } };
  if (!f.future) {
    g_autofree char *marker = g_build_filename (path, SEG_MOVED_FROM, NULL);
    f.replaces = stoker_disk_stat (e->disk, marker, &info) == 0;
    if (f.replaces)
      g_hash_table_add (dir->replacing, g_strdup (name));
  }
  found (user, &f);
}

/* One without logs: what is made here from now on is new, which the first checkpoint would only say later. */
static void
mark_new (Engine *e, LogDir *dir, const GPtrArray *names)
{
  StokerStr topic;
  int32_t partition;

  for (guint i = 0; i < names->len; i++)
    if (parse_name (names->pdata[i], &topic, &partition))
      return;
  dir->marked = true;
  atomic_fetch_or (&dir->dirty, 1u << CHECKPOINT_RECOVERY);
  (void)seg_dir_write (e, dir, 1u << CHECKPOINT_RECOVERY, NULL);
}

int
seg_dir_attach (StokerInstance *self, const StokerLogDir *from, void (*found) (void *user, const StokerLogFound *f),
                void *user, StokerError *err)
{
  Engine *e = self->state;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  LogDir *dir;
  int rc;

  dir = dir_new (from);
  if (seg_journal_replay (e, dir, err) < 0) {
    seg_dir_free (dir);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  rc = stoker_disk_list (e->disk, from->path, add_name, names);
  if (rc < 0) {
    stoker_error_set (err, STOKER_ERROR_IO, "cannot read log directory %s: %s", from->path, g_strerror (-rc));
    seg_dir_free (dir);
    return STOKER_KAFKA_STORAGE_ERROR;
  }
  load_checkpoints (e, dir);
  if (!dir->marked)
    mark_new (e, dir, names);
  seg_scrub_attach (e, dir);
  pthread_mutex_lock (&e->lock);
  if ((guint)from->index >= e->dirs->len)
    g_ptr_array_set_size (e->dirs, from->index + 1);
  e->dirs->pdata[from->index] = dir;
  pthread_mutex_unlock (&e->lock);
  for (guint i = 0; i < names->len; i++)
    examine (e, dir, names->pdata[i], found, user);
  return 0;
}

/* ---- writing */
static void
add_line (GPtrArray *lines, const char *key, int64_t value)
{
  if (value >= 0)
    g_ptr_array_add (lines, g_strdup_printf ("%s %" PRId64 "\n", key, value));
}

static GPtrArray *
lines_of (Engine *e, LogDir *dir, CheckpointFile which)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  void *key, *mark;

  pthread_mutex_lock (&e->lock);
  g_hash_table_iter_init (&iter, dir->marks);
  while (g_hash_table_iter_next (&iter, &key, &mark))
    add_line (lines, key, *mark_field (mark, which));
  for (guint i = 0; i < dir->logs->len; i++) {
    StokerLog *log = dir->logs->pdata[i];
    g_autofree char *name = seg_mark_key (log->topic, log->partition);
    Mark m;
    pthread_mutex_lock (&log->lock);
    m = (Mark){ log->recovery, seg_start_mark (log), log->hw };
    pthread_mutex_unlock (&log->lock);
    add_line (lines, name, *mark_field (&m, which));
  }
  pthread_mutex_unlock (&e->lock);
  return lines;
}

int
seg_dir_write (Engine *e, LogDir *dir, unsigned mask, StokerError *err)
{
  int rc = 0;

  if (atomic_load (&dir->abandoned))
    return 0;
  pthread_mutex_lock (&dir->checkpoint_lock);
  for (int i = 0; i < N_CHECKPOINTS && rc == 0; i++) {
    unsigned bit = 1u << i;
    if (!(mask & bit) || !(atomic_fetch_and (&dir->dirty, ~bit) & bit))
      continue;
    g_autofree char *path = g_build_filename (dir->path, checkpoint_names[i], NULL);
    g_autoptr (GPtrArray) lines = lines_of (e, dir, (CheckpointFile)i);
    StokerBuf b = { 0 };
    seg_checkpoint_begin (&b, lines->len);
    for (guint k = 0; k < lines->len; k++)
      stoker_buf_append (&b, lines->pdata[k], strlen (lines->pdata[k]));
    rc = stoker_disk_write_atomic (e->disk, path, b.data, b.len);
    stoker_buf_clear (&b);
    if (rc < 0) {
      atomic_fetch_or (&dir->dirty, bit);
      stoker_error_set (err, STOKER_ERROR_IO, "cannot write %s: %s", path, g_strerror (-rc));
      seg_dir_trouble (dir, rc, "write", path);
    }
  }
  pthread_mutex_unlock (&dir->checkpoint_lock);
  return rc;
}

int
seg_dir_checkpoint (StokerInstance *self, int index, StokerError *err)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, index);

  return dir == NULL || seg_dir_write (e, dir, ~0u, err) == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}

int
seg_dir_detach (StokerInstance *self, int index, StokerError *err)
{
  Engine *e = self->state;
  LogDir *dir = seg_dir (e, index);
  int rc;

  if (dir == NULL)
    return 0;
  seg_scrub_detach (dir, true);
  atomic_store (&dir->dirty, ~0u);
  rc = seg_dir_write (e, dir, ~0u, err);
  pthread_mutex_lock (&e->lock);
  e->dirs->pdata[index] = NULL;
  pthread_mutex_unlock (&e->lock);
  seg_dir_free (dir);
  return rc == 0 ? 0 : STOKER_KAFKA_STORAGE_ERROR;
}
