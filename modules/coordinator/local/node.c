/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

Node *
local_node_new (const char *name, StokerBlock *data)
{
  size_t len = strlen (name) + 1;
  Node *n = g_malloc0 (sizeof *n + len);

  memcpy (n->name, name, len);
  n->data = data;
  return n;
}

void
local_node_free (Node *n)
{
  GHashTableIter it;
  void *child;

  if (n == NULL)
    return;
  if (n->children) {
    g_hash_table_iter_init (&it, n->children);
    while (g_hash_table_iter_next (&it, NULL, &child))
      local_node_free (child);
    g_hash_table_unref (n->children);
  }
  if (n->data)
    stoker_block_unref (n->data);
  g_free (n);
}

void
local_node_attach (Node *parent, Node *n)
{
  if (parent->children == NULL)
    parent->children = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (parent->children, n->name, n);
  n->parent = parent;
}

void
local_node_detach (Node *n)
{
  g_hash_table_remove (n->parent->children, n->name);
  if (g_hash_table_size (n->parent->children) == 0) {
    g_hash_table_unref (n->parent->children);
    n->parent->children = NULL;
  }
  n->parent = NULL;
}

Node *
local_node_child (const Node *n, const char *name)
{
  return n->children ? g_hash_table_lookup (n->children, name) : NULL;
}

uint32_t
local_node_n_children (const Node *n)
{
  return n->children ? g_hash_table_size (n->children) : 0;
}

void
local_node_stat (const Node *n, StokerCoordStat *out)
{
  uint32_t children = local_node_n_children (n);

  *out = (StokerCoordStat){
    .czxid = n->czxid,
    .mzxid = n->mzxid,
    .pzxid = n->pzxid,
    .ctime_ms = n->ctime_ms,
    .mtime_ms = n->mtime_ms,
    .version = n->version,
    .cversion = (int32_t)(2 * n->created - children), /* creations and deletions */
    .ephemeral_owner = n->owner,
    .data_length = n->data ? (int32_t)stoker_block_len (n->data) : 0,
    .num_children = (int32_t)children,
  };
}

StokerBlock *
local_block_copy (StokerBytes data)
{
  StokerBlock *b;

  if (data.data == NULL)
    return NULL;
  b = stoker_block_new (data.len);
  if (data.len > 0)
    memcpy (stoker_block_data (b), data.data, data.len);
  return b;
}

StokerBytes
local_block_bytes (StokerBlock *b)
{
  return b ? (StokerBytes){ stoker_block_data (b), stoker_block_len (b) } : STOKER_BYTES_NULL;
}
