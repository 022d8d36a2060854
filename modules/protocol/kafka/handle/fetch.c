/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetch 0-17 (kafka-facts 3.2).
 */
#include "handle.h"

#include <limits.h>

static int16_t
code_for (int16_t version, int16_t code)
{
  /* Clients below v6 do not know the storage error; below v16 the leader hints do not exist and the codes need no
   * change. */
  if (code == STOKER_KAFKA_STORAGE_ERROR && version < 6)
    return STOKER_NOT_LEADER_OR_FOLLOWER;
  return code;
}

static void
partition_answer (Request *rq, StokerFetchPartition *p, KmFetchResponseResponsesPartitions *out)
{
  km_fetch_response_responses_partitions_init (out);
  out->partition_index = p->partition;
  out->error_code = code_for (rq->header.api_version, p->error);
  out->high_watermark = p->high_watermark;
  out->last_stable_offset = p->last_stable_offset;
  out->log_start_offset = p->out_log_start_offset;
  out->diverging_epoch.epoch = p->diverging_epoch;
  out->diverging_epoch.end_offset = p->diverging_end_offset;
  if (rq->header.api_version >= 16
      && (p->error == STOKER_NOT_LEADER_OR_FOLLOWER || p->error == STOKER_FENCED_LEADER_EPOCH)) {
    out->current_leader.leader_id = p->leader_id;
    out->current_leader.leader_epoch = p->leader_epoch;
  }
  out->preferred_read_replica = p->preferred_read_replica;
  out->n_aborted_transactions = p->n_aborted;
  if (p->n_aborted > 0)
    out->aborted_transactions = REQUEST_ARRAY (rq, KmFetchResponseResponsesPartitionsAbortedTransactions, p->n_aborted);
  for (int32_t i = 0; i < p->n_aborted; i++) {
    out->aborted_transactions[i].producer_id = p->aborted[i].producer_id;
    out->aborted_transactions[i].first_offset = p->aborted[i].first_offset;
  }
  out->records = p->records;
  out->records.is_null = false;      /* Kafka answers with empty records, never null ones */
  p->records = (StokerRecords){ 0 }; /* the references move into the answer */
}

static void
answer (Request *rq)
{
  StokerFetch *call = rq->user;
  KmFetchResponse out;

  km_fetch_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.session_id = call->out_session_id;
  out.n_responses = call->n_results;
  out.responses = REQUEST_ARRAY (rq, KmFetchResponseResponses, call->n_results);
  for (int32_t t = 0; t < call->n_results; t++) {
    StokerFetchTopic *in = &call->results[t];
    out.responses[t].topic = in->name;
    out.responses[t].topic_id = in->id;
    out.responses[t].n_partitions = in->n_partitions;
    out.responses[t].partitions = REQUEST_ARRAY (rq, KmFetchResponseResponsesPartitions, in->n_partitions);
    for (int32_t p = 0; p < in->n_partitions; p++)
      partition_answer (rq, &in->partitions[p], &out.responses[t].partitions[p]);
  }
  out.n_node_endpoints = call->n_nodes;
  out.node_endpoints = REQUEST_ARRAY (rq, KmFetchResponseNodeEndpoints, call->n_nodes);
  for (int32_t i = 0; i < call->n_nodes; i++)
    out.node_endpoints[i] = (KmFetchResponseNodeEndpoints){ call->nodes[i].id, call->nodes[i].host, call->nodes[i].port,
                                                         call->nodes[i].rack };
  REQUEST_ANSWER (rq, km_fetch_response, &out);
}

static void
topic_in (Request *rq, const KmFetchRequestTopics *in, StokerFetchTopic *out)
{
  out->name = in->topic;
  out->id = in->topic_id;
  out->n_partitions = in->n_partitions;
  out->partitions = REQUEST_ARRAY (rq, StokerFetchPartition, in->n_partitions);
  for (int32_t i = 0; i < in->n_partitions; i++) {
    const KmFetchRequestTopicsPartitions *p = &in->partitions[i];
    out->partitions[i] = (StokerFetchPartition){ .partition = p->partition,
                                                 .current_leader_epoch = p->current_leader_epoch,
                                                 .fetch_offset = p->fetch_offset,
                                                 .last_fetched_epoch = p->last_fetched_epoch,
                                                 .log_start_offset = p->log_start_offset,
                                                 .max_bytes = p->partition_max_bytes };
  }
}

static void
forgotten_in (Request *rq, const KmFetchRequest *in, StokerFetch *call)
{
  call->n_forgotten = in->n_forgotten_topics_data;
  call->forgotten = REQUEST_ARRAY (rq, StokerForgottenTopic, in->n_forgotten_topics_data);
  for (int32_t i = 0; i < call->n_forgotten; i++) {
    const KmFetchRequestForgottenTopicsData *f = &in->forgotten_topics_data[i];
    call->forgotten[i] = (StokerForgottenTopic){ f->topic, f->topic_id, f->partitions, f->n_partitions };
  }
}

int
handle_fetch (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmFetchRequest in;
  StokerFetch *call;

  if (km_fetch_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerFetch);
  call->by_id = v >= 13;
  call->replica_id = v >= 15 ? in.replica_state.replica_id : in.replica_id;
  call->replica_epoch = v >= 15 ? in.replica_state.replica_epoch : -1;
  call->max_wait_ms = in.max_wait_ms;
  call->min_bytes = in.min_bytes;
  call->max_bytes = v >= 3 ? in.max_bytes : INT32_MAX;
  call->isolation = v >= 4 ? in.isolation_level : 0;
  call->session_id = v >= 7 ? in.session_id : 0;
  call->session_epoch = v >= 7 ? in.session_epoch : -1;
  call->rack_id = v >= 11 ? in.rack_id : STOKER_STR_LIT ("");
  call->magic = v <= 1 ? 0 : v <= 3 ? 1 : 2;
  call->strict_max_bytes = v <= 2;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerFetchTopic, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++)
    topic_in (rq, &in.topics[t], &call->topics[t]);
  if (v >= 7)
    forgotten_in (rq, &in, call);
  request_call (rq, &call->call, answer);
  stoker_fetch (call);
  return 0;
}
