/* SPDX-License-Identifier: Apache-2.0 */
#include "control/logdirs.h"

#include "journal/journal.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#define META "meta.properties"
#define MARKER ".kafka_cleanshutdown"

typedef struct Dir
{
  StokerFile *lock;
  char *path;
  char *unusable; /* why it cannot be used; NULL: it can */
  bool has_meta;
} Dir;

struct StkLogDirs
{
  StokerDisk *disk;
  int32_t broker_id;
  char *cluster_id; /* NULL: not known yet */
  int n;
  Dir *dirs;
  StokerLogDir *list;
};

static char *
in_dir (const char *dir, const char *name)
{
  return g_build_filename (dir, name, NULL);
}

/* mkdir -p */
static int
make_path (StokerDisk *disk, const char *path)
{
  StokerPathInfo info;
  g_autofree char *parent = NULL;
  int rc = stoker_disk_stat (disk, path, &info);

  if (rc == 0)
    return info.is_dir ? 0 : -ENOTDIR;
  if (rc != -ENOENT)
    return rc;
  parent = g_path_get_dirname (path);
  if (strcmp (parent, path) != 0 && (rc = make_path (disk, parent)) < 0)
    return rc;
  rc = stoker_disk_mkdir (disk, path);
  if (rc == 0) /* everything that is promised lies below it */
    rc = stoker_disk_sync_dir (disk, parent);
  return rc == -EEXIST ? 0 : rc;
}

/* ---- whose is it? */

typedef struct Strangers
{
  char *first; /* an entry that no log directory begins with */
} Strangers;

static bool
note_stranger (void *user, const char *name)
{
  Strangers *s = user;

  /* What a start leaves that died before it wrote meta.properties, and what file systems put there. */
  if (g_str_has_prefix (name, "coordinator.db") || g_str_has_prefix (name, "zookeeper.session") || strcmp (name, ".lock") == 0 || strcmp (name, "lost+found") == 0 ||
      g_str_has_prefix (name, META))
    return true;
  s->first = g_strdup (name);
  return false;
}

static int
check_empty (StkLogDirs *d, const char *path, StokerError *err)
{
  Strangers s = { NULL };
  int rc = stoker_disk_list (d->disk, path, note_stranger, &s);

  if (rc == 0 && s.first)
    (void)stoker_error_set (err, STOKER_ERROR_NOT_OURS,
                            "%s is not a log directory: it has no " META " but holds %.60s; choose another folder (log.dirs) or empty this one",
                            path, s.first);
  else if (rc < 0)
    (void)stoker_error_set (err, rc, "cannot list log directory %s: %s", path, g_strerror (-rc));
  rc = s.first || rc < 0 ? -1 : 0;
  g_free (s.first);
  return rc;
}

/* The value of `key` in the text of a properties file; g_free, NULL: not there. */
static char *
property (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  size_t n = strlen (key);

  for (char **l = lines; *l; l++) {
    char *s = g_strstrip (*l);
    if (strncmp (s, key, n) == 0 && (s[n] == '=' || s[n] == ' ')) {
      char *eq = strchr (s, '=');
      return eq ? g_strdup (g_strstrip (eq + 1)) : NULL;
    }
  }
  return NULL;
}

static int
check_meta (StkLogDirs *d, const char *path, const char *text, StokerError *err)
{
  g_autofree char *version = property (text, "version"), *id = property (text, "broker.id"), *cluster = property (text, "cluster.id");

  if (g_strcmp0 (version, "0") != 0)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS, "%s/" META " has version %.20s: a directory of a KRaft cluster cannot be used here", path,
                             version ? version : "(none)");
  if (id && g_ascii_strtoll (id, NULL, 10) != d->broker_id)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS, "%s belongs to broker %.20s, but this is broker %" PRId32 ": set broker.id or log.dirs", path, id,
                             d->broker_id);
  if (cluster && d->cluster_id && strcmp (cluster, d->cluster_id) != 0)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS, "%s belongs to cluster %.30s, another log directory or the tree to cluster %.30s", path, cluster,
                             d->cluster_id);
  if (cluster && d->cluster_id == NULL)
    d->cluster_id = g_steal_pointer (&cluster);
  return 0;
}

static int
read_meta (StkLogDirs *d, Dir *dir, StokerError *err)
{
  g_autofree char *file = in_dir (dir->path, META);
  StokerBuf text = { 0 };
  int rc = stoker_disk_read_all (d->disk, file, 65536, &text);

  if (rc == -ENOENT)
    return check_empty (d, dir->path, err);
  if (rc < 0)
    return stoker_error_set (err, rc, "cannot read %s: %s", file, g_strerror (-rc));
  stoker_buf_append (&text, "", 1);
  dir->has_meta = true;
  rc = check_meta (d, dir->path, (const char *)text.data, err);
  stoker_buf_clear (&text);
  return rc;
}

