/* SPDX-License-Identifier: Apache-2.0
 *
 * CreatePartitions 0-3 (kafka-facts 3.7).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerCreatePartitions *call = rq->user;
  KmCreatePartitionsResponse out;

  km_create_partitions_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_results = call->n_topics;
  out.results = REQUEST_ARRAY (rq, KmCreatePartitionsResponseResults, call->n_topics);
  for (int32_t i = 0; i < call->n_topics; i++) {
    const StokerAddPartitions *t = &call->topics[i];
    out.results[i] = (KmCreatePartitionsResponseResults){ t->name, t->error, t->error_message };
  }
  REQUEST_ANSWER (rq, km_create_partitions_response, &out);
}

int
handle_create_partitions (Request *rq, KmReader *body)
{
  KmCreatePartitionsRequest in;
  StokerCreatePartitions *call;

  if (km_create_partitions_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerCreatePartitions);
  call->timeout_ms = in.timeout_ms;
  call->validate_only = in.validate_only;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerAddPartitions, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    const KmCreatePartitionsRequestTopics *q = &in.topics[t];
    StokerAddPartitions *out = &call->topics[t];
    out->name = q->name;
    out->count = q->count;
    out->n_assignments = q->n_assignments; /* -1: the broker chooses */
    out->assignments = REQUEST_ARRAY (rq, StokerAssignment, q->n_assignments);
    for (int32_t i = 0; i < q->n_assignments; i++)
      out->assignments[i] = (StokerAssignment){ -1, q->assignments[i].broker_ids, q->assignments[i].n_broker_ids };
  }
  request_call (rq, &call->call, answer);
  stoker_create_partitions (call);
  return 0;
}
