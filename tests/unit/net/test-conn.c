/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections over real sockets: what goes in comes out, in order, however it is cut; holds, closes, limits.
 */
#include "config.h"

#include <glib.h>
#include "front.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static guint8 *
noise (size_t len)
{
  guint8 *p = g_malloc (len);

  for (size_t i = 0; i < len; i++)
    p[i] = (guint8)g_test_rand_int ();
  return p;
}

static void
test_echo (void)
{
  static const size_t sizes[] = { 0, 1, 100, 1019, 1020, 4096, 65000, 65531, 65532, 262139, 300000, 1048576, 5000000 };
  g_autofree guint8 *body = noise (5000000);
  StkServerSettings settings = front_settings ();
  Front f;
  int fd;

  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    front_frame (fd, 'e', body, sizes[i]);
    front_expect_frame (fd, 'e', body, sizes[i]);
  }
  close (fd);
  front_close (&f);
}

static void
test_pieces (void)
{
  g_autofree guint8 *body = noise (200000);
  StkServerSettings settings = front_settings ();
  guint8 head[5] = { 0, 0, 0, 0, 'e' };
  guint32 size = GUINT32_TO_LE (200005);
  Front f;
  int fd;

  memcpy (head, &size, 4);
  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  for (int i = 0; i < 5; i++) { /* byte by byte: the rest is put aside and found again */
    front_send (fd, head + i, 1);
    g_usleep (2000);
  }
  for (size_t at = 0; at < 200000; at += 40000) {
    front_send (fd, body + at, 40000);
    g_usleep (1000);
  }
  front_expect_frame (fd, 'e', body, 200000);
  close (fd);
  front_close (&f);
}

typedef struct Sender
{
  int fd;
  const guint8 *body;
} Sender;

enum
{
  MANY = 3000
};

static size_t
many_size (int i)
{
  return (size_t)(i * 7919) % 3000;
}

static gpointer
send_many (gpointer user)
{
  Sender *s = user;
  GByteArray *all = g_byte_array_new ();

  for (int i = 0; i < MANY; i++) {
    guint32 size = GUINT32_TO_LE ((guint32)many_size (i) + 5);
    g_byte_array_append (all, (guint8 *)&size, 4);
    g_byte_array_append (all, (const guint8 *)(i % 3 ? "e" : "g"), 1);
    g_byte_array_append (all, s->body, (guint)many_size (i));
  }
  front_send (s->fd, all->data, all->len);
  g_byte_array_unref (all);
  return NULL;
}

/* All frames at once while the answers are read: input sees many frames in one buffer, and output meets a full socket.
 */
static void
test_pipeline (void)
{
  g_autofree guint8 *body = noise (3000);
  StkServerSettings settings = front_settings ();
  GHashTable *got = g_hash_table_new (NULL, NULL);
  Front f;
  Sender s;
  GThread *t;

  front_open (&f, &settings);
  s = (Sender){ front_connect (&f, NULL), body };
  t = g_thread_new ("send", send_many, &s);
  /* 'g' answers come after the 'e' ones of the same read: count them instead of relying on the order between both. */
  for (int i = 0; i < MANY; i++) {
    guint8 head[5], back[3000];
    guint32 size;
    g_assert_true (front_read (s.fd, head, 5));
    memcpy (&size, head, 4);
    size = GUINT32_FROM_LE (size) - 5;
    g_assert_cmpuint (size, <, 3000);
    g_assert_true (front_read (s.fd, back, size));
    g_assert_true (size == 0 || memcmp (back, body, size) == 0);
    g_hash_table_insert (got, GUINT_TO_POINTER (size),
                         GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (got, GUINT_TO_POINTER (size))) + 1));
  }
  for (int i = 0; i < MANY; i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (got, GUINT_TO_POINTER (many_size (i)))), ==, 1);
  g_thread_join (t);
  g_assert_cmpint (atomic_load (&f.state.ends), <, MANY / 4);
  close (s.fd);
  g_hash_table_unref (got);
  front_close (&f);
}

