/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/wait.h"

#include "broker/engine.h"
#include "broker/io.h"

enum
{
  NOWHERE = 0,
  IN_PARTITION = 1, /* under the partition's lock */
  IN_INBOX = 2,     /* under the inbox lock */
};

static bool
end_reached (StkPartition *p, const StkWaiter *w)
{
  StokerLogEnds ends;

  switch (w->watch) {
  case STK_WATCH_HW:
    return atomic_load_explicit (&p->hw, memory_order_relaxed) >= w->need;
  case STK_WATCH_DURABLE:
    stk_engine_ends (p, &ends);
    return ends.durable >= w->need;
  default:
    stk_engine_ends (p, &ends);
    return ends.stable >= w->need;
  }
}

bool
stk_waiter_register (StkWaiter *w, StkPartition *p)
{
  bool wait = false;

  g_assert (w->where == NOWHERE);
  w->gone = 0;
  if (!stk_partition_enter (p)) {
    w->gone = STOKER_NOT_LEADER_OR_FOLLOWER;
    return false;
  }
  g_mutex_lock (&p->lock);
  /* Between the caller's look and this one the end may have moved and nobody would tell: look again under the lock. */
  if (!end_reached (p, w)) {
    w->partition = stk_partition_ref (p);
    w->epoch = p->leader_epoch;
    w->prev = NULL;
    w->next = p->waiters[w->watch];
    if (w->next)
      w->next->prev = w;
    p->waiters[w->watch] = w;
    w->where = IN_PARTITION;
    wait = true;
  }
  g_mutex_unlock (&p->lock);
  stk_partition_leave (p);
  return wait;
}

static void
unlink_from_partition (StkWaiter *w)
{
  if (w->prev)
    w->prev->next = w->next;
  else
    w->partition->waiters[w->watch] = w->next;
  if (w->next)
    w->next->prev = w->prev;
  w->next = w->prev = NULL;
}

static void
unlink_from_inbox (StkIo *io, StkWaiter *w)
{
  if (w->prev)
    w->prev->next = w->next;
  else
    io->inbox_first = w->next;
  if (w->next)
    w->next->prev = w->prev;
  else
    io->inbox_last = w->prev;
  w->next = w->prev = NULL;
}

void
stk_waiter_cancel (StkWaiter *w)
{
  StkPartition *p = w->partition;

  if (p == NULL)
    return;
  g_mutex_lock (&p->lock);
  if (w->where == IN_PARTITION) {
    unlink_from_partition (w);
    w->where = NOWHERE;
  }
  g_mutex_unlock (&p->lock);
  /* Not in the partition any more, so nobody but this thread moves it now. */
  g_mutex_lock (&w->io->inbox_lock);
  if (w->where == IN_INBOX) {
    unlink_from_inbox (w->io, w);
    w->where = NOWHERE;
  }
  g_mutex_unlock (&w->io->inbox_lock);
  w->partition = NULL;
  stk_partition_unref (p);
}

void
stk_waiter_signal (StkWaiter *w, int16_t gone)
{
  StkIo *io = w->io;
  bool schedule;

  unlink_from_partition (w);
  w->gone = gone;
  g_mutex_lock (&io->inbox_lock);
  w->where = IN_INBOX;
  w->prev = io->inbox_last;
  if (io->inbox_last)
    io->inbox_last->next = w;
  else
    io->inbox_first = w;
  io->inbox_last = w;
  schedule = !io->scheduled;
  io->scheduled = true;
  g_mutex_unlock (&io->inbox_lock);
  if (!schedule)
    return;
  if (stk_actor_is_current (io->actor))
    stk_actor_at_turn_end (io->actor, &io->turn_end);
  else
    stk_actor_post (io->actor, &io->posted);
}

/* Takes the first signalled waiter out, NULL when there is none (and then the next signal schedules anew). */
static StkWaiter *
inbox_pop (StkIo *io)
{
  StkWaiter *w;

  g_mutex_lock (&io->inbox_lock);
  w = io->inbox_first;
  if (w) {
    unlink_from_inbox (io, w);
    w->where = NOWHERE;
  } else {
    io->scheduled = false;
  }
  g_mutex_unlock (&io->inbox_lock);
  return w;
}

static void
inbox_drain (StkIo *io)
{
  StkWaiter *w;

  while ((w = inbox_pop (io)) != NULL) {
    StkPartition *p = w->partition;
    w->partition = NULL;
    w->wake (w);
    stk_partition_unref (p);
  }
}

static void
drain_posted (StkTask *t)
{
  inbox_drain (G_STRUCT_MEMBER_P (t, -(glong)G_STRUCT_OFFSET (StkIo, posted)));
}

static void
drain_at_turn_end (StkTask *t)
{
  inbox_drain (G_STRUCT_MEMBER_P (t, -(glong)G_STRUCT_OFFSET (StkIo, turn_end)));
}

void
stk_io_inbox_init (StkIo *io)
{
  g_mutex_init (&io->inbox_lock);
  io->posted.run = drain_posted;
  io->turn_end.run = drain_at_turn_end;
}
