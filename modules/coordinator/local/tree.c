/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include "../path.h"

/* What it takes to revert one operation. */
typedef struct Undo
{
  StokerCoordOpKind kind;
  char *path;        /* of the node */
  Node *node;        /* CREATE: the new one; DELETE: the one taken out, owned; SET: the one changed */
  Node *parent;      /* CREATE, DELETE */
  int64_t pzxid;     /* of the parent, before */
  StokerBlock *data; /* SET: before, owned; and the rest of what a set changes */
  int64_t mzxid, mtime_ms;
  int32_t version;
} Undo;

typedef struct Change
{
  Tree *tree;
  int64_t zxid, now_ms, owner;
  Undo *log;
  size_t n;
} Change;

void
local_tree_init (Tree *t)
{
  memset (t, 0, sizeof *t);
  t->root = local_node_new ("", local_block_copy ((StokerBytes){ (uint8_t *)"", 0 }));
  t->ephemerals = g_hash_table_new (NULL, NULL);
  t->max_data = 4u << 20;
}

void
local_tree_clear (Tree *t)
{
  g_hash_table_unref (t->ephemerals);
  local_node_free (t->root);
  memset (t, 0, sizeof *t);
}

/* The node at path[0..len). */
static Node *
find (const Tree *t, const char *path, size_t len)
{
  const char *end = path + len;
  Node *n = t->root;

  if (len == 1)
    return n; /* "/" */
  while (n && path < end) {
    const char *name = path + 1, *slash = memchr (name, '/', (size_t)(end - name));
    size_t part = (size_t)((slash ? slash : end) - name);
    char small[128], *copy = part < sizeof small ? small : g_malloc (part + 1);
    memcpy (copy, name, part);
    copy[part] = '\0';
    n = local_node_child (n, copy);
    if (copy != small)
      g_free (copy);
    path = name + part;
  }
  return n;
}

Node *
local_tree_find (const Tree *t, const char *path)
{
  return find (t, path, strlen (path));
}

char *
local_tree_path (const Node *n)
{
  GString *s = g_string_new (NULL);

  for (; n->parent; n = n->parent) {
    g_string_prepend (s, n->name);
    g_string_prepend_c (s, '/');
  }
  if (s->len == 0)
    g_string_append_c (s, '/');
  return g_string_free (s, FALSE);
}

static void
adopt (Tree *t, Node *parent, Node *n)
{
  local_node_attach (parent, n);
  if (n->owner)
    g_hash_table_add (t->ephemerals, n);
}

static void
abandon (Tree *t, Node *n)
{
  local_node_detach (n);
  g_hash_table_remove (t->ephemerals, n);
}

static int
apply_create (Change *c, const StokerCoordOp *op, Undo *undo, TreeResult *result)
{
  bool sequence = op->flags & STOKER_COORD_SEQUENCE;
  g_autofree char *path = NULL;
  Node *parent, *n;

  if (!coord_path_ok (op->path, sequence) || op->data.len > c->tree->max_data)
    return STOKER_COORD_BAD_ARGUMENTS;
  if (!sequence && op->path[1] == '\0')
    return STOKER_COORD_NODE_EXISTS;
  parent = find (c->tree, op->path, coord_path_parent (op->path[1] ? op->path : "/x"));
  if (parent == NULL)
    return STOKER_COORD_NO_NODE;
  path = sequence ? g_strdup_printf ("%s%010u", op->path, parent->created) : g_strdup (op->path);
  if (local_node_child (parent, coord_path_name (path)))
    return STOKER_COORD_NODE_EXISTS;
  if (parent->owner)
    return STOKER_COORD_NO_CHILDREN_FOR_EPHEMERALS;
  n = local_node_new (coord_path_name (path), local_block_copy (op->data));
  n->czxid = n->mzxid = n->pzxid = c->zxid;
  n->ctime_ms = n->mtime_ms = c->now_ms;
  n->owner = op->flags & STOKER_COORD_EPHEMERAL ? c->owner : 0;
  undo->node = n;
  undo->parent = parent;
  undo->pzxid = parent->pzxid;
  undo->path = g_strdup (path);
  adopt (c->tree, parent, n);
  parent->created++;
  parent->pzxid = c->zxid;
  local_node_stat (n, &result->stat);
  result->path = g_steal_pointer (&path);
  return STOKER_COORD_OK;
}

static int
find_version (Change *c, const StokerCoordOp *op, Node **out)
{
  if (!coord_path_ok (op->path, false))
    return STOKER_COORD_BAD_ARGUMENTS;
  *out = local_tree_find (c->tree, op->path);
  if (*out == NULL)
    return STOKER_COORD_NO_NODE;
  return op->version != -1 && op->version != (*out)->version ? STOKER_COORD_BAD_VERSION : STOKER_COORD_OK;
}

static int
apply_set (Change *c, const StokerCoordOp *op, Undo *undo, TreeResult *result)
{
  Node *n;
  int code = op->data.len > c->tree->max_data ? STOKER_COORD_BAD_ARGUMENTS : find_version (c, op, &n);

  if (code != STOKER_COORD_OK)
    return code;
  undo->path = g_strdup (op->path);
  undo->node = n;
  undo->data = n->data;
  undo->mzxid = n->mzxid;
  undo->mtime_ms = n->mtime_ms;
  undo->version = n->version;
  n->data = local_block_copy (op->data);
  n->mzxid = c->zxid;
  n->mtime_ms = c->now_ms;
  n->version++;
  local_node_stat (n, &result->stat);
  return STOKER_COORD_OK;
}

