/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `cleaner`: what of a log's sealed segments may go? Called on disk threads, one log at a time. Unstable
 * interface: rewriting of segments (compaction) joins it with cleaner/compact.
 */
#ifndef STOKER_CLEANER_H
#define STOKER_CLEANER_H

#include <stoker/host.h>
#include <stoker/storage.h>

STOKER_BEGIN_DECLS

#define STOKER_CLEANER_VERSION 1u

/* One log as a cleaner sees it; valid during the call. */
typedef struct StokerCleanerView
{
  StokerStr topic;
  int32_t partition;
  const StokerTopicConfig *config;
  StokerLogEnds ends;
  const StokerSegmentRow *segments; /* oldest first */
  size_t n_segments;
  int64_t now_ms;
} StokerCleanerView;

typedef struct StokerCleanerPlan
{
  int64_t drop_below; /* segments whose next offset is <= this go; the log start when nothing does */
  const char *reason; /* a word for the log: "time", "size", "start"; static */
} StokerCleanerPlan;

typedef struct StokerCleanerOps
{
  StokerOpsHead head;
  /* The cleanup.policy word that it serves: "delete", "compact". Static. */
  const char *policy;
  /* Decides; must not touch the log. Returns 0, or -1 with *err (the log is then left alone and the error logged). */
  int (*plan) (StokerInstance *self, const StokerCleanerView *view, StokerCleanerPlan *out, StokerError *err);
} StokerCleanerOps;

STOKER_END_DECLS

#endif
