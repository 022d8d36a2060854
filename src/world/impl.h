/* SPDX-License-Identifier: Apache-2.0
 *
 * The world from inside: what its implementations (real: src/world/real.c, src/control/actor.c, src/net/; simulated:
 * src/sim) share. Users include world.h.
 */
#ifndef STK_WORLD_IMPL_H
#define STK_WORLD_IMPL_H

#include "world/mailbox.h"
#include "world/timers.h"
#include "world/world.h"

typedef struct StkWorldOps
{
  int64_t (*now_ms) (StkWorld *w);
  int64_t (*monotonic_us) (StkWorld *w);
  uint64_t (*random) (StkWorld *w);
  StkActor *(*actor_new) (StkWorld *w, StkActorKind kind, const char *name);
  StkPool *(*pool_new) (StkWorld *w, const char *name, unsigned threads);
  void (*free) (StkWorld *w);
} StkWorldOps;

/* First member of every implementation's world. */
struct StkWorld
{
  const StkWorldOps *ops;
  StokerDisk *disk;
  StkNet *net;
};

typedef struct StkActorOps
{
  int (*start) (StkActor *a, StokerError *err);
  void (*run) (StkActor *a);  /* NULL: cannot run on the caller's thread */
  void (*wake) (StkActor *a); /* its mailbox was empty and no longer is; any thread but its own */
  void (*watch_signal) (StkActor *a, int signum, void (*fn) (void *user, int signum), void *user);
  void (*join) (StkActor *a); /* waits for the end of its loop */
  void (*free) (StkActor *a); /* after join; drains it (stk_actor_drain), frees everything */
} StkActorOps;

/* First member of every implementation's actor. */
struct StkActor
{
  const StkActorOps *ops;
  StkWorld *world;
  StkActorKind kind;
  char *name;
  StkMailbox mail;
  StkTimerHeap timers;
  StkTask *turn_end, **turn_end_tail; /* what stk_actor_at_turn_end gathered */
  StkTask quit;
  StkLoadWatch *load; /* NULL: nobody asks */
  int64_t now_us;     /* of the present turn; 0: not read yet */
  bool quitting;      /* the quit task has run */
};

void stk_actor_init (StkActor *a, const StkActorOps *ops, StkWorld *w, StkActorKind kind, const char *name);
void stk_actor_clear (StkActor *a);
/* Makes `a` (or none) the one that the calling thread runs; returns the one before. */
StkActor *stk_actor_enter (StkActor *a);
/* What every turn does after its events: posted tasks, timers that are due, the tasks of the turn's end. */
void stk_actor_turn (StkActor *a);
/* Is there something to do at once, so that its loop must not wait? */
bool stk_actor_has_work (StkActor *a);
/* Runs what is left in the mailbox on the calling thread, which poses as the actor's. */
void stk_actor_drain (StkActor *a);
/* Starts a thread of ours: named, all signals blocked (they are for the thread that has none of our work). 0 or an
 * errno. */
int stk_thread_start (pthread_t *t, const char *name, void *(*fn) (void *), void *arg);

typedef struct StkPoolOps
{
  void (*post) (StkPool *p, StkTask *t);
  void (*free) (StkPool *p);
} StkPoolOps;

/* First member of every implementation's pool. */
struct StkPool
{
  const StkPoolOps *ops;
};

typedef struct StkNetOps
{
  StkListener *(*listen) (StkNet *n, StkActor *a, const char *host, uint16_t port, int backlog,
                          void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port),
                          void *user, StokerError *err);
  uint16_t (*port) (const StkListener *l);
  void (*buffers) (StkListener *l, int send, int receive);
  void (*pause) (StkListener *l, bool pause);
  void (*listener_free) (StkListener *l);
  StkStream *(*adopt) (StkNet *n, StkActor *io, StkAccepted *c);
  void (*drop) (StkNet *n, StkAccepted *c);
  void (*connect) (StkNet *n, StkActor *io, const char *host, uint16_t port,
                   void (*connected) (void *user, StkStream *s, int error), void *user);
  void (*free) (StkNet *n);
} StkNetOps;

/* First member of every implementation's network; a listener begins with a pointer to it. */
struct StkNet
{
  const StkNetOps *ops;
  StkWorld *world;
};
struct StkListener
{
  StkNet *net;
};

/* The parts of the real world. */
StkActor *stk_glib_actor_new (StkWorld *w, const char *name);  /* src/control/actor.c */
StkActor *stk_event_actor_new (StkWorld *w, const char *name); /* src/net/actor.c */
StkPool *stk_thread_pool_new (StkWorld *w, const char *name, unsigned threads);
StkNet *stk_socket_net_new (StkWorld *w); /* src/net/socket.c */

#endif
