/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections that change their I/O actor: chosen here when src/net/spread.h says that an actor has too much or too
 * little to do, handed over at a quiet moment. Actor thread of `cs` everywhere.
 */
#ifndef STK_NET_MOVE_H
#define STK_NET_MOVE_H

#include "net/conn_impl.h"

/* The actor has connections: its load is measured from now on. */
void stk_move_watch (StkConns *cs);
/* It has none any more, or the broker stops. */
void stk_move_end (StkConns *cs);
/* A connection that is to move was settled: moves it when the moment is quiet. True: it is gone, to another thread. */
bool stk_move_try (StokerConn *c);
/* A connection that is to move is closed. */
void stk_move_forget (StokerConn *c);

#endif
