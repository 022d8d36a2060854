/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated network: listeners, connections, and what the scheduler asks of them.
 */
#include "config.h"

#include "sim/net_private.h"

#include <errno.h>

/* ---- what the scheduler asks */

static bool
can_accept (const SimListener *l, int64_t *when)
{
  const StkAccepted *c = l->paused ? NULL : g_queue_peek_head ((GQueue *)&l->waiting);

  if (c && c->at_us > l->actor->base.now_us && c->at_us > SIM_OF (l->actor->base.world)->now_us) {
    if (when)
      *when = MIN (*when, c->at_us);
    return false;
  }
  return c != NULL;
}

bool
stk_sim_net_ready (SimActor *a, int64_t *when)
{
  for (guint i = 0; i < a->ends->len; i++) {
    SimEnd *e = g_ptr_array_index (a->ends, i);
    if ((e->readable && stk_sim_can_read (e, when)) || (e->writable && stk_sim_can_write (e)))
      return true;
  }
  for (guint i = 0; i < a->listeners->len; i++)
    if (can_accept (g_ptr_array_index (a->listeners, i), when))
      return true;
  return false;
}

/* Still there? Callbacks close ends. */
static bool
present (const GPtrArray *list, const void *p)
{
  return g_ptr_array_find ((GPtrArray *)list, p, NULL);
}

void
stk_sim_net_deliver (SimActor *a)
{
  g_autoptr (GPtrArray) now = g_ptr_array_copy (a->ends, NULL, NULL);
  char host[24];

  for (guint i = 0; i < a->listeners->len; i++) {
    SimListener *l = g_ptr_array_index (a->listeners, i);
    while (present (a->listeners, l) && can_accept (l, NULL)) {
      StkAccepted *c = g_queue_pop_head (&l->waiting);
      SimMachine *m = c->end->other ? c->end->other->machine : NULL;
      g_snprintf (host, sizeof host, "10.0.0.%d", m ? m->number : 99);
      l->accepted (l->user, c, host, 1);
    }
  }
  for (guint i = 0; i < now->len; i++) {
    SimEnd *e = g_ptr_array_index (now, i);
    if (present (a->ends, e) && e->readable && stk_sim_can_read (e, NULL))
      e->base.ready (e->base.user, true, false);
    if (present (a->ends, e) && e->writable && stk_sim_can_write (e))
      e->base.ready (e->base.user, false, true);
  }
}

void
stk_sim_net_halt (SimMachine *m)
{
  SimNet *n = (SimNet *)m->sim->net;

  for (guint i = 0; i < m->sim->actors->len; i++) {
    SimActor *a = g_ptr_array_index (m->sim->actors, i);
    if (a->base.world != &m->base)
      continue;
    for (guint k = 0; k < a->ends->len; k++)
      stk_sim_end_reset (g_ptr_array_index (a->ends, k));
    for (guint k = 0; k < a->listeners->len; k++)
      g_ptr_array_remove (n->listeners, g_ptr_array_index (a->listeners, k));
  }
}

/* ---- StkNet */

static SimListener *
find_listener (SimNet *n, uint16_t port)
{
  for (guint i = 0; i < n->listeners->len; i++) {
    SimListener *l = g_ptr_array_index (n->listeners, i);
    if (l->port == port)
      return l;
  }
  return NULL;
}

static StkListener *
sim_listen (StkNet *base, StkActor *a, const char *host, uint16_t port, int backlog,
            void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port), void *user,
            StokerError *err)
{
  SimNet *n = (SimNet *)base;
  SimListener *l;

  if (port != 0 && find_listener (n, port)) {
    (void)stoker_error_set (
        err, STOKER_ERROR_IN_USE,
        "cannot listen on %s:%u: another program has this port; stop it or set another one in `listeners`", host, port);
    return NULL;
  }
  l = g_new0 (SimListener, 1);
  l->base.net = base;
  l->actor = (SimActor *)a;
  l->port = port ? port : n->next_port++;
  l->paused = true;
  l->accepted = accepted;
  l->user = user;
  g_queue_init (&l->waiting);
  g_ptr_array_add (n->listeners, l);
  g_ptr_array_add (l->actor->listeners, l);
  return &l->base;
}

