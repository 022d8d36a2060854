/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetCommit 0-9 (kafka-facts 9.4).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerOffsetCommit *call = rq->user;
  KmOffsetCommitResponse out;

  km_offset_commit_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmOffsetCommitResponseTopics, call->n_topics);
  for (int32_t t = 0; t < call->n_topics; t++) {
    const StokerOffsetTopic *in = &call->topics[t];
    out.topics[t].name = in->name;
    out.topics[t].n_partitions = in->n_partitions;
    out.topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetCommitResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++)
      out.topics[t].partitions[i]
          = (KmOffsetCommitResponseTopicsPartitions){ in->partitions[i].partition, in->partitions[i].error };
  }
  REQUEST_ANSWER (rq, km_offset_commit_response, &out);
}

int
handle_offset_commit (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmOffsetCommitRequest in;
  StokerOffsetCommit *call;

  if (km_offset_commit_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerOffsetCommit);
  call->group_id = in.group_id;
  call->member_id = in.member_id;
  call->instance_id = in.group_instance_id;
  call->generation = in.generation_id_or_member_epoch;
  call->retention_ms = in.retention_time_ms;
  call->old_store = v == 0;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerOffsetTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    StokerOffsetTopic *out = &call->topics[t];
    out->name = in.topics[t].name;
    out->n_partitions = in.topics[t].n_partitions;
    out->partitions = REQUEST_ARRAY (rq, StokerOffsetPartition, out->n_partitions);
    for (int32_t i = 0; i < out->n_partitions; i++) {
      const KmOffsetCommitRequestTopicsPartitions *p = &in.topics[t].partitions[i];
      out->partitions[i] = (StokerOffsetPartition){ .partition = p->partition_index,
                                                    .offset = p->committed_offset,
                                                    .leader_epoch = p->committed_leader_epoch,
                                                    .metadata = p->committed_metadata,
                                                    .timestamp = p->commit_timestamp };
    }
  }
  request_call (rq, &call->call, answer);
  stoker_offset_commit (call);
  return 0;
}
