/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/multi.h"

#include <glib.h>

struct StkMulti
{
  GArray *ops;
  GPtrArray *owned;
};

static void
nobody (void *user, const StokerCoordReply *reply)
{
}

static StokerBytes
bytes (const char *s)
{
  return s ? (StokerBytes){ (uint8_t *)(uintptr_t)s, strlen (s) } : STOKER_BYTES_NULL;
}

StkTree
stk_tree_of (StokerInstance *coordinator)
{
  return (StkTree){ coordinator, coordinator->module->ops };
}

void
stk_tree_create (const StkTree *t, const char *path, const char *data, uint32_t flags, StokerCoordDone done, void *user)
{
  t->ops->create (t->self, path, bytes (data), flags, done ? done : nobody, user);
}

void
stk_tree_set (const StkTree *t, const char *path, const char *data, int32_t version, StokerCoordDone done, void *user)
{
  t->ops->set (t->self, path, bytes (data), version, done ? done : nobody, user);
}

void
stk_tree_remove (const StkTree *t, const char *path, int32_t version, StokerCoordDone done, void *user)
{
  t->ops->remove (t->self, path, version, done ? done : nobody, user);
}

void
stk_tree_get (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  t->ops->get (t->self, path, watch, done ? done : nobody, user);
}

void
stk_tree_exists (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  t->ops->exists (t->self, path, watch, done ? done : nobody, user);
}

void
stk_tree_children (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  t->ops->children (t->self, path, watch, done ? done : nobody, user);
}

StkMulti *
stk_multi_new (void)
{
  StkMulti *m = g_new (StkMulti, 1);

  m->ops = g_array_new (FALSE, FALSE, sizeof (StokerCoordOp));
  m->owned = g_ptr_array_new_with_free_func (g_free);
  return m;
}

static void
add (StkMulti *m, StokerCoordOpKind kind, const char *path, char *data, uint32_t flags, int32_t version)
{
  StokerCoordOp op = { kind, g_strdup (path), bytes (data), flags, version };

  g_ptr_array_add (m->owned, (char *)(uintptr_t)op.path);
  if (data)
    g_ptr_array_add (m->owned, data);
  g_array_append_val (m->ops, op);
}

void
stk_multi_check (StkMulti *m, const char *path, int32_t version)
{
  add (m, STOKER_COORD_OP_CHECK, path, NULL, 0, version);
}

void
stk_multi_create (StkMulti *m, const char *path, char *data, uint32_t flags)
{
  add (m, STOKER_COORD_OP_CREATE, path, data, flags, -1);
}

void
stk_multi_set (StkMulti *m, const char *path, char *data, int32_t version)
{
  add (m, STOKER_COORD_OP_SET, path, data, 0, version);
}

void
stk_multi_remove (StkMulti *m, const char *path, int32_t version)
{
  add (m, STOKER_COORD_OP_DELETE, path, NULL, 0, version);
}

size_t
stk_multi_size (const StkMulti *m)
{
  return m->ops->len;
}

void
stk_multi_send (StkMulti *m, const StkTree *t, StokerCoordDone done, void *user)
{
  t->ops->multi (t->self, (const StokerCoordOp *)(void *)m->ops->data, m->ops->len, done ? done : nobody, user);
  stk_multi_free (m);
}

void
stk_multi_free (StkMulti *m)
{
  g_array_unref (m->ops);
  g_ptr_array_unref (m->owned);
  g_free (m);
}
