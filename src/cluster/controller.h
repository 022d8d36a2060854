/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's part in the cluster, on the coordinator's tree in Kafka 3.9's layout (kafka-facts 6, 7): session,
 * registration, election, and, while this broker is the active controller, the state of all topics and partitions. A
 * single node is a cluster of one: everything goes through the tree, nothing is done twice for it.
 *
 * What the cluster looks like is published as a snapshot (b->meta) after the local replicas (b->replicas) have been
 * told.
 *
 * Thread: control actor for everything here.
 */
#ifndef STK_CLUSTER_CONTROLLER_H
#define STK_CLUSTER_CONTROLLER_H

#include "broker/broker.h"
#include "meta/store.h"

#include <stoker/coordinator.h>

typedef void (*StkControllerDone) (void *user, const StokerError *err); /* err NULL: it went well */

/* `coordinator` is a started instance; its session belongs to the controller (open, close); others may use it in
 * between. */
StkController *stk_controller_new (StokerBroker *b, StokerInstance *coordinator);
/* Stage 1, before the log directories are used: opens the session, makes the standing paths, reads or makes the cluster
 * id. A tree without one gets the id that stands in b->cluster_id already (from meta.properties; "": none). Then
 * b->cluster_id is set. `if_new` (copied; NULL or an empty text: none) is the error to end with, and nothing is written,
 * when the tree has no cluster id yet. */
void stk_controller_join (StkController *c, const StokerError *if_new, StkControllerDone done, void *user);
/* Stage 2, when directories are attached and listeners bound: registers with these endpoints (copied), takes part in
 * the election, reads the tree, brings up the partitions of this broker. Then b->epoch is set and the first complete
 * snapshot is published. Needs b->meta and b->replicas. */
void stk_controller_start (StkController *c, const StkMetaEndpoint *endpoints, int32_t n, StkControllerDone done,
                           void *user);
/* Answers what waits, gives up the registration (and the controllership) and closes the session; `done` comes later,
 * never inside. */
void stk_controller_stop (StkController *c, void (*done) (void *user), void *user);
/* After stop, or when join was never called. */
void stk_controller_free (StkController *c);

/* b->config has other values than before (reload): topics get their settings anew. */
void stk_controller_settings_changed (StkController *c);

/* Partitions of these topics that lived here went offline with their log directory: they are published anew. */
void stk_controller_replicas_changed (StkController *c, const StokerStr *topics, size_t n);

/* Is this broker the active controller? */
bool stk_controller_active (const StkController *c);

/* A producer id that was never given before, anywhere in the cluster. `done` may come inside the call; error 0, or an
 * error code to answer with (the id is -1). */
void stk_controller_producer_id (StkController *c, void (*done) (void *user, int16_t error, int64_t id), void *user);

/* Calls fn with the name of each topic that is gone, after its partitions are. One listener (group offsets). */
void stk_controller_on_topic_deleted (StkController *c, void (*fn) (void *user, StokerStr topic), void *user);

#endif
