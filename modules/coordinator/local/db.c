/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

#include "../path.h"
#include "vfs.h"

#include <errno.h>

#define APPLICATION_ID 0x53746b72 /* "Stkr" */
#define FORMAT 1

enum
{
  PUT,
  DROP,
  SAVE,
  N_STATEMENTS
};

struct Db
{
  Vfs vfs;
  StokerFile *lock; /* the file itself */
  char *path;
  sqlite3 *sql;
  bool empty; /* has no tables yet: they come with the first commit */
  sqlite3_stmt *statements[N_STATEMENTS];
};

static const char schema[]
    = "CREATE TABLE node (path TEXT PRIMARY KEY, data BLOB, czxid INTEGER, mzxid INTEGER, pzxid INTEGER,"
      " ctime INTEGER, mtime INTEGER, version INTEGER, created INTEGER, owner INTEGER) WITHOUT ROWID;"
      "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
      "PRAGMA application_id=1400138610; PRAGMA user_version=1;";
G_STATIC_ASSERT (APPLICATION_ID == 1400138610);

static const char *const texts[N_STATEMENTS] = {
  "INSERT OR REPLACE INTO node VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
  "DELETE FROM node WHERE path=?1",
  "INSERT OR REPLACE INTO state VALUES ('zxid',?1),('sessions',?2)",
};

void
local_row_clear (Row *r)
{
  g_free (r->path);
  if (r->data)
    stoker_block_unref (r->data);
}

static int
sql_error (Db *db, const char *what, StokerError *err)
{
  int rc = sqlite3_extended_errcode (db->sql);
  const char *why
      = (rc & 0xff) == SQLITE_IOERR && db->vfs.last_errno ? g_strerror (db->vfs.last_errno) : sqlite3_errmsg (db->sql);

  if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
    return stoker_error_set (
        err, STOKER_ERROR_CORRUPT,
        "the coordinator's database %s is damaged (%s): restore it from a backup, or move it away together "
        "with the data directories to begin anew",
        db->path, why);
  return stoker_error_set (err, STOKER_ERROR_IO, "cannot %s the coordinator's database %s: %s", what, db->path, why);
}

static int
lock_file (Db *db, StokerError *err)
{
  g_autofree char *dir = g_path_get_dirname (db->path);
  StokerPathInfo info;
  int rc = db->vfs.read_only ? stoker_disk_stat (db->vfs.disk, db->path, &info) : 0;

  if (rc == -ENOENT)
    return stoker_error_set (err, rc, "there is no coordinator's database %s", db->path);
  rc = stoker_disk_lock (db->vfs.disk, db->path, &db->lock);

  if (rc == -ENOENT && (rc = stoker_disk_mkdir (db->vfs.disk, dir)) == 0)
    rc = stoker_disk_lock (db->vfs.disk, db->path, &db->lock);
  if (rc == -EAGAIN)
    return stoker_error_set (
        err, STOKER_ERROR_IN_USE,
        "the coordinator's database %s is in use by another process: stop the broker that uses it, or give "
        "this one a directory of its own",
        db->path);
  if (rc < 0)
    return stoker_error_set (err, rc, "cannot open the coordinator's database %s: %s", db->path, g_strerror (-rc));
  return 0;
}

static int
pragma (Db *db, const char *text, int64_t *out, StokerError *err)
{
  sqlite3_stmt *s = NULL;
  int rc = sqlite3_prepare_v2 (db->sql, text, -1, &s, NULL);

  if (rc == SQLITE_OK && sqlite3_step (s) == SQLITE_ROW)
    *out = sqlite3_column_int64 (s, 0);
  rc = sqlite3_finalize (s);
  return rc == SQLITE_OK ? 0 : sql_error (db, "read", err);
}

