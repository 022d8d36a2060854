/* SPDX-License-Identifier: Apache-2.0
 *
 * Brokers and topics of the snapshot in the form in which the metadata services tell of them. Everything is copied to
 * the call's arena. I/O thread of the call.
 */
#ifndef STK_BROKER_TOPIC_INFO_H
#define STK_BROKER_TOPIC_INFO_H

#include "broker/broker.h"
#include "meta/store.h"

/* What the call's I/O thread knows of the cluster; borrowed until the next look on this thread. */
const StkSnapshot *stk_call_snapshot (const StokerCall *call);
/* The live brokers that have an endpoint on the call's listener; how many. */
int32_t stk_info_nodes (const StokerCall *call, const StkSnapshot *snap, StokerNode **out);
/* Adds broker `id`, unless it is there or has no endpoint on the call's listener, to nodes[0..*n) (NULL at first). */
void stk_info_add_node (const StokerCall *call, const StkSnapshot *snap, int32_t id, StokerNode **nodes, int32_t *n);
/* The topic with its partitions [from, from + n). */
void stk_info_topic (const StokerCall *call, const StkSnapshot *snap, const StkMetaTopic *t, int32_t from, int32_t n,
                     StokerTopicInfo *out);
void stk_info_error (const StokerCall *call, const StokerTopicRef *ref, int16_t error, StokerTopicInfo *out);
/* 0, or the code to answer with. */
int16_t stk_info_may_describe (const StokerCall *call, StokerStr topic);
/* Bits of the operations that the caller may do. */
int32_t stk_info_topic_operations (const StokerCall *call, StokerStr topic);
int32_t stk_info_cluster_operations (const StokerCall *call);

#endif
