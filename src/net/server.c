/* SPDX-License-Identifier: Apache-2.0 */
#include "net/server.h"

#include "control/log.h"
#include "control/metrics.h"

#include <glib.h>
#include <inttypes.h>

typedef struct Listener
{
  StkServer *server;
  StkServerListener conf;
  char *host;
  StkListener *listener;
  uint16_t port;
} Listener;

struct StkServer
{
  StokerBroker *broker;
  StkServerSettings settings;
  GPtrArray *listeners; /* of Listener */
  StkConns **conns;     /* per I/O actor */
  int n_io;
  StkSpread *spread; /* which of them serves a connection */
  /* On the accepting actor: */
  int64_t n_open;
  GHashTable *hosts; /* host -> number of connections */
  bool accepting, closed;
  /* On control: */
  int left; /* I/O actors that are still closing */
  int64_t grace_us;
  void (*done) (void *user);
  void *done_user;
};

/* A connection on its way to its I/O actor, and the news of its end on the way back. */
typedef struct Passage
{
  StkTask task;
  Listener *listener;
  StkAccepted *accepted;
  int io;
  char host[];
} Passage;

static StkActor *
acceptor (StkServer *s)
{
  return s->broker->io_actors[0];
}

static void
set_accepting (StkServer *s)
{
  bool accept = s->accepting && s->n_open < s->settings.max_connections;

  for (guint i = 0; i < s->listeners->len; i++) {
    Listener *l = g_ptr_array_index (s->listeners, i);
    if (l->listener)
      stk_listener_pause (l->listener, !accept);
  }
}

/* Counts one connection more or less from `host`; false when there are too many. */
static bool
count_host (StkServer *s, const char *host, int change)
{
  int64_t n = GPOINTER_TO_INT (g_hash_table_lookup (s->hosts, host)) + change;

  if (change > 0 && n > s->settings.max_per_host)
    return false;
  if (n > 0)
    g_hash_table_insert (s->hosts, g_strdup (host), GINT_TO_POINTER ((int)n));
  else
    g_hash_table_remove (s->hosts, host);
  s->n_open += change;
  if ((change > 0 && s->n_open == s->settings.max_connections)
      || (change < 0 && s->n_open == s->settings.max_connections - 1))
    set_accepting (s);
  return true;
}

static void
run_gone (StkTask *t)
{
  Passage *p = (Passage *)t;

  (void)count_host (p->listener->server, p->host, -1);
  g_free (p);
}

/* The passage waits for the connection's end, to carry the news. */
static void
on_gone (void *user, const StokerContext *ctx)
{
  Passage *p = user;

  p->task.run = run_gone;
  stk_actor_post (acceptor (p->listener->server), &p->task);
}

static void
run_arrive (StkTask *t)
{
  Passage *p = (Passage *)t;
  StkServer *s = p->listener->server;
  StkStream *stream = stk_net_adopt (stk_world_net (s->broker->world), s->broker->io_actors[p->io], p->accepted);
  StkConnOrigin origin = { p->listener->conf.protocol, p->listener->conf.name, p->host, on_gone, p };

  if (stream) {
    stk_conns_add (s->conns[p->io], stream, &origin);
  } else {
    stk_spread_gone (s->spread, p->io);
    on_gone (p, NULL);
  }
}

static void
on_accepted (void *user, StkAccepted *c, const char *host, uint16_t port)
{
  Listener *l = user;
  StkServer *s = l->server;
  size_t len = strlen (host) + 1;
  Passage *p;

  if (c == NULL) {
    stk_log (s->broker->log, STOKER_LOG_ERROR, "net", "conn.accept-failed",
             "connections cannot be accepted: %s; raise the limit of open files, or set max.connections below it",
             host);
    return;
  }
  if (!count_host (s, host, 1)) {
    if (s->broker->metrics)
      stoker_metric_add (stk_metrics_core (s->broker->metrics, STK_METRIC_CONNECTIONS_REFUSED), 1);
    stk_log (s->broker->log, STOKER_LOG_WARN, "net", "conn.too-many",
             "connection refused: its host has as many as it may | peer=%s limit=%" PRId64, host,
             s->settings.max_per_host);
    stk_net_drop (stk_world_net (s->broker->world), c);
    return;
  }
  p = g_malloc (sizeof *p + len);
  *p = (Passage){ { NULL, run_arrive }, l, c, stk_spread_place (s->spread, stk_actor_now_us (acceptor (s))) };
  memcpy (p->host, host, len);
  stk_actor_post (s->broker->io_actors[p->io], &p->task);
}

