/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of coordinator modules as tests: every rule of stoker/coordinator.h. Speaks to the module through its
 * table of functions only, and works below a node of its own, so that any store may be there already.
 */
#ifndef CONFORMANCE_COORDINATOR_SUITE_H
#define CONFORMANCE_COORDINATOR_SUITE_H

#include "test-host.h"

#include <stoker/coordinator.h>

typedef struct CoordFactory
{
  const char *name;
  /* A started instance on the store, new or as the ones before left it. */
  StokerInstance *(*start) (void *user, TestHost *h);
  /* Ends the instance as a crash of its process would, without close, and frees the host. When it returns a new session
   * finds none of its ephemerals. */
  void (*crash) (void *user, TestHost *h, StokerInstance *i);
  bool forgets; /* keeps nothing when it stops: what is said about that is not tested */
  void *user;   /* must live until g_test_run has returned */
} CoordFactory;

/* Adds the tests as /coordinator/NAME/.. */
void coordinator_conformance (const CoordFactory *f);

#endif
