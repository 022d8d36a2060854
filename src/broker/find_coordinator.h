/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partition of __consumer_offsets a group belongs to. Pure functions.
 */
#ifndef STK_BROKER_FIND_COORDINATOR_H
#define STK_BROKER_FIND_COORDINATOR_H

#include <stoker/types.h>

/* Java's String.hashCode of UTF-8 text. */
int32_t stk_java_hash (StokerStr s);
/* -1 when the topic has no partitions. */
int32_t stk_group_partition (StokerStr group_id, int32_t n_partitions);

#endif
