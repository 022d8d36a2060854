/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/repair.h"

#include "cli/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
clear_lost (void *data)
{
  g_free (((RepairLost *)data)->file);
}

static void
part_free (void *data)
{
  RepairPart *p = data;

  g_free (p->name);
  g_array_unref (p->lost);
  g_ptr_array_unref (p->files);
  g_free (p);
}

void
repair_begin (Repair *r)
{
  r->parts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, part_free);
  r->checkpoints = g_ptr_array_new_with_free_func (g_free);
  r->found = r->left = 0;
}

void
repair_clear (Repair *r)
{
  g_hash_table_unref (r->parts);
  g_ptr_array_unref (r->checkpoints);
}

void
repair_tell (const Repair *r, const char *file, const char *does, const char *fmt, ...)
{
  g_autofree char *text = NULL;
  CliJson j = { 0 };
  va_list ap;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  if (!r->json) {
    printf ("%s: %s\n", file, text);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "repair");
  cli_json_text (&j, "file", file);
  cli_json_text (&j, "does", does);
  cli_json_bool (&j, "dry_run", r->dry);
  cli_json_text (&j, "text", text);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

/* ---- what was found */

/* The partition that a file or folder below the directory is of; NULL: of none. */
static RepairPart *
part_of (Repair *r, const char *file)
{
  size_t n = strlen (r->path);
  const char *rest = g_str_has_prefix (file, r->path) ? file + n : NULL, *end;
  g_autofree char *name = NULL;
  RepairPart *p;

  while (rest && *rest == '/')
    rest++;
  if (rest == NULL || *rest == '\0')
    return NULL;
  end = strchr (rest, '/');
  name = end ? g_strndup (rest, (gsize)(end - rest)) : g_strdup (rest);
  if (end == NULL && !g_file_test (file, G_FILE_TEST_IS_DIR))
    return NULL;
  p = g_hash_table_lookup (r->parts, name);
  if (p == NULL) {
    p = g_new0 (RepairPart, 1);
    p->name = g_steal_pointer (&name);
    p->lost = g_array_new (FALSE, FALSE, sizeof (RepairLost));
    g_array_set_clear_func (p->lost, clear_lost);
    p->files = g_ptr_array_new_with_free_func (g_free);
    g_hash_table_insert (r->parts, p->name, p);
  }
  return p;
}

static void
add_file (GPtrArray *files, const char *path)
{
  if (!g_ptr_array_find_with_equal_func (files, path, g_str_equal, NULL))
    g_ptr_array_add (files, g_strdup (path));
}

void
repair_take (void *user, const Finding *f)
{
  Repair *r = user;
  RepairPart *p = part_of (r, f->file);
  g_autofree char *dir = g_path_get_dirname (f->file), *epochs = g_build_filename (dir, "leader-epoch-checkpoint", NULL);

  r->found++;
  if (p == NULL && f->kind == FINDING_CHECKPOINT) {
    add_file (r->checkpoints, f->file);
    return;
  }
  if (p == NULL || f->kind == FINDING_OTHER) {
    r->left++;
    repair_tell (r, f->file, "nothing", "%s: cannot be made anew, it stays as it is", f->text);
    return;
  }
  p->rebuild = true;
  if (f->kind == FINDING_LOST) {
    RepairLost l = { g_strdup (f->file), f->from, f->to, f->offset, f->next, f->newest && f->next < 0 };
    g_array_append_val (p->lost, l);
  } else if (f->kind == FINDING_DERIVED) {
    add_file (p->files, f->file);
  } else if (f->kind == FINDING_EPOCHS) {
    add_file (p->files, epochs);
  }
}

/* ---- what is done */

static bool
may_lose (const Repair *r, const RepairLost *l)
{
  return l->tail ? r->cut_tail : r->drop;
}

static void
tell_lost (const Repair *r, const RepairLost *l)
{
  const char *option = l->tail ? "--cut-tail" : "--drop-damaged";
  g_autofree char *offsets = l->next > l->first ? g_strdup_printf ("offsets %" PRId64 " to %" PRId64, l->first, l->next - 1)
                                                : g_strdup_printf ("offsets from %" PRId64 " on", l->first);

  if (may_lose (r, l))
    repair_tell (r, l->file, l->tail ? "cut" : "drop", "%s %s %" PRIu64 " bytes at position %" PRIu64 " (%s); the original %s kept beside it",
                 r->dry ? "would" : "will", l->tail ? "cut off" : "leave out", l->to - l->from, l->from, offsets, r->dry ? "would be" : "is");
  else
    repair_tell (r, l->file, "nothing", "%" PRIu64 " bytes at position %" PRIu64 " hold no batch (%s): left as it is; %s %s", l->to - l->from,
                 l->from, offsets, option, l->tail ? "would cut them off" : "would leave them out");
}

static int
failed (const char *path, int error)
{
  return cli_failed ("cannot repair %s: %s", path, g_strerror (error));
}

/* The indexes of a segment do not fit it any more. */
static void
add_indexes (RepairPart *p, const char *log)
{
  static const char *const suffixes[] = { ".index", ".timeindex", ".txnindex" };
  g_autofree char *stem = g_strndup (log, strlen (log) - strlen (".log"));

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = g_strconcat (stem, suffixes[i], NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      add_file (p->files, path);
  }
}

static int
mend_segments (Repair *r, RepairPart *p)
{
  for (guint i = 0, n; i < p->lost->len; i += n) {
    const RepairLost *l = &g_array_index (p->lost, RepairLost, i);
    g_autofree char *aside = NULL;
    int rc;
    for (n = 1; i + n < p->lost->len && strcmp (g_array_index (p->lost, RepairLost, i + n).file, l->file) == 0; n++)
      ;
    add_indexes (p, l->file);
    if (r->dry)
      continue;
    rc = repair_segment (l->file, l, n, &aside);
    if (rc)
      return failed (l->file, rc);
    repair_tell (r, aside, "aside", "the original of the segment that was mended");
  }
  return CLI_OK;
}

static int
mend_part (Repair *r, RepairPart *p, GHashTable *wanted)
{
  bool keep = false;

  for (guint i = 0; i < p->lost->len; i++) {
    const RepairLost *l = &g_array_index (p->lost, RepairLost, i);
    tell_lost (r, l);
    keep |= !may_lose (r, l);
    r->left += !may_lose (r, l);
  }
  if (keep) { /* to make its indexes anew is to cut it at the damage */
    for (guint i = 0; i < p->files->len; i++, r->left++)
      repair_tell (r, p->files->pdata[i], "nothing", "is not made anew before the damage in its log is decided about");
    return CLI_OK;
  }
  if (!p->rebuild)
    return CLI_OK;
  if (mend_segments (r, p))
    return CLI_FAILED;
  for (guint i = 0; i < p->files->len; i++) {
    repair_tell (r, p->files->pdata[i], "rebuild", r->dry ? "would be made anew from the log" : "is made anew from the log");
    if (!r->dry && unlink (p->files->pdata[i]) < 0)
      return failed (p->files->pdata[i], errno);
  }
  repair_tell (r, p->name, "rebuild", r->dry ? "would be read from its first byte on: indexes, producers, epochs, checkpoints"
                                             : "is read from its first byte on: indexes, producers, epochs, checkpoints");
  g_hash_table_add (wanted, p->name);
  return CLI_OK;
}

static int
by_name (const void *a, const void *b)
{
  return strcmp ((*(const RepairPart *const *)a)->name, (*(const RepairPart *const *)b)->name);
}

int
repair_files (Repair *r, GHashTable *wanted)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  GHashTableIter iter;
  void *part;
  int rc = CLI_OK;

  g_hash_table_iter_init (&iter, r->parts);
  while (g_hash_table_iter_next (&iter, NULL, &part))
    g_ptr_array_add (parts, part);
  g_ptr_array_sort (parts, by_name);
  for (guint i = 0; i < parts->len && rc == CLI_OK; i++)
    rc = mend_part (r, parts->pdata[i], wanted);
  for (guint i = 0; i < r->checkpoints->len && rc == CLI_OK; i++) {
    const char *path = r->checkpoints->pdata[i];
    g_autofree char *aside = NULL;
    int e = 0;
    repair_tell (r, path, "aside", "%s set aside; %s", r->dry ? "would be" : "is",
                 strstr (path, "log-start") ? "records that were deleted before their segments were may be there again"
                                            : "it is written anew");
    if (!r->dry && (e = repair_aside (path, &aside)) != 0)
      rc = failed (path, e);
  }
  return rc;
}