static int
apply_delete (Change *c, const StokerCoordOp *op, Undo *undo)
{
  Node *n;
  int code = find_version (c, op, &n);

  if (code != STOKER_COORD_OK)
    return code;
  if (n->parent == NULL)
    return STOKER_COORD_BAD_ARGUMENTS;
  if (local_node_n_children (n) > 0)
    return STOKER_COORD_NOT_EMPTY;
  undo->path = g_strdup (op->path);
  undo->node = n;
  undo->parent = n->parent;
  undo->pzxid = n->parent->pzxid;
  n->parent->pzxid = c->zxid;
  abandon (c->tree, n);
  return STOKER_COORD_OK;
}

static int
apply_one (Change *c, const StokerCoordOp *op, TreeResult *result)
{
  Undo *undo = &c->log[c->n];
  Node *n;
  int code;

  *undo = (Undo){ .kind = op->kind };
  switch (op->kind) {
  case STOKER_COORD_OP_CREATE:
    code = apply_create (c, op, undo, result);
    break;
  case STOKER_COORD_OP_SET:
    code = apply_set (c, op, undo, result);
    break;
  case STOKER_COORD_OP_DELETE:
    code = apply_delete (c, op, undo);
    break;
  case STOKER_COORD_OP_CHECK:
    code = find_version (c, op, &n);
    break;
  default:
    code = STOKER_COORD_BAD_ARGUMENTS;
  }
  if (code == STOKER_COORD_OK)
    c->n++;
  return code;
}

static void
revert (Change *c)
{
  while (c->n > 0) {
    Undo *u = &c->log[--c->n];
    switch (u->kind) {
    case STOKER_COORD_OP_CREATE:
      abandon (c->tree, u->node);
      local_node_free (u->node);
      u->parent->created--;
      u->parent->pzxid = u->pzxid;
      break;
    case STOKER_COORD_OP_DELETE:
      adopt (c->tree, u->parent, u->node);
      u->parent->pzxid = u->pzxid;
      break;
    case STOKER_COORD_OP_SET:
      if (u->node->data)
        stoker_block_unref (u->node->data);
      u->node->data = u->data;
      u->node->mzxid = u->mzxid;
      u->node->mtime_ms = u->mtime_ms;
      u->node->version = u->version;
      break;
    case STOKER_COORD_OP_CHECK:
      break;
    }
    g_free (u->path);
  }
}

static void
tell (Tree *t, StokerCoordEvent event, const char *path)
{
  if (t->changed)
    t->changed (t->user, event, path);
}

static void
tell_parent (Tree *t, const char *path)
{
  g_autofree char *parent = g_strndup (path, coord_path_parent (path));

  tell (t, STOKER_COORD_CHILD, parent);
}

/* The change stands: tells of it and lets go of what reverting would have needed. */
static void
conclude (Change *c)
{
  for (size_t i = 0; i < c->n; i++) {
    Undo *u = &c->log[i];
    switch (u->kind) {
    case STOKER_COORD_OP_CREATE:
      tell (c->tree, STOKER_COORD_CREATED, u->path);
      tell_parent (c->tree, u->path);
      break;
    case STOKER_COORD_OP_DELETE:
      tell (c->tree, STOKER_COORD_DELETED, u->path);
      tell_parent (c->tree, u->path);
      local_node_free (u->node);
      break;
    case STOKER_COORD_OP_SET:
      tell (c->tree, STOKER_COORD_CHANGED, u->path);
      if (u->data)
        stoker_block_unref (u->data);
      break;
    case STOKER_COORD_OP_CHECK:
      break;
    }
    g_free (u->path);
  }
}

int
local_tree_apply (Tree *t, const StokerCoordOp *ops, size_t n, int64_t now_ms, int64_t owner, TreeResult *results)
{
  Change c = { t, t->zxid + 1, now_ms, owner, g_new (Undo, n + 1), 0 };
  int code = STOKER_COORD_OK;
  size_t failed = n;

  memset (results, 0, sizeof *results * n);
  for (size_t i = 0; i < n && failed == n; i++)
    if ((results[i].code = code = apply_one (&c, &ops[i], &results[i])) != STOKER_COORD_OK)
      failed = i;
  if (failed < n) {
    revert (&c);
    for (size_t i = 0; i < n; i++) {
      g_clear_pointer (&results[i].path, g_free);
      if (i > failed)
        results[i].code = STOKER_COORD_RUNTIME_INCONSISTENCY;
    }
  } else {
    t->zxid = c.zxid;
    conclude (&c);
  }
  g_free (c.log);
  return code;
}

bool
local_tree_end_sessions (Tree *t)
{
  size_t n = g_hash_table_size (t->ephemerals), i = 0;
  g_autofree StokerCoordOp *ops = g_new0 (StokerCoordOp, n + 1);
  g_autofree TreeResult *results = g_new (TreeResult, n + 1);
  GHashTableIter it;
  void *node;

  if (n == 0)
    return false;
  g_hash_table_iter_init (&it, t->ephemerals);
  while (g_hash_table_iter_next (&it, &node, NULL))
    ops[i++] = (StokerCoordOp){ STOKER_COORD_OP_DELETE, local_tree_path (node), STOKER_BYTES_NULL, 0, -1 };
  g_assert (local_tree_apply (t, ops, n, 0, 0, results) == STOKER_COORD_OK);
  for (i = 0; i < n; i++)
    g_free ((char *)(uintptr_t)ops[i].path);
  return true;
}

bool
local_tree_restore (Tree *t, const char *path, Node *n)
{
  Node *parent;

  if (path[1] == '\0') { /* the root: what it has takes the place of the empty one */
    if (t->root->children || t->root->czxid || t->root->created)
      return false;
    local_node_free (t->root);
    t->root = n;
    return true;
  }
  parent = find (t, path, coord_path_parent (path));
  if (parent == NULL || local_node_child (parent, n->name) || parent->owner)
    return false;
  adopt (t, parent, n);
  return true;
}
