/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/bench/timing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

void
die (const char *what)
{
  fprintf (stderr, "%s: %s (%s)\n", program_invocation_short_name, what, strerror (errno));
  exit (1);
}

int64_t
now_ns (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
sleep_until (int64_t ns)
{
  struct timespec t = { ns / 1000000000, ns % 1000000000 };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void
exact_sleep (void)
{
  (void)prctl (PR_SET_TIMERSLACK, 1);
}

static int
by_value (const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

  return x < y ? -1 : x > y;
}

void
sort_times (int64_t *ns, int64_t n)
{
  qsort (ns, (size_t)n, sizeof *ns, by_value);
}

double
percentile_ms (const int64_t *ns, int64_t n, double q)
{
  return (double)ns[(int64_t)((double)(n - 1) * q)] / 1e6;
}

void
no_delay (int fd)
{
  int one = 1;

  (void)setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int
dial (const char *address)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  const char *colon = strrchr (address, ':');
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  char host[64] = { 0 };

  if (colon == NULL || (size_t)(colon - address) >= sizeof host)
    die ("HOST:PORT, host as a number");
  memcpy (host, address, (size_t)(colon - address));
  a.sin_port = htons ((uint16_t)atoi (colon + 1));
  if (inet_pton (AF_INET, host, &a.sin_addr) != 1 || connect (fd, (struct sockaddr *)&a, sizeof a) < 0)
    die ("connect");
  no_delay (fd);
  return fd;
}