static void
expect_spliced (int fd, Front *f, const guint8 *body, size_t len)
{
  StokerBuf all = { 0 };
  g_autofree guint8 *tail = g_malloc (3000000 + 11 + 4);

  g_assert_cmpint (stoker_disk_read_all (stk_world_disk (f->world), f->file_path, 8 << 20, &all), ==, 0);
  front_expect_frame (fd, 's', body, len);
  g_assert_true (front_read (fd, tail, 3000015));
  g_assert_true (memcmp (tail, all.data + 7, 3000000) == 0);
  g_assert_true (memcmp (tail + 3000000, all.data, 11) == 0);
  g_assert_true (memcmp (tail + 3000011, "end.", 4) == 0);
  stoker_buf_clear (&all);
}

static void
test_spliced (void)
{
  g_autofree guint8 *body = noise (100000);
  StkServerSettings settings = front_settings ();
  Front f;
  int fd;

  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  for (int i = 0; i < 3; i++)
    front_frame (fd, 's', body, 100000);
  g_usleep (50000); /* the socket is full now */
  for (int i = 0; i < 3; i++)
    expect_spliced (fd, &f, body, 100000);
  front_frame (fd, 'e', "x", 1);
  front_expect_frame (fd, 'e', "x", 1);
  close (fd);
  front_close (&f);
}

static void
test_hold (void)
{
  StkServerSettings settings = front_settings ();
  gint64 began = g_get_monotonic_time ();
  Front f;
  int fd;

  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  for (int i = 0; i < 5; i++)
    front_frame (fd, 'h', &i, sizeof i);
  for (int i = 0; i < 200; i++)
    front_frame (fd, 't', &i, sizeof i);
  for (int i = 0; i < 5; i++)
    front_expect_frame (fd, 'h', &i, sizeof i);
  for (int i = 0; i < 200; i++)
    front_expect_frame (fd, 't', &i, sizeof i);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 4 * 20000);
  close (fd);
  front_close (&f);
}

static bool
all_closed (const StkConnCounts *c, int64_t wanted)
{
  return c->open == 0 && c->closed == (guint64)wanted;
}

static void
test_closes (void)
{
  g_autofree guint8 *body = noise (3000000);
  StkServerSettings settings = front_settings ();
  Front f;
  int fd;

  front_open (&f, &settings);
  fd = front_connect (&f, NULL);
  front_frame (fd, 'c', body, 3000000); /* the answer is written whole before it closes */
  front_expect_frame (fd, 'c', body, 3000000);
  front_expect_end (fd);
  close (fd);

  fd = front_connect (&f, NULL);
  front_frame (fd, 'x', NULL, 0);
  front_expect_end (fd);
  close (fd);

  fd = front_connect (&f, NULL);
  front_frame (fd, 'e', "a", 1);
  front_frame (fd, '?', NULL, 0); /* refused; what came before it is answered */
  front_expect_frame (fd, 'e', "a", 1);
  front_expect_end (fd);
  close (fd);

  fd = front_connect (&f, NULL);
  front_frame (fd, 'n', "2000000", 7);
  shutdown (fd, SHUT_WR); /* a half-closed peer still gets its answer */
  g_assert_true (front_read (fd, body, 2000000));
  front_expect_end (fd);
  close (fd);

  fd = front_connect (&f, NULL);
  front_send (fd, "\x10\0\0", 3); /* and one that closes within a frame is just closed */
  shutdown (fd, SHUT_WR);
  front_expect_end (fd);
  close (fd);

  fd = front_connect (&f, NULL); /* a reset while answers are queued */
  front_frame (fd, 'n', "7000000", 7);
  g_usleep (20000);
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof (struct linger));
  close (fd);
  front_wait (&f, all_closed, 6);

  atomic_store (&f.state.refuse, true);
  fd = front_connect (&f, NULL);
  front_expect_end (fd);
  close (fd);
  front_wait (&f, all_closed, 7);
  front_close (&f);
}

/* What is owed is answered: to a peer that has closed its side, and to all when the broker stops. */
static void
test_owed (void)
{
  StkServerSettings settings = front_settings ();
  Front f;
  int half, whole, quiet;
  int inputs;

  front_open (&f, &settings);
  half = front_connect (&f, NULL);
  front_frame (half, 'w', "late", 4);
  shutdown (half, SHUT_WR);
  front_expect_frame (half, 'w', "late", 4);
  front_expect_end (half);
  close (half);
  whole = front_connect (&f, NULL);
  quiet = front_connect (&f, NULL);
  front_frame (whole, 'e', "a", 1);
  front_expect_frame (whole, 'e', "a", 1);
  inputs = atomic_load (&f.state.inputs);
  front_frame (whole, 'w', "late", 4);
  for (int i = 0; i < 6000 && atomic_load (&f.state.inputs) == inputs; i++)
    g_usleep (10000);
  front_close (&f);
  front_expect_frame (whole, 'w', "late", 4);
  front_expect_end (whole);
  front_expect_end (quiet);
  close (whole);
  close (quiet);
}

