/* SPDX-License-Identifier: Apache-2.0
 *
 * Flushes that are left out: what the power cuts are worth. Where a flush matters the cuts must find that it is
 * missing; where it does not, because what it would keep is checked and made anew at the start, they must find nothing.
 */
#include "config.h"

#include "leave_out.h"

const LeaveOut leave_outs[] = {
  { "ring", STK_SIM_SYNC, "/data/stoker.journal/*", true, "small appends are in the ring alone" },
  { "segment", STK_SIM_SYNC, "*.log", true, "large appends, what a checkpoint frees in the ring, what a replay wrote" },
  { "coordinator", STK_SIM_SYNC, "/data/coordinator.db*", true, "topics, committed offsets, producer ids" },
  { "folder-of-ring", STK_SIM_SYNC_DIR, "/data/stoker.journal", true, "the names of the ring's files" },
  { "folder-of-log", STK_SIM_SYNC_DIR, "/data/*-*", true, "the names of segments" },
  { "folder-of-logs", STK_SIM_SYNC_DIR, "/data", true,
    "the names of logs, of the journal, of the coordinator's database" },
  { "compacted", STK_SIM_SYNC, "*.log.cleaned", true, "what takes the place of segments that were compacted" },
  { "checkpoints", STK_SIM_SYNC, "/data/*-checkpoint.tmp", true, "where the deleted records end" },
  { "identity", STK_SIM_SYNC, "/data/meta.properties.tmp", true, "whose the directory is" },
  { "epochs", STK_SIM_SYNC, "*/leader-epoch-checkpoint*", false, "every batch carries its own" },
  { "snapshot", STK_SIM_SYNC, "*.snapshot*", false, "it has a check sum; an older one, or none, and the batches do" },
  { "index", STK_SIM_SYNC, "*index", false, "made anew above the recovery point, checked by whoever uses it below" },
  { "topic-id", STK_SIM_SYNC, "*/partition.metadata*", false, "written anew with the id in the coordinator's tree" },
  { NULL },
};

int
leave_out (Life *l, StkSimDiskCall call, const char *path)
{
  const LeaveOut *o = l->meddler;

  return call == o->call && g_pattern_match_simple (o->path, path) ? STK_SIM_LEAVE_OUT : 0;
}
