/* SPDX-License-Identifier: Apache-2.0
 *
 * Metadata 0-13 (kafka-facts 3.4).
 */
#include "handle.h"

static void
nodes_out (Request *rq, const StokerMetadata *call, KmMetadataResponse *out)
{
  out->n_brokers = call->n_nodes;
  out->brokers = REQUEST_ARRAY (rq, KmMetadataResponseBrokers, call->n_nodes);
  for (int32_t i = 0; i < call->n_nodes; i++)
    out->brokers[i] = (KmMetadataResponseBrokers){ call->nodes[i].id, call->nodes[i].host, call->nodes[i].port,
                                                   call->nodes[i].rack };
}

static int16_t
code_for (int16_t version, int16_t code)
{
  return code == STOKER_LISTENER_NOT_FOUND && version < 6 ? STOKER_LEADER_NOT_AVAILABLE : code;
}

static void
topic_out (Request *rq, const StokerTopicInfo *in, KmMetadataResponseTopics *out)
{
  out->error_code = in->error;
  out->name = in->name;
  out->topic_id = in->id;
  out->is_internal = in->internal;
  out->topic_authorized_operations = in->authorized_operations;
  out->n_partitions = in->n_partitions;
  out->partitions = REQUEST_ARRAY (rq, KmMetadataResponseTopicsPartitions, in->n_partitions);
  for (int32_t i = 0; i < in->n_partitions; i++) {
    const StokerPartitionInfo *p = &in->partitions[i];
    out->partitions[i]
        = (KmMetadataResponseTopicsPartitions){ .error_code = code_for (rq->header.api_version, p->error),
                                                .partition_index = p->partition,
                                                .leader_id = p->leader_id,
                                                .leader_epoch = p->leader_epoch,
                                                .replica_nodes = p->replicas,
                                                .n_replica_nodes = p->n_replicas,
                                                .isr_nodes = p->isr,
                                                .n_isr_nodes = p->n_isr,
                                                .offline_replicas = p->offline,
                                                .n_offline_replicas = p->n_offline };
  }
}

static void
answer (Request *rq)
{
  StokerMetadata *call = rq->user;
  KmMetadataResponse out;

  km_metadata_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  nodes_out (rq, call, &out);
  out.cluster_id = call->cluster_id;
  out.controller_id = call->controller_id;
  out.cluster_authorized_operations = call->cluster_operations;
  out.n_topics = call->n_infos;
  out.topics = REQUEST_ARRAY (rq, KmMetadataResponseTopics, call->n_infos);
  for (int32_t i = 0; i < call->n_infos; i++)
    topic_out (rq, &call->infos[i], &out.topics[i]);
  REQUEST_ANSWER (rq, km_metadata_response, &out);
}

/* Versions 10 and 11 have the field for the topic's id, but a broker does not take it there. */
static bool
all_by_name (const KmMetadataRequest *in)
{
  for (int32_t i = 0; i < in->n_topics; i++)
    if (in->topics[i].name.data == NULL || !stoker_uuid_is_zero (in->topics[i].topic_id))
      return false;
  return true;
}

static void
refuse_ids (Request *rq, const KmMetadataRequest *in)
{
  KmMetadataResponse out;

  km_metadata_response_init (&out);
  out.n_topics = in->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmMetadataResponseTopics, in->n_topics);
  for (int32_t i = 0; i < in->n_topics; i++) {
    km_metadata_response_topics_init (&out.topics[i]);
    out.topics[i].error_code = STOKER_INVALID_REQUEST;
    out.topics[i].name = in->topics[i].name;
    out.topics[i].topic_id = in->topics[i].topic_id;
  }
  REQUEST_ANSWER (rq, km_metadata_response, &out);
}

int
handle_metadata (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmMetadataRequest in;
  StokerMetadata *call;

  if (km_metadata_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  if (v >= 10 && v < 12 && !all_by_name (&in)) {
    refuse_ids (rq, &in);
    return 0;
  }
  call = REQUEST_NEW (rq, StokerMetadata);
  /* v0 has no null: there an empty list means all topics, from v1 on it means none. */
  call->all_topics = in.n_topics < 0 || (v == 0 && in.n_topics == 0);
  call->n_topics = in.n_topics > 0 ? in.n_topics : 0;
  call->topics = REQUEST_ARRAY (rq, StokerTopicRef, call->n_topics);
  /* An id goes before the name: Java's AdminClient sends an empty name with it. */
  for (int32_t i = 0; i < call->n_topics; i++)
    call->topics[i]
        = (StokerTopicRef){ stoker_uuid_is_zero (in.topics[i].topic_id) ? in.topics[i].name : STOKER_STR_NULL,
                            in.topics[i].topic_id };
  call->allow_auto_create = v < 4 || in.allow_auto_topic_creation;
  call->include_cluster_operations = v >= 8 && v <= 10 && in.include_cluster_authorized_operations;
  call->include_topic_operations = v >= 8 && in.include_topic_authorized_operations;
  request_call (rq, &call->call, answer);
  stoker_metadata (call);
  return 0;
}
