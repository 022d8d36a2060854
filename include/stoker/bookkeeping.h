/* SPDX-License-Identifier: Apache-2.0
 *
 * What every storage engine keeps beside the bytes of a log, and would otherwise have to write for itself: leader
 * epochs and transactions (idempotent producers: stoker/record.h). Plain structs, zero-initialised is empty (but see
 * stoker_txns_reset). Not locked: the log's lock covers them.
 */
#ifndef STOKER_BOOKKEEPING_H
#define STOKER_BOOKKEEPING_H

#include <stoker/record.h>

STOKER_BEGIN_DECLS

/* ---- leader epochs (kafka-facts 8.5): where each began, both ascending */
typedef struct StokerEpoch
{
  int32_t epoch;
  int64_t start;
} StokerEpoch;

typedef struct StokerEpochs
{
  StokerEpoch *list;
  uint32_t n, cap;
} StokerEpochs;

/* `epoch` begins at `start`; entries that this contradicts (a larger epoch, a later start) go. The three that change
 * it return true when something changed. */
STOKER_EXPORT bool stoker_epochs_assign (StokerEpochs *e, int32_t epoch, int64_t start);
/* The log now ends (begins) there: entries at or above the end go; those below the start become one that begins there.
 */
STOKER_EXPORT bool stoker_epochs_cut_end (StokerEpochs *e, int64_t end);
STOKER_EXPORT bool stoker_epochs_cut_start (StokerEpochs *e, int64_t start);
/* The newest epoch, -1 when there is none. */
STOKER_EXPORT int32_t stoker_epochs_latest (const StokerEpochs *e);
/* Answers OffsetForLeaderEpoch for a log that ends at log_end; -1 and -1 when it is undefined. */
STOKER_EXPORT void stoker_epochs_end_of (const StokerEpochs *e, int32_t epoch, int64_t log_end, int32_t *out_epoch,
                                         int64_t *out_end);
STOKER_EXPORT void stoker_epochs_clear (StokerEpochs *e);

/* ---- transactions: the last stable offset is held back by those that are open and by those whose marker is not below
 * the high watermark yet */
typedef struct StokerTxnDone
{
  int64_t first, marker;
} StokerTxnDone;

typedef struct StokerTxns
{
  int64_t first_open; /* first offset of the earliest open one; INT64_MAX: none */
  StokerTxnDone *done;
  uint32_t n, cap;
} StokerTxns;

/* An aborted transaction, as .txnindex has it. */
typedef struct StokerTxnAborted
{
  int64_t producer_id, first, last, stable;
} StokerTxnAborted;

/* Forgets the ended ones and takes the open ones from `p`: at the begin, and whenever `p` was loaded anew. */
STOKER_EXPORT void stoker_txns_reset (StokerTxns *t, const StokerProducers *p);
/* Takes note of an appended or replayed batch with its final offsets, in `p` too (stoker_producers_update must not be
 * called for it). True and *aborted when it is a marker that aborts an open transaction. */
STOKER_EXPORT bool stoker_txns_update (StokerTxns *t, StokerProducers *p, const StokerBatch *b, int control_type,
                                       int32_t coordinator_epoch, StokerTxnAborted *aborted);
/* May this marker be appended? 0, or the error code: its producer epoch or coordinator epoch is out of date. */
STOKER_EXPORT int16_t stoker_txns_check_marker (const StokerProducers *p, const StokerBatch *b,
                                                int32_t coordinator_epoch);
/* The last stable offset below the high watermark. */
STOKER_EXPORT int64_t stoker_txns_stable (const StokerTxns *t, int64_t hw);
/* The high watermark has moved up: what it has passed is forgotten. */
STOKER_EXPORT void stoker_txns_advance (StokerTxns *t, int64_t hw);
STOKER_EXPORT void stoker_txns_clear (StokerTxns *t);

/* Type (0 abort, 1 commit) and coordinator epoch of the control batch in batch[0..len); false, and both -1, when it is
 * none. */
STOKER_EXPORT bool stoker_control_parse (const uint8_t *batch, size_t len, int32_t *type, int32_t *epoch);

STOKER_END_DECLS

#endif
