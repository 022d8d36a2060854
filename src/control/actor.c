/* SPDX-License-Identifier: Apache-2.0
 *
 * The control actor: a thread with a GLib main context of its own. Its mailbox and timers are one GSource, which asks
 * the context to wait exactly as long as nothing is due.
 */
#include "config.h"

#include "world/impl.h"

#include <glib-unix.h>
#include <glib.h>
#include <pthread.h>

typedef struct GlibActor
{
  StkActor base;
  GMainContext *context;
  GSource *source;
  GSList *signals; /* of GSource */
  pthread_t thread;
  bool started;
} GlibActor;

typedef struct ActorSource
{
  GSource base;
  GlibActor *actor;
} ActorSource;

typedef struct Watch
{
  int signum;
  void (*fn) (void *user, int signum);
  void *user;
} Watch;

static gboolean
source_prepare (GSource *s, int *timeout_ms)
{
  GlibActor *a = ((ActorSource *)s)->actor;
  int64_t next = stk_timers_next (&a->base.timers);

  *timeout_ms = -1;
  if (stk_actor_has_work (&a->base))
    return TRUE;
  if (next != INT64_MAX) {
    int64_t left = next - stk_world_monotonic_us (a->base.world);
    *timeout_ms = (int)CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  }
  return *timeout_ms == 0;
}

static gboolean
source_dispatch (GSource *s, GSourceFunc fn, gpointer user)
{
  return G_SOURCE_CONTINUE; /* the turn follows */
}

static GSourceFuncs source_funcs = { source_prepare, NULL, source_dispatch, NULL, NULL, NULL };

static void
glib_run (StkActor *base)
{
  GlibActor *a = (GlibActor *)base;
  StkActor *before = stk_actor_enter (base);

  g_main_context_push_thread_default (a->context);
  while (!base->quitting) {
    base->now_us = 0;
    g_main_context_iteration (a->context, TRUE);
    stk_actor_turn (base);
  }
  g_main_context_pop_thread_default (a->context);
  stk_actor_enter (before);
}

static void *
glib_thread (void *arg)
{
  glib_run (arg);
  return NULL;
}

static int
glib_start (StkActor *base, StokerError *err)
{
  GlibActor *a = (GlibActor *)base;
  int rc = stk_thread_start (&a->thread, base->name, glib_thread, a);

  if (rc != 0)
    return stoker_error_set (err, -rc, "cannot start the thread %s: %s", base->name, g_strerror (rc));
  a->started = true;
  return 0;
}

static void
glib_wake (StkActor *base)
{
  g_main_context_wakeup (((GlibActor *)base)->context);
}

static gboolean
on_signal (gpointer user)
{
  Watch *w = user;

  w->fn (w->user, w->signum);
  return G_SOURCE_CONTINUE;
}

static void
glib_watch_signal (StkActor *base, int signum, void (*fn) (void *user, int signum), void *user)
{
  GlibActor *a = (GlibActor *)base;
  GSource *s = g_unix_signal_source_new (signum);
  Watch *w = g_new (Watch, 1);

  *w = (Watch){ signum, fn, user };
  g_source_set_callback (s, on_signal, w, g_free);
  g_source_attach (s, a->context);
  a->signals = g_slist_prepend (a->signals, s);
}

static void
drop_source (gpointer s)
{
  g_source_destroy (s);
  g_source_unref (s);
}

static void
glib_join (StkActor *base)
{
  GlibActor *a = (GlibActor *)base;

  if (a->started)
    pthread_join (a->thread, NULL);
  a->started = false;
}

static void
glib_free (StkActor *base)
{
  GlibActor *a = (GlibActor *)base;

  stk_actor_drain (base);
  g_slist_free_full (a->signals, drop_source);
  drop_source (a->source);
  g_main_context_unref (a->context);
  stk_actor_clear (base);
  g_free (a);
}

static const StkActorOps glib_ops = { glib_start, glib_run, glib_wake, glib_watch_signal, glib_join, glib_free };

StkActor *
stk_glib_actor_new (StkWorld *w, const char *name)
{
  GlibActor *a = g_new0 (GlibActor, 1);

  stk_actor_init (&a->base, &glib_ops, w, STK_ACTOR_CONTROL, name);
  a->context = g_main_context_new ();
  a->source = g_source_new (&source_funcs, sizeof (ActorSource));
  ((ActorSource *)a->source)->actor = a;
  g_source_set_name (a->source, "stoker-actor");
  g_source_attach (a->source, a->context);
  return &a->base;
}
