/* SPDX-License-Identifier: Apache-2.0
 *
 * What every request to the core's services has in common. A protocol module fills a request struct whose first member is
 * a StokerCall, calls the service, and gets `done` exactly once, on the I/O thread of the call's connection; that
 * may happen before the service function returns. All memory that the request points to (strings, arrays, the request
 * itself) belongs to the module and must stay until done; what the service answers is allocated from call->arena.
 *
 * Every service asks authorize() before it acts and charge() for quotas, both inside the core.
 */
#ifndef STOKER_SERVICE_CALL_H
#define STOKER_SERVICE_CALL_H

#include <stoker/error.h>
#include <stoker/memory.h>
#include <stoker/out.h>

STOKER_BEGIN_DECLS

typedef struct StokerBroker StokerBroker; /* one broker: the core's services */

/* Who asks: made by the core for every connection. Counted: the connection holds one reference until it closes; a session with
 * calls that may be answered after that holds its own (stoker_context_ref in open, _unref when it frees itself). */
typedef struct StokerContext
{
  StokerBroker *broker;
  int io;                  /* index of the I/O thread that the connection lives on; changes only while no call of it is under way */
  uint64_t connection_id;  /* unique in this run of the broker */
  const char *listener;    /* name: "PLAINTEXT" */
  const char *principal;   /* "User:ANONYMOUS" until auth modules exist */
  const char *client_host; /* address text: "127.0.0.1" */
} StokerContext;

/* One more reference (returns ctx); gives one back. Any thread. */
STOKER_EXPORT const StokerContext *stoker_context_ref (const StokerContext *ctx);
STOKER_EXPORT void stoker_context_unref (const StokerContext *ctx);

typedef struct StokerCall StokerCall;
struct StokerCall
{
  const StokerContext *ctx;
  StokerStr client_id;   /* "" when the client gave none */
  int16_t api_key, api_version; /* of the Kafka request, -1 when it came by another protocol: some rules differ by version */
  StokerArena *arena;
  void (*done) (StokerCall *call);
  void *user;            /* the module's */
  int32_t throttle_ms;   /* out: how long the client should wait (quotas); 0 until quotas exist */
  bool finished;         /* core: done was called */
  void *core;            /* core: where it waits; NULL when it does not */
};

/* A broker and where it listens, for the listener on which the call came. */
typedef struct StokerNode
{
  int32_t id;
  StokerStr host;
  int32_t port;
  StokerStr rack; /* null: none */
} StokerNode;

/* The connection is gone: done comes soon (on the same thread, perhaps inside this call), whatever the request was waiting for.
 * Does nothing for a finished call. I/O thread of the call. */
STOKER_EXPORT void stoker_call_cancel (StokerCall *call);

STOKER_END_DECLS

#endif
