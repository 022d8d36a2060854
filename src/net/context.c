/* SPDX-License-Identifier: Apache-2.0 */
#include "net/context.h"

#include <glib.h>
#include <stdatomic.h>

typedef struct Context
{
  StokerContext base;
  _Atomic int refs;
  char host[];
} Context;

const StokerContext *
stk_context_new (StokerBroker *broker, int io, uint64_t id, const char *listener, const char *host)
{
  size_t len = strlen (host) + 1;
  Context *c = g_malloc (sizeof *c + len);

  memcpy (c->host, host, len);
  atomic_init (&c->refs, 1);
  c->base = (StokerContext){ broker, io, id, listener, "User:ANONYMOUS", c->host };
  return &c->base;
}

void
stk_context_move (const StokerContext *ctx, int io)
{
  ((Context *)ctx)->base.io = io;
}

const StokerContext *
stoker_context_ref (const StokerContext *ctx)
{
  atomic_fetch_add_explicit (&((Context *)ctx)->refs, 1, memory_order_relaxed);
  return ctx;
}

void
stoker_context_unref (const StokerContext *ctx)
{
  if (ctx && atomic_fetch_sub_explicit (&((Context *)ctx)->refs, 1, memory_order_acq_rel) == 1)
    g_free ((Context *)ctx);
}
