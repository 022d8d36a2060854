/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts of durations in log-linear buckets (as HDR histograms have them): any percentile afterwards, in constant
 * memory, never below the truth and at most 1/256 (0.4 %) above it.
 */
#ifndef STK_CLI_HISTOGRAM_H
#define STK_CLI_HISTOGRAM_H

#include <stdint.h>

/* Not safe for several threads at once: one for each thread, merged in the end. */
typedef struct CliHistogram CliHistogram;

CliHistogram *cli_histogram_new (void);
void cli_histogram_free (CliHistogram *h); /* NULL is fine */
/* Counts one value, in nanoseconds; one below 0 counts as 0, one above 2^43 (2.4 hours) with the largest. */
void cli_histogram_record (CliHistogram *h, int64_t ns);
void cli_histogram_merge (CliHistogram *to, const CliHistogram *from);
int64_t cli_histogram_count (const CliHistogram *h);
/* The smallest value that is not below a share q (0..1) of those counted, rounded up to the end of its bucket but not
 * above the largest counted; 0 where nothing was. */
int64_t cli_histogram_percentile (const CliHistogram *h, double q);
/* Exact. 0 where nothing was counted. */
int64_t cli_histogram_max (const CliHistogram *h);
double cli_histogram_mean (const CliHistogram *h);

#endif
