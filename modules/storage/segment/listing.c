/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a log's directory, and clearing what a crash has left over there (kafka-facts 5.4).
 */
#include "listing.h"
#include "files.h"
#include "log.h"
#include "scan.h"

#include <string.h>

static gint64 *
key (int64_t base)
{
  return g_memdup2 (&base, sizeof base);
}

static bool
sort_in (void *user, const char *name)
{
  Listing *l = user;
  char *rest;
  int64_t base = g_ascii_strtoll (name, &rest, 10);

  if (g_str_has_suffix (name, ".tmp")) {
    g_ptr_array_add (l->rubbish, g_strdup (name));
    return true;
  }
  if (rest != name + 20)
    return true;
  if (g_str_has_suffix (rest, ".deleted") || g_str_has_suffix (rest, ".cleaned")) {
    g_ptr_array_add (l->rubbish, g_strdup (name));
    if (g_str_has_suffix (rest, ".cleaned"))
      l->cleaned = MIN (l->cleaned, base);
  } else if (g_str_has_suffix (rest, ".swap")) {
    g_ptr_array_add (l->swaps, g_strdup (name));
  } else if (strcmp (rest, ".log") == 0) {
    g_array_append_val (l->logs, base);
  } else if (strcmp (rest, ".snapshot") == 0) {
    g_array_append_val (l->snapshots, base);
  } else if (strcmp (rest, ".index") == 0 || strcmp (rest, ".timeindex") == 0 || strcmp (rest, ".txnindex") == 0) {
    g_ptr_array_add (l->extras, g_strdup (name));
    g_hash_table_add (rest[1] == 'i' ? l->indexed : rest[2] == 'i' ? l->timed : l->txn, key (base));
  }
  return true;
}

void
seg_listing_free (Listing *l)
{
  l->log->listed = NULL;
  g_array_unref (l->logs);
  g_array_unref (l->snapshots);
  g_hash_table_unref (l->indexed);
  g_hash_table_unref (l->timed);
  g_hash_table_unref (l->txn);
  g_ptr_array_unref (l->extras);
  g_ptr_array_unref (l->swaps);
  g_ptr_array_unref (l->rubbish);
}

int
seg_ascending (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

int
seg_listing_read (StokerLog *log, Listing *l)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  int rc;

  *l = (Listing){ .log = log,
                  .logs = g_array_new (FALSE, FALSE, sizeof (int64_t)),
                  .snapshots = g_array_new (FALSE, FALSE, sizeof (int64_t)),
                  .indexed = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
                  .timed = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
                  .txn = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
                  .extras = g_ptr_array_new_with_free_func (g_free),
                  .swaps = g_ptr_array_new_with_free_func (g_free),
                  .rubbish = g_ptr_array_new_with_free_func (g_free),
                  .cleaned = INT64_MAX };
  rc = stoker_disk_list (seg_disk (log), path, sort_in, l);
  g_array_sort (l->logs, seg_ascending);
  return rc;
}

static char *
file_in (StokerLog *log, const char *name)
{
  return g_build_filename (log->dir->path, log->name, name, NULL);
}

void
seg_listing_delete (StokerLog *log, const char *name)
{
  g_autofree char *path = file_in (log, name);
  stoker_disk_unlink (seg_disk (log), path);
}

/* ---- left-overs of a compaction that did not finish */

/* A compacted segment that was about to take the place of others: they go, it gets its name. */
static void
swap_in (Listing *l, int64_t base)
{
  g_autofree char *name = g_strdup_printf ("%020" PRId64 ".log.swap", base);
  g_autofree char *path = file_in (l->log, name);
  int64_t next = base + 1;
  StokerFile *f;
  StokerBatch b;
  uint64_t pos;
  Walk w;

  if (stoker_file_open (seg_disk (l->log), path, STOKER_OPEN_READ, &f) < 0)
    return;
  seg_walk_begin (&w, f, 0, (uint64_t)MAX (0, stoker_file_size (f)));
  while (seg_walk_next (&w, &b, &pos) == 1)
    next = stoker_batch_last_offset (&b) + 1;
  stoker_file_unref (f);
  for (guint i = 0; i < l->logs->len; i++) {
    int64_t covered = g_array_index (l->logs, int64_t, i);
    static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex" };
    for (guint k = 0; covered >= base && covered < next && k < G_N_ELEMENTS (suffixes); k++) {
      g_autofree char *old = seg_path (l->log, covered, suffixes[k]);
      stoker_disk_unlink (seg_disk (l->log), old);
    }
  }
}

static int64_t
base_of (const char *name)
{
  return g_ascii_strtoll (name, NULL, 10);
}

static void
sync_names (StokerLog *log)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  stoker_disk_sync_dir (seg_disk (log), path);
}

/* A compaction that had not come as far as the old segments: its .swap files go while the .cleaned ones still tell so. */
static void
give_up_unfinished (Listing *l)
{
  bool any = false;

  for (guint i = l->swaps->len; i-- > 0;) {
    if (base_of (l->swaps->pdata[i]) < l->cleaned)
      continue;
    seg_listing_delete (l->log, l->swaps->pdata[i]);
    g_ptr_array_remove_index (l->swaps, i);
    any = true;
  }
  if (any)
    sync_names (l->log);
}

static void
rename_swaps (Listing *l, bool logs)
{
  for (guint i = 0; i < l->swaps->len; i++) {
    const char *name = l->swaps->pdata[i];
    g_autofree char *from = file_in (l->log, name), *to = g_strndup (from, strlen (from) - strlen (".swap"));
    if (g_str_has_suffix (name, ".log.swap") == logs)
      stoker_disk_rename (seg_disk (l->log), from, to);
  }
  sync_names (l->log);
}

bool
seg_listing_clean (Listing *l)
{
  bool any = l->swaps->len > 0;

  give_up_unfinished (l);
  for (guint i = 0; i < l->rubbish->len; i++)
    seg_listing_delete (l->log, l->rubbish->pdata[i]);
  if (l->swaps->len == 0)
    return any;
  /* In the order of swap.c, so that a crash in the middle of this can be told again. */
  for (guint i = 0; i < l->swaps->len; i++)
    if (g_str_has_suffix (l->swaps->pdata[i], ".log.swap"))
      swap_in (l, base_of (l->swaps->pdata[i]));
  sync_names (l->log);
  rename_swaps (l, true);
  rename_swaps (l, false);
  return true;
}
