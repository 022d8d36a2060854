/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets that nobody wants any more, and groups that hold nothing (kafka-facts 9.4, last line).
 */
#include "group/internal.h"

/* Since when an offset counts as unused; -1: it is in use. */
static int64_t
unused_since (const StkGroup *g, const StkTopicOffsets *t, const StkOffset *o)
{
  if (g->protocol_type.data == NULL)
    return g->groups->config.others_commit ? -1 : o->commit_ms; /* nobody ever joined: a simple consumer */
  if (g->state == STK_GROUP_EMPTY)
    return g->state_since_ms >= 0 ? g->state_since_ms : o->commit_ms;
  if (g->state == STK_GROUP_STABLE && !stk_group_subscribes (g, t->name))
    return o->commit_ms;
  return -1;
}

static bool
is_over (const StkGroup *g, const StkTopicOffsets *t, const StkOffset *o, int64_t now)
{
  int64_t since = unused_since (g, t, o);

  if (since < 0 || o->pending || o->offset == STK_NO_OFFSET)
    return false;
  return o->expire_ms >= 0 ? now >= o->expire_ms : now - since >= g->groups->config.offsets_retention_ms;
}

static void
expire_offsets (StkGroup *g, int64_t now)
{
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (StkOffsetKey));

  for (uint32_t i = 0; i < g->offsets.n; i++) {
    StkTopicOffsets *t = g->offsets.topics[i];
    for (uint32_t j = 0; j < t->n; j++) {
      StkOffsetKey key = { t, t->v[j].partition };
      if (is_over (g, t, &t->v[j], now))
        g_array_append_val (keys, key);
    }
  }
  if (keys->len == 0)
    return;
  stk_groups_log (g->groups, STOKER_LOG_INFO, "group.offsets-expired",
                  "unused offsets are deleted | group=%s offsets=%u", g->id.data, keys->len);
  (void)stk_group_drop_offsets (g, (StkOffsetKey *)(void *)keys->data, keys->len, NULL);
}

void
stk_groups_expire_now (StkGroups *gs)
{
  g_autoptr (GPtrArray) all = g_ptr_array_sized_new (g_hash_table_size (gs->table));
  int64_t now = gs->host.now_ms (gs->host.user);
  GHashTableIter it;
  void *p;

  g_hash_table_iter_init (&it, gs->table);
  while (g_hash_table_iter_next (&it, NULL, &p))
    g_ptr_array_add (all, p);
  for (guint i = 0; i < all->len; i++) {
    StkGroup *g = all->pdata[i];
    expire_offsets (g, now);
    if (g->state == STK_GROUP_EMPTY && !stk_offsets_any (&g->offsets) && g->pending == NULL && g->writes == 0
        && gs->store->ops->drop_group (gs->store, g, NULL) == 0)
      stk_group_kill (g);
  }
}

static void
due (StkTimer *t)
{
  StkGroups *gs = (StkGroups *)((char *)t - offsetof (StkGroups, expiry));

  stk_groups_expire_now (gs);
  gs->host.timer_set (gs->host.user, t, gs->host.now_us (gs->host.user) + gs->config.retention_check_ms * 1000);
}

void
stk_groups_expire_start (StkGroups *gs)
{
  gs->expiry.fire = due;
  gs->host.timer_set (gs->host.user, &gs->expiry,
                      gs->host.now_us (gs->host.user) + gs->config.retention_check_ms * 1000);
}
