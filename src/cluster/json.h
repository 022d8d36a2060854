/* SPDX-License-Identifier: Apache-2.0
 *
 * The contents of the tree's nodes: what Kafka 3.9 writes, and reading that and its older versions (kafka-facts 6).
 * Written texts are g_free'd by the caller. Reading never trusts: what is not as it should be gives false (or NULL)
 * with a text in *err.
 *
 * Thread: pure functions.
 */
#ifndef STK_CLUSTER_JSON_H
#define STK_CLUSTER_JSON_H

#include "cluster/state.h"

#include <stoker/error.h>

char *stk_json_cluster_id (const char *id);
bool stk_json_read_cluster_id (StokerBytes data, char out[STOKER_UUID_TEXT], StokerError *err);

/* /brokers/ids/N, version 5. */
char *stk_json_broker (const StkMetaBroker *b, int64_t now_ms);
/* Versions 1 to 5; a counted object. */
StkMetaBroker *stk_json_read_broker (StokerBytes data, int32_t id, int64_t epoch, StokerError *err);

/* /controller */
char *stk_json_controller (int32_t id, int64_t now_ms);
bool stk_json_read_controller (StokerBytes data, int32_t *out_id, StokerError *err);

/* /brokers/topics/T: id and assignment of all partitions. Reading fills a new topic (versions 1 to 3: the id may be
 * zero) with partitions that have no state yet. */
char *stk_json_topic (const StkTopicState *t);
bool stk_json_read_topic (StokerBytes data, StkTopicState *t, StokerError *err);

/* /brokers/topics/T/partitions/P/state: leader, leader_epoch, controller_epoch, isr. */
char *stk_json_state (const StkPartitionState *p);
bool stk_json_read_state (StokerBytes data, StkPartitionState *p, StokerError *err);

/* /config/TYPE/NAME. Reading gives a new array, in no order; free with stk_pairs_free. */
char *stk_json_config (const StkMetaPair *pairs, size_t n);
bool stk_json_read_config (StokerBytes data, StkMetaPair **out, size_t *out_n, StokerError *err);

/* /config/changes/config_change_N: "topics/T". Versions 1 and 2; g_free. */
char *stk_json_config_change (const char *entity_path);
char *stk_json_read_config_change (StokerBytes data, StokerError *err);

/* /feature, as a ZooKeeper cluster keeps it: enabled and empty. */
char *stk_json_feature (void);

/* /latest_producer_id_block; an empty node (null or no bytes) means no block yet: *out_end is -1. */
char *stk_json_producer_block (int32_t broker, int64_t start, int64_t end);
bool stk_json_read_producer_block (StokerBytes data, int64_t *out_end, StokerError *err);

#endif
