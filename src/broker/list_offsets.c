/* SPDX-License-Identifier: Apache-2.0
 *
 * ListOffsets (kafka-facts 3.3): the ends are told at once, lookups by time go to a disk thread.
 */
#include "broker/authorize.h"
#include "broker/disk_call.h"
#include "broker/engine.h"
#include "broker/replicas.h"
#include "broker/table.h"

#include "meta/store.h"

enum
{
  LATEST = -1,
  EARLIEST = -2,
  MAX_TIMESTAMP = -3,
  EARLIEST_LOCAL = -4,
  LATEST_TIERED = -5,
};

typedef struct Lookup
{
  StkDiskPart part; /* first */
  const StokerListOffsets *req;
  StokerListOffsetsPartition *out;
  int64_t limit;
  bool not_available; /* below the limit nothing may be promised yet */
  int64_t *old;       /* found on a disk thread; g_free */
} Lookup;

static void
set_error (StokerListOffsetsPartition *out, int16_t error)
{
  out->error = error;
  out->out_offset = out->out_timestamp = -1;
  out->out_leader_epoch = -1;
  out->old_offsets = NULL;
  out->n_old_offsets = 0;
}

static int16_t
unavailable (const StokerListOffsets *req)
{
  return req->call.api_version < 0 || req->call.api_version >= 5 ? STOKER_OFFSET_NOT_AVAILABLE
                                                                 : STOKER_LEADER_NOT_AVAILABLE;
}

/* The first offset that this reader may not see. */
static int64_t
limit_of (const StokerListOffsets *req, const StokerLogEnds *ends)
{
  if (req->replica_id >= 0)
    return ends->durable;
  return req->isolation == 1 ? ends->stable : ends->hw;
}

static void
find_time (StkDiskPart *part)
{
  Lookup *l = (Lookup *)part;
  StokerTimeFound found = { .offset = -1 };
  /* To the engine INT64_MAX means the largest there is; a client that sends it means a time. */
  int64_t timestamp = l->out->timestamp == MAX_TIMESTAMP ? INT64_MAX : MIN (l->out->timestamp, INT64_MAX - 1);
  int rc = stk_engine_find_time (part->partition, timestamp, l->limit, &found);

  if (rc != 0) {
    set_error (l->out, (int16_t)rc);
  } else if (found.offset >= 0 && found.offset < l->limit) {
    l->out->out_offset = found.offset;
    l->out->out_timestamp = found.timestamp;
    l->out->out_leader_epoch = found.leader_epoch;
  } else if (l->not_available) {
    set_error (l->out, unavailable (l->req));
  }
}

/* v0: base offsets of segments that began before the timestamp, newest first, the end before them. */
static void
list_segments (StkDiskPart *part)
{
  Lookup *l = (Lookup *)part;
  StokerListOffsetsPartition *out = l->out;
  size_t n = stk_engine_segments (part->partition, NULL, 0) + 8, got;
  g_autofree StokerSegmentRow *rows = g_new (StokerSegmentRow, n);
  size_t most = (size_t)MAX (out->max_num_offsets, 0);
  int64_t *old;

  got = MIN (stk_engine_segments (part->partition, rows, n), n);
  most = MIN (most, got + 1);
  /* Not from the arena: other threads are at other partitions of the request. */
  old = l->old = g_new (int64_t, MAX (most, 1));
  out->n_old_offsets = 0;
  if (out->timestamp == EARLIEST) {
    if (most > 0 && got > 0)
      old[out->n_old_offsets++] = rows[0].base;
    return;
  }
  if ((out->timestamp == LATEST || (got > 0 && rows[got - 1].modified_ms <= out->timestamp)) && most > 0)
    old[out->n_old_offsets++] = l->limit;
  for (size_t i = got; i > 0 && (size_t)out->n_old_offsets < most; i--)
    if ((out->timestamp == LATEST || rows[i - 1].modified_ms <= out->timestamp) && rows[i - 1].base < l->limit)
      old[out->n_old_offsets++] = rows[i - 1].base;
}

static void
part_back (StkDiskPart *part)
{
  Lookup *l = (Lookup *)part;

  if (l->old) {
    int64_t *kept = stoker_arena_alloc (l->req->call.arena, sizeof *kept * (size_t)MAX (l->out->n_old_offsets, 1));
    memcpy (kept, l->old, sizeof *kept * (size_t)l->out->n_old_offsets);
    l->out->old_offsets = kept;
    g_free (l->old);
  }
  if (part->error)
    set_error (l->out, part->error);
}

static void
send (StkDiskCall *d, const StokerListOffsets *req, StkPartition *p, StokerListOffsetsPartition *out, int64_t limit,
      bool not_available)
{
  Lookup *l = stoker_arena_calloc (req->call.arena, 1, sizeof *l);

  l->req = req;
  l->out = out;
  l->limit = limit;
  l->not_available = not_available;
  l->part.run = req->old_style ? list_segments : find_time;
  l->part.back = part_back;
  stk_disk_call_send (d, &l->part, p, false);
}

