/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetForLeaderEpoch 0-4 (kafka-facts 3.6).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerOffsetForEpoch *call = rq->user;
  KmOffsetForLeaderEpochResponse out;

  km_offset_for_leader_epoch_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmOffsetForLeaderEpochResponseTopics, call->n_topics);
  for (int32_t t = 0; t < call->n_topics; t++) {
    const StokerEpochTopic *in = &call->topics[t];
    out.topics[t].topic = in->name;
    out.topics[t].n_partitions = in->n_partitions;
    out.topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetForLeaderEpochResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++) {
      const StokerEpochPartition *p = &in->partitions[i];
      out.topics[t].partitions[i]
          = (KmOffsetForLeaderEpochResponseTopicsPartitions){ .error_code = p->error,
                                                              .partition = p->partition,
                                                              .leader_epoch = p->out_leader_epoch,
                                                              .end_offset = p->end_offset };
    }
  }
  REQUEST_ANSWER (rq, km_offset_for_leader_epoch_response, &out);
}

int
handle_offset_for_leader_epoch (Request *rq, KmReader *body)
{
  KmOffsetForLeaderEpochRequest in;
  StokerOffsetForEpoch *call;

  if (km_offset_for_leader_epoch_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerOffsetForEpoch);
  call->replica_id = in.replica_id;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerEpochTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    StokerEpochTopic *out = &call->topics[t];
    out->name = in.topics[t].topic;
    out->n_partitions = in.topics[t].n_partitions;
    out->partitions = REQUEST_ARRAY (rq, StokerEpochPartition, out->n_partitions);
    for (int32_t i = 0; i < out->n_partitions; i++) {
      const KmOffsetForLeaderEpochRequestTopicsPartitions *p = &in.topics[t].partitions[i];
      out->partitions[i] = (StokerEpochPartition){ .partition = p->partition,
                                                   .current_leader_epoch = p->current_leader_epoch,
                                                   .leader_epoch = p->leader_epoch };
    }
  }
  request_call (rq, &call->call, answer);
  stoker_offset_for_epoch (call);
  return 0;
}
