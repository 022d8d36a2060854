/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/clean_marks.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#define FILE_MAX (64u << 20)

typedef struct Mark
{
  int dir;
  int64_t offset;
} Mark;

struct StkCleanMarks
{
  StokerDisk *disk;
  GMutex lock, writing;
  GHashTable *marks; /* "topic partition" -> Mark */
  GPtrArray *paths;  /* of the files, by directory; NULL: not loaded */
};

StkCleanMarks *
stk_clean_marks_new (StokerDisk *disk)
{
  StkCleanMarks *m = g_new0 (StkCleanMarks, 1);

  m->disk = disk;
  g_mutex_init (&m->lock);
  g_mutex_init (&m->writing);
  m->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  m->paths = g_ptr_array_new_with_free_func (g_free);
  return m;
}

void
stk_clean_marks_free (StkCleanMarks *m)
{
  if (m == NULL)
    return;
  g_hash_table_unref (m->marks);
  g_ptr_array_unref (m->paths);
  g_mutex_clear (&m->lock);
  g_mutex_clear (&m->writing);
  g_free (m);
}

static char *
key_of (const char *topic, int32_t partition)
{
  return g_strdup_printf ("%s %" PRId32, topic, partition);
}

static bool
parse_line (const char *line, char **key, int64_t *offset)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  gint64 partition;

  if (g_strv_length (words) != 3 || !g_ascii_string_to_signed (words[1], 10, 0, INT32_MAX, &partition, NULL)
      || !g_ascii_string_to_signed (words[2], 10, 0, INT64_MAX, offset, NULL))
    return false;
  *key = key_of (words[0], (int32_t)partition);
  return true;
}

/* All or nothing of it. */
static int
parse (StkCleanMarks *m, int dir, const char *path, char *text, StokerError *err)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  guint n = g_strv_length (lines);
  GHashTableIter it;
  void *key, *value;
  guint64 count = 0;

  if (n < 2 || !g_str_equal (lines[0], "0") || !g_ascii_string_to_unsigned (lines[1], 10, 0, n - 2, &count, NULL))
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s: not a checkpoint of version 0", path);
  for (guint64 i = 0; i < count; i++) {
    char *name;
    Mark mark = { .dir = dir };
    if (!parse_line (lines[i + 2], &name, &mark.offset))
      return stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s:%u: not an entry", path, (unsigned)i + 3);
    g_hash_table_replace (found, name, g_memdup2 (&mark, sizeof mark));
  }
  g_mutex_lock (&m->lock);
  g_hash_table_iter_init (&it, found);
  while (g_hash_table_iter_next (&it, &key, &value))
    g_hash_table_replace (m->marks, g_strdup (key), g_memdup2 (value, sizeof (Mark)));
  g_mutex_unlock (&m->lock);
  return 0;
}

int
stk_clean_marks_load (StkCleanMarks *m, int dir, const char *path, StokerError *err)
{
  char *file = g_build_filename (path, "cleaner-offset-checkpoint", NULL);
  StokerBuf b = { 0 };
  int rc;

  g_mutex_lock (&m->lock);
  if ((guint)dir >= m->paths->len)
    g_ptr_array_set_size (m->paths, dir + 1);
  g_free (m->paths->pdata[dir]);
  m->paths->pdata[dir] = file;
  g_mutex_unlock (&m->lock);
  rc = stoker_disk_read_all (m->disk, file, FILE_MAX, &b);
  if (rc == 0) {
    stoker_buf_append (&b, "", 1);
    rc = parse (m, dir, file, (char *)b.data, err);
  } else if (rc != -ENOENT) {
    rc = stoker_error_set (err, STOKER_ERROR_IO, "cannot read %s: %s", file, g_strerror (-rc));
  } else {
    rc = 0;
  }
  stoker_buf_clear (&b);
  return rc;
}

int64_t
stk_clean_marks_get (StkCleanMarks *m, const char *topic, int32_t partition)
{
  g_autofree char *key = key_of (topic, partition);
  int64_t offset = -1;
  Mark *mark;

  g_mutex_lock (&m->lock);
  mark = g_hash_table_lookup (m->marks, key);
  if (mark)
    offset = mark->offset;
  g_mutex_unlock (&m->lock);
  return offset;
}

void
stk_clean_marks_forget (StkCleanMarks *m, const char *topic, int32_t partition)
{
  g_autofree char *key = key_of (topic, partition);

  g_mutex_lock (&m->lock);
  g_hash_table_remove (m->marks, key);
  g_mutex_unlock (&m->lock);
}

/* The text of the directory's file; its path, NULL: there is none. Lock held. */
static char *
text_of (StkCleanMarks *m, int dir, StokerBuf *b)
{
  GHashTableIter it;
  void *key, *value;
  unsigned n = 0;

  if (dir < 0 || (guint)dir >= m->paths->len || m->paths->pdata[dir] == NULL)
    return NULL;
  g_hash_table_iter_init (&it, m->marks);
  while (g_hash_table_iter_next (&it, &key, &value))
    n += ((Mark *)value)->dir == dir;
  stoker_buf_printf (b, "0\n%u\n", n);
  g_hash_table_iter_init (&it, m->marks);
  while (g_hash_table_iter_next (&it, &key, &value))
    if (((Mark *)value)->dir == dir)
      stoker_buf_printf (b, "%s %" PRId64 "\n", (const char *)key, ((Mark *)value)->offset);
  return g_strdup (m->paths->pdata[dir]);
}

int
stk_clean_marks_set (StkCleanMarks *m, const char *topic, int32_t partition, int dir, int64_t offset, StokerError *err)
{
  Mark mark = { dir, offset };
  g_autofree char *path = NULL;
  StokerBuf b = { 0 };
  int rc = 0;

  g_mutex_lock (&m->writing);
  g_mutex_lock (&m->lock);
  g_hash_table_replace (m->marks, key_of (topic, partition), g_memdup2 (&mark, sizeof mark));
  path = text_of (m, dir, &b);
  g_mutex_unlock (&m->lock);
  if (path)
    rc = stoker_disk_write_atomic (m->disk, path, b.data, b.len);
  g_mutex_unlock (&m->writing);
  stoker_buf_clear (&b);
  return rc < 0 ? stoker_error_set (err, STOKER_ERROR_IO, "cannot write %s: %s", path, g_strerror (-rc)) : 0;
}
