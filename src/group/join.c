/* SPDX-License-Identifier: Apache-2.0
 *
 * JoinGroup (kafka-facts 9.3).
 */
#include "group/internal.h"

#include <inttypes.h>

#define NEW_MEMBER_JOIN_MS                                                                                             \
  (5 * 60 * 1000) /* how long a new member's parked join may last: it cannot send heartbeats                           \
                   */

#define MAX_OFFERED (4u << 20) /* bytes of protocols of one member: a group that large could not be stored anyway */
#define MAX_PENDING 10000u     /* ids of a group that were given out and not used */

static void
refuse (StkGroups *gs, StokerJoinGroup *req, StokerStr member_id, int16_t error)
{
  req->error = error;
  req->generation = -1;
  req->leader = stoker_str ("");
  req->out_member_id = member_id.data ? member_id : stoker_str ("");
  req->out_protocol_type = req->out_protocol_name = STOKER_STR_NULL;
  stk_groups_finish (gs, &req->call);
}

/* "PREFIX-" and a random UUID, in the arena. */
static StokerStr
make_member_id (StkGroups *gs, StokerJoinGroup *req)
{
  StokerStr prefix = req->instance_id.data ? req->instance_id : req->call.client_id;
  uint64_t a = gs->host.random (gs->host.user), b = gs->host.random (gs->host.user);

  if (prefix.data == NULL)
    prefix = stoker_str ("");
  return stoker_arena_printf (req->call.arena, "%.*s-%08x-%04x-4%03x-%04x-%012" PRIx64, (int)prefix.len, prefix.data,
                              (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                              (unsigned)(0x8000 | (b >> 48 & 0x3fff)), b & UINT64_C (0xffffffffffff));
}

/* Parks the join at its member. A former one is answered: its connection is gone, or its client confused. */
static void
park (StkMember *m, StokerJoinGroup *req)
{
  if (m->join)
    stk_member_answer_join_error (m, STOKER_REBALANCE_IN_PROGRESS);
  m->join = req;
  m->group->n_joined++;
}

static void
add_and_rebalance (StkGroup *g, StokerStr member_id, StokerJoinGroup *req)
{
  StkMember *m = stk_group_add_member (g, member_id, req);

  if (g->state == STK_GROUP_PREPARING && g->generation == 0)
    g->member_added = true;
  park (m, req);
  stk_member_alive_for (m, NEW_MEMBER_JOIN_MS);
  stk_group_rebalance (g);
}

static void
update_and_rebalance (StkGroup *g, StkMember *m, StokerJoinGroup *req)
{
  stk_member_set_protocols (m, req->protocols, req->n_protocols);
  m->session_timeout_ms = req->session_timeout_ms;
  m->rebalance_timeout_ms = req->rebalance_timeout_ms >= 0 ? req->rebalance_timeout_ms : req->session_timeout_ms;
  park (m, req);
  stk_group_rebalance (g);
}

static void
answer_now (StkGroup *g, StkMember *m, StokerJoinGroup *req, bool with_members)
{
  stk_group_fill_join (g, m, req, with_members);
  stk_groups_finish (g->groups, &req->call);
}

/* ---- static members that come back under a new id */

typedef struct Replaced
{
  StkStateWrite w;
  StokerStr old_id, new_id, old_leader; /* owned */
  bool skip_known;
} Replaced;

static void
replaced_stored (StkStateWrite *w, int16_t error)
{
  Replaced *r = (Replaced *)w;
  StkGroup *g = w->group;
  StkMember *m = stk_group_member (g, r->new_id);
  StokerJoinGroup *req = m ? m->join : NULL;

  /* Whatever happened meanwhile (a rebalance, another replacement) answers the join in its own way. */
  if (g->state == STK_GROUP_STABLE && g->generation == w->generation && req && &req->call == w->call) {
    m->join = NULL;
    g->n_joined--;
    if (error) {
      stk_group_rename_member (g, m, r->old_id);
      refuse (g->groups, req, STOKER_STR_NULL, error);
    } else if (r->skip_known) {
      bool leads = m == g->leader;
      stk_group_fill_join (g, m, req, leads);
      req->skip_assignment = leads;
      stk_groups_finish (g->groups, &req->call);
    } else {
      /* The old leader's name keeps clients that cannot skip from computing an assignment that nobody would use. */
      stk_group_fill_join (g, m, req, false);
      req->leader = stoker_arena_str (req->call.arena, r->old_leader);
      stk_groups_finish (g->groups, &req->call);
    }
    stk_member_alive (m);
  }
  g_free ((char *)r->old_id.data);
  g_free ((char *)r->new_id.data);
  g_free ((char *)r->old_leader.data);
}

static void
store_replaced (StkGroup *g, StkMember *m, StokerStr old_id, StokerStr old_leader, StokerJoinGroup *req)
{
  Replaced *r = stk_state_write_new (sizeof *r, g, &req->call, replaced_stored);

  r->old_id = stk_str_dup (old_id);
  r->new_id = stk_str_dup (m->id);
  r->old_leader = stk_str_dup (old_leader);
  r->skip_known = req->skip_assignment_known;
  stk_state_write_put (&r->w, false);
}

static void
replace_static (StkGroup *g, StkMember *m, StokerStr new_id, StokerJoinGroup *req)
{
  StokerStr old_id = stoker_arena_str (req->call.arena, m->id);
  StokerStr old_leader = stoker_arena_str (req->call.arena, g->leader->id);

  /* The one who held the id before is fenced, also if it waits here. */
  stk_member_answer_join_error (m, STOKER_FENCED_INSTANCE_ID);
  stk_member_answer_sync (m, STOKER_FENCED_INSTANCE_ID);
  stk_group_rename_member (g, m, new_id);
  stk_member_set_protocols (m, req->protocols, req->n_protocols);
  m->session_timeout_ms = req->session_timeout_ms;
  m->rebalance_timeout_ms = req->rebalance_timeout_ms >= 0 ? req->rebalance_timeout_ms : req->session_timeout_ms;
  park (m, req);
  stk_member_alive (m);
  if (g->state == STK_GROUP_COMPLETING)
    stk_group_rebalance (g); /* the leader may have the old id in its assignment */
  else if (g->state == STK_GROUP_STABLE && stoker_str_equal (g->protocol, stk_group_choose_protocol (g)))
    store_replaced (g, m, old_id, old_leader, req);
  else if (g->state == STK_GROUP_STABLE)
    stk_group_rebalance (g);
}

/* ---- the two ways to join */

static void
join_new (StkGroup *g, StokerJoinGroup *req)
{
  StkMember *known;
  StokerStr id;

  if (!stk_group_supports (g, req->protocol_type, req->protocols, req->n_protocols)) {
    refuse (g->groups, req, STOKER_STR_NULL, STOKER_INCONSISTENT_GROUP_PROTOCOL);
    return;
  }
  id = make_member_id (g->groups, req);
  known = stk_group_static_member (g, req->instance_id);
  if (known) {
    replace_static (g, known, id, req);
  } else if (req->instance_id.data == NULL && req->member_id_required) {
    stk_group_add_pending (g, id, req->session_timeout_ms);
    refuse (g->groups, req, id, STOKER_MEMBER_ID_REQUIRED);
  } else {
    add_and_rebalance (g, id, req);
  }
}

static void
join_known (StkGroup *g, StokerJoinGroup *req)
{
  StkPending *pending = stk_group_pending (g, req->member_id);
  StkMember *m;
  int16_t error;

  if (!stk_group_supports (g, req->protocol_type, req->protocols, req->n_protocols)) {
    refuse (g->groups, req, req->member_id, STOKER_INCONSISTENT_GROUP_PROTOCOL);
    return;
  }
  if (pending && req->instance_id.data == NULL) {
    stk_group_drop_pending (g, pending);
    add_and_rebalance (g, req->member_id, req);
    return;
  }
  error = stk_group_check_member (g, req->member_id, req->instance_id, &m);
  if (error || g->state == STK_GROUP_EMPTY) {
    refuse (g->groups, req, req->member_id, error ? error : STOKER_UNKNOWN_MEMBER_ID);
    return;
  }
  if (g->state == STK_GROUP_PREPARING || !stk_member_offers_same (m, req->protocols, req->n_protocols)
      || (g->state == STK_GROUP_STABLE && m == g->leader)) {
    update_and_rebalance (g, m, req); /* a leader that joins again wants a new assignment (its topics changed, say) */
    return;
  }
  stk_member_alive (m);
  /* Nothing new: it missed the answer of this generation, so it gets it again. */
  answer_now (g, m, req, g->state == STK_GROUP_COMPLETING && m == g->leader);
}

/* Is there room? Members that are in may stay; while a rebalance gathers, those who came first stay. */
static bool
has_room (const StkGroup *g, StokerStr member_id)
{
  const StkMember *m = stk_group_member (g, member_id);
  uint32_t most = (uint32_t)g->groups->config.max_size;

  if (member_id.len == 0 && g->n_pending >= MAX_PENDING)
    return false;
  if (g->state == STK_GROUP_EMPTY)
    return true;
  if (g->state == STK_GROUP_PREPARING)
    return (m && m->join) || g->n_joined < most;
  return m || g->n_members < most;
}

static size_t
offered_bytes (const StokerJoinGroup *req)
{
  size_t n = 0;

  for (int32_t i = 0; i < req->n_protocols; i++)
    n += req->protocols[i].name.len + req->protocols[i].metadata.len + sizeof req->protocols[i];
  return n;
}

void
stk_groups_join (StkGroups *gs, StokerJoinGroup *req)
{
  StkGroup *g;
  int16_t error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_GROUP, req->group_id);
  bool is_new = req->member_id.len == 0;

  if (error == 0)
    error = stk_groups_check (gs, req->group_id, false);
  if (error == 0
      && (req->session_timeout_ms < gs->config.min_session_timeout_ms
          || req->session_timeout_ms > gs->config.max_session_timeout_ms))
    error = STOKER_INVALID_SESSION_TIMEOUT;
  if (error == 0 && offered_bytes (req) > MAX_OFFERED)
    error = STOKER_INVALID_REQUEST;
  if (error) {
    refuse (gs, req, req->member_id, error);
    return;
  }
  g = stk_groups_find (gs, req->group_id);
  if (g == NULL && !is_new) {
    refuse (gs, req, req->member_id, STOKER_UNKNOWN_MEMBER_ID);
    return;
  }
  if (g == NULL)
    g = stk_groups_add (gs, req->group_id);
  stk_group_hold (g);
  if (!has_room (g, req->member_id)) {
    StkMember *m = stk_group_member (g, req->member_id);
    StkPending *p = stk_group_pending (g, req->member_id);
    if (m)
      stk_group_remove_member (g, m);
    if (p)
      stk_group_remove_pending (g, p);
    refuse (gs, req, STOKER_STR_NULL, STOKER_GROUP_MAX_SIZE_REACHED);
  } else if (is_new) {
    join_new (g, req);
  } else {
    join_known (g, req);
  }
  stk_group_check_joined (g);
  stk_group_release (g);
}
