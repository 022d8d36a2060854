/* SPDX-License-Identifier: Apache-2.0 */
#include "net/move.h"

#include <glib.h>

#define SECOND ((int64_t)1000000)
#define MOST 1024 /* connections that are looked at for one order */

/* A connection on its way to another actor, and the word that it has arrived on the way back. */
typedef struct Passage
{
  StkTask task;
  StokerConn *conn;
  StkConns *from, *to;
} Passage;

/* ---- the way */

static void
run_back (StkTask *t)
{
  Passage *p = (Passage *)t;
  StkConns *cs = p->from;

  g_free (p);
  cs->away--;
  stk_conns_check_closed (cs);
}

static void
run_arrive (StkTask *t)
{
  Passage *p = (Passage *)t;
  StkConns *cs = p->to;
  StokerConn *c = p->conn;

  c->conns = cs;
  stk_context_move (c->ctx, cs->index);
  c->stream->ops->join (c->stream, cs->io);
  stk_conns_link (cs, c);
  if (c->buf) {
    cs->counts.reading++;
    stk_conns_want_tick (cs);
  }
  cs->counts.moved_in++;
  c->resume = c->len > 0;
  if (cs->closing)
    stk_conn_linger (c, "the broker stops");
  stk_conn_settle (c);
  p->task.run = run_back;
  stk_actor_post (p->from->io, &p->task);
}

static void
depart (StokerConn *c)
{
  StkConns *cs = c->conns;
  Passage *p = g_new (Passage, 1);

  *p = (Passage){ { NULL, run_arrive }, c, cs, cs->peers[c->goal - 1] };
  stk_move_forget (c);
  stk_conns_untouch (c);
  stk_conn_shrink (c, true); /* what is buffered moves in memory that belongs to no actor's pool */
  if (c->buf)
    cs->counts.reading--;
  c->stream->ops->leave (c->stream);
  stk_conns_unlink (cs, c);
  stk_spread_moved (cs->spread, cs->index, p->to->index);
  stk_conns_count (cs->metrics.moved, 1);
  cs->away++;
  stk_actor_post (p->to->io, &p->task);
}

/* Nothing is on its way in or out, and nothing of the connection belongs to this thread. */
static bool
is_quiet (const StokerConn *c)
{
  return !c->closing && !c->eof && c->depth == 0 && c->holds == 0 && c->out.bytes == 0 && c->timer.slot == 0
         && c->ops->movable (c->protocol, c->session);
}

bool
stk_move_try (StokerConn *c)
{
  if (c->conns->closing || !is_quiet (c))
    return false;
  depart (c);
  return true;
}

/* ---- who is to move */

static void
stay (StokerConn *c)
{
  c->goal = 0;
  if (!c->parked)
    return;
  c->parked = false;
  c->resume = c->resume || c->len > 0;
  stk_conns_touch (c->conns, c);
}

void
stk_move_forget (StokerConn *c)
{
  if (c->goal == 0)
    return;
  (void)g_ptr_array_remove_fast (c->conns->leaving, c);
  c->goal = 0;
  c->parked = false;
}

static void
on_patience (StkTimer *t)
{
  StkConns *cs = (StkConns *)((char *)t - offsetof (StkConns, patience));

  for (guint i = 0; i < cs->leaving->len; i++)
    stay (g_ptr_array_index (cs->leaving, i));
  g_ptr_array_set_size (cs->leaving, 0);
}

static void
send_away (StokerConn *c, const StkSpreadOrder *order)
{
  StkConns *cs = c->conns;

  c->goal = (uint16_t)(order->to + 1);
  c->parked = order->hold;
  g_ptr_array_add (cs->leaving, c);
  stk_conns_touch (cs, c);
  if (cs->patience.slot == 0)
    stk_actor_timer_set (cs->io, &cs->patience,
                         stk_actor_now_us (cs->io) + stk_spread_settings (cs->spread)->patience_us);
}

/* Those with work in this window. They are at the end of the list, which is in the order of use by the second. */
static int
workers (StkConns *cs, StokerConn **out, uint64_t *sum)
{
  int64_t since = stk_actor_now_us (cs->io) / SECOND - 1;
  int n = 0;

  *sum = 0;
  for (StkConnLink *l = cs->idle.prev; l != &cs->idle && n < MOST; l = l->prev) {
    StokerConn *c = STK_CONN_FROM_IDLE (l);
    if (c->last_s < since)
      break;
    if (c->window != cs->window)
      continue;
    *sum += c->work;
    if (c->goal == 0 && !c->closing && !c->broken && c->ops && c->ops->movable)
      out[n++] = c;
  }
  return n;
}

static int
by_work (const void *a, const void *b)
{
  uint32_t x = (*(StokerConn *const *)a)->work, y = (*(StokerConn *const *)b)->work;

  return x < y ? 1 : x > y ? -1 : 0;
}

static void
choose (StkConns *cs, const StkSpreadOrder *order)
{
  g_autofree StokerConn **list = g_new (StokerConn *, MOST);
  uint64_t sum, left;
  int n = workers (cs, list, &sum);

  left = sum * (uint64_t)order->share / 1000;
  left += left / 8; /* what is nearly right is better than nothing: work is an estimate */
  qsort (list, (size_t)n, sizeof (StokerConn *), by_work);
  for (int i = 0; i < n; i++)
    if (list[i]->work <= left) {
      left -= list[i]->work;
      send_away (list[i], order);
    }
}

static void
on_load (StkLoadWatch *w, int64_t busy_us, int64_t elapsed_us)
{
  StkConns *cs = (StkConns *)((char *)w - offsetof (StkConns, load));
  /* Not the turn's time: that is when it began. */
  int64_t now = w->since_us;
  StkSpreadOrder order = stk_spread_tell (cs->spread, cs->index, now, busy_us, elapsed_us);

  if (order.to >= 0 && !cs->closing)
    choose (cs, &order);
  cs->window++;
}

void
stk_move_watch (StkConns *cs)
{
  if (cs->spread == NULL || cs->watched || cs->closing)
    return;
  cs->watched = true;
  cs->patience.fire = on_patience;
  cs->load = (StkLoadWatch){ .window_us = stk_spread_settings (cs->spread)->window_us, .told = on_load };
  stk_actor_watch_load (cs->io, &cs->load);
}

void
stk_move_end (StkConns *cs)
{
  if (!cs->watched)
    return;
  cs->watched = false;
  stk_actor_watch_load (cs->io, NULL);
  stk_actor_timer_cancel (cs->io, &cs->patience);
}