/* ---- logs */

typedef struct Search
{
  StkLogDirs *d;
  const char *dir;
  char *log;
} Search;

/* A directory called TOPIC-NUMBER. */
static bool
note_log (void *user, const char *name)
{
  Search *s = user;
  const char *dash = strrchr (name, '-');
  g_autofree char *path = NULL;
  StokerPathInfo info;

  if (dash == NULL || dash == name || dash[1] == '\0' || strspn (dash + 1, "0123456789") != strlen (dash + 1))
    return true;
  path = in_dir (s->dir, name);
  if (stoker_disk_stat (s->d->disk, path, &info) < 0 || !info.is_dir)
    return true;
  s->log = g_strdup (name);
  return false;
}

int
stk_logdirs_new_tree (StkLogDirs *d, StokerError *err)
{
  for (int i = 0; i < d->n; i++) {
    Search s = { d, d->dirs[i].path, NULL };
    if (!d->dirs[i].has_meta)
      continue;
    (void)stoker_disk_list (d->disk, s.dir, note_log, &s);
    if (s.log) {
      (void)stoker_error_set (err, STOKER_ERROR_NOT_OURS,
                              "%.150s holds logs of cluster %.30s (such as %.60s), but the coordinator's tree is new and knows none of them: "
                              "bring back that cluster's coordinator.db (coordinator.local.directory) or choose an empty folder (log.dirs)",
                              s.dir, d->cluster_id ? d->cluster_id : "(unknown)", s.log);
      g_free (s.log);
      return -1;
    }
  }
  return 0;
}

static void
see_marker (StkLogDirs *d, int i)
{
  g_autofree char *file = in_dir (d->dirs[i].path, MARKER);
  StokerPathInfo info;

  d->list[i].clean = stoker_disk_stat (d->disk, file, &info) == 0 && !stk_journal_found (d->disk, d->dirs[i].path);
}

/* The marker is taken away before a log is opened: a crash from now on is seen as one. */
static int
take_marker (StkLogDirs *d, int i, StokerError *err)
{
  g_autofree char *file = in_dir (d->dirs[i].path, MARKER);
  int rc = stoker_disk_unlink (d->disk, file);

  if (rc == 0)
    rc = stoker_disk_sync_dir (d->disk, d->dirs[i].path);
  if (rc < 0 && rc != -ENOENT)
    return stoker_error_set (err, rc, "cannot remove %s: %s", file, g_strerror (-rc));
  return 0;
}

static int
open_one (StkLogDirs *d, int i, StokerError *err)
{
  Dir *dir = &d->dirs[i];
  g_autofree char *lock = in_dir (dir->path, ".lock");
  bool fresh;
  StokerPathInfo info;
  int rc = make_path (d->disk, dir->path);

  if (rc < 0)
    return stoker_error_set (err, rc, "cannot make log directory %s: %s", dir->path, g_strerror (-rc));
  /* Looked at before the lock file is made, so that a folder of somebody else stays as it was. */
  fresh = stoker_disk_stat (d->disk, lock, &info) < 0;
  if (fresh && read_meta (d, dir, err) < 0)
    return -1;
  rc = stoker_disk_lock (d->disk, lock, &dir->lock);
  if (rc == -EAGAIN)
    return stoker_error_set (err, STOKER_ERROR_IN_USE,
                             "log directory %s is in use by a broker, or by stoker log settle or repair (its .lock is held): "
                             "stop that one, or choose another directory",
                             dir->path);
  if (rc < 0)
    return stoker_error_set (err, rc, "cannot lock %s: %s", lock, g_strerror (-rc));
  if (!fresh && read_meta (d, dir, err) < 0)
    return -1;
  d->list[i].fresh = !dir->has_meta;
  see_marker (d, i);
  return 0;
}

/* Somebody else's directory is an error of the configuration; a disk that does not work takes only its own partitions away. */
static bool
only_this_one (const StokerError *err)
{
  return err->code != STOKER_ERROR_NOT_OURS && err->code != STOKER_ERROR_IN_USE;
}

void
stk_logdirs_give_up (StkLogDirs *d, int i, const char *why)
{
  Dir *dir = &d->dirs[i];

  if (dir->unusable == NULL)
    dir->unusable = g_strdup (why);
  d->list[i].unusable = dir->unusable;
}

