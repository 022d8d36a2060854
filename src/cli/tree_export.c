/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker tree export: the tree as a file.
 */
#include "cli/tree.h"

#include <stdio.h>
#include <string.h>

/* Secrets (SCRAM) may be in it: for its owner only. */
static int
save (const char *file, const GString *text)
{
  g_autoptr (GError) error = NULL;

  if (strcmp (file, "-") == 0)
    return fwrite (text->str, 1, text->len, stdout) == text->len ? CLI_OK : cli_failed ("cannot write the output");
  if (g_file_set_contents_full (file, text->str, (gssize)text->len, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
    return CLI_OK;
  return cli_failed ("%s", error->message);
}

static int
write_nodes (const CliTreeArgs *a, const CliTree *t, const GPtrArray *nodes, const char *file)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint n = 0, brokers = 0, left;
  CliJson j = { 0 };
  int rc;

  cli_tree_file_head (out);
  for (guint i = 0; i < nodes->len; i++) {
    const CliNode *node = nodes->pdata[i];
    brokers += cli_tree_is_broker (node);
    if (!cli_tree_is_state (node))
      continue;
    if (node->hidden)
      return cli_failed ("%s: %s: no right to read it (--auth); nothing was written", cli_tree_name (t), node->path);
    if (!cli_tree_path_ok (node->path))
      return cli_failed ("%s: the path %s cannot be written down; nothing was written", cli_tree_name (t), node->path);
    cli_tree_file_node (out, node->path, node->data);
    n++;
  }
  left = nodes->len - n;
  cli_tree_file_end (out, n);
  rc = save (file, out);
  if (rc != CLI_OK)
    return rc;
  if (brokers && a->zookeeper)
    fprintf (stderr, "stoker: %u broker%s registered: what changes meanwhile may be in the file or not\n", brokers, brokers == 1 ? " is" : "s are");
  if (strcmp (file, "-") == 0)
    return CLI_OK;
  if (!a->common.json) {
    printf ("%u node%s of %s written to %s; %u left out: the root, ephemeral ones, ZooKeeper's own, messages between brokers\n", n, cli_s (n),
            cli_tree_name (t), file, left);
    return CLI_OK;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "file", file);
  cli_json_int (&j, "nodes", n);
  cli_json_int (&j, "left_out", left);
  cli_json_end (&j, '}');
  cli_json_print (&j);
  return CLI_OK;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  CliTreeArgs a = { 0 };
  bool force = false, found;
  CliOpt opts[] = { { "force", 0, CLI_FLAG, &force, NULL, "write over a file that is there" }, CLI_TREE_OPTS (a) };
  int rc = cli_tree_parse (c, &a, opts, G_N_ELEMENTS (opts), argc, argv, args);
  GPtrArray *nodes = NULL;
  StokerError err = { 0 };
  const char *file;
  CliTree *t;

  if (rc != CLI_GO_ON)
    return rc;
  if (args->len != 1)
    return cli_usage (c, "to which file? One, or - for standard output");
  file = args->pdata[0];
  if (strcmp (file, "-") != 0 && !force && g_file_test (file, G_FILE_TEST_EXISTS))
    return cli_failed ("%s is there already: --force writes over it", file);
  t = cli_tree_open (&a, false, &err);
  if (t == NULL)
    return cli_error (c, &err);
  if (cli_tree_walk (t, "/", CLI_TREE_ALL, &nodes, &found, &err))
    rc = cli_error (c, &err);
  else if (!found)
    rc = cli_failed ("%s: there is no node /", cli_tree_name (t));
  else
    rc = write_nodes (&a, t, nodes, file);
  if (nodes)
    g_ptr_array_unref (nodes);
  (void)cli_tree_close (t, NULL);
  return rc;
}

const CliCommand cli_tree_export = {
  "tree",
  "export",
  "FILE",
  "Write the coordinator's tree to a file that import reads.",
  "  stoker tree export -d /var/lib/stoker/data tree.jsonl\n"
  "  stoker tree export -z zk1:2181,zk2:2181/kafka - | jq -r 'select(.path) | .path'\n"
  "\nTo move a broker from its embedded coordinator to ZooKeeper, or back: stop it, export, import into the other, start it\n"
  "with zookeeper.connect set (or taken away) and the same log.dirs: topics, settings, groups and offsets are there.\n"
  "The file has a JSON object a line: path, and the data as text or base64. Left out is what belongs to sessions\n"
  "(ephemeral nodes), to ZooKeeper (/zookeeper), and messages between running brokers. Its mode is 0600: it may hold secrets.\n",
  run,
};
