/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/offline.h"

#include "control/logdirs.h"
#include "module/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_BYTES (64u << 20) /* only what close writes may go through it: nearly nothing */

struct CliOffline
{
  char *path;
  CliModules *modules;
  StkLogDirs *dirs;
  const StokerLogDir *dir;
  StokerInstance *engine;
  const StokerStorageOps *ops;
  GPtrArray *logs; /* of CliOfflineLog */
  GHashTable *wanted;
  StokerLogDir unclean; /* the same, not left cleanly */
  void (*each) (void *user, const CliOfflineLog *log, guint done, guint all);
  void *user;
  GMutex lock; /* of `done` and calls of each */
  guint done;
};

/* What the engine needs to know of a topic to open its log and close it again: Kafka's defaults. */
static const StokerTopicConfig defaults = { .size = sizeof (StokerTopicConfig),
                                            .segment_bytes = 1 << 30,
                                            .segment_ms = INT64_C (604800000),
                                            .segment_index_bytes = 10 << 20,
                                            .index_interval_bytes = 4096,
                                            .retention_ms = -1,
                                            .retention_bytes = -1,
                                            .file_delete_delay_ms = 60000,
                                            .flush_messages = INT64_MAX,
                                            .flush_ms = INT64_MAX,
                                            .max_message_bytes = 1 << 30,
                                            .compression = -1,
                                            .cleanup_delete = true };

static void
log_free (void *data)
{
  CliOfflineLog *log = data;

  g_free (log->topic);
  g_free (log);
}

/* The id of the broker that the directory belongs to. */
/* Whose it is, as Kafka and Stoker write it: letters, digits, - and _. */
static bool
has_cluster (const char *text)
{
  const char *at = g_str_has_prefix (text, "cluster.id=") ? text : strstr (text, "\ncluster.id=");
  size_t len;

  if (at == NULL)
    return false;
  at = strchr (at, '=') + 1;
  len = strspn (at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  return len > 0 && (at[len] == '\0' || at[len] == '\n' || at[len] == '\r');
}

static int
read_broker_id (const char *path, int32_t *out, StokerError *err)
{
  g_autofree char *file = g_build_filename (path, "meta.properties", NULL), *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (file, &text, NULL, NULL))
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s is not a log directory: it has no meta.properties that can be read", path);
  lines = g_strsplit (text, "\n", -1);
  for (char **l = lines; *l; l++)
    if (g_str_has_prefix (g_strstrip (*l), "broker.id=")) {
      guint64 id;
      if (!g_ascii_string_to_unsigned (*l + strlen ("broker.id="), 10, 0, INT32_MAX, &id, NULL))
        return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s is damaged: broker.id is no number", file);
      *out = (int32_t)id;
      return has_cluster (text) ? 0 : stoker_error_set (err, STOKER_ERROR_CONFIG, "%s is damaged: it has no usable cluster.id", file);
    }
  *out = -1; /* of a KRaft cluster, which stk_logdirs_open says better */
  return 0;
}

CliOffline *
cli_offline_open (const char *path, bool verbose, StokerError *err)
{
  CliOffline *o = g_new0 (CliOffline, 1);
  const char *paths[1];
  int32_t id = -1;
  int n;

  g_mutex_init (&o->lock);
  o->path = realpath (path, NULL);
  o->logs = g_ptr_array_new_with_free_func (log_free);
  if (o->path == NULL) {
    stoker_error_set (err, STOKER_ERROR_CONFIG, "%s: %s", path, g_strerror (errno));
    cli_offline_free (o);
    return NULL;
  }
  o->modules = cli_modules_new ();
  cli_modules_use_disk (o->modules, verbose);
  paths[0] = o->path;
  if (read_broker_id (o->path, &id, err)
      || (o->dirs = stk_logdirs_open (stoker_host_disk (cli_modules_host (o->modules)), paths, 1, id, err)) == NULL
      || (o->engine = cli_modules_start (o->modules, STOKER_KIND_STORAGE, "segment", err)) == NULL) {
    cli_offline_free (o);
    return NULL;
  }
  stk_logdirs_add_journals (o->dirs, cli_modules_host (o->modules), JOURNAL_BYTES);
  o->dir = stk_logdirs_list (o->dirs, &n);
  o->ops = o->engine->module->ops;
  return o;
}

void
cli_offline_free (CliOffline *o)
{
  if (o == NULL)
    return;
  if (o->modules)
    cli_modules_work (o->modules);
  stk_logdirs_free (o->dirs);
  cli_modules_free (o->modules);
  g_ptr_array_unref (o->logs);
  g_mutex_clear (&o->lock);
  free (o->path);
  g_free (o);
}

unsigned
cli_offline_losses (const CliOffline *o)
{
  return cli_modules_errors (o->modules);
}

bool
cli_offline_is_clean (const CliOffline *o)
{
  return o->dir->clean;
}

/* ---- recovering */

