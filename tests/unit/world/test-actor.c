/* SPDX-License-Identifier: Apache-2.0
 *
 * Both kinds of real actor keep what world.h promises.
 */
#include "world/world.h"

#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

typedef struct Fixture
{
  StkWorld *world;
  StkActor *actor;
} Fixture;

static void
setup (Fixture *f, gconstpointer kind)
{
  StokerError err;

  f->world = stk_real_world_new ();
  f->actor = stk_actor_new (f->world, (StkActorKind)GPOINTER_TO_INT (kind), "test");
  g_assert_cmpint (stk_actor_start (f->actor, &err), ==, 0);
}

static void
teardown (Fixture *f, gconstpointer kind)
{
  if (f->actor) {
    stk_actor_quit (f->actor);
    stk_actor_free (f->actor);
  }
  stk_world_free (f->world);
}

/* A flag that one thread sets and another waits for. */
typedef struct Gate
{
  pthread_mutex_t lock;
  pthread_cond_t cond;
  bool open;
} Gate;
#define GATE                                                                                                           \
  {                                                                                                                    \
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                                                         \
  }

static void
gate_open (void *user)
{
  Gate *g = user;

  pthread_mutex_lock (&g->lock);
  g->open = true;
  pthread_cond_signal (&g->cond);
  pthread_mutex_unlock (&g->lock);
}

static void
gate_wait (Gate *g)
{
  pthread_mutex_lock (&g->lock);
  while (!g->open)
    pthread_cond_wait (&g->cond, &g->lock);
  g->open = false;
  pthread_mutex_unlock (&g->lock);
}

enum
{
  POSTERS = 4,
  POSTS = 20000
};

typedef struct Post
{
  StkTask task;
  struct Poster *from;
  int number;
} Post;

typedef struct Poster
{
  Fixture *f;
  pthread_t thread;
  int next; /* actor thread */
  int *left;
  Gate *done;
  Post posts[POSTS];
} Poster;

static void
on_post (StkTask *t)
{
  Post *p = (Post *)t;

  g_assert_true (stk_actor_is_current (p->from->f->actor));
  g_assert_cmpint (p->number, ==, p->from->next++);
  if (--*p->from->left == 0)
    gate_open (p->from->done);
}

static void *
poster_thread (void *arg)
{
  Poster *p = arg;

  for (int i = 0; i < POSTS; i++) {
    p->posts[i] = (Post){ { NULL, on_post }, p, i };
    stk_actor_post (p->f->actor, &p->posts[i].task);
  }
  return NULL;
}

static void
test_post (Fixture *f, gconstpointer kind)
{
  Gate done = GATE;
  int left = POSTERS * POSTS;
  Poster *p = g_new0 (Poster, POSTERS);

  g_assert_false (stk_actor_is_current (f->actor));
  for (int i = 0; i < POSTERS; i++) {
    p[i].f = f;
    p[i].left = &left;
    p[i].done = &done;
    g_assert_cmpint (pthread_create (&p[i].thread, NULL, poster_thread, &p[i]), ==, 0);
  }
  gate_wait (&done);
  for (int i = 0; i < POSTERS; i++)
    pthread_join (p[i].thread, NULL);
  g_free (p);
}

typedef struct Timed
{
  StkTimer timer;
  Fixture *f;
  int64_t set_at;
  int *order, *n, id;
  Gate *done;
} Timed;

static void
on_timer (StkTimer *timer)
{
  Timed *t = (Timed *)timer;

  g_assert_cmpint (stk_world_monotonic_us (t->f->world), >=, timer->deadline_us);
  t->order[(*t->n)++] = t->id;
  if (*t->n == 3)
    gate_open (t->done);
}

static void
set_timers (void *user)
{
  Timed *t = user;
  int64_t now = stk_actor_now_us (t->f->actor);

  stk_actor_timer_set (t->f->actor, &t[0].timer, now + 30000);
  stk_actor_timer_set (t->f->actor, &t[1].timer, now + 10000);
  stk_actor_timer_set (t->f->actor, &t[2].timer, now + 90000000);
  stk_actor_timer_set (t->f->actor, &t[2].timer, now + 20000); /* earlier than it was */
  stk_actor_timer_set (t->f->actor, &t[3].timer, now + 5000);
  stk_actor_timer_cancel (t->f->actor, &t[3].timer);
}

static void
test_timers (Fixture *f, gconstpointer kind)
{
  Gate done = GATE;
  int order[4], n = 0;
  Timed t[4];

  for (int i = 0; i < 4; i++)
    t[i] = (Timed){ { .fire = on_timer }, f, 0, order, &n, i, &done };
  stk_actor_call (f->actor, set_timers, t);
  gate_wait (&done);
  g_assert_cmpint (order[0], ==, 1);
  g_assert_cmpint (order[1], ==, 2);
  g_assert_cmpint (order[2], ==, 0);
}

typedef struct Turn
{
  Fixture *f;
  StkTask end;
  GString *said;
  Gate *done;
  int ends;
} Turn;

