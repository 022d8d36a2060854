/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STK_NET_CONTEXT_H
#define STK_NET_CONTEXT_H

#include <stoker/service/call.h>

/* A context with one reference; `listener` must live as long as the broker, `host` is copied. */
const StokerContext *stk_context_new (StokerBroker *broker, int io, uint64_t id, const char *listener,
                                      const char *host);

/* The connection lives on I/O actor `io` from now on. No call of it is under way. */
void stk_context_move (const StokerContext *ctx, int io);

#endif
