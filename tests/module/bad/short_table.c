/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of functions ends before pick. */
#define NAME short_table
#define OPS &head, .ops_size = sizeof head
#include <stoker/partitioner.h>
static const StokerOpsHead head = { sizeof head, STOKER_PARTITIONER_VERSION };
#include "bad.h"
