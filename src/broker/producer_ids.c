/* SPDX-License-Identifier: Apache-2.0
 *
 * InitProducerId (kafka-facts 10.1), so far for idempotent producers only: a fresh id, from the blocks that the
 * controller keeps.
 */
#include "broker/authorize.h"
#include "broker/call.h"

#include "cluster/controller.h"

static void
finish (StokerInitProducerId *req, int16_t error, int64_t id)
{
  req->error = error;
  req->out_producer_id = error ? -1 : id;
  req->out_producer_epoch = error ? -1 : 0;
  stk_call_finish (&req->call);
}

static void
given (void *user, int16_t error, int64_t id)
{
  finish (user, error, id);
}

static void
on_control (StokerCall *call)
{
  stk_controller_producer_id (call->ctx->broker->controller, given, call);
}

static int16_t
check (const StokerInitProducerId *req)
{
  const StokerCall *call = &req->call;

  if (req->transactional_id.data && req->transactional_id.len == 0)
    return STOKER_INVALID_REQUEST;
  if (req->transactional_id.data)
    return STOKER_TRANSACTIONAL_ID_AUTHORIZATION_FAILED; /* no transactions yet: the refusal on which clients give up at
                                                            once */
  if ((req->producer_id == -1) != (req->producer_epoch == -1))
    return STOKER_INVALID_REQUEST;
  return stk_broker_authorize (call->ctx->broker, call->ctx, STK_ACL_IDEMPOTENT_WRITE, STK_ACL_CLUSTER,
                               STOKER_STR_LIT ("kafka-cluster"));
}

void
stoker_init_producer_id (StokerInitProducerId *req)
{
  int16_t error = check (req);

  if (error)
    finish (req, error, -1);
  else
    stk_call_on_control (&req->call, on_control);
}
