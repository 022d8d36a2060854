/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: appending records (kafka-facts 3.1, 4.4) and what idempotent producers need (10.1).
 */
#ifndef STOKER_SERVICE_PRODUCE_H
#define STOKER_SERVICE_PRODUCE_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

typedef struct StokerRecordError
{
  int32_t batch_index;
  StokerStr message; /* null: none */
} StokerRecordError;

typedef struct StokerProducePartition
{
  int32_t partition;
  /* The records as they came: a v2 batch, or message sets of v0/v1. Patched in place. Must stay valid until
   * stoker_produce_flush has returned (not until done: bytes are taken over by then). null: an empty request. */
  StokerBytes records;
  /* out */
  int16_t error;
  int64_t base_offset;        /* -1 on error */
  int64_t log_append_time_ms; /* -1 unless the topic stamps */
  int64_t log_start_offset;   /* -1 on error */
  StokerRecordError *record_errors;
  int32_t n_record_errors;
  StokerStr error_message;    /* null: none */
  int32_t leader_id, leader_epoch; /* of the present leader, with error 6; -1 unknown */
} StokerProducePartition;

typedef struct StokerProduceTopic
{
  StokerStr name;
  StokerProducePartition *partitions;
  int32_t n_partitions;
} StokerProduceTopic;

typedef struct StokerProduce
{
  StokerCall call;
  StokerStr transactional_id; /* null: none */
  int16_t acks;               /* 0, 1, -1; anything else is answered INVALID_REQUIRED_ACKS */
  int32_t timeout_ms;
  StokerProduceTopic *topics;
  int32_t n_topics;
  /* out */
  StokerNode *nodes; /* the leaders that the partitions name, as far as they are known */
  int32_t n_nodes;
} StokerProduce;

/* Takes a request in. Appends of all requests taken in on this I/O thread are gathered, per partition, and written by the
 * next stoker_produce_flush (or earlier when much has gathered); done comes when the answer is due: at once with acks=0,
 * when durable with acks=1, when the high watermark has passed with acks=-1. */
STOKER_EXPORT void stoker_produce (StokerProduce *req);
/* Writes what was gathered on the calling I/O thread. A protocol calls it at the end of every read (input_end). */
STOKER_EXPORT void stoker_produce_flush (const StokerContext *ctx);

typedef struct StokerInitProducerId
{
  StokerCall call;
  StokerStr transactional_id; /* null: idempotent only */
  int32_t transaction_timeout_ms;
  int64_t producer_id; /* -1 */
  int16_t producer_epoch;
  /* out */
  int16_t error;
  int64_t out_producer_id;
  int16_t out_producer_epoch;
} StokerInitProducerId;

STOKER_EXPORT void stoker_init_producer_id (StokerInitProducerId *req);

STOKER_END_DECLS

#endif
