/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: reading records (kafka-facts 3.2), offsets by time (3.3), leader epochs (3.6) and DeleteRecords (3.7).
 */
#ifndef STOKER_SERVICE_FETCH_H
#define STOKER_SERVICE_FETCH_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

typedef struct StokerAbortedTxn
{
  int64_t producer_id, first_offset;
} StokerAbortedTxn;

typedef struct StokerFetchPartition
{
  int32_t partition;
  int32_t current_leader_epoch; /* -1: no check */
  int64_t fetch_offset;
  int32_t last_fetched_epoch;   /* -1 */
  int64_t log_start_offset;     /* followers; -1 */
  int32_t max_bytes;
  /* out; in results only */
  int16_t error;
  int64_t high_watermark, last_stable_offset, out_log_start_offset; /* -1 on error */
  int32_t diverging_epoch;      /* -1: none */
  int64_t diverging_end_offset;
  int32_t leader_id, leader_epoch; /* with errors 6 and 74; -1 */
  int32_t preferred_read_replica;  /* -1 */
  StokerAbortedTxn *aborted;       /* NULL with n -1: null array */
  int32_t n_aborted;
  StokerRecords records;           /* slices hold references: splice them into the answer, or release them */
} StokerFetchPartition;

typedef struct StokerFetchTopic
{
  StokerStr name; /* null when by_id */
  StokerUuid id;
  StokerFetchPartition *partitions;
  int32_t n_partitions;
} StokerFetchTopic;

typedef struct StokerForgottenTopic
{
  StokerStr name;
  StokerUuid id;
  int32_t *partitions;
  int32_t n_partitions;
} StokerForgottenTopic;

typedef struct StokerFetch
{
  StokerCall call;
  bool by_id;                /* topics are named by id (v13+) */
  int32_t replica_id;        /* >= 0: a follower; -1 consumer */
  int64_t replica_epoch;     /* -1 */
  int32_t max_wait_ms, min_bytes, max_bytes;
  int8_t isolation;          /* 0 read_uncommitted, 1 read_committed */
  int32_t session_id, session_epoch; /* 0 and -1: no session */
  StokerStr rack_id;
  int32_t magic;             /* what the client understands: 0, 1 or 2; older ones get converted records */
  bool strict_max_bytes;     /* v0-2: hard limit, the first message may be cut */
  StokerFetchTopic *topics;
  int32_t n_topics;
  StokerForgottenTopic *forgotten;
  int32_t n_forgotten;
  /* out */
  int16_t error;             /* of the whole request */
  int32_t out_session_id;
  StokerFetchTopic *results;
  int32_t n_results;
  StokerNode *nodes;         /* the leaders that the results name, as far as they are known */
  int32_t n_nodes;
} StokerFetch;

STOKER_EXPORT void stoker_fetch (StokerFetch *req);
/* Gives back the references that the results still hold (after encoding, or when the answer is not sent). */
STOKER_EXPORT void stoker_fetch_release (StokerFetch *req);

typedef struct StokerListOffsetsPartition
{
  int32_t partition;
  int32_t current_leader_epoch;
  int64_t timestamp;
  int32_t max_num_offsets; /* v0 */
  /* out */
  int16_t error;
  int64_t out_timestamp, out_offset; /* -1 */
  int32_t out_leader_epoch;
  int64_t *old_offsets; /* v0 */
  int32_t n_old_offsets;
} StokerListOffsetsPartition;

typedef struct StokerListOffsetsTopic
{
  StokerStr name;
  StokerListOffsetsPartition *partitions;
  int32_t n_partitions;
} StokerListOffsetsTopic;

typedef struct StokerListOffsets
{
  StokerCall call;
  int32_t replica_id;
  int8_t isolation;
  bool old_style; /* v0 */
  StokerListOffsetsTopic *topics;
  int32_t n_topics;
} StokerListOffsets;

STOKER_EXPORT void stoker_list_offsets (StokerListOffsets *req);

typedef struct StokerEpochPartition
{
  int32_t partition;
  int32_t current_leader_epoch, leader_epoch;
  /* out */
  int16_t error;
  int32_t out_leader_epoch; /* -1 */
  int64_t end_offset;       /* -1 */
} StokerEpochPartition;

typedef struct StokerEpochTopic
{
  StokerStr name;
  StokerEpochPartition *partitions;
  int32_t n_partitions;
} StokerEpochTopic;

typedef struct StokerOffsetForEpoch
{
  StokerCall call;
  int32_t replica_id;
  StokerEpochTopic *topics;
  int32_t n_topics;
} StokerOffsetForEpoch;

STOKER_EXPORT void stoker_offset_for_epoch (StokerOffsetForEpoch *req);

typedef struct StokerDeleteRecordsPartition
{
  int32_t partition;
  int64_t offset; /* -1: high watermark */
  /* out */
  int16_t error;
  int64_t low_watermark; /* -1 on error */
} StokerDeleteRecordsPartition;

typedef struct StokerDeleteRecordsTopic
{
  StokerStr name;
  StokerDeleteRecordsPartition *partitions;
  int32_t n_partitions;
} StokerDeleteRecordsTopic;

typedef struct StokerDeleteRecords
{
  StokerCall call;
  int32_t timeout_ms;
  StokerDeleteRecordsTopic *topics;
  int32_t n_topics;
} StokerDeleteRecords;

STOKER_EXPORT void stoker_delete_records (StokerDeleteRecords *req);

STOKER_END_DECLS

#endif
