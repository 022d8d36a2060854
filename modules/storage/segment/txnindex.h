/* SPDX-License-Identifier: Apache-2.0
 *
 * The .txnindex files, which name the aborted transactions.
 */
#ifndef SEG_TXNINDEX_H
#define SEG_TXNINDEX_H

#include "engine.h"

/* Appends entries to the segment's .txnindex; lock not held. */
int seg_txn_append (StokerLog *log, Segment *s, const StokerTxnAborted *entries, size_t n);
/* Adds the entries of the segment that are among kept[0..n) to `out`, as they stand in the file. */
int seg_txn_filter (StokerLog *log, Segment *s, const StokerAborted *kept, size_t n, StokerBuf *out);
/* Flushes the file if it holds what is not flushed; lock not held. Before the recovery point passes such an entry. */
int seg_txn_sync (StokerLog *log, Segment *s);
/* Keeps the entries whose marker is below `offset`. */
int seg_txn_truncate (StokerLog *log, Segment *s, int64_t offset);
int seg_aborted (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
                 bool (*each) (void *user, const StokerAborted *a), void *user);

#endif
