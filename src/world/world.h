/* SPDX-License-Identifier: Apache-2.0
 *
 * The world: everything a broker asks of the outside goes through one of these. Two implementations: the real one
 * (src/control: GLib main loop for the control actor; src/net: libevent for I/O actors and sockets; src/disk: threads for
 * blocking work) and the simulated one (src/sim: one thread, virtual time, one seed), on which whole clusters run
 * in one process and replay exactly.
 *
 * Actors. Code runs on actors: control (one per broker), I/O 0..n-1. An actor runs one task at a time, in the order in which
 * they were posted. In the real world an actor is a thread with its loop; in the simulated one it is a queue. A function with an
 * affinity asserts it in its first line: g_assert (stk_actor_is_current (a)).
 *
 * Pools. Blocking work (files) runs on a pool: tasks start in order, several at once.
 */
#ifndef STK_WORLD_H
#define STK_WORLD_H

#include <stoker/disk.h>
#include <stoker/error.h>

typedef struct StkWorld StkWorld;
typedef struct StkActor StkActor;
typedef struct StkPool StkPool;
typedef struct StkNet StkNet;

/* A message to an actor or pool. Embed it as the first member; `run` owns it and frees it. */
typedef struct StkTask
{
  struct StkTask *next;
  void (*run) (struct StkTask *t);
} StkTask;

/* A timer of an actor; embed it, zeroed. Belongs to the actor's heap while armed; must be cancelled before its memory goes. */
typedef struct StkTimer
{
  int64_t deadline_us;
  size_t slot; /* place in the heap + 1; 0: not armed */
  void (*fire) (struct StkTimer *t);
} StkTimer;

typedef enum StkActorKind
{
  STK_ACTOR_CONTROL = 0, /* GLib main loop */
  STK_ACTOR_IO = 1,      /* libevent */
} StkActorKind;

/* ---- time and chance; any thread */
int64_t stk_world_now_ms (StkWorld *w);       /* since 1970; may jump */
int64_t stk_world_monotonic_us (StkWorld *w); /* never goes back */
uint64_t stk_world_random (StkWorld *w);
StokerDisk *stk_world_disk (StkWorld *w);
StkNet *stk_world_net (StkWorld *w);

/* The real world of this process; several may exist. Free after all its actors and pools are freed. */
StkWorld *stk_real_world_new (void);
void stk_world_free (StkWorld *w);

/* ---- actors */
StkActor *stk_actor_new (StkWorld *w, StkActorKind kind, const char *name);
/* Starts a thread that runs it (real world), or makes it runnable (simulated). */
int stk_actor_start (StkActor *a, StokerError *err);
/* Runs it on the calling thread until stk_actor_quit: instead of start, for the daemon's main thread. Real world, CONTROL only. */
void stk_actor_run (StkActor *a);
/* Ends its loop after the tasks that were posted before; any thread. */
void stk_actor_quit (StkActor *a);
/* After quit: waits until its loop has ended. From then on the caller stands for it: what belongs to it can be taken apart. Not from
 * its own thread; one caller. Nothing to wait for (it ran on the caller's thread, or never): returns at once. */
void stk_actor_join (StkActor *a);
/* After quit: joins it, frees it. Tasks posted after quit are run here, by the caller. Not from its own thread. */
void stk_actor_free (StkActor *a);
/* Posts; never waits, never runs it inside the call. Any thread. */
void stk_actor_post (StkActor *a, StkTask *t);
/* Is the calling code running on it? */
bool stk_actor_is_current (const StkActor *a);
/* Arms (or moves) a timer; fires on the actor at or after the deadline (monotonic). Actor thread only. */
void stk_actor_timer_set (StkActor *a, StkTimer *t, int64_t deadline_us);
void stk_actor_timer_cancel (StkActor *a, StkTimer *t); /* not armed: does nothing; also allowed after the loop has ended */
/* Monotonic time, read once per turn of the loop. Actor thread only. */
int64_t stk_actor_now_us (StkActor *a);
StkWorld *stk_actor_world (StkActor *a);
/* Runs once at the end of the present turn of the loop (after the events and tasks that are there now): to write out
 * what has gathered. Actor thread only; the task may be set again from its own run. */
void stk_actor_at_turn_end (StkActor *a, StkTask *t);
/* The task that will run first then; NULL: none yet. Actor thread only. */
const StkTask *stk_actor_turn_end_first (const StkActor *a);

