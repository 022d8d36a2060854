/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker tree import: a file of export into a tree of either kind.
 */
#include "cli/tree.h"

#include <stdio.h>
#include <string.h>

/* Of one multi. */
#define BATCH_NODES 500
#define NODE_BYTES 256 /* what a request needs beside path and data, and more */

typedef struct Import
{
  const CliCommand *command;
  CliTreeArgs args;
  bool force, replace;
  const char *file;
  CliTree *tree;
  GPtrArray *nodes, *there; /* of CliNode: to be written; in the tree now */
  GHashTable *by_path;      /* of `there` */
  GArray *ops;              /* StokerCoordOp that are not yet carried out */
  size_t bytes;
  guint created, changed, same, deleted, done;
} Import;

static int
flush_ops (Import *m, StokerError *err)
{
  if (m->ops->len && cli_tree_multi (m->tree, (const StokerCoordOp *)(const void *)m->ops->data, m->ops->len, err))
    return -1;
  m->done += m->ops->len;
  g_array_set_size (m->ops, 0);
  m->bytes = 0;
  return 0;
}

static int
add_op (Import *m, StokerCoordOpKind kind, const char *path, GBytes *data, StokerError *err)
{
  gsize len = 0;
  const uint8_t *s = data ? g_bytes_get_data (data, &len) : NULL;
  StokerCoordOp op = { .kind = kind, .path = path, .version = -1 };
  size_t need = strlen (path) + len + NODE_BYTES;

  if (data)
    op.data = (StokerBytes){ (uint8_t *)(uintptr_t)(len ? s : (const uint8_t *)""), len };
  if ((m->ops->len == BATCH_NODES || m->bytes + need > cli_tree_max_data (m->tree) / 2) && flush_ops (m, err))
    return -1;
  g_array_append_val (m->ops, op);
  m->bytes += need;
  return 0;
}

static bool
same_data (GBytes *a, GBytes *b)
{
  return a && b ? g_bytes_equal (a, b) : a == b;
}

/* What is there and not in the file, children first. */
static int
delete_others (Import *m, StokerError *err)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < m->nodes->len; i++)
    g_hash_table_add (wanted, ((CliNode *)m->nodes->pdata[i])->path);
  for (guint i = m->there->len; i-- > 0;) {
    const CliNode *n = m->there->pdata[i];
    if (strcmp (n->path, "/") == 0 || strcmp (n->path, "/zookeeper") == 0 || g_str_has_prefix (n->path, "/zookeeper/")
        || g_hash_table_contains (wanted, n->path))
      continue;
    if (add_op (m, STOKER_COORD_OP_DELETE, n->path, NULL, err))
      return -1;
    m->deleted++;
  }
  return 0;
}

static int
write_nodes (Import *m, StokerError *err)
{
  if (m->replace && delete_others (m, err))
    return -1;
  for (guint i = 0; i < m->nodes->len; i++) {
    const CliNode *n = m->nodes->pdata[i], *old = g_hash_table_lookup (m->by_path, n->path);
    if (old && !old->hidden && same_data (n->data, old->data)) {
      m->same++;
      continue;
    }
    if (add_op (m, old ? STOKER_COORD_OP_SET : STOKER_COORD_OP_CREATE, n->path, n->data, err))
      return -1;
    m->created += old == NULL;
    m->changed += old != NULL;
  }
  return flush_ops (m, err);
}

/* ---- what forbids it */

static int
check_sizes (const Import *m)
{
  for (guint i = 0; i < m->nodes->len; i++) {
    const CliNode *n = m->nodes->pdata[i];
    gsize len = n->data ? g_bytes_get_size (n->data) : 0;
    if (strlen (n->path) + len + NODE_BYTES > cli_tree_max_data (m->tree))
      return cli_failed ("%s: the data of %s are %" G_GSIZE_FORMAT " bytes, more than %s takes (max.data); nothing was written", m->file, n->path, len,
                         cli_tree_name (m->tree));
  }
  return CLI_OK;
}

