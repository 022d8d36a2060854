/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics and partitions as the controller knows them: what stands in the tree, with the versions of the nodes, so that
 * it can be changed conditionally.
 *
 * Thread: control actor.
 */
#ifndef STK_CLUSTER_STATE_H
#define STK_CLUSTER_STATE_H

#include "meta/snapshot.h"

typedef struct StkIds
{
  int32_t *ids;
  int32_t n;
} StkIds;

typedef struct StkPartitionState
{
  StkIds replicas;         /* the first is preferred */
  StkIds adding, removing; /* while it is being moved */
  StkIds isr;
  int32_t leader;           /* -1: none */
  int32_t leader_epoch;     /* -1: no state node yet (New) */
  int32_t controller_epoch; /* that wrote the state */
  int32_t version;          /* of the state node: the partition epoch */
  bool recovering;          /* elected uncleanly, not yet confirmed */
  bool has_dir;             /* its node is there */
  bool writing;             /* a new state is on its way to the tree */
  bool broken;              /* its log on this broker could not be opened */
} StkPartitionState;

typedef struct StkTopicState
{
  int refs; /* requests under way hold one each */
  char *name;
  StokerUuid id;   /* zero: none yet */
  int32_t version; /* of the topic's node */
  StkPartitionState *partitions;
  int32_t n_partitions;
  StkMetaPair *overrides; /* of /config/topics/T */
  size_t n_overrides;
  int32_t offline; /* partitions without a usable leader, when it was last published */
  bool has_dir;    /* the node above its partitions is there */
  bool gone;       /* not in the controller's table any more */
  bool deleting;   /* /admin/delete_topics/T is there */
  bool dirty;      /* changed since it was last published */
} StkTopicState;

StkIds stk_ids_copy (const int32_t *ids, int32_t n);
void stk_ids_clear (StkIds *ids);
bool stk_ids_have (const StkIds *ids, int32_t id);

/* A topic without partitions; one reference. */
StkTopicState *stk_topic_state_new (const char *name);
StkTopicState *stk_topic_state_ref (StkTopicState *t);
void stk_topic_state_unref (StkTopicState *t); /* NULL is allowed */
/* Makes room for partitions up to n; new ones have no replicas and no state. */
void stk_topic_state_grow (StkTopicState *t, int32_t n);
void stk_partition_state_clear (StkPartitionState *p);

void stk_pairs_free (StkMetaPair *pairs, size_t n);
StkMetaPair *stk_pairs_copy (const StkMetaPair *pairs, size_t n);

/* As readers see it; one reference. */
StkMetaTopic *stk_topic_state_publish (const StkTopicState *t);

#endif
