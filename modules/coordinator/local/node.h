/* SPDX-License-Identifier: Apache-2.0
 *
 * A node of the tree in memory. Data is a counted block that never changes, so that replies and the writer can hold it
 * while the node moves on.
 */
#ifndef LOCAL_NODE_H
#define LOCAL_NODE_H

#include <stoker/coordinator.h>

#include <glib.h>

typedef struct Node Node;
struct Node
{
  Node *parent;         /* NULL: the root, or not in the tree */
  GHashTable *children; /* name -> Node; NULL while there is none */
  StokerBlock *data;    /* NULL: null */
  int64_t czxid, mzxid, pzxid;
  int64_t ctime_ms, mtime_ms;
  int64_t owner; /* session id; 0: persistent */
  int32_t version;
  uint32_t created; /* children ever created: the next sequence suffix */
  char name[];
};

Node *local_node_new (const char *name, StokerBlock *data); /* takes over the reference */
/* With everything below it. */
void local_node_free (Node *n);
void local_node_attach (Node *parent, Node *n);
void local_node_detach (Node *n);
Node *local_node_child (const Node *n, const char *name);
uint32_t local_node_n_children (const Node *n);
void local_node_stat (const Node *n, StokerCoordStat *out);
/* A block with these bytes; NULL for null. */
StokerBlock *local_block_copy (StokerBytes data);
StokerBytes local_block_bytes (StokerBlock *b);

#endif
