/* SPDX-License-Identifier: Apache-2.0
 *
 * The partitions that live on this broker: their logs, who leads them, where their logs are. The controller's code says
 * what should be here (control actor), the produce and fetch paths look partitions up (any thread, about 40 ns, no lock
 * in the common case).
 */
#ifndef STK_BROKER_REPLICAS_H
#define STK_BROKER_REPLICAS_H

#include "broker/broker.h"

#include <stoker/storage.h>

typedef struct StkPartition StkPartition; /* broker/partition.h */

/* One partition as the cluster's state says it is. */
typedef struct StkReplicaPartition
{
  int32_t partition;
  int32_t leader; /* -1: none */
  int32_t leader_epoch;
  int32_t partition_epoch; /* version of the partition's state node */
  const int32_t *replicas, *isr;
  int32_t n_replicas, n_isr;
} StkReplicaPartition;

/* One topic as it should be from now on: all partitions that have a replica on this broker (others are ignored), and
 * its effective settings. Everything is borrowed for the call. */
typedef struct StkReplicaTopic
{
  StokerStr name;
  StokerUuid id;
  const StokerTopicConfig *config; /* strings in it included: copied */
  const StkReplicaPartition *partitions;
  int32_t n_partitions;
} StkReplicaTopic;

/* How one partition fared. */
typedef struct StkReplicaResult
{
  StokerStr topic;
  int32_t partition;
  int16_t error; /* 0, or STOKER_KAFKA_STORAGE_ERROR: its log could not be made or opened; it is offline */
  bool again;    /* its directory is not: applying its topic again may help (there was no space, say) */
} StkReplicaResult;

/* Nothing is opened yet; control actor. The broker's disk pools, I/O actors and registry must be there. */
StkReplicas *stk_replicas_new (StokerBroker *b);

/* All that the tree knew at the start was applied. Control thread. */
void stk_replicas_settled (StkReplicas *r);
/* Takes the log directories into use with every storage instance, on their disk pools. dirs[] (paths included) must
 * live until stk_replicas_free. Called once, before anything else; `done` comes on the control actor, err NULL when all
 * went well. A directory that fails is offline from then on; err (a text) is given only when none is left. Control
 * actor. */
void stk_replicas_attach (StkReplicas *r, const StokerLogDir *dirs, int n_dirs,
                          void (*done) (void *user, const StokerError *err), void *user);

/* Brings the partitions of the given topics to the given state: opens or creates logs, begins leader epochs, applies
 * new settings; partitions of a given topic that are not listed stay as they are. Logs are opened in parallel on the
 * disk pools. When `done` is called (control actor, later, never inside this call) every I/O thread finds them; results
 * (borrowed for the call) name those that failed only. Calls are carried out in order. Control actor. */
void stk_replicas_apply (StkReplicas *r, const StkReplicaTopic *topics, int32_t n_topics,
                         void (*done) (void *user, const StkReplicaResult *failed, int32_t n_failed), void *user);

/* Takes topics away: from the moment of the call no request finds them, waiting ones are answered, then their logs are
 * removed. A topic of another id than `ids[i]` (zero: any) is left alone. `done` (NULL: none) comes on the control
 * actor when the logs are gone. Control actor. */
void stk_replicas_remove (StkReplicas *r, const StokerStr *names, const StokerUuid *ids, int32_t n,
                          void (*done) (void *user), void *user);

/* Before the first apply: its logs are opened after it is done, beside everything else. Until one is open, its partition is
 * found, and turns everybody away with STOKER_NOT_LEADER_OR_FOLLOWER. Control actor. */
void stk_replicas_open_aside (StkReplicas *r);
/* Waits until they are all open, but no longer than `us`. `done` may come inside the call. Control actor. */
void stk_replicas_wait_open (StkReplicas *r, int64_t us, void (*done) (void *user), void *user);
/* After close: is there a log that a crash had left and that was not opened, for an error or because of the stop? It is still to be
 * recovered then. */
bool stk_replicas_unrecovered (const StkReplicas *r);

/* Is this directory offline? Control actor. */
bool stk_replicas_dir_failed (const StkReplicas *r, int dir);

/* Flushes and closes all logs, writes final checkpoints, detaches the directories; answers what still waits with
 * STOKER_NOT_LEADER_OR_FOLLOWER. `done` on the control actor. */
void stk_replicas_close (StkReplicas *r, void (*done) (void *user), void *user);
/* After close (or instead of attach). */
void stk_replicas_free (StkReplicas *r);

/* ---- lookup; any thread. The result has a reference: stk_partition_unref. NULL: not here (unknown topic or index, or
 * no replica of it on this broker). `io`: index of the calling I/O thread, -1 on any other thread (slower: takes a
 * lock). */
StkPartition *stk_replicas_find (StkReplicas *r, int io, StokerStr topic, int32_t partition);
StkPartition *stk_replicas_find_id (StkReplicas *r, int io, StokerUuid topic_id, int32_t partition);
/* The name of the topic with this id, as it is known here; null when unknown. Copied to the arena. */
StokerStr stk_replicas_topic_name (StkReplicas *r, int io, StokerUuid topic_id, StokerArena *arena);

/* ---- appends by the broker itself (offset commits with offsets.storage=topic, transaction markers); any thread. Whole
 * batches of magic 2 in data[0..len), patched in place, needed during the call only; origin COORDINATOR. Returns an
 * error code at once, else `done` comes once with the outcome of acks=-1 (on I/O thread `io` of the caller, or, io =
 * -1, on control). */
int16_t stk_replicas_append (StkReplicas *r, StokerStr topic, int32_t partition, uint8_t *data, size_t len, int io,
                             void (*done) (void *user, int16_t error, int64_t base_offset), void *user);

#endif
