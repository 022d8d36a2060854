/* SPDX-License-Identifier: Apache-2.0
 *
 * Compaction in the broker: which log is cleaned when, and on which thread (what a run does is in clean_log.h). It has
 * threads of its own, log.cleaner.threads of them, each with one log at a time: the one that the cleaner module finds
 * most urgent. Partitions that cannot be cleaned are remembered until the broker is started anew and do not keep the
 * others waiting.
 */
#ifndef STK_BROKER_CLEANER_H
#define STK_BROKER_CLEANER_H

#include "broker/partition.h"
#include "broker/replicas.h"

typedef struct StkCleaner StkCleaner;

/* What StkPartition.cleaning says. */
enum
{
  STK_CLEANING_NOT = 0,
  STK_CLEANING_NOW = 1,
  STK_CLEANING_PAUSED = 2,     /* the last run failed at the disk: again after a while */
  STK_CLEANING_IMPOSSIBLE = 3, /* its data is damaged */
};

StkCleaner *stk_cleaner_new (StkReplicas *r);
/* After stopped, or never started. NULL is allowed. */
void stk_cleaner_free (StkCleaner *c);
/* From when the directories are attached until the logs are closed; control actor. `stopped` is called on it, perhaps
 * at once. */
void stk_cleaner_start (StkCleaner *c);
void stk_cleaner_stop (StkCleaner *c, void (*stopped) (void *user), void *user);
/* The log of a partition was removed. Control actor. */
void stk_cleaner_forget (StkCleaner *c, const char *topic, int32_t partition);

#endif
