/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory that was not left cleanly: what a replay of its journal would write into segments that do not have it. They are read as if
 * they had.
 */
#include "config.h"

#include "cli/verify.h"

#include "journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct VerifyUnsettled
{
  char *dir;
  GHashTable *files; /* "topic-0/00000000000000000000.log" -> Unsettled */
};

typedef struct Unsettled
{
  GArray *patches; /* of CliPatch */
  uint64_t end;    /* of all of them */
} Unsettled;

static void
patch_clear (void *patch)
{
  g_free (((CliPatch *)patch)->data);
}

static void
unsettled_free (void *unsettled)
{
  g_array_unref (((Unsettled *)unsettled)->patches);
  g_free (unsettled);
}

static bool
has_already (const char *path, const StokerJournalStep *step)
{
  CliReader r;
  const uint8_t *p;
  bool same;

  if (cli_reader_open (&r, path, NULL, 0))
    return false;
  p = cli_reader_view (&r, step->pos, step->len);
  same = p && memcmp (p, step->data, step->len) == 0;
  cli_reader_close (&r);
  return same;
}

static int
take (void *user, const StokerJournalStep *step)
{
  VerifyUnsettled *u = user;
  g_autofree char *file = g_strdup_printf ("%.*s/%020" PRId64 ".log", (int)step->name.len, step->name.data, step->number);
  g_autofree char *path = g_build_filename (u->dir, file, NULL);
  Unsettled *s = g_hash_table_lookup (u->files, file);
  CliPatch patch = { step->pos, step->len, NULL };

  /* One that may lie over another that the file lacks counts in any case. */
  if ((s == NULL || step->pos >= s->end) && has_already (path, step))
    return 0;
  if (s == NULL) {
    s = g_new0 (Unsettled, 1);
    s->patches = g_array_new (FALSE, FALSE, sizeof (CliPatch));
    g_array_set_clear_func (s->patches, patch_clear);
    g_hash_table_insert (u->files, g_steal_pointer (&file), s);
  }
  patch.data = g_memdup2 (step->data, step->len);
  g_array_append_val (s->patches, patch);
  s->end = MAX (s->end, step->pos + step->len);
  return 0;
}

VerifyUnsettled *
verify_unsettled_new (Verify *v, const char *dir)
{
  VerifyUnsettled *u = g_new0 (VerifyUnsettled, 1);
  CliModules *modules = cli_modules_new ();
  StokerError err = { 0 };

  u->dir = g_strdup (dir);
  u->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unsettled_free);
  cli_modules_use_disk (modules, false);
  if (stk_journal_look (cli_modules_host (modules), dir, take, u, &err)) {
    v->counts.unread++;
    cli_progress_clear (v->progress);
    (void)cli_failed ("%s", err.text);
  }
  cli_modules_free (modules);
  return u;
}

void
verify_unsettled_free (VerifyUnsettled *u)
{
  if (u == NULL)
    return;
  g_hash_table_unref (u->files);
  g_free (u->dir);
  g_free (u);
}

/* What the journal calls the log of a folder, which may be "." here. */
static char *
name_of (const char *folder)
{
  g_autofree char *full = g_canonicalize_filename (folder, NULL);

  return g_path_get_basename (full);
}

const CliPatch *
verify_unsettled_of (const VerifyUnsettled *u, const char *folder, int64_t base, size_t *n)
{
  g_autofree char *name = name_of (folder);
  g_autofree char *file = g_strdup_printf ("%s/%020" PRId64 ".log", name, base);
  const Unsettled *s = u ? g_hash_table_lookup (u->files, file) : NULL;

  *n = s ? s->patches->len : 0;
  return s ? (const CliPatch *)(const void *)s->patches->data : NULL;
}

void
verify_unsettled_bases (const VerifyUnsettled *u, const char *folder, GArray *bases)
{
  g_autofree char *name = name_of (folder), *prefix = g_strconcat (name, "/", NULL);
  GHashTableIter i;
  void *file;

  if (u == NULL)
    return;
  g_hash_table_iter_init (&i, u->files);
  while (g_hash_table_iter_next (&i, &file, NULL)) {
    g_autofree char *path = g_build_filename (u->dir, file, NULL);
    int64_t base;
    if (!g_str_has_prefix (file, prefix) || g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    base = verify_base_offset ((const char *)file + strlen (prefix));
    g_array_append_val (bases, base);
  }
}
