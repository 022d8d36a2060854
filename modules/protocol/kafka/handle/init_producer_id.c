/* SPDX-License-Identifier: Apache-2.0
 *
 * InitProducerId 0-5 (kafka-facts 10.1).
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerInitProducerId *call = rq->user;
  KmInitProducerIdResponse out;

  km_init_producer_id_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  if (call->error == STOKER_PRODUCER_FENCED && rq->header.api_version < 4)
    out.error_code = STOKER_INVALID_PRODUCER_EPOCH;
  out.producer_id = call->error ? -1 : call->out_producer_id;
  out.producer_epoch = call->error ? -1 : call->out_producer_epoch;
  REQUEST_ANSWER (rq, km_init_producer_id_response, &out);
}

int
handle_init_producer_id (Request *rq, KmReader *body)
{
  KmInitProducerIdRequest in;
  StokerInitProducerId *call;

  if (km_init_producer_id_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerInitProducerId);
  call->transactional_id = in.transactional_id;
  call->transaction_timeout_ms = in.transaction_timeout_ms;
  call->producer_id = in.producer_id;
  call->producer_epoch = in.producer_epoch;
  request_call (rq, &call->call, answer);
  stoker_init_producer_id (call);
  return 0;
}
