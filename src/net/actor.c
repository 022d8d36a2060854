/* SPDX-License-Identifier: Apache-2.0
 *
 * The I/O actor: a thread with a libevent base of its own, without locks. Others reach it through the mailbox and an
 * eventfd, which only the first post to an empty box writes.
 */
#include "net/actor.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct EventActor
{
  StkActor base;
  struct event_base *loop;
  struct event *wake, *timeout;
  int64_t armed_for; /* deadline that `timeout` is set to, INT64_MAX: not set */
  int fd;
  pthread_t thread;
  bool started;
} EventActor;

struct event_base *
stk_event_actor_base (StkActor *a)
{
  g_assert (a->kind == STK_ACTOR_IO && stk_actor_is_current (a));
  return ((EventActor *)a)->loop;
}

static void
on_event (evutil_socket_t fd, short what, void *user)
{
  /* Nothing to read: the descriptor is edge-triggered, every write to it counts. The turn follows. */
  (void)stk_actor_now_us (user);
}

static void
on_timeout (evutil_socket_t fd, short what, void *user)
{
  (void)stk_actor_now_us (user);
  ((EventActor *)user)->armed_for = INT64_MAX;
}

static void
arm_timeout (EventActor *a)
{
  int64_t next = stk_timers_next (&a->base.timers);
  struct timeval tv;
  int64_t left;

  if (next == a->armed_for)
    return;
  a->armed_for = next;
  if (next == INT64_MAX) {
    event_del (a->timeout);
    return;
  }
  left = MAX (next - stk_world_monotonic_us (a->base.world), 0);
  tv.tv_sec = left / 1000000;
  tv.tv_usec = left % 1000000;
  event_add (a->timeout, &tv);
}

static void *
event_thread (void *arg)
{
  EventActor *a = arg;

  stk_actor_enter (&a->base);
  while (!a->base.quitting) {
    arm_timeout (a);
    a->base.now_us = 0;
    event_base_loop (a->loop, EVLOOP_ONCE | (stk_actor_has_work (&a->base) ? EVLOOP_NONBLOCK : 0));
    stk_actor_turn (&a->base);
  }
  stk_actor_enter (NULL);
  return NULL;
}

static int
event_start (StkActor *base, StokerError *err)
{
  EventActor *a = (EventActor *)base;
  int rc = a->loop ? stk_thread_start (&a->thread, base->name, event_thread, a) : EMFILE;

  if (rc != 0)
    return stoker_error_set (err, -rc, "cannot start the thread %s: %s", base->name, g_strerror (rc));
  a->started = true;
  return 0;
}

static void
event_wake (StkActor *base)
{
  int fd = ((EventActor *)base)->fd;

  if (fd >= 0 && eventfd_write (fd, 1) < 0)
    g_error ("cannot wake %s: %s", base->name, g_strerror (errno));
}

static void
event_join (StkActor *base)
{
  EventActor *a = (EventActor *)base;

  if (a->started)
    pthread_join (a->thread, NULL);
  a->started = false;
}

static void
event_actor_free (StkActor *base)
{
  EventActor *a = (EventActor *)base;

  stk_actor_drain (base);
  if (a->loop) {
    event_free (a->wake);
    event_free (a->timeout);
    event_base_free (a->loop);
  }
  if (a->fd >= 0)
    close (a->fd);
  stk_actor_clear (base);
  g_free (a);
}

static const StkActorOps event_ops = { event_start, NULL, event_wake, NULL, event_join, event_actor_free };

/* Out of descriptors: the loop stays NULL, and start says so. */
static void
make_loop (EventActor *a)
{
  struct event_config *cfg = event_config_new ();

  if ((a->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0) {
    event_config_set_flag (cfg, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag (cfg, EVENT_BASE_FLAG_IGNORE_ENV);
    event_config_require_features (cfg, EV_FEATURE_ET);
    a->loop = event_base_new_with_config (cfg);
  }
  event_config_free (cfg);
  if (a->loop == NULL)
    return;
  a->wake = event_new (a->loop, a->fd, EV_READ | EV_PERSIST | EV_ET, on_event, a);
  a->timeout = evtimer_new (a->loop, on_timeout, a);
  event_add (a->wake, NULL);
}

StkActor *
stk_event_actor_new (StkWorld *w, const char *name)
{
  EventActor *a = g_new0 (EventActor, 1);

  stk_actor_init (&a->base, &event_ops, w, STK_ACTOR_IO, name);
  a->armed_for = INT64_MAX;
  make_loop (a);
  return &a->base;
}
