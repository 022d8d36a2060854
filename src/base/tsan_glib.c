/* SPDX-License-Identifier: Apache-2.0
 *
 * Only in builds for the thread sanitizer: tells it what GLib's locks order. GLib is not instrumented and takes its
 * locks with futexes of its own, so that without this every correct use looks like a race. Each function stands in
 * front of GLib's and calls it between the sanitizer's marks.
 */
#include "config.h"

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>
#include <stoker/types.h>

#define SHIM STOKER_EXPORT __attribute__ ((no_sanitize ("thread")))

/* GLib's own function of the name, looked up once. */
#define REAL(name)                                                                                                     \
  ({                                                                                                                   \
    static typeof (name) *found;                                                                                       \
    typeof (name) *f = __atomic_load_n (&found, __ATOMIC_RELAXED);                                                     \
    if (f == NULL) {                                                                                                   \
      *(void **)&f = dlsym (RTLD_NEXT, #name);                                                                         \
      __atomic_store_n (&found, f, __ATOMIC_RELAXED);                                                                  \
    }                                                                                                                  \
    f;                                                                                                                 \
  })

#undef g_mutex_trylock

SHIM void
g_mutex_lock (GMutex *m)
{
  __tsan_mutex_pre_lock (m, 0);
  REAL (g_mutex_lock) (m);
  __tsan_mutex_post_lock (m, 0, 0);
}

SHIM gboolean
g_mutex_trylock (GMutex *m)
{
  gboolean got;

  __tsan_mutex_pre_lock (m, __tsan_mutex_try_lock);
  got = REAL (g_mutex_trylock) (m);
  __tsan_mutex_post_lock (m, __tsan_mutex_try_lock | (got ? 0 : __tsan_mutex_try_lock_failed), 0);
  return got;
}

SHIM void
g_mutex_unlock (GMutex *m)
{
  (void)__tsan_mutex_pre_unlock (m, 0);
  REAL (g_mutex_unlock) (m);
  __tsan_mutex_post_unlock (m, 0);
}

SHIM void
g_mutex_clear (GMutex *m)
{
  REAL (g_mutex_clear) (m);
  __tsan_mutex_destroy (m, __tsan_mutex_linker_init);
}

SHIM void
g_cond_wait (GCond *c, GMutex *m)
{
  (void)__tsan_mutex_pre_unlock (m, 0);
  __tsan_mutex_post_unlock (m, 0);
  REAL (g_cond_wait) (c, m);
  __tsan_mutex_pre_lock (m, 0);
  __tsan_mutex_post_lock (m, 0, 0);
}

SHIM gboolean
g_cond_wait_until (GCond *c, GMutex *m, gint64 end_time)
{
  gboolean in_time;

  (void)__tsan_mutex_pre_unlock (m, 0);
  __tsan_mutex_post_unlock (m, 0);
  in_time = REAL (g_cond_wait_until) (c, m, end_time);
  __tsan_mutex_pre_lock (m, 0);
  __tsan_mutex_post_lock (m, 0, 0);
  return in_time;
}

SHIM void
g_rw_lock_writer_lock (GRWLock *l)
{
  __tsan_mutex_pre_lock (l, 0);
  REAL (g_rw_lock_writer_lock) (l);
  __tsan_mutex_post_lock (l, 0, 0);
}

SHIM void
g_rw_lock_writer_unlock (GRWLock *l)
{
  (void)__tsan_mutex_pre_unlock (l, 0);
  REAL (g_rw_lock_writer_unlock) (l);
  __tsan_mutex_post_unlock (l, 0);
}

SHIM void
g_rw_lock_reader_lock (GRWLock *l)
{
  __tsan_mutex_pre_lock (l, __tsan_mutex_read_lock);
  REAL (g_rw_lock_reader_lock) (l);
  __tsan_mutex_post_lock (l, __tsan_mutex_read_lock, 0);
}

SHIM void
g_rw_lock_reader_unlock (GRWLock *l)
{
  (void)__tsan_mutex_pre_unlock (l, __tsan_mutex_read_lock);
  REAL (g_rw_lock_reader_unlock) (l);
  __tsan_mutex_post_unlock (l, __tsan_mutex_read_lock);
}

SHIM void
g_async_queue_push (GAsyncQueue *q, gpointer data)
{
  __tsan_release (q);
  REAL (g_async_queue_push) (q, data);
}

SHIM gpointer
g_async_queue_pop (GAsyncQueue *q)
{
  gpointer data = REAL (g_async_queue_pop) (q);

  __tsan_acquire (q);
  return data;
}

SHIM gpointer
g_async_queue_try_pop (GAsyncQueue *q)
{
  gpointer data = REAL (g_async_queue_try_pop) (q);

  __tsan_acquire (q);
  return data;
}

SHIM gpointer
g_async_queue_timeout_pop (GAsyncQueue *q, guint64 timeout)
{
  gpointer data = REAL (g_async_queue_timeout_pop) (q, timeout);

  __tsan_acquire (q);
  return data;
}

/* The function of a thread pool, behind one that marks the hand-over. Lives as long as the process: pools are few. */
typedef struct Worker
{
  GFunc fn;
  gpointer user;
} Worker;

__attribute__ ((no_sanitize ("thread"))) static void
worker_run (gpointer data, gpointer user)
{
  Worker *w = user;

  __tsan_acquire (data);
  w->fn (data, w->user);
  __tsan_release (w);
}

SHIM GThreadPool *
g_thread_pool_new (GFunc fn, gpointer user, gint max, gboolean exclusive, GError **error)
{
  Worker *w = g_new (Worker, 1);

  w->fn = fn;
  w->user = user;
  __tsan_release (w);
  return REAL (g_thread_pool_new) (worker_run, w, max, exclusive, error);
}

/* Whoever waits for the pool's end sees what its threads did. */
SHIM void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait_)
{
  gpointer w = pool->user_data;

  REAL (g_thread_pool_free) (pool, immediate, wait_);
  if (wait_)
    __tsan_acquire (w);
}

SHIM gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  __tsan_release (data);
  return REAL (g_thread_pool_push) (pool, data, error);
}
