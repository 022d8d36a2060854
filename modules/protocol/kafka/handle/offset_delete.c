/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetDelete 0.
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerOffsetDelete *call = rq->user;
  KmOffsetDeleteResponse out;

  km_offset_delete_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.n_topics = call->error ? 0 : call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmOffsetDeleteResponseTopics, out.n_topics);
  for (int32_t t = 0; t < out.n_topics; t++) {
    const StokerOffsetTopic *in = &call->topics[t];
    out.topics[t].name = in->name;
    out.topics[t].n_partitions = in->n_partitions;
    out.topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetDeleteResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++)
      out.topics[t].partitions[i]
          = (KmOffsetDeleteResponseTopicsPartitions){ in->partitions[i].partition, in->partitions[i].error };
  }
  REQUEST_ANSWER (rq, km_offset_delete_response, &out);
}

int
handle_offset_delete (Request *rq, KmReader *body)
{
  KmOffsetDeleteRequest in;
  StokerOffsetDelete *call;

  if (km_offset_delete_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerOffsetDelete);
  call->group_id = in.group_id;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerOffsetTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    StokerOffsetTopic *out = &call->topics[t];
    out->name = in.topics[t].name;
    out->n_partitions = in.topics[t].n_partitions;
    out->partitions = REQUEST_ARRAY (rq, StokerOffsetPartition, out->n_partitions);
    for (int32_t i = 0; i < out->n_partitions; i++)
      out->partitions[i].partition = in.topics[t].partitions[i].partition_index;
  }
  request_call (rq, &call->call, answer);
  stoker_offset_delete (call);
  return 0;
}
