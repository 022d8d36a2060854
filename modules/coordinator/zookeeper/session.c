/* SPDX-License-Identifier: Apache-2.0 */
#include "session_private.h"

#include "former.h"

static void pump (void *user);

/* ---- life */

void
zk_session_ref (void *owner)
{
  g_atomic_int_inc (&((Session *)owner)->refs);
}

void
zk_session_unref (void *owner)
{
  Session *s = owner;

  if (!g_atomic_int_dec_and_test (&s->refs))
    return;
  zk_inbox_clear (&s->inbox);
  zk_connect_clear (&s->connect);
  g_free (s->former);
  g_free (s);
}

Session *
zk_session_new (StokerInstance *self, StokerError *err)
{
  const Conf *conf = self->conf;
  Session *s = g_new0 (Session, 1);

  if (zk_connect_parse (conf->connect, &s->connect, err) < 0) {
    g_free (s);
    return NULL;
  }
  s->refs = 1;
  s->self = self;
  s->conf = conf;
  s->former = conf->directory ? g_build_filename (conf->directory, ZK_FORMER_FILE, NULL) : NULL;
  zk_acls_init (&s->acls, conf->set_acl);
  zk_inbox_init (&s->inbox, self->host, zk_session_ref, pump, s);
  coord_watches_init (&s->watches);
  s->handles = g_ptr_array_new ();
  zk_calls_init (&s->calls);
  s->retry = stoker_host_timer_new (self->host, zk_link_make, s);
  s->pending = stoker_host_metric (self->host, "coordinator.requests.pending", STOKER_METRIC_GAUGE, "requests", NULL,
                                   "requests to ZooKeeper that have no answer yet");
  s->answered = stoker_host_metric (self->host, "coordinator.requests", STOKER_METRIC_COUNTER, "requests", NULL, "requests that ZooKeeper answered");
  s->waited_us = stoker_host_metric (self->host, "coordinator.requests.time", STOKER_METRIC_COUNTER, "us", NULL,
                                     "from sending a request to ZooKeeper to its answer, summed up");
  return s;
}

/* What was on its way when the inbox was shut. */
static void
drop_messages (Message *m)
{
  for (Message *next; m; m = next) {
    Call *c = m->subject;
    next = m->next;
    if (m->kind == MESSAGE_HANDLE)
      zk_handle_end (m->handle, m->subject);
    else if (m->kind == MESSAGE_CLOSED && m->handle)
      zk_handle_free (m->handle);
    else if (m->kind == MESSAGE_REPLY && c && c->internal)
      zk_call_free (c);
    zk_message_free (m);
  }
}

void
zk_session_free (Session *s)
{
  if (s->retry)
    stoker_host_timer_free (s->retry);
  drop_messages (zk_inbox_shut (&s->inbox));
  for (guint i = 0; i < s->handles->len; i++) {
    Handle *h = s->handles->pdata[i];
    if (h->made && !h->closing) /* else a thread has it and ends it */
      zk_handle_end (h, h->zh); /* answers all its calls; nobody takes them */
  }
  g_ptr_array_unref (s->handles);
  zk_calls_clear (&s->calls);
  coord_watches_clear (&s->watches);
  s->self = NULL;
  zk_session_unref (s);
}

const Connect *
zk_session_connect (const Session *s)
{
  return &s->connect;
}

const Acls *
zk_session_acls (const Session *s)
{
  return &s->acls;
}

/* ---- requests */

static void
wake (Session *s)
{
  Message m = { .kind = MESSAGE_REPLY };

  (void)zk_inbox_put (&s->inbox, &m);
}

static bool
usable (const Session *s)
{
  return s->phase == OPEN && s->handle && s->handle->rooted;
}

static void
send_some (Session *s)
{
  Call *c;

  while (s->calls.in_flight < s->conf->max_in_flight && usable (s)
         && (c = zk_calls_send (&s->calls, stoker_host_monotonic_us (s->self->host))) != NULL) {
    c->handle = s->handle;
    c->inbox = &s->inbox;
    zk_call_send (c, s->handle->zh, zk_handle_on_event);
  }
  stoker_metric_set (s->pending, (int64_t)s->calls.waiting + s->calls.in_flight);
}

static bool
changes (const Call *c)
{
  return c->kind == CALL_CREATE || c->kind == CALL_SET || c->kind == CALL_REMOVE || c->kind == CALL_MULTI;
}

