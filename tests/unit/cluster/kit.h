/* SPDX-License-Identifier: Apache-2.0
 *
 * One broker's part in the cluster on a simulated machine: coordinator/local on its disk, the controller, no replicas.
 * It can be stopped and started again.
 */
#ifndef TEST_CLUSTER_KIT_H
#define TEST_CLUSTER_KIT_H

#include "cluster/internal.h"
#include "module/host.h"
#include "sim/sim.h"

#include <glib.h>

typedef struct Kit
{
  StkSim *sim;
  StkWorld *world;
  StkBrokerConfig *config;
  StokerHost host;
  StkPool *pool;
  StokerBroker b;
  StokerInstance *coordinator;
  const StokerCoordinatorOps *ops;
  const StokerCoordinatorOps *tree_ops; /* the controller's from the next start on; NULL: ops */
  StokerError err; /* of join or start; code 0: none */
  bool answered;
  /* the newest answer of kit_get .. */
  int code;
  char *data; /* NULL: null */
  StokerCoordStat stat;
  GPtrArray *children;
  GString *log;
  StokerContext ctx;
  StokerArena *arena; /* what services answer lives as long as the kit */
} Kit;

/* Config: "key = value" lines. */
Kit *kit_new (const char *config);
/* Joins and starts; fails the test if that does not work. */
void kit_start (Kit *k);
/* The same up to what goes wrong. */
bool kit_try_start (Kit *k);
void kit_stop (Kit *k);
void kit_free (Kit *k); /* stops it too */

/* Runs until *flag. */
void kit_until (Kit *k, const bool *flag);
/* Lets everything settle. */
void kit_settle (Kit *k);

int kit_create (Kit *k, const char *path, const char *data);
int kit_set (Kit *k, const char *path, const char *data);
int kit_remove (Kit *k, const char *path);
int kit_get (Kit *k, const char *path);
int kit_children (Kit *k, const char *path);

/* Asks a service (its request's call is filled in here) and waits for the answer; begin does not wait. */
void kit_call (Kit *k, void (*service) (void *request), void *request);
void kit_call_begin (Kit *k, void (*service) (void *request), void *request);

const StkSnapshot *kit_snapshot (Kit *k);
const StkMetaTopic *kit_topic (Kit *k, const char *name);

#endif
