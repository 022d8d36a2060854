/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor of `stoker bench latency`: the same threads and sockets, and nothing done. An application thread hands a record to a
 * client thread (eventfd, as librdkafka wakes its broker threads), which sends it; a server of one thread and one poll
 * passes it on to a second connection; another client thread receives it and hands it to another application thread
 * (condition variable). What is left is what waking and switching cost on this machine.
 *
 *   hops RECORDS RATE      prints a JSON object
 */
#include "tests/bench/timing.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  RECORD = 170, /* a batch of one record of 100 bytes */
};

typedef struct Hops
{
  int to, from, wake; /* connections, and what wakes the sender */
  int64_t records, got;
  int64_t *ns;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  int64_t out[64], in[64]; /* times of records on their way: to the sender, to the reader */
  unsigned out_first, out_n, in_first, in_n;
} Hops;

static void
take (int fd, char *to)
{
  for (size_t n = 0; n < RECORD;) {
    ssize_t r = recv (fd, to + n, RECORD - n, 0);
    if (r <= 0)
      exit (0);
    n += (size_t)r;
  }
}

static void
serve (int producer, int consumer)
{
  char record[RECORD];

  for (;;) {
    struct pollfd p = { producer, POLLIN, 0 };
    if (poll (&p, 1, -1) < 0)
      exit (1);
    take (producer, record);
    if (send (consumer, record, RECORD, MSG_NOSIGNAL) != RECORD)
      exit (0);
  }
}

static void *
sender (void *arg)
{
  Hops *h = arg;
  char record[RECORD] = { 0 };

  for (int64_t sent = 0; sent < h->records;) {
    struct pollfd p[2] = { { h->wake, POLLIN, 0 }, { h->to, POLLIN, 0 } };
    uint64_t n;
    if (poll (p, 2, -1) < 0 || read (h->wake, &n, sizeof n) != sizeof n)
      die ("sender");
    pthread_mutex_lock (&h->lock);
    while (h->out_n > 0) {
      memcpy (record, &h->out[h->out_first++ % 64], sizeof (int64_t));
      h->out_n--;
      pthread_mutex_unlock (&h->lock);
      if (send (h->to, record, RECORD, MSG_NOSIGNAL) != RECORD)
        die ("send");
      sent++;
      pthread_mutex_lock (&h->lock);
    }
    pthread_mutex_unlock (&h->lock);
  }
  return NULL;
}

static void *
receiver (void *arg)
{
  Hops *h = arg;
  char record[RECORD];

  for (int64_t i = 0; i < h->records; i++) {
    struct pollfd p = { h->from, POLLIN, 0 };
    (void)poll (&p, 1, -1);
    take (h->from, record);
    pthread_mutex_lock (&h->lock);
    memcpy (&h->in[(h->in_first + h->in_n++) % 64], record, sizeof (int64_t));
    pthread_cond_signal (&h->cond);
    pthread_mutex_unlock (&h->lock);
  }
  return NULL;
}

static void *
reader (void *arg)
{
  Hops *h = arg;

  pthread_mutex_lock (&h->lock);
  while (h->got < h->records) {
    while (h->in_n == 0)
      pthread_cond_wait (&h->cond, &h->lock);
    h->ns[h->got++] = now_ns () - h->in[h->in_first++ % 64];
    h->in_n--;
  }
  pthread_mutex_unlock (&h->lock);
  return NULL;
}

/* Two connections to a server in a process of its own. */
static pid_t
connect_both (Hops *h)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof a;
  int l = socket (AF_INET, SOCK_STREAM, 0), served[2];
  int *mine[2] = { &h->to, &h->from };
  pid_t pid;

  if (bind (l, (struct sockaddr *)&a, sizeof a) < 0 || listen (l, 2) < 0 || getsockname (l, (struct sockaddr *)&a, &len) < 0)
    die ("listen");
  for (int i = 0; i < 2; i++) {
    *mine[i] = socket (AF_INET, SOCK_STREAM, 0);
    if (connect (*mine[i], (struct sockaddr *)&a, sizeof a) < 0 || (served[i] = accept (l, NULL, NULL)) < 0)
      die ("connect");
    no_delay (*mine[i]);
    no_delay (served[i]);
  }
  pid = fork ();
  if (pid == 0)
    serve (served[0], served[1]);
  close (served[0]);
  close (served[1]);
  close (l);
  return pid;
}

int
main (int argc, char **argv)
{
  Hops h = { .records = argc > 2 ? atoll (argv[1]) : 0, .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };
  int64_t rate = argc > 2 ? atoll (argv[2]) : 0, next;
  pthread_t t[3];
  pid_t server;

  if (h.records <= 0 || rate <= 0) {
    fprintf (stderr, "usage: hops RECORDS RATE\n");
    return 2;
  }
  h.ns = calloc ((size_t)h.records, sizeof (int64_t));
  h.wake = eventfd (0, 0);
  server = connect_both (&h);
  pthread_create (&t[0], NULL, sender, &h);
  pthread_create (&t[1], NULL, receiver, &h);
  pthread_create (&t[2], NULL, reader, &h);
  exact_sleep ();
  next = now_ns ();
  for (int64_t i = 0; i < h.records; i++, next += 1000000000 / rate) {
    uint64_t one = 1;
    sleep_until (next);
    pthread_mutex_lock (&h.lock);
    h.out[(h.out_first + h.out_n++) % 64] = next;
    pthread_mutex_unlock (&h.lock);
    if (write (h.wake, &one, sizeof one) != sizeof one)
      die ("eventfd");
  }
  for (int i = 0; i < 3; i++)
    pthread_join (t[i], NULL);
  kill (server, SIGTERM);
  waitpid (server, NULL, 0);
  sort_times (h.ns, h.got);
  printf ("{\"records\": %" PRId64 ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n", h.got,
          percentile_ms (h.ns, h.got, 0.5), percentile_ms (h.ns, h.got, 0.99), percentile_ms (h.ns, h.got, 0.999),
          percentile_ms (h.ns, h.got, 1.0));
  return 0;
}
