/* SPDX-License-Identifier: Apache-2.0
 *
 * What a partition remembers of idempotent and transactional producers (kafka-facts 10.3).
 */
#include "record/producers.h"

StokerProducers *
stoker_producers_new (void)
{
  return g_new0 (StokerProducers, 1);
}

void
stoker_producers_clear (StokerProducers *p)
{
  g_clear_pointer (&p->by_id, g_hash_table_unref);
  g_clear_pointer (&p->open, g_array_unref);
}

void
stoker_producers_free (StokerProducers *p)
{
  if (p == NULL)
    return;
  stoker_producers_clear (p);
  g_free (p);
}

size_t
stoker_producers_count (const StokerProducers *p)
{
  return p->by_id ? g_hash_table_size (p->by_id) : 0;
}

int64_t
stoker_producers_first_open (const StokerProducers *p)
{
  return p->open && p->open->len ? g_array_index (p->open, StkOpenTxn, 0).first_offset : INT64_MAX;
}

StkProducer *
stk_producers_find (const StokerProducers *p, int64_t id)
{
  return p->by_id ? g_hash_table_lookup (p->by_id, &id) : NULL;
}

StkProducer *
stk_producers_find_or_add (StokerProducers *p, int64_t id)
{
  StkProducer *e = stk_producers_find (p, id);

  if (e != NULL)
    return e;
  if (p->by_id == NULL)
    p->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  e = g_new0 (StkProducer, 1);
  *e = (StkProducer){ .id = id, .epoch = -1, .coordinator_epoch = -1, .last_timestamp = -1, .txn_first_offset = -1 };
  g_hash_table_add (p->by_id, e);
  return e;
}

void
stk_producers_open_txn (StokerProducers *p, StkProducer *e, int64_t first_offset)
{
  StkOpenTxn row = { first_offset, e->id };
  guint at;

  if (p->open == NULL)
    p->open = g_array_new (FALSE, FALSE, sizeof (StkOpenTxn));
  for (at = p->open->len; at > 0 && g_array_index (p->open, StkOpenTxn, at - 1).first_offset > first_offset; at--)
    ;
  g_array_insert_val (p->open, at, row);
  e->txn_first_offset = first_offset;
}

void
stk_producers_close_txn (StokerProducers *p, StkProducer *e)
{
  if (e->txn_first_offset < 0)
    return;
  for (guint i = 0; i < p->open->len; i++) {
    if (g_array_index (p->open, StkOpenTxn, i).producer_id == e->id) {
      g_array_remove_index (p->open, i);
      break;
    }
  }
  e->txn_first_offset = -1;
  if (p->open->len == 0)
    g_clear_pointer (&p->open, g_array_unref);
}

/* Sequence numbers count from 0 to INT32_MAX and then begin again at 0. */
static int32_t
sequence_add (int32_t sequence, int32_t n)
{
  return (int32_t)(((int64_t)sequence + n) & INT32_MAX);
}

static int32_t
sequence_before (int32_t sequence, int32_t n)
{
  return (int32_t)(((int64_t)sequence - n) & INT32_MAX);
}

/* A batch without a sequence (written by a coordinator) takes no part in the window's arithmetic. */
static int32_t
last_sequence (const StokerBatch *b)
{
  return b->base_sequence < 0 ? -1 : sequence_add (b->base_sequence, b->last_offset_delta);
}

static int32_t
first_sequence (const StkSeen *s)
{
  return s->last_sequence < 0 ? -1 : sequence_before (s->last_sequence, s->offset_delta);
}

static const StkSeen *
find_duplicate (const StkProducer *e, const StokerBatch *b)
{
  if (b->producer_epoch != e->epoch || b->base_sequence < 0)
    return NULL;
  for (int i = 0; i < e->n_seen; i++)
    if (e->seen[i].last_sequence == last_sequence (b) && first_sequence (&e->seen[i]) == b->base_sequence)
      return &e->seen[i];
  return NULL;
}

static int16_t
check_sequence (const StkProducer *e, const StokerBatch *b)
{
  if (e->epoch == -1)
    return STOKER_OK;
  if (b->producer_epoch != e->epoch)
    return b->base_sequence == 0 ? STOKER_OK : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
  if (e->n_seen == 0)
    return b->base_sequence == 0 ? STOKER_OK : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
  return b->base_sequence == sequence_add (e->seen[e->n_seen - 1].last_sequence, 1)
             ? STOKER_OK
             : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
}

