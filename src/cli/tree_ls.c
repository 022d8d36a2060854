/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker tree ls: the nodes below one.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <stdio.h>

#define WIDTH 72

static void
print_json (const GPtrArray *nodes)
{
  for (guint i = 0; i < nodes->len; i++) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_node_json (&j, nodes->pdata[i]);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  }
}

static void
print_table (const GPtrArray *nodes, int width)
{
  static const char *const headers[] = { "PATH", "VERSION", "CHILDREN", "CHANGED", "OWNER", "DATA", NULL };
  CliTable *t;

  if (nodes->len == 0)
    return;
  t = cli_table_new (headers);
  for (guint i = 0; i < nodes->len; i++) {
    const CliNode *n = nodes->pdata[i];
    g_autofree char *line = n->hidden ? g_strdup ("(no right to read it)") : cli_data_line (n->data, width);
    char when[32];
    cli_format_time (n->hidden ? -1 : n->stat.mtime_ms, when);
    cli_table_cell (t, "%s", n->path);
    if (n->hidden) {
      cli_table_cell (t, "-");
      cli_table_cell (t, "-");
    } else {
      cli_table_cell (t, "%d", n->stat.version);
      cli_table_cell (t, "%d", n->stat.num_children);
    }
    cli_table_cell (t, "%s", when);
    if (n->stat.ephemeral_owner)
      cli_table_cell (t, "0x%" PRIx64, (uint64_t)n->stat.ephemeral_owner);
    else
      cli_table_cell (t, "-");
    cli_table_cell (t, "%s", line);
  }
  cli_table_print (t);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliTreeArgs a = { 0 };
  bool recursive = false, full = false, found;
  CliOpt opts[] = { { "recursive", 'r', CLI_FLAG, &recursive, NULL, "the node itself and everything below it" },
                    { "full", 'f', CLI_FLAG, &full, NULL, "do not cut data that are long" },
                    CLI_TREE_OPTS (a) };
  int rc = cli_tree_parse (c, &a, opts, G_N_ELEMENTS (opts), argc, argv, paths);
  const char *path = paths->len ? paths->pdata[0] : "/";
  GPtrArray *nodes = NULL;
  StokerError err = { 0 };
  CliTree *t;

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len > 1 || !cli_tree_path_ok (path))
    return cli_usage (c, paths->len > 1 ? "one path at a time" : "\"%s\" is no node's path: /brokers/ids", path);
  t = cli_tree_open (&a, false, &err);
  if (t == NULL)
    return cli_error (c, &err);
  if (cli_tree_walk (t, path, recursive ? CLI_TREE_ALL : CLI_TREE_CHILDREN, &nodes, &found, &err))
    rc = cli_error (c, &err);
  else if (!found)
    rc = cli_failed ("%s: there is no node %s", cli_tree_name (t), path);
  else {
    rc = CLI_OK;
    if (a.common.json)
      print_json (nodes);
    else
      print_table (nodes, full ? G_MAXINT : WIDTH);
  }
  if (nodes)
    g_ptr_array_unref (nodes);
  (void)cli_tree_close (t, NULL);
  return rc;
}

const CliCommand cli_tree_ls = {
  "tree",
  "ls",
  "[PATH]",
  "List nodes of the coordinator's tree.",
  "  stoker tree ls --zookeeper zk1:2181,zk2:2181/kafka /brokers/ids\n"
  "  stoker tree ls -z localhost:2181 -r /consumers\n"
  "  stoker tree ls --directory /var/lib/stoker/data -r --json\n"
  "\nThe children of PATH (of / when none is given). With --directory the broker must be stopped; nothing is changed.\n"
  "OWNER is the session of a node that goes with it.\n",
  run,
};
