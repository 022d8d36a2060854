/* SPDX-License-Identifier: Apache-2.0
 *
 * A world for the group coordinator's tests: virtual time, a coordinator tree in memory whose answers take time and can
 * be lost, and calls that are answered from a loop. Everything runs inside fake_run_for and friends.
 */
#ifndef TEST_GROUP_FAKE_H
#define TEST_GROUP_FAKE_H

#include "group/groups.h"

#include <glib.h>

typedef struct Fake
{
  int64_t now_us, wall_ms; /* wall_ms: at now_us 0 */
  uint64_t random;
  GPtrArray *timers; /* StkTimer */
  GQueue requests;   /* to the coordinator: Request */
  GQueue finished;   /* StokerCall */
  int64_t latency_us;
  bool away; /* the coordinator answers nothing */
  int lose;  /* so many of the next multis are carried out, but the answer is lost */
  int fail;  /* so many of the next multis are not carried out, and nobody knows */
  unsigned multis, multi_ops;
  GHashTable *tree; /* path -> Node */
  StokerInstance instance;
  StokerModule module;
  StkGroupsConfig config;
  StkGroups *groups;
  GHashTable *no_topics; /* names that do not exist */
  StokerContext ctx;
} Fake;

Fake *fake_new (uint64_t seed);
void fake_free (Fake *f);
/* A new coordinator on the same tree, loaded when this returns. */
void fake_start (Fake *f);
/* Begins only; *loaded (may be NULL) becomes true later. */
void fake_begin (Fake *f, bool *loaded);
void fake_stop (Fake *f);
/* As kill -9: what is on its way is carried out in part; nobody is answered any more by the old one. */
void fake_crash (Fake *f);
/* Runs what is due within the next `us`. */
void fake_run_for (Fake *f, int64_t us);
/* Runs until *flag, at most a minute of virtual time; fails the test then. */
void fake_run_until (Fake *f, const bool *flag);

/* The data of a node as text; NULL: no such node. Borrowed until it changes. */
const char *fake_get (Fake *f, const char *path);
/* From outside: writes (creating parents) or deletes with everything below. */
void fake_set (Fake *f, const char *path, const char *data);
void fake_delete (Fake *f, const char *path);
uint64_t fake_random (Fake *f);

#endif
