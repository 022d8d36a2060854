/* SPDX-License-Identifier: Apache-2.0
 *
 * ListOffsets 0-9 (kafka-facts 3.3). Which special timestamps exist depends on the version; the service checks by
 * call.api_version.
 */
#include "handle.h"

static int16_t
code_for (int16_t version, int16_t code)
{
  if (code == STOKER_OFFSET_NOT_AVAILABLE && version < 5)
    return STOKER_LEADER_NOT_AVAILABLE;
  return code;
}

static void
answer (Request *rq)
{
  StokerListOffsets *call = rq->user;
  KmListOffsetsResponse out;

  km_list_offsets_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmListOffsetsResponseTopics, call->n_topics);
  for (int32_t t = 0; t < call->n_topics; t++) {
    const StokerListOffsetsTopic *in = &call->topics[t];
    out.topics[t].name = in->name;
    out.topics[t].n_partitions = in->n_partitions;
    out.topics[t].partitions = REQUEST_ARRAY (rq, KmListOffsetsResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++) {
      const StokerListOffsetsPartition *p = &in->partitions[i];
      out.topics[t].partitions[i]
          = (KmListOffsetsResponseTopicsPartitions){ .partition_index = p->partition,
                                                     .error_code = code_for (rq->header.api_version, p->error),
                                                     .old_style_offsets = p->old_offsets,
                                                     .n_old_style_offsets = p->n_old_offsets,
                                                     .timestamp = p->out_timestamp,
                                                     .offset = p->out_offset,
                                                     .leader_epoch = p->out_leader_epoch };
    }
  }
  REQUEST_ANSWER (rq, km_list_offsets_response, &out);
}

int
handle_list_offsets (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmListOffsetsRequest in;
  StokerListOffsets *call;

  if (km_list_offsets_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerListOffsets);
  call->replica_id = in.replica_id;
  call->isolation = v >= 2 ? in.isolation_level : 0;
  call->old_style = v == 0;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerListOffsetsTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    StokerListOffsetsTopic *out = &call->topics[t];
    out->name = in.topics[t].name;
    out->n_partitions = in.topics[t].n_partitions;
    out->partitions = REQUEST_ARRAY (rq, StokerListOffsetsPartition, out->n_partitions);
    for (int32_t i = 0; i < out->n_partitions; i++) {
      const KmListOffsetsRequestTopicsPartitions *p = &in.topics[t].partitions[i];
      out->partitions[i] = (StokerListOffsetsPartition){ .partition = p->partition_index,
                                                         .current_leader_epoch = p->current_leader_epoch,
                                                         .timestamp = p->timestamp,
                                                         .max_num_offsets = p->max_num_offsets };
    }
  }
  request_call (rq, &call->call, answer);
  stoker_list_offsets (call);
  return 0;
}
