/* SPDX-License-Identifier: Apache-2.0
 *
 * The small files beside the segments: producer snapshots, epochs, checkpoints, metadata (kafka-facts 5.1, 5.3).
 */
#include "config.h"

#include "cli/verify.h"

#include <inttypes.h>
#include <string.h>

enum
{
  SNAPSHOT_MAX = 256 << 20,
  TEXT_MAX = 64 << 20
};

/* ---- producer snapshots */

typedef struct Rows
{
  Verify *v;
  const char *path;
  int64_t offset; /* of the snapshot */
  GHashTable *last;
} Rows;

static bool
check_row (void *user, const StokerProducerRow *row)
{
  Rows *r = user;

  if (row->last_offset >= r->offset || row->txn_first_offset >= r->offset || row->epoch < -1)
    verify_found (r->v, r->path, -1, row->last_offset, "producer %" PRId64 " lies behind the snapshot's own offset",
                  row->producer_id);
  else if (r->last && row->last_offset >= 0)
    g_hash_table_insert (r->last, g_memdup2 (&row->last_offset, sizeof row->last_offset), g_memdup2 (row, sizeof *row));
  return true;
}

void
verify_snapshot (Verify *v, const char *path, int64_t offset, GHashTable *last)
{
  StokerProducers *producers;
  StokerError err = { 0 };
  Rows r = { v, path, offset, last };
  size_t len = 0;
  g_autofree uint8_t *data = verify_read (v, path, SNAPSHOT_MAX, &len);

  if (data == NULL)
    return;
  producers = stoker_producers_new ();
  if (stoker_producers_load (producers, data, len, &err))
    verify_found (v, path, -1, -1, "%s", err.text[0] ? err.text : "not a producer snapshot");
  else
    stoker_producers_each (producers, check_row, &r);
  stoker_producers_free (producers);
}

/* ---- checkpoints: version, count, lines */

/* Calls each (user, line number, words) for every entry; false: damaged, said. */
static bool
read_checkpoint (Verify *v, const char *path, guint columns, bool (*each) (void *user, guint line, char **words),
                 void *user)
{
  size_t len = 0;
  g_autofree char *text = (char *)verify_read (v, path, TEXT_MAX, &len);
  g_auto (GStrv) lines = NULL;
  guint n;
  int64_t count;

  if (text == NULL)
    return false;
  lines = g_strsplit (text, "\n", -1);
  n = g_strv_length (lines);
  if (strlen (text) != len || n < 3 || lines[n - 1][0] != '\0' || strcmp (lines[0], "0") != 0 || !cli_number (lines[1], &count)) {
    verify_found (v, path, 1, -1, "not a checkpoint of version 0");
    return false;
  }
  if (count != (int64_t)n - 3) {
    verify_found (v, path, 2, -1, "says %" PRId64 " entries, but has %u", count, n - 3);
    return false;
  }
  for (guint i = 2; i + 1 < n; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    if (g_strv_length (words) != columns || !each (user, i + 1, words)) {
      verify_found (v, path, i + 1, -1, "not an entry");
      return false;
    }
  }
  return true;
}

typedef struct Epochs
{
  Verify *v;
  const char *path;
  StokerEpochs *out;
} Epochs;

static bool
add_epoch (void *user, guint line, char **words)
{
  Epochs *e = user;
  int64_t epoch, start;

  if (!cli_number (words[0], &epoch) || !cli_number (words[1], &start) || epoch < 0 || epoch > INT32_MAX || start < 0)
    return false;
  if (e->out->n > 0 && (e->out->list[e->out->n - 1].epoch >= epoch || e->out->list[e->out->n - 1].start >= start))
    verify_found (e->v, e->path, line, start, "epochs and their offsets do not grow");
  else
    (void)stoker_epochs_assign (e->out, (int32_t)epoch, start);
  return true;
}

void
verify_epochs (Verify *v, const char *path, StokerEpochs *out)
{
  Epochs e = { v, path, out };

  if (!read_checkpoint (v, path, 2, add_epoch, &e))
    stoker_epochs_clear (out);
}

typedef struct Marks
{
  GHashTable *marks;
  size_t field;
} Marks;

static bool
add_mark (void *user, guint line, char **words)
{
  Marks *m = user;
  int64_t partition, offset;
  char *key;
  VerifyMarks *found;

  (void)line;
  if (!cli_number (words[1], &partition) || !cli_number (words[2], &offset) || partition < 0 || offset < 0 || !words[0][0])
    return false;
  if (m->marks == NULL)
    return true;
  key = g_strdup_printf ("%s-%" PRId64, words[0], partition);
  found = g_hash_table_lookup (m->marks, key);
  if (found == NULL) {
    found = g_new (VerifyMarks, 1);
    *found = (VerifyMarks){ -1, -1, -1 };
    g_hash_table_insert (m->marks, key, found);
  } else {
    g_free (key);
  }
  *(int64_t *)(void *)((char *)found + m->field) = offset;
  return true;
}

void
verify_checkpoint (Verify *v, const char *path, GHashTable *marks, size_t field)
{
  Marks m = { marks, field };

  (void)read_checkpoint (v, path, 3, add_mark, &m);
}

/* ---- properties */

/* The value of `key`: in "key=value" or "key: value". NULL: none. */
static char *
value_of (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  size_t n = strlen (key);

  for (char **l = lines; *l; l++)
    if (strncmp (*l, key, n) == 0 && ((*l)[n] == '=' || (*l)[n] == ':'))
      return g_strdup (g_strstrip (*l + n + 1));
  return NULL;
}

void
verify_metadata (Verify *v, const char *path)
{
  size_t len = 0;
  g_autofree char *text = (char *)verify_read (v, path, 4096, &len), *version = NULL, *id = NULL;
  StokerUuid uuid;

  if (text == NULL)
    return;
  version = value_of (text, "version");
  id = value_of (text, "topic_id");
  if (g_strcmp0 (version, "0") != 0 || id == NULL || !stoker_uuid_parse ((StokerStr){ id, strlen (id) }, &uuid))
    verify_found (v, path, -1, -1, "not a partition.metadata of version 0");
}

void
verify_meta_properties (Verify *v, const char *path)
{
  size_t len = 0;
  g_autofree char *text = (char *)verify_read (v, path, 65536, &len), *version = NULL, *cluster = NULL;

  if (text == NULL)
    return;
  version = value_of (text, "version");
  cluster = value_of (text, "cluster.id");
  if ((g_strcmp0 (version, "0") != 0 && g_strcmp0 (version, "1") != 0) || cluster == NULL)
    verify_found (v, path, -1, -1, "names no version or no cluster.id");
}