/* A peer that sends requests and never reads: what is queued for it stays bounded, and others are served. */
static void
test_deaf_peer (void)
{
  StkServerSettings settings = front_settings ();
  guint inputs;
  Front f;
  int deaf, other;

  front_open (&f, &settings);
  deaf = front_connect (&f, NULL);
  setsockopt (deaf, SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof (int));
  for (int i = 0; i < 100; i++)
    front_frame (deaf, 'n', "300000", 6); /* 30 MB of answers */
  g_usleep (100000);
  inputs = (guint)atomic_load (&f.state.inputs);
  g_assert_cmpuint (inputs, <, 60); /* only as many as fit the socket and one bound */
  for (int i = 0; i < 4; i++) {
    other = front_connect (&f, NULL);
    front_frame (other, 'e', "b", 1);
    front_expect_frame (other, 'e', "b", 1);
    close (other);
  }
  for (int i = 0; i < 100; i++) { /* it wakes up: everything is there */
    static char x[300000];
    g_assert_true (front_read (deaf, x, sizeof x));
    g_assert_cmpint (x[0] + x[299999], ==, 'x' + 'x');
  }
  g_assert_cmpint (atomic_load (&f.state.drained), >, 0);
  close (deaf);
  front_close (&f);
}

static bool
count_open (const StkConnCounts *c, int64_t wanted)
{
  return c->open == (guint64)wanted;
}

static bool
none_reading (const StkConnCounts *c, int64_t wanted)
{
  return c->reading == 0;
}

static void
test_limits (void)
{
  StkServerSettings settings = front_settings ();
  Front f;
  int a, b, c, d;

  settings.max_connections = 3;
  settings.max_per_host = 2;
  front_open (&f, &settings);
  a = front_connect (&f, "127.0.0.1");
  b = front_connect (&f, "127.0.0.1");
  front_wait (&f, count_open, 2);
  c = front_connect (&f, "127.0.0.1"); /* one too many of this host */
  front_expect_end (c);
  close (c);
  c = front_connect (&f, "127.0.0.2");
  front_wait (&f, count_open, 3);
  d = front_connect (&f, "127.0.0.3"); /* waits in the kernel */
  front_frame (d, 'e', "d", 1);
  g_usleep (50000);
  g_assert_cmpuint (front_counts (&f).open, ==, 3);
  close (a);
  front_expect_frame (d, 'e', "d", 1);
  close (b);
  close (c);
  close (d);
  front_wait (&f, count_open, 0);
  front_close (&f);
}

static bool
count_opened (const StkConnCounts *c, gint64 wanted)
{
  return c->opened == (guint64)wanted;
}

/* Out of descriptors: who is there is served, who comes waits until there is one again. */
static void
test_descriptors (void)
{
  StkServerSettings settings = front_settings ();
  struct rlimit old, low;
  int a, b, probe;
  Front f;

  front_open (&f, &settings);
  a = front_connect (&f, NULL);
  front_wait (&f, count_opened, 1);
  b = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  probe = dup (b);
  close (probe);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  low = old;
  low.rlim_cur = (rlim_t)probe; /* the next descriptor is one too many */
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  front_connect_fd (&f, b);
  front_frame (b, 'e', "b", 1);
  g_usleep (50000);
  front_frame (a, 'e', "a", 1);
  front_expect_frame (a, 'e', "a", 1);
  g_assert_cmpuint (front_counts (&f).opened, ==, 1);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  front_expect_frame (b, 'e', "b", 1);
  close (a);
  close (b);
  front_close (&f);
}

static bool
some_idle_closed (const StkConnCounts *c, int64_t wanted)
{
  return c->idle_closed >= (guint64)wanted;
}

