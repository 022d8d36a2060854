/* SPDX-License-Identifier: Apache-2.0
 *
 * JoinGroup 0-9 (kafka-facts 9.3).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerJoinGroup *call = rq->user;
  KmJoinGroupResponse out;

  km_join_group_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.generation_id = call->error ? -1 : call->generation;
  out.protocol_type = call->out_protocol_type;
  out.protocol_name = call->out_protocol_name; /* null is written as "" below v7 */
  out.leader = call->leader;
  out.skip_assignment = call->skip_assignment;
  out.member_id = call->out_member_id;
  out.n_members = call->n_members;
  out.members = REQUEST_ARRAY (rq, KmJoinGroupResponseMembers, call->n_members);
  for (int32_t i = 0; i < call->n_members; i++) {
    const StokerGroupMember *m = &call->members[i];
    out.members[i] = (KmJoinGroupResponseMembers){ m->member_id, m->instance_id, m->metadata };
  }
  REQUEST_ANSWER (rq, km_join_group_response, &out);
}

int
handle_join_group (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmJoinGroupRequest in;
  StokerJoinGroup *call;

  if (km_join_group_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerJoinGroup);
  call->group_id = in.group_id;
  call->member_id = in.member_id;
  call->instance_id = in.group_instance_id;
  call->protocol_type = in.protocol_type;
  call->reason = in.reason;
  call->session_timeout_ms = in.session_timeout_ms;
  call->rebalance_timeout_ms = in.rebalance_timeout_ms; /* -1 in v0 */
  call->n_protocols = in.n_protocols;
  call->protocols = REQUEST_ARRAY (rq, StokerGroupProtocol, in.n_protocols);
  for (int32_t i = 0; i < in.n_protocols; i++)
    call->protocols[i] = (StokerGroupProtocol){ in.protocols[i].name, in.protocols[i].metadata };
  call->member_id_required = v >= 4;
  call->skip_assignment_known = v >= 9;
  request_call (rq, &call->call, answer);
  stoker_join_group (call);
  return 0;
}
