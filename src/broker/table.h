/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of topics that have a partition here: immutable and counted; a change makes a new one that shares what did
 * not change. Every I/O thread keeps the one it saw last and looks at one number to know whether it is still the
 * newest.
 */
#ifndef STK_BROKER_TABLE_H
#define STK_BROKER_TABLE_H

#include "broker/io.h"
#include "broker/partition.h"

/* A topic of the table: immutable but for the count. New settings or partitions make a new one. */
typedef struct StkHosted
{
  _Atomic int refs;
  char *name; /* g_ref_string, NUL-terminated */
  uint32_t hash, name_len;
  StokerUuid id;
  bool internal;             /* __consumer_offsets, __transaction_state */
  StokerTopicConfig config;  /* its strings are owned here */
  int32_t n_partitions;      /* size of the array */
  StkPartition **partitions; /* NULL where this broker has no replica */
} StkHosted;

/* A new one with room for n partitions (all NULL); strings of `config` are copied. */
StkHosted *stk_hosted_new (StokerStr name, StokerUuid id, const StokerTopicConfig *config, int32_t n_partitions);
StkHosted *stk_hosted_ref (StkHosted *t);
void stk_hosted_unref (StkHosted *t); /* NULL is allowed */
/* The partition, borrowed from the topic; NULL when it is not here. */
static inline StkPartition *
stk_hosted_partition (const StkHosted *t, int32_t index)
{
  return index >= 0 && index < t->n_partitions ? t->partitions[index] : NULL;
}

struct StkTable
{
  _Atomic int refs;
  uint32_t mask; /* of both arrays */
  uint32_t n;
  StkHosted **by_name; /* open addressing */
  StkHosted **by_id;
};

/* A table of the n given topics (a reference to each is taken). */
StkTable *stk_table_new (StkHosted *const *topics, uint32_t n);
StkTable *stk_table_ref (StkTable *t);
void stk_table_unref (StkTable *t);
StkHosted *stk_table_find (const StkTable *t, StokerStr name);   /* borrowed */
StkHosted *stk_table_find_id (const StkTable *t, StokerUuid id); /* borrowed */

/* The newest table as the I/O thread sees it; borrowed until the next call on this thread. */
StkTable *stk_io_table (StkIo *io);
/* The newest table, referenced; any thread. */
StkTable *stk_replicas_table (StkReplicas *r);

#endif