static void
found (void *user, const StokerLogFound *f)
{
  CliOffline *o = user;
  g_autofree char *name = g_strdup_printf ("%.*s-%d", (int)f->topic.len, f->topic.data, f->partition);
  CliOfflineLog *log;

  if (o->wanted && !g_hash_table_contains (o->wanted, name))
    return;
  log = g_new0 (CliOfflineLog, 1);
  log->topic = g_strndup (f->topic.data, f->topic.len);
  log->partition = f->partition;
  log->topic_id = f->topic_id;
  g_ptr_array_add (o->logs, log);
}

static void
recover_one (void *data, void *user)
{
  CliOffline *o = user;
  CliOfflineLog *log = data;
  StokerLogSpec spec = { .topic = { log->topic, strlen (log->topic) },
                         .partition = log->partition,
                         .topic_id = log->topic_id,
                         .dir = o->dir,
                         .config = &defaults };
  StokerLog *l = NULL;
  int rc;

  stk_instance_enter (o->engine);
  rc = o->ops->open (o->engine, &spec, &l, &log->err);
  if (rc == 0) {
    o->ops->ends (o->engine, l, &log->ends);
    o->ops->close (o->engine, l);
  } else if (log->err.text[0] == '\0') {
    stoker_error_set (&log->err, STOKER_ERROR_FAILED, "%s", stoker_code_name ((int16_t)rc));
  }
  stk_instance_leave (o->engine);
  cli_modules_work (o->modules);
  g_mutex_lock (&o->lock);
  o->done++;
  if (o->each)
    o->each (o->user, log, o->done, o->logs->len);
  g_mutex_unlock (&o->lock);
}

/* Takes the wanted logs out of the recovery points: nothing of them is known to be good. */
static int
forget_recovery_points (CliOffline *o, StokerError *err)
{
  g_autofree char *path = g_build_filename (o->path, "recovery-point-offset-checkpoint", NULL), *text = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  guint n = 0;
  int rc;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    g_autofree char *name = g_strv_length (words) == 3 ? g_strconcat (words[0], "-", words[1], NULL) : NULL;
    if (i < 2 || name == NULL || g_hash_table_contains (o->wanted, name))
      continue;
    g_string_append_printf (out, "%s\n", lines[i]);
    n++;
  }
  g_string_prepend (out, "\n");
  {
    g_autofree char *head = g_strdup_printf ("0\n%u", n);
    g_string_prepend (out, head);
  }
  rc = stoker_disk_write_atomic (stoker_host_disk (cli_modules_host (o->modules)), path, out->str, out->len);
  return rc < 0 ? stoker_error_set (err, rc, "cannot write %s: %s", path, g_strerror (-rc)) : 0;
}

/* Everything that was written below the directory is on the disk. */
static int
sync_all (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

  if (fd < 0)
    return -errno;
  rc = syncfs (fd) < 0 ? -errno : 0;
  close (fd);
  return rc;
}

const char *
cli_offline_path (const CliOffline *o)
{
  return o->path;
}

int
cli_offline_recover (CliOffline *o, GHashTable *wanted, void (*each) (void *user, const CliOfflineLog *log, guint done, guint all),
                     void *user, GPtrArray **logs, StokerError *err)
{
  g_autofree char *cluster = g_strdup (stk_logdirs_cluster_id (o->dirs)); /* bind frees its own before it copies */
  GThreadPool *pool;
  int rc;

  *logs = o->logs;
  o->wanted = wanted;
  o->each = each;
  o->user = user;
  if (cluster == NULL)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS, "%s/meta.properties names no cluster.id", o->path);
  if (stk_logdirs_bind (o->dirs, cluster, err) < 0)
    return -1;
  if (wanted) {
    if (forget_recovery_points (o, err) < 0)
      return -1;
    o->unclean = *o->dir;
    o->unclean.clean = false;
    o->dir = &o->unclean;
  }
  stk_instance_enter (o->engine);
  rc = o->ops->dir_attach (o->engine, o->dir, found, o, err);
  stk_instance_leave (o->engine);
  if (rc != 0)
    return -1;
  pool = g_thread_pool_new (recover_one, o, (int)CLAMP (g_get_num_processors (), 1, 8), FALSE, NULL);
  for (guint i = 0; i < o->logs->len; i++)
    g_thread_pool_push (pool, o->logs->pdata[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  cli_modules_work (o->modules);
  stk_instance_enter (o->engine);
  rc = o->ops->dir_detach (o->engine, o->dir->index, err);
  stk_instance_leave (o->engine);
  if (rc != 0)
    return -1;
  rc = sync_all (o->path);
  return rc < 0 ? stoker_error_set (err, rc, "cannot flush %s: %s", o->path, g_strerror (-rc)) : 0;
}

int
cli_offline_mark_clean (CliOffline *o, StokerError *err)
{
  return stk_logdirs_mark_clean (o->dirs, -1, err);
}