void
zk_session_add (Session *s, Call *c)
{
  /* Without a session nothing of it is done; whoever asks again after CONNECTED is served. */
  int refused = s->phase != OPEN                                  ? STOKER_COORD_CLOSED
                : s->conf->read_only && changes (c)              ? STOKER_COORD_NO_AUTH
                : !usable (s)                                     ? STOKER_COORD_CONNECTION_LOSS
                : (int64_t)zk_call_size (c) > s->conf->max_data ? STOKER_COORD_BAD_ARGUMENTS
                                                                  : STOKER_COORD_OK;

  if (!c->answered && refused) {
    zk_call_fail (c, refused);
    c->answered = true;
  }
  zk_calls_add (&s->calls, c);
  if (c->answered)
    wake (s);
  else
    send_some (s);
}

static bool
deliver (void *user, Call *c, const StokerCoordReply *answer)
{
  Session *s = user;
  StokerCoordReply reply = *answer;
  bool armed = reply.code == STOKER_COORD_OK || (reply.code == STOKER_COORD_NO_NODE && c->kind == CALL_EXISTS);

  if (answer == &c->reply && c->made)
    reply.path = stoker_str (zk_connect_strip (&s->connect, c->made));
  if (c->watch.fn && armed)
    coord_watches_add (c->kind == CALL_CHILDREN ? s->watches.child : s->watches.data, c->path, c->watch);
  if (c->done)
    c->done (c->user, &reply);
  return s->self != NULL;
}

void
zk_session_answer (Session *s)
{
  zk_calls_answer (&s->calls, deliver, s);
}

/* ---- messages */

static void
finish_close (Session *s)
{
  void (*closed) (void *) = s->closed;

  if (s->phase != CLOSING || s->handles->len)
    return;
  s->phase = CLOSED;
  s->closed = NULL;
  zk_session_answer (s);
  if (s->self && closed)
    closed (s->closed_user);
}

static void
on_event (Session *s, const Message *m)
{
  const char *path = zk_connect_strip (&s->connect, m->path);
  StokerCoordEvent event = m->number == ZOO_CREATED_EVENT   ? STOKER_COORD_CREATED
                           : m->number == ZOO_DELETED_EVENT ? STOKER_COORD_DELETED
                           : m->number == ZOO_CHANGED_EVENT ? STOKER_COORD_CHANGED
                                                            : STOKER_COORD_CHILD;
  GArray *fired = path && m->handle == s->handle && s->phase == OPEN ? coord_watches_take (&s->watches, event, path) : NULL;

  for (guint i = 0; fired && i < fired->len && s->self; i++) {
    StokerCoordWatch w = g_array_index (fired, StokerCoordWatch, i);
    w.fn (w.user, event, path);
  }
  if (fired)
    g_array_unref (fired);
}

static void
on_reply (Session *s, Call *c)
{
  if (c == NULL)
    return;
  if (c->internal) {
    zk_link_root_part (s, c);
    return;
  }
  stoker_metric_add (s->answered, 1);
  stoker_metric_add (s->waited_us, stoker_host_monotonic_us (s->self->host) - c->sent_us);
  zk_calls_filled (&s->calls, c);
}

static void
handle_message (Session *s, const Message *m)
{
  switch (m->kind) {
  case MESSAGE_SESSION:
    zk_link_state (s, m);
    break;
  case MESSAGE_EVENT:
    on_event (s, m);
    break;
  case MESSAGE_REPLY:
    on_reply (s, m->subject);
    break;
  case MESSAGE_HANDLE:
    zk_link_made (s, m);
    break;
  case MESSAGE_CLOSED:
    if (m->handle) {
      g_ptr_array_remove_fast (s->handles, m->handle);
      zk_handle_free (m->handle);
    }
    break;
  }
}

static void
pump (void *user)
{
  Session *s = user;
  Message *m, *next;

  for (m = zk_inbox_take (&s->inbox); m; m = next) {
    next = m->next;
    if (s->self)
      handle_message (s, m);
    if (s->self)
      zk_session_answer (s);
    zk_message_free (m);
  }
  if (s->self) {
    send_some (s);
    finish_close (s);
  }
  zk_session_unref (s);
}

/* ---- open and close */

int
zk_session_open (Session *s, const StokerCoordSession *session, StokerError *err)
{
  if (s->phase != CLOSED)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "coordinator %s has a session already", s->self->name);
  s->user = *session;
  s->phase = OPEN;
  zk_link_make (s);
  return 0;
}

void
zk_session_close (Session *s, void (*done) (void *user), void *user)
{
  g_assert (s->phase != CLOSING);
  s->closed = done;
  s->closed_user = user;
  s->phase = CLOSING;
  coord_watches_clear (&s->watches);
  coord_watches_init (&s->watches);
  zk_calls_end (&s->calls, STOKER_COORD_CLOSED);
  if (s->handle && s->handle->made && !s->handle->closing)
    zk_handle_close (s->handle, true);
  s->handle = NULL;
  wake (s);
}
