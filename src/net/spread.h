/* SPDX-License-Identifier: Apache-2.0
 *
 * How connections are spread over the I/O actors: which one gets a new connection, and when one hands some over. This
 * is the rule alone, figures in and decisions out; src/net/move.c carries them out.
 *
 * One thread is filled before the next is used, because a record whose producer and consumer live on one thread passes
 * without waking another, which takes longer than everything else that happens to it. So
 *  - a new connection goes to the first actor that is neither busy nor full;
 *  - an actor that is busy (`hot`) for some windows hands over, to the least busy one, as much of its work as makes both
 *    equal, in whole connections: one connection that is all of its work stays;
 *  - an actor other than the first that has had little to do for `calm_us`, while there is room for that on one before it,
 *    gives what works back to that one.
 *
 * Each actor tells its load at the end of a window, in a turn that runs anyway: what has not told for three windows waits
 * for events, its load is nothing. Loads are shares of time in thousandths, of wall time: a thread that is not given a
 * processor is busy.
 */
#ifndef STK_NET_SPREAD_H
#define STK_NET_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct StkSpread StkSpread;

typedef struct StkSpreadSettings
{
  int64_t window_us;   /* over which load is measured */
  int64_t calm_us;     /* how long an actor must be calm before its connections are gathered */
  int64_t patience_us; /* a connection that is to move and finds no quiet moment for so long stays */
  int room;            /* an actor below this load takes new connections */
  int hot;             /* above this one it hands over .. */
  int hot_windows;     /* .. when it was for so many windows */
  int gain;            /* .. and another has less to do by at least this */
  int calm;            /* two actors below this load together work as one */
  int full;            /* an actor with so many connections takes new ones only when all others have as many */
  bool restless;       /* for tests: at the end of each window everything that worked moves to the next actor */
} StkSpreadSettings;

#define STK_SPREAD_DEFAULTS ((StkSpreadSettings){ 20000, 1000000, 100000, 500, 650, 3, 250, 300, 250, false })

/* What an actor is to hand over. */
typedef struct StkSpreadOrder
{
  int to;    /* -1: nothing */
  int share; /* of what has worked in this window, in thousandths */
  bool hold; /* read nothing more from them until they are gone */
} StkSpreadOrder;

/* For actors 0 .. n-1; settings NULL: the defaults. */
StkSpread *stk_spread_new (int n, const StkSpreadSettings *settings);
void stk_spread_free (StkSpread *s);
const StkSpreadSettings *stk_spread_settings (const StkSpread *s);
/* The actor for a new connection, which counts there from now on. Any thread. */
int stk_spread_place (StkSpread *s, int64_t now_us);
/* A connection of actor `io` is gone. Any thread. */
void stk_spread_gone (StkSpread *s, int io);
/* A connection moves. Any thread. */
void stk_spread_moved (StkSpread *s, int from, int to);
/* The load of actor `io` over the window that ends now, and what follows from it. Its thread. */
StkSpreadOrder stk_spread_tell (StkSpread *s, int io, int64_t now_us, int64_t busy_us, int64_t elapsed_us);
/* The load that others see. Any thread. */
int stk_spread_load (const StkSpread *s, int io, int64_t now_us);

#endif
