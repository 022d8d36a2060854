/* SPDX-License-Identifier: Apache-2.0
 *
 * One Kafka request on its way through: from the frame to the place in the answer queue. Handlers (handle/NAME.c) see
 * only this header and the generated messages.
 *
 * Life of a request: the session frames it, decodes its header and calls the handler. The handler decodes the body,
 * fills a service call (request_call), and when that is done encodes the answer (REQUEST_ANSWER). Whatever happens,
 * each request is ended exactly once by REQUEST_ANSWER, request_silent or request_refuse.
 *
 * Memory: all but the records of a Produce request lies in rq->arena (the session copies the frame there first), so
 * that it stays until the answer.
 *
 * Thread: the connection's I/O thread.
 */
#ifndef KAFKA_REQUEST_H
#define KAFKA_REQUEST_H

#include <stoker/service.h>

#include "modules/protocol/kafka/wire/kafka-messages.h"

typedef struct Session Session;
typedef struct Request Request;
typedef struct Handler Handler;

struct Handler
{
  int16_t key, min_version, max_version; /* what ApiVersions offers */
  /* Decodes and acts. -1: the body is malformed (rq->reason says why), the connection is closed. */
  int (*handle) (Request *rq, KmReader *body);
};

struct Request
{
  Request *next; /* in the order of arrival */
  Session *session;
  const Handler *handler;
  KmRequestHeader header; /* client_id lies in the arena, "" when null */
  StokerArena *arena;
  void (*done) (Request *rq); /* what to do when the service call is done */
  void *user;                 /* the handler's: the service call that request_call was given */
  StokerCall *call;           /* the service call that is under way; NULL: none */
  size_t frame_bytes;
  bool ended;         /* answered, or known to stay without an answer */
  bool silent;        /* no answer is sent */
  const char *reason; /* static text: why the connection is closed */
  StokerOut out;      /* the answer, size in front, once it is there */
};

/* Prepares a service call: who asks, the arena, and `done` for when it is done. The call must lie in rq->arena. */
void request_call (Request *rq, StokerCall *call, void (*done) (Request *rq));
/* A zeroed T in the request's arena. */
#define REQUEST_NEW(rq, T) ((T *)stoker_arena_calloc ((rq)->arena, 1, sizeof (T)))
#define REQUEST_ARRAY(rq, T, n) ((T *)stoker_arena_calloc ((rq)->arena, (size_t)((n) > 0 ? (n) : 0), sizeof (T)))

/* Begins the answer (size and response header); the message is written next, then request_answered. */
void request_begin (Request *rq, KmWriter *w);
void request_answered (Request *rq);
/* Encodes `msg` (a generated response struct of type PREFIX) as the answer. */
#define REQUEST_ANSWER(rq, prefix, msg)                                                                                \
  do {                                                                                                                 \
    KmWriter w_;                                                                                                       \
    request_begin ((rq), &w_);                                                                                         \
    prefix##_encode (&w_, (rq)->header.api_version, (msg));                                                            \
    request_answered (rq);                                                                                             \
  } while (0)

/* Ends the request without an answer (Produce with acks=0). */
void request_silent (Request *rq);
/* Ends it by closing the connection after the answers before it. */
void request_refuse (Request *rq, const char *reason);

/* The handler of an API key, NULL when it is not offered; all of them in key order. */
const Handler *handler_find (int16_t key);
const Handler *handler_rows (size_t *n);

#endif
