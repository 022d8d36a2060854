/* SPDX-License-Identifier: Apache-2.0
 *
 * What it costs to put bytes into a file, and to read them again, without anything around it: a loop of a copy and a
 * pwrite into reserved space, through the page cache or around it (O_DIRECT), and then a loop of buffered preads. It is
 * the floor of the row produce100, and the ground for writing logs through the page cache: see RESULTS.md.
 *
 *   pages FILE BYTES PIECE cached|direct [keep]     PIECE: bytes a write, a multiple of 4096; keep: no reading, and the
 *                                                   file stays
 *
 * Prints a JSON object: CPU-seconds per GB (1e9 bytes) of this process; busy: of the whole machine meanwhile, for what
 * interrupts and kernel threads do (only on a machine with nothing else to do); GB/s.
 */
#define _GNU_SOURCE
#include "tests/bench/timing.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct Usage
{
  double cpu, idle, wall;
} Usage;

static Usage
usage (void)
{
  struct rusage r;
  struct timespec t;
  long user, nice, system, idle = 0, wait = 0;
  FILE *f = fopen ("/proc/stat", "r");

  if (f == NULL || fscanf (f, "cpu %ld %ld %ld %ld %ld", &user, &nice, &system, &idle, &wait) != 5)
    die ("/proc/stat");
  fclose (f);
  getrusage (RUSAGE_SELF, &r);
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (Usage){ (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec)
                      + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6,
                  (double)(idle + wait) / (double)sysconf (_SC_CLK_TCK), (double)t.tv_sec + (double)t.tv_nsec / 1e9 };
}

static void
print (const char *what, const Usage *a, int64_t bytes, const char *behind)
{
  Usage b = usage ();
  double gb = (double)bytes / 1e9, wall = b.wall - a->wall;
  double all = (double)sysconf (_SC_NPROCESSORS_ONLN) * wall;

  printf ("\"%s\": {\"cpu_s_per_gb\": %.3f, \"busy_s_per_gb\": %.3f, \"gb_per_s\": %.3f}%s", what,
          (b.cpu - a->cpu) / gb, (all - (b.idle - a->idle)) / gb, gb / wall, behind);
}

int
main (int argc, char **argv)
{
  int64_t bytes = argc > 4 ? atoll (argv[2]) : 0;
  size_t piece = argc > 4 ? (size_t)atoll (argv[3]) : 0;
  bool direct = argc > 4 && strcmp (argv[4], "direct") == 0, keep = argc > 5 && strcmp (argv[5], "keep") == 0;
  char *from, *to;
  Usage u;
  int fd;

  if (bytes <= 0 || piece == 0 || piece % 4096 != 0 || (!direct && strcmp (argv[4], "cached") != 0)) {
    fprintf (stderr, "usage: pages FILE BYTES PIECE cached|direct [keep]\n");
    return 2;
  }
  bytes -= bytes % (int64_t)piece;
  from = aligned_alloc (4096, piece);
  to = aligned_alloc (4096, piece);
  memset (from, 'p', piece);
  memset (to, 'p', piece);
  fd = open (argv[1], O_CREAT | O_TRUNC | O_RDWR | (direct ? O_DIRECT : 0), 0644);
  if (fd < 0)
    die (argv[1]);
  if (fallocate (fd, FALLOC_FL_KEEP_SIZE, 0, bytes) < 0)
    die ("fallocate");
  u = usage ();
  for (int64_t at = 0; at < bytes; at += (int64_t)piece) {
    memcpy (to, from, piece); /* as from a socket */
    if (pwrite (fd, to, piece, at) != (ssize_t)piece)
      die ("pwrite");
  }
  printf ("{\"bytes\": %lld, \"piece\": %zu, \"direct\": %s, ", (long long)bytes, piece, direct ? "true" : "false");
  print ("write", &u, bytes, keep ? "}\n" : ", ");
  close (fd);
  if (keep)
    return 0;
  if ((fd = open (argv[1], O_RDONLY)) < 0)
    die (argv[1]);
  u = usage ();
  for (int64_t at = 0; at < bytes; at += (int64_t)piece)
    if (pread (fd, to, piece, at) != (ssize_t)piece)
      die ("pread");
  print ("read", &u, bytes, "}\n");
  close (fd);
  unlink (argv[1]);
  return 0;
}
