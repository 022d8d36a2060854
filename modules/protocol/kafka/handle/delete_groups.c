/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteGroups 0-2.
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerDeleteGroups *call = rq->user;
  KmDeleteGroupsResponse out;

  km_delete_groups_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_results = call->n_groups;
  out.results = REQUEST_ARRAY (rq, KmDeleteGroupsResponseResults, call->n_groups);
  for (int32_t i = 0; i < call->n_groups; i++)
    out.results[i] = (KmDeleteGroupsResponseResults){ call->groups[i].group_id, call->groups[i].error };
  REQUEST_ANSWER (rq, km_delete_groups_response, &out);
}

int
handle_delete_groups (Request *rq, KmReader *body)
{
  KmDeleteGroupsRequest in;
  StokerDeleteGroups *call;

  if (km_delete_groups_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDeleteGroups);
  call->n_groups = in.n_groups_names;
  call->groups = REQUEST_ARRAY (rq, StokerDeleteGroup, in.n_groups_names);
  for (int32_t i = 0; i < in.n_groups_names; i++)
    call->groups[i].group_id = in.groups_names[i];
  request_call (rq, &call->call, answer);
  stoker_delete_groups (call);
  return 0;
}
