/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: the broker's log directories, and moving partitions between them (kafka-facts 3.9).
 */
#ifndef STOKER_SERVICE_LOGDIRS_H
#define STOKER_SERVICE_LOGDIRS_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

/* Partitions of a topic that are asked about. */
typedef struct StokerLogDirFilter
{
  StokerStr topic;
  const int32_t *partitions;
  int32_t n_partitions;
} StokerLogDirFilter;

typedef struct StokerLogDirPartition
{
  int32_t partition;
  int64_t bytes;
  int64_t lag;    /* of a future log: offsets that are still to be copied */
  bool future;    /* it is being moved to this directory */
} StokerLogDirPartition;

typedef struct StokerLogDirTopic
{
  StokerStr topic;
  StokerLogDirPartition *partitions;
  int32_t n_partitions;
} StokerLogDirTopic;

typedef struct StokerLogDirInfo
{
  int16_t error; /* STOKER_KAFKA_STORAGE_ERROR: it is offline, and nothing is known of what lies there */
  StokerStr path;
  StokerLogDirTopic *topics;
  int32_t n_topics;
  int64_t total_bytes, usable_bytes; /* of its file system; -1: unknown */
} StokerLogDirInfo;

typedef struct StokerDescribeLogDirs
{
  StokerCall call;
  const StokerLogDirFilter *topics;
  int32_t n_topics; /* -1: all */
  /* out */
  int16_t error;
  StokerLogDirInfo *dirs; /* as in log.dirs */
  int32_t n_dirs;
} StokerDescribeLogDirs;

STOKER_EXPORT void stoker_describe_log_dirs (StokerDescribeLogDirs *req);

/* One partition that is to lie in another directory. */
typedef struct StokerMoveReplica
{
  StokerStr topic;
  int32_t partition;
  StokerStr path; /* as in log.dirs, absolute */
  int16_t error;  /* out; 0: it is on its way, or there already */
} StokerMoveReplica;

typedef struct StokerAlterReplicaLogDirs
{
  StokerCall call;
  StokerMoveReplica *replicas;
  int32_t n_replicas;
} StokerAlterReplicaLogDirs;

/* Done when the moves have begun. A partition that is not there (yet) is answered with REPLICA_NOT_AVAILABLE; the directory is
 * remembered and taken when the partition is made. */
STOKER_EXPORT void stoker_alter_replica_log_dirs (StokerAlterReplicaLogDirs *req);

STOKER_END_DECLS

#endif
