/* SPDX-License-Identifier: Apache-2.0
 *
 * One look at one partition for a fetch: who may read what, up to where, and the bytes.
 */
#include "broker/authorize.h"
#include "broker/engine.h"
#include "broker/fetch.h"
#include "broker/topic_info.h"

#include "meta/store.h"

static int16_t
set_error (StkFetchPart *part, int16_t error)
{
  StokerFetchPartition *d = &part->d;

  d->error = error;
  d->high_watermark = d->last_stable_offset = d->out_log_start_offset = -1;
  return error;
}

static void
clear_answer (StkFetchPart *part)
{
  StokerFetchPartition *d = &part->d;

  d->error = 0;
  d->diverging_epoch = -1;
  d->diverging_end_offset = -1;
  d->leader_id = d->leader_epoch = -1;
  d->preferred_read_replica = -1;
  d->aborted = NULL;
  d->n_aborted = part->state->req->isolation == 1 ? 0 : -1;
  d->records = (StokerRecords){ 0 };
  part->bytes = 0;
  part->cold = false;
}

/* With errors 6 and 74 the client is told where to go. */
static void
name_leader (StkFetchPart *part)
{
  StkIo *io = part->state->io;
  StokerFetch *req = part->state->req;
  const StkSnapshot *snap = stk_meta_store_peek (io->broker->meta, io->index);
  const StkMetaPartition *m = part->topic.data ? stk_snapshot_partition (snap, part->topic, part->d.partition) : NULL;

  if (m) {
    part->d.leader_id = m->leader;
    part->d.leader_epoch = m->leader_epoch;
    stk_info_add_node (&req->call, snap, m->leader, &req->nodes, &req->n_nodes);
  }
}

/* The partition is not in the table: why? */
static int16_t
not_here (StkFetchPart *part)
{
  StkFetchState *s = part->state;
  const StkSnapshot *snap = stk_meta_store_peek (s->io->broker->meta, s->io->index);
  const StkMetaTopic *t;

  if (s->req->by_id) {
    t = stk_snapshot_topic_by_id (snap, part->id);
    if (t == NULL)
      /* A session that knew it under its name: it was deleted and made anew. */
      return part->topic.data && stk_snapshot_topic (snap, part->topic) ? STOKER_INCONSISTENT_TOPIC_ID
                                                                        : STOKER_UNKNOWN_TOPIC_ID;
    if (part->topic.data == NULL)
      part->topic = stoker_arena_str (s->req->call.arena, (StokerStr){ t->name, t->name_len });
  } else {
    t = stk_snapshot_topic (snap, part->topic);
  }
  return t && part->d.partition >= 0 && part->d.partition < t->n_partitions ? STOKER_NOT_LEADER_OR_FOLLOWER
                                                                            : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
}

static const StkHosted *
find (StkFetchPart *part)
{
  StkFetchState *s = part->state;
  StkTable *t = stk_io_table (s->io);
  StkHosted *h = s->req->by_id ? stk_table_find_id (t, part->id) : stk_table_find (t, part->topic);
  StkPartition *p = h ? stk_hosted_partition (h, part->d.partition) : NULL;

  if (p != part->partition) {
    stk_partition_unref (part->partition);
    part->partition = p ? stk_partition_ref (p) : NULL;
  }
  if (p && part->topic.data == NULL)
    part->topic = stoker_arena_str (s->req->call.arena, (StokerStr){ h->name, h->name_len });
  return p ? h : NULL;
}

static bool
add_aborted (void *user, const StokerAborted *a)
{
  StkFetchPart *part = user;
  StokerFetchPartition *d = &part->d;
  StokerArena *arena = part->state->req->call.arena;

  /* Grows in powers of two: room for n is there exactly when n is not one. */
  if ((d->n_aborted & (d->n_aborted - 1)) == 0) {
    StokerAbortedTxn *more = stoker_arena_alloc (arena, sizeof *more * (size_t)MAX (d->n_aborted * 2, 1));
    if (d->n_aborted > 0)
      memcpy (more, d->aborted, sizeof *more * (size_t)d->n_aborted);
    d->aborted = more;
  }
  d->aborted[d->n_aborted++] = (StokerAbortedTxn){ a->producer_id, a->first_offset };
  return true;
}

/* last_fetched_epoch: do the logs agree up to the fetch offset? True: the answer is there. */
static bool
diverges (StkFetchPart *part, const StokerLogEnds *ends)
{
  StokerFetchPartition *d = &part->d;
  StokerEpochEnd e;

  if (d->last_fetched_epoch < 0)
    return false;
  stk_engine_epoch_end (part->partition, d->last_fetched_epoch, &e);
  if (e.epoch < 0 || d->fetch_offset < ends->start) {
    set_error (part, STOKER_OFFSET_OUT_OF_RANGE);
    return true;
  }
  if (e.epoch == d->last_fetched_epoch && e.end >= d->fetch_offset)
    return false;
  d->diverging_epoch = e.epoch;
  d->diverging_end_offset = e.end;
  return true;
}

