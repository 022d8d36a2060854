/* SPDX-License-Identifier: Apache-2.0
 *
 * The connections of one I/O actor: made here, found here when they have been idle too long or when the broker stops.
 * Actor thread only, but for new and free.
 */
#ifndef STK_NET_CONNS_H
#define STK_NET_CONNS_H

#include "broker/broker.h"
#include "net/spread.h"

#include <stoker/protocol.h>

typedef struct StkConns StkConns;

typedef struct StkConnSettings
{
  int64_t max_idle_us; /* 0: for ever */
  size_t max_request;  /* largest message that a protocol may ask room for */
  size_t max_queued;   /* a peer with more than this waiting for it is not read from */
} StkConnSettings;

/* Where a connection comes from. */
typedef struct StkConnOrigin
{
  StokerInstance *protocol;
  const char *listener; /* lives as long as the broker */
  const char *host;     /* of the peer; copied */
  /* The connection is gone (also when the protocol refused it); on the actor's thread. NULL: nobody wants to know. */
  void (*gone) (void *user, const StokerContext *ctx);
  void *user;
} StkConnOrigin;

/* Figures for metrics; actor thread. */
typedef struct StkConnCounts
{
  uint64_t opened, closed, bytes_in, bytes_out, idle_closed, moved_in;
  size_t open, reading; /* reading: connections that hold a buffer */
} StkConnCounts;

StkConns *stk_conns_new (StkActor *io, int index, StokerBroker *broker, const StkConnSettings *settings);
/* Its connections may move to `peers` (by index, itself among them), as `spread` says; both live longer. Before the
 * first connection. */
void stk_conns_spread (StkConns *cs, StkSpread *spread, StkConns *const *peers);
/* Takes over the stream. */
void stk_conns_add (StkConns *cs, StkStream *s, const StkConnOrigin *origin);
/* Closes every connection once what is queued is written, at the latest after `grace_us`; then calls done (user).
 * Connections that are added later are closed at once. */
void stk_conns_close (StkConns *cs, int64_t grace_us, void (*done) (void *user), void *user);
const StkConnCounts *stk_conns_counts (const StkConns *cs);
/* After close, or when there never was a connection. */
void stk_conns_free (StkConns *cs);

#endif