static void
turn_posted (void *user)
{
  Turn *t = user;

  g_string_append (t->said, "posted ");
  if (strstr (t->said->str, "end end") != NULL)
    gate_open (t->done);
}

static void
turn_end (StkTask *task)
{
  Turn *t = (Turn *)((char *)task - offsetof (Turn, end));

  g_string_append (t->said, "end ");
  if (++t->ends == 1) {
    stk_actor_at_turn_end (t->f->actor, task);
    stk_actor_call (t->f->actor, turn_posted, t);
  }
}

static void
turn_begin (void *user)
{
  Turn *t = user;

  stk_actor_at_turn_end (t->f->actor, &t->end);
  g_string_append (t->said, "begin ");
}

static void
test_turn_end (Fixture *f, gconstpointer kind)
{
  Gate done = GATE;
  Turn t = { .f = f, .end.run = turn_end, .said = g_string_new (NULL), .done = &done };

  stk_actor_call (f->actor, turn_begin, &t);
  gate_wait (&done);
  g_assert_cmpstr (t.said->str, ==, "begin end end posted ");
  g_string_free (t.said, TRUE);
}

static void
count (void *user)
{
  ++*(int *)user;
}

static void
test_late_post (Fixture *f, gconstpointer kind)
{
  int n = 0;

  stk_actor_quit (f->actor);
  for (int i = 0; i < 100; i++)
    stk_actor_call (f->actor, count, &n);
  stk_actor_free (f->actor);
  f->actor = NULL;
  g_assert_cmpint (n, ==, 100);
}

/* An idle actor does not wake: its thread's voluntary context switches do not grow. */
static void
read_switches (void *user)
{
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents ("/proc/thread-self/status", &text, NULL, NULL));
  at = strstr (text, "\nvoluntary_ctxt_switches:");
  g_assert_nonnull (at);
  *(gint64 *)user = g_ascii_strtoll (at + 25, NULL, 10);
}

static void
test_idle (Fixture *f, gconstpointer kind)
{
  Gate done = GATE;
  gint64 before = 0, after = 0;

  stk_actor_call (f->actor, read_switches, &before);
  stk_actor_call (f->actor, gate_open, &done);
  gate_wait (&done);
  g_usleep (300000);
  stk_actor_call (f->actor, read_switches, &after);
  stk_actor_call (f->actor, gate_open, &done);
  gate_wait (&done);
  g_assert_cmpint (after - before, <=, 3);
}

static void
on_signal (void *user, int signum)
{
  g_assert_cmpint (signum, ==, SIGHUP);
  gate_open (user);
}

static void
test_signal (void)
{
  StkWorld *w = stk_real_world_new ();
  StkActor *a = stk_actor_new (w, STK_ACTOR_CONTROL, "signals");
  Gate got = GATE;
  StokerError err;

  stk_actor_watch_signal (a, SIGHUP, on_signal, &got);
  g_assert_cmpint (stk_actor_start (a, &err), ==, 0);
  kill (getpid (), SIGHUP);
  gate_wait (&got);
  stk_actor_quit (a);
  stk_actor_free (a);
  stk_world_free (w);
}

static void
quit_actor (void *user)
{
  stk_actor_quit (user);
}

static void
test_run_here (void)
{
  StkWorld *w = stk_real_world_new ();
  StkActor *a = stk_actor_new (w, STK_ACTOR_CONTROL, "here");
  int n = 0;

  stk_actor_call (a, count, &n);
  stk_actor_call (a, quit_actor, a);
  stk_actor_run (a);
  g_assert_cmpint (n, ==, 1);
  g_assert_false (stk_actor_is_current (a));
  stk_actor_free (a);
  stk_world_free (w);
}

static void
test_clock (void)
{
  StkWorld *a = stk_real_world_new (), *b = stk_real_world_new ();
  int64_t t = stk_world_monotonic_us (a);

  g_assert_cmpint (stk_world_now_ms (a), >, 1700000000000);
  g_assert_cmpint (stk_world_monotonic_us (a), >=, t);
  g_assert_cmpuint (stk_world_random (a), !=, stk_world_random (a));
  g_assert_cmpuint (stk_world_random (a), !=, stk_world_random (b));
  stk_world_free (a);
  stk_world_free (b);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    StkActorKind kind;
  } kinds[] = { { "control", STK_ACTOR_CONTROL }, { "io", STK_ACTOR_IO } };
  static const struct
  {
    const char *name;
    void (*fn) (Fixture *f, gconstpointer kind);
  } tests[] = { { "post", test_post },
                { "timers", test_timers },
                { "turn-end", test_turn_end },
                { "late-post", test_late_post },
                { "idle", test_idle } };

  g_test_init (&argc, &argv, NULL);
  for (size_t k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path = g_strdup_printf ("/actor/%s/%s", kinds[k].name, tests[i].name);
      g_test_add (path, Fixture, GINT_TO_POINTER (kinds[k].kind), setup, tests[i].fn, teardown);
    }
  g_test_add_func ("/actor/signal", test_signal);
  g_test_add_func ("/actor/run-here", test_run_here);
  g_test_add_func ("/world/clock", test_clock);
  return g_test_run ();
}
