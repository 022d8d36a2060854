/* SPDX-License-Identifier: Apache-2.0
 *
 * ListGroups 0-5.
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerListGroups *call = rq->user;
  KmListGroupsResponse out;

  km_list_groups_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.n_groups = call->n_groups;
  out.groups = REQUEST_ARRAY (rq, KmListGroupsResponseGroups, call->n_groups);
  for (int32_t i = 0; i < call->n_groups; i++) {
    const StokerGroupListing *g = &call->groups[i];
    out.groups[i] = (KmListGroupsResponseGroups){ g->group_id, g->protocol_type, g->state, g->type };
  }
  REQUEST_ANSWER (rq, km_list_groups_response, &out);
}

int
handle_list_groups (Request *rq, KmReader *body)
{
  KmListGroupsRequest in;
  StokerListGroups *call;

  if (km_list_groups_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerListGroups);
  call->states = in.states_filter;
  call->n_states = in.n_states_filter;
  call->types = in.types_filter;
  call->n_types = in.n_types_filter;
  request_call (rq, &call->call, answer);
  stoker_list_groups (call);
  return 0;
}
