/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads all groups and offsets back from the coordinator's tree.
 */
#ifndef STK_GROUP_TREE_LOAD_H
#define STK_GROUP_TREE_LOAD_H

#include "group/store.h"

/* Which of its nodes something has. */
enum
{
  STK_MADE_NODE = 1,   /* offset, topic: its node; group: /consumers/GROUP */
  STK_MADE_DETAIL = 2, /* offset: the node beside it; group: its offsets node */
  STK_MADE_TIME = 4,   /* offset: the detail names a time of its own */
  STK_MADE_STATE = 8,  /* group: its state */
};

typedef struct StkTreeLoad StkTreeLoad;

/* Begins; `over` (sink->user) comes after sink->loaded, or never when it is freed first. */
StkTreeLoad *stk_tree_load_new (const StkGroupsHost *host, const StkStoreSink *sink);
void stk_tree_load_free (StkTreeLoad *l);

#endif