/* The epoch that holds `offset`: the smallest whose end lies above it. */
static int32_t
epoch_at (StkPartition *p, int64_t offset, int32_t latest)
{
  int32_t lo = 0, hi = latest;
  StokerEpochEnd end;

  while (lo < hi) {
    int32_t mid = lo + (hi - lo) / 2;
    stk_engine_epoch_end (p, mid, &end);
    if (end.epoch >= 0 && end.end > offset)
      hi = mid;
    else
      lo = mid + 1;
  }
  return lo;
}

/* Between enter and leave. */
static void
answer (StkDiskCall *d, const StokerListOffsets *req, StkPartition *p, StokerListOffsetsPartition *out)
{
  StokerLogEnds ends;
  int64_t limit;
  bool not_available;

  stk_engine_ends (p, &ends);
  ends.hw = atomic_load (&p->hw);
  ends.stable = MIN (ends.stable, ends.hw);
  limit = limit_of (req, &ends);
  g_mutex_lock (&p->lock);
  not_available = req->replica_id < 0 && p->epoch_start > ends.hw;
  out->out_leader_epoch = p->leader_epoch;
  g_mutex_unlock (&p->lock);
  if (req->old_style) {
    send (d, req, p, out, limit, not_available);
    return;
  }
  switch (out->timestamp) {
  case LATEST:
    if (not_available)
      set_error (out, unavailable (req));
    else
      out->out_offset = limit;
    return;
  case EARLIEST:
  case EARLIEST_LOCAL:
    out->out_offset = ends.start;
    out->out_leader_epoch = epoch_at (p, ends.start, out->out_leader_epoch);
    return;
  case LATEST_TIERED:
    out->out_leader_epoch = -1; /* nothing is tiered here */
    return;
  default:
    out->out_leader_epoch = -1;
    send (d, req, p, out, limit, not_available);
  }
}

/* -3 from version 7 on, -4 from 8, -5 from 9. */
static bool
known_timestamp (const StokerListOffsets *req, int64_t timestamp)
{
  int v = req->call.api_version < 0 ? INT16_MAX : req->call.api_version;

  return timestamp >= EARLIEST || (timestamp == MAX_TIMESTAMP && v >= 7) || (timestamp == EARLIEST_LOCAL && v >= 8)
         || (timestamp == LATEST_TIERED && v >= 9);
}

/* ---- partitions that a request names twice are refused both times, be it under one topic or under two of the same name */

typedef struct Named
{
  StokerStr topic;
  StokerListOffsetsPartition *partition;
} Named;

static guint
named_hash (const void *p)
{
  const Named *n = p;
  guint h = (guint)n->partition->partition;

  for (size_t i = 0; i < n->topic.len; i++)
    h = h * 33 + (uint8_t)n->topic.data[i];
  return h;
}

static gboolean
named_equal (const void *p, const void *q)
{
  const Named *a = p, *b = q;

  return a->partition->partition == b->partition->partition && stoker_str_equal (a->topic, b->topic);
}

/* Marks them with INVALID_REQUEST, the others with 0. */
static void
mark_twice (const StokerListOffsets *req)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (named_hash, named_equal);

  for (int32_t t = 0; t < req->n_topics; t++) {
    Named *names = stoker_arena_alloc (req->call.arena, sizeof *names * (size_t)MAX (req->topics[t].n_partitions, 1));
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      Named *before;
      names[i] = (Named){ req->topics[t].name, &req->topics[t].partitions[i] };
      names[i].partition->error = 0;
      if (req->call.api_version < 1)
        continue;
      before = g_hash_table_lookup (seen, &names[i]);
      if (before)
        before->partition->error = names[i].partition->error = STOKER_INVALID_REQUEST;
      else
        g_hash_table_add (seen, &names[i]);
    }
  }
}

static void
take_partition (StkDiskCall *d, StokerListOffsets *req, const StokerListOffsetsTopic *topic, int32_t i)
{
  StokerBroker *b = req->call.ctx->broker;
  StokerListOffsetsPartition *out = &topic->partitions[i];
  StkPartition *p;
  int16_t error, twice = out->error;

  set_error (out, 0);
  p = stk_replicas_find (b->replicas, req->call.ctx->io, topic->name, out->partition);
  error = stk_broker_authorize (b, req->call.ctx, STK_ACL_DESCRIBE, STK_ACL_TOPIC, topic->name);
  if (error == 0)
    error = twice;
  if (error == 0 && !known_timestamp (req, out->timestamp))
    error = STOKER_UNSUPPORTED_VERSION;
  if (error == 0 && p == NULL)
    error = stk_snapshot_partition (stk_meta_store_peek (b->meta, req->call.ctx->io), topic->name, out->partition)
                ? STOKER_NOT_LEADER_OR_FOLLOWER
                : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  if (error == 0)
    error = stk_partition_check (p, out->current_leader_epoch, req->replica_id != -2);
  if (error == 0 && !stk_partition_enter (p))
    error = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (error) {
    set_error (out, error);
  } else {
    answer (d, req, p, out);
    stk_partition_leave (p);
  }
  stk_partition_unref (p);
}

void
stoker_list_offsets (StokerListOffsets *req)
{
  StkDiskCall *d = stoker_arena_calloc (req->call.arena, 1, sizeof *d);

  mark_twice (req);
  stk_disk_call_begin (d, &req->call);
  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++)
      take_partition (d, req, &req->topics[t], i);
  stk_disk_call_end (d);
}
