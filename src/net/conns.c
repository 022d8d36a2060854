/* SPDX-License-Identifier: Apache-2.0
 *
 * All connections of one I/O actor. One timer serves them all: for the one that has been idle longest and, while
 * buffers are in use, every few seconds to give them back; with no connection there is no timer.
 */
#include "net/move.h"

#include <glib.h>

#define TICK_US ((int64_t)2 * 1000000) /* how soon unused buffers are given back */
#define SECOND ((int64_t)1000000)
#define LINGER_US ((int64_t)300000) /* how long, when the broker stops, requests under way may take to be answered */

#define FROM_TOUCH(l) ((StokerConn *)((char *)(l)-offsetof (StokerConn, touch)))

static void
link_append (StkConnLink *list, StkConnLink *l)
{
  l->prev = list->prev;
  l->next = list;
  list->prev->next = l;
  list->prev = l;
}

static void
link_remove (StkConnLink *l)
{
  if (l->next == NULL)
    return;
  l->prev->next = l->next;
  l->next->prev = l->prev;
  l->next = l->prev = NULL;
}

static void
on_touched (StkTask *t)
{
  StkConns *cs = (StkConns *)((char *)t - offsetof (StkConns, touch_task));
  StkConnLink now;

  cs->touch_set = false;
  if (cs->touched.next == &cs->touched)
    return;
  /* Those that are touched again meanwhile wait for the next round. The last comes first: see stk_conns_others_first. */
  now = cs->touched;
  now.next->prev = now.prev->next = &now;
  cs->touched.next = cs->touched.prev = &cs->touched;
  while (now.prev != &now) {
    StokerConn *c = FROM_TOUCH (now.prev);
    link_remove (&c->touch);
    stk_conn_settle (c);
  }
}

void
stk_conns_touch (StkConns *cs, StokerConn *c)
{
  if (c->touch.next == NULL)
    link_append (&cs->touched, &c->touch);
  if (cs->touch_set)
    return;
  cs->touch_set = true;
  stk_actor_at_turn_end (cs->io, &cs->touch_task);
}

bool
stk_conns_others_first (const StokerConn *c)
{
  const StkTask *first = stk_actor_turn_end_first (c->conns->io);

  return c->touch.next != NULL && first != NULL && first != &c->conns->touch_task;
}

void
stk_conns_untouch (StokerConn *c)
{
  link_remove (&c->touch);
}

/* Arms the tick for `deadline`, but never sooner than in a second; an earlier one stays. */
static void
tick_at (StkConns *cs, int64_t deadline)
{
  int64_t soonest = stk_actor_now_us (cs->io) + SECOND;

  deadline = MAX (deadline, soonest);
  if (cs->tick.slot == 0 || cs->tick.deadline_us > deadline)
    stk_actor_timer_set (cs->io, &cs->tick, deadline);
}

void
stk_conns_want_tick (StkConns *cs)
{
  if (cs->tick.slot == 0 || cs->tick.deadline_us > stk_actor_now_us (cs->io) + TICK_US)
    tick_at (cs, stk_actor_now_us (cs->io) + TICK_US);
}

static void
close_idle (StkConns *cs, int64_t now)
{
  while (cs->settings.max_idle_us > 0 && cs->idle.next != &cs->idle) {
    StokerConn *c = STK_CONN_FROM_IDLE (cs->idle.next);
    int64_t due = c->last_s * SECOND + cs->settings.max_idle_us;
    if (due > now) {
      tick_at (cs, due);
      return;
    }
    cs->counts.idle_closed++;
    stk_conns_used (cs, c); /* to the end of the list: it is not looked at again */
    stk_conn_end (c, false, "idle for too long");
  }
}

/* Those that wait for an answer to a peer that has closed its side; true when one goes on waiting. */
static bool
settle_lingering (StkConns *cs)
{
  bool more = false;

  for (StkConnLink *l = cs->idle.next; l != &cs->idle; l = l->next)
    if (STK_CONN_FROM_IDLE (l)->linger) {
      stk_conns_touch (cs, STK_CONN_FROM_IDLE (l));
      more = true;
    }
  return more;
}

static void
on_tick (StkTimer *t)
{
  StkConns *cs = (StkConns *)((char *)t - offsetof (StkConns, tick));
  int64_t now = stk_actor_now_us (cs->io);
  bool more = false;

  if (cs->counts.reading > 0)
    for (StkConnLink *l = cs->idle.next; l != &cs->idle; l = l->next) {
      StokerConn *c = STK_CONN_FROM_IDLE (l);
      if (c->buf == NULL || c->stash)
        continue;
      if (now - c->last_s * SECOND >= TICK_US)
        stk_conn_shrink (c, true);
      else
        more = true;
    }
  more = settle_lingering (cs) || more;
  more = stk_bufpool_trim (&cs->pool) || more;
  if (more)
    tick_at (cs, now + TICK_US);
  close_idle (cs, now);
}

void
stk_conns_link (StkConns *cs, StokerConn *c)
{
  int64_t now = stk_actor_now_us (cs->io);

  c->last_s = now / SECOND;
  c->window = cs->window - 1; /* no work here yet */
  link_append (&cs->idle, &c->idle);
  cs->counts.open++;
  stk_move_watch (cs);
  if (cs->settings.max_idle_us > 0)
    tick_at (cs, now + cs->settings.max_idle_us);
}

void
stk_conns_insert (StkConns *cs, StokerConn *c)
{
  stk_conns_link (cs, c);
  cs->counts.opened++;
  stk_conns_count (cs->metrics.open, 1);
  stk_conns_count (cs->metrics.accepted, 1);
}