static int
exec (Db *db, const char *text, const char *what, StokerError *err)
{
  return sqlite3_exec (db->sql, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error (db, what, err);
}

/* Is what is in the file ours, and of a kind that we can read? */
static int
check_format (Db *db, StokerError *err)
{
  int64_t application = 0, format = 0, tables = 0;

  if (pragma (db, "PRAGMA application_id", &application, err) < 0
      || pragma (db, "PRAGMA user_version", &format, err) < 0
      || pragma (db, "SELECT count(*) FROM sqlite_master", &tables, err) < 0)
    return -1;
  if (application == 0 && format == 0 && tables == 0) { /* a crash came before the first commit */
    db->empty = true;
    return 0;
  }
  if (application != APPLICATION_ID)
    return stoker_error_set (err, STOKER_ERROR_NOT_OURS,
                             "%s is an SQLite database, but not a coordinator's: name another file or directory",
                             db->path);
  if (format != FORMAT)
    return stoker_error_set (
        err, STOKER_ERROR_NOT_OURS,
        "the coordinator's database %s has format %d, this Stoker reads format %d: use the version of Stoker "
        "that wrote it",
        db->path, (int)format, FORMAT);
  return 0;
}

static int
open_sql (Db *db, StokerError *err)
{
  int flags = (db->vfs.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  int64_t size = stoker_file_size (db->lock);
  int rc = sqlite3_open_v2 (db->path, &db->sql, flags, db->vfs.name);

  if (rc != SQLITE_OK)
    return db->sql ? sql_error (db, "open", err)
                   : stoker_error_set (err, STOKER_ERROR_IO, "cannot open the coordinator's database %s: no memory",
                                       db->path);
  (void)sqlite3_extended_result_codes (db->sql, 1);
  if (db->vfs.read_only) /* what a crash left in the write-ahead log stays there */
    (void)sqlite3_db_config (db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  /* Exclusive before anything else: it keeps the WAL index in this process's memory. None of these touches the file. */
  if (exec (
          db,
          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF",
          "open", err)
      < 0)
    return -1;
  db->empty = size == 0;
  return db->empty ? 0 : check_format (db, err);
}

int
local_db_open (StokerHost *host, const char *path, bool read_only, Db **out, StokerError *err)
{
  Db *db = g_new0 (Db, 1);

  db->path = g_strdup (path);
  db->vfs.disk = stoker_host_disk (host);
  db->vfs.read_only = read_only;
  if (lock_file (db, err) < 0) {
    g_free (db->path);
    g_free (db);
    return -1;
  }
  local_vfs_init (&db->vfs, host, db->lock);
  db->vfs.read_only = read_only;
  if (open_sql (db, err) < 0) {
    local_db_close (db);
    return -1;
  }
  *out = db;
  return 0;
}

void
local_db_close (Db *db)
{
  if (db == NULL)
    return;
  for (int i = 0; i < N_STATEMENTS; i++)
    (void)sqlite3_finalize (db->statements[i]);
  (void)sqlite3_close (db->sql);
  local_vfs_clear (&db->vfs);
  stoker_file_unref (db->lock);
  g_free (db->path);
  g_free (db);
}

static int
load_node (Db *db, sqlite3_stmt *s, Tree *tree, StokerError *err)
{
  const char *path = (const char *)sqlite3_column_text (s, 0);
  bool null = sqlite3_column_type (s, 1) == SQLITE_NULL;
  StokerBytes data = { (uint8_t *)(uintptr_t)sqlite3_column_blob (s, 1), (size_t)sqlite3_column_bytes (s, 1) };
  Node *n;

  if (!null && data.data == NULL)
    data.data = (uint8_t *)""; /* empty is not null */
  if (path && coord_path_ok (path, false)) {
    n = local_node_new (coord_path_name (path), local_block_copy (data));
    n->czxid = sqlite3_column_int64 (s, 2);
    n->mzxid = sqlite3_column_int64 (s, 3);
    n->pzxid = sqlite3_column_int64 (s, 4);
    n->ctime_ms = sqlite3_column_int64 (s, 5);
    n->mtime_ms = sqlite3_column_int64 (s, 6);
    n->version = sqlite3_column_int (s, 7);
    n->created = (uint32_t)sqlite3_column_int64 (s, 8);
    n->owner = sqlite3_column_int64 (s, 9);
    if (local_tree_restore (tree, path, n))
      return 0;
    local_node_free (n);
  }
  return stoker_error_set (err, STOKER_ERROR_CORRUPT,
                           "the coordinator's database %s is damaged (node %s stands alone): restore it from a backup",
                           db->path, path ? path : "without a path");
}

int
local_db_load (Db *db, Tree *tree, int64_t *sessions, StokerError *err)
{
  sqlite3_stmt *s = NULL;
  int rc = 0, step;

  if (db->empty)
    return 0;
  if (pragma (db, "SELECT value FROM state WHERE name='zxid'", &tree->zxid, err) < 0
      || pragma (db, "SELECT value FROM state WHERE name='sessions'", sessions, err) < 0)
    return -1;
  if (sqlite3_prepare_v2 (db->sql, "SELECT * FROM node ORDER BY path", -1, &s, NULL) != SQLITE_OK)
    return sql_error (db, "read", err);
  while (rc == 0 && (step = sqlite3_step (s)) != SQLITE_DONE)
    rc = step == SQLITE_ROW ? load_node (db, s, tree, err) : sql_error (db, "read", err);
  (void)sqlite3_finalize (s);
  return rc;
}

/* Makes a new file a WAL database. SQLite's own way takes four flushes; here nothing can be lost yet, so that one is
 * enough: before the first commit is acknowledged, the file's first page (which says that there is a WAL) is on disk;
 * the first flush of the WAL takes the directory with both names along. */
static int
create (Db *db, StokerError *err)
{
  int rc;

  if (exec (db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            "create", err)
      < 0)
    return -1;
  rc = stoker_file_sync (db->lock);
  if (rc < 0)
    return stoker_error_set (err, rc, "cannot create the coordinator's database %s: %s", db->path, g_strerror (-rc));
  return 0;
}

static int
prepare (Db *db, StokerError *err)
{
  for (int i = 0; i < N_STATEMENTS; i++)
    if (db->statements[i] == NULL
        && sqlite3_prepare_v3 (db->sql, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL) != SQLITE_OK)
      return sql_error (db, "write", err);
  return 0;
}

static int
run (Db *db, sqlite3_stmt *s, StokerError *err)
{
  int rc = sqlite3_step (s);

  (void)sqlite3_reset (s);
  return rc == SQLITE_DONE ? 0 : sql_error (db, "write", err);
}

static int
write_row (Db *db, const Row *r, StokerError *err)
{
  sqlite3_stmt *s = db->statements[r->gone ? DROP : PUT];
  StokerBytes data = local_block_bytes (r->data);

  (void)sqlite3_bind_text (s, 1, r->path, -1, SQLITE_STATIC);
  if (!r->gone) {
    if (data.data)
      (void)sqlite3_bind_blob (s, 2, data.len ? (const void *)data.data : "", (int)data.len, SQLITE_STATIC);
    else
      (void)sqlite3_bind_null (s, 2);
    (void)sqlite3_bind_int64 (s, 3, r->czxid);
    (void)sqlite3_bind_int64 (s, 4, r->mzxid);
    (void)sqlite3_bind_int64 (s, 5, r->pzxid);
    (void)sqlite3_bind_int64 (s, 6, r->ctime_ms);
    (void)sqlite3_bind_int64 (s, 7, r->mtime_ms);
    (void)sqlite3_bind_int (s, 8, r->version);
    (void)sqlite3_bind_int64 (s, 9, r->created);
    (void)sqlite3_bind_int64 (s, 10, r->owner);
  }
  return run (db, s, err);
}

static int
write_rows (Db *db, const Row *rows, size_t n, int64_t zxid, int64_t sessions, StokerError *err)
{
  if (exec (db, "BEGIN", "write", err) < 0 || (db->empty && exec (db, schema, "create", err) < 0)
      || prepare (db, err) < 0)
    return -1;
  for (size_t i = 0; i < n; i++)
    if (write_row (db, &rows[i], err) < 0)
      return -1;
  (void)sqlite3_bind_int64 (db->statements[SAVE], 1, zxid);
  (void)sqlite3_bind_int64 (db->statements[SAVE], 2, sessions);
  if (run (db, db->statements[SAVE], err) < 0)
    return -1;
  return exec (db, "COMMIT", "write", err);
}

DbResult
local_db_write (Db *db, const Row *rows, size_t n, int64_t zxid, int64_t sessions, StokerError *err)
{
  int code;

  db->vfs.last_errno = 0;
  if ((!db->empty || create (db, err) == 0) && write_rows (db, rows, n, zxid, sessions, err) == 0) {
    db->empty = false;
    return DB_OK;
  }
  code = err->code == -ENOSPC ? SQLITE_FULL : sqlite3_errcode (db->sql) & 0xff;
  if (!sqlite3_get_autocommit (db->sql))
    (void)sqlite3_exec (db->sql, "ROLLBACK", NULL, NULL, NULL);
  for (int i = 0; i < N_STATEMENTS; i++) /* some may speak of tables that the rollback took away */
    g_clear_pointer (&db->statements[i], sqlite3_finalize);
  return code == SQLITE_FULL ? DB_FULL : DB_BROKEN;
}
