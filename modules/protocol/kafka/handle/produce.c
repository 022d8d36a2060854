/* SPDX-License-Identifier: Apache-2.0
 *
 * Produce 0-11 (kafka-facts 3.1). The records stay in the connection's buffer: the service takes them over by the end
 * of the read.
 */
#include "handle.h"

/* Produce knows the fencing of a producer by its older name in every version. INVALID_RECORD goes out as it is, as
 * Kafka does: something retriable in its place would make an old client send the same bad batch for ever. */
static int16_t
code_for (int16_t code)
{
  return code == STOKER_PRODUCER_FENCED ? STOKER_INVALID_PRODUCER_EPOCH : code;
}

static void
partition_answer (Request *rq, const StokerProducePartition *p, KmProduceResponseResponsesPartitionResponses *out)
{
  km_produce_response_responses_partition_responses_init (out);
  out->index = p->partition;
  out->error_code = code_for (p->error);
  out->base_offset = p->base_offset;
  out->log_append_time_ms = p->log_append_time_ms;
  out->log_start_offset = p->log_start_offset;
  out->error_message = p->error_message;
  out->n_record_errors = p->n_record_errors;
  out->record_errors = REQUEST_ARRAY (rq, KmProduceResponseResponsesPartitionResponsesRecordErrors, p->n_record_errors);
  for (int32_t i = 0; i < p->n_record_errors; i++) {
    out->record_errors[i].batch_index = p->record_errors[i].batch_index;
    out->record_errors[i].batch_index_error_message = p->record_errors[i].message;
  }
  if (p->error == STOKER_NOT_LEADER_OR_FOLLOWER) {
    out->current_leader.leader_id = p->leader_id;
    out->current_leader.leader_epoch = p->leader_epoch;
  }
}

static void
answer_acks0 (Request *rq, const StokerProduce *call)
{
  for (int32_t t = 0; t < call->n_topics; t++)
    for (int32_t p = 0; p < call->topics[t].n_partitions; p++)
      if (call->topics[t].partitions[p].error != 0) {
        request_refuse (rq, "produce with acks=0 failed");
        return;
      }
  request_silent (rq);
}

static void
answer (Request *rq, const StokerProduce *call)
{
  KmProduceResponse out;

  km_produce_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_responses = call->n_topics;
  out.responses = REQUEST_ARRAY (rq, KmProduceResponseResponses, call->n_topics);
  for (int32_t t = 0; t < call->n_topics; t++) {
    const StokerProduceTopic *in = &call->topics[t];
    out.responses[t].name = in->name;
    out.responses[t].n_partition_responses = in->n_partitions;
    out.responses[t].partition_responses
        = REQUEST_ARRAY (rq, KmProduceResponseResponsesPartitionResponses, in->n_partitions);
    for (int32_t p = 0; p < in->n_partitions; p++)
      partition_answer (rq, &in->partitions[p], &out.responses[t].partition_responses[p]);
  }
  out.n_node_endpoints = call->n_nodes;
  out.node_endpoints = REQUEST_ARRAY (rq, KmProduceResponseNodeEndpoints, call->n_nodes);
  for (int32_t i = 0; i < call->n_nodes; i++)
    out.node_endpoints[i] = (KmProduceResponseNodeEndpoints){ call->nodes[i].id, call->nodes[i].host, call->nodes[i].port,
                                                         call->nodes[i].rack };
  REQUEST_ANSWER (rq, km_produce_response, &out);
}

static void
produce_done (Request *rq)
{
  StokerProduce *call = rq->user;

  if (call->acks == 0)
    answer_acks0 (rq, call);
  else
    answer (rq, call);
}

static void
topic_in (Request *rq, const KmProduceRequestTopicData *in, StokerProduceTopic *out)
{
  /* The name is needed for the answer, when the frame is gone. */
  out->name = stoker_arena_str (rq->arena, in->name);
  out->n_partitions = in->n_partition_data;
  out->partitions = REQUEST_ARRAY (rq, StokerProducePartition, in->n_partition_data);
  for (int32_t p = 0; p < in->n_partition_data; p++) {
    const KmProduceRequestTopicDataPartitionData *d = &in->partition_data[p];
    out->partitions[p] = (StokerProducePartition){ .partition = d->index,
                                                   .base_offset = -1,
                                                   .log_append_time_ms = -1,
                                                   .log_start_offset = -1,
                                                   .leader_id = -1,
                                                   .leader_epoch = -1 };
    if (!d->records.is_null && d->records.n_slices > 0) {
      /* The frame is ours to change: the service patches offsets in place. */
      out->partitions[p].records.data = (uint8_t *)(uintptr_t)d->records.slices[0].u.memory;
      out->partitions[p].records.len = d->records.len;
    }
  }
}

int
handle_produce (Request *rq, KmReader *body)
{
  KmProduceRequest in;
  StokerProduce *call;

  if (km_produce_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerProduce);
  call->transactional_id
      = rq->header.api_version >= 3 ? stoker_arena_str (rq->arena, in.transactional_id) : STOKER_STR_NULL;
  call->acks = in.acks;
  call->timeout_ms = in.timeout_ms;
  call->n_topics = in.n_topic_data;
  call->topics = REQUEST_ARRAY (rq, StokerProduceTopic, in.n_topic_data);
  for (int32_t t = 0; t < in.n_topic_data; t++)
    topic_in (rq, &in.topic_data[t], &call->topics[t]);
  request_call (rq, &call->call, produce_done);
  stoker_produce (call);
  return 0;
}
