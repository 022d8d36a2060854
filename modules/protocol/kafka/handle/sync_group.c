/* SPDX-License-Identifier: Apache-2.0
 *
 * SyncGroup 0-5 (kafka-facts 9.2).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerSyncGroup *call = rq->user;
  KmSyncGroupResponse out;

  km_sync_group_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.protocol_type = call->out_protocol_type;
  out.protocol_name = call->out_protocol_name;
  out.assignment = call->assignment;
  REQUEST_ANSWER (rq, km_sync_group_response, &out);
}

int
handle_sync_group (Request *rq, KmReader *body)
{
  KmSyncGroupRequest in;
  StokerSyncGroup *call;

  if (km_sync_group_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerSyncGroup);
  call->group_id = in.group_id;
  call->member_id = in.member_id;
  call->instance_id = in.group_instance_id;
  call->protocol_type = in.protocol_type; /* null below v5 */
  call->protocol_name = in.protocol_name;
  call->generation = in.generation_id;
  call->n_assignments = in.n_assignments;
  call->assignments = REQUEST_ARRAY (rq, StokerGroupAssignment, in.n_assignments);
  for (int32_t i = 0; i < in.n_assignments; i++)
    call->assignments[i] = (StokerGroupAssignment){ in.assignments[i].member_id, in.assignments[i].assignment };
  request_call (rq, &call->call, answer);
  stoker_sync_group (call);
  return 0;
}
