/* SPDX-License-Identifier: Apache-2.0
 *
 * LeaveGroup 0-5 (kafka-facts 9.3): one member up to version 2, a list of them from 3 on.
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerLeaveGroup *call = rq->user;
  KmLeaveGroupResponse out;

  km_leave_group_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  if (rq->header.api_version < 3) {
    if (call->error == 0)
      out.error_code = call->members[0].error;
  } else if (call->error == 0) {
    out.n_members = call->n_members;
    out.members = REQUEST_ARRAY (rq, KmLeaveGroupResponseMembers, call->n_members);
    for (int32_t i = 0; i < call->n_members; i++)
      out.members[i] = (KmLeaveGroupResponseMembers){ call->members[i].member_id, call->members[i].instance_id,
                                                      call->members[i].error };
  }
  REQUEST_ANSWER (rq, km_leave_group_response, &out);
}

int
handle_leave_group (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmLeaveGroupRequest in;
  StokerLeaveGroup *call;

  if (km_leave_group_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerLeaveGroup);
  call->group_id = in.group_id;
  call->n_members = v < 3 ? 1 : in.n_members;
  call->members = REQUEST_ARRAY (rq, StokerLeavingMember, call->n_members);
  if (v < 3)
    call->members[0].member_id = in.member_id;
  else
    for (int32_t i = 0; i < in.n_members; i++)
      call->members[i]
          = (StokerLeavingMember){ in.members[i].member_id, in.members[i].group_instance_id, in.members[i].reason, 0 };
  request_call (rq, &call->call, answer);
  stoker_leave_group (call);
  return 0;
}
