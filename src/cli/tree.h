/* SPDX-License-Identifier: Apache-2.0
 *
 * The coordinator's tree of either kind, for `stoker tree`: the same modules as the broker loads, asked one thing at a time. What is opened
 * to be read is not changed in any way.
 */
#ifndef STK_CLI_TREE_H
#define STK_CLI_TREE_H

#include "cli/cli.h"
#include "cli/modules.h"
#include "cli/out.h"

#include <stoker/coordinator.h>

/* Which tree, from the command line. */
typedef struct CliTreeArgs
{
  CliCommon common;
  const char *zookeeper, *directory, *auth;
  int64_t timeout_ms;
  GPtrArray *settings; /* of "NAME=VALUE"; NULL: none */
} CliTreeArgs;

/* Rows for the options of every command; an initializer's part. */
#define CLI_TREE_OPTS(a)                                                                                                                   \
  { "zookeeper", 'z', CLI_STRING, &(a).zookeeper, "HOST:PORT,../CHROOT", "the tree of this ensemble" },                                     \
      { "directory", 'd', CLI_STRING, &(a).directory, "DIR", "the tree of the stopped broker whose first log directory this is" },           \
      { "auth", 0, CLI_STRING, &(a).auth, "FILE", "USER:PASSWORD for ZooKeeper's digest authentication" },                                  \
      { "set", 'X', CLI_LIST, &(a).settings, "NAME=VALUE", "a setting of the coordinator's module" },                                       \
  {                                                                                                                                         \
    "timeout", 0, CLI_INT, &(a).timeout_ms, "MS", "how long to wait for answers (10000)"                                                    \
  }

typedef struct CliNode
{
  char *path;
  GBytes *data; /* NULL: null */
  StokerCoordStat stat;
  bool hidden;  /* no right to read it: nothing but its path is known */
} CliNode;

void cli_node_free (CliNode *n); /* NULL is allowed */

typedef struct CliTree CliTree;

/* cli_parse with the options' checks; sets common.offline. */
int cli_tree_parse (const CliCommand *c, CliTreeArgs *a, const CliOpt *opts, size_t n, int argc, char **argv, GPtrArray *args);
/* A session; the list of settings is used up. writable false: nothing is changed, ever. NULL with *err; the code is STOKER_ERROR_CONFIG where the command line is wrong. */
CliTree *cli_tree_open (CliTreeArgs *a, bool writable, StokerError *err);
/* Ends the session and frees. NULL is allowed. -1 with *err: what was written may not be durable. */
int cli_tree_close (CliTree *t, StokerError *err);
const char *cli_tree_name (const CliTree *t); /* for messages: the servers, or the directory */

/* How far a walk goes. */
typedef enum CliTreeDepth
{
  CLI_TREE_NODE,
  CLI_TREE_CHILDREN, /* the node's children, without itself */
  CLI_TREE_ALL,      /* itself and everything below */
} CliTreeDepth;

/* Nodes (of CliNode, which the array owns) in the order of their paths, parents first. *out empty: there is no such node, or it has no
 * children. *found says which. -1 with *err. */
int cli_tree_walk (CliTree *t, const char *path, CliTreeDepth depth, GPtrArray **out, bool *found, StokerError *err);
/* Carries out a multi: all or nothing. -1 with *err. */
int cli_tree_multi (CliTree *t, const StokerCoordOp *ops, size_t n, StokerError *err);
/* The module's limit for one request, bytes. */
size_t cli_tree_max_data (const CliTree *t);

/* For watching: the instance, and one turn of its control thread. on_state (may be NULL) hears of the session. */
StokerInstance *cli_tree_instance (CliTree *t);
const StokerCoordinatorOps *cli_tree_ops (CliTree *t);
void cli_tree_turn (CliTree *t, int64_t until_us);
void cli_tree_on_state (CliTree *t, void (*fn) (void *user, StokerCoordState state), void *user);

/* Is it a node's path: absolute, nothing empty, no "." or "..", no control characters? */
bool cli_tree_path_ok (const char *path);
/* The path of a child; g_free. */
char *cli_tree_join (const char *path, StokerStr name);
/* Like strcmp, but what is below a node stands right behind it. */
int cli_tree_compare (const char *a, const char *b);

/* ---- showing */
typedef enum CliDataKind
{
  CLI_DATA_NULL,
  CLI_DATA_EMPTY,
  CLI_DATA_JSON,
  CLI_DATA_NUMBER,
  CLI_DATA_TEXT,
  CLI_DATA_BINARY,
} CliDataKind;

const char *cli_data_kind_name (CliDataKind k);
/* What the data are; *json (may be NULL): their JSON in one line, or over several with `pretty`; g_free. */
CliDataKind cli_data_kind (GBytes *data, bool pretty, char **json);
/* One line of at most `width` characters; g_free. */
char *cli_data_line (GBytes *data, int width);
/* Members of an object that is begun: everything known of the node. */
void cli_node_json (CliJson *j, const CliNode *n);

/* ---- the file of export and import */
/* Its lines, each with its newline. */
void cli_tree_file_head (GString *out);
void cli_tree_file_node (GString *out, const char *path, GBytes *data);
void cli_tree_file_end (GString *out, guint nodes);
/* Reads and checks the whole of it; nodes (paths and data of CliNode) in the order of
 * their paths, parents first. NULL with *err, which names the line. "-": standard input. */
GPtrArray *cli_tree_file_read (const char *file, StokerError *err);
/* Is this node part of what is moved? Ephemerals, ZooKeeper's own nodes and messages between running brokers are not. */
bool cli_tree_is_state (const CliNode *n);
/* Is it the registration of a broker that runs? */
bool cli_tree_is_broker (const CliNode *n);

#endif
