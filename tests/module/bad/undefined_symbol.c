/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls a function that nobody has. */
#include <stoker/partitioner.h>
extern int stoker_no_such_function (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys,
                                    size_t n, int32_t *out);
static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, stoker_no_such_function };
#define NAME undefined_symbol
#define OPS &ops, .ops_size = sizeof ops
#include "bad.h"
