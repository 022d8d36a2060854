/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker without network and coordinator: real actors, real disk pools, storage/segment in a fresh directory, topics
 * as the test says. Services are called on I/O actors, as protocol modules do; the test's own thread waits.
 */
#ifndef TEST_BROKER_KIT_H
#define TEST_BROKER_KIT_H

#include "broker/broker.h"
#include "broker/io.h"
#include "broker/replicas.h"

#include "record/record.h"

#include <glib.h>

#define KIT_IO 2

typedef struct Kit Kit;

Kit *kit_new (void);
/* With further lines of configuration. */
Kit *kit_new_with (const char *config);
void kit_free (Kit *k);
/* Stops and starts the broker on the same directory. */
void kit_restart (Kit *k);
/* Drops what the page cache holds of the logs (a hint to the system). Right after kit_restart. */
void kit_make_cold (Kit *k);
/* How many folders of logs begin with `prefix` (those on their way out, *-delete, not counted). */
int kit_logs (Kit *k, const char *prefix);
StokerBroker *kit_broker (Kit *k);

/* A topic with n partitions led here, or new settings for it: "name=value" lines (NULL: none). min_isr > 1 with
 * replicas > 1: replicas 0
 * .. replicas-1 are assigned, ISR is 0 only. */
void kit_topic (Kit *k, const char *name, int n, const char *settings);
void kit_topic_replicas (Kit *k, const char *name, int n, int replicas, const char *settings);
/* A topic of one partition whose leader, epoch 4, is another broker: at there:9093 in rack "r". */
void kit_topic_elsewhere (Kit *k, const char *name, int32_t leader);
void kit_drop_topic (Kit *k, const char *name);
StokerUuid kit_topic_id (const char *name);

/* Runs fn (user) on an actor and waits for its end. io -1: control. */
void kit_on (Kit *k, int io, void (*fn) (void *user), void *user);

/* ---- calls. A call has its own arena and records when it was done. */
typedef struct Call
{
  Kit *kit;
  StokerArena *arena;
  StokerCall *call; /* the request's first member */
  bool done;
  int io;
} Call;

/* Fills the head of a request for I/O thread `io`. */
void kit_call_init (Kit *k, Call *c, StokerCall *call, int io, int api_key, int version);
/* Calls service (request) on its I/O thread, then flushes produce there; returns without waiting for done. */
void kit_call_send (Call *c, void (*service) (void *request));
/* The same, but does not even wait for the call to begin. */
void kit_call_post (Call *c, void (*service) (void *request));
/* Waits for done, at most 60 s. */
void kit_call_wait (Call *c);
bool kit_call_is_done (Call *c);
void kit_call_cancel (Call *c);
void kit_call_clear (Call *c);
#define kit_call(c, service)                                                                                           \
  do {                                                                                                                 \
    kit_call_send ((c), (void (*) (void *)) (service));                                                                \
    kit_call_wait (c);                                                                                                 \
  } while (0)

/* ---- produce */
/* One batch of n records with values "PREFIXi"; producer_id -1: not idempotent. */
typedef struct Batch
{
  int n;
  const char *key, *prefix;
  int64_t timestamp, producer_id;
  int32_t sequence;
  int codec;
} Batch;
StokerBytes kit_batch (Kit *k, StokerArena *arena, const Batch *b);

typedef struct Produce
{
  Call c;
  StokerProduce req;
  StokerProduceTopic topic;
  StokerProducePartition part;
} Produce;

/* One partition of one topic. */
void kit_produce_init (Kit *k, Produce *p, int io, const char *topic, int partition, int acks, StokerBytes records);
/* The whole way; returns the base offset, fails the test on an error. */
int64_t kit_produce (Kit *k, const char *topic, int partition, int n, const char *prefix);

/* ---- fetch */
typedef struct Fetch
{
  Call c;
  StokerFetch req;
  StokerFetchTopic *topics;
} Fetch;

/* n partitions of one topic, all from offset 0, max_wait 0, version 11. */
void kit_fetch_init (Kit *k, Fetch *f, int io, const char *topic, int n);
/* What was returned for partition `index` of the answer's only topic: concatenated values "a,b,c" in the arena; the
 * part itself in *out. */
char *kit_fetch_values (Fetch *f, int32_t partition, StokerFetchPartition **out);
StokerFetchPartition *kit_fetch_part (Fetch *f, int32_t partition); /* NULL: not told */
void kit_fetch_clear (Fetch *f);

#endif
