/* SPDX-License-Identifier: Apache-2.0
 *
 * A StkStream over a TCP socket.
 */
#include "config.h"

#include "net/actor.h"
#include "net/socket.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <glib.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* One call's share of a file: enough to fill any socket buffer, small enough not to starve other connections. */
#define MAX_SENDFILE (2u << 20)
#define COPY 65536u

typedef struct SocketStream
{
  StkStream base;
  StkActor *io;
  int fd;
  bool readable, writable; /* what is wanted */
  struct event in;
  struct event *out; /* only while writing has to wait: an idle connection does without */
} SocketStream;

static ssize_t
socket_read (StkStream *base, void *buf, size_t len)
{
  SocketStream *s = (SocketStream *)base;
  ssize_t n;

  do
    n = recv (s->fd, buf, len, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

static ssize_t
socket_write (StkStream *base, const struct iovec *iov, int n, bool more)
{
  SocketStream *s = (SocketStream *)base;
  struct msghdr m = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
  ssize_t w;

  do
    w = sendmsg (s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  while (w < 0 && errno == EINTR);
  return w < 0 ? -errno : w;
}

/* A file without a descriptor (a disk that injects faults): through memory. */
static ssize_t
copy_file (StkStream *base, StokerFile *f, uint64_t pos, size_t len, bool more)
{
  char buf[COPY];
  ssize_t n = stoker_file_pread (f, buf, MIN (len, sizeof buf), pos);
  struct iovec v = { buf, n > 0 ? (size_t)n : 0 };

  if (n <= 0)
    return n < 0 ? n : -ENODATA;
  return socket_write (base, &v, 1, more || (size_t)n < len);
}

static ssize_t
socket_send_file (StkStream *base, StokerFile *f, uint64_t pos, size_t len, bool more)
{
  SocketStream *s = (SocketStream *)base;
  int from = stoker_file_fd (f);
  off_t at = (off_t)pos;
  ssize_t n;

  if (from < 0)
    return copy_file (base, f, pos, len, more);
  do
    n = sendfile (s->fd, from, &at, MIN (len, MAX_SENDFILE));
  while (n < 0 && errno == EINTR);
  if (n == 0 && len > 0)
    return -ENODATA; /* the file is shorter than was said */
  return n < 0 ? -errno : n;
}

static void
on_readable (evutil_socket_t fd, short what, void *user)
{
  SocketStream *s = user;

  (void)stk_actor_now_us (s->io); /* the turn began here: see stk_actor_watch_load */
  s->base.ready (s->base.user, true, false);
}

static void
on_writable (evutil_socket_t fd, short what, void *user)
{
  SocketStream *s = user;

  (void)stk_actor_now_us (s->io);
  s->base.ready (s->base.user, false, true);
}

static void
socket_want (StkStream *base, bool readable, bool writable)
{
  SocketStream *s = (SocketStream *)base;

  if (readable != s->readable) {
    s->readable = readable;
    if (readable)
      event_add (&s->in, NULL);
    else
      event_del (&s->in);
  }
  if (writable != s->writable) {
    s->writable = writable;
    if (writable) {
      s->out = event_new (stk_event_actor_base (s->io), s->fd, EV_WRITE | EV_PERSIST, on_writable, s);
      event_add (s->out, NULL);
    } else {
      event_free (s->out);
      s->out = NULL;
    }
  }
}

static void
socket_close (StkStream *base)
{
  SocketStream *s = (SocketStream *)base;

  socket_want (base, false, false);
  close (s->fd);
  g_free (s);
}

static void
socket_leave (StkStream *base)
{
  socket_want (base, false, false);
}

static void
socket_join (StkStream *base, StkActor *io)
{
  SocketStream *s = (SocketStream *)base;

  s->io = io;
  event_assign (&s->in, stk_event_actor_base (io), s->fd, EV_READ | EV_PERSIST, on_readable, s);
}

static const StkStreamOps stream_ops
    = { socket_read, socket_write, socket_send_file, socket_want, socket_close, socket_leave, socket_join };

StkStream *
stk_socket_stream_new (StkActor *io, int fd)
{
  SocketStream *s = g_new0 (SocketStream, 1);

  s->base.ops = &stream_ops;
  s->fd = fd;
  socket_join (&s->base, io);
  return &s->base;
}
