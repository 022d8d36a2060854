/* SPDX-License-Identifier: Apache-2.0
 *
 * world.h on top of the tables of whichever world it is.
 */
#include "world/impl.h"

int64_t
stk_world_now_ms (StkWorld *w)
{
  return w->ops->now_ms (w);
}

int64_t
stk_world_monotonic_us (StkWorld *w)
{
  return w->ops->monotonic_us (w);
}

uint64_t
stk_world_random (StkWorld *w)
{
  return w->ops->random (w);
}

StokerDisk *
stk_world_disk (StkWorld *w)
{
  return w->disk;
}

StkNet *
stk_world_net (StkWorld *w)
{
  return w->net;
}

void
stk_world_free (StkWorld *w)
{
  if (w)
    w->ops->free (w);
}

StkPool *
stk_pool_new (StkWorld *w, const char *name, unsigned threads)
{
  return w->ops->pool_new (w, name, threads);
}

void
stk_pool_post (StkPool *p, StkTask *t)
{
  p->ops->post (p, t);
}

void
stk_pool_free (StkPool *p)
{
  if (p)
    p->ops->free (p);
}

StkListener *
stk_net_listen (StkNet *n, StkActor *a, const char *host, uint16_t port, int backlog,
                void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port), void *user,
                StokerError *err)
{
  return n->ops->listen (n, a, host, port, backlog, accepted, user, err);
}

uint16_t
stk_listener_port (const StkListener *l)
{
  return l->net->ops->port (l);
}

void
stk_listener_buffers (StkListener *l, int send, int receive)
{
  l->net->ops->buffers (l, send, receive);
}

void
stk_listener_pause (StkListener *l, bool pause)
{
  l->net->ops->pause (l, pause);
}

void
stk_listener_free (StkListener *l)
{
  if (l)
    l->net->ops->listener_free (l);
}

StkStream *
stk_net_adopt (StkNet *n, StkActor *io, StkAccepted *c)
{
  return n->ops->adopt (n, io, c);
}

void
stk_net_drop (StkNet *n, StkAccepted *c)
{
  n->ops->drop (n, c);
}

void
stk_net_connect (StkNet *n, StkActor *io, const char *host, uint16_t port,
                 void (*connected) (void *user, StkStream *s, int error), void *user)
{
  n->ops->connect (n, io, host, port, connected, user);
}
