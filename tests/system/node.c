/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "node.h"

#include "config/broker_config.h"

#include <glib.h>

static void
on_started (void *user, const StokerError *err)
{
  Node *n = user;

  pthread_mutex_lock (&n->lock);
  if (err)
    n->err = *err;
  n->started = true;
  pthread_cond_signal (&n->cond);
  pthread_mutex_unlock (&n->lock);
}

static void
on_stopped (void *user)
{
  Node *n = user;

  pthread_mutex_lock (&n->lock);
  n->stopped = true;
  pthread_cond_signal (&n->cond);
  pthread_mutex_unlock (&n->lock);
}

void
node_wait (Node *n, const bool *flag)
{
  pthread_mutex_lock (&n->lock);
  while (!*flag)
    pthread_cond_wait (&n->cond, &n->lock);
  pthread_mutex_unlock (&n->lock);
}

static StkBrokerConfig *
make_config (int id, const char *dir, const char *more)
{
  g_autofree char *text = g_strdup_printf ("broker.id = %d\n"
                                           "listeners = PLAINTEXT://127.0.0.1:0\n"
                                           "log.dirs = %s\n"
                                           "num.network.threads = 2\n"
                                           "network.thread.connections = 1\n"
                                           "logging.level = warn\n"
                                           "group.initial.rebalance.delay.ms = 0\n"
                                           "%s",
                                           id, dir, more);
  return stk_broker_config_for_test (text, "/");
}

void
node_open (Node *n, StkWorld *w, int id, const char *more, const StkSpreadSettings *spread)
{
  StokerError err = { 0 };

  pthread_mutex_init (&n->lock, NULL);
  pthread_cond_init (&n->cond, NULL);
  n->started = n->stopped = false;
  n->broker = stk_broker_new (w, make_config (id, n->dir, more), &err);
  g_assert_cmpstr (err.text, ==, "");
  n->broker->spread = spread;
  g_assert_cmpint (stk_actor_start (n->broker->control, &err), ==, 0);
  stk_broker_start (n->broker, on_started, n);
}

void
node_stop (Node *n)
{
  stk_broker_stop (n->broker, on_stopped, n);
}

static void
clear (Node *n)
{
  stk_actor_quit (n->broker->control);
  stk_broker_free (n->broker);
  pthread_mutex_destroy (&n->lock);
  pthread_cond_destroy (&n->cond);
}

void
node_close (Node *n)
{
  node_wait (n, &n->stopped);
  clear (n);
}

static bool
is_set (void *user)
{
  return *(bool *)user;
}

void
node_open_sim (Node *n, StkSim *s, StkWorld *w, int id, const char *more, const StkSpreadSettings *spread)
{
  n->dir = "/data";
  node_open (n, w, id, more, spread);
  g_assert_true (stk_sim_until (s, is_set, &n->started, INT64_C (60000000)));
  g_assert_cmpstr (n->err.text, ==, "");
}

void
node_close_sim (Node *n, StkSim *s)
{
  g_assert_true (stk_sim_until (s, is_set, &n->stopped, INT64_C (60000000)));
  clear (n);
}
