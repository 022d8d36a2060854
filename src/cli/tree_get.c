/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker tree get: everything about single nodes.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
print_raw (const CliNode *n)
{
  gsize len = 0;
  const char *s = n->data ? g_bytes_get_data (n->data, &len) : NULL;

  if (len)
    (void)fwrite (s, 1, len, stdout);
}

static void
print_data (const CliNode *n)
{
  g_autofree char *json = NULL;
  gsize len = 0;
  const guint8 *s = n->data ? g_bytes_get_data (n->data, &len) : NULL;
  CliDataKind kind = cli_data_kind (n->data, true, &json);

  printf ("  data      %s", cli_data_kind_name (kind));
  if (len)
    printf (", %" G_GSIZE_FORMAT " byte%s", len, cli_s (len));
  printf ("\n");
  if (kind == CLI_DATA_JSON) {
    printf ("%s\n", json);
  } else if (kind == CLI_DATA_BINARY) {
    for (gsize i = 0; i < len; i++)
      printf ("%02x%s", s[i], i % 32 == 31 || i + 1 == len ? "\n" : "");
  } else if (len) {
    print_raw (n);
    printf ("\n");
  }
}

static void
print_human (const CliNode *n)
{
  char created[32], changed[32];

  printf ("%s\n", n->path);
  cli_format_time (n->stat.ctime_ms, created);
  cli_format_time (n->stat.mtime_ms, changed);
  printf ("  version   %d\n", n->stat.version);
  printf ("  created   %s  zxid 0x%" PRIx64 "\n", created, (uint64_t)n->stat.czxid);
  printf ("  changed   %s  zxid 0x%" PRIx64 "\n", changed, (uint64_t)n->stat.mzxid);
  printf ("  children  %d  version %d, zxid 0x%" PRIx64 "\n", n->stat.num_children, n->stat.cversion, (uint64_t)n->stat.pzxid);
  if (n->stat.ephemeral_owner)
    printf ("  owner     session 0x%" PRIx64 ": ephemeral\n", (uint64_t)n->stat.ephemeral_owner);
  print_data (n);
}

static void
print (const CliNode *n, bool json, bool raw)
{
  CliJson j = { 0 };

  if (raw) {
    print_raw (n);
  } else if (json) {
    cli_json_begin (&j, NULL, '{');
    cli_node_json (&j, n);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else {
    print_human (n);
  }
}

static int
one (CliTree *t, const char *path, bool json, bool raw)
{
  GPtrArray *nodes = NULL;
  StokerError err = { 0 };
  bool found;
  int rc = CLI_OK;

  if (cli_tree_walk (t, path, CLI_TREE_NODE, &nodes, &found, &err))
    return cli_failed ("%s", err.text);
  if (!found)
    rc = cli_failed ("%s: there is no node %s", cli_tree_name (t), path);
  else if (((CliNode *)nodes->pdata[0])->hidden)
    rc = cli_failed ("%s: %s: no right to read it (--auth)", cli_tree_name (t), path);
  else
    print (nodes->pdata[0], json, raw);
  g_ptr_array_unref (nodes);
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliTreeArgs a = { 0 };
  bool raw = false;
  CliOpt opts[] = { { "raw", 0, CLI_FLAG, &raw, NULL, "the data only, byte by byte" }, CLI_TREE_OPTS (a) };
  int rc = cli_tree_parse (c, &a, opts, G_N_ELEMENTS (opts), argc, argv, paths);
  StokerError err = { 0 };
  CliTree *t;

  if (rc != CLI_GO_ON)
    return rc;
  if (paths->len == 0)
    return cli_usage (c, "which node?");
  if (raw && (paths->len > 1 || a.common.json))
    return cli_usage (c, "--raw is for one node, and without --json");
  for (guint i = 0; i < paths->len; i++)
    if (!cli_tree_path_ok (paths->pdata[i]))
      return cli_usage (c, "\"%s\" is no node's path: /brokers/ids/0", (char *)paths->pdata[i]);
  t = cli_tree_open (&a, false, &err);
  if (t == NULL)
    return cli_error (c, &err);
  rc = CLI_OK;
  for (guint i = 0; i < paths->len; i++) {
    int code = one (t, paths->pdata[i], a.common.json, raw);
    rc = MAX (rc, code);
  }
  (void)cli_tree_close (t, NULL);
  return rc;
}

const CliCommand cli_tree_get = {
  "tree",
  "get",
  "PATH..",
  "Show nodes of the coordinator's tree, decoded.",
  "  stoker tree get -z localhost:2181 /controller /brokers/topics/orders\n"
  "  stoker tree get -z zk1:2181,zk2:2181/kafka /cluster/id --json\n"
  "  stoker tree get -d /var/lib/stoker/data /consumers/billing/offsets/orders/0 --raw\n"
  "\nVersion, times, transaction ids (zxid), the session that an ephemeral node belongs to, the data: JSON is laid out, what\n"
  "is no text is shown in hexadecimal digits. Exit code 1: there is no such node, or no right to read it.\n",
  run,
};