static int
check_target (const Import *m)
{
  guint n = 0;

  for (guint i = 0; i < m->there->len; i++) {
    const CliNode *node = m->there->pdata[i];
    if (cli_tree_is_broker (node))
      return cli_failed ("%s: a broker is registered (%s): stop it first; nothing was written", cli_tree_name (m->tree), node->path);
    n += strcmp (node->path, "/") != 0 && strcmp (node->path, "/zookeeper") != 0 && !g_str_has_prefix (node->path, "/zookeeper/");
  }
  if (n == 0 || m->force || m->replace)
    return CLI_OK;
  return cli_failed ("%s is not empty, it has %u node%s: --force writes over those that the file has too, --replace also deletes the others; "
                     "nothing was written",
                     cli_tree_name (m->tree), n, cli_s (n));
}

/* ---- the command */

static int
tell (const Import *m)
{
  CliJson j = { 0 };

  if (!m->args.common.json) {
    printf ("%u node%s of %s imported into %s: %u created, %u changed, %u the same as before", m->nodes->len, cli_s (m->nodes->len), m->file,
            cli_tree_name (m->tree), m->created, m->changed, m->same);
    if (m->replace)
      printf ("; %u other%s deleted", m->deleted, cli_s (m->deleted));
    printf ("\n");
    return CLI_OK;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_int (&j, "nodes", m->nodes->len);
  cli_json_int (&j, "created", m->created);
  cli_json_int (&j, "changed", m->changed);
  cli_json_int (&j, "same", m->same);
  cli_json_int (&j, "deleted", m->deleted);
  cli_json_end (&j, '}');
  cli_json_print (&j);
  return CLI_OK;
}

static int
import (Import *m)
{
  StokerError err = { 0 };
  bool found;
  int rc;

  if (cli_tree_walk (m->tree, "/", CLI_TREE_ALL, &m->there, &found, &err))
    return cli_error (m->command, &err);
  m->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < m->there->len; i++)
    g_hash_table_insert (m->by_path, ((CliNode *)m->there->pdata[i])->path, m->there->pdata[i]);
  rc = check_target (m);
  if (rc == CLI_OK)
    rc = check_sizes (m);
  if (rc != CLI_OK)
    return rc;
  m->ops = g_array_new (FALSE, FALSE, sizeof (StokerCoordOp));
  if (write_nodes (m, &err))
    rc = cli_failed ("%s; %u changes were made for certain: import again, with --%s", err.text, m->done, m->replace ? "replace" : "force");
  g_array_unref (m->ops);
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  Import m = { .command = c };
  CliOpt opts[] = { { "force", 0, CLI_FLAG, &m.force, NULL, "into a tree that is not empty; what the file does not have stays" },
                    { "replace", 0, CLI_FLAG, &m.replace, NULL, "into a tree that is not empty; what the file does not have is deleted" },
                    CLI_TREE_OPTS (m.args) };
  int rc = cli_tree_parse (c, &m.args, opts, G_N_ELEMENTS (opts), argc, argv, args);
  StokerError err = { 0 };

  if (rc != CLI_GO_ON)
    return rc;
  if (args->len != 1)
    return cli_usage (c, "from which file? One, or - for standard input");
  m.file = args->pdata[0];
  m.nodes = cli_tree_file_read (m.file, &err);
  if (m.nodes == NULL)
    return cli_failed ("%s", err.text);
  m.tree = cli_tree_open (&m.args, true, &err);
  if (m.tree) {
    rc = import (&m);
    if (rc == CLI_GO_ON || rc == CLI_OK)
      rc = tell (&m);
    if (cli_tree_close (m.tree, &err) && rc == CLI_OK)
      rc = cli_failed ("%s", err.text);
  } else {
    rc = cli_error (c, &err);
  }
  g_ptr_array_unref (m.nodes);
  if (m.there)
    g_ptr_array_unref (m.there);
  if (m.by_path)
    g_hash_table_unref (m.by_path);
  return rc;
}

const CliCommand cli_tree_import = {
  "tree",
  "import",
  "FILE",
  "Write what export wrote into a coordinator's tree of either kind.",
  "  stoker tree import -z zk1:2181,zk2:2181/kafka tree.jsonl\n"
  "  stoker tree import -d /var/lib/stoker/data tree.jsonl --replace\n"
  "\nThe file is checked whole before anything is written. A tree that is not empty is refused without --force or --replace, one\n"
  "that a broker is registered in always. A chroot, and a coordinator.db, are made when they are missing: run it as the\n"
  "broker's user. Nodes are written in batches, each all or nothing; after a failure import again.\n",
  run,
};
