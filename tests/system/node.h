/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker inside the test's process, in the real world or in the simulated one.
 */
#ifndef TEST_SYSTEM_NODE_H
#define TEST_SYSTEM_NODE_H

#include "broker/broker.h"
#include "net/spread.h"
#include "sim/sim.h"

#include <pthread.h>

typedef struct Node
{
  StokerBroker *broker;
  char *dir;       /* of the data; set before open */
  StokerError err; /* of the start */
  bool started, stopped;
  pthread_mutex_t lock;
  pthread_cond_t cond;
} Node;

/* Begins to start it on a free port, with more lines of configuration; spread NULL: the usual. */
void node_open (Node *n, StkWorld *w, int id, const char *more, const StkSpreadSettings *spread);
/* Waits for n->started or n->stopped. */
void node_wait (Node *n, const bool *flag);
/* Begins to stop it. */
void node_stop (Node *n);
/* Waits until it has stopped, frees it. */
void node_close (Node *n);

/* The same in the simulated world, where waiting is stepping: started when it returns; stopped and freed. */
void node_open_sim (Node *n, StkSim *s, StkWorld *w, int id, const char *more, const StkSpreadSettings *spread);
void node_close_sim (Node *n, StkSim *s);

#endif
