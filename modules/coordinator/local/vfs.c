/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs.h"

#include <errno.h>
#include <glib.h>

typedef struct VfsFile
{
  sqlite3_file base; /* first */
  Vfs *vfs;
  StokerFile *file; /* NULL: one that is not there, of a database that is only read */
  char *unlink;  /* path to delete when closed */
  char *dirsync; /* made just now: its directory is flushed with the first flush */
} VfsFile;

static int
fail (Vfs *v, int rc, int code)
{
  v->last_errno = -rc;
  return rc == -ENOSPC || rc == -EDQUOT ? SQLITE_FULL : code;
}

static int
file_close (sqlite3_file *base)
{
  VfsFile *f = (VfsFile *)base;

  if (f->file)
    stoker_file_unref (f->file);
  if (f->unlink)
    (void)stoker_disk_unlink (f->vfs->disk, f->unlink);
  g_free (f->unlink);
  g_free (f->dirsync);
  return SQLITE_OK;
}

static int
file_read (sqlite3_file *base, void *to, int n, sqlite3_int64 pos)
{
  VfsFile *f = (VfsFile *)base;
  ssize_t got = f->file ? stoker_file_pread (f->file, to, (size_t)n, (uint64_t)pos) : 0;

  if (got < 0)
    return fail (f->vfs, (int)got, SQLITE_IOERR_READ);
  if (got == n)
    return SQLITE_OK;
  memset ((char *)to + got, 0, (size_t)(n - got)); /* SQLite asks for that */
  return SQLITE_IOERR_SHORT_READ;
}

