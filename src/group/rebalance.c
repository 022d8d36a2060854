/* SPDX-License-Identifier: Apache-2.0
 *
 * The moves of the classic state machine that several requests and timers share: beginning a rebalance, ending it, and
 * losing a member.
 */
#include "group/internal.h"

static void
set_timer (StkGroup *g, void (*fire) (StkTimer *t), int64_t us)
{
  StkGroupsHost *host = &g->groups->host;

  host->timer_cancel (host->user, &g->timer);
  g->timer.fire = fire;
  host->timer_set (host->user, &g->timer, host->now_us (host->user) + us);
}

static StkGroup *
group_of_timer (StkTimer *t)
{
  return (StkGroup *)((char *)t - offsetof (StkGroup, timer));
}

/* ---- the answer to a join */

void
stk_group_fill_join (StkGroup *g, StkMember *m, StokerJoinGroup *req, bool with_members)
{
  StokerArena *a = req->call.arena;

  req->error = STOKER_OK;
  req->generation = g->generation;
  req->out_protocol_type = stoker_arena_str (a, g->protocol_type);
  req->out_protocol_name = stoker_arena_str (a, g->protocol);
  req->leader = g->leader ? stoker_arena_str (a, g->leader->id) : stoker_str ("");
  req->out_member_id = stoker_arena_str (a, m->id);
  req->skip_assignment = false;
  req->members = NULL;
  req->n_members = 0;
  if (!with_members)
    return;
  req->members = stoker_arena_calloc (a, g->n_members, sizeof *req->members);
  req->n_members = (int32_t)g->n_members;
  for (uint32_t i = 0; i < g->n_members; i++) {
    const StkMember *other = g->members[i];
    StokerBytes metadata = stk_member_metadata (other, g->protocol);
    req->members[i] = (StokerGroupMember){
      .member_id = stoker_arena_str (a, other->id),
      .instance_id = stoker_arena_str (a, other->instance_id),
      .metadata = stoker_arena_bytes (a, metadata.data, metadata.len),
    };
  }
}

/* ---- the end of a rebalance */

static void
sync_overdue (StkTimer *t)
{
  StkGroup *g = group_of_timer (t);

  stk_group_hold (g);
  for (uint32_t i = g->n_members; i-- > 0;) {
    StkMember *m = g->members[i];
    if (!m->owes_sync)
      continue;
    stk_groups_log (g->groups, STOKER_LOG_INFO, "group.sync-overdue",
                    "a member did not sync in time | group=%s member=%s", g->id.data, m->id.data);
    stk_member_answer_sync (m, STOKER_UNKNOWN_MEMBER_ID);
    stk_group_drop_member (g, m);
  }
  stk_group_rebalance (g);
  stk_group_release (g);
}

void
stk_group_synced (StkGroup *g, StkMember *m)
{
  StkGroupsHost *host = &g->groups->host;

  if (!m->owes_sync)
    return;
  m->owes_sync = false;
  for (uint32_t i = 0; i < g->n_members; i++)
    if (g->members[i]->owes_sync)
      return;
  host->timer_cancel (host->user, &g->timer);
}

static void
empty_stored (StkStateWrite *w, int16_t error)
{
  /* If the broker dies before the next generation is stored, the one before comes back and times out. Nobody is in it.
   */
  if (error)
    stk_groups_log (w->group->groups, STOKER_LOG_WARN, "group.store-failed",
                    "the empty generation of a group was not stored | group=%s error=%s", w->group->id.data,
                    stoker_code_name (error));
}

static void
next_generation (StkGroup *g)
{
  StokerStr old = g->protocol;

  g->generation = g->generation == INT32_MAX ? 1 : g->generation + 1;
  stoker_metric_add (stk_metrics_core (g->groups->host.metrics, STK_METRIC_GROUP_REBALANCES), 1);
  g->protocol = stk_str_dup (stk_group_choose_protocol (g));
  g_free ((char *)old.data);
  if (g->n_members == 0) {
    stk_group_set_state (g, STK_GROUP_EMPTY);
    if (g->stored || g->generation > 1)
      stk_state_write_put (stk_state_write_new (sizeof (StkStateWrite), g, NULL, empty_stored), false);
    return;
  }
  stk_group_set_state (g, STK_GROUP_COMPLETING);
  for (uint32_t i = 0; i < g->n_members; i++) {
    StkMember *m = g->members[i];
    StokerJoinGroup *req = m->join;
    m->is_new = false;
    m->owes_sync = true;
    stk_member_alive (m);
    if (req == NULL)
      continue; /* a static member that is away */
    m->join = NULL;
    g->n_joined--;
    stk_group_fill_join (g, m, req, m == g->leader);
    stk_groups_finish (g->groups, &req->call);
  }
}

