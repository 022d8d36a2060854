/* SPDX-License-Identifier: Apache-2.0
 *
 * One partition that lives on this broker: its log, its role, the replicas' progress, its high watermark and who waits
 * for it. Shared by all I/O threads. Counted; the table of partitions holds one reference.
 *
 * Locks: p->lock covers the fields below it; it is never held across a file call (engine calls made under it: ends,
 * bytes, set_hw). Order: p->lock, then a StkIo's inbox lock or the engine's own.
 */
#ifndef STK_BROKER_PARTITION_H
#define STK_BROKER_PARTITION_H

#include "broker/wait.h"

#include <glib.h>
#include <stdatomic.h>
#include <stoker/storage.h>

/* What the leader knows of one replica (its own entry: only id and in_isr are used). */
typedef struct StkReplicaState
{
  int32_t id;
  bool in_isr;
  int64_t end, start;                 /* of its log, as its last fetch told; -1 unknown */
  int64_t caught_up_us;               /* when it last had everything (kafka-facts 8.2) */
  int64_t fetch_us, fetch_leader_end; /* last fetch: when, and the leader's end at that time */
} StkReplicaState;

/* Work that changes the structure of the log: one at a time per partition, on its disk pool. Embed it. */
typedef struct StkPartitionWork
{
  StkTask task; /* internal */
  struct StkPartitionWork *next;
  StkPartition *partition;
  void (*run) (struct StkPartitionWork *w); /* on the disk pool; owns w */
} StkPartitionWork;

struct StkPartition
{
  _Atomic int refs;
  _Atomic uint32_t gate;   /* users of the log; STK_GATE_CLOSED */
  _Atomic int32_t leading; /* the leader epoch while this broker leads; -1 otherwise */
  _Atomic int64_t hw;
  StokerBroker *broker;
  char *topic; /* counted string (g_ref_string) */
  StokerUuid topic_id;
  int32_t index;
  _Atomic int32_t dir; /* in log.dirs; -1: the engine keeps nothing there. A move changes it, on the disk pool */
  StokerInstance *storage;
  const StokerStorageOps *ops;
  StokerLog *log; /* NULL while offline */
  _Atomic int cleaning;            /* cleaner.h: STK_CLEANING_NOT .. */
  _Atomic int64_t clean_again_us;  /* when PAUSED ends */

  GMutex lock;
  int future_dir;    /* where that is */
  StokerLog *future; /* what is being copied to another directory (move.c); NULL: nothing. Set and taken away on a disk thread
                        only, by partition work or when the gate is shut: such work may read it without the lock */
  int32_t leader, leader_epoch, partition_epoch;
  int16_t min_isr; /* min.insync.replicas of the topic */
  int16_t n_replicas, n_isr;
  StkReplicaState *replicas; /* the assignment, in order */
  int64_t durable;           /* as last seen */
  int64_t epoch_start;       /* log end when this broker began to lead */
  StkWaiter *waiters[STK_WATCHED];
  StkPartitionWork *work_first, *work_last;
  bool working;
  bool offline;             /* its log could not be opened */
  StkTask *_Atomic drained; /* posted to the pool when the last user has left a closed gate */
};

#define STK_GATE_CLOSED 0x80000000u

/* A new one without log, in role "offline"; one reference. `topic` is a g_ref_string. */
StkPartition *stk_partition_new (StokerBroker *b, char *topic, StokerUuid topic_id, int32_t index, int32_t dir);
StkPartition *stk_partition_ref (StkPartition *p);
void stk_partition_unref (StkPartition *p);

/* Before any engine call on its log: false when there is none (offline, or going away). Any thread. */
bool stk_partition_enter (StkPartition *p);
void stk_partition_leave (StkPartition *p);
/* Closes the gate: new users are turned away; `drained` is posted to its disk pool when the last has left. Waiters get
 * `code`. */
void stk_partition_shut (StkPartition *p, int16_t code, StkTask *drained);
/* The same for one whose directory failed: KAFKA_STORAGE_ERROR from now on. */
void stk_partition_fail (StkPartition *p, StkTask *drained);
/* Lets go of what was copied to another directory: closes it (it may be taken up again), or removes it. Disk thread, as its
 * comment says. */
void stk_partition_drop_future (StkPartition *p, bool remove);
/* Is it being moved? Any thread. */
bool stk_partition_moving (StkPartition *p);
/* After the log was opened: users may come. */
void stk_partition_unshut (StkPartition *p);

/* The pool of its log directory. */
StkPool *stk_partition_pool (StkPartition *p);
/* Queues structure-changing work. Any thread. Not for a partition whose gate was shut for good. */
void stk_partition_work (StkPartition *p, StkPartitionWork *w);

/* Takes over what the cluster's state says (assignment, leader, ISR). The log must be open when this broker leads.
 * Control or disk thread that opened it; not two at once. */
void stk_partition_become (StkPartition *p, int32_t leader, int32_t leader_epoch, int32_t partition_epoch,
                           const int32_t *replicas, int n_replicas, const int32_t *isr, int n_isr);

/* Looks at the ends of the log again after an append (or when the engine said so): advances the high watermark and
 * wakes who waited for it. *ends (NULL: not wanted) is what it saw, hw included. Between enter and leave. Any thread.
 */
void stk_partition_advance (StkPartition *p, StokerLogEnds *ends);
/* A follower has fetched: its log ends at `end` and starts at `start` (-1: not told). Between enter and leave. Any
 * thread. */
void stk_partition_fetched (StkPartition *p, int32_t replica, int64_t end, int64_t start);
/* For the engine's `advanced` callback: the same, unless the partition is shut. Disk thread. */
void stk_partition_advanced (void *partition);

/* The error of a data request that names this leader epoch (-1: none): 0, FENCED, UNKNOWN, NOT_LEADER or
 * KAFKA_STORAGE_ERROR. */
int16_t stk_partition_check (StkPartition *p, int32_t current_epoch, bool leader_only);
/* acks=-1: 0 or NOT_ENOUGH_REPLICAS. */
int16_t stk_partition_enough_replicas (StkPartition *p);

#endif
