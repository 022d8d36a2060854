/* SPDX-License-Identifier: Apache-2.0
 *
 * What the cluster looks like at one moment: brokers, topics, partitions, topic settings. A snapshot never changes: the
 * control actor makes a new one for every change and publishes it (meta/store.h), readers on any thread keep the one
 * they hold. A new snapshot shares every topic and broker that did not change, and the index of all topics but for the
 * shards that did: making one costs microseconds, whatever the number of topics.
 *
 * Everything reached from a snapshot lives as long as a reference to the snapshot is held.
 * Thread: any for reading, ref and unref; building belongs to whoever holds the builder.
 */
#ifndef STK_META_SNAPSHOT_H
#define STK_META_SNAPSHOT_H

#include <stoker/types.h>

/* ---- brokers */
typedef struct StkMetaEndpoint
{
  const char *listener; /* name: "PLAINTEXT" */
  const char *host;
  int32_t port;
  int16_t protocol; /* PLAINTEXT 0, SSL 1, SASL_PLAINTEXT 2, SASL_SSL 3 */
} StkMetaEndpoint;

typedef struct StkMetaBroker
{
  int32_t id;
  int64_t epoch;    /* czxid of its registration */
  const char *rack; /* NULL: none */
  const StkMetaEndpoint *endpoints;
  int32_t n_endpoints;
} StkMetaBroker;

/* A counted copy of everything `b` says. */
StkMetaBroker *stk_meta_broker_new (const StkMetaBroker *b);
StkMetaBroker *stk_meta_broker_ref (const StkMetaBroker *b);
void stk_meta_broker_unref (StkMetaBroker *b);
/* Its endpoint on the listener of that name, NULL: it has none. */
const StkMetaEndpoint *stk_meta_broker_endpoint (const StkMetaBroker *b, const char *listener);

/* ---- topics */
typedef struct StkMetaPartition
{
  int32_t leader;          /* broker id, -1: none */
  int32_t leader_epoch;    /* -1: the partition has no state yet */
  int32_t partition_epoch; /* version of its state node */
  const int32_t *replicas, *isr;
  int32_t n_replicas, n_isr;
} StkMetaPartition;

typedef struct StkMetaPair
{
  const char *name, *value;
} StkMetaPair;

typedef struct StkMetaTopic
{
  const char *name;
  uint32_t name_len;
  uint32_t hash; /* of the name; filled in by stk_meta_topic_new */
  StokerUuid id; /* zero: none (written by an old Kafka and not yet completed) */
  bool internal; /* filled in: __consumer_offsets, __transaction_state */
  const StkMetaPartition *partitions;
  int32_t n_partitions;
  const StkMetaPair *overrides; /* the topic's own settings, sorted by name */
  int32_t n_overrides;
} StkMetaTopic;

/* A counted copy of everything `t` says (overrides are sorted on the way). */
StkMetaTopic *stk_meta_topic_new (const StkMetaTopic *t);
StkMetaTopic *stk_meta_topic_ref (const StkMetaTopic *t);
void stk_meta_topic_unref (StkMetaTopic *t);
/* The value of one of its own settings, NULL: not overridden. */
const char *stk_meta_topic_override (const StkMetaTopic *t, const char *name);
bool stk_meta_topic_name_internal (StokerStr name);

/* ---- the snapshot */
#define STK_META_SHARDS 256

typedef struct StkMetaShard StkMetaShard;

typedef struct StkSnapshot
{
  _Atomic int refs;
  uint64_t version; /* counts up by one with each */
  const char *cluster_id;
  int32_t controller_id;               /* -1: unknown */
  int32_t controller_epoch;            /* -1 */
  const StkMetaBroker *const *brokers; /* live ones, by ascending id */
  int32_t n_brokers;
  int32_t n_topics, n_partitions;
  StkMetaShard *by_name[STK_META_SHARDS]; /* private: use the functions below */
  StkMetaShard *by_id[STK_META_SHARDS];
} StkSnapshot;

/* One that knows nothing: cluster id "", no brokers, no topics, version 0. */
StkSnapshot *stk_snapshot_new (void);
StkSnapshot *stk_snapshot_ref (const StkSnapshot *s);
void stk_snapshot_unref (StkSnapshot *s); /* NULL is allowed */

const StkMetaBroker *stk_snapshot_broker (const StkSnapshot *s, int32_t id);
const StkMetaTopic *stk_snapshot_topic (const StkSnapshot *s, StokerStr name);
const StkMetaTopic *stk_snapshot_topic_by_id (const StkSnapshot *s, StokerUuid id);
/* NULL: no such topic or partition. */
const StkMetaPartition *stk_snapshot_partition (const StkSnapshot *s, StokerStr topic, int32_t partition);
/* All topics, in name order, into topics[0 .. s->n_topics). */
void stk_snapshot_topics (const StkSnapshot *s, const StkMetaTopic **topics);

/* ---- building the next one */
typedef struct StkSnapshotBuilder StkSnapshotBuilder;

/* Starts from `base` (borrowed for the call). */
StkSnapshotBuilder *stk_snapshot_builder_new (const StkSnapshot *base);
void stk_snapshot_builder_set_cluster_id (StkSnapshotBuilder *b, const char *id);
void stk_snapshot_builder_set_controller (StkSnapshotBuilder *b, int32_t id, int32_t epoch);
/* Adds the broker or puts it in place of the one with its id; takes a reference. */
void stk_snapshot_builder_set_broker (StkSnapshotBuilder *b, const StkMetaBroker *broker);
void stk_snapshot_builder_remove_broker (StkSnapshotBuilder *b, int32_t id);
/* Adds the topic or puts it in place of the one of its name; takes a reference. */
void stk_snapshot_builder_set_topic (StkSnapshotBuilder *b, const StkMetaTopic *topic);
void stk_snapshot_builder_remove_topic (StkSnapshotBuilder *b, StokerStr name);
/* The snapshot, with one reference; frees the builder. */
StkSnapshot *stk_snapshot_builder_end (StkSnapshotBuilder *b);

#endif
