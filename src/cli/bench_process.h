/* SPDX-License-Identifier: Apache-2.0
 *
 * What processes use: the server's, from /proc, and our own.
 */
#ifndef STK_CLI_BENCH_PROCESS_H
#define STK_CLI_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct BenchUse
{
  bool known;
  double cpu;      /* seconds, user and system */
  int64_t rss;     /* bytes; now, also in a difference */
  int64_t written; /* bytes sent towards a device, less those whose pages were dropped before; -1: may not be read */
} BenchUse;

/* Of all threads of a process. known is false where there is none. */
BenchUse bench_use (int64_t pid);
BenchUse bench_use_between (BenchUse from, BenchUse to);
/* CPU seconds of this process. */
double bench_own_cpu (void);

#endif
