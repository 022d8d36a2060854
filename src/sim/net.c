/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated network: two ends, each with the bytes that are on their way to it. What is written arrives a little
 * later, in order, cut as the seed likes it; a sender that is ahead of its reader has to wait.
 */
#include "config.h"

#include "sim/impl.h"

#include <errno.h>
#include <stoker/disk.h>

#define WINDOW ((size_t)256 << 10) /* bytes on their way to one end */
#define DELAY_US 200               /* longest way */
#define PATIENCE_US INT64_C (60000000)

typedef struct Chunk
{
  int64_t at_us;
  size_t len, done;
  uint8_t data[];
} Chunk;

typedef struct SimEnd
{
  StkStream base;
  StkSim *sim;
  struct SimEnd *other; /* NULL: closed there */
  SimActor *actor;      /* NULL: a peer outside, or not adopted yet */
  SimMachine *machine;
  GQueue in; /* of Chunk */
  size_t in_bytes;
  int64_t last_at; /* when the newest chunk arrives: later ones do not overtake it */
  int64_t eof_at;  /* when the other's close is seen; INT64_MAX: not closed */
  bool reset, readable, writable, closed;
} SimEnd;

struct StkAccepted
{
  SimEnd *end;
  int64_t at_us;
};

struct StkSimPeer
{
  SimEnd *end;
};

typedef struct SimListener
{
  StkListener base;
  SimActor *actor;
  uint16_t port;
  bool paused;
  GQueue waiting; /* of StkAccepted */
  void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port);
  void *user;
} SimListener;

typedef struct SimNet
{
  StkNet base;
  StkSim *sim;
  GPtrArray *listeners;
  uint16_t next_port;
} SimNet;

static int64_t
arrival (StkSim *s)
{
  return s->now_us + 1 + (int64_t)stk_sim_chance (s, DELAY_US);
}

/* ---- an end */

static ssize_t
end_read (StkStream *base, void *buf, size_t len)
{
  SimEnd *e = (SimEnd *)base;
  size_t got = 0;

  if (e->reset)
    return -ECONNRESET;
  while (got < len) {
    Chunk *c = g_queue_peek_head (&e->in);
    size_t n;
    if (c == NULL || c->at_us > e->sim->now_us)
      break;
    n = MIN (len - got, c->len - c->done);
    memcpy ((uint8_t *)buf + got, c->data + c->done, n);
    got += n;
    c->done += n;
    if (c->done == c->len)
      g_free (g_queue_pop_head (&e->in));
  }
  e->in_bytes -= got;
  if (got > 0)
    return (ssize_t)got;
  return e->in.length == 0 && e->eof_at <= e->sim->now_us ? 0 : -EAGAIN;
}

static ssize_t
put (SimEnd *e, const void *data, size_t len)
{
  SimEnd *to = e->other;
  Chunk *c;
  size_t room;

  if (e->reset || to == NULL)
    return e->reset ? -ECONNRESET : -EPIPE;
  room = WINDOW - MIN (WINDOW, to->in_bytes);
  if (room == 0)
    return -EAGAIN;
  /* Now and then less than there is room for: writers must go on from anywhere. */
  len = MIN (len, room);
  if (len > 1 && stk_sim_chance (e->sim, 8) == 0)
    len = 1 + (size_t)stk_sim_chance (e->sim, len);
  c = g_malloc (sizeof *c + len);
  c->len = len;
  c->done = 0;
  c->at_us = to->last_at = MAX (to->last_at, arrival (e->sim));
  memcpy (c->data, data, len);
  g_queue_push_tail (&to->in, c);
  to->in_bytes += len;
  return (ssize_t)len;
}

static ssize_t
end_write (StkStream *base, const struct iovec *iov, int n, bool more)
{
  ssize_t total = 0;

  for (int i = 0; i < n; i++) {
    ssize_t w = iov[i].iov_len ? put ((SimEnd *)base, iov[i].iov_base, iov[i].iov_len) : 0;
    if (w < 0)
      return total > 0 ? total : w;
    total += w;
    if ((size_t)w < iov[i].iov_len)
      break;
  }
  return total;
}

static ssize_t
end_send_file (StkStream *base, StokerFile *f, uint64_t pos, size_t len, bool more)
{
  uint8_t buf[16384];
  ssize_t n = stoker_file_pread (f, buf, MIN (len, sizeof buf), pos);

  if (n <= 0)
    return n < 0 ? n : -ENODATA;
  return put ((SimEnd *)base, buf, (size_t)n);
}

static void
end_want (StkStream *base, bool readable, bool writable)
{
  ((SimEnd *)base)->readable = readable;
  ((SimEnd *)base)->writable = writable;
}

