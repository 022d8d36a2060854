/* SPDX-License-Identifier: Apache-2.0 */
#include "group/internal.h"

#include <stdarg.h>
#include <stdio.h>

void
stk_groups_config_defaults (StkGroupsConfig *c)
{
  *c = (StkGroupsConfig){
    .min_session_timeout_ms = 6000,
    .max_session_timeout_ms = 1800000,
    .max_size = INT32_MAX,
    .initial_rebalance_delay_ms = 3000,
    .offset_metadata_max = 4096,
    .commit_timeout_ms = 5000,
    .offsets_retention_ms = INT64_C (10080) * 60 * 1000,
    .retention_check_ms = 600 * 1000,
  };
}

StkGroups *
stk_groups_new (const StkGroupsHost *host, const StkGroupsConfig *config)
{
  StkGroups *gs = g_new0 (StkGroups, 1);

  gs->host = *host;
  gs->config = *config;
  gs->table = g_hash_table_new (stk_str_hash, stk_str_equal);
  gs->store = stk_store_tree_new (&gs->host, &gs->config);
  return gs;
}

void
stk_groups_free (StkGroups *gs)
{
  GHashTableIter it;
  void *g;

  if (gs == NULL)
    return;
  gs->state = STK_GROUPS_STOPPED;
  gs->host.timer_cancel (gs->host.user, &gs->expiry);
  gs->store->ops->free (gs->store); /* first: what is on its way refers to groups */
  g_hash_table_iter_init (&it, gs->table);
  while (g_hash_table_iter_next (&it, NULL, &g)) {
    g_hash_table_iter_steal (&it);
    stk_group_free (g);
  }
  g_hash_table_destroy (gs->table);
  g_free (gs);
}

size_t
stk_groups_count (const StkGroups *gs)
{
  return g_hash_table_size (gs->table);
}

/* ---- helpers for the requests */

int16_t
stk_groups_owns (const StkGroups *gs, StokerStr group_id)
{
  switch (gs->state) {
  case STK_GROUPS_LOADING:
    return STOKER_COORDINATOR_LOAD_IN_PROGRESS;
  case STK_GROUPS_ACTIVE:
    return STOKER_OK; /* a single node leads every partition of __consumer_offsets */
  default:
    return STOKER_COORDINATOR_NOT_AVAILABLE;
  }
}

int16_t
stk_groups_check (const StkGroups *gs, StokerStr id, bool empty_ok)
{
  if (id.data == NULL || (id.len == 0 && !empty_ok))
    return STOKER_INVALID_GROUP_ID;
  return stk_groups_owns (gs, id);
}

StkGroup *
stk_groups_find (const StkGroups *gs, StokerStr id)
{
  return g_hash_table_lookup (gs->table, &id);
}

StkGroup *
stk_groups_add (StkGroups *gs, StokerStr id)
{
  StkGroup *g = stk_group_new (gs, id);

  g_hash_table_insert (gs->table, &g->id, g);
  stoker_metric_add (stk_metrics_core (gs->host.metrics, STK_METRIC_GROUPS), 1);
  return g;
}

void
stk_groups_log (const StkGroups *gs, StokerLogLevel level, const char *event, const char *fmt, ...)
{
  char text[1024];
  va_list ap;

  if (gs->host.log == NULL)
    return;
  va_start (ap, fmt);
  (void)vsnprintf (text, sizeof text, fmt, ap);
  va_end (ap);
  gs->host.log (gs->host.user, level, event, text);
}

void
stk_groups_finish (StkGroups *gs, StokerCall *call)
{
  gs->host.finish (gs->host.user, call);
}

int16_t
stk_groups_authorize (const StkGroups *gs, const StokerCall *call, int operation, int resource, StokerStr name)
{
  return gs->host.authorize ? gs->host.authorize (gs->host.user, call->ctx, operation, resource, name) : 0;
}

/* ---- state writes */

static void
tell (StkStateWrite *w, int16_t error)
{
  if (w->told)
    return;
  w->told = true;
  stk_group_hold (w->group);
  w->then (w, error);
  stk_group_release (w->group);
}

static void
state_late (StkWrite *write)
{
  tell ((StkStateWrite *)write, STOKER_COORDINATOR_NOT_AVAILABLE);
}

static void
state_done (StkWrite *write, int16_t error)
{
  StkStateWrite *w = (StkStateWrite *)write;
  StkGroup *g = w->group;

  if (error == 0)
    g->stored = true;
  tell (w, error);
  stk_group_unref_write (g);
  g_free (w);
}

void *
stk_state_write_new (size_t size, StkGroup *g, StokerCall *call, void (*then) (StkStateWrite *w, int16_t error))
{
  StkStateWrite *w = g_malloc0 (size);

  w->write.late = state_late;
  w->write.done = state_done;
  w->group = g;
  w->generation = g->generation;
  w->number = ++g->state_writes;
  w->call = call;
  w->then = then;
  g->writes++;
  return w;
}

