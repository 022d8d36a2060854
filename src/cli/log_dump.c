/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log dump: what stands in the files of a data directory (kafka-facts 5). Reads only. Damage is reported by file
 * and position, and the exit code is 1 then.
 */
#include "cli/dump.h"

#include <stdio.h>
#include <string.h>

typedef int (*DumpFn) (Dump *d);

static DumpFn
reader_for (const char *name)
{
  static const struct
  {
    const char *end;
    DumpFn fn;
  } kinds[] = {
    { ".timeindex", dump_timeindex },   { ".txnindex", dump_txnindex },
    { ".index", dump_index },           { ".log", dump_batches },
    { ".snapshot", dump_snapshot },     { "leader-epoch-checkpoint", dump_checkpoint },
    { ".ring", dump_ring },             { "stoker.scrub", dump_text },
    { "-checkpoint", dump_checkpoint }, { "partition.metadata", dump_text },
    { "meta.properties", dump_text },   { ".kafka_cleanshutdown", dump_text },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_suffix (name, kinds[i].end))
      return kinds[i].fn;
  return NULL;
}

/* The name without what marks a file for deletion or cleaning. */
static char *
plain_name (const char *path)
{
  static const char *const marks[] = { ".deleted", ".cleaned", ".swap" };
  char *name = g_path_get_basename (path);

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (g_str_has_suffix (name, marks[i]))
      name[strlen (name) - strlen (marks[i])] = '\0';
  return name;
}

static int64_t
base_offset (const char *name)
{
  return g_ascii_strtoll (name, NULL, 10);
}

int
dump_damage (Dump *d, uint64_t position, const char *what)
{
  return dump_damage_at (d, position, -1, what);
}

int
dump_damage_at (Dump *d, uint64_t position, int64_t offset, const char *what)
{
  d->damaged = true;
  if (d->json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "file", d->path);
    cli_json_int (&j, "position", (int64_t)position);
    if (offset >= 0)
      cli_json_int (&j, "offset", offset);
    cli_json_text (&j, "damage", what);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  }
  if (offset >= 0)
    return cli_failed ("%s: position %" G_GUINT64_FORMAT ": offset %" G_GINT64_FORMAT ": %s", d->path, position, offset, what);
  return cli_failed ("%s: position %" G_GUINT64_FORMAT ": %s", d->path, position, what);
}

bool
dump_stopped (void)
{
  return ferror (stdout);
}

static int
dump_one (const CliCommand *c, Dump *d, const char *path, bool title)
{
  g_autofree char *name = plain_name (path);
  DumpFn fn = reader_for (name);
  int rc;

  if (fn == NULL)
    return cli_usage (
        c, "%s is none of .log .index .timeindex .txnindex .snapshot .ring *-checkpoint partition.metadata meta.properties stoker.scrub",
        path);
  d->path = path;
  d->base = base_offset (name);
  d->decoder = dump_decoder_for (path);
  d->file = fopen (path, "rbe");
  if (d->file == NULL)
    return cli_failed ("cannot open %s: %s", path, g_strerror (errno));
  if (title && !d->json)
    printf ("== %s\n", path);
  rc = fn (d);
  fclose (d->file);
  return rc;
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The files of a folder that have a reader, by name; and those of the journal. */
static int
dump_folder (const CliCommand *c, Dump *d, const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  int rc = CLI_OK;

  if (dir == NULL)
    return cli_failed ("cannot read %s", path);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *plain = plain_name (name);
    if (reader_for (plain) || strcmp (name, "stoker.journal") == 0)
      g_ptr_array_add (names, g_strdup (name));
  }
  if (names->len == 0)
    return cli_usage (c, "%s holds no file of a log directory", path);
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len && !dump_stopped (); i++) {
    g_autofree char *file = g_build_filename (path, names->pdata[i], NULL);
    int one = g_file_test (file, G_FILE_TEST_IS_DIR) ? dump_folder (c, d, file) : dump_one (c, d, file, true);
    rc = one ? one : rc;
  }
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliCommon common = { .offline = true };
  Dump d = { .from = INT64_MIN, .to = INT64_MAX };
  CliOpt opts[] = {
    { "records", 'r', CLI_FLAG, &d.records, NULL, "of a .log: the records too, not only the batches" },
    { "values", 0, CLI_FLAG, &d.values, NULL, "the records' keys, values and headers too" },
    { "from", 0, CLI_INT, &d.from, "OFFSET", "of a .log: only batches that reach it" },
    { "to", 0, CLI_INT, &d.to, "OFFSET", "of a .log: only batches that begin at or before it" },
  };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, paths);

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len == 0)
    return cli_usage (c, "which file or folder?");
  d.json = common.json;
  d.records = d.records || d.values;
  rc = CLI_OK;
  for (guint i = 0; i < paths->len && !dump_stopped (); i++) {
    const char *path = paths->pdata[i];
    int one = g_file_test (path, G_FILE_TEST_IS_DIR) ? dump_folder (c, &d, path) : dump_one (c, &d, path, paths->len > 1);
    rc = one ? one : rc;
  }
  dump_end (&d);
  return rc;
}

const CliCommand cli_log_dump = {
  "log",
  "dump",
  "FILE|FOLDER..",
  "Show what a file of a log directory, or a partition's folder, holds.",
  "  stoker log dump stoker-data/orders-0/00000000000000000000.log --records\n"
  "  stoker log dump stoker-data/orders-0                # all files of the partition\n"
  "  stoker log dump stoker-data/orders-0/*.index stoker-data/*-checkpoint\n"
  "  stoker log dump stoker-data/stoker.journal          # commits and entries of the journal\n"
  "  stoker log dump --records data/__consumer_offsets-7 # committed offsets and groups, decoded\n"
  "  stoker log dump *.log --json | jq 'select(.damage)'\n"
  "\nWith --json each batch, record or entry is one line. Damage is said with file, position and offset, and what can be\n"
  "read behind it is shown. Exit code 1: something is damaged.\n",
  run,
};
