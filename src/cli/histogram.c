/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/histogram.h"

#include <glib.h>
#include <math.h>

enum
{
  SUB_BITS = 8,
  SUB = 1 << SUB_BITS, /* buckets for each power of two */
  MAX_BITS = 43,
  BUCKETS = 2 * SUB + (MAX_BITS - SUB_BITS - 1) * SUB,
};

struct CliHistogram
{
  int64_t count, max;
  double sum;
  int64_t buckets[BUCKETS];
};

/* Below 2 * SUB each value has its own bucket; above, the first SUB_BITS + 1 bits of the value choose it. */
static unsigned
bucket_of (int64_t v)
{
  unsigned top = 63 - (unsigned)__builtin_clzll ((uint64_t)v | 1), shift;

  if (v < 2 * SUB)
    return (unsigned)v;
  if (top >= MAX_BITS)
    return BUCKETS - 1;
  shift = top - SUB_BITS;
  return 2 * SUB + (shift - 1) * SUB + (unsigned)(v >> shift) - SUB;
}

/* The largest value that falls into it. */
static int64_t
bucket_end (unsigned i)
{
  unsigned shift;

  if (i < 2 * SUB)
    return i;
  shift = (i - 2 * SUB) / SUB + 1;
  return (((int64_t)((i - 2 * SUB) % SUB) + SUB + 1) << shift) - 1;
}

CliHistogram *
cli_histogram_new (void)
{
  return g_new0 (CliHistogram, 1);
}

void
cli_histogram_free (CliHistogram *h)
{
  g_free (h);
}

void
cli_histogram_record (CliHistogram *h, int64_t ns)
{
  ns = MAX (ns, 0);
  h->count++;
  h->sum += (double)ns;
  h->max = MAX (h->max, ns);
  h->buckets[bucket_of (ns)]++;
}

void
cli_histogram_merge (CliHistogram *to, const CliHistogram *from)
{
  to->count += from->count;
  to->sum += from->sum;
  to->max = MAX (to->max, from->max);
  for (unsigned i = 0; i < BUCKETS; i++)
    to->buckets[i] += from->buckets[i];
}

int64_t
cli_histogram_count (const CliHistogram *h)
{
  return h->count;
}

int64_t
cli_histogram_percentile (const CliHistogram *h, double q)
{
  int64_t rank = CLAMP ((int64_t)ceil (q * (double)h->count), 1, MAX (h->count, 1)), seen = 0;

  for (unsigned i = 0; i < BUCKETS - 1; i++) {
    seen += h->buckets[i];
    if (seen >= rank)
      return MIN (bucket_end (i), h->max);
  }
  return h->max;
}

int64_t
cli_histogram_max (const CliHistogram *h)
{
  return h->max;
}

double
cli_histogram_mean (const CliHistogram *h)
{
  return h->count ? h->sum / (double)h->count : 0;
}
