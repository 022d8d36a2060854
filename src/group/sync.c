/* SPDX-License-Identifier: Apache-2.0
 *
 * SyncGroup: the leader brings the assignment, which is stored before anybody hears of it (kafka-facts 9.3).
 */
#include "group/internal.h"

static void
answer (StkGroups *gs, StokerSyncGroup *req, int16_t error)
{
  req->error = error;
  req->out_protocol_type = req->out_protocol_name = STOKER_STR_NULL;
  req->assignment = (StokerBytes){ (uint8_t *)"", 0 };
  stk_groups_finish (gs, &req->call);
}

static void
assignment_stored (StkStateWrite *w, int16_t error)
{
  StkGroup *g = w->group;

  /* Somebody joined or left meanwhile: a new rebalance has answered those who waited. Or the leader asked again: what
   * it brought then is on its way. */
  if (g->state != STK_GROUP_COMPLETING || g->generation != w->generation || g->state_writes != w->number)
    return;
  if (error) {
    stk_group_fail_sync (g, error);
    stk_group_rebalance (g);
    return;
  }
  stk_group_set_state (g, STK_GROUP_STABLE);
  for (uint32_t i = 0; i < g->n_members; i++) {
    StkMember *m = g->members[i];
    g_free (m->assignment.data);
    m->assignment = m->next;
    m->next = STOKER_BYTES_NULL;
    if (m->sync) {
      stk_member_answer_sync (m, STOKER_OK);
      stk_member_alive (m); /* its session may have ended unnoticed while it was parked */
    }
  }
}

/* Members that the leader forgot get an empty assignment, members that it made up none. */
static void
take_assignments (StkGroup *g, const StokerSyncGroup *req)
{
  for (uint32_t i = 0; i < g->n_members; i++) {
    g_free (g->members[i]->next.data);
    g->members[i]->next = STOKER_BYTES_NULL;
  }
  for (int32_t i = 0; i < req->n_assignments; i++) {
    const StokerGroupAssignment *a = &req->assignments[i];
    StkMember *m = stk_group_member (g, a->member_id);
    if (m == NULL)
      continue;
    g_free (m->next.data);
    m->next.data = a->assignment.len ? g_memdup2 (a->assignment.data, a->assignment.len) : NULL;
    m->next.len = a->assignment.len;
  }
}

static void
park (StkGroup *g, StkMember *m, StokerSyncGroup *req)
{
  if (m->sync)
    stk_member_answer_sync (m, STOKER_REBALANCE_IN_PROGRESS); /* asked again, on a new connection */
  m->sync = req;
  stk_group_synced (g, m);
  if (m != g->leader)
    return;
  take_assignments (g, req);
  stk_state_write_put (stk_state_write_new (sizeof (StkStateWrite), g, &req->call, assignment_stored), true);
}

void
stk_groups_sync (StkGroups *gs, StokerSyncGroup *req)
{
  int16_t error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_GROUP, req->group_id);
  StkMember *m = NULL;
  StkGroup *g;

  if (error == 0)
    error = stk_groups_check (gs, req->group_id, false);
  if (error == STOKER_COORDINATOR_LOAD_IN_PROGRESS)
    error = STOKER_REBALANCE_IN_PROGRESS; /* whatever was under way has to start over; no need to look for the
                                             coordinator */
  if (error == 0 && req->call.api_version >= 5 && (req->protocol_type.data == NULL || req->protocol_name.data == NULL))
    error = STOKER_INCONSISTENT_GROUP_PROTOCOL;
  if (error) {
    answer (gs, req, error);
    return;
  }
  g = stk_groups_find (gs, req->group_id);
  if (g == NULL)
    error = STOKER_UNKNOWN_MEMBER_ID;
  else
    error = stk_group_check_member (g, req->member_id, req->instance_id, &m);
  if (error == 0 && req->generation != g->generation)
    error = STOKER_ILLEGAL_GENERATION;
  if (error == 0
      && ((req->protocol_type.data && !stoker_str_equal (req->protocol_type, g->protocol_type))
          || (req->protocol_name.data && !stoker_str_equal (req->protocol_name, g->protocol))))
    error = STOKER_INCONSISTENT_GROUP_PROTOCOL;
  if (error == 0 && g->state == STK_GROUP_EMPTY)
    error = STOKER_UNKNOWN_MEMBER_ID;
  if (error == 0 && g->state == STK_GROUP_PREPARING)
    error = STOKER_REBALANCE_IN_PROGRESS;
  if (error) {
    answer (gs, req, error);
    return;
  }
  stk_group_hold (g);
  if (g->state == STK_GROUP_COMPLETING) {
    park (g, m, req);
  } else {
    if (m->sync)
      stk_member_answer_sync (m, STOKER_REBALANCE_IN_PROGRESS);
    m->sync = req;
    stk_group_synced (g, m);
    stk_member_answer_sync (m, STOKER_OK);
    stk_member_alive (m);
  }
  stk_group_release (g);
}
