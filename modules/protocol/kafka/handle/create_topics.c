/* SPDX-License-Identifier: Apache-2.0
 *
 * CreateTopics 0-7 (kafka-facts 3.7).
 */
#include "handle.h"

static void
topic_out (Request *rq, const StokerCreateTopic *in, KmCreateTopicsResponseTopics *out)
{
  km_create_topics_response_topics_init (out);
  out->name = in->name;
  out->topic_id = in->id;
  out->error_code = in->error;
  out->error_message = in->error_message;
  if (in->error)
    return;
  out->num_partitions = in->out_partitions;
  out->replication_factor = in->out_replication_factor;
  out->n_configs = in->n_rows;
  /* As Kafka says that it gives no settings. */
  if (in->n_rows < 0)
    out->topic_config_error_code = STOKER_TOPIC_AUTHORIZATION_FAILED;
  out->configs = REQUEST_ARRAY (rq, KmCreateTopicsResponseTopicsConfigs, in->n_rows);
  for (int32_t i = 0; i < in->n_rows; i++) {
    const StokerConfigRow *r = &in->rows[i];
    out->configs[i] = (KmCreateTopicsResponseTopicsConfigs){ .name = r->name,
                                                             .value = r->value,
                                                             .read_only = r->read_only,
                                                             .config_source = r->source,
                                                             .is_sensitive = r->sensitive };
  }
}

static void
answer (Request *rq)
{
  StokerCreateTopics *call = rq->user;
  KmCreateTopicsResponse out;

  km_create_topics_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_topics = call->n_topics;
  out.topics = REQUEST_ARRAY (rq, KmCreateTopicsResponseTopics, call->n_topics);
  for (int32_t i = 0; i < call->n_topics; i++)
    topic_out (rq, &call->topics[i], &out.topics[i]);
  REQUEST_ANSWER (rq, km_create_topics_response, &out);
}

static void
topic_in (Request *rq, const KmCreateTopicsRequestTopics *in, StokerCreateTopic *out)
{
  out->name = in->name;
  out->n_partitions = in->num_partitions;
  out->replication_factor = in->replication_factor;
  out->n_assignments = in->n_assignments;
  out->assignments = REQUEST_ARRAY (rq, StokerAssignment, in->n_assignments);
  for (int32_t i = 0; i < in->n_assignments; i++) {
    const KmCreateTopicsRequestTopicsAssignments *a = &in->assignments[i];
    out->assignments[i] = (StokerAssignment){ a->partition_index, a->broker_ids, a->n_broker_ids };
  }
  out->n_configs = in->n_configs;
  out->configs = REQUEST_ARRAY (rq, StokerConfigPair, in->n_configs);
  for (int32_t i = 0; i < in->n_configs; i++)
    out->configs[i] = (StokerConfigPair){ in->configs[i].name, in->configs[i].value };
  out->out_partitions = -1;
  out->out_replication_factor = -1;
  out->n_rows = -1;
}

int
handle_create_topics (Request *rq, KmReader *body)
{
  KmCreateTopicsRequest in;
  StokerCreateTopics *call;

  if (km_create_topics_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerCreateTopics);
  call->timeout_ms = in.timeout_ms;
  call->validate_only = in.validate_only;
  call->n_topics = in.n_topics;
  call->topics = REQUEST_ARRAY (rq, StokerCreateTopic, in.n_topics);
  for (int32_t i = 0; i < in.n_topics; i++)
    topic_in (rq, &in.topics[i], &call->topics[i]);
  request_call (rq, &call->call, answer);
  stoker_create_topics (call);
  return 0;
}