void
stk_state_write_put (StkStateWrite *w, bool next_assignment)
{
  StkStore *store = w->group->groups->store;
  StokerBuf record = { 0 };
  int16_t error;

  stk_group_record_write (w->group, next_assignment, &record);
  error = store->ops->put_state (store, w->group, (StokerBytes){ record.data, record.len }, &w->write);
  stoker_buf_clear (&record);
  if (error)
    state_done (&w->write, error);
}

/* ---- starting: everything comes back from the store */

static StkGroup *
load_group (void *user, StokerStr id)
{
  StkGroup *g = stk_groups_find (user, id);

  return g ? g : stk_groups_add (user, id);
}

static void
load_state (void *user, StkGroup *g, StokerBytes record)
{
  if (stk_group_record_read (g, record))
    return;
  stk_groups_log (user, STOKER_LOG_ERROR, "group.bad-record",
                  "the stored state of a group cannot be read; its members have to join again | group=%s", g->id.data);
}

/* Nodes that said nothing: partitions without an offset. */
static void
prune (StkGroup *g)
{
  for (uint32_t i = g->offsets.n; i-- > 0;) {
    StkTopicOffsets *t = g->offsets.topics[i];
    for (uint32_t j = t->n, left = t->n; j-- > 0 && left > 0;)
      if (t->v[j].offset == STK_NO_OFFSET) {
        left--;
        stk_offsets_remove (&g->offsets, t, t->v[j].partition);
        if (left == 0)
          break;
      }
  }
}

static void
load_done (void *user)
{
  StkGroups *gs = user;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GHashTableIter it;
  void *p;

  if (gs->state != STK_GROUPS_LOADING)
    return;
  gs->state = STK_GROUPS_ACTIVE;
  g_hash_table_iter_init (&it, gs->table);
  while (g_hash_table_iter_next (&it, NULL, &p))
    g_ptr_array_add (all, p);
  for (guint i = 0; i < all->len; i++) {
    StkGroup *g = all->pdata[i];
    stk_group_hold (g);
    prune (g);
    for (uint32_t j = 0; j < g->n_members; j++)
      stk_member_alive (g->members[j]);
    stk_group_release (g); /* one of old consumers only is not ours to list */
  }
  stk_groups_log (gs, STOKER_LOG_INFO, "groups.loaded", "groups and offsets are read | groups=%u",
                  g_hash_table_size (gs->table));
  stk_groups_expire_start (gs);
  if (gs->loaded)
    gs->loaded (gs->loaded_user);
}

void
stk_groups_start (StkGroups *gs, void (*loaded) (void *user), void *user)
{
  StkStoreSink sink = { gs, load_group, load_state, load_done };

  g_assert (gs->state == STK_GROUPS_NEW);
  gs->state = STK_GROUPS_LOADING;
  gs->loaded = loaded;
  gs->loaded_user = user;
  gs->store->ops->load (gs->store, &sink);
}

void
stk_groups_dismiss (StkGroups *gs)
{
  GHashTableIter it;
  void *p;

  gs->state = STK_GROUPS_STOPPED;
  gs->host.timer_cancel (gs->host.user, &gs->expiry);
  g_hash_table_iter_init (&it, gs->table);
  while (g_hash_table_iter_next (&it, NULL, &p)) {
    StkGroup *g = p;
    gs->host.timer_cancel (gs->host.user, &g->timer);
    for (StkPending *id = g->pending; id; id = id->next)
      gs->host.timer_cancel (gs->host.user, &id->timer);
    for (uint32_t i = 0; i < g->n_members; i++) {
      StkMember *m = g->members[i];
      gs->host.timer_cancel (gs->host.user, &m->timer);
      stk_member_answer_join_error (m, STOKER_COORDINATOR_NOT_AVAILABLE);
      stk_member_answer_sync (m, STOKER_COORDINATOR_NOT_AVAILABLE);
    }
  }
}

void
stk_groups_stop (StkGroups *gs, void (*stopped) (void *user), void *user)
{
  stk_groups_dismiss (gs); /* what the store has answered meanwhile may have set timers */
  gs->store->ops->stop (gs->store, stopped, user);
}

void
stk_groups_cancel_join (StkGroups *gs, StokerJoinGroup *req)
{
  StkGroup *g = stk_groups_find (gs, req->group_id);

  for (uint32_t i = 0; g && i < g->n_members; i++) {
    StkMember *m = g->members[i];
    if (m->join != req)
      continue;
    stk_group_hold (g);
    stk_member_answer_join_error (m, STOKER_REBALANCE_IN_PROGRESS);
    if (m->is_new)
      stk_group_remove_member (g, m); /* it never learnt its id */
    else
      stk_member_alive (m); /* it may come back on another connection */
    stk_group_release (g);
    return;
  }
}

void
stk_groups_cancel_sync (StkGroups *gs, StokerSyncGroup *req)
{
  StkGroup *g = stk_groups_find (gs, req->group_id);

  for (uint32_t i = 0; g && i < g->n_members; i++) {
    StkMember *m = g->members[i];
    if (m->sync != req)
      continue;
    stk_member_answer_sync (m, STOKER_REBALANCE_IN_PROGRESS);
    stk_member_alive (m);
    return;
  }
}
