/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "replay.h"

#include "record.h"

#include <stoker/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct Replay
{
  StkWorld *machine;
  int fd;
  uint64_t at;
  GHashTable *files;   /* inode number -> StokerFile */
  GHashTable *flushes; /* their numbers -> Flush */
  bool kind; /* another broker is not measured by what POSIX leaves open: a flush keeps all names, as ext4's does */
};

typedef struct Flush
{
  StkSimMoment begun;
  bool all;
  StokerFile *file; /* or */
  char *folder;
} Flush;

static void
flush_free (void *p)
{
  Flush *f = p;

  stoker_file_unref (f->file);
  g_free (f->folder);
  g_free (f);
}

static void
file_drop (void *f)
{
  stoker_file_unref (f);
}

Replay *
replay_new (StkWorld *machine, const char *record)
{
  Replay *r = g_new0 (Replay, 1);

  r->machine = machine;
  r->kind = g_getenv ("STOKER_SHIM_BROKER") != NULL;
  r->fd = open (record, O_RDONLY | O_CREAT | O_CLOEXEC, 0640);
  if (r->fd < 0)
    g_error ("%s: %s", record, g_strerror (errno));
  r->files = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, file_drop);
  r->flushes = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, flush_free);
  return r;
}

void
replay_free (Replay *r)
{
  g_hash_table_unref (r->files);
  g_hash_table_unref (r->flushes);
  close (r->fd);
  g_free (r);
}

