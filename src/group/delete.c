/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteGroups, OffsetDelete, and the offsets of topics that are gone (kafka-facts 9.3). Answered when the store has
 * it.
 */
#include "group/internal.h"

/* ---- groups: one answer for several deletions */

typedef struct Deletion
{
  StkGroups *groups;
  StokerDeleteGroups *req; /* NULL: answered */
  int32_t left, unanswered;
} Deletion;

typedef struct DropGroup
{
  StkWrite write;
  StkGroup *group;
  Deletion *deletion;
  int32_t slot;
  bool told;
} DropGroup;

static void
drop_told (DropGroup *d, int16_t error)
{
  Deletion *all = d->deletion;

  if (d->told)
    return;
  d->told = true;
  all->req->groups[d->slot].error = error;
  if (--all->unanswered == 0) {
    stk_groups_finish (all->groups, &all->req->call);
    all->req = NULL;
  }
}

static void
drop_late (StkWrite *w)
{
  drop_told ((DropGroup *)w, STOKER_COORDINATOR_NOT_AVAILABLE);
}

static void
drop_done (StkWrite *w, int16_t error)
{
  DropGroup *d = (DropGroup *)w;
  Deletion *all = d->deletion;

  drop_told (d, error);
  stk_group_unref_write (d->group);
  g_free (d);
  if (--all->left == 0)
    g_free (all);
}

static void
delete_one (StkGroups *gs, Deletion *all, int32_t slot)
{
  StokerDeleteGroup *del = &all->req->groups[slot];
  StkGroup *g;
  DropGroup *d;

  del->error = stk_groups_authorize (gs, &all->req->call, STK_ACL_DELETE, STK_ACL_GROUP, del->group_id);
  if (del->error == 0)
    del->error = stk_groups_check (gs, del->group_id, true);
  if (del->error)
    return;
  g = stk_groups_find (gs, del->group_id);
  if (g == NULL || g->state != STK_GROUP_EMPTY) {
    del->error = g ? STOKER_NON_EMPTY_GROUP : STOKER_GROUP_ID_NOT_FOUND;
    return;
  }
  d = g_new0 (DropGroup, 1);
  d->write.late = drop_late;
  d->write.done = drop_done;
  d->group = g;
  d->deletion = all;
  d->slot = slot;
  del->error = gs->store->ops->drop_group (gs->store, g, &d->write);
  if (del->error) {
    g_free (d);
    return;
  }
  g->writes++;
  stk_group_kill (g);
  all->left++;
  all->unanswered++;
}

void
stk_groups_delete (StkGroups *gs, StokerDeleteGroups *req)
{
  Deletion *all = g_new0 (Deletion, 1);

  all->groups = gs;
  all->req = req;
  for (int32_t i = 0; i < req->n_groups; i++)
    delete_one (gs, all, i);
  if (all->left)
    return;
  stk_groups_finish (gs, &req->call);
  g_free (all);
}

/* ---- offsets */

static void
forget (StkGroup *g, StkTopicOffsets *t, int32_t partition)
{
  StkOffset *o = stk_offsets_find (t, partition);

  if (o->pending == 0) {
    stk_offsets_remove (&g->offsets, t, partition);
    return;
  }
  o->life++;
  o->offset = STK_NO_OFFSET;
}

int16_t
stk_group_drop_offsets (StkGroup *g, const StkOffsetKey *keys, size_t n, StkWrite *w)
{
  StkStore *store = g->groups->store;
  int16_t error = store->ops->drop_offsets (store, g, keys, n, w);

  if (error == 0)
    for (size_t i = 0; i < n; i++)
      forget (g, keys[i].topic, keys[i].partition);
  return error;
}

typedef struct DropOffsets
{
  StkWrite write;
  StkGroup *group;
  StokerOffsetDelete *req;
} DropOffsets;

static void
offsets_answer (DropOffsets *d, int16_t error)
{
  if (d->req == NULL)
    return;
  d->req->error = error;
  stk_groups_finish (d->group->groups, &d->req->call);
  d->req = NULL;
}

static void
offsets_late (StkWrite *w)
{
  offsets_answer ((DropOffsets *)w, STOKER_COORDINATOR_NOT_AVAILABLE);
}

static void
offsets_done (StkWrite *w, int16_t error)
{
  DropOffsets *d = (DropOffsets *)w;

  offsets_answer (d, error);
  stk_group_unref_write (d->group);
  g_free (d);
}

