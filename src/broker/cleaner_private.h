/* SPDX-License-Identifier: Apache-2.0
 *
 * What cleaner.c (workers, runs) and cleaner_survey.c (the choice) share.
 */
#ifndef STK_BROKER_CLEANER_PRIVATE_H
#define STK_BROKER_CLEANER_PRIVATE_H

#include "broker/clean_log.h"
#include "broker/clean_marks.h"
#include "broker/cleaner.h"
#include "broker/table.h"

/* The settings, copied on control when a worker begins to look for a log. */
typedef struct StkCleanSettings
{
  size_t memory, io_bytes, max_content;
  double load_factor;
} StkCleanSettings;

/* A log that was chosen, and the state of a run over it. */
typedef struct StkCleanJob
{
  StkPartition *partition; /* a reference; NULL: no log wants a run */
  StkHosted *topic;        /* a reference: its settings */
  StkClean *run;
  StkCleanState state;
  StokerError err;
  int64_t began_us;
  uint64_t told_read, told_written; /* what the metrics have of it already */
} StkCleanJob;

/* Looks at all compacted logs; takes the most urgent one and begins a run over it (job->run), or leaves the job empty.
 * job->err: what failed. Cleaner's thread. */
void stk_cleaner_survey (StkReplicas *r, StkCleanMarks *marks, const StkCleanSettings *settings,
                         const _Atomic bool *stop, StkCleanJob *job);

#endif
