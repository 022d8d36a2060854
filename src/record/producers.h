/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory behind StokerProducers (stoker/record.h), shared by its bookkeeping (producers.c) and its snapshots
 * (producers_file.c). Most partitions have no producers, so the table is made with the first. Open transactions stand
 * in an array sorted by first offset: new ones are opened at the end of the log and so go to its end.
 */
#ifndef STK_RECORD_PRODUCERS_H
#define STK_RECORD_PRODUCERS_H

#include <stoker/record.h>

#include <glib.h>

#define STK_PRODUCER_WINDOW 5

typedef struct StkSeen
{
  int64_t last_offset;
  int64_t timestamp;
  int32_t last_sequence;
  int32_t offset_delta;
} StkSeen;

typedef struct StkProducer
{
  int64_t id; /* the key of the table */
  int64_t last_timestamp;
  int64_t txn_first_offset; /* -1: none open */
  int32_t coordinator_epoch;
  int16_t epoch;
  uint8_t n_seen;
  StkSeen seen[STK_PRODUCER_WINDOW]; /* by offset, newest last */
} StkProducer;

struct StokerProducers
{
  GHashTable *by_id; /* NULL: never had one */
  GArray *open;      /* of StkOpenTxn, ascending; NULL: none */
};

typedef struct StkOpenTxn
{
  int64_t first_offset;
  int64_t producer_id;
} StkOpenTxn;

/* The producer's entry; NULL, or made, when there is none. */
StkProducer *stk_producers_find (const StokerProducers *p, int64_t id);
StkProducer *stk_producers_find_or_add (StokerProducers *p, int64_t id);
void stk_producers_open_txn (StokerProducers *p, StkProducer *e, int64_t first_offset);
void stk_producers_close_txn (StokerProducers *p, StkProducer *e); /* none open: does nothing */

#endif
