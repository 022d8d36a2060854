/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of groups in the coordinator's tree. A name that a path can hold stands there as it is, as old tools expect;
 * any other is sanitised as Kafka does (kafka-facts 6.1): percent-encoded, and read back by decoding. "%" alone is the
 * empty name.
 */
#ifndef STK_GROUP_TREE_PATH_H
#define STK_GROUP_TREE_PATH_H

#include <stoker/memory.h>

/* The component for a name; g_free. */
char *stk_path_encode (StokerStr name);
/* The name of a component; g_free, NUL-terminated, its length in *len. */
char *stk_path_decode (StokerStr component, size_t *len);
/* A decimal number without sign, leading zeros or anything else; false otherwise. */
bool stk_path_partition (StokerStr component, int32_t *out);

#endif