static int
key_cmp (const void *a, const void *b)
{
  const StkOffsetKey *x = a, *y = b;

  if (x->topic != y->topic)
    return x->topic < y->topic ? -1 : 1;
  return (x->partition > y->partition) - (x->partition < y->partition);
}

/* What of the request there is to delete, each once. */
static GArray *
offsets_asked (StkGroups *gs, const StkGroup *g, StokerOffsetDelete *req)
{
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (StkOffsetKey));
  guint kept = 0;

  for (int32_t i = 0; i < req->n_topics; i++) {
    StokerOffsetTopic *t = &req->topics[i];
    StkTopicOffsets *own = stk_offsets_topic (&g->offsets, t->name);
    int16_t error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_TOPIC, t->name);
    bool used = g->state != STK_GROUP_EMPTY && stk_group_subscribes (g, t->name);
    for (int32_t j = 0; j < t->n_partitions; j++) {
      StokerOffsetPartition *p = &t->partitions[j];
      StkOffsetKey key = { own, p->partition };
      p->error = error                                                           ? error
                 : !gs->host.partition_exists (gs->host.user, t->name, p->partition) ? STOKER_UNKNOWN_TOPIC_OR_PARTITION
                 : used                                                          ? STOKER_GROUP_SUBSCRIBED_TO_TOPIC
                                                                                 : STOKER_OK;
      if (p->error == 0 && stk_offsets_find (own, p->partition))
        g_array_append_val (keys, key);
    }
  }
  g_array_sort (keys, key_cmp);
  for (guint i = 0; i < keys->len; i++)
    if (i == 0 || key_cmp (&g_array_index (keys, StkOffsetKey, i), &g_array_index (keys, StkOffsetKey, kept - 1)) != 0)
      g_array_index (keys, StkOffsetKey, kept++) = g_array_index (keys, StkOffsetKey, i);
  g_array_set_size (keys, kept);
  return keys;
}

void
stk_groups_delete_offsets (StkGroups *gs, StokerOffsetDelete *req)
{
  StkGroup *g = NULL;
  DropOffsets *d;
  GArray *keys;

  req->error = stk_groups_authorize (gs, &req->call, STK_ACL_DELETE, STK_ACL_GROUP, req->group_id);
  if (req->error == 0)
    req->error = stk_groups_check (gs, req->group_id, false);
  if (req->error == 0) {
    g = stk_groups_find (gs, req->group_id);
    if (g == NULL)
      req->error = STOKER_GROUP_ID_NOT_FOUND;
    else if (g->state != STK_GROUP_EMPTY && !stoker_str_is (g->protocol_type, "consumer"))
      req->error = STOKER_NON_EMPTY_GROUP;
  }
  if (req->error) {
    req->n_topics = 0;
    stk_groups_finish (gs, &req->call);
    return;
  }
  stk_group_hold (g);
  keys = offsets_asked (gs, g, req);
  d = g_new0 (DropOffsets, 1);
  d->write.late = offsets_late;
  d->write.done = offsets_done;
  d->group = g;
  d->req = req;
  g->writes++;
  req->error
      = keys->len ? stk_group_drop_offsets (g, (StkOffsetKey *)(void *)keys->data, keys->len, &d->write) : STOKER_OK;
  if (req->error || keys->len == 0)
    offsets_done (&d->write, req->error);
  g_array_free (keys, TRUE);
  stk_group_release (g);
}

/* ---- topics that are gone */

void
stk_groups_topic_deleted (StkGroups *gs, StokerStr topic)
{
  GHashTableIter it;
  void *p;

  if (gs->state != STK_GROUPS_ACTIVE)
    return;
  g_hash_table_iter_init (&it, gs->table);
  while (g_hash_table_iter_next (&it, NULL, &p)) {
    StkGroup *g = p;
    StkTopicOffsets *t = stk_offsets_topic (&g->offsets, topic);
    g_autofree StkOffsetKey *keys = NULL;
    if (t == NULL)
      continue;
    keys = g_new (StkOffsetKey, t->n);
    for (uint32_t i = 0; i < t->n; i++)
      keys[i] = (StkOffsetKey){ t, t->v[i].partition };
    (void)stk_group_drop_offsets (g, keys, t->n, NULL); /* what is left of an empty group goes with the next expiry */
  }
}
