/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeGroups 0-5 (kafka-facts 9.3).
 */
#include "handle.h"

static void
group_out (Request *rq, const StokerGroupInfo *in, KmDescribeGroupsResponseGroups *out)
{
  out->error_code = in->error;
  out->group_id = in->group_id;
  out->group_state = in->state;
  out->protocol_type = in->protocol_type;
  out->protocol_data = in->protocol;
  out->authorized_operations = in->authorized_operations;
  out->n_members = in->n_members;
  out->members = REQUEST_ARRAY (rq, KmDescribeGroupsResponseGroupsMembers, in->n_members);
  for (int32_t i = 0; i < in->n_members; i++) {
    const StokerGroupMember *m = &in->members[i];
    out->members[i] = (KmDescribeGroupsResponseGroupsMembers){ .member_id = m->member_id,
                                                               .group_instance_id = m->instance_id,
                                                               .client_id = m->client_id,
                                                               .client_host = m->client_host,
                                                               .member_metadata = m->metadata,
                                                               .member_assignment = m->assignment };
  }
}

static void
answer (Request *rq)
{
  StokerDescribeGroups *call = rq->user;
  KmDescribeGroupsResponse out;

  km_describe_groups_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_groups = call->n_groups;
  out.groups = REQUEST_ARRAY (rq, KmDescribeGroupsResponseGroups, call->n_groups);
  for (int32_t i = 0; i < call->n_groups; i++)
    group_out (rq, &call->groups[i], &out.groups[i]);
  REQUEST_ANSWER (rq, km_describe_groups_response, &out);
}

int
handle_describe_groups (Request *rq, KmReader *body)
{
  KmDescribeGroupsRequest in;
  StokerDescribeGroups *call;

  if (km_describe_groups_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDescribeGroups);
  call->include_operations = in.include_authorized_operations;
  call->n_groups = in.n_groups;
  call->groups = REQUEST_ARRAY (rq, StokerGroupInfo, in.n_groups);
  for (int32_t i = 0; i < in.n_groups; i++) {
    call->groups[i].group_id = in.groups[i];
    call->groups[i].authorized_operations = INT32_MIN;
  }
  request_call (rq, &call->call, answer);
  stoker_describe_groups (call);
  return 0;
}
