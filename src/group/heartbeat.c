/* SPDX-License-Identifier: Apache-2.0
 *
 * Heartbeat (kafka-facts 9.2).
 */
#include "group/internal.h"

static int16_t
beat (StkGroups *gs, const StokerHeartbeat *req)
{
  int16_t error = stk_groups_authorize (gs, &req->call, STK_ACL_READ, STK_ACL_GROUP, req->group_id);
  StkMember *m = NULL;
  StkGroup *g;

  if (error == 0)
    error = stk_groups_check (gs, req->group_id, false);
  if (error == STOKER_COORDINATOR_LOAD_IN_PROGRESS)
    return STOKER_OK; /* who it is comes out when all is read; nobody is to lose its session for that */
  if (error)
    return error;
  g = stk_groups_find (gs, req->group_id);
  if (g == NULL)
    return STOKER_UNKNOWN_MEMBER_ID;
  error = stk_group_check_member (g, req->member_id, req->instance_id, &m);
  if (error)
    return error;
  if (req->generation != g->generation)
    return STOKER_ILLEGAL_GENERATION;
  if (g->state == STK_GROUP_EMPTY)
    return STOKER_UNKNOWN_MEMBER_ID;
  stk_member_alive (m);
  return g->state == STK_GROUP_PREPARING ? STOKER_REBALANCE_IN_PROGRESS : STOKER_OK;
}

void
stk_groups_heartbeat (StkGroups *gs, StokerHeartbeat *req)
{
  req->error = beat (gs, req);
  stk_groups_finish (gs, &req->call);
}
