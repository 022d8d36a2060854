/* SPDX-License-Identifier: Apache-2.0
 *
 * The real world: this machine's clocks, randomness, threads, sockets and disk.
 */
#include "config.h"

#include "world/disk.h"
#include "world/impl.h"

#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>

typedef struct RealWorld
{
  StkWorld base;
  pthread_mutex_t lock; /* of the generator */
  uint64_t s[4];        /* xoshiro256** */
} RealWorld;

static int64_t
real_now_ms (StkWorld *w)
{
  struct timespec t;

  clock_gettime (CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
real_monotonic_us (StkWorld *w)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static uint64_t
rotl (uint64_t x, int k)
{
  return x << k | x >> (64 - k);
}

static uint64_t
real_random (StkWorld *base)
{
  RealWorld *w = (RealWorld *)base;
  uint64_t *s = w->s, r, t;

  pthread_mutex_lock (&w->lock);
  r = rotl (s[1] * 5, 7) * 9;
  t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl (s[3], 45);
  pthread_mutex_unlock (&w->lock);
  return r;
}

static StkActor *
real_actor_new (StkWorld *w, StkActorKind kind, const char *name)
{
  return kind == STK_ACTOR_CONTROL ? stk_glib_actor_new (w, name) : stk_event_actor_new (w, name);
}

static void
real_free (StkWorld *base)
{
  RealWorld *w = (RealWorld *)base;

  base->net->ops->free (base->net);
  stk_posix_disk_free (base->disk);
  pthread_mutex_destroy (&w->lock);
  g_free (w);
}

static const StkWorldOps real_ops
    = { real_now_ms, real_monotonic_us, real_random, real_actor_new, stk_thread_pool_new, real_free };

StkWorld *
stk_real_world_new (void)
{
  RealWorld *w = g_new0 (RealWorld, 1);

  w->base.ops = &real_ops;
  pthread_mutex_init (&w->lock, NULL);
  if (getrandom (w->s, sizeof w->s, 0) != sizeof w->s) /* cannot fail for so few bytes, but must not be all zero */
    w->s[0] = (uint64_t)real_monotonic_us (&w->base) | 1;
  w->base.disk = stk_posix_disk_new ();
  w->base.net = stk_socket_net_new (&w->base);
  return &w->base;
}

int
stk_thread_start (pthread_t *t, const char *name, void *(*fn) (void *), void *arg)
{
  char shown[16]; /* all that the kernel keeps */
  sigset_t all, before;
  int rc;

  sigfillset (&all);
  sigdelset (&all, SIGSEGV);
  sigdelset (&all, SIGBUS);
  sigdelset (&all, SIGFPE);
  sigdelset (&all, SIGILL);
  sigdelset (&all, SIGABRT);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  rc = pthread_create (t, NULL, fn, arg);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (rc == 0) {
    g_strlcpy (shown, name, sizeof shown);
    pthread_setname_np (*t, shown);
  }
  return rc;
}