static void
test_idle (void)
{
  StkServerSettings settings = front_settings ();
  Front f;
  int quiet, busy;

  settings.conn.max_idle_us = 1200000;
  front_open (&f, &settings);
  quiet = front_connect (&f, NULL);
  (void)front_connect (&f, NULL); /* the next one lands on the same actor as the first */
  busy = front_connect (&f, NULL);
  for (int i = 0; i < 100 && !some_idle_closed (&(StkConnCounts){ .idle_closed = front_counts (&f).idle_closed }, 2);
       i++) {
    front_frame (busy, 'e', "b", 1);
    front_expect_frame (busy, 'e', "b", 1);
    g_usleep (50000);
  }
  front_expect_end (quiet);
  front_frame (busy, 'e', "b", 1);
  front_expect_frame (busy, 'e', "b", 1);
  close (quiet);
  close (busy);
  front_close (&f);
}

/* Connections at rest have no buffer, not even those that have sent half a frame. */
static void
test_buffers (void)
{
  enum
  {
    N = 100
  };
  StkServerSettings settings = front_settings ();
  g_autofree guint8 *body = noise (20000);
  int fd[N];
  Front f;

  front_open (&f, &settings);
  for (int i = 0; i < N; i++) {
    fd[i] = front_connect (&f, NULL);
    front_frame (fd[i], 'e', body, 100);
    front_expect_frame (fd[i], 'e', body, 100);
  }
  front_wait (&f, none_reading, 0);
  for (int i = 0; i < N; i++) { /* half a frame is still all there later */
    guint32 size = GUINT32_TO_LE (20005);
    front_send (fd[i], &size, 4);
    front_send (fd[i], "e", 1);
    front_send (fd[i], body, 10000);
  }
  g_usleep (2500000); /* beyond the tick that puts them aside */
  for (int i = 0; i < N; i++) {
    front_send (fd[i], body + 10000, 10000);
    front_expect_frame (fd[i], 'e', body, 20000);
    close (fd[i]);
  }
  front_close (&f);
}

static void
test_stop_under_load (void)
{
  StkServerSettings settings = front_settings ();
  int fd[20];
  Front f;

  front_open (&f, &settings);
  for (int i = 0; i < 20; i++) {
    fd[i] = front_connect (&f, NULL);
    front_frame (fd[i], i % 2 ? 'n' : 'h', "7000000", 7); /* nobody reads */
  }
  front_wait (&f, count_open, 20);
  front_close (&f);
  for (int i = 0; i < 20; i++)
    close (fd[i]);
}

static void
test_port_in_use (void)
{
  StkServerSettings settings = front_settings ();
  StkServerListener l = { "X", "127.0.0.1", 0, NULL };
  StokerError err = { 0 };
  Front f;

  front_open (&f, &settings);
  l.port = f.port;
  l.protocol = &f.echo;
  g_assert_cmpint (stk_server_bind (f.server, &l, &err), <, 0);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_IN_USE);
  g_assert_nonnull (strstr (err.text, "another program has this port"));
  l.port = 0;
  l.host = "192.0.2.1";
  g_assert_cmpint (stk_server_bind (f.server, &l, &err), <, 0);
  g_assert_nonnull (strstr (err.text, "no such address"));
  l.host = "no.such.host.invalid";
  g_assert_cmpint (stk_server_bind (f.server, &l, &err), <, 0);
  l.host = "";
  g_assert_cmpint (stk_server_bind (f.server, &l, &err), ==, 0);
  front_close (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conn/echo", test_echo);
  g_test_add_func ("/conn/pieces", test_pieces);
  g_test_add_func ("/conn/pipeline", test_pipeline);
  g_test_add_func ("/conn/spliced", test_spliced);
  g_test_add_func ("/conn/hold", test_hold);
  g_test_add_func ("/conn/closes", test_closes);
  g_test_add_func ("/conn/owed", test_owed);
  g_test_add_func ("/conn/deaf-peer", test_deaf_peer);
  g_test_add_func ("/conn/limits", test_limits);
  g_test_add_func ("/conn/descriptors", test_descriptors);
  g_test_add_func ("/conn/idle", test_idle);
  g_test_add_func ("/conn/buffers", test_buffers);
  g_test_add_func ("/conn/stop-under-load", test_stop_under_load);
  g_test_add_func ("/conn/port-in-use", test_port_in_use);
  return g_test_run ();
}
