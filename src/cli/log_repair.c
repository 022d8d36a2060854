/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log repair: finds what is wrong, makes anew what can be made anew, and loses nothing that it was not told to.
 */
#include "config.h"

#include "cli/repair.h"

#include "cli/out.h"

#include <stdio.h>

/* Everything that is wrong in the directory, to `sink`. */
static uint64_t
look (const Repair *r, bool clean, void (*sink) (void *user, const Finding *f), void *user)
{
  Verify v = { .command = r->command, .json = r->json, .clean = clean, .sink = sink, .sink_user = user };

  v.findings = g_ptr_array_new_with_free_func (verify_finding_free);
  v.progress = cli_progress_new (!r->json);
  (void)verify_directory (&v, r->path);
  cli_progress_free (v.progress);
  stk_codec_contexts_free (v.codecs);
  cli_modules_free (v.modules);
  g_ptr_array_unref (v.findings);
  return v.counts.damaged + v.counts.unread;
}

static int
rebuild (Repair *r, CliOffline *o, GHashTable *wanted, bool clean)
{
  StokerError err = { 0 };
  GPtrArray *logs;
  guint failed = 0;

  if (cli_offline_recover (o, wanted, NULL, NULL, &logs, &err))
    return cli_error (r->command, &err);
  for (guint i = 0; i < logs->len; i++) {
    const CliOfflineLog *log = logs->pdata[i];
    if (log->err.text[0]) {
      failed++;
      (void)cli_failed ("%s", log->err.text);
    }
  }
  /* As clean as it was: what was rebuilt is flushed, the rest was not touched. */
  if (failed == 0 && clean && cli_offline_mark_clean (o, &err))
    return cli_error (r->command, &err);
  return failed ? CLI_FAILED : CLI_OK;
}

static void
summary (const Repair *r, guint mended, uint64_t still)
{
  CliJson j = { 0 };

  if (!r->json) {
    if (r->found == 0)
      printf ("%s: no damage, nothing to do\n", r->path);
    else if (r->dry)
      printf ("%s: %u found, %u of them would be repaired; nothing was changed\n", r->path, r->found, r->found - MIN (r->found, r->left));
    else
      printf ("%s: %u found, %u partition%s made anew, %" G_GUINT64_FORMAT " damaged now\n", r->path, r->found, mended,
              cli_s (mended), still);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "summary");
  cli_json_text (&j, "directory", r->path);
  cli_json_bool (&j, "dry_run", r->dry);
  cli_json_int (&j, "found", r->found);
  cli_json_int (&j, "left", r->left);
  cli_json_int (&j, "rebuilt", mended);
  cli_json_int (&j, "damaged", (int64_t)still);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static void
count_only (void *user, const Finding *f)
{
  (void)user;
  (void)f;
}

static int
repair (Repair *r)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *journal = g_build_filename (r->path, "stoker.journal", NULL);
  StokerError err = { 0 };
  CliOffline *o = cli_offline_open (r->path, false, &err);
  uint64_t still;
  bool clean;
  int rc;

  if (o == NULL)
    return cli_error (r->command, &err);
  if (g_file_test (journal, G_FILE_TEST_EXISTS)) {
    cli_offline_free (o);
    return cli_failed ("%s holds a journal, which may bring back what seems to be damaged: first run stoker log settle %s", r->path, r->path);
  }
  clean = cli_offline_is_clean (o);
  repair_begin (r);
  still = look (r, clean, repair_take, r);
  rc = repair_files (r, wanted);
  if (rc == CLI_OK && !r->dry && (g_hash_table_size (wanted) > 0 || r->checkpoints->len > 0))
    rc = rebuild (r, o, wanted, clean);
  if (rc == CLI_OK && !r->dry && r->found > 0)
    still = look (r, clean, count_only, NULL);
  if (rc == CLI_OK)
    summary (r, g_hash_table_size (wanted), still);
  cli_offline_free (o);
  g_hash_table_remove_all (wanted);
  repair_clear (r);
  return rc ? rc : still ? CLI_FAILED : CLI_OK;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliCommon common = { .offline = true };
  Repair r = { .command = c };
  CliOpt opts[] = {
    { "dry-run", 'n', CLI_FLAG, &r.dry, NULL, "say what would be done, change nothing" },
    { "cut-tail", 0, CLI_FLAG, &r.cut_tail, NULL, "cut off a damaged end of a partition's newest segment" },
    { "drop-damaged", 0, CLI_FLAG, &r.drop, NULL, "leave damaged batches out where good ones follow: their offsets are a gap then" },
  };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, paths);

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len == 0)
    return cli_usage (c, "which log directory?");
  r.json = common.json;
  rc = CLI_OK;
  for (guint i = 0; i < paths->len; i++) {
    int one;
    r.path = paths->pdata[i];
    one = repair (&r);
    rc = MAX (rc, one);
  }
  return rc;
}

const CliCommand cli_log_repair = {
  "log",
  "repair",
  "DIR..",
  "Make anew what can be made anew in a damaged log directory.",
  "  stoker log repair --dry-run /var/lib/stoker/data   # what is wrong, and what would be done\n"
  "  stoker log repair /var/lib/stoker/data             # indexes, snapshots, epochs, checkpoints\n"
  "  stoker log repair --cut-tail --drop-damaged /var/lib/stoker/data\n"
  "\nA broker must not run on it. Indexes, transaction indexes, producer snapshots, leader epochs and checkpoints that do\n"
  "not fit the log are made from it. Records are never thrown away unless one of the last two options says so; what they\n"
  "would lose is told, and the original of a segment stays beside it as NNN.log.damaged, which brokers do not read. Other\n"
  "copies of the data are better: look for them first. Exit code: 0 no damage (left), 1 there is, 2 wrong usage.\n",
  run,
};
