/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection that speaks Kafka: framing, the order of answers, and how much may be under way at once.
 *
 * Kafka takes one request of a connection at a time. So do we, but for Produce: produce requests are handed on as they
 * arrive, their answers wait in a queue and leave in order (design: appends do not wait for the answer of the one
 * before). Any other request waits until those before it are answered, and those behind it wait for its answer.
 */
#ifndef KAFKA_SESSION_H
#define KAFKA_SESSION_H

#include <stoker/protocol.h>

#include "request.h"

/* Produce requests of one connection that may be under way at once, and bytes of them. */
#define SESSION_MAX_REQUESTS 256
#define SESSION_MAX_BYTES (16u << 20)
/* A peer that sends but does not read: above this many bytes of answers in the connection nothing new begins. */
#define SESSION_MAX_QUEUED (1u << 20)

/* Requests that are not in use, kept per I/O thread. */
typedef struct RequestCache
{
  Request *free;
  unsigned n;
} RequestCache;

#define IO_MAX 256

/* State of an instance of the module. */
typedef struct KafkaState
{
  StokerMetric *answered;
  RequestCache io[IO_MAX]; /* each touched by its I/O thread only */
} KafkaState;

Session *session_new (StokerInstance *self, StokerConn *conn);
ssize_t session_input (Session *s, uint8_t *data, size_t len);
void session_input_end (Session *s);
void session_drained (Session *s);
void session_close (Session *s);
/* Is a request under way? */
bool session_busy (const Session *s);
/* Is nothing kept that belongs to the I/O thread? */
bool session_movable (const Session *s);

/* For request.c: a request has ended. */
void session_ended (Session *s, Request *rq);
const StokerContext *session_context (const Session *s);

#endif
