/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeTopicPartitions 0 (KIP-966): Metadata of topics, in pages.
 */
#include "handle.h"

static void
topic_out (Request *rq, const StokerTopicInfo *in, KmDescribeTopicPartitionsResponseTopics *out)
{
  out->error_code = in->error;
  out->name = in->name;
  out->topic_id = in->id;
  out->is_internal = in->internal;
  out->topic_authorized_operations = in->authorized_operations;
  out->n_partitions = in->n_partitions;
  out->partitions = REQUEST_ARRAY (rq, KmDescribeTopicPartitionsResponseTopicsPartitions, in->n_partitions);
  for (int32_t i = 0; i < in->n_partitions; i++) {
    const StokerPartitionInfo *p = &in->partitions[i];
    out->partitions[i] = (KmDescribeTopicPartitionsResponseTopicsPartitions){ .error_code = p->error,
                                                                              .partition_index = p->partition,
                                                                              .leader_id = p->leader_id,
                                                                              .leader_epoch = p->leader_epoch,
                                                                              .replica_nodes = p->replicas,
                                                                              .n_replica_nodes = p->n_replicas,
                                                                              .isr_nodes = p->isr,
                                                                              .n_isr_nodes = p->n_isr,
                                                                              .n_eligible_leader_replicas = 0,
                                                                              .n_last_known_elr = 0,
                                                                              .offline_replicas = p->offline,
                                                                              .n_offline_replicas = p->n_offline };
  }
}

static void
answer (Request *rq)
{
  StokerDescribeTopicPartitions *call = rq->user;
  KmDescribeTopicPartitionsResponse out;

  km_describe_topic_partitions_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_infos;
  out.topics = REQUEST_ARRAY (rq, KmDescribeTopicPartitionsResponseTopics, call->n_infos);
  for (int32_t i = 0; i < call->n_infos; i++)
    topic_out (rq, &call->infos[i], &out.topics[i]);
  out.has_next_cursor = call->next_topic.data != NULL;
  out.next_cursor.topic_name = call->next_topic;
  out.next_cursor.partition_index = call->next_partition;
  REQUEST_ANSWER (rq, km_describe_topic_partitions_response, &out);
}

int
handle_describe_topic_partitions (Request *rq, KmReader *body)
{
  KmDescribeTopicPartitionsRequest in;
  StokerDescribeTopicPartitions *call;

  if (km_describe_topic_partitions_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDescribeTopicPartitions);
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerStr, in.n_topics);
  for (int32_t i = 0; i < in.n_topics; i++)
    call->topics[i] = in.topics[i].name;
  call->limit = in.response_partition_limit;
  call->cursor_topic = in.has_cursor ? in.cursor.topic_name : STOKER_STR_NULL;
  call->cursor_partition = in.has_cursor ? in.cursor.partition_index : 0;
  request_call (rq, &call->call, answer);
  stoker_describe_topic_partitions (call);
  return 0;
}