static uint16_t
sim_port (const StkListener *l)
{
  return ((const SimListener *)l)->port;
}

static void
sim_buffers (StkListener *l, int send, int receive)
{
}

static void
sim_pause (StkListener *l, bool pause)
{
  ((SimListener *)l)->paused = pause;
}

static void
sim_drop (StkNet *n, StkAccepted *c)
{
  c->end->base.ops->close (&c->end->base);
  g_free (c);
}

static void
sim_listener_free (StkListener *base)
{
  SimListener *l = (SimListener *)base;
  SimNet *n = (SimNet *)base->net;
  StkAccepted *c;

  while ((c = g_queue_pop_head (&l->waiting)) != NULL)
    sim_drop (&n->base, c);
  if (g_ptr_array_remove (n->listeners, l) && g_ptr_array_find (n->sim->actors, l->actor, NULL))
    g_ptr_array_remove (l->actor->listeners, l);
  g_free (l);
}

static StkStream *
sim_adopt (StkNet *n, StkActor *io, StkAccepted *c)
{
  SimEnd *e = c->end;

  e->actor = (SimActor *)io;
  g_ptr_array_add (e->actor->ends, e);
  g_free (c);
  return &e->base;
}

SimEnd *
stk_sim_dial (SimNet *n, SimMachine *from, uint16_t port)
{
  SimListener *l = find_listener (n, port);
  SimEnd *near_end, *far_end;
  StkAccepted *c;

  if (l == NULL)
    return NULL;
  near_end = stk_sim_end_new (n->sim, from);
  far_end = stk_sim_end_new (n->sim, (SimMachine *)l->actor->base.world);
  near_end->other = far_end;
  far_end->other = near_end;
  c = g_new (StkAccepted, 1);
  *c = (StkAccepted){ far_end, stk_sim_arrival (n->sim) };
  g_queue_push_tail (&l->waiting, c);
  return near_end;
}

typedef struct Dialled
{
  StkTask task;
  SimNet *net;
  SimActor *io;
  uint16_t port;
  void (*connected) (void *user, StkStream *s, int error);
  void *user;
} Dialled;

static void
run_dialled (StkTask *t)
{
  Dialled d = *(Dialled *)t;
  SimEnd *e = stk_sim_dial (d.net, (SimMachine *)d.io->base.world, d.port);

  g_free (t);
  if (e) {
    e->actor = d.io;
    g_ptr_array_add (d.io->ends, e);
  }
  d.connected (d.user, e ? &e->base : NULL, e ? 0 : ECONNREFUSED);
}

static void
sim_connect (StkNet *base, StkActor *io, const char *host, uint16_t port,
             void (*connected) (void *user, StkStream *s, int error), void *user)
{
  Dialled *d = g_new (Dialled, 1);

  *d = (Dialled){ { NULL, run_dialled }, (SimNet *)base, (SimActor *)io, port, connected, user };
  stk_actor_post (io, &d->task);
}

static void
sim_net_free (StkNet *base)
{
  g_ptr_array_unref (((SimNet *)base)->listeners);
  g_free (base);
}

static const StkNetOps net_ops = { sim_listen, sim_port, sim_buffers, sim_pause,   sim_listener_free,
                                   sim_adopt,  sim_drop, sim_connect, sim_net_free };

StkNet *
stk_sim_net_new (StkSim *s)
{
  SimNet *n = g_new0 (SimNet, 1);

  n->base.ops = &net_ops;
  n->sim = s;
  n->listeners = g_ptr_array_new ();
  n->next_port = 20000;
  return &n->base;
}
