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
  d->damaged = true;
  if (d->json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "file", d->path);
    cli_json_int (&j, "position", (int64_t)position);
    cli_json_text (&j, "damage", what);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  }
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
        c, "%s is none of .log .index .timeindex .txnindex .snapshot *-checkpoint partition.metadata meta.properties",
        path);
  d->path = path;
  d->base = base_offset (name);
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
    return cli_usage (c, "which file?");
  d.json = common.json;
  d.records = d.records || d.values;
  rc = CLI_OK;
  for (guint i = 0; i < paths->len && !dump_stopped (); i++) {
    int one = dump_one (c, &d, paths->pdata[i], paths->len > 1);
    rc = one ? one : rc;
  }
  dump_end (&d);
  return rc;
}

const CliCommand cli_log_dump = {
  "log",
  "dump",
  "FILE..",
  "Show what a file of the data directory holds.",
  "  stoker log dump stoker-data/orders-0/00000000000000000000.log --records\n"
  "  stoker log dump stoker-data/orders-0/*.index stoker-data/*-checkpoint\n"
  "  stoker log dump *.log --json | jq 'select(.damage)'\n"
  "\nWith --json each batch, record or entry is one line. Exit code 1: something is damaged.\n",
  run,
};
