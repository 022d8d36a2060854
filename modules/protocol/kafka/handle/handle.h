/* SPDX-License-Identifier: Apache-2.0
 *
 * The handlers, one per request type, and what several of them need.
 */
#ifndef KAFKA_HANDLE_H
#define KAFKA_HANDLE_H

#include "../request.h"

int handle_produce (Request *rq, KmReader *body);
int handle_fetch (Request *rq, KmReader *body);
int handle_list_offsets (Request *rq, KmReader *body);
int handle_metadata (Request *rq, KmReader *body);
int handle_offset_commit (Request *rq, KmReader *body);
int handle_offset_fetch (Request *rq, KmReader *body);
int handle_find_coordinator (Request *rq, KmReader *body);
int handle_join_group (Request *rq, KmReader *body);
int handle_heartbeat (Request *rq, KmReader *body);
int handle_leave_group (Request *rq, KmReader *body);
int handle_sync_group (Request *rq, KmReader *body);
int handle_describe_groups (Request *rq, KmReader *body);
int handle_list_groups (Request *rq, KmReader *body);
int handle_api_versions (Request *rq, KmReader *body);
int handle_create_topics (Request *rq, KmReader *body);
int handle_delete_topics (Request *rq, KmReader *body);
int handle_delete_records (Request *rq, KmReader *body);
int handle_init_producer_id (Request *rq, KmReader *body);
int handle_offset_for_leader_epoch (Request *rq, KmReader *body);
int handle_describe_configs (Request *rq, KmReader *body);
int handle_alter_configs (Request *rq, KmReader *body);
int handle_alter_replica_log_dirs (Request *rq, KmReader *body);
int handle_describe_log_dirs (Request *rq, KmReader *body);
int handle_create_partitions (Request *rq, KmReader *body);
int handle_delete_groups (Request *rq, KmReader *body);
int handle_incremental_alter_configs (Request *rq, KmReader *body);
int handle_offset_delete (Request *rq, KmReader *body);
int handle_describe_cluster (Request *rq, KmReader *body);
int handle_describe_topic_partitions (Request *rq, KmReader *body);

#endif
