/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log verify: what is to be looked at, and what came of it.
 */
#include "config.h"

#include "cli/verify.h"

#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- one file */

typedef struct File
{
  const char *path;
  char *dir;
  int64_t base;
} File;

static void
check_log (Verify *v, void *user)
{
  File *f = user;
  PartitionFacts facts = { .path = f->dir };
  SegmentState state = { f->base, -1 };

  verify_segment (v, &facts, f->base, INT64_MAX, &state);
}

static void
check_snapshot (Verify *v, void *user)
{
  verify_snapshot (v, ((File *)user)->path, ((File *)user)->base, NULL);
}

static void
check_epochs (Verify *v, void *user)
{
  StokerEpochs e = { 0 };

  verify_epochs (v, ((File *)user)->path, &e);
  stoker_epochs_clear (&e);
}

static void
check_checkpoint (Verify *v, void *user)
{
  verify_checkpoint (v, ((File *)user)->path, NULL, 0);
}

static void
check_metadata (Verify *v, void *user)
{
  verify_metadata (v, ((File *)user)->path);
}

static void
check_meta (Verify *v, void *user)
{
  verify_meta_properties (v, ((File *)user)->path);
}

static int
verify_file (Verify *v, const char *path)
{
  static const struct
  {
    const char *end;
    void (*check) (Verify *v, void *user);
  } kinds[] = { { ".log", check_log },
                { ".timeindex", check_log },
                { ".txnindex", check_log },
                { ".index", check_log },
                { ".snapshot", check_snapshot },
                { "leader-epoch-checkpoint", check_epochs },
                { "-checkpoint", check_checkpoint },
                { "partition.metadata", check_metadata },
                { "meta.properties", check_meta } };
  g_autofree char *name = g_path_get_basename (path);
  File f = { path, g_path_get_dirname (path), 0 };
  int rc = CLI_USAGE;

  f.base = verify_base_offset (name);
  if (strspn (name, "0123456789") == 8 && strcmp (name + 8, ".ring") == 0) {
    verify_journal (v, path);
    rc = CLI_OK;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (kinds) && rc; i++)
    if (g_str_has_suffix (name, kinds[i].end) && (f.base >= 0 || kinds[i].end[0] != '.')) {
      verify_try (v, kinds[i].check, &f);
      rc = CLI_OK;
    }
  g_free (f.dir);
  return rc == CLI_OK ? rc : cli_usage (v->command, "%s has not the name of a file of a log directory", path);
}

/* ---- the command */

static int
verify_path (Verify *v, const char *path)
{
  g_autofree char *full = g_canonicalize_filename (path, NULL), *parent = g_path_get_dirname (full);
  bool dir = g_file_test (full, G_FILE_TEST_IS_DIR);

  if (!g_file_test (full, G_FILE_TEST_EXISTS))
    return cli_usage (v->command, "%s: there is no such file or folder", path);
  if (!dir) {
    g_autofree char *above = g_path_get_dirname (parent);
    verify_look_at (v, verify_is_directory (parent) ? parent : above);
    return verify_file (v, path);
  }
  if (!verify_is_partition (full)) {
    if (!verify_is_directory (full))
      return cli_usage (v->command,
                        "%s is neither a log directory nor the folder of a partition: it has no meta.properties and no segment",
                        path);
    verify_look_at (v, full);
    return verify_directory (v, path);
  }
  verify_look_at (v, parent);
  verify_partition (v, path, NULL);
  return CLI_OK;
}

static void
summary (const Verify *v)
{
  const VerifyCounts *c = &v->counts;
  CliJson j = { 0 };

  if (!v->json) {
    printf ("%" PRIu64 " partition%s, %" PRIu64 " segment%s, ", c->partitions, cli_s (c->partitions), c->segments, cli_s (c->segments));
    printf ("%" PRIu64 " batch%s, %" PRIu64 " record%s, ", c->batches, c->batches == 1 ? "" : "es", c->records, cli_s (c->records));
    printf ("%.1f MiB, %" PRIu64 " other file%s: ", (double)c->bytes / (1 << 20), c->other_files, cli_s (c->other_files));
    if (c->damaged)
      printf ("%" PRIu64 " DAMAGED", c->damaged);
    else
      printf ("no damage");
    if (c->unread)
      printf (", %" PRIu64 " could not be read", c->unread);
    printf ("%s\n", v->online ? " (while a broker runs)" : "");
    if (v->unclean)
      printf ("not left cleanly: the journal holds %" PRIu64 " byte%s that the segments lack; they were read as if they had them, which a "
              "start or stoker log settle does\n",
              c->unsettled, cli_s (c->unsettled));
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "summary");
  cli_json_int (&j, "directories", (int64_t)c->directories);
  cli_json_int (&j, "partitions", (int64_t)c->partitions);
  cli_json_int (&j, "segments", (int64_t)c->segments);
  cli_json_int (&j, "batches", (int64_t)c->batches);
  cli_json_int (&j, "records", (int64_t)c->records);
  cli_json_int (&j, "bytes", (int64_t)c->bytes);
  cli_json_int (&j, "other_files", (int64_t)c->other_files);
  cli_json_int (&j, "damaged", (int64_t)c->damaged);
  cli_json_int (&j, "unread", (int64_t)c->unread);
  cli_json_bool (&j, "online", v->online);
  cli_json_bool (&j, "unclean", v->unclean);
  cli_json_int (&j, "unsettled_bytes", (int64_t)c->unsettled);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliCommon common = { .offline = true };
  Verify v = { .command = c };
  bool quiet = false;
  CliOpt opts[] = { { "quiet", 'q', CLI_FLAG, &quiet, NULL, "no progress line" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, paths);

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len == 0)
    return cli_usage (c, "which log directory, partition folder or file?");
  v.json = common.json;
  v.findings = g_ptr_array_new_with_free_func (verify_finding_free);
  v.progress = cli_progress_new (!quiet);
  rc = CLI_OK;
  for (guint i = 0; i < paths->len; i++) {
    int one = verify_path (&v, paths->pdata[i]);
    rc = MAX (rc, one);
  }
  cli_progress_free (v.progress);
  if (rc == CLI_OK || v.counts.partitions)
    summary (&v);
  stk_codec_contexts_free (v.codecs);
  cli_modules_free (v.modules);
  verify_unsettled_free (v.unsettled);
  g_ptr_array_unref (v.findings);
  return rc || v.counts.unread ? CLI_USAGE : v.counts.damaged ? CLI_FAILED : CLI_OK;
}

const CliCommand cli_log_verify = {
  "log",
  "verify",
  "DIR|FILE..",
  "Check what a log directory holds: every batch, index, snapshot, checkpoint, and the journal.",
  "  stoker log verify /var/lib/stoker/data              # all partitions of a log directory\n"
  "  stoker log verify /var/lib/stoker/data/orders-0     # one partition\n"
  "  stoker log verify orders-0/00000000000000000000.log # one segment with its indexes\n"
  "  stoker log verify data --json | jq 'select(.kind == \"damage\")'\n"
  "\nReads only, a broker may run meanwhile. Stoker's directories and Apache Kafka's. After a crash segments are read as if\n"
  "they had what the journal holds for them. Exit code: 0 no damage, 1 damage was found, 2 wrong usage or something could\n"
  "not be read.\n",
  run,
};
