/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeCluster 0-1 (kafka-facts 3.9).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerDescribeCluster *call = rq->user;
  KmDescribeClusterResponse out;

  km_describe_cluster_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.error_message = call->error_message;
  out.endpoint_type = call->endpoint_type;
  out.cluster_id = call->cluster_id;
  out.controller_id = call->controller_id;
  out.cluster_authorized_operations = call->operations;
  out.n_brokers = call->n_nodes;
  out.brokers = REQUEST_ARRAY (rq, KmDescribeClusterResponseBrokers, call->n_nodes);
  for (int32_t i = 0; i < call->n_nodes; i++)
    out.brokers[i] = (KmDescribeClusterResponseBrokers){ call->nodes[i].id, call->nodes[i].host, call->nodes[i].port,
                                                         call->nodes[i].rack };
  REQUEST_ANSWER (rq, km_describe_cluster_response, &out);
}

int
handle_describe_cluster (Request *rq, KmReader *body)
{
  KmDescribeClusterRequest in;
  StokerDescribeCluster *call;

  if (km_describe_cluster_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDescribeCluster);
  call->include_operations = in.include_cluster_authorized_operations;
  call->endpoint_type = rq->header.api_version >= 1 ? in.endpoint_type : 1;
  request_call (rq, &call->call, answer);
  stoker_describe_cluster (call);
  return 0;
}