uint64_t
replay_end (const Replay *r)
{
  struct stat st;

  return fstat (r->fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

uint64_t
replay_at (const Replay *r)
{
  return r->at;
}

static void
read_at (const Replay *r, void *to, size_t len, uint64_t at)
{
  for (size_t done = 0; done < len;) {
    ssize_t n = pread (r->fd, (char *)to + done, len - done, (off_t)(at + done));
    if (n <= 0)
      g_error ("the record ends at %" G_GUINT64_FORMAT, at + done);
    done += (size_t)n;
  }
}

uint64_t
replay_count (const Replay *r, uint64_t end)
{
  uint64_t n = 0, at = r->at;
  ShimEntry e;

  /* The last one may be on its way into the file. */
  for (; at + sizeof e <= end; at += e.bytes, n++) {
    read_at (r, &e, sizeof e, at);
    if (e.bytes < sizeof e)
      g_error ("no entry at %" G_GUINT64_FORMAT, at);
    if (at + e.bytes > end)
      break;
  }
  return n;
}

/* ---- one entry */

static void
must (const Replay *r, int rc, const char *what, const char *name)
{
  if (rc < 0)
    g_error ("the record does not fit at %" G_GUINT64_FORMAT ": %s %s: %s", r->at, what, name, g_strerror (-rc));
}

static StokerFile *
file_of (const Replay *r, const ShimEntry *e)
{
  StokerFile *f = g_hash_table_lookup (r->files, &e->file);

  if (f == NULL)
    g_error ("the record does not fit at %" G_GUINT64_FORMAT ": nobody opened file %" G_GUINT64_FORMAT, r->at, e->file);
  return f;
}

static void
do_open (Replay *r, const ShimEntry *e, const char *name)
{
  unsigned flags = STOKER_OPEN_WRITE | (e->at & SHIM_OPEN_CREATE ? STOKER_OPEN_CREATE : 0)
                   | (e->at & SHIM_OPEN_TRUNCATE ? STOKER_OPEN_TRUNCATE : 0);
  StokerFile *f = NULL;

  must (r, stoker_file_open (stk_world_disk (r->machine), name, flags, &f), "open", name);
  g_hash_table_replace (r->files, g_memdup2 (&e->file, sizeof e->file), f);
}

static void
do_flush (Replay *r, const ShimEntry *e, const char *name)
{
  Flush *f = g_new0 (Flush, 1);

  f->begun = stk_sim_moment (r->machine);
  if (e->kind == SHIM_SYNC_ALL)
    f->all = true;
  else if (e->bytes > sizeof *e)
    f->folder = g_strdup (name);
  else
    f->file = stoker_file_ref (file_of (r, e));
  g_hash_table_replace (r->flushes, g_memdup2 (&e->at, sizeof e->at), f);
}

static void
do_flushed (Replay *r, const ShimEntry *e)
{
  const Flush *f = g_hash_table_lookup (r->flushes, &e->at);

  if (f == NULL)
    g_error ("the record does not fit at %" G_GUINT64_FORMAT ": a flush that did not begin", r->at);
  if (r->kind)
    stk_sim_sync_names_as_of (r->machine, f->begun);
  if (f->folder)
    stk_sim_sync_dir_as_of (r->machine, f->folder, f->begun);
  else
    stk_sim_sync_as_of (r->machine, f->all ? NULL : f->file, f->begun);
  g_hash_table_remove (r->flushes, &e->at);
}

static void
do_entry (Replay *r, const ShimEntry *e, const char *rest)
{
  StokerDisk *d = stk_world_disk (r->machine);
  size_t len = e->bytes - sizeof *e;
  const char *to = rest + strlen (rest) + 1; /* there is a NUL behind it */

  switch ((ShimKind)e->kind) {
  case SHIM_BOOT:
    g_hash_table_remove_all (r->flushes);
    break;
  case SHIM_OPEN:
    do_open (r, e, rest);
    break;
  case SHIM_WRITE:
    must (r, stoker_file_pwrite (file_of (r, e), rest, len, e->at), "write", "");
    break;
  case SHIM_SIZE:
    must (r, stoker_file_truncate (file_of (r, e), e->at), "truncate", "");
    break;
  case SHIM_SYNC:
  case SHIM_SYNC_ALL:
    do_flush (r, e, rest);
    break;
  case SHIM_SYNCED:
    do_flushed (r, e);
    break;
  case SHIM_RENAME:
    must (r, stoker_disk_rename (d, rest, to), "rename", rest);
    break;
  case SHIM_LINK:
    must (r, stk_sim_link (r->machine, rest, to), "link", rest);
    break;
  case SHIM_UNLINK:
    must (r, stoker_disk_unlink (d, rest), "unlink", rest);
    break;
  case SHIM_MKDIR:
    must (r, stoker_disk_mkdir (d, rest), "mkdir", rest);
    break;
  case SHIM_RMDIR:
    must (r, stoker_disk_rmdir (d, rest), "rmdir", rest);
    break;
  case SHIM_NOTE:
    break;
  default:
    g_error ("entry of kind %u at %" G_GUINT64_FORMAT, e->kind, r->at);
  }
}

void
replay_step (Replay *r, uint64_t n)
{
  for (; n > 0; n--) {
    ShimEntry e;
    g_autofree char *rest = NULL;

    read_at (r, &e, sizeof e, r->at);
    rest = g_malloc (e.bytes - sizeof e + 2);
    read_at (r, rest, e.bytes - sizeof e, r->at + sizeof e);
    rest[e.bytes - sizeof e] = rest[e.bytes - sizeof e + 1] = '\0';
    do_entry (r, &e, rest);
    r->at += e.bytes;
  }
}

/* ---- the whole disk */

static bool
name_seen (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

static GPtrArray *
list (StokerDisk *d, const char *dir)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  if (stoker_disk_list (d, dir, name_seen, names) < 0)
    g_error ("%s cannot be listed", dir);
  return names;
}

static GByteArray *
content (StokerDisk *d, const char *path, uint64_t size)
{
  GByteArray *a = g_byte_array_new ();
  StokerFile *f;

  if (stoker_file_open (d, path, 0, &f) < 0)
    g_error ("%s cannot be opened", path);
  g_byte_array_set_size (a, (guint)size);
  if (stoker_file_pread (f, a->data, size, 0) != (ssize_t)size)
    g_error ("%s cannot be read", path);
  stoker_file_unref (f);
  return a;
}

/* Holes stay holes. */
static void
write_file (const char *path, const GByteArray *a)
{
  static const uint8_t zeros[4096];
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

  if (fd < 0 || ftruncate (fd, a->len) < 0)
    g_error ("%s: %s", path, g_strerror (errno));
  for (guint at = 0; at < a->len; at += 4096) {
    guint n = MIN (a->len - at, 4096);
    if (memcmp (a->data + at, zeros, n) != 0 && pwrite (fd, a->data + at, n, at) != (ssize_t)n)
      g_error ("%s: %s", path, g_strerror (errno));
  }
  close (fd);
}

static void
write_out (StokerDisk *d, const char *from, const char *to)
{
  g_autoptr (GPtrArray) names = list (d, from);

  if (g_mkdir (to, 0750) < 0)
    g_error ("%s: %s", to, g_strerror (errno));
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *a = g_build_filename (from, g_ptr_array_index (names, i), NULL);
    g_autofree char *b = g_build_filename (to, g_ptr_array_index (names, i), NULL);
    StokerPathInfo info;

    if (stoker_disk_stat (d, a, &info) < 0)
      g_error ("%s is not there", a);
    if (info.is_dir) {
      write_out (d, a, b);
    } else {
      g_autoptr (GByteArray) bytes = content (d, a, info.size);
      write_file (b, bytes);
    }
  }
}

void
replay_write_out (StkWorld *machine, const char *folder)
{
  write_out (stk_world_disk (machine), "/", folder);
}

static char *
compare_file (const GByteArray *a, const char *path)
{
  g_autofree char *b = NULL;
  gsize len;

  if (!g_file_get_contents (path, &b, &len, NULL))
    return g_strdup_printf ("%s is not there", path);
  for (gsize at = 0; at < MIN (len, a->len); at++)
    if (a->data[at] != (uint8_t)b[at])
      return g_strdup_printf ("%s differs at %zu of %zu bytes", path, at, len);
  return len == a->len ? NULL : g_strdup_printf ("%s has %zu bytes, not %u", path, len, a->len);
}

static char *
compare (StokerDisk *d, const char *from, const char *to)
{
  g_autoptr (GPtrArray) names = list (d, from);
  g_autoptr (GDir) dir = g_dir_open (to, 0, NULL);
  const char *name;
  char *why = NULL;

  while (dir && (name = g_dir_read_name (dir)))
    if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      return g_strdup_printf ("%s/%s was not recorded", to, name);
  for (guint i = 0; i < names->len && why == NULL; i++) {
    g_autofree char *a = g_build_filename (from, g_ptr_array_index (names, i), NULL);
    g_autofree char *b = g_build_filename (to, g_ptr_array_index (names, i), NULL);
    StokerPathInfo info;

    if (stoker_disk_stat (d, a, &info) < 0)
      g_error ("%s is not there", a);
    if (info.is_dir) {
      why = compare (d, a, b);
    } else {
      g_autoptr (GByteArray) bytes = content (d, a, info.size);
      why = compare_file (bytes, b);
    }
  }
  return why;
}

char *
replay_compare (StkWorld *machine, const char *folder)
{
  return compare (stk_world_disk (machine), "/", folder);
}
