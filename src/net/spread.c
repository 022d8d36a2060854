/* SPDX-License-Identifier: Apache-2.0 */
#include "net/spread.h"

#include <glib.h>
#include <stdatomic.h>

#define FRESH 3 /* windows for which a load counts */

typedef struct Seat
{
  /* Any thread; each by itself, so nothing depends on their order. */
  _Atomic int load;            /* of the last window, and what others have sent since */
  _Atomic int mean;            /* over some windows */
  _Atomic int64_t fresh_until; /* both are nothing afterwards */
  _Atomic int conns;
  /* The actor's thread: */
  int hot;            /* windows in a row */
  int64_t calm_since; /* 0: it is not */
  char apart[64];     /* the next actor's are in another cache line */
} Seat;

struct StkSpread
{
  StkSpreadSettings set;
  int n;
  Seat *seats;
};

static int
get (const _Atomic int *p)
{
  return atomic_load_explicit (p, memory_order_relaxed);
}

static bool
is_fresh (const Seat *e, int64_t now_us)
{
  return now_us < atomic_load_explicit (&e->fresh_until, memory_order_relaxed);
}

int
stk_spread_load (const StkSpread *s, int io, int64_t now_us)
{
  const Seat *e = &s->seats[io];

  return is_fresh (e, now_us) ? get (&e->load) : 0;
}

static int
mean_of (const Seat *e, int64_t now_us)
{
  return is_fresh (e, now_us) ? get (&e->mean) : 0;
}

int
stk_spread_place (StkSpread *s, int64_t now_us)
{
  int best = 0, best_load = INT_MAX, best_conns = INT_MAX;

  for (int i = 0; i < s->n; i++) {
    int load = stk_spread_load (s, i, now_us), conns = get (&s->seats[i].conns);
    if (load < s->set.room && conns < s->set.full) {
      best = i;
      break;
    }
    /* Nobody has room: among those that are not busy the one with the fewest, else the least busy. */
    load = load < s->set.room ? 0 : load;
    if (load < best_load || (load == best_load && conns < best_conns)) {
      best = i;
      best_load = load;
      best_conns = conns;
    }
  }
  atomic_fetch_add_explicit (&s->seats[best].conns, 1, memory_order_relaxed);
  return best;
}

void
stk_spread_gone (StkSpread *s, int io)
{
  atomic_fetch_sub_explicit (&s->seats[io].conns, 1, memory_order_relaxed);
}

void
stk_spread_moved (StkSpread *s, int from, int to)
{
  stk_spread_gone (s, from);
  atomic_fetch_add_explicit (&s->seats[to].conns, 1, memory_order_relaxed);
}

/* More is on its way to an actor, so that nobody else sends it more; its own next word replaces this. */
static void
announce (StkSpread *s, int to, int load, int64_t now_us)
{
  Seat *e = &s->seats[to];

  if (!is_fresh (e, now_us)) {
    atomic_store_explicit (&e->load, 0, memory_order_relaxed);
    atomic_store_explicit (&e->mean, 0, memory_order_relaxed);
  }
  atomic_fetch_add_explicit (&e->load, load, memory_order_relaxed);
  atomic_fetch_add_explicit (&e->mean, load, memory_order_relaxed);
  atomic_store_explicit (&e->fresh_until, now_us + FRESH * s->set.window_us, memory_order_relaxed);
}

static StkSpreadOrder
hand_over (StkSpread *s, int io, int64_t now_us, int load)
{
  StkSpreadOrder order = { -1, 0, true };
  int least = INT_MAX;

  for (int i = 0; i < s->n; i++) {
    int other = stk_spread_load (s, i, now_us);
    if (i != io && other < least) {
      least = other;
      order.to = i;
    }
  }
  if (order.to < 0 || load - least < s->set.gain)
    return (StkSpreadOrder){ -1, 0, false };
  order.share = (load - least) * 500 / load;
  announce (s, order.to, (load - least) / 2, now_us);
  return order;
}

/* The first actor before `io` that could do the work of both. */
static int
find_below (StkSpread *s, int io, int64_t now_us, int mean)
{
  for (int i = 0; i < io; i++)
    if (get (&s->seats[i].conns) < s->set.full && mean + mean_of (&s->seats[i], now_us) < s->set.calm)
      return i;
  return -1;
}

static StkSpreadOrder
gather (StkSpread *s, int io, int64_t now_us, int mean)
{
  Seat *e = &s->seats[io];
  int to = find_below (s, io, now_us, mean);

  if (to < 0)
    e->calm_since = 0;
  else if (e->calm_since == 0)
    e->calm_since = now_us;
  else if (now_us - e->calm_since >= s->set.calm_us)
    return (StkSpreadOrder){ to, 1000, false };
  return (StkSpreadOrder){ -1, 0, false };
}

StkSpreadOrder
stk_spread_tell (StkSpread *s, int io, int64_t now_us, int64_t busy_us, int64_t elapsed_us)
{
  Seat *e = &s->seats[io];
  int load = (int)(MIN (busy_us, elapsed_us) * 1000 / MAX (elapsed_us, 1));
  /* A short window weighs an eighth; after a rest only the present counts. */
  int mean = elapsed_us > 4 * s->set.window_us ? load : (get (&e->mean) * 7 + load) / 8;

  atomic_store_explicit (&e->load, load, memory_order_relaxed);
  atomic_store_explicit (&e->mean, mean, memory_order_relaxed);
  atomic_store_explicit (&e->fresh_until, now_us + FRESH * s->set.window_us, memory_order_relaxed);
  if (s->n == 1)
    return (StkSpreadOrder){ -1, 0, false };
  if (s->set.restless)
    return (StkSpreadOrder){ (io + 1) % s->n, 1000, true };
  e->hot = load > s->set.hot ? e->hot + 1 : 0;
  if (e->hot >= s->set.hot_windows) {
    e->hot = 0; /* what was sent shows in as many windows */
    return hand_over (s, io, now_us, load);
  }
  return gather (s, io, now_us, mean);
}

const StkSpreadSettings *
stk_spread_settings (const StkSpread *s)
{
  return &s->set;
}

StkSpread *
stk_spread_new (int n, const StkSpreadSettings *settings)
{
  StkSpread *s = g_new0 (StkSpread, 1);

  s->set = settings ? *settings : STK_SPREAD_DEFAULTS;
  s->n = n;
  s->seats = g_new0 (Seat, n);
  return s;
}

void
stk_spread_free (StkSpread *s)
{
  g_free (s->seats);
  g_free (s);
}
