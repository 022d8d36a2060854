/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "session.h"

#include <glib.h>

static void
call_done (StokerCall *call)
{
  Request *rq = call->user;

  rq->call = NULL;
  rq->done (rq);
}

void
request_call (Request *rq, StokerCall *call, void (*done) (Request *rq))
{
  call->ctx = session_context (rq->session);
  call->client_id = rq->header.client_id;
  call->api_key = rq->header.api_key;
  call->api_version = rq->header.api_version;
  call->arena = rq->arena;
  call->done = call_done;
  call->user = rq;
  rq->done = done;
  rq->user = call;
  rq->call = call;
}

void
request_begin (Request *rq, KmWriter *w)
{
  km_writer_init (w, &rq->out);
  km_w_i32 (w, 0); /* the size: see request_answered */
  km_response_header_encode (w, rq->header.api_key, rq->header.api_version, rq->header.correlation_id);
}

void
request_answered (Request *rq)
{
  uint32_t size = (uint32_t)(stoker_out_size (&rq->out) - 4);
  uint8_t *p = rq->out.head.data;

  g_assert (!rq->ended);
  p[0] = (uint8_t)(size >> 24);
  p[1] = (uint8_t)(size >> 16);
  p[2] = (uint8_t)(size >> 8);
  p[3] = (uint8_t)size;
  rq->ended = true;
  session_ended (rq->session, rq);
}

void
request_silent (Request *rq)
{
  g_assert (!rq->ended);
  rq->silent = true;
  rq->ended = true;
  session_ended (rq->session, rq);
}

void
request_refuse (Request *rq, const char *reason)
{
  g_assert (!rq->ended);
  rq->reason = reason;
  rq->silent = true;
  rq->ended = true;
  session_ended (rq->session, rq);
}
