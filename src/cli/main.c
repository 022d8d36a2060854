/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/cli.h"
#include "cli/out.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const CliCommand *const commands[] = {
  &cli_topic_create,   &cli_topic_list,    &cli_topic_describe, &cli_topic_alter,
  &cli_topic_delete,   &cli_produce,       &cli_consume,        &cli_group_list,
  &cli_group_describe, &cli_group_reset_offsets, &cli_group_delete,  &cli_group_delete_offsets,
  &cli_log_dump,      &cli_log_verify,     &cli_log_repair, &cli_log_settle,
  &cli_log_dirs,       &cli_log_move,
  &cli_tree_ls,        &cli_tree_get,       &cli_tree_watch,     &cli_tree_export,
  &cli_tree_import,
  &cli_bench_produce,  &cli_bench_consume, &cli_bench_latency,  &cli_bench_partitions,
};

static void
print_commands (FILE *to)
{
  fprintf (to, "usage: stoker COMMAND [OPTIONS] [ARGUMENTS]\n\n");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *name = g_strjoin (" ", commands[i]->area ? commands[i]->area : commands[i]->name,
                                       commands[i]->area ? commands[i]->name : NULL, NULL);
    fprintf (to, "  %-22s %s\n", name, commands[i]->summary);
  }
  fprintf (to, "\nstoker COMMAND --help says more, with examples.\n"
               "Exit codes: 0 done, 1 failed, 2 the command line is wrong.\n");
}

static int
unknown (int argc, char **argv)
{
  bool area = false;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    area = area || g_strcmp0 (commands[i]->area, argv[1]) == 0;
  if (area && argc > 2 && (strcmp (argv[2], "--help") == 0 || strcmp (argv[2], "-h") == 0)) {
    print_commands (stdout);
    return CLI_OK;
  }
  if (area && argc > 2)
    fprintf (stderr, "stoker: there is no command \"%s %s\"\n", argv[1], argv[2]);
  else if (area)
    fprintf (stderr, "stoker: %s needs one of its commands\n", argv[1]);
  else
    fprintf (stderr, "stoker: there is no command \"%s\"\n", argv[1]);
  print_commands (stderr);
  return CLI_USAGE;
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "");
  (void)signal (SIGPIPE, SIG_IGN);
  if (argc < 2) {
    print_commands (stderr);
    return CLI_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0) {
    print_commands (stdout);
    return CLI_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("stoker %s\n", STOKER_VERSION);
    return CLI_OK;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    const CliCommand *c = commands[i];
    int rc;
    if (c->area ? argc < 3 || strcmp (c->area, argv[1]) != 0 || strcmp (c->name, argv[2]) != 0
                : strcmp (c->name, argv[1]) != 0)
      continue;
    rc = c->run (c, argc - (c->area ? 2 : 1), argv + (c->area ? 2 : 1));
    if (cli_output_flush () == CLI_OUTPUT_LOST && rc == CLI_OK)
      return cli_failed ("cannot write the output");
    return rc;
  }
  return unknown (argc, argv);
}
