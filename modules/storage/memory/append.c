/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

static void
refuse (StokerAppend *item, int16_t error)
{
  item->error = error;
  item->first_offset = item->last_offset = -1;
}

void
mem_roll (StokerLog *log, int64_t base)
{
  g_ptr_array_add (log->segs, mem_segment_new (log, base));
}

static void
add (StokerLog *log, const uint8_t *data, const StokerBatch *b, int32_t control_type, int32_t control_epoch,
     int64_t now_ms)
{
  MemSegment *s = mem_active (log);
  StokerTxnAborted aborted;

  if (s->bytes > 0
      && (s->bytes + (uint64_t)b->length > (uint64_t)log->segment_bytes
          || (s->first_timestamp >= 0 ? b->max_timestamp - s->first_timestamp : now_ms - s->created_ms)
                 > log->segment_ms)) {
    mem_roll (log, b->base_offset);
    s = mem_active (log);
  }
  if (b->leader_epoch > stoker_epochs_latest (&log->epochs))
    stoker_epochs_assign (&log->epochs, b->leader_epoch, b->base_offset);
  if (stoker_txns_update (&log->txns, log->producers, b, control_type, control_epoch, &aborted))
    g_array_append_val (log->aborted, aborted);
  mem_segment_add (log, s, data, b, now_ms);
  log->end = stoker_batch_last_offset (b) + 1;
}

/* Whole batches that follow each other and the end; *first is their first offset. */
static int16_t
check_replica (const StokerLog *log, const StokerAppend *item, int64_t *first)
{
  int64_t next = log->end;
  StokerBatch b;

  if (item->len == 0)
    return STOKER_CORRUPT_MESSAGE;
  for (size_t at = 0; at < item->len; at += (size_t)b.length) {
    if (stoker_batch_peek (item->data + at, item->len - at, &b) != 0 || b.last_offset_delta < 0)
      return STOKER_CORRUPT_MESSAGE;
    if (b.base_offset < next)
      return at == 0 ? STOKER_OFFSET_OUT_OF_RANGE : STOKER_CORRUPT_MESSAGE;
    if (at == 0)
      *first = b.base_offset;
    next = stoker_batch_last_offset (&b) + 1;
  }
  return 0;
}

static void
append_replica (StokerLog *log, StokerAppend *item)
{
  StokerBatch b;
  int64_t first;
  int16_t error = check_replica (log, item, &first);

  if (error != 0) {
    refuse (item, error);
    return;
  }
  for (size_t at = 0; at < item->len; at += (size_t)b.length) {
    int32_t type = -1, epoch = -1;
    stoker_batch_peek (item->data + at, item->len - at, &b);
    if (b.attributes & STOKER_BATCH_CONTROL)
      stoker_control_parse (item->data + at, (size_t)b.length, &type, &epoch);
    add (log, item->data + at, &b, type, epoch, item->now_ms);
  }
  item->first_offset = first;
  item->last_offset = log->end - 1;
}

static void
append_one (StokerLog *log, StokerAppend *item)
{
  int16_t error = 0;

  item->error = 0;
  item->duplicate = false;
  if (item->origin == STOKER_ORIGIN_REPLICA) {
    append_replica (log, item);
    return;
  }
  if (item->origin == STOKER_ORIGIN_CLIENT) {
    StokerProducerVerdict v = stoker_producers_check (log->producers, &item->batch);
    if (v.error == 0 && v.duplicate) {
      item->duplicate = true;
      item->first_offset = v.first_offset;
      item->last_offset = v.last_offset;
      item->timestamp = v.timestamp;
      return;
    }
    error = v.error;
  } else if (item->control_type >= 0) {
    error = stoker_txns_check_marker (log->producers, &item->batch, item->control_epoch);
  }
  if (error != 0) {
    refuse (item, error);
    return;
  }
  stoker_batch_assign (item->data, log->end, item->leader_epoch);
  item->batch.base_offset = item->first_offset = log->end;
  item->batch.leader_epoch = item->leader_epoch;
  item->last_offset = stoker_batch_last_offset (&item->batch);
  add (log, item->data, &item->batch, item->control_type, item->control_epoch, item->now_ms);
}

void
mem_append (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n)
{
  if (!mem_make_room (self->state)) {
    for (size_t i = 0; i < n; i++)
      refuse (&items[i], STOKER_KAFKA_STORAGE_ERROR);
    return;
  }
  pthread_mutex_lock (&log->lock);
  for (size_t i = 0; i < n; i++)
    append_one (log, &items[i]);
  pthread_mutex_unlock (&log->lock);
}
