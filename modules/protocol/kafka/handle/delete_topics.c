/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteTopics 0-6 (kafka-facts 3.7): by name, from version 6 on by name or id.
 */
#include "handle.h"

static int16_t
code_for (int16_t version, int16_t code)
{
  return code == STOKER_TOPIC_DELETION_DISABLED && version < 3 ? STOKER_INVALID_REQUEST : code;
}

static void
answer (Request *rq)
{
  StokerDeleteTopics *call = rq->user;
  KmDeleteTopicsResponse out;

  km_delete_topics_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_responses = call->n_topics;
  out.responses = REQUEST_ARRAY (rq, KmDeleteTopicsResponseResponses, call->n_topics);
  for (int32_t i = 0; i < call->n_topics; i++) {
    const StokerDeleteTopic *t = &call->topics[i];
    out.responses[i] = (KmDeleteTopicsResponseResponses){ .name = t->name,
                                                          .topic_id = t->id,
                                                          .error_code = code_for (rq->header.api_version, t->error),
                                                          .error_message = t->error_message };
  }
  REQUEST_ANSWER (rq, km_delete_topics_response, &out);
}

/* A topic named twice over, by name and by id: the whole request is wrong, and nothing is deleted. */
static bool
names_clash (const StokerDeleteTopics *call)
{
  for (int32_t i = 0; i < call->n_topics; i++)
    if (call->topics[i].name.data && !stoker_uuid_is_zero (call->topics[i].id))
      return true;
  return false;
}

static void
topics_in (Request *rq, const KmDeleteTopicsRequest *in, StokerDeleteTopics *call)
{
  bool by_ref = rq->header.api_version >= 6;

  call->n_topics = by_ref ? in->n_topics : in->n_topic_names;
  call->topics = REQUEST_ARRAY (rq, StokerDeleteTopic, call->n_topics);
  for (int32_t i = 0; i < call->n_topics; i++) {
    call->topics[i].name = by_ref ? in->topics[i].name : in->topic_names[i];
    if (by_ref)
      call->topics[i].id = in->topics[i].topic_id;
  }
}

int
handle_delete_topics (Request *rq, KmReader *body)
{
  KmDeleteTopicsRequest in;
  StokerDeleteTopics *call;

  if (km_delete_topics_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDeleteTopics);
  call->timeout_ms = in.timeout_ms;
  topics_in (rq, &in, call);
  if (names_clash (call)) {
    for (int32_t i = 0; i < call->n_topics; i++) {
      call->topics[i].error = STOKER_INVALID_REQUEST;
      call->topics[i].error_message = STOKER_STR_LIT ("A topic is to be given by its name or by its id, not by both.");
    }
    rq->user = call;
    answer (rq);
    return 0;
  }
  request_call (rq, &call->call, answer);
  stoker_delete_topics (call);
  return 0;
}
