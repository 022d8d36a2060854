/* SPDX-License-Identifier: Apache-2.0
 *
 * LeaveGroup: by members, and by administrators for static ones (kafka-facts 9.3).
 */
#include "group/internal.h"

static int16_t
leave_one (StkGroup *g, const StokerLeavingMember *l)
{
  StkMember *m = NULL;
  int16_t error;

  if (l->member_id.len == 0) {
    m = stk_group_static_member (g, l->instance_id);
    if (m == NULL)
      return STOKER_UNKNOWN_MEMBER_ID;
  } else {
    StkPending *p = stk_group_pending (g, l->member_id);
    if (p) {
      stk_group_remove_pending (g, p);
      return STOKER_OK;
    }
    error = stk_group_check_member (g, l->member_id, l->instance_id, &m);
    if (error)
      return error;
  }
  stk_groups_log (g->groups, STOKER_LOG_INFO, "group.member-left", "a member left | group=%s member=%s reason=%.*s",
                  g->id.data, m->id.data, (int)MIN (l->reason.len, (size_t)255), l->reason.data ? l->reason.data : "");
  stk_group_remove_member (g, m);
  return STOKER_OK;
}

void
stk_groups_leave (StkGroups *gs, StokerLeaveGroup *req)
{
  StkGroup *g;

  req->error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_GROUP, req->group_id);
  if (req->error == 0)
    req->error = stk_groups_check (gs, req->group_id, false);
  if (req->error) {
    req->n_members = 0;
    stk_groups_finish (gs, &req->call);
    return;
  }
  g = stk_groups_find (gs, req->group_id);
  if (g)
    stk_group_hold (g);
  for (int32_t i = 0; i < req->n_members; i++)
    req->members[i].error = g ? leave_one (g, &req->members[i]) : STOKER_UNKNOWN_MEMBER_ID;
  if (g)
    stk_group_release (g);
  /* Below v3 there is one member and one error. */
  if (req->call.api_version >= 0 && req->call.api_version < 3 && req->n_members == 1)
    req->error = req->members[0].error;
  stk_groups_finish (gs, &req->call);
}
