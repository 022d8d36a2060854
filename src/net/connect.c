/* SPDX-License-Identifier: Apache-2.0
 *
 * Outgoing connections. A number is connected to at once; a name is looked up on a thread that exists only then,
 * because libc can only do that blocking.
 */
#include "config.h"

#include "net/actor.h"
#include "net/socket.h"

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 30

struct StkConnector
{
  StkPool *lookups;
};

typedef struct Attempt
{
  StkTask task; /* to the pool, and back to the actor */
  StkActor *io;
  char *host;
  uint16_t port;
  struct addrinfo *list, *at; /* what was found; what is tried now */
  int fd, error;
  struct event *event;
  void (*connected) (void *user, StkStream *s, int error);
  void *user;
} Attempt;

static void
finish (Attempt *a, StkStream *s, int error)
{
  if (a->event)
    event_free (a->event);
  if (a->list)
    freeaddrinfo (a->list);
  a->connected (a->user, s, error);
  g_free (a->host);
  g_free (a);
}

static void try_next (Attempt *a);

static void
on_connected (evutil_socket_t fd, short what, void *user)
{
  Attempt *a = user;
  socklen_t len = sizeof a->error;

  if (what & EV_TIMEOUT)
    a->error = ETIMEDOUT;
  else if (getsockopt (a->fd, SOL_SOCKET, SO_ERROR, &a->error, &len) < 0)
    a->error = errno;
  event_free (a->event);
  a->event = NULL;
  if (a->error == 0) {
    finish (a, stk_socket_stream_new (a->io, a->fd), 0);
    return;
  }
  close (a->fd);
  a->at = a->at->ai_next;
  try_next (a);
}

static void
try_next (Attempt *a)
{
  struct timeval limit = { CONNECT_TIMEOUT_S, 0 };
  int one = 1;

  for (; a->at; a->at = a->at->ai_next) {
    a->fd = socket (a->at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0) {
      a->error = errno;
      continue;
    }
    (void)setsockopt (a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect (a->fd, a->at->ai_addr, a->at->ai_addrlen) == 0 || errno == EINPROGRESS) {
      a->event = event_new (stk_event_actor_base (a->io), a->fd, EV_WRITE, on_connected, a);
      event_add (a->event, &limit);
      return;
    }
    a->error = errno;
    close (a->fd);
  }
  finish (a, NULL, a->error ? a->error : EHOSTUNREACH);
}

static void
run_try (StkTask *t)
{
  try_next ((Attempt *)t);
}

static void
run_lookup (StkTask *t)
{
  Attempt *a = (Attempt *)t;

  (void)stk_address_lookup (a->host, a->port, false, false, &a->list, NULL);
  a->at = a->list;
  t->run = run_try;
  stk_actor_post (a->io, t);
}

void
stk_connector_connect (StkConnector *c, StkActor *io, const char *host, uint16_t port,
                       void (*connected) (void *user, StkStream *s, int error), void *user)
{
  Attempt *a = g_new0 (Attempt, 1);

  g_assert (stk_actor_is_current (io));
  a->io = io;
  a->host = g_strdup (host);
  a->port = port;
  a->connected = connected;
  a->user = user;
  if (stk_address_lookup (host, port, false, true, &a->list, NULL) == 0) {
    a->at = a->list;
    a->task.run = run_try;
    stk_actor_post (io, &a->task); /* the answer never comes inside the call */
  } else {
    a->task.run = run_lookup;
    stk_pool_post (c->lookups, &a->task);
  }
}

StkConnector *
stk_connector_new (StkWorld *w)
{
  StkConnector *c = g_new (StkConnector, 1);

  c->lookups = stk_thread_pool_new (w, "stk-lookup", 2);
  return c;
}

void
stk_connector_free (StkConnector *c)
{
  stk_pool_free (c->lookups);
  g_free (c);
}
