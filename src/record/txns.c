/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/bookkeeping.h>

#include "record/record.h"

#include <glib.h>

void
stoker_txns_reset (StokerTxns *t, const StokerProducers *p)
{
  t->n = 0;
  t->first_open = stoker_producers_first_open (p);
}

bool
stoker_txns_update (StokerTxns *t, StokerProducers *p, const StokerBatch *b, int control_type,
                    int32_t coordinator_epoch, StokerTxnAborted *aborted)
{
  StokerProducerRow row;
  bool ends;

  if (b->producer_id < 0)
    return false;
  ends = (control_type == 0 || control_type == 1) && stoker_producers_get (p, b->producer_id, &row)
         && row.txn_first_offset >= 0;
  stoker_producers_update (p, b, control_type, coordinator_epoch);
  if (!(b->attributes & STOKER_BATCH_TRANSACTIONAL))
    return false;
  t->first_open = stoker_producers_first_open (p);
  if (!ends)
    return false;
  if (t->n == t->cap) {
    t->cap = t->cap ? t->cap * 2 : 4;
    t->done = g_renew (StokerTxnDone, t->done, t->cap);
  }
  t->done[t->n++] = (StokerTxnDone){ row.txn_first_offset, b->base_offset };
  *aborted = (StokerTxnAborted){ b->producer_id, row.txn_first_offset, b->base_offset,
                                 MIN (t->first_open, b->base_offset + 1) };
  return control_type == 0;
}

int16_t
stoker_txns_check_marker (const StokerProducers *p, const StokerBatch *b, int32_t coordinator_epoch)
{
  StokerProducerRow row;

  if (!stoker_producers_get (p, b->producer_id, &row))
    return 0;
  if (b->producer_epoch < row.epoch)
    return STOKER_INVALID_PRODUCER_EPOCH;
  return coordinator_epoch < row.coordinator_epoch ? STOKER_TRANSACTION_COORDINATOR_FENCED : 0;
}

int64_t
stoker_txns_stable (const StokerTxns *t, int64_t hw)
{
  int64_t stable = MIN (hw, t->first_open);

  for (uint32_t i = 0; i < t->n; i++)
    if (t->done[i].marker >= hw)
      stable = MIN (stable, t->done[i].first);
  return stable;
}

void
stoker_txns_advance (StokerTxns *t, int64_t hw)
{
  uint32_t kept = 0;

  for (uint32_t i = 0; i < t->n; i++)
    if (t->done[i].marker >= hw)
      t->done[kept++] = t->done[i];
  t->n = kept;
}

void
stoker_txns_clear (StokerTxns *t)
{
  g_free (t->done);
  *t = (StokerTxns){ .first_open = INT64_MAX };
}

bool
stoker_control_parse (const uint8_t *batch, size_t len, int32_t *type, int32_t *epoch)
{
  StokerBatch b;

  *type = *epoch = -1;
  return stoker_batch_peek (batch, len, &b) == 0 && stk_batch_control (batch, &b, type, epoch);
}
