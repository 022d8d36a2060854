/* SPDX-License-Identifier: Apache-2.0
 *
 * Transactions as a cleaner's pass over a log meets them (kafka-facts 5.7): which batches are of aborted ones, and of
 * which markers no data is left. Batches are told in the order of the log. Not locked.
 */
#ifndef STK_BROKER_CLEAN_TXNS_H
#define STK_BROKER_CLEAN_TXNS_H

#include <stoker/storage.h>

typedef struct StkCleanTxns StkCleanTxns;

StkCleanTxns *stk_clean_txns_new (void);
void stk_clean_txns_free (StkCleanTxns *t);
/* Before the first batch: the aborted transactions of the range, in any order. */
void stk_clean_txns_add (StkCleanTxns *t, const StokerAborted *a);
/* A batch that is no control batch: is it of an aborted transaction? */
bool stk_clean_txns_data (StkCleanTxns *t, const StokerBatch *b);
/* A control batch of this type (0 abort, 1 commit, -1: it holds no record any more). True: no data of its transaction
 * was met, it says nothing any more. *told: it aborts a transaction of which data was met, *kept: that one. */
bool stk_clean_txns_marker (StkCleanTxns *t, const StokerBatch *b, int type, bool *told, StokerAborted *kept);

#endif