static int64_t
read_limit (const StokerFetch *req, const StokerLogEnds *ends)
{
  if (req->replica_id >= 0)
    return ends->durable;
  return req->isolation == 1 ? ends->stable : ends->hw;
}

void
stk_fetch_take (StkFetchPart *part, int rc, const StokerReadResult *got)
{
  StokerFetch *req = part->state->req;
  StokerFetchPartition *d = &part->d;

  part->cold = false;
  part->bytes = 0;
  if (rc != 0) {
    set_error (part, (int16_t)rc);
    return;
  }
  part->bytes = got->len;
  if (got->n_slices > 0) {
    d->records.slices = stoker_arena_alloc (req->call.arena, sizeof (StokerSlice) * got->n_slices);
    memcpy (d->records.slices, got->slices, sizeof (StokerSlice) * got->n_slices);
    d->records.n_slices = got->n_slices;
    d->records.len = got->len;
  }
  /* Reads a file only where transactions were aborted. */
  if (req->isolation == 1 && got->len > 0
      && stk_engine_aborted (part->partition, d->fetch_offset, got->upper, add_aborted, part) != 0) {
    stk_fetch_drop (part);
    set_error (part, STOKER_KAFKA_STORAGE_ERROR);
  }
}

/* Between enter and leave. */
static void
read_records (StkFetchPart *part, size_t max_bytes, bool at_least_one)
{
  StokerReadResult got = { .n_slices = 0 };
  int rc;

  part->want = (StokerRead){ .offset = part->d.fetch_offset,
                             .limit = part->limit,
                             .max_bytes = MIN (max_bytes, (size_t)MAX (part->d.max_bytes, 0)),
                             .at_least_one = at_least_one,
                             .whole = part->state->req->magic < 2,
                             .nowait = true };
  rc = stk_engine_read (part->partition, &part->want, &got);
  if (rc == 0 && got.cold) {
    /* There is at least one batch, and it takes its room from the partitions behind it. */
    part->cold = true;
    part->bytes = MAX (part->want.max_bytes, 1);
    return;
  }
  stk_fetch_take (part, rc, &got);
}

static int16_t
check_format (StkFetchState *s, const StkHosted *h)
{
  if (s->req->magic < 2 && !h->config.downconversion)
    return STOKER_UNSUPPORTED_VERSION;
  if (h->config.compression == 4 && s->req->call.api_version >= 0 && s->req->call.api_version < 10)
    return STOKER_UNSUPPORTED_COMPRESSION_TYPE;
  return 0;
}

static void
look_inside (StkFetchPart *part, size_t max_bytes, bool at_least_one)
{
  StokerFetchPartition *d = &part->d;
  StokerLogEnds ends;

  stk_engine_ends (part->partition, &ends);
  d->high_watermark = atomic_load_explicit (&part->partition->hw, memory_order_acquire);
  ends.hw = d->high_watermark;
  ends.stable = MIN (ends.stable, ends.hw);
  d->last_stable_offset = ends.stable;
  d->out_log_start_offset = ends.start;
  part->limit = read_limit (part->state->req, &ends);
  if (diverges (part, &ends))
    return;
  if (d->fetch_offset < ends.start || d->fetch_offset > ends.durable)
    set_error (part, STOKER_OFFSET_OUT_OF_RANGE);
  else if (d->fetch_offset < part->limit)
    read_records (part, max_bytes, at_least_one);
}

void
stk_fetch_look (StkFetchPart *part, size_t max_bytes, bool at_least_one)
{
  StkFetchState *s = part->state;
  const StkHosted *h = find (part);
  int16_t error;

  clear_answer (part);
  part->look = false;
  error = h ? stk_broker_authorize (s->io->broker, s->req->call.ctx, STK_ACL_READ, STK_ACL_TOPIC, part->topic)
            : not_here (part);
  if (error == 0)
    error = stk_partition_check (part->partition, part->d.current_leader_epoch, true);
  if (error == 0)
    error = check_format (s, h);
  if (error == 0 && !stk_partition_enter (part->partition))
    error = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (error) {
    set_error (part, error);
  } else {
    if (s->req->replica_id >= 0)
      stk_partition_fetched (part->partition, s->req->replica_id, part->d.fetch_offset, part->d.log_start_offset);
    look_inside (part, max_bytes, at_least_one);
    stk_partition_leave (part->partition);
  }
  if (part->d.error == STOKER_NOT_LEADER_OR_FOLLOWER || part->d.error == STOKER_FENCED_LEADER_EPOCH)
    name_leader (part);
}

void
stk_fetch_drop (StkFetchPart *part)
{
  StokerRecords *r = &part->d.records;

  for (size_t i = 0; i < r->n_slices; i++)
    stoker_slice_release (&r->slices[i]);
  *r = (StokerRecords){ 0 };
}
