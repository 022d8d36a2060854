/* SPDX-License-Identifier: Apache-2.0
 *
 * Produce: takes requests in, gathers their appends, answers when acks say so. Nothing is allocated per request but in
 * its arena, and no request is touched by another thread: partitions signal waiters through the I/O thread's inbox.
 */
#include "broker/authorize.h"
#include "broker/produce.h"

#define STATE_OF_TIMER(t) ((StkProduceState *)(void *)((char *)(t)-G_STRUCT_OFFSET (StkProduceState, timer)))
#define SLOT_OF_WAITER(w) ((StkProduceSlot *)(void *)(w))

static void
fail (StokerProducePartition *out, int16_t error)
{
  out->error = error;
  out->base_offset = -1;
  out->log_append_time_ms = -1;
  out->log_start_offset = -1;
}

/* Everything of it is settled: the answer. */
static void
finish (StkProduceState *s)
{
  StokerCall *call = &s->req->call;

  stk_actor_timer_cancel (s->io->actor, &s->timer);
  call->throttle_ms = stk_broker_charge (s->io->broker, call->ctx, STK_QUOTA_PRODUCE, (double)s->bytes);
  call->core = NULL;
  stk_call_finish (call);
}

static bool
settled (const StkProduceState *s)
{
  return !s->taking && s->gathered == 0 && s->waiting == 0;
}

static void
end_wait (StkProduceSlot *slot)
{
  stk_waiter_cancel (&slot->waiter);
  slot->state->waiting--;
  stk_partition_unref (slot->partition);
  slot->partition = NULL;
}

static void
end_all_waits (StkProduceState *s, int16_t error)
{
  for (int i = 0; i < s->n_slots; i++)
    if (s->slots[i].partition) {
      fail (s->slots[i].out, error);
      end_wait (&s->slots[i]);
    }
}

static void
timed_out (StkTimer *t)
{
  StkProduceState *s = STATE_OF_TIMER (t);

  end_all_waits (s, STOKER_REQUEST_TIMED_OUT);
  if (settled (s))
    finish (s);
}

static void
cancelled (StokerCall *call)
{
  StkProduceState *s = call->core;

  s->cancelled = true;
  if (s->answering)
    return;
  /* What it has gathered points into the connection's buffer, which goes now. */
  if (s->gathered > 0) {
    stoker_produce_flush (call->ctx);
    return;
  }
  end_all_waits (s, STOKER_REQUEST_TIMED_OUT);
  if (settled (s))
    finish (s);
}