/* An error only when none is left. */
static int
one_less (StkLogDirs *d, int i, StokerError *err)
{
  if (!only_this_one (err))
    return -1;
  stk_logdirs_give_up (d, i, err->text);
  for (int k = 0; k < d->n; k++)
    if (d->dirs[k].unusable == NULL)
      return 0;
  return -1;
}

StkLogDirs *
stk_logdirs_open (StokerDisk *disk, const char *const *paths, int n, int32_t broker_id, StokerError *err)
{
  StkLogDirs *d = g_new0 (StkLogDirs, 1);

  d->disk = disk;
  d->broker_id = broker_id;
  d->n = n;
  d->dirs = g_new0 (Dir, n);
  d->list = g_new0 (StokerLogDir, n);
  for (int i = 0; i < n; i++) {
    d->dirs[i].path = g_strdup (paths[i]);
    d->list[i].index = i;
    d->list[i].path = d->dirs[i].path;
  }
  for (int i = 0; i < n; i++)
    if (open_one (d, i, err) < 0 && one_less (d, i, err) < 0) {
      stk_logdirs_free (d);
      return NULL;
    }
  return d;
}

const char *
stk_logdirs_cluster_id (const StkLogDirs *d)
{
  return d->cluster_id;
}

static int
bind_one (StkLogDirs *d, int i, StokerError *err)
{
  g_autofree char *file = in_dir (d->dirs[i].path, META);
  g_autofree char *text = g_strdup_printf ("#\nbroker.id=%" PRId32 "\ncluster.id=%s\nversion=0\n", d->broker_id, d->cluster_id);
  int rc;

  if (take_marker (d, i, err) < 0)
    return -1;
  if (d->dirs[i].has_meta)
    return 0;
  rc = stoker_disk_write_atomic (d->disk, file, text, strlen (text));
  if (rc < 0)
    return stoker_error_set (err, rc, "cannot write %s: %s", file, g_strerror (-rc));
  d->dirs[i].has_meta = true;
  return 0;
}

int
stk_logdirs_bind (StkLogDirs *d, const char *cluster_id, StokerError *err)
{
  if (d->cluster_id && strcmp (d->cluster_id, cluster_id) != 0)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS, "%s belongs to cluster %.30s, but the coordinator's tree is of cluster %.30s",
                             d->dirs[0].path, d->cluster_id, cluster_id);
  g_free (d->cluster_id);
  d->cluster_id = g_strdup (cluster_id);
  for (int i = 0; i < d->n; i++)
    if (d->dirs[i].unusable == NULL && bind_one (d, i, err) < 0 && one_less (d, i, err) < 0)
      return -1;
  return 0;
}

void
stk_logdirs_add_journals (StkLogDirs *d, StokerHost *host, uint64_t max_bytes)
{
  for (int i = 0; i < d->n; i++) {
    d->list[i].journal = stk_journal_new (host, i, d->dirs[i].path, max_bytes);
    stk_journal_set_owner (d->list[i].journal, &d->list[i]);
  }
}

void
stk_logdirs_on_failure (StkLogDirs *d, void (*failed) (void *core, int index, int error, const char *what), void *core)
{
  for (int i = 0; i < d->n; i++) {
    d->list[i].failed = failed;
    d->list[i].core = core;
  }
}

const StokerLogDir *
stk_logdirs_list (const StkLogDirs *d, int *n)
{
  *n = d->n;
  return d->list;
}

int
stk_logdirs_mark_clean (StkLogDirs *d, int64_t broker_epoch, StokerError *err)
{
  g_autofree char *text = g_strdup_printf ("{\"version\":0,\"brokerEpoch\":%" PRId64 "}", broker_epoch);

  for (int i = 0; i < d->n; i++) {
    g_autofree char *file = in_dir (d->dirs[i].path, MARKER);
    int rc = 0;
    if (d->dirs[i].unusable)
      continue;
    if (d->list[i].journal && stk_journal_end (d->list[i].journal, err) < 0)
      return -1;
    rc = stoker_disk_write_atomic (d->disk, file, text, strlen (text));
    if (rc < 0)
      return stoker_error_set (err, rc, "cannot write %s: %s", file, g_strerror (-rc));
  }
  return 0;
}

void
stk_logdirs_free (StkLogDirs *d)
{
  if (d == NULL)
    return;
  for (int i = 0; i < d->n; i++) {
    stk_journal_free (d->list[i].journal);
    stoker_file_unref (d->dirs[i].lock);
    g_free (d->dirs[i].path);
    g_free (d->dirs[i].unusable);
  }
  g_free (d->dirs);
  g_free (d->list);
  g_free (d->cluster_id);
  g_free (d);
}
