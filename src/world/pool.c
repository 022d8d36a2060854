/* SPDX-License-Identifier: Apache-2.0
 *
 * The real pool: a queue and up to N threads that come when there is work and leave after ten idle seconds, so that an
 * idle broker has no thread that ever wakes.
 */
#include "config.h"

#include "world/impl.h"

#include <glib.h>
#include <pthread.h>
#include <time.h>

#define IDLE_S 10

typedef enum SlotState
{
  SLOT_FREE,
  SLOT_RUNNING,
  SLOT_ENDED, /* has left; to be joined */
} SlotState;

typedef struct Slot
{
  struct ThreadPool *pool;
  pthread_t thread;
  SlotState state;
} Slot;

typedef struct ThreadPool
{
  StkPool base;
  char *name;
  pthread_mutex_t lock;
  pthread_cond_t more;
  StkTask *first, **tail;
  size_t n_queued;
  unsigned n_slots, n_idle;
  bool ending;
  Slot slots[];
} ThreadPool;

/* Waits for work; NULL: this thread should end. With the lock. */
static StkTask *
next_task (ThreadPool *p)
{
  StkTask *t;
  struct timespec until;
  int rc = 0;

  clock_gettime (CLOCK_MONOTONIC, &until);
  until.tv_sec += IDLE_S;
  while (p->first == NULL && !p->ending && rc == 0) {
    p->n_idle++;
    rc = pthread_cond_timedwait (&p->more, &p->lock, &until);
    p->n_idle--;
  }
  if ((t = p->first) == NULL)
    return NULL;
  if ((p->first = t->next) == NULL)
    p->tail = &p->first;
  p->n_queued--;
  return t;
}

static void *
pool_thread (void *arg)
{
  Slot *s = arg;
  ThreadPool *p = s->pool;
  StkTask *t;

  pthread_mutex_lock (&p->lock);
  while ((t = next_task (p)) != NULL) {
    pthread_mutex_unlock (&p->lock);
    t->run (t);
    pthread_mutex_lock (&p->lock);
  }
  s->state = SLOT_ENDED;
  pthread_mutex_unlock (&p->lock);
  return NULL;
}

/* One more thread if there may be one. With the lock. */
static void
add_thread (ThreadPool *p)
{
  Slot *s = NULL;
  bool any = false;
  int rc;

  for (unsigned i = 0; i < p->n_slots; i++) {
    if (p->slots[i].state == SLOT_RUNNING)
      any = true;
    else if (s == NULL)
      s = &p->slots[i];
  }
  if (s == NULL)
    return;
  if (s->state == SLOT_ENDED)
    pthread_join (s->thread, NULL);
  s->state = SLOT_RUNNING;
  if ((rc = stk_thread_start (&s->thread, p->name, pool_thread, s)) != 0) {
    s->state = SLOT_FREE;
    if (!any)
      g_error ("cannot start a thread for %s: %s", p->name, g_strerror (rc)); /* nobody would ever do the work */
  }
}

static void
pool_post (StkPool *base, StkTask *t)
{
  ThreadPool *p = (ThreadPool *)base;

  pthread_mutex_lock (&p->lock);
  t->next = NULL;
  *p->tail = t;
  p->tail = &t->next;
  if (++p->n_queued > p->n_idle && !p->ending)
    add_thread (p);
  pthread_cond_signal (&p->more);
  pthread_mutex_unlock (&p->lock);
}

static void
pool_free (StkPool *base)
{
  ThreadPool *p = (ThreadPool *)base;
  g_autofree bool *used = g_new (bool, p->n_slots);

  pthread_mutex_lock (&p->lock);
  p->ending = true;
  pthread_cond_broadcast (&p->more);
  for (unsigned i = 0; i < p->n_slots; i++)
    used[i] = p->slots[i].state != SLOT_FREE;
  pthread_mutex_unlock (&p->lock);
  /* Threads take what is queued, and what their tasks still post, before they end; no new one comes. */
  for (unsigned i = 0; i < p->n_slots; i++)
    if (used[i])
      pthread_join (p->slots[i].thread, NULL);
  g_assert (p->first == NULL);
  pthread_cond_destroy (&p->more);
  pthread_mutex_destroy (&p->lock);
  g_free (p->name);
  g_free (p);
}

static const StkPoolOps pool_ops = { pool_post, pool_free };

StkPool *
stk_thread_pool_new (StkWorld *w, const char *name, unsigned threads)
{
  ThreadPool *p = g_malloc0 (sizeof *p + threads * sizeof (Slot));
  pthread_condattr_t attr;

  g_assert (threads > 0);
  p->base.ops = &pool_ops;
  p->name = g_strdup (name);
  p->tail = &p->first;
  p->n_slots = threads;
  for (unsigned i = 0; i < threads; i++)
    p->slots[i].pool = p;
  pthread_mutex_init (&p->lock, NULL);
  pthread_condattr_init (&attr);
  pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
  pthread_cond_init (&p->more, &attr);
  pthread_condattr_destroy (&attr);
  return &p->base;
}
