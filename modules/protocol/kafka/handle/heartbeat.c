/* SPDX-License-Identifier: Apache-2.0
 *
 * Heartbeat 0-4 (kafka-facts 9.3).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerHeartbeat *call = rq->user;
  KmHeartbeatResponse out;

  km_heartbeat_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  REQUEST_ANSWER (rq, km_heartbeat_response, &out);
}

int
handle_heartbeat (Request *rq, KmReader *body)
{
  KmHeartbeatRequest in;
  StokerHeartbeat *call;

  if (km_heartbeat_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerHeartbeat);
  call->group_id = in.group_id;
  call->member_id = in.member_id;
  call->instance_id = in.group_instance_id;
  call->generation = in.generation_id;
  request_call (rq, &call->call, answer);
  stoker_heartbeat (call);
  return 0;
}