void
stk_conns_used (StkConns *cs, StokerConn *c)
{
  int64_t s = stk_actor_now_us (cs->io) / SECOND;

  if (s == c->last_s && c->idle.next == &cs->idle)
    return;
  if (s == c->last_s && STK_CONN_FROM_IDLE (c->idle.next)->last_s == s)
    return; /* the order among those of one second does not matter */
  c->last_s = s;
  link_remove (&c->idle);
  link_append (&cs->idle, &c->idle);
}

void
stk_conns_check_closed (StkConns *cs)
{
  void (*fn) (void *user) = cs->closed;

  if (fn == NULL || cs->counts.open > 0 || cs->away > 0)
    return;
  cs->closed = NULL;
  stk_move_end (cs);
  stk_actor_timer_cancel (cs->io, &cs->close_by);
  stk_actor_timer_cancel (cs->io, &cs->tick);
  fn (cs->closed_user);
}

static void
on_all_gone (void *user)
{
  stk_conns_check_closed (user);
}

void
stk_conns_unlink (StkConns *cs, StokerConn *c)
{
  link_remove (&c->idle);
  link_remove (&c->touch);
  cs->counts.open--;
  /* (One that arrives from another actor after the end must leave no timer behind.) */
  if (cs->counts.open == 0 && (stk_bufpool_is_empty (&cs->pool) || (cs->closing && cs->closed == NULL)))
    stk_actor_timer_cancel (cs->io, &cs->tick);
}

void
stk_conns_remove (StkConns *cs, StokerConn *c)
{
  stk_move_forget (c);
  stk_conns_unlink (cs, c);
  cs->counts.closed++;
  if (cs->spread)
    stk_spread_gone (cs->spread, cs->index);
  stk_conns_count (cs->metrics.open, -1);
  if (cs->counts.open == 0 && cs->closed)
    stk_actor_call (cs->io, on_all_gone, cs); /* later: this one is not quite gone yet */
}

void
stk_conns_add (StkConns *cs, StkStream *s, const StkConnOrigin *origin)
{
  g_assert (stk_actor_is_current (cs->io));
  stk_conn_open (cs, s, origin);
}

/* The steps of an end: answers that are owed and written; then only what is queued; then at once. */
static void
on_close_by (StkTimer *t)
{
  StkConns *cs = (StkConns *)((char *)t - offsetof (StkConns, close_by));
  bool graceful = t->deadline_us < cs->close_us;

  for (StkConnLink *l = cs->idle.next; l != &cs->idle; l = l->next) {
    STK_CONN_FROM_IDLE (l)->linger = false;
    stk_conn_end (STK_CONN_FROM_IDLE (l), graceful, NULL);
  }
  if (graceful)
    stk_actor_timer_set (cs->io, t, cs->close_us);
}

void
stk_conns_close (StkConns *cs, int64_t grace_us, void (*done) (void *user), void *user)
{
  g_assert (stk_actor_is_current (cs->io));
  cs->closing = true;
  cs->closed = done;
  cs->closed_user = user;
  for (StkConnLink *l = cs->idle.next; l != &cs->idle; l = l->next)
    stk_conn_linger (STK_CONN_FROM_IDLE (l), "the broker stops");
  cs->close_us = stk_actor_now_us (cs->io) + grace_us;
  stk_actor_timer_set (cs->io, &cs->close_by, cs->close_us - MAX (grace_us - LINGER_US, 0));
  stk_actor_call (cs->io, on_all_gone, cs);
}

void
stk_conns_spread (StkConns *cs, StkSpread *spread, StkConns *const *peers)
{
  cs->spread = spread;
  cs->peers = peers;
}

const StkConnCounts *
stk_conns_counts (const StkConns *cs)
{
  return &cs->counts;
}

StkConns *
stk_conns_new (StkActor *io, int index, StokerBroker *broker, const StkConnSettings *settings)
{
  StkConns *cs = g_new0 (StkConns, 1);

  cs->io = io;
  cs->index = index;
  cs->broker = broker;
  cs->settings = *settings;
  cs->idle.next = cs->idle.prev = &cs->idle;
  cs->touched.next = cs->touched.prev = &cs->touched;
  cs->touch_task.run = on_touched;
  cs->tick.fire = on_tick;
  cs->close_by.fire = on_close_by;
  cs->leaving = g_ptr_array_new ();
  if (broker->metrics) {
    cs->metrics.open = stk_metrics_core (broker->metrics, STK_METRIC_CONNECTIONS);
    cs->metrics.accepted = stk_metrics_core (broker->metrics, STK_METRIC_CONNECTIONS_ACCEPTED);
    cs->metrics.broken = stk_metrics_core (broker->metrics, STK_METRIC_CONNECTIONS_BROKEN);
    cs->metrics.in = stk_metrics_core (broker->metrics, STK_METRIC_NETWORK_BYTES_IN);
    cs->metrics.moved = stk_metrics_core (broker->metrics, STK_METRIC_CONNECTIONS_MOVED);
    cs->metrics.out = stk_metrics_core (broker->metrics, STK_METRIC_NETWORK_BYTES_OUT);
  }
  return cs;
}

void
stk_conns_free (StkConns *cs)
{
  if (cs == NULL)
    return;
  g_assert (cs->counts.open == 0);
  g_assert (cs->tick.slot == 0 && cs->away == 0);
  g_ptr_array_unref (cs->leaving);
  stk_bufpool_clear (&cs->pool);
  g_free (cs);
}
