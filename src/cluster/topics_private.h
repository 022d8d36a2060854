/* SPDX-License-Identifier: Apache-2.0
 *
 * What the topic requests share; private to src/cluster. One file per request: create_topics.c, delete_topics.c,
 * create_partitions.c, alter_configs.c; topic_plan.c checks a new topic and places its replicas; topics.c waits for what was written
 * to show in the published snapshot.
 *
 * Thread: control actor.
 */
#ifndef STK_CLUSTER_TOPICS_PRIVATE_H
#define STK_CLUSTER_TOPICS_PRIVATE_H

#include "cluster/internal.h"
#include "cluster/json.h"
#include "cluster/topics.h"
#include "meta/store.h"

#include <stoker/service/topics.h>

/* Something that waits for a later snapshot. */
typedef struct StkTopicWait StkTopicWait;
struct StkTopicWait
{
  StkTopicWait *next;
  StkTopics *topics;
  StkTimer timer;
  /* Does this snapshot show it? */
  bool (*ready) (void *user, const StkSnapshot *s);
  /* Ends once: timed_out false when ready said yes. */
  void (*end) (void *user, bool timed_out);
  void *user;
};

struct StkTopics
{
  StokerBroker *b;
  StkTopicWait *waits;
  bool stopped;
};

/* How long a request may take, all its steps together. */
typedef struct StkTopicTime
{
  int64_t write_us; /* when what is written must be answered .. */
  int64_t wait_us;  /* .. and when the wait for it to show ends; on the control actor's clock */
} StkTopicTime;
/* From now. timeout_ms <= 0: the writes get five seconds, and nothing is waited for. */
StkTopicTime stk_topics_time (const StkTopics *t, int64_t timeout_ms);
/* Calls end (user, ..) once: when a published snapshot is ready, when the time is over, or at a stop (timed out). May come inside the
 * call. */
void stk_topics_wait (StkTopics *t, StkTopicTime time, bool (*ready) (void *user, const StkSnapshot *s),
                      void (*end) (void *user, bool timed_out), void *user);
/* Makes a call to the coordinator answer in time: pass stk_topics_bounded with the result as `done` and `user`; then done (user, ..) is
 * called once, with the reply or, when the time is over, with CONNECTION_LOSS: a coordinator whose disk is full holds changes back until
 * there is room, and clients must not wait for that. */
void *stk_topics_bound (StkTopics *t, StkTopicTime time, StokerCoordDone done, void *user);
void stk_topics_bounded (void *user, const StokerCoordReply *reply);
/* NOT_CONTROLLER unless this broker is the active controller and takes requests. */
int16_t stk_topics_active (const StkTopics *t);
/* The names (StokerStr at `offset` of each of n items of `size` bytes) that occur more than once: a set of StokerStr *. It looks into the
 * items; unref it before they go. */
GHashTable *stk_names_twice (const void *items, size_t size, size_t offset, int32_t n);
/* What a coordinator's answer means for a client. */
int16_t stk_topics_code (int coord_code);

/* More is refused with INVALID_PARTITIONS, in one topic as in all of a request together: a request of a few bytes must not make
 * millions of files, nor hold up everybody else while they are planned. */
#define STK_TOPIC_MAX_PARTITIONS 200000

/* ---- topic_plan.c */
/* Does the setting `name`, when it names a module instance (storage.engine, partitioner), name one that is loaded? True for every
 * other setting and for an empty value. */
bool stk_topics_instance_exists (const StkTopics *t, StokerStr name, const char *value);
/* A topic to be: what will be written. */
typedef struct StkTopicPlan
{
  StkTopicState *state; /* name, id, assignment, overrides */
  int16_t error;
  char *message; /* NULL: none */
} StkTopicPlan;

/* Checks in Kafka's order (kafka-facts 3.7) against the snapshot; fills plan->state, or error and message. *left: how many partitions
 * the request may still have, less those of this topic afterwards. */
void stk_topic_plan (StkTopics *t, const StokerCreateTopic *in, bool internal_defaults, int64_t *left, StkTopicPlan *plan);
/* Refuses the plan when its name and one that is planned already differ in '.' and '_' only. `names` (string set, owned by the
 * caller) holds the names of the request so far. */
void stk_topic_plan_apart (StkTopicPlan *plan, GHashTable *names);
void stk_topic_plan_clear (StkTopicPlan *plan);
/* Replicas for partitions [from, from + count) of a topic, into state->partitions; -1 partitions keep theirs. */
void stk_topic_place (StkTopics *t, StkTopicState *state, int32_t from, int32_t count, int32_t factor);
/* Takes replicas as given; false with a message when they are not a valid assignment of `count` partitions beginning at `from`. */
bool stk_topic_assign (StkTopics *t, StkTopicState *state, int32_t from, int32_t count, const StokerAssignment *given, char **message);

#endif
