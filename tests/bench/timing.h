/* SPDX-License-Identifier: Apache-2.0
 *
 * What the small programs of this folder share: the clock, records at a rate, percentiles, and how they give up.
 * Times are nanoseconds of the monotonic clock.
 */
#ifndef STK_TESTS_BENCH_TIMING_H
#define STK_TESTS_BENCH_TIMING_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

/* Says so, with what errno holds, and ends the program. */
void die (const char *what) __attribute__ ((noreturn));

int64_t now_ns (void);
void sleep_until (int64_t ns);
/* The kernel wakes an ordinary thread up to 50 us late; not the calling one any more. */
void exact_sleep (void);

/* Sorts, so that percentile can be asked. */
void sort_times (int64_t *ns, int64_t n);
/* In milliseconds, of sorted times; q is 0 to 1. */
double percentile_ms (const int64_t *ns, int64_t n, double q);

/* A connection to HOST:PORT (the host as a number) that does not wait for more to send. */
int dial (const char *address);
void no_delay (int fd);

#endif
