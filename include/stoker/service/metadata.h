/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: what the cluster looks like (Metadata, DescribeCluster, DescribeTopicPartitions; kafka-facts 3.4, 3.9).
 */
#ifndef STOKER_SERVICE_METADATA_H
#define STOKER_SERVICE_METADATA_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

typedef struct StokerPartitionInfo
{
  int16_t error;
  int32_t partition, leader_id, leader_epoch;
  int32_t *replicas, *isr, *offline;
  int32_t n_replicas, n_isr, n_offline;
} StokerPartitionInfo;

typedef struct StokerTopicInfo
{
  int16_t error;
  StokerStr name; /* null: asked for by an unknown id */
  StokerUuid id;
  bool internal;
  StokerPartitionInfo *partitions;
  int32_t n_partitions;
  int32_t authorized_operations; /* INT32_MIN when not asked for */
} StokerTopicInfo;

typedef struct StokerTopicRef
{
  StokerStr name; /* null: by id */
  StokerUuid id;
} StokerTopicRef;

typedef struct StokerMetadata
{
  StokerCall call;
  bool all_topics;
  StokerTopicRef *topics;
  int32_t n_topics;
  bool allow_auto_create;
  bool include_cluster_operations, include_topic_operations;
  /* out */
  int16_t error;
  StokerNode *nodes;
  int32_t n_nodes;
  StokerStr cluster_id;
  int32_t controller_id; /* -1 unknown */
  StokerTopicInfo *infos;
  int32_t n_infos;
  int32_t cluster_operations;
} StokerMetadata;

STOKER_EXPORT void stoker_metadata (StokerMetadata *req);

typedef struct StokerDescribeCluster
{
  StokerCall call;
  bool include_operations;
  int8_t endpoint_type; /* 1 brokers */
  /* out */
  int16_t error;
  StokerStr error_message;
  StokerNode *nodes;
  int32_t n_nodes;
  StokerStr cluster_id;
  int32_t controller_id;
  int32_t operations;
} StokerDescribeCluster;

STOKER_EXPORT void stoker_describe_cluster (StokerDescribeCluster *req);

typedef struct StokerDescribeTopicPartitions
{
  StokerCall call;
  StokerStr *topics; /* none: all */
  int32_t n_topics;
  int32_t limit;          /* of partitions in the answer; taken as 1 below, as 2000 above */
  StokerStr cursor_topic; /* null: from the beginning; else one of `topics`, if there are any (INVALID_REQUEST) */
  int32_t cursor_partition; /* not negative (INVALID_REQUEST) */
  /* out */
  StokerTopicInfo *infos; /* in name order; the last may hold part of its partitions */
  int32_t n_infos;
  StokerStr next_topic; /* null: all were returned */
  int32_t next_partition;
} StokerDescribeTopicPartitions;

STOKER_EXPORT void stoker_describe_topic_partitions (StokerDescribeTopicPartitions *req);

typedef struct StokerFindCoordinatorKey
{
  StokerStr key;
  /* out */
  int16_t error;
  StokerStr error_message;
  StokerNode node; /* id -1, host "", port -1 on error */
} StokerFindCoordinatorKey;

typedef struct StokerFindCoordinator
{
  StokerCall call;
  int8_t key_type; /* 0 group, 1 transaction */
  StokerFindCoordinatorKey *keys;
  int32_t n_keys;
} StokerFindCoordinator;

STOKER_EXPORT void stoker_find_coordinator (StokerFindCoordinator *req);

STOKER_END_DECLS

#endif
