/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection from inside: src/net/conn.c (life and the module's calls), src/net/input.c (reading), src/net/conns.c
 * (all of them together), src/net/move.c (from one I/O actor to another).
 */
#ifndef STK_NET_CONN_IMPL_H
#define STK_NET_CONN_IMPL_H

#include "control/metrics.h"
#include "net/bufpool.h"
#include "net/conns.h"
#include "net/context.h"
#include "net/outq.h"
#include "net/spread.h"

#include <glib.h>

typedef struct StkConnLink
{
  struct StkConnLink *prev, *next;
} StkConnLink;

struct StokerConn
{
  StkConnLink idle;  /* in conns->idle, the one longest without traffic first */
  StkConnLink touch; /* in conns->touched while something is to be done for it at the end of the turn; else next NULL */
  StkConns *conns;
  StkStream *stream;
  StokerInstance *protocol;
  const StokerProtocolOps *ops;
  void *session;
  const StokerContext *ctx;

  uint8_t *buf;           /* NULL while nothing is pending */
  size_t cap, start, len; /* what is pending is buf[start .. start + len) */
  size_t expect;

  StkOutq out;
  StkTimer timer;
  void (*timer_fn) (void *user);
  void *timer_user;
  void (*gone) (void *user, const StokerContext *ctx);
  void *gone_user;

  const char *reason;
  int64_t last_s; /* second of the last traffic */
  uint32_t holds;
  uint32_t depth;   /* > 0: one of its callbacks is running, so it cannot be freed */
  uint32_t window;  /* conns->window when .. */
  uint32_t work;    /* .. it had so much work, in units of about a microsecond */
  uint16_t goal;    /* index + 1 of the I/O actor that it is to move to; 0: it stays */
  bool parked : 1;  /* nothing more is read until it has moved */
  bool stash : 1;   /* buf is from malloc and just large enough */
  bool bulk : 1;    /* it fills its reads */
  bool blocked : 1; /* waits until it can be written to */
  bool full : 1;    /* too much is queued: not read from until most of it is gone */
  bool high : 1;    /* 64 KiB or more are queued: `drained` is due when they are gone */
  bool eof : 1;     /* the peer has closed its side */
  bool resume : 1;  /* what is buffered should be presented again */
  bool closing : 1; /* after what is queued */
  bool linger : 1;  /* and after what the protocol still owes */
  bool broken : 1;  /* at once */
};

#define STK_CONN_FROM_IDLE(l) ((StokerConn *)((char *)(l)-offsetof (StokerConn, idle)))

struct StkConns
{
  StkActor *io;
  int index;
  StokerBroker *broker;
  StkConnSettings settings;
  StkConnLink idle, touched;
  StkTask touch_task;
  bool touch_set;
  StkTimer tick;
  StkBufPool pool;
  StkConnCounts counts;
  struct
  {
    StokerMetric *open, *accepted, *broken, *in, *out, *moved; /* NULL in tests */
  } metrics;
  /* Moves; spread is NULL when there are none. */
  StkSpread *spread;
  StkConns *const *peers; /* by index of the I/O actor */
  StkLoadWatch load;
  StkTimer patience;
  GPtrArray *leaving; /* of those with a goal */
  size_t away;        /* have left and not yet arrived */
  uint32_t window;
  bool watched;
  uint64_t next_id;
  bool closing;
  StkTimer close_by;
  int64_t close_us; /* when that is */
  void (*closed) (void *user);
  void *closed_user;
};

/* conn.c */
void stk_conn_open (StkConns *cs, StkStream *s, const StkConnOrigin *origin);
/* Does what has become due: presents, writes, closes. May free it. */
void stk_conn_settle (StokerConn *c);
/* Closes once everything is answered and written. */
void stk_conn_linger (StokerConn *c, const char *reason);
/* Closes at the end of the turn: after what is queued, or at once. */
void stk_conn_end (StokerConn *c, bool graceful, const char *reason);

/* input.c */
/* One read, and everything in it to the protocol. */
void stk_conn_read (StokerConn *c);
/* Presents what is buffered. */
void stk_conn_feed (StokerConn *c);
/* May input be called? */
bool stk_conn_may_feed (const StokerConn *c);
/* Nothing pending: gives the buffer back. A short rest, or with `all` any: moves it to memory of just its size. */
void stk_conn_shrink (StokerConn *c, bool all);

/* conns.c */
/* Among those of the actor; no longer among them. */
void stk_conns_link (StkConns *cs, StokerConn *c);
void stk_conns_unlink (StkConns *cs, StokerConn *c);
/* Opened; closed. */
void stk_conns_insert (StkConns *cs, StokerConn *c);
void stk_conns_remove (StkConns *cs, StokerConn *c);
/* Tells whom stk_conns_close was told when none is left. */
void stk_conns_check_closed (StkConns *cs);
/* It has had traffic. */
void stk_conns_used (StkConns *cs, StokerConn *c);
/* stk_conn_settle at the end of the turn. */
void stk_conns_touch (StkConns *cs, StokerConn *c);
/* Has the connection something to write, and something else is due before that at the end of the turn? What it brought may be what
 * others wait for (a record): they are served first, for its own answer wakes its client, which then competes with theirs for
 * the processor. */
bool stk_conns_others_first (const StokerConn *c);
/* It was settled meanwhile. */
void stk_conns_untouch (StokerConn *c);
/* Adds to a metric that may not be there. */
static inline void
stk_conns_count (StokerMetric *m, int64_t n)
{
  if (m)
    stoker_metric_add (m, n);
}
/* It has had work: one read or write of `bytes`. */
static inline void
stk_conn_worked (StokerConn *c, size_t bytes)
{
  if (c->window != c->conns->window) {
    c->window = c->conns->window;
    c->work = 0;
  }
  c->work += 8 + (uint32_t)(bytes >> 11);
}
/* The tick is needed: a buffer is in use. */
void stk_conns_want_tick (StkConns *cs);

#endif
