/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `protocol`: what does a connection's byte stream ask, and how is it answered? The core accepts
 * connections, gives each to one I/O thread at a time, reads into pooled buffers and hands the bytes over; the module
 * frames, decodes, calls services (stoker/service.h) and sends answers. Unstable interface.
 *
 * Thread: everything about one connection is called on its I/O thread, and nothing of it from any other. There are several
 * I/O threads, so a protocol module must be STOKER_THREADS_PARALLEL. A connection changes its thread only between two callbacks, and
 * only when the module says that it may (movable).
 */
#ifndef STOKER_PROTOCOL_H
#define STOKER_PROTOCOL_H

#include <stoker/host.h>
#include <stoker/service.h>

STOKER_BEGIN_DECLS

#define STOKER_PROTOCOL_VERSION 1u

typedef struct StokerConn StokerConn; /* one connection */

typedef struct StokerProtocolOps
{
  StokerOpsHead head;

  /* A connection was accepted. *out_session is passed to the other functions; -1 with *err refuses it. */
  int (*open) (StokerInstance *self, StokerConn *conn, void **out_session, StokerError *err);

  /* Bytes have arrived: data[0..len) is all that is buffered. Returns how many were consumed (whole messages); the rest
   * is presented again, with more behind it. -1 closes the connection. The bytes may be changed in place and stay where
   * they are until input_end has returned. Not called while the connection is held. */
  ssize_t (*input) (StokerInstance *self, void *session, uint8_t *data, size_t len);
  /* Everything that one read brought was presented. NULL: not needed. */
  void (*input_end) (StokerInstance *self, void *session);

  /* What was queued has gone out down to less than 64 KiB. NULL: not needed. */
  void (*drained) (StokerInstance *self, void *session);

  /* The connection is gone (peer closed, error, time-out, stoker_conn_close, shutdown); `conn` must not be used any
   * more. Calls that are still waiting should be cancelled; the session frees itself after the last one is done. */
  void (*close) (StokerInstance *self, void *session);

  /* Is an answer still owed to what was presented? Asked when the peer has closed its side, and when the broker stops: the connection
   * then stays, without input, until the answers are written (at a stop: for a fraction of a second). NULL: never. */
  bool (*busy) (StokerInstance *self, void *session);

  /* May the connection move to another I/O thread now? Asked on the present one between callbacks, with no byte queued, no hold and no
   * timer of the connection. Yes: no call is under way, nothing is kept that belongs to the thread, and everything from the next
   * callback on happens on another one, whose index stands in the context's `io` then. (Bytes that were presented and not consumed
   * move along, and are presented again.) NULL: it never moves. */
  bool (*movable) (StokerInstance *self, void *session);
} StokerProtocolOps;

/* Lives from open until close, longer with stoker_context_ref. */
STOKER_EXPORT const StokerContext *stoker_conn_context (StokerConn *c);
/* Queues a message; its content is taken over and *out is empty afterwards. Written when the present callback returns. */
STOKER_EXPORT void stoker_conn_send (StokerConn *c, StokerOut *out);
/* Bytes queued and not yet handed to the kernel. */
STOKER_EXPORT size_t stoker_conn_queued (StokerConn *c);
/* Closes after everything queued is written (graceful) or at once; `close` of the session is called later, never inside
 * this call. `reason` is a static text for the log (level debug), NULL: none. */
STOKER_EXPORT void stoker_conn_close (StokerConn *c, bool graceful, const char *reason);
/* Stops (true) or resumes (false) reading; counted: holds add up. After a resume, input is called again, later, with what is buffered. */
STOKER_EXPORT void stoker_conn_hold (StokerConn *c, bool hold);
/* The message at the beginning of what is buffered has `total` bytes: the core makes room for it. Bounded by the module before
 * it asks. */
STOKER_EXPORT void stoker_conn_expect (StokerConn *c, size_t total);
/* Calls fn (user) on this connection's thread after `delay_ms` unless the connection closes before. One at a time: a new
 * one replaces the old; fn NULL takes it back. */
STOKER_EXPORT void stoker_conn_timer (StokerConn *c, int64_t delay_ms, void (*fn) (void *user), void *user);

/* Largest request that the broker's settings allow (socket.request.max.bytes). */
STOKER_EXPORT size_t stoker_conn_max_request (StokerConn *c);

STOKER_END_DECLS

#endif
