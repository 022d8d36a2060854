/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker's front: its listeners, which I/O actor gets an accepted connection, and how many there may be.
 * Accepting happens on the first I/O actor. Called on control, but for what says otherwise.
 */
#ifndef STK_NET_SERVER_H
#define STK_NET_SERVER_H

#include "net/conns.h"
#include "net/spread.h"

typedef struct StkServer StkServer;

typedef struct StkServerSettings
{
  int backlog;
  int64_t max_connections;         /* at this number nothing is accepted until one closes */
  int64_t max_per_host;            /* one more is closed at once */
  int send_buffer, receive_buffer; /* the kernel's, of each connection; below 0: its own choice */
  StkConnSettings conn;
  const StkSpreadSettings *spread; /* copied; NULL: the defaults */
} StkServerSettings;

typedef struct StkServerListener
{
  const char *name; /* lives as long as the broker */
  const char *host; /* "": every address */
  uint16_t port;
  StokerInstance *protocol;
} StkServerListener;

/* The broker's world and I/O actors must be there. */
StkServer *stk_server_new (StokerBroker *b, const StkServerSettings *settings);
/* Binds one more listener; it accepts nothing before stk_server_open. */
int stk_server_bind (StkServer *s, const StkServerListener *l, StokerError *err);
/* Listener i's port. */
uint16_t stk_server_port (const StkServer *s, int i);
/* The broker is ready: connections are accepted from now on. */
void stk_server_open (StkServer *s);
/* Closes the listeners, then every connection (written out for at most grace_us); done (user) is called on control. */
void stk_server_close (StkServer *s, int64_t grace_us, void (*done) (void *user), void *user);
/* After close, or after nothing but new and bind; the I/O actors have ended. */
void stk_server_free (StkServer *s);
/* The connections of an I/O actor, for its figures; that actor's thread. */
StkConns *stk_server_conns (StkServer *s, int io);

#endif
