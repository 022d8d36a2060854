/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that change their I/O thread, over real sockets: nothing is lost, doubled or out of order, whatever a
 * connection is at when it is to move; and load makes them move, calm brings them back.
 */
#include "config.h"

#include <glib.h>
#include "front.h"

#include <sys/socket.h>
#include <unistd.h>

/* Everything that worked in a millisecond moves. */
static const StkSpreadSettings restless = { 1000, 1000000, 5000, 500, 650, 3, 250, 300, 1, true };
/* As usual, but sooner calm. */
static const StkSpreadSettings quick = { 20000, 200000, 100000, 500, 650, 3, 250, 300, 250, false };

enum
{
  CLIENTS = 6,
  ROUNDS = 300
};

typedef struct Client
{
  Front *f;
  int n;
  atomic_int *calm, *end; /* for `work` */
  int fd;                 /* for `send_on` */
} Client;

/* Frames of all sizes and kinds in twos and threes, answers compared; half frames wait in between. */
static gpointer
talk (gpointer user)
{
  Client *c = user;
  g_autofree guint8 *body = g_malloc (400000);
  static const char letters[] = "ehteesew";
  int fd = front_connect (c->f, NULL);

  for (int i = 0; i < 400000; i++)
    body[i] = (guint8)(i * 7 + c->n + i / 251);
  for (int i = 0; i < ROUNDS; i++) {
    char letter = letters[(c->n + i) % 8];
    size_t len = (size_t)(i * 7919 + c->n * 104729) % (i % 20 == 0 ? 400000 : 2000);
    guint32 size = GUINT32_TO_LE ((guint32)len + 5);
    if (letter == 's' || (letter == 'w' && i % 16 != 0))
      letter = 'e'; /* 3 MB each; 100 ms each */
    front_send (fd, &size, 2);
    if (i % 7 == 0)
      g_usleep (1500); /* the beginning of a frame moves too */
    front_send (fd, (char *)&size + 2, 2);
    front_send (fd, &letter, 1);
    front_send (fd, body, len);
    front_frame (fd, 'e', body + 1, 10);
    front_expect_frame (fd, letter, body, len);
    front_expect_frame (fd, 'e', body + 1, 10);
  }
  close (fd);
  return NULL;
}

static bool
all_gone (const StkConnCounts *c, int64_t wanted)
{
  return c->open == 0;
}

static void
test_restless (void)
{
  StkServerSettings settings = front_settings ();
  GThread *threads[CLIENTS];
  Client clients[CLIENTS];
  StkConnCounts counts;
  Front f;

  settings.spread = &restless;
  front_open (&f, &settings);
  for (int i = 0; i < CLIENTS; i++) {
    clients[i] = (Client){ &f, i, NULL, NULL, -1 };
    threads[i] = g_thread_new ("client", talk, &clients[i]);
  }
  for (int i = 0; i < CLIENTS; i++)
    g_thread_join (threads[i]);
  front_wait (&f, all_gone, 0);
  counts = front_counts (&f);
  g_test_message ("%" G_GUINT64_FORMAT " moves", counts.moved_in);
  g_assert_cmpuint (counts.moved_in, >, 50);
  g_assert_cmpuint (counts.opened, ==, CLIENTS);
  g_assert_cmpuint (counts.closed, ==, CLIENTS);
  front_close (&f);
}

static gpointer
send_on (gpointer user)
{
  int fd = ((Client *)user)->fd;
  char byte[64];

  for (;;) {
    guint8 frame[25] = { 25, 0, 0, 0, 'e' };
    if (send (fd, frame, sizeof frame, MSG_NOSIGNAL) <= 0 || recv (fd, byte, sizeof byte, 0) <= 0)
      break;
  }
  close (fd);
  return NULL;
}

/* A stop meets connections that are on their way. */
static void
test_stop (void)
{
  StkServerSettings settings = front_settings ();

  settings.spread = &restless;
  for (int round = 0; round < 20; round++) {
    GThread *threads[CLIENTS];
    Client clients[CLIENTS];
    Front f;
    front_open (&f, &settings);
    for (int i = 0; i < CLIENTS; i++) {
      clients[i] = (Client){ &f, i, NULL, NULL, front_connect (&f, NULL) };
      threads[i] = g_thread_new ("client", send_on, &clients[i]);
    }
    g_usleep (20000 + (gulong)round * 300);
    front_close (&f);
    for (int i = 0; i < CLIENTS; i++)
      g_thread_join (threads[i]);
  }
}

