/* SPDX-License-Identifier: Apache-2.0
 *
 * A multi under construction, and short calls of the coordinator's functions.
 *
 * Thread: control actor.
 */
#ifndef STK_CLUSTER_MULTI_H
#define STK_CLUSTER_MULTI_H

#include <stoker/coordinator.h>

/* The coordinator as the cluster code holds it. */
typedef struct StkTree
{
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
} StkTree;

#define STK_NO_WATCH ((StokerCoordWatch){ NULL, NULL })

StkTree stk_tree_of (StokerInstance *coordinator);
/* `data` NULL: null. Nobody may want the answer: done NULL. */
void stk_tree_create (const StkTree *t, const char *path, const char *data, uint32_t flags, StokerCoordDone done,
                      void *user);
void stk_tree_set (const StkTree *t, const char *path, const char *data, int32_t version, StokerCoordDone done,
                   void *user);
void stk_tree_remove (const StkTree *t, const char *path, int32_t version, StokerCoordDone done, void *user);
void stk_tree_get (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);
void stk_tree_exists (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);
void stk_tree_children (const StkTree *t, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);

typedef struct StkMulti StkMulti;
StkMulti *stk_multi_new (void);
/* Paths are copied, data (may be NULL) is taken over. */
void stk_multi_check (StkMulti *m, const char *path, int32_t version);
void stk_multi_create (StkMulti *m, const char *path, char *data, uint32_t flags);
void stk_multi_set (StkMulti *m, const char *path, char *data, int32_t version);
void stk_multi_remove (StkMulti *m, const char *path, int32_t version);
size_t stk_multi_size (const StkMulti *m);
/* Sends and frees it. */
void stk_multi_send (StkMulti *m, const StkTree *t, StokerCoordDone done, void *user);
void stk_multi_free (StkMulti *m);

#endif