static void
reached (StkWaiter *w)
{
  StkProduceSlot *slot = SLOT_OF_WAITER (w);
  StkProduceState *s = slot->state;

  if (w->gone)
    fail (slot->out, w->gone);
  else if (s->req->acks == -1 && stk_partition_enough_replicas (slot->partition) != 0)
    fail (slot->out, STOKER_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
  s->waiting--;
  stk_partition_unref (slot->partition);
  slot->partition = NULL;
  if (settled (s))
    finish (s);
}

/* ---- after the append */

/* Sleeps until the end that acks ask for is reached. False: it is there. acks=0 is not answered, but it counts as one of the connection's
 * requests until it is on the disk: so the connection is not read while much waits for a slow disk. */
static bool
wait_for_acks (StkProduceSlot *slot, StkPartition *p, const StokerLogEnds *ends)
{
  StkProduceState *s = slot->state;
  int acks = s->req->acks;

  if (s->cancelled || (acks == -1 ? ends->hw : ends->durable) >= slot->need)
    return false;
  slot->waiter.io = s->io;
  slot->waiter.watch = acks == -1 ? STK_WATCH_HW : STK_WATCH_DURABLE;
  slot->waiter.need = slot->need;
  slot->waiter.wake = reached;
  if (!stk_waiter_register (&slot->waiter, p)) {
    if (slot->waiter.gone)
      fail (slot->out, slot->waiter.gone);
    return false;
  }
  slot->partition = stk_partition_ref (p);
  s->waiting++;
  return true;
}

static void
settle (StkProduceSlot *slot, const StokerAppend *item, const StokerLogEnds *ends)
{
  StkProduceState *s = slot->state;
  StkPartition *p = slot->partition;
  StokerProducePartition *out = slot->out;

  slot->partition = NULL; /* the gather's */
  stoker_buf_clear (&slot->rebuilt);
  s->gathered--;
  if (item->error) {
    fail (out, item->error);
  } else {
    out->error = 0;
    out->base_offset = item->first_offset;
    out->log_append_time_ms = slot->log_append_time_ms;
    out->log_start_offset = ends->start;
    slot->need = item->last_offset + 1;
    (void)wait_for_acks (slot, p, ends);
  }
  if (s->gathered == 0 && !s->taking) {
    StkIo *io = s->io;
    s->next = NULL;
    s->answering = true;
    *io->produced_last = s;
    io->produced_last = &s->next;
  }
}

static void
flush (StkIo *io)
{
  StkProduceState *s, *next;

  io->produced = NULL;
  io->produced_last = &io->produced;
  stk_gather_flush (io, settle);
  /* Only now, when all is written, because done may lead to anything, this function included. */
  s = io->produced;
  io->produced = NULL;
  io->produced_last = &io->produced;
  for (; s; s = next) {
    next = s->next;
    s->answering = false;
    if (s->cancelled)
      end_all_waits (s, STOKER_REQUEST_TIMED_OUT);
    if (s->waiting == 0)
      finish (s);
    else if (s->req->acks != 0)
      stk_actor_timer_set (io->actor, &s->timer,
                           stk_actor_now_us (io->actor) + (int64_t)MAX (s->req->timeout_ms, 0) * 1000);
  }
}

void
stoker_produce_flush (const StokerContext *ctx)
{
  StkIo *io = stk_io_of (ctx);

  if (io->gathered && io->gathered->n > 0)
    flush (io);
}

/* ---- taking a request in */

static bool
take_partition (StkProduceState *s, StokerStr name, const StkHosted *topic, StokerProducePartition *out)
{
  StkProduceSlot *slot = &s->slots[s->n_slots++];
  StokerAppend item;

  slot->state = s;
  slot->out = out;
  slot->topic = name;
  if (!stk_produce_check_partition (s->io, s->req, topic, slot, &item)) {
    int16_t error = out->error;
    fail (out, error);
    return false;
  }
  s->gathered++;
  s->bytes += item.len;
  return stk_gather_add (s->io, slot, &item);
}

static StkProduceState *
state_new (StkIo *io, StokerProduce *req)
{
  StkProduceState *s;
  size_t n = 0;

  for (int32_t t = 0; t < req->n_topics; t++)
    n += (size_t)req->topics[t].n_partitions;
  s = stoker_arena_alloc (req->call.arena, sizeof *s + n * sizeof s->slots[0]);
  memset (s, 0, sizeof *s + n * sizeof s->slots[0]);
  s->wait.cancel = cancelled;
  s->req = req;
  s->io = io;
  s->timer.fire = timed_out;
  req->nodes = NULL;
  req->n_nodes = 0;
  req->call.core = s;
  return s;
}

void
stoker_produce (StokerProduce *req)
{
  StkIo *io = stk_io_of (req->call.ctx);
  StkProduceState *s = state_new (io, req);
  bool full = false;

  stk_produce_check_request (io, req);
  s->taking = true;
  for (int32_t t = 0; t < req->n_topics; t++) {
    const StokerProduceTopic *topic = &req->topics[t];
    /* Referenced: the table may be exchanged between two partitions. */
    StkHosted *h = stk_table_find (stk_io_table (io), topic->name);
    if (h)
      stk_hosted_ref (h);
    for (int32_t i = 0; i < topic->n_partitions; i++)
      if (topic->partitions[i].error)
        fail (&topic->partitions[i], topic->partitions[i].error);
      else
        full |= take_partition (s, topic->name, h, &topic->partitions[i]);
    stk_hosted_unref (h);
  }
  s->taking = false;
  if (s->gathered == 0)
    finish (s);
  else if (full)
    flush (io);
}
