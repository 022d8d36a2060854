/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

int64_t
bench_now (void)
{
  struct timespec t;

  (void)clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
bench_sleep_until (int64_t ns)
{
  struct timespec t = { ns / 1000000000, ns % 1000000000 };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
    ;
}

/* The kernel wakes an ordinary thread up to 50 us late, and the broker would be blamed. */
void
bench_exact_sleep (void)
{
  (void)prctl (PR_SET_TIMERSLACK, 1);
}

void
bench_block_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

bool
bench_interrupted (void)
{
  sigset_t set;

  return sigpending (&set) == 0 && (sigismember (&set, SIGINT) || sigismember (&set, SIGTERM));
}

int64_t
bench_due (int64_t start, int64_t rate, int64_t i)
{
  return start + i / rate * 1000000000 + (int64_t)((__int128)(i % rate) * 1000000000 / rate);
}
