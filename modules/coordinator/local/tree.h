/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree and its changes, in memory. Every change is a list of operations that succeeds or fails as a whole and takes
 * one transaction id (zxid) when it succeeds. Knows nothing of sessions, watches, replies or files: it tells a listener
 * what changed.
 *
 * Thread: one.
 */
#ifndef LOCAL_TREE_H
#define LOCAL_TREE_H

#include "node.h"

typedef struct Tree
{
  Node *root;
  int64_t zxid;           /* of the newest change */
  size_t max_data;        /* bytes a node may hold */
  GHashTable *ephemerals; /* Node; those that have an owner */
  /* What a successful change did to the node at `path`: for watches and for the writer. */
  void (*changed) (void *user, StokerCoordEvent event, const char *path);
  void *user;
} Tree;

/* How one operation went. */
typedef struct TreeResult
{
  int code;
  char *path; /* create: the name made; g_free */
  StokerCoordStat stat;
} TreeResult;

void local_tree_init (Tree *t);
void local_tree_clear (Tree *t);

/* NULL: no such node. */
Node *local_tree_find (const Tree *t, const char *path);
/* The path of a node in the tree; g_free. */
char *local_tree_path (const Node *n);

/* Carries out all operations or none. results[n] are filled: on failure OK before the one that failed,
 * RUNTIME_INCONSISTENCY after it. Ephemeral nodes get `owner`. Returns OK or the code of the one that failed. */
int local_tree_apply (Tree *t, const StokerCoordOp *ops, size_t n, int64_t now_ms, int64_t owner, TreeResult *results);

/* Deletes the ephemeral nodes of every owner, in one change. False: there was none. */
bool local_tree_end_sessions (Tree *t);

/* While loading: puts the node there. False: it has no parent, or is there already. */
bool local_tree_restore (Tree *t, const char *path, Node *n);

#endif
