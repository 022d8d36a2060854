/* SPDX-License-Identifier: Apache-2.0
 *
 * A log directory: its own files, its journal, its partitions.
 */
#include "config.h"

#include "cli/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* ---- is a broker at it? */

static bool
is_locked (const char *dir)
{
  g_autofree char *path = g_build_filename (dir, ".lock", NULL);
  struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  bool locked;

  if (fd < 0)
    return false;
  locked = fcntl (fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
  close (fd);
  return locked;
}

static bool
exists (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

void
verify_look_at (Verify *v, const char *dir)
{
  bool journal = exists (dir, "stoker.journal");

  v->online = is_locked (dir);
  v->clean = !v->online && !journal && exists (dir, ".kafka_cleanshutdown");
  v->unclean |= journal && !v->online;
  verify_unsettled_free (v->unsettled);
  v->unsettled = journal && !v->online ? verify_unsettled_new (v, dir) : NULL;
}

/* ---- a log directory */

typedef struct Directory
{
  const char *path;
  GHashTable *marks; /* "topic-partition" -> VerifyMarks */
} Directory;

static void
check_small (Verify *v, void *user)
{
  static const struct
  {
    const char *name;
    int field; /* -1: not held against the logs */
  } checkpoints[] = { { "recovery-point-offset-checkpoint", offsetof (VerifyMarks, recovery) },
                      { "log-start-offset-checkpoint", offsetof (VerifyMarks, start) },
                      { "replication-offset-checkpoint", offsetof (VerifyMarks, hw) },
                      { "cleaner-offset-checkpoint", -1 } };
  Directory *d = user;
  g_autofree char *meta = g_build_filename (d->path, "meta.properties", NULL);

  g_hash_table_remove_all (d->marks);
  for (gsize i = 0; i < G_N_ELEMENTS (checkpoints); i++) {
    g_autofree char *path = g_build_filename (d->path, checkpoints[i].name, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      verify_checkpoint (v, path, checkpoints[i].field < 0 ? NULL : d->marks, (size_t)MAX (checkpoints[i].field, 0));
  }
  if (g_file_test (meta, G_FILE_TEST_EXISTS))
    verify_meta_properties (v, meta);
}

/* "topic-7", also one that is moved or stray; not one that is being deleted. */
static bool
is_partition (const char *name)
{
  const char *dash = strrchr (name, '-');

  if (g_str_has_suffix (name, "-delete") || dash == NULL || dash == name)
    return false;
  return strcmp (dash, "-future") == 0 || strcmp (dash, "-stray") == 0
         || (dash[1] && strspn (dash + 1, "0123456789") == strlen (dash + 1));
}

bool
verify_is_partition (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (verify_base_offset (name) >= 0 || strcmp (name, "partition.metadata") == 0)
      return true;
  return false;
}

bool
verify_is_directory (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  if (exists (path, "meta.properties") || exists (path, "stoker.journal"))
    return true;
  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *folder = g_build_filename (path, name, NULL);
    if (g_str_has_suffix (name, "-offset-checkpoint") || (is_partition (name) && verify_is_partition (folder)))
      return true;
  }
  return false;
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

int
verify_directory (Verify *v, const char *path)
{
  g_autoptr (GHashTable) marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autofree char *journal = g_build_filename (path, "stoker.journal", NULL);
  Directory d = { path, marks };
  const char *name;

  if (dir == NULL) {
    verify_unread (v, path, EACCES);
    return CLI_USAGE;
  }
  while ((name = g_dir_read_name (dir)) != NULL)
    if (is_partition (name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, by_name);
  v->counts.directories++;
  verify_try (v, check_small, &d);
  if (g_file_test (journal, G_FILE_TEST_IS_DIR))
    verify_journal (v, journal);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *folder = g_build_filename (path, names->pdata[i], NULL);
    if (g_file_test (folder, G_FILE_TEST_IS_DIR))
      verify_partition (v, folder, g_hash_table_lookup (marks, names->pdata[i]));
  }
  return CLI_OK;
}
