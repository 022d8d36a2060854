/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteRecords 0-2 (kafka-facts 3.7).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerDeleteRecords *call = rq->user;
  KmDeleteRecordsResponse out;

  km_delete_records_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmDeleteRecordsResponseTopics, call->n_topics);
  for (int32_t t = 0; t < call->n_topics; t++) {
    const StokerDeleteRecordsTopic *in = &call->topics[t];
    out.topics[t].name = in->name;
    out.topics[t].n_partitions = in->n_partitions;
    out.topics[t].partitions = REQUEST_ARRAY (rq, KmDeleteRecordsResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++) {
      const StokerDeleteRecordsPartition *p = &in->partitions[i];
      out.topics[t].partitions[i] = (KmDeleteRecordsResponseTopicsPartitions){ .partition_index = p->partition,
                                                                               .low_watermark = p->low_watermark,
                                                                               .error_code = p->error };
    }
  }
  REQUEST_ANSWER (rq, km_delete_records_response, &out);
}

int
handle_delete_records (Request *rq, KmReader *body)
{
  KmDeleteRecordsRequest in;
  StokerDeleteRecords *call;

  if (km_delete_records_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDeleteRecords);
  call->timeout_ms = in.timeout_ms;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerDeleteRecordsTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++) {
    StokerDeleteRecordsTopic *out = &call->topics[t];
    out->name = in.topics[t].name;
    out->n_partitions = in.topics[t].n_partitions;
    out->partitions = REQUEST_ARRAY (rq, StokerDeleteRecordsPartition, out->n_partitions);
    for (int32_t i = 0; i < out->n_partitions; i++) {
      out->partitions[i].partition = in.topics[t].partitions[i].partition_index;
      out->partitions[i].offset = in.topics[t].partitions[i].offset;
    }
  }
  request_call (rq, &call->call, answer);
  stoker_delete_records (call);
  return 0;
}
