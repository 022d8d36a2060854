/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated network from inside: stream.c (an end of a connection), net.c (listeners, connections, what the
 * scheduler asks), peer.c (clients outside of all machines). Two ends, each with the bytes that are on their way to it:
 * what is written arrives a little later, in order, cut as the seed likes it; a sender that is ahead of its reader has
 * to wait.
 */
#ifndef STK_SIM_NET_PRIVATE_H
#define STK_SIM_NET_PRIVATE_H

#include "sim/impl.h"

typedef struct Chunk
{
  int64_t at_us;
  size_t len, done;
  uint8_t data[];
} Chunk;

typedef struct SimEnd
{
  StkStream base;
  StkSim *sim;
  struct SimEnd *other; /* NULL: closed there */
  SimActor *actor;      /* NULL: a peer outside, or not adopted yet */
  SimMachine *machine;
  GQueue in; /* of Chunk */
  size_t in_bytes;
  int64_t last_at; /* when the newest chunk arrives: later ones do not overtake it */
  int64_t eof_at;  /* when the other's close is seen; INT64_MAX: not closed */
  bool reset, readable, writable, closed;
} SimEnd;

struct StkAccepted
{
  SimEnd *end;
  int64_t at_us;
};

typedef struct SimListener
{
  StkListener base;
  SimActor *actor;
  uint16_t port;
  bool paused;
  GQueue waiting; /* of StkAccepted */
  void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port);
  void *user;
} SimListener;

typedef struct SimNet
{
  StkNet base;
  StkSim *sim;
  GPtrArray *listeners;
  uint16_t next_port;
} SimNet;

/* ---- stream.c */
SimEnd *stk_sim_end_new (StkSim *s, SimMachine *m);
ssize_t stk_sim_end_read (StkStream *end, void *buf, size_t len);
/* Sends some of it to the other end. */
ssize_t stk_sim_end_put (SimEnd *e, const void *data, size_t len);
void stk_sim_end_close (StkStream *end);
/* As if its machine were gone. */
void stk_sim_end_reset (SimEnd *e);
/* Is there something now? If not, *when (NULL: not asked) is lowered to the time when there will be. */
bool stk_sim_can_read (const SimEnd *e, int64_t *when);
bool stk_sim_can_write (const SimEnd *e);
/* When what is sent now arrives. */
int64_t stk_sim_arrival (StkSim *s);

/* ---- net.c */
/* Two ends; the far one waits at the listener. NULL: nobody listens. */
SimEnd *stk_sim_dial (SimNet *n, SimMachine *from, uint16_t port);

#endif
