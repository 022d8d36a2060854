/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics that were deleted while a log directory was offline: what lies there of them is not known, and cannot be
 * removed. For each a node /admin/strays/ID.TOPIC is made in the multi that ends the deletion; the next start removes what
 * it finds of that id, and the node once no directory is missing any more. Without it a later topic of the same name
 * would find another one's log in its way.
 */
#include "cluster/internal.h"

#include "broker/replicas.h"

#define FOLDER "/admin/strays"
#define ID_TEXT (STOKER_UUID_TEXT - 1)

static bool
dir_missing (const StkController *c)
{
  for (int i = 0; c->b->replicas && i < c->b->n_dirs; i++)
    if (stk_replicas_dir_failed (c->b->replicas, i))
      return true;
  return false;
}

void
stk_ctl_stray_note (StkController *c, StkMulti *m, const StkTopicState *t)
{
  char id[STOKER_UUID_TEXT];
  g_autofree char *path = NULL;

  if (!dir_missing (c) || stoker_uuid_is_zero (t->id))
    return;
  stoker_uuid_format (t->id, id);
  path = g_strconcat (FOLDER "/", id, ".", t->name, NULL);
  stk_multi_create (m, path, NULL, 0);
}

typedef struct Stray
{
  StkController *c;
  char *path;
} Stray;

static void
on_gone (void *user)
{
  Stray *s = user;

  if (!s->c->stopping && !dir_missing (s->c))
    stk_tree_remove (&s->c->tree, s->path, -1, NULL, NULL);
  g_free (s->path);
  g_free (s);
}

static void
remove_stray (StkController *c, StokerStr node)
{
  StokerStr name = { node.data + ID_TEXT + 1, node.len - ID_TEXT - 1 };
  StokerUuid id;
  Stray *s;

  if (!stoker_uuid_parse ((StokerStr){ node.data, ID_TEXT }, &id) || stoker_uuid_is_zero (id))
    return;
  s = g_new (Stray, 1);
  *s = (Stray){ c, g_strdup_printf (FOLDER "/%.*s", (int)node.len, node.data) };
  stk_replicas_remove (c->b->replicas, &name, &id, 1, on_gone, s);
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;

  for (size_t i = 0; c->b->replicas && !c->stopping && i < reply->n_children; i++)
    if (reply->children[i].len > ID_TEXT + 1 && reply->children[i].data[ID_TEXT] == '.')
      remove_stray (c, reply->children[i]);
}

void
stk_ctl_strays_begin (StkController *c)
{
  stk_tree_children (&c->tree, FOLDER, STK_NO_WATCH, on_children, c);
}
