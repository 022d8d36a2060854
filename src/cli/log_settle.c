/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log settle: what a start and a clean stop would do to the directory, without a broker. Afterwards it is plain Kafka.
 */
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/out.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct Settle
{
  const CliCommand *command;
  bool json, verbose;
  CliProgress *progress;
} Settle;

static void
one_done (void *user, const CliOfflineLog *log, guint done, guint all)
{
  Settle *s = user;

  cli_progress (s->progress, "%u of %u partition%s: %s-%d", done, all, cli_s (all), log->topic, log->partition);
}

static void
tell_log (const Settle *s, const char *path, const CliOfflineLog *log)
{
  CliJson j = { 0 };

  if (!s->json) {
    if (log->err.text[0])
      cli_failed ("%s", log->err.text);
    else if (s->verbose)
      printf ("%s/%s-%d: offsets %" PRId64 "..%" PRId64 "\n", path, log->topic, log->partition, log->ends.start,
              log->ends.end);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "directory", path);
  cli_json_text (&j, "topic", log->topic);
  cli_json_int (&j, "partition", log->partition);
  if (log->err.text[0]) {
    cli_json_text (&j, "error", log->err.text);
  } else {
    cli_json_int (&j, "start", log->ends.start);
    cli_json_int (&j, "end", log->ends.end);
  }
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static void
tell_dir (const Settle *s, const char *path, const char *state, guint logs, guint failed, guint losses)
{
  CliJson j = { 0 };

  if (!s->json) {
    printf ("%s: %s", path, state);
    if (logs > 0)
      printf (", %u partition%s", logs, cli_s (logs));
    if (failed > 0)
      printf (", %u of them could not be opened", failed);
    if (losses > 0)
      printf (", acknowledged records are damaged or missing: see what was said before");
    printf ("\n");
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "directory", path);
  cli_json_text (&j, "state", state);
  cli_json_int (&j, "partitions", logs);
  cli_json_int (&j, "failed", failed);
  cli_json_int (&j, "losses", losses);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static int
settle (Settle *s, const char *path)
{
  StokerError err = { 0 };
  CliOffline *o = cli_offline_open (path, s->verbose, &err);
  GPtrArray *logs;
  guint failed = 0, losses = 0;
  int rc;

  if (o == NULL)
    return cli_error (s->command, &err);
  if (cli_offline_is_clean (o)) {
    tell_dir (s, path, "clean already", 0, 0, 0);
    cli_offline_free (o);
    return CLI_OK;
  }
  s->progress = cli_progress_new (!s->json);
  rc = cli_offline_recover (o, NULL, one_done, s, &logs, &err);
  cli_progress_free (s->progress);
  for (guint i = 0; i < logs->len; i++) {
    const CliOfflineLog *log = logs->pdata[i];
    failed += log->err.text[0] != '\0';
    tell_log (s, path, log);
  }
  if (rc == 0 && failed == 0)
    rc = cli_offline_mark_clean (o, &err);
  losses = cli_offline_losses (o);
  if (rc == 0)
    tell_dir (s, path, failed ? "not settled" : "settled", logs->len, failed, losses);
  else
    (void)cli_error (s->command, &err);
  cli_offline_free (o);
  return rc == 0 && failed == 0 && losses == 0 ? CLI_OK : CLI_FAILED;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliCommon common = { .offline = true };
  Settle s = { .command = c };
  CliOpt opts[] = { { "verbose", 'v', CLI_FLAG, &s.verbose, NULL, "every partition, and what the engine says" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, paths);

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len == 0)
    return cli_usage (c, "which log directory?");
  s.json = common.json;
  rc = CLI_OK;
  for (guint i = 0; i < paths->len; i++) {
    int one = settle (&s, paths->pdata[i]);
    rc = MAX (rc, one);
  }
  return rc;
}

const CliCommand cli_log_settle = {
  "log",
  "settle",
  "DIR..",
  "Make a log directory that was not left cleanly one that Apache Kafka starts on.",
  "  stoker log settle /var/lib/stoker/data     # after kill -9, a crash, a power cut\n"
  "\nDoes what a start and a clean stop of the broker would do: what the journal (stoker.journal/) holds goes to the\n"
  "partitions' own files, they are recovered as after any crash, everything is flushed, the journal goes, the marker of\n"
  "a clean stop is written. Any number of times; a directory that is clean is left alone. A broker must not run on it.\n"
  "Each directory of log.dirs is settled by itself. Exit code 1: a partition could not be opened; then the marker is\n"
  "not written. Or the directory is settled, but acknowledged records are damaged or missing: what is said on standard\n"
  "error names files, offsets and commits of the journal.\n",
  run,
};