/* How busy an actor is: `told` is called at the end of a turn, at the earliest `window_us` after the last time, with how long the
 * turns since then took and how long ago it was. An actor that waits is not woken for it. Embed it; the last two are the actor's. */
typedef struct StkLoadWatch
{
  int64_t window_us;
  void (*told) (struct StkLoadWatch *w, int64_t busy_us, int64_t elapsed_us);
  int64_t since_us, busy_us;
} StkLoadWatch;
/* Begins it, or ends it (NULL); one per actor. Actor thread only. */
void stk_actor_watch_load (StkActor *a, StkLoadWatch *w);

/* Calls fn (user) on the actor's thread soon: a task is allocated for it. Any thread. */
void stk_actor_call (StkActor *a, void (*fn) (void *user), void *user);

/* Unix signals: calls fn on the control actor for each SIGNAL (HUP, INT, TERM, USR1). Real world only. */
void stk_actor_watch_signal (StkActor *a, int signum, void (*fn) (void *user, int signum), void *user);

/* ---- pools of threads for blocking work */
/* At most `threads` threads, started when first needed, ended when long idle. */
StkPool *stk_pool_new (StkWorld *w, const char *name, unsigned threads);
void stk_pool_post (StkPool *p, StkTask *t);
void stk_pool_call (StkPool *p, void (*fn) (void *user), void *user);
/* Finishes everything posted, then frees it. */
void stk_pool_free (StkPool *p);

/* ---- network: non-blocking byte streams. TLS will be a stream on top of a stream. */
typedef struct StkStream StkStream;
typedef struct StkStreamOps
{
  /* Bytes read, 0 at the peer's end, -EAGAIN when there is nothing now, or a negative errno. */
  ssize_t (*read) (StkStream *s, void *buf, size_t len);
  /* Bytes taken (possibly fewer), -EAGAIN, or a negative errno. `more`: another write follows at once. */
  ssize_t (*write) (StkStream *s, const struct iovec *iov, int n, bool more);
  ssize_t (*send_file) (StkStream *s, StokerFile *f, uint64_t pos, size_t len, bool more);
  /* Which conditions `ready` is called for (level-triggered). */
  void (*want) (StkStream *s, bool readable, bool writable);
  void (*close) (StkStream *s); /* frees it; ready is not called any more */
  /* To another I/O actor: leave on the old one's thread (nothing is wanted any more, and only join or nothing may follow), then join on
   * the new one's. What has arrived meanwhile waits in the stream. */
  void (*leave) (StkStream *s);
  void (*join) (StkStream *s, StkActor *io);
} StkStreamOps;
struct StkStream
{
  const StkStreamOps *ops;
  void (*ready) (void *user, bool readable, bool writable);
  void *user;
};

typedef struct StkListener StkListener;
typedef struct StkAccepted StkAccepted; /* a connection that no actor owns yet */
/* Listens on host:port (port 0: a free one; host "": every address); `accepted` is called on I/O actor `a` for each connection,
 * which must be adopted or dropped; with c NULL when accepting failed for the reason in peer_host (it tries again in a
 * second). It begins paused: connections wait in the kernel until stk_listener_pause (l, false). Address in use, no such
 * address: an error that says so. Any thread. */
StkListener *stk_net_listen (StkNet *n, StkActor *a, const char *host, uint16_t port, int backlog,
                             void (*accepted) (void *user, StkAccepted *c, const char *peer_host, uint16_t peer_port), void *user,
                             StokerError *err);
uint16_t stk_listener_port (const StkListener *l);
/* Kernel buffers of the connections that it accepts, in bytes; below 0: the system's choice. Before the first is accepted. */
void stk_listener_buffers (StkListener *l, int send, int receive);
/* Stops and resumes accepting (before the broker is ready, connection limit); actor thread. */
void stk_listener_pause (StkListener *l, bool pause);
/* Actor thread; or any when the actor has ended. */
void stk_listener_free (StkListener *l);
/* Makes it a stream of the I/O actor `io`; called on that actor's thread. NULL: it is gone already. */
StkStream *stk_net_adopt (StkNet *n, StkActor *io, StkAccepted *c);
void stk_net_drop (StkNet *n, StkAccepted *c);
/* Opens a connection to host:port from I/O actor `io` (thread: io); connected (user, stream or NULL, errno) comes later.
 * For follower fetchers and controller channels. */
void stk_net_connect (StkNet *n, StkActor *io, const char *host, uint16_t port,
                      void (*connected) (void *user, StkStream *s, int error), void *user);

#endif
