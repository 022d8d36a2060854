/* SPDX-License-Identifier: Apache-2.0
 *
 * Kafka's small text files: checkpoints (a version, a count, that many lines) and partition.metadata.
 */
#include "checkpoint.h"

#include <errno.h>
#include <string.h>

/* 10,000 partitions with long names make about 3 MB. */
#define CHECKPOINT_MAX (256u << 20)

static int
damaged (StokerError *err, const char *path, unsigned line, const char *what)
{
  stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s:%u: %s", path, line, what);
  return -EINVAL;
}

static bool
is_entry (const char *line, unsigned columns)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  if (g_strv_length (words) != columns)
    return false;
  for (unsigned w = columns == 3; w < columns; w++) /* the topic is no number */
    if (!g_ascii_string_to_signed (words[w], 10, INT64_MIN, INT64_MAX, NULL, NULL))
      return false;
  return true;
}

static int
parse (char *text, const char *path, unsigned columns, void (*each) (void *user, char **words), void *user,
       StokerError *err)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  guint64 count;

  if (n < 2 || strcmp (lines[0], "0") != 0)
    return damaged (err, path, 1, "not a checkpoint of version 0");
  if (!g_ascii_string_to_unsigned (lines[1], 10, 0, INT32_MAX, &count, NULL))
    return damaged (err, path, 2, "no count of entries");
  if (count + 2 > n)
    return damaged (err, path, n, "fewer entries than it announces");
  for (guint64 i = 0; i < count; i++)
    if (!is_entry (lines[i + 2], columns))
      return damaged (err, path, (unsigned)i + 3, "not an entry");
  for (guint64 i = 0; i < count; i++) { /* all of it is good, so that none of a damaged one is used */
    g_auto (GStrv) words = g_strsplit (lines[i + 2], " ", -1);
    each (user, words);
  }
  return 0;
}

int
seg_checkpoint_read (StokerDisk *disk, const char *path, unsigned columns, void (*each) (void *user, char **words),
                     void *user, StokerError *err)
{
  StokerBuf b = { 0 };
  int rc = stoker_disk_read_all (disk, path, CHECKPOINT_MAX, &b);

  if (rc < 0) {
    if (rc != -ENOENT)
      stoker_error_set (err, STOKER_ERROR_IO, "%s: %s", path, g_strerror (-rc));
  } else {
    stoker_buf_append (&b, "", 1);
    rc = parse ((char *)b.data, path, columns, each, user, err);
  }
  stoker_buf_clear (&b);
  return rc;
}

void
seg_checkpoint_begin (StokerBuf *b, size_t n)
{
  stoker_buf_printf (b, "0\n%zu\n", n);
}

int
seg_metadata_read (StokerDisk *disk, const char *dir, StokerUuid *out)
{
  g_autofree char *path = g_build_filename (dir, "partition.metadata", NULL);
  StokerBuf b = { 0 };
  int rc = stoker_disk_read_all (disk, path, 4096, &b);

  if (rc == 0) {
    const char *at;
    StokerStr id;
    stoker_buf_append (&b, "", 1);
    at = strstr ((char *)b.data, "topic_id: ");
    id = stoker_str (at ? at + strlen ("topic_id: ") : "");
    id.len = strcspn (id.data, " \r\n");
    if (strncmp ((char *)b.data, "version: 0\n", 11) != 0 || !stoker_uuid_parse (id, out))
      rc = -EINVAL;
  }
  stoker_buf_clear (&b);
  return rc;
}

static int
write_new (StokerDisk *disk, const char *path, const StokerBuf *b)
{
  StokerFile *f;
  int rc = stoker_file_open (disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f);

  if (rc < 0)
    return rc;
  rc = stoker_file_pwrite (f, b->data, b->len, 0);
  stoker_file_unref (f);
  return rc;
}

int
seg_metadata_write (StokerDisk *disk, const char *dir, StokerUuid id, bool fresh)
{
  g_autofree char *path = g_build_filename (dir, "partition.metadata", NULL);
  char text[STOKER_UUID_TEXT];
  StokerBuf b = { 0 };
  int rc;

  stoker_uuid_format (id, text);
  stoker_buf_printf (&b, "version: 0\ntopic_id: %s", text);
  rc = fresh ? write_new (disk, path, &b) : stoker_disk_write_atomic (disk, path, b.data, b.len);
  stoker_buf_clear (&b);
  return rc;
}

int
seg_metadata_sync (StokerDisk *disk, const char *dir)
{
  g_autofree char *path = g_build_filename (dir, "partition.metadata", NULL);
  StokerFile *f;
  int rc = stoker_file_open (disk, path, STOKER_OPEN_READ, &f);

  if (rc < 0)
    return rc == -ENOENT ? 0 : rc; /* a topic without id has none */
  rc = stoker_file_sync (f);
  stoker_file_unref (f);
  return rc;
}
