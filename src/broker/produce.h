/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the produce path share: produce.c (the request and its answer), produce_check.c (Kafka's checks, in
 * its order), gather.c (one write per partition and flush).
 */
#ifndef STK_BROKER_PRODUCE_H
#define STK_BROKER_PRODUCE_H

#include "broker/call.h"
#include "broker/table.h"

typedef struct StkProduceState StkProduceState;

/* One partition of a request. */
typedef struct StkProduceSlot
{
  StkWaiter waiter;
  StkProduceState *state;
  StokerProducePartition *out;
  StkPartition *partition; /* referenced while gathered or waiting */
  StokerStr topic;
  StokerBuf rebuilt; /* what is appended in place of the caller's bytes, when that differs */
  int64_t log_append_time_ms;
  int64_t need; /* the end that acks wait for */
} StkProduceSlot;

struct StkProduceState
{
  StkCallWait wait; /* first: call->core */
  StokerProduce *req;
  StkIo *io;
  StkTimer timer;
  int gathered, waiting; /* slots that are not settled */
  size_t bytes;
  bool cancelled, taking;
  bool answering;        /* in the list of those that a flush will answer or put to sleep */
  StkProduceState *next; /* in the list of those to be answered */
  int n_slots;
  StkProduceSlot slots[];
};

/* One partition's appends on one I/O thread. */
typedef struct StkGather
{
  StkPartition *partition; /* referenced and entered */
  StokerAppend *items;
  StkProduceSlot **slots;
  uint32_t n, cap;
  size_t bytes;
  int32_t chain; /* next of the same bucket, -1 none */
} StkGather;

#define STK_GATHER_BUCKETS 64u

struct StkGathered
{
  StkGather *list;
  uint32_t n, cap;
  int32_t bucket[STK_GATHER_BUCKETS];
};

/* Adds an append; takes over the caller's enter and reference of slot->partition. True when this partition has gathered
 * so much that everything should be written now. */
bool stk_gather_add (StkIo *io, StkProduceSlot *slot, const StokerAppend *item);
/* Writes all; calls settle (slot, item, ends) for every slot. */
void stk_gather_flush (StkIo *io,
                       void (*settle) (StkProduceSlot *slot, const StokerAppend *item, const StokerLogEnds *ends));
void stk_gather_free (StkGathered *g);

/* The checks of the request before any append (kafka-facts 3.1 steps 1-5); sets out->error of every partition that
 * fails. */
void stk_produce_check_request (StkIo *io, StokerProduce *req);
/* Leadership, replicas and the records themselves (steps 6-9). On success the partition is entered and referenced in
 * slot->partition, and *item is ready to be appended; else slot->out has the error. */
bool stk_produce_check_partition (StkIo *io, StokerProduce *req, const StkHosted *topic, StkProduceSlot *slot,
                                  StokerAppend *item);

#endif