static void
end_free (SimEnd *e)
{
  g_queue_clear_full (&e->in, g_free);
  g_free (e);
}

static void
end_close (StkStream *base)
{
  SimEnd *e = (SimEnd *)base;

  if (e->other) {
    e->other->eof_at = MAX (e->other->last_at, arrival (e->sim));
    e->other->reset = e->other->reset || e->in.length > 0; /* what it sent was never read */
    e->other->other = NULL;
    e->other = NULL;
  }
  e->closed = true; /* an actor that is looking at its ends frees it */
  if (e->actor)
    g_ptr_array_remove (e->actor->ends, e);
  end_free (e);
}

static const StkStreamOps end_ops = { end_read, end_write, end_send_file, end_want, end_close };

static SimEnd *
end_new (StkSim *s, SimMachine *m)
{
  SimEnd *e = g_new0 (SimEnd, 1);

  e->base.ops = &end_ops;
  e->sim = s;
  e->machine = m;
  e->eof_at = INT64_MAX;
  g_queue_init (&e->in);
  return e;
}

static bool
can_read (const SimEnd *e, int64_t *when)
{
  const Chunk *c = g_queue_peek_head ((GQueue *)&e->in);
  int64_t at = c ? c->at_us : e->eof_at;

  if (e->reset || at <= e->sim->now_us)
    return true;
  if (when)
    *when = MIN (*when, at);
  return false;
}

static bool
can_write (const SimEnd *e)
{
  return e->reset || e->other == NULL || e->other->in_bytes < WINDOW;
}

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
    if ((e->readable && can_read (e, when)) || (e->writable && can_write (e)))
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
    if (present (a->ends, e) && e->readable && can_read (e, NULL))
      e->base.ready (e->base.user, true, false);
    if (present (a->ends, e) && e->writable && can_write (e))
      e->base.ready (e->base.user, false, true);
  }
}

static void
reset_end (SimEnd *e)
{
  if (e->other) {
    e->other->reset = true;
    e->other->other = NULL;
    e->other = NULL;
  }
  e->reset = true;
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
      reset_end (g_ptr_array_index (a->ends, k));
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

/* Two ends; the far one waits at the listener. NULL: nobody listens. */
static SimEnd *
dial (SimNet *n, SimMachine *from, uint16_t port)
{
  SimListener *l = find_listener (n, port);
  SimEnd *near_end, *far_end;
  StkAccepted *c;

  if (l == NULL)
    return NULL;
  near_end = end_new (n->sim, from);
  far_end = end_new (n->sim, (SimMachine *)l->actor->base.world);
  near_end->other = far_end;
  far_end->other = near_end;
  c = g_new (StkAccepted, 1);
  *c = (StkAccepted){ far_end, arrival (n->sim) };
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
  SimEnd *e = dial (d.net, (SimMachine *)d.io->base.world, d.port);

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

/* ---- peers outside */

StkSimPeer *
stk_sim_connect (StkSim *s, uint16_t port)
{
  SimEnd *e = dial ((SimNet *)s->net, NULL, port);
  StkSimPeer *p;

  if (e == NULL)
    return NULL;
  p = g_new (StkSimPeer, 1);
  p->end = e;
  return p;
}

static bool
peer_can_write (void *user)
{
  return can_write (user);
}

/* Time passes for a peer too: what is on its way to it is a deadline that no actor has. */
static bool
wait_readable (SimEnd *e)
{
  int64_t end = e->sim->now_us + PATIENCE_US;

  for (;;) {
    int64_t when = INT64_MAX;
    if (can_read (e, &when))
      return true;
    if (e->sim->now_us >= end)
      return false;
    if (when != INT64_MAX)
      stk_sim_run (e->sim, when - e->sim->now_us);
    else if (!stk_sim_step (e->sim))
      return false;
  }
}

bool
stk_sim_send (StkSimPeer *p, const void *data, size_t len)
{
  while (len > 0) {
    ssize_t n = put (p->end, data, len);
    if (n == -EAGAIN && stk_sim_until (p->end->sim, peer_can_write, p->end, PATIENCE_US))
      continue;
    if (n < 0)
      return false;
    data = (const uint8_t *)data + n;
    len -= (size_t)n;
  }
  return true;
}

bool
stk_sim_receive (StkSimPeer *p, void *to, size_t len)
{
  while (len > 0) {
    ssize_t n = wait_readable (p->end) ? end_read (&p->end->base, to, len) : -ETIMEDOUT;
    if (n <= 0)
      return false;
    to = (uint8_t *)to + n;
    len -= (size_t)n;
  }
  return true;
}

void
stk_sim_close (StkSimPeer *p)
{
  end_close (&p->end->base);
  g_free (p);
}
