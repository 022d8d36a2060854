/* SPDX-License-Identifier: Apache-2.0
 *
 * FindCoordinator 0-6 (kafka-facts 3.5).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerFindCoordinator *call = rq->user;
  KmFindCoordinatorResponse out;

  km_find_coordinator_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  if (rq->header.api_version < 4) {
    const StokerFindCoordinatorKey *k = &call->keys[0];
    out.error_code = k->error;
    out.error_message = k->error_message;
    out.node_id = k->node.id;
    out.host = k->node.host;
    out.port = k->node.port;
  } else {
    out.n_coordinators = call->n_keys;
    out.coordinators = REQUEST_ARRAY (rq, KmFindCoordinatorResponseCoordinators, call->n_keys);
    for (int32_t i = 0; i < call->n_keys; i++) {
      const StokerFindCoordinatorKey *k = &call->keys[i];
      out.coordinators[i] = (KmFindCoordinatorResponseCoordinators){ .key = k->key,
                                                                     .node_id = k->node.id,
                                                                     .host = k->node.host,
                                                                     .port = k->node.port,
                                                                     .error_code = k->error,
                                                                     .error_message = k->error_message };
    }
  }
  REQUEST_ANSWER (rq, km_find_coordinator_response, &out);
}

int
handle_find_coordinator (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmFindCoordinatorRequest in;
  StokerFindCoordinator *call;

  if (km_find_coordinator_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerFindCoordinator);
  call->key_type = v >= 1 ? in.key_type : 0;
  call->n_keys = v < 4 ? 1 : in.n_coordinator_keys;
  call->keys = REQUEST_ARRAY (rq, StokerFindCoordinatorKey, call->n_keys);
  for (int32_t i = 0; i < call->n_keys; i++)
    call->keys[i].key = v < 4 ? in.key : in.coordinator_keys[i];
  request_call (rq, &call->call, answer);
  stoker_find_coordinator (call);
  return 0;
}
