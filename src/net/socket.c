/* SPDX-License-Identifier: Apache-2.0
 *
 * The real network: listening sockets on an I/O actor.
 */
#include "config.h"

#include "net/actor.h"
#include "net/socket.h"

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define ACCEPT_BURST 64 /* at most so many per turn, so that connections that exist are served too */
#define OUT_OF_FDS_US 1000000

typedef struct SocketNet
{
  StkNet base;
  StkConnector *connector;
} SocketNet;

struct StkAccepted
{
  int fd;
};

typedef struct SocketListener
{
  StkListener base;
  StkActor *actor;
  int fd;
  uint16_t port;
  bool paused;
  struct event *event;
  StkTimer again; /* after running out of descriptors */
  void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port);
  void *user;
} SocketListener;

static void on_accept (evutil_socket_t fd, short what, void *user);

static void
watch (SocketListener *l)
{
  if (l->paused || l->again.slot != 0) {
    if (l->event)
      event_free (l->event);
    l->event = NULL;
  } else if (l->event == NULL) {
    l->event = event_new (stk_event_actor_base (l->actor), l->fd, EV_READ | EV_PERSIST, on_accept, l);
    event_add (l->event, NULL);
  }
}

static void
on_again (StkTimer *t)
{
  watch ((SocketListener *)((char *)t - offsetof (SocketListener, again)));
}

/* A peer on this machine. Its path has no queue to protect, and where the system's congestion control paces (BBR), every
 * 64 KiB segment to it waits for a high-resolution timer: up to nine times the CPU of a fetch answer on a virtual machine
 * (tests/bench/RESULTS.md). Reno sends what the window allows. */
static void
do_not_pace (int fd, const struct sockaddr_storage *peer)
{
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
  bool local;

  if (peer->ss_family == AF_INET)
    local = ntohl (v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  else
    local = peer->ss_family == AF_INET6
            && (IN6_IS_ADDR_LOOPBACK (&v6->sin6_addr)
                || (IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET));
  if (local)
    (void)setsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen ("reno"));
}

static bool
accept_one (SocketListener *l)
{
  struct sockaddr_storage sa;
  socklen_t len = sizeof sa;
  char host[INET6_ADDRSTRLEN];
  uint16_t port;
  int one = 1, fd = accept4 (l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  StkAccepted *c;

  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      l->accepted (l->user, NULL, g_strerror (errno), 0);
      stk_actor_timer_set (l->actor, &l->again, stk_actor_now_us (l->actor) + OUT_OF_FDS_US);
      watch (l);
      return false;
    }
    /* The connection is gone already: there may be another. */
    return errno == ECONNABORTED || errno == EPROTO || errno == EINTR || errno == EPERM;
  }
  (void)setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  do_not_pace (fd, &sa);
  stk_address_format ((struct sockaddr *)&sa, host, sizeof host, &port);
  c = g_new (StkAccepted, 1);
  c->fd = fd;
  l->accepted (l->user, c, host, port);
  return true;
}

static void
on_accept (evutil_socket_t fd, short what, void *user)
{
  SocketListener *l = user;

  (void)stk_actor_now_us (l->actor); /* the turn began here: see stk_actor_watch_load */
  for (int i = 0; i < ACCEPT_BURST && !l->paused; i++)
    if (!accept_one (l))
      break;
}

