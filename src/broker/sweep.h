/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over all logs for retention (cleaner modules) and the expiry of producers: one log after the other on its
 * disk pool, so that it never stands in the way of more than one other job.
 */
#ifndef STK_BROKER_SWEEP_H
#define STK_BROKER_SWEEP_H

#include "broker/partition.h"
#include "broker/table.h"

#include <stoker/cleaner.h>

/* What the cleaners that serve the topic's cleanup.policy say about one log, carried out. Disk thread, between enter
 * and leave, as structural work. `cleaners`: instances. */
void stk_sweep_clean (StkPartition *p, const StokerTopicConfig *config, const GPtrArray *cleaners, int64_t now_ms);

#endif
