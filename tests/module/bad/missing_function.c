/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of functions has no pick. */
#define NAME missing_function
#define OPS &ops, .ops_size = sizeof ops
#include <stoker/partitioner.h>
static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, NULL };
#include "bad.h"
