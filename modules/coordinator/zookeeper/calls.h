/* SPDX-License-Identifier: Apache-2.0
 *
 * The requests of a session that have no answer yet, in order: some wait to be sent, some are with the library, some have been answered out of
 * turn. Answers leave from the head only. Control thread.
 */
#ifndef ZOOKEEPER_CALLS_H
#define ZOOKEEPER_CALLS_H

#include "call.h"

typedef struct Calls
{
  Call *head, **tail;
  Call *orphans;      /* answered by zk_calls_end, but the library still has them */
  unsigned waiting;   /* to be sent */
  unsigned in_flight; /* with the library, orphans too */
} Calls;

void zk_calls_init (Calls *q);
/* Frees all; the library has none of them any more. */
void zk_calls_clear (Calls *q);
/* Takes over a call: an answered one, or one that waits. */
void zk_calls_add (Calls *q, Call *c);
/* The first that waits; it counts as sent from now on. NULL: none. */
Call *zk_calls_send (Calls *q, int64_t now_us);
/* The library has filled this one. */
void zk_calls_filled (Calls *q, Call *c);
/* Whatever the library says: all are answered with this code. */
void zk_calls_end (Calls *q, int code);
/* Answers everything that can be, in order. `deliver` may add calls; false: the queue is gone with all in it, but for this call. What c->made,
 * kind and path say is right also while the library still has the call, when `reply` is not c->reply. */
void zk_calls_answer (Calls *q, bool (*deliver) (void *user, Call *c, const StokerCoordReply *reply), void *user);

#endif