/* A bound, listening socket, or a negative errno. */
static int
bind_address (const struct addrinfo *ai, int backlog)
{
  int one = 1, zero = 0, e, fd = socket (ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -errno;
  (void)setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (ai->ai_family == AF_INET6)
    (void)setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (bind (fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen (fd, backlog) == 0)
    return fd;
  e = errno;
  close (fd);
  return -e;
}

/* Every address: the IPv6 wildcard takes IPv4 too, so it is tried first. */
static int
bind_any (const struct addrinfo *list, int backlog)
{
  int fd = -EADDRNOTAVAIL;

  for (int want_v6 = 1; want_v6 >= 0; want_v6--)
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
      if ((ai->ai_family == AF_INET6) == want_v6) {
        fd = bind_address (ai, backlog);
        if (fd >= 0 || fd == -EADDRINUSE || fd == -EACCES)
          return fd;
      }
  return fd;
}

static int
listen_error (StokerError *err, int e, const char *host, uint16_t port)
{
  const char *shown = host && *host ? host : "*";

  if (e == EADDRINUSE)
    return stoker_error_set (
        err, STOKER_ERROR_IN_USE,
        "cannot listen on %s:%u: another program has this port; stop it or set another one in `listeners`", shown,
        port);
  if (e == EADDRNOTAVAIL)
    return stoker_error_set (
        err, STOKER_ERROR_IO,
        "cannot listen on %s:%u: this machine has no such address; correct the host in `listeners`", shown, port);
  return stoker_error_set (err, STOKER_ERROR_IO, "cannot listen on %s:%u: %s", shown, port, g_strerror (e));
}

static StkListener *
socket_listen (StkNet *n, StkActor *a, const char *host, uint16_t port, int backlog,
               void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port), void *user,
               StokerError *err)
{
  struct sockaddr_storage sa;
  socklen_t len = sizeof sa;
  struct addrinfo *list;
  SocketListener *l;
  char text[INET6_ADDRSTRLEN];
  int fd;

  g_assert (a->kind == STK_ACTOR_IO);
  if (stk_address_lookup (host, port, true, false, &list, err) < 0) {
    (void)stoker_error_prefix (err, "cannot listen on port %u", port);
    return NULL;
  }
  fd = bind_any (list, backlog);
  freeaddrinfo (list);
  if (fd < 0) {
    (void)listen_error (err, -fd, host, port);
    return NULL;
  }
  l = g_new0 (SocketListener, 1);
  l->base.net = n;
  l->actor = a;
  l->fd = fd;
  l->paused = true;
  l->accepted = accepted;
  l->user = user;
  l->again.fire = on_again;
  if (getsockname (fd, (struct sockaddr *)&sa, &len) == 0)
    stk_address_format ((struct sockaddr *)&sa, text, sizeof text, &l->port);
  return &l->base;
}

static uint16_t
socket_port (const StkListener *l)
{
  return ((const SocketListener *)l)->port;
}

static void
socket_buffers (StkListener *base, int send, int receive)
{
  int fd = ((SocketListener *)base)->fd;

  /* Accepted sockets inherit them. A refusal costs speed, nothing else. */
  if (send >= 0)
    (void)setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
  if (receive >= 0)
    (void)setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
}

static void
socket_pause (StkListener *base, bool pause)
{
  SocketListener *l = (SocketListener *)base;

  g_assert (stk_actor_is_current (l->actor));
  l->paused = pause;
  watch (l);
}

static void
socket_listener_free (StkListener *base)
{
  SocketListener *l = (SocketListener *)base;

  if (l->again.slot != 0)
    stk_actor_timer_cancel (l->actor, &l->again);
  if (l->event)
    event_free (l->event);
  close (l->fd);
  g_free (l);
}

static StkStream *
socket_adopt (StkNet *n, StkActor *io, StkAccepted *c)
{
  StkStream *s = stk_socket_stream_new (io, c->fd);

  g_free (c);
  return s;
}

static void
socket_drop (StkNet *n, StkAccepted *c)
{
  close (c->fd);
  g_free (c);
}

static void
socket_connect (StkNet *n, StkActor *io, const char *host, uint16_t port,
                void (*connected) (void *user, StkStream *s, int error), void *user)
{
  stk_connector_connect (((SocketNet *)n)->connector, io, host, port, connected, user);
}

static void
socket_net_free (StkNet *n)
{
  stk_connector_free (((SocketNet *)n)->connector);
  g_free (n);
}

static const StkNetOps net_ops = { socket_listen, socket_port, socket_buffers, socket_pause,   socket_listener_free,
                                   socket_adopt,  socket_drop, socket_connect, socket_net_free };

StkNet *
stk_socket_net_new (StkWorld *w)
{
  SocketNet *n = g_new (SocketNet, 1);

  n->base.ops = &net_ops;
  n->base.world = w;
  n->connector = stk_connector_new (w);
  return &n->base;
}
