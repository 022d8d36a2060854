/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of functions is of a later version of the kind. */
#define NAME table_too_new
#define OPS &ops, .ops_size = sizeof ops
#include <stoker/partitioner.h>
static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION + 1 }, NULL };
#include "bad.h"
