/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of StkReplicas share: replicas.c (table, lookup, what is asked), replica_change.c (the queue of
 * changes), replica_dirs.c, replica_apply.c and replica_close.c (what a change does on disk pools).
 */
#ifndef STK_BROKER_REPLICAS_PRIVATE_H
#define STK_BROKER_REPLICAS_PRIVATE_H

#include "broker/fetch_session.h"
#include "broker/housekeeping.h"
#include "broker/replicas.h"
#include "broker/table.h"

#include <stoker/cleaner.h>

/* A log that is not open, and where it lies (found.c). Control actor. */
typedef struct StkFound
{
  struct StkFound *next; /* another one of the same name */
  StokerUuid topic_id;
  int dir;
  StokerInstance *storage;
  bool used;
  bool replaces; /* a move that a crash interrupted had put it in the place of another */
} StkFound;

typedef void (*StkAnyFn) (void); /* cast back to its type before the call */

typedef enum StkChangeKind
{
  STK_CHANGE_ATTACH = 0,
  STK_CHANGE_APPLY = 1,
  STK_CHANGE_REMOVE = 2,
  STK_CHANGE_CLOSE = 3,
  STK_CHANGE_FAIL = 4,
  STK_CHANGE_OPEN = 5,
} StkChangeKind;

/* One queued call of attach, apply, remove, close, or a directory's failure. Control actor, but for what its jobs fill in. */
typedef struct StkChange
{
  struct StkChange *next;
  StkChangeKind kind;
  StkReplicas *replicas;
  void (*run) (struct StkChange *c);    /* starts its jobs */
  void (*finish) (struct StkChange *c); /* all jobs are done: publishes, calls the caller's done */
  int pending;                          /* jobs that are out */
  GPtrArray
      *topics;      /* apply: StkHosted, with partitions filled in; remove: StkHosted that was taken out of the table */
  GPtrArray *specs; /* apply: StkReplicaPartition arrays, one per topic */
  GArray *spec_counts;
  GArray *failed;   /* StkReplicaResult */
  GPtrArray *found; /* attach */
  StokerError err;
  int dirs_failed;
  int dir; /* fail: which */
  StkAnyFn done;
  void *user;
} StkChange;

typedef struct StkStart StkStart;

struct StkReplicas
{
  StokerBroker *broker;
  const StokerLogDir *dirs;
  int n_dirs;
  _Atomic bool *dir_failed; /* changed on control */
  _Atomic bool *dir_told; /* its failure was reported */
  bool closing;
  int *dir_logs;       /* how many logs each has, those on their way to it included */
  bool started;        /* the first apply is done: what is missing on disk from now on is new */
  bool settled;        /* the cluster's state is known: topics from now on are new, also when there were none before */
  GHashTable *found;   /* "topic-partition" -> StkFound */
  GHashTable *futures; /* "topic-partition" -> StkFound: where a move to another directory had begun before the start */
  GString *missing;    /* before `started`: partitions whose logs a fresh directory was perhaps to hold; NULL: none */
  unsigned n_missing;
  GPtrArray *storages; /* started storage instances */
  bool aside;             /* the first apply does not wait for logs to be opened */
  _Atomic bool abandon;   /* those that are not open yet need not be any more */
  bool unrecovered;       /* a log that a crash had left was not opened, so it was not recovered */
  struct StkStart *start; /* logs are being opened beside everything else */
  StkTimer patience;
  void (*opened) (void *user);
  void *opened_user;
  StkChange *first, *last;
  bool busy;         /* the first one is running */
  struct StkMoves *moves;
  StkIo *control_io; /* where appends by the broker itself wait */

  GMutex lock; /* covers current */
  StkTable *current;
  _Atomic uint64_t version;

  StkFetchSessions *sessions;

  /* Settings, copied from the configuration: read on any thread. */
  size_t fetch_max_bytes;
  bool auto_create;
};

/* A job of a change: runs on a disk pool, then `finish` on control. */
typedef struct StkJob
{
  StkTask task;
  StkChange *change;
  StkPartition *partition; /* referenced */
  const StkHosted *topic;
  StkReplicaPartition spec;
  bool lead, configure;
  int16_t error;
  int dir;
  uint64_t bytes; /* of the log that was opened */
  int future_dir; /* apply: a move to there is to go on; -1: none */
  StokerInstance *storage;
  GPtrArray *found, *futures;
  StokerTopicConfig plain; /* remove_found_job: settings to open it with; they are read on control only */
  StokerError err;
} StkJob;

/* replicas.c */
void stk_replicas_publish (StkReplicas *r, StkTable *t); /* takes over t */
/* Frees what the entries of specs point to. */
void stk_specs_free (GPtrArray *specs, GArray *counts);

/* found.c */
void stk_found_free (void *found);
/* Takes key and f. */
void stk_found_add (GHashTable *table, char *key, StkFound *f);
/* The log of this partition lies there, whatever was known before. */
void stk_found_note (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, StokerInstance *storage,
                     int dir);
/* The log of the partition, or one of another topic of that name; NULL: there is none. *rival: another that has as good
 * a claim. */
StkFound *stk_found_pick (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, StkFound **rival);
/* The directory to which a move of the partition, whose log lies in `dir`, had begun before the start; -1: none. */
int stk_found_future (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id, int dir);
/* The directory with the fewest logs; -1: none is online. */
int stk_replicas_emptiest (const StkReplicas *r);
/* At start: a partition that the tree knows has no log and gets an empty one. Kafka says nothing of that; but where a directory is
 * used for the first time, it may well be that its disk is not mounted. */
void stk_found_missing (StkReplicas *r, const char *topic, int32_t partition);
/* The first apply is done: says which logs nobody asked for, and which are missing. */
void stk_found_tell (StkReplicas *r);
/* It was removed. */
void stk_found_forget (StkReplicas *r, const char *topic, int32_t partition, StokerUuid id);

/* replica_change.c */
StkChange *stk_change_new (StkReplicas *r, StkChangeKind kind, StkAnyFn done, void *user);
void stk_change_queue (StkChange *c);
/* The same, before those that wait. Inside a finish. */
void stk_change_first (StkChange *c);
void stk_change_job_done (StkChange *c);
/* A job of `c`: run is called on the pool that it is posted to, or through partition work. */
StkJob *stk_job_new (StkChange *c, void (*run) (StkTask *t));
/* From the disk thread back to control, where `run` ends with stk_job_done. */
void stk_job_return (StkJob *j, void (*run) (StkTask *t));
void stk_job_done (StkTask *t);

/* replica_dirs.c, replica_apply.c, replica_close.c */
void stk_attach_run (StkChange *c);
void stk_attach_finish (StkChange *c);
void stk_apply_run (StkChange *c);
void stk_apply_finish (StkChange *c);
void stk_remove_run (StkChange *c);
/* Removes logs of the topic that attach found and nobody opened since. */
void stk_remove_found (StkChange *c, StokerStr topic, StokerUuid id);
void stk_close_run (StkChange *c);
/* A job that closes the log of its partition, whose gate is shut and was left by all. Disk pool. */
void stk_close_job (StkTask *t);
void stk_detach_run (StkChange *c);

#endif
