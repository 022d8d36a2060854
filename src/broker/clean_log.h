/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of a cleaner module over one log (stoker/cleaner.h): a state machine that is stepped, so that it can be
 * throttled, hands its thread back often, and holds nothing that a log's closing would have to wait for. It knows
 * nothing of partitions or threads: whoever steps it sees to it that the log is open during a call.
 *
 * Passes: scan [from, to) of the wish; then the segments below where that ended, in groups that fit into one segment:
 * each group is written anew, then committed.
 */
#ifndef STK_BROKER_CLEAN_LOG_H
#define STK_BROKER_CLEAN_LOG_H

#include "record/record.h"

#include <stoker/cleaner.h>

typedef struct StkClean StkClean;

typedef struct StkCleanSpec
{
  StokerHost *host; /* codecs */
  StokerInstance *cleaner, *storage;
  StokerLog *log;
  StokerCleanerView view; /* what it points to is borrowed for stk_clean_new, but for topic and config: for the run */
  StokerCleanerWish wish;
  size_t io_bytes;    /* how much is read and written at once */
  size_t max_content; /* of a compressed batch */
} StkCleanSpec;

typedef enum StkCleanState
{
  STK_CLEAN_MORE = 0,   /* call step again */
  STK_CLEAN_COMMIT = 1, /* call commit, as a change of the log's structure */
  STK_CLEAN_DONE = 2,
  STK_CLEAN_GONE = 3,   /* segments went away meanwhile: another time */
  STK_CLEAN_FAILED = 4, /* the disk or memory failed: may go well later */
  STK_CLEAN_DAMAGED = 5 /* what is in the log cannot be cleaned */
} StkCleanState;

typedef struct StkCleanStats
{
  uint64_t bytes_read, bytes_written;     /* from and to the log, both passes */
  uint64_t input, output;                 /* of the second pass */
  uint64_t records, kept;                 /* of the second pass */
  uint32_t segments_before, segments_now; /* of the groups that were committed */
  int64_t end;                            /* where the next run begins; valid when DONE */
  bool full;                              /* the cleaner's memory did not suffice for all of it */
} StkCleanStats;

/* Can the cleaner and the storage engine do this at all? */
bool stk_clean_possible (const StokerCleanerOps *cleaner, const StokerStorageOps *storage);
/* NULL with *err when the cleaner does not begin. */
StkClean *stk_clean_new (const StkCleanSpec *spec, StokerError *err);
/* Goes on for about so many bytes; the log is open. *err is set from FAILED on. May block. */
StkCleanState stk_clean_step (StkClean *c, uint64_t bytes, StokerError *err);
StkCleanState stk_clean_commit (StkClean *c, StokerError *err);
const StkCleanStats *stk_clean_stats (const StkClean *c);
/* In any state; the log may be closed, its directory is attached. NULL is allowed. */
void stk_clean_free (StkClean *c);

#endif
