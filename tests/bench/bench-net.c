/* SPDX-License-Identifier: Apache-2.0
 *
 * What the connection layer costs by itself: a front with the echo protocol of the unit tests in a process of its own,
 * clients here. Prints the server's CPU time, which other jobs disturb less than a rate.
 *
 *   tests/bench/bench-net [SECONDS [even]]     even: connections on all threads from the start
 */
#include "config.h"

#include "front.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNS 8
#define IDLE 10000

typedef struct Server
{
  pid_t pid;
  int ask, answer;
  Front client; /* only its port, for front_connect */
} Server;

typedef struct Usage
{
  double cpu_s;
  long anon_kb;
  guint64 bytes_in, bytes_out, moved;
} Usage;

typedef struct Load
{
  Server *server;
  const char *mode;
  gint64 until;
  guint64 requests, bytes;
} Load;

static long
anon_kb (void)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL) || !(at = strstr (text, "RssAnon:")))
    return 0;
  return strtol (at + 8, NULL, 10);
}

static void
serve (int ask, int answer, bool even)
{
  StkServerSettings settings = front_settings ();
  struct rusage r;
  char c;
  Front f;

  settings.backlog = 4096;
  if (!even)
    settings.spread = NULL;
  front_open (&f, &settings);
  if (write (answer, &f.port, sizeof f.port) != sizeof f.port)
    _exit (1);
  while (read (ask, &c, 1) == 1) {
    StkConnCounts n = front_counts (&f);
    Usage u = { 0, anon_kb (), n.bytes_in, n.bytes_out, n.moved_in };
    getrusage (RUSAGE_SELF, &r);
    u.cpu_s = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
    if (write (answer, &u, sizeof u) != sizeof u)
      break;
  }
  _exit (0);
}

static Server
start (bool even)
{
  Server s = { 0 };
  int ask[2], answer[2];

  if (pipe (ask) < 0 || pipe (answer) < 0)
    exit (1);
  s.pid = fork ();
  if (s.pid == 0) {
    close (ask[1]);
    close (answer[0]);
    serve (ask[0], answer[1], even);
  }
  close (ask[0]);
  close (answer[1]);
  s.ask = ask[1];
  s.answer = answer[0];
  if (read (s.answer, &s.client.port, sizeof s.client.port) != sizeof s.client.port)
    exit (1);
  return s;
}

static Usage
usage (Server *s)
{
  Usage u;

  if (write (s->ask, "u", 1) != 1 || read (s->answer, &u, sizeof u) != sizeof u)
    exit (1);
  return u;
}

static void
stop (Server *s)
{
  close (s->ask);
  (void)waitpid (s->pid, NULL, 0);
}

/* Reads and throws away, without copying. */
static bool
skip (int fd, size_t len)
{
  while (len > 0) {
    ssize_t n = recv (fd, NULL, MIN (len, 1u << 20), MSG_TRUNC);
    if (n <= 0)
      return false;
    len -= (size_t)n;
  }
  return true;
}

static gpointer
client (gpointer user)
{
  Load *l = user;
  int fd = front_connect (&l->server->client, NULL);
  g_autofree char *body = g_malloc0 (65536);

  while (g_get_monotonic_time () < l->until) {
    if (l->mode[0] == 'd') {
      front_frame (fd, 'd', body, 65536 - 5);
      l->bytes += 65536;
    } else if (l->mode[0] == 'e') {
      front_frame (fd, 'e', body, 64 - 5);
      (void)skip (fd, 64);
      l->bytes += 64;
    } else {
      front_frame (fd, 's', body, 64 - 5);
      (void)skip (fd, 64 + 3000000 + 15);
      l->bytes += 3000000;
    }
    l->requests++;
  }
  if (l->mode[0] == 'd') { /* all of it has arrived */
    front_frame (fd, 'e', body, 1);
    (void)skip (fd, 6);
  }
  close (fd);
  return NULL;
}

static void
measure (const char *mode, const char *what, int seconds, bool even)
{
  Server s = start (even);
  Usage before = usage (&s), after;
  gint64 began = g_get_monotonic_time ();
  GThread *threads[CONNS];
  Load loads[CONNS];
  guint64 requests = 0, bytes = 0;
  double wall, cpu;

  for (int i = 0; i < CONNS; i++) {
    loads[i] = (Load){ &s, mode, began + seconds * G_USEC_PER_SEC, 0, 0 };
    threads[i] = g_thread_new ("client", client, &loads[i]);
  }
  for (int i = 0; i < CONNS; i++) {
    g_thread_join (threads[i]);
    requests += loads[i].requests;
    bytes += loads[i].bytes;
  }
  after = usage (&s);
  wall = (double)(g_get_monotonic_time () - began) / 1e6;
  cpu = after.cpu_s - before.cpu_s;
  printf ("%-34s %8.2f GB/s %9.0f req/s %8.3f server CPU-s/GB %8.2f us/req, %3d moves\n", what, (double)bytes / wall / 1e9,
          (double)requests / wall, cpu / ((double)bytes / 1e9), cpu * 1e6 / (double)requests, (int)after.moved);
  stop (&s);
}

static void
measure_idle (bool even)
{
  Server s = start (even);
  Usage before, after;
  g_autofree int *fd = g_new (int, IDLE);
  char host[24];

  usage (&s);
  before = usage (&s);
  for (int i = 0; i < IDLE; i++) {
    g_snprintf (host, sizeof host, "127.0.%d.1", 1 + i / 5000);
    fd[i] = front_connect (&s.client, host);
    front_frame (fd[i], 'e', "x", 1);
  }
  for (int i = 0; i < IDLE; i++)
    front_expect_frame (fd[i], 'e', "x", 1);
  g_usleep (5 * G_USEC_PER_SEC);
  after = usage (&s);
  printf ("%d idle connections: %.0f bytes each (anonymous memory), %.1f us CPU for accept, request and answer\n", IDLE,
          (double)(after.anon_kb - before.anon_kb) * 1024 / IDLE, (after.cpu_s - before.cpu_s) * 1e6 / IDLE);
  for (int i = 0; i < IDLE; i++)
    close (fd[i]);
  stop (&s);
}

int
main (int argc, char **argv)
{
  int seconds = argc > 1 ? atoi (argv[1]) : 3;
  bool even = argc > 2 && strcmp (argv[2], "even") == 0;

  (void)signal (SIGPIPE, SIG_IGN);
  setvbuf (stdout, NULL, _IOLBF, 0);
  measure ("discard", "receive 64 KiB frames, 8 conns", seconds, even);
  measure ("echo", "echo 64 bytes, 8 conns", seconds, even);
  measure ("file", "send 3 MB of a file, 8 conns", seconds, even);
  measure_idle (even);
  return 0;
}