/* A peer that does not read is in nobody's way: its connection stays, and goes on being served. */
static void
test_deaf (void)
{
  StkServerSettings settings = front_settings ();
  g_autofree guint8 *answer = g_malloc (300000);
  Front f;
  int fd;

  settings.spread = &restless;
  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof (int));
  for (int i = 0; i < 30; i++)
    front_frame (fd, 'n', "300000", 6);
  g_usleep (50000);
  for (int i = 0; i < 30; i++) {
    g_assert_true (front_read (fd, answer, 300000));
    g_assert_cmpint (answer[0] + answer[299999], ==, 'x' + 'x');
  }
  front_frame (fd, 'e', "x", 1);
  front_expect_frame (fd, 'e', "x", 1);
  close (fd);
  front_close (&f);
}

/* A protocol that says no keeps its connections where they are, and is asked for nothing else. */
static void
test_not_movable (void)
{
  StkServerSettings settings = front_settings ();
  Front f;
  int fd;

  settings.spread = &restless;
  front_open (&f, &settings);
  atomic_store (&f.state.stay, true);
  fd = front_connect (&f, NULL);
  for (int i = 0; i < 200; i++) {
    front_frame (fd, 'e', &i, sizeof i);
    front_expect_frame (fd, 'e', &i, sizeof i);
    g_usleep (200);
  }
  g_assert_cmpuint (front_counts (&f).moved_in, ==, 0);
  close (fd);
  front_close (&f);
}

/* ---- load and calm */

typedef struct Places
{
  atomic_int frames[FRONT_IO];
} Places;

static void
on_frame (void *user, const StokerContext *ctx, uint8_t letter, size_t len)
{
  atomic_fetch_add (&((Places *)user)->frames[ctx->io], 1);
}

static gpointer
work (gpointer user)
{
  Client *c = user;
  int fd = front_connect (c->f, NULL);

  while (!atomic_load (c->calm)) {
    front_frame (fd, 'b', "x", 1);
    front_expect_frame (fd, 'b', "x", 1);
  }
  for (int i = 0; i < 10000 && !atomic_load (c->end); i++) { /* now and then, until told to end */
    front_frame (fd, 'e', "x", 1);
    front_expect_frame (fd, 'e', "x", 1);
    g_usleep (2000);
  }
  close (fd);
  return NULL;
}

static void
reset (Places *p)
{
  for (int i = 0; i < FRONT_IO; i++)
    atomic_store (&p->frames[i], 0);
}

/* Four connections on one thread that have more than enough work for it get both threads (in a second, where nothing
 * else runs); when there is little to do all are on the first again. */
static void
test_load (void)
{
  StkServerSettings settings = front_settings ();
  gint64 began = g_get_monotonic_time ();
  GThread *threads[4];
  atomic_int calm = 0, end = 0;
  Client clients[4];
  Places places = { 0 };
  bool both = false, one = false;
  Front f;

  settings.spread = &quick;
  front_open (&f, &settings);
  f.state.frame = on_frame;
  f.state.user = &places;
  for (int i = 0; i < 4; i++) {
    clients[i] = (Client){ &f, i, &calm, &end, -1 };
    threads[i] = g_thread_new ("client", work, &clients[i]);
  }
  for (int i = 0; i < 200 && !both; i++) {
    g_usleep (100000);
    both = atomic_load (&places.frames[1]) > 20;
  }
  g_test_message ("spread after %d ms", (int)((g_get_monotonic_time () - began) / 1000));
  atomic_store (&calm, 1);
  g_assert_true (both);
  g_assert_cmpint (atomic_load (&places.frames[0]), >, 20);
  for (int i = 0; i < 200 && !one; i++) {
    reset (&places);
    g_usleep (100000);
    one = atomic_load (&places.frames[1]) == 0 && atomic_load (&places.frames[0]) > 4;
  }
  g_assert_true (one);
  atomic_store (&end, 1);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  front_close (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/move/restless", test_restless);
  g_test_add_func ("/move/stop", test_stop);
  g_test_add_func ("/move/deaf", test_deaf);
  g_test_add_func ("/move/not-movable", test_not_movable);
  g_test_add_func ("/move/load", test_load);
  return g_test_run ();
}