static int
file_write (sqlite3_file *base, const void *from, int n, sqlite3_int64 pos)
{
  VfsFile *f = (VfsFile *)base;
  int rc = f->vfs->read_only ? -EROFS : stoker_file_pwrite (f->file, from, (size_t)n, (uint64_t)pos);

  return rc < 0 ? fail (f->vfs, rc, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int
file_truncate (sqlite3_file *base, sqlite3_int64 size)
{
  VfsFile *f = (VfsFile *)base;
  int rc = f->vfs->read_only ? -EROFS : stoker_file_truncate (f->file, (uint64_t)size);

  return rc < 0 ? fail (f->vfs, rc, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int
sync_dir_of (Vfs *v, const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path);

  return stoker_disk_sync_dir (v->disk, dir);
}

static int
file_sync (sqlite3_file *base, int flags)
{
  VfsFile *f = (VfsFile *)base;
  int rc = f->vfs->read_only ? 0 : stoker_file_sync (f->file);

  if (rc == 0 && f->dirsync) {
    rc = sync_dir_of (f->vfs, f->dirsync);
    g_clear_pointer (&f->dirsync, g_free);
  }
  return rc < 0 ? fail (f->vfs, rc, SQLITE_IOERR_FSYNC) : SQLITE_OK;
}

static int
file_size (sqlite3_file *base, sqlite3_int64 *out)
{
  VfsFile *f = (VfsFile *)base;
  int64_t size = f->file ? stoker_file_size (f->file) : 0;

  if (size < 0)
    return fail (f->vfs, (int)size, SQLITE_IOERR_FSTAT);
  *out = size;
  return SQLITE_OK;
}

/* The lock that counts was taken before SQLite came. */
static int
file_lock (sqlite3_file *base, int level)
{
  return SQLITE_OK;
}

static int
file_check_lock (sqlite3_file *base, int *out)
{
  *out = 0;
  return SQLITE_OK;
}

static int
file_control (sqlite3_file *base, int op, void *arg)
{
  return SQLITE_NOTFOUND;
}

static int
file_sector_size (sqlite3_file *base)
{
  return 4096;
}

static int
file_characteristics (sqlite3_file *base)
{
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods file_methods = {
  .iVersion = 1,
  .xClose = file_close,
  .xRead = file_read,
  .xWrite = file_write,
  .xTruncate = file_truncate,
  .xSync = file_sync,
  .xFileSize = file_size,
  .xLock = file_lock,
  .xUnlock = file_lock,
  .xCheckReservedLock = file_check_lock,
  .xFileControl = file_control,
  .xSectorSize = file_sector_size,
  .xDeviceCharacteristics = file_characteristics,
};

static int
vfs_open (sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
  Vfs *v = (Vfs *)base;
  VfsFile *f = (VfsFile *)file;
  StokerPathInfo info;
  unsigned how = flags & SQLITE_OPEN_READWRITE ? STOKER_OPEN_WRITE : STOKER_OPEN_READ;
  int rc;

  memset (f, 0, sizeof *f);
  if (path == NULL) /* a temporary file: temp_store says memory, so nobody asks */
    return SQLITE_CANTOPEN;
  f->vfs = v;
  if (flags & SQLITE_OPEN_MAIN_DB)
    f->file = stoker_file_ref (v->main);
  else if (v->read_only) {
    rc = stoker_file_open (v->disk, path, STOKER_OPEN_READ, &f->file);
    if (rc < 0 && !(rc == -ENOENT && (flags & SQLITE_OPEN_WAL)))
      return fail (v, rc, SQLITE_CANTOPEN);
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  } else {
    bool fresh = (flags & SQLITE_OPEN_CREATE) && stoker_disk_stat (v->disk, path, &info) == -ENOENT;
    rc = stoker_file_open (v->disk, path, how | (flags & SQLITE_OPEN_CREATE ? STOKER_OPEN_CREATE : 0), &f->file);
    if (rc < 0)
      return fail (v, rc, SQLITE_CANTOPEN);
    f->dirsync = fresh ? g_strdup (path) : NULL;
    f->unlink = flags & SQLITE_OPEN_DELETEONCLOSE ? g_strdup (path) : NULL;
  }
  f->base.pMethods = &file_methods;
  if (out_flags)
    *out_flags = flags;
  return SQLITE_OK;
}

static int
vfs_delete (sqlite3_vfs *base, const char *path, int sync_dir)
{
  Vfs *v = (Vfs *)base;
  int rc = v->read_only ? -EROFS : stoker_disk_unlink (v->disk, path);

  if (rc == -ENOENT)
    return SQLITE_IOERR_DELETE_NOENT;
  if (rc == 0 && sync_dir)
    rc = sync_dir_of (v, path);
  return rc < 0 ? fail (v, rc, SQLITE_IOERR_DELETE) : SQLITE_OK;
}

static int
vfs_access (sqlite3_vfs *base, const char *path, int flags, int *out)
{
  Vfs *v = (Vfs *)base;
  StokerPathInfo info;

  /* An empty file counts as none: SQLite asks this of journals that it may have to play back. */
  *out = stoker_disk_stat (v->disk, path, &info) == 0 && info.size > 0;
  return SQLITE_OK;
}

static int
vfs_full_path (sqlite3_vfs *base, const char *path, int n, char *out)
{
  return g_strlcpy (out, path, (gsize)n) < (gsize)n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
vfs_randomness (sqlite3_vfs *base, int n, char *out)
{
  Vfs *v = (Vfs *)base;

  for (int i = 0; i < n; i += 8) {
    uint64_t r = stoker_host_random (v->host);
    memcpy (out + i, &r, (size_t)MIN (8, n - i));
  }
  return n;
}

static int
vfs_sleep (sqlite3_vfs *base, int us)
{
  return us; /* nobody else has the database, so there is nothing to wait for */
}

static int
vfs_time (sqlite3_vfs *base, sqlite3_int64 *out)
{
  *out = stoker_host_now_ms (((Vfs *)base)->host) + INT64_C (210866760000000); /* Julian day of 1970, in ms */
  return SQLITE_OK;
}

static int
vfs_last_error (sqlite3_vfs *base, int n, char *out)
{
  return ((Vfs *)base)->last_errno;
}

void
local_vfs_init (Vfs *v, StokerHost *host, StokerFile *main)
{
  memset (v, 0, sizeof *v);
  v->host = host;
  v->disk = stoker_host_disk (host);
  v->main = main;
  g_snprintf (v->name, sizeof v->name, "stoker-%p", (void *)v); /* as unique as its address */
  v->base = (sqlite3_vfs){
    .iVersion = 2,
    .szOsFile = sizeof (VfsFile),
    .mxPathname = 4096,
    .zName = v->name,
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xGetLastError = vfs_last_error,
    .xCurrentTimeInt64 = vfs_time,
  };
  (void)sqlite3_vfs_register (&v->base, 0);
}

void
local_vfs_clear (Vfs *v)
{
  (void)sqlite3_vfs_unregister (&v->base);
}