static void
listener_free (void *p)
{
  Listener *l = p;

  stk_listener_free (l->listener);
  g_free (l->host);
  g_free (l);
}

StkServer *
stk_server_new (StokerBroker *b, const StkServerSettings *settings)
{
  StkServer *s = g_new0 (StkServer, 1);

  s->broker = b;
  s->settings = *settings;
  s->listeners = g_ptr_array_new_with_free_func (listener_free);
  s->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  s->n_io = b->n_io;
  s->conns = g_new (StkConns *, b->n_io);
  s->spread = stk_spread_new (s->n_io, settings->spread);
  for (int i = 0; i < b->n_io; i++) {
    s->conns[i] = stk_conns_new (b->io_actors[i], i, b, &settings->conn);
    stk_conns_spread (s->conns[i], s->spread, s->conns);
  }
  return s;
}

int
stk_server_bind (StkServer *s, const StkServerListener *conf, StokerError *err)
{
  Listener *l;

  if (conf->protocol->module->threads != STOKER_THREADS_PARALLEL)
    return stoker_error_set (
        err, STOKER_ERROR_MODULE,
        "listener %s: protocol/%s does not declare STOKER_THREADS_PARALLEL, as every protocol must", conf->name,
        conf->protocol->module->name);
  l = g_new0 (Listener, 1);
  l->server = s;
  l->conf = *conf;
  l->conf.host = l->host = g_strdup (conf->host);
  l->listener = stk_net_listen (stk_world_net (s->broker->world), acceptor (s), l->host, conf->port,
                                s->settings.backlog, on_accepted, l, err);
  if (l->listener == NULL) {
    listener_free (l);
    return -1;
  }
  stk_listener_buffers (l->listener, s->settings.send_buffer, s->settings.receive_buffer);
  l->port = stk_listener_port (l->listener);
  g_ptr_array_add (s->listeners, l);
  return 0;
}

uint16_t
stk_server_port (const StkServer *s, int i)
{
  g_assert (i >= 0 && (guint)i < s->listeners->len);
  return ((Listener *)g_ptr_array_index (s->listeners, (guint)i))->port;
}

StkConns *
stk_server_conns (StkServer *s, int io)
{
  return s->conns[io];
}

static void
do_open (void *user)
{
  StkServer *s = user;

  s->accepting = !s->closed;
  set_accepting (s);
}

void
stk_server_open (StkServer *s)
{
  stk_actor_call (acceptor (s), do_open, s);
}

static void
one_closed (void *user)
{
  StkServer *s = user;

  if (--s->left == 0)
    s->done (s->done_user);
}

static void
conns_closed (void *user)
{
  StkServer *s = user;
  stk_actor_call (s->broker->control, one_closed, s);
}

typedef struct Close
{
  StkTask task;
  StkServer *server;
  int io;
} Close;

static void
run_close (StkTask *t)
{
  Close c = *(Close *)t;

  g_free (t);
  stk_conns_close (c.server->conns[c.io], c.server->grace_us, conns_closed, c.server);
}

static void
close_listeners (void *user)
{
  StkServer *s = user;

  s->closed = true;
  s->accepting = false;
  for (guint i = 0; i < s->listeners->len; i++) {
    Listener *l = g_ptr_array_index (s->listeners, i);
    stk_listener_free (l->listener);
    l->listener = NULL;
  }
  /* Behind the connections that were handed over before. */
  for (int i = 0; i < s->n_io; i++) {
    Close *c = g_new (Close, 1);
    *c = (Close){ { NULL, run_close }, s, i };
    stk_actor_post (s->broker->io_actors[i], &c->task);
  }
}

void
stk_server_close (StkServer *s, int64_t grace_us, void (*done) (void *user), void *user)
{
  s->grace_us = grace_us;
  s->done = done;
  s->done_user = user;
  s->left = s->n_io;
  stk_actor_call (acceptor (s), close_listeners, s);
}

void
stk_server_free (StkServer *s)
{
  if (s == NULL)
    return;
  g_ptr_array_unref (s->listeners);
  for (int i = 0; i < s->n_io; i++)
    stk_conns_free (s->conns[i]);
  g_hash_table_unref (s->hosts);
  stk_spread_free (s->spread);
  g_free (s->conns);
  g_free (s);
}