static void join_over (StkTimer *t);

/* Ends the time for joining, with whoever is there. */
static void
complete_join (StkGroup *g)
{
  for (uint32_t i = g->n_members; i-- > 0;)
    if (g->members[i]->join == NULL && g->members[i]->instance_id.data == NULL)
      stk_group_drop_member (g, g->members[i]);
  if (g->n_members && g->leader->join == NULL) {
    uint32_t i = 0;
    while (i < g->n_members && g->members[i]->join == NULL)
      i++;
    if (i == g->n_members) {
      /* Only static members that are away: wait until their sessions end. */
      g->initial_delay = false;
      set_timer (g, join_over, (int64_t)stk_group_rebalance_timeout_ms (g) * 1000);
      return;
    }
    g->leader = g->members[i];
  }
  g->initial_delay = false;
  g->groups->host.timer_cancel (g->groups->host.user, &g->timer);
  if (g->n_members)
    set_timer (g, sync_overdue, (int64_t)stk_group_rebalance_timeout_ms (g) * 1000);
  next_generation (g);
}

static void
join_over (StkTimer *t)
{
  StkGroup *g = group_of_timer (t);
  int64_t delay = (int64_t)g->groups->config.initial_rebalance_delay_ms * 1000;

  /* Others came while we waited for the first members: wait on, within bounds. */
  if (g->initial_delay && g->member_added && g->delay_left_us > 0) {
    delay = MIN (delay, g->delay_left_us);
    g->member_added = false;
    g->delay_left_us -= delay;
    set_timer (g, join_over, delay);
    return;
  }
  stk_group_hold (g);
  complete_join (g);
  stk_group_release (g);
}

void
stk_group_check_joined (StkGroup *g)
{
  if (g->state != STK_GROUP_PREPARING || g->initial_delay)
    return;
  if (g->n_joined == g->n_members && g->pending == NULL)
    complete_join (g);
}

/* ---- the beginning of one */

void
stk_group_fail_sync (StkGroup *g, int16_t error)
{
  for (uint32_t i = 0; i < g->n_members; i++) {
    StkMember *m = g->members[i];
    g_free (m->assignment.data);
    m->assignment = STOKER_BYTES_NULL;
    g_free (m->next.data);
    m->next = STOKER_BYTES_NULL;
    if (m->sync) {
      stk_member_answer_sync (m, error);
      stk_member_alive (m); /* its session may have ended unnoticed while it was parked */
    }
  }
}

void
stk_group_rebalance (StkGroup *g)
{
  int64_t timeout = (int64_t)stk_group_rebalance_timeout_ms (g) * 1000;

  if (g->state == STK_GROUP_PREPARING || g->state == STK_GROUP_DEAD)
    return;
  if (g->state == STK_GROUP_COMPLETING)
    stk_group_fail_sync (g, STOKER_REBALANCE_IN_PROGRESS);
  for (uint32_t i = 0; i < g->n_members; i++)
    g->members[i]->owes_sync = false;
  g->initial_delay = g->state == STK_GROUP_EMPTY;
  stk_group_set_state (g, STK_GROUP_PREPARING);
  if (g->initial_delay) {
    int64_t delay = (int64_t)g->groups->config.initial_rebalance_delay_ms * 1000;
    g->delay_left_us = MAX (timeout - delay, 0);
    g->member_added = false;
    set_timer (g, join_over, delay);
    return;
  }
  set_timer (g, join_over, timeout);
  stk_group_check_joined (g);
}

/* ---- losing somebody. Both may end a rebalance. */

void
stk_group_remove_member (StkGroup *g, StkMember *m)
{
  stk_member_answer_join_error (m, STOKER_UNKNOWN_MEMBER_ID);
  stk_member_answer_sync (m, STOKER_UNKNOWN_MEMBER_ID);
  if (m->owes_sync)
    stk_group_synced (g, m);
  stk_group_drop_member (g, m);
  if (g->state == STK_GROUP_STABLE || g->state == STK_GROUP_COMPLETING)
    stk_group_rebalance (g);
  else
    stk_group_check_joined (g);
}

void
stk_group_remove_pending (StkGroup *g, StkPending *p)
{
  stk_group_drop_pending (g, p);
  stk_group_check_joined (g);
}
