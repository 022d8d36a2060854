/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib.h>
#include "front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Wait
{
  pthread_mutex_t lock;
  pthread_cond_t cond;
  bool over;
  void (*fn) (void *user);
  void *user;
} Wait;

static void
wait_over (void *user)
{
  Wait *w = user;

  if (w->fn)
    w->fn (w->user);
  pthread_mutex_lock (&w->lock);
  w->over = true;
  pthread_cond_signal (&w->cond);
  pthread_mutex_unlock (&w->lock);
}

static void
wait_for (Wait *w)
{
  pthread_mutex_lock (&w->lock);
  while (!w->over)
    pthread_cond_wait (&w->cond, &w->lock);
  pthread_mutex_unlock (&w->lock);
}

void
front_on (StkActor *a, void (*fn) (void *user), void *user)
{
  Wait w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, fn, user };

  stk_actor_call (a, wait_over, &w);
  wait_for (&w);
}

StkServerSettings
front_settings (void)
{
  /* Evenly, so that tests meet several threads. */
  static const StkSpreadSettings even = { 20000, 1000000, 100000, 500, 650, 3, 250, 300, 1, false };

  return (StkServerSettings){ 50, G_MAXINT, G_MAXINT, -1, -1, { 0, ECHO_MAX, 1 << 20 }, &even };
}

static void
make_file (Front *f)
{
  int fd = g_file_open_tmp ("stoker-net-XXXXXX", &f->file_path, NULL);
  g_autofree guint32 *data = g_new (guint32, 1 << 20);

  g_assert_cmpint (fd, >=, 0);
  for (guint32 i = 0; i < 1 << 20; i++)
    data[i] = i * 2654435761u;
  g_assert_cmpint (write (fd, data, 4 << 20), ==, 4 << 20);
  close (fd);
  g_assert_cmpint (stoker_file_open (stk_world_disk (f->world), f->file_path, STOKER_OPEN_READ, &f->state.file), ==, 0);
}

void
front_open (Front *f, const StkServerSettings *settings)
{
  StkServerListener l = { "PLAINTEXT", "127.0.0.1", 0, &f->echo };
  StokerError err = { 0 };

  *f = (Front){ .world = stk_real_world_new () };
  f->echo = (StokerInstance){ "echo", &stoker_module_protocol_echo, NULL, &f->state, NULL };
  f->broker.world = f->world;
  f->broker.control = stk_actor_new (f->world, STK_ACTOR_CONTROL, "control");
  f->broker.io_actors = f->io;
  f->broker.n_io = FRONT_IO;
  g_assert_cmpint (stk_actor_start (f->broker.control, &err), ==, 0);
  for (int i = 0; i < FRONT_IO; i++) {
    f->io[i] = stk_actor_new (f->world, STK_ACTOR_IO, "io");
    g_assert_cmpint (stk_actor_start (f->io[i], &err), ==, 0);
  }
  make_file (f);
  f->server = stk_server_new (&f->broker, settings);
  if (stk_server_bind (f->server, &l, &err) < 0)
    g_error ("%s", err.text);
  f->port = stk_server_port (f->server, 0);
  stk_server_open (f->server);
}

void
front_close (Front *f)
{
  Wait w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL, NULL };

  stk_server_close (f->server, 400000, wait_over, &w);
  wait_for (&w);
  for (int i = 0; i < FRONT_IO; i++) {
    stk_actor_quit (f->io[i]);
    stk_actor_free (f->io[i]);
  }
  stk_actor_quit (f->broker.control);
  stk_actor_free (f->broker.control);
  stk_server_free (f->server);
  g_assert_cmpint (atomic_load (&f->state.open), ==, atomic_load (&f->state.closed));
  stoker_file_unref (f->state.file);
  unlink (f->file_path);
  g_free (f->file_path);
  stk_world_free (f->world);
}

typedef struct Counting
{
  Front *f;
  int io;
  StkConnCounts sum;
} Counting;

static void
add_counts (void *user)
{
  Counting *c = user;
  const StkConnCounts *n = stk_conns_counts (stk_server_conns (c->f->server, c->io));

  c->sum.opened += n->opened;
  c->sum.closed += n->closed;
  c->sum.bytes_in += n->bytes_in;
  c->sum.bytes_out += n->bytes_out;
  c->sum.idle_closed += n->idle_closed;
  c->sum.moved_in += n->moved_in;
  c->sum.open += n->open;
  c->sum.reading += n->reading;
}

StkConnCounts
front_counts (Front *f)
{
  Counting c = { .f = f };

  for (c.io = 0; c.io < FRONT_IO; c.io++)
    front_on (f->io[c.io], add_counts, &c);
  return c.sum;
}

void
front_wait (Front *f, bool (*ok) (const StkConnCounts *c, int64_t wanted), int64_t wanted)
{
  for (int i = 0; i < 6000; i++) {
    StkConnCounts c = front_counts (f);
    if (ok (&c, wanted))
      return;
    g_usleep (10000);
  }
  g_error ("the front did not get there within 60 s");
}

void
front_connect_fd (Front *f, int fd)
{
  struct sockaddr_in to = { .sin_family = AF_INET };
  struct timeval limit = { 10, 0 };

  to.sin_port = htons (f->port);
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&to, sizeof to), ==, 0);
}

int
front_connect (Front *f, const char *from_host)
{
  struct sockaddr_in from = { .sin_family = AF_INET };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (from_host) {
    g_assert_cmpint (inet_pton (AF_INET, from_host, &from.sin_addr), ==, 1);
    g_assert_cmpint (bind (fd, (struct sockaddr *)&from, sizeof from), ==, 0);
  }
  front_connect_fd (f, fd);
  return fd;
}

void
front_send (int fd, const void *data, size_t len)
{
  while (len > 0) {
    ssize_t n = send (fd, data, len, MSG_NOSIGNAL);
    g_assert_cmpint (n, >, 0);
    data = (const char *)data + n;
    len -= (size_t)n;
  }
}

void
front_frame (int fd, char letter, const void *body, size_t len)
{
  g_autofree guint8 *frame = g_malloc (len + 5);
  guint32 size = GUINT32_TO_LE ((guint32)len + 5);

  memcpy (frame, &size, 4);
  frame[4] = (guint8)letter;
  if (len)
    memcpy (frame + 5, body, len);
  front_send (fd, frame, len + 5);
}

bool
front_read (int fd, void *to, size_t len)
{
  while (len > 0) {
    ssize_t n = recv (fd, to, len, 0);
    if (n <= 0)
      return false;
    to = (char *)to + n;
    len -= (size_t)n;
  }
  return true;
}

void
front_expect_frame (int fd, char letter, const void *body, size_t len)
{
  g_autofree guint8 *got = g_malloc (len + 5);
  guint32 size;

  g_assert_true (front_read (fd, got, len + 5));
  memcpy (&size, got, 4);
  g_assert_cmpuint (GUINT32_FROM_LE (size), ==, len + 5);
  g_assert_cmpint (got[4], ==, letter);
  g_assert_true (len == 0 || memcmp (got + 5, body, len) == 0);
}

void
front_expect_end (int fd)
{
  char byte;
  ssize_t n = recv (fd, &byte, 1, 0);

  g_assert_true (n == 0 || (n < 0 && errno == ECONNRESET));
}
