/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker's part in its cluster: the session with the coordinator, the cluster's id, the broker's registration, the
 * election of the controller, and keeping metadata snapshot and local replicas as the tree says. What src/control/startup.c
 * calls; the controller and the topic services live behind it. A single node on the embedded coordinator is a cluster of one.
 *
 * Thread: control; every `done` comes on control, later, never inside the call.
 */
#ifndef STK_CLUSTER_CLUSTER_H
#define STK_CLUSTER_CLUSTER_H

#include "broker/broker.h"
#include "meta/snapshot.h"

typedef struct StkCluster StkCluster;

/* Nothing is asked of the coordinator yet. Sets b->controller and b->topics. Needs b->registry (its default coordinator instance is
 * started), b->config, b->meta, b->replicas. */
StkCluster *stk_cluster_new (StokerBroker *b);
/* After leave, or without identify. */
void stk_cluster_free (StkCluster *c);

/* Opens the session, makes the standing paths (kafka-facts 6.1) and finds the cluster's id; where the tree has none it gets `wanted` (NULL: a new
 * one). Fills b->cluster_id. */
void stk_cluster_identify (StkCluster *c, const char *wanted, void (*done) (void *user, const StokerError *err), void *user);

/* Registers the broker under the given endpoints (ports as bound), runs for controller, loads what the tree holds, brings the local
 * replicas to it, and publishes the first snapshot with it. After done the broker can serve. Fills b->epoch. */
void stk_cluster_join (StkCluster *c, const StkMetaEndpoint *endpoints, int32_t n_endpoints,
                       void (*done) (void *user, const StokerError *err), void *user);

/* Ends the session: the registration goes at once. Requests that wait for the tree are answered. */
void stk_cluster_leave (StkCluster *c, void (*done) (void *user), void *user);

#endif