StokerProducerVerdict
stoker_producers_check (const StokerProducers *p, const StokerBatch *b)
{
  StokerProducerVerdict v = { .first_offset = -1, .last_offset = -1, .timestamp = -1 };
  const StkProducer *e = b->producer_id < 0 ? NULL : stk_producers_find (p, b->producer_id);
  const StkSeen *seen;

  if (e == NULL)
    return v;
  if (b->attributes & STOKER_BATCH_CONTROL) {
    v.error = b->producer_epoch < e->epoch ? STOKER_INVALID_PRODUCER_EPOCH : STOKER_OK;
    return v;
  }
  if ((seen = find_duplicate (e, b)) != NULL) {
    v.duplicate = true;
    v.first_offset = seen->last_offset - seen->offset_delta;
    v.last_offset = seen->last_offset;
    v.timestamp = seen->timestamp;
    return v;
  }
  if (b->producer_epoch < e->epoch)
    v.error = STOKER_INVALID_PRODUCER_EPOCH;
  else if ((v.error = check_sequence (e, b)) == STOKER_OK && e->txn_first_offset >= 0
           && !(b->attributes & STOKER_BATCH_TRANSACTIONAL))
    v.error = STOKER_INVALID_TXN_STATE;
  return v;
}

/* Batches of an older epoch can never be repeated or continued. */
static void
take_epoch (StkProducer *e, int16_t epoch)
{
  if (e->epoch == epoch)
    return;
  e->epoch = epoch;
  e->n_seen = 0;
}

static StkSeen
seen_of (const StokerBatch *b)
{
  return (StkSeen){ .last_offset = stoker_batch_last_offset (b),
                    .timestamp = b->max_timestamp,
                    .last_sequence = last_sequence (b),
                    .offset_delta = b->last_offset_delta };
}

void
stoker_producers_update (StokerProducers *p, const StokerBatch *b, int control_type, int32_t coordinator_epoch)
{
  StkProducer *e;

  if (b->producer_id < 0)
    return;
  e = stk_producers_find_or_add (p, b->producer_id);
  take_epoch (e, b->producer_epoch);
  e->last_timestamp = b->max_timestamp;
  if (b->attributes & STOKER_BATCH_CONTROL) {
    if (control_type == 0 || control_type == 1) {
      stk_producers_close_txn (p, e);
      e->coordinator_epoch = coordinator_epoch;
    }
    return;
  }
  if (e->n_seen == STK_PRODUCER_WINDOW)
    memmove (e->seen, e->seen + 1, sizeof e->seen[0] * --e->n_seen);
  e->seen[e->n_seen++] = seen_of (b);
  if ((b->attributes & STOKER_BATCH_TRANSACTIONAL) && e->txn_first_offset < 0)
    stk_producers_open_txn (p, e, b->base_offset);
}

void
stoker_producers_recall (StokerProducers *p, const StokerBatch *b)
{
  StkProducer *e = b->producer_id < 0 ? NULL : stk_producers_find (p, b->producer_id);
  int64_t last = stoker_batch_last_offset (b);
  int at;

  if (e == NULL || e->epoch != b->producer_epoch || (b->attributes & STOKER_BATCH_CONTROL) || e->n_seen == 0
      || last >= e->seen[e->n_seen - 1].last_offset)
    return;
  for (at = e->n_seen - 1; at > 0 && e->seen[at - 1].last_offset >= last; at--)
    if (e->seen[at - 1].last_offset == last)
      return;
  if (e->n_seen == STK_PRODUCER_WINDOW) {
    if (at == 0)
      return;
    memmove (e->seen, e->seen + 1, sizeof e->seen[0] * (size_t)--at);
  } else {
    memmove (e->seen + at + 1, e->seen + at, sizeof e->seen[0] * (size_t)(e->n_seen - at));
    e->n_seen++;
  }
  e->seen[at] = seen_of (b);
}

static gboolean
expired (gpointer key, gpointer value, gpointer user)
{
  const StkProducer *e = key;
  const int64_t *before = user;
  return e->txn_first_offset < 0 && e->last_timestamp < *before;
}

void
stoker_producers_expire (StokerProducers *p, int64_t before_ms)
{
  if (p->by_id == NULL)
    return;
  g_hash_table_foreach_remove (p->by_id, expired, &before_ms);
  if (g_hash_table_size (p->by_id) == 0)
    stoker_producers_clear (p);
}
