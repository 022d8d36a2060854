/* SPDX-License-Identifier: Apache-2.0
 *
 * The session that the broker sees, and the handle that stands behind it just now: what its states mean, when another is made.
 */
#include "session_private.h"

#include <inttypes.h>
#include <string.h>

void
zk_link_make (void *user)
{
  Session *s = user;
  HandleConf conf = { .host = s->self->host,
                      .inbox = &s->inbox,
                      .hosts = s->connect.hosts,
                      .auth = s->conf->auth,
                      .former = s->former,
                      .timeout_ms = (int)s->conf->session_timeout_ms,
                      .ref = zk_session_ref,
                      .unref = zk_session_unref,
                      .owner = s };

  s->handle = zk_handle_new (&conf);
  g_ptr_array_add (s->handles, s->handle);
}

static void
tell (Session *s, StokerCoordState state, int64_t id)
{
  s->suspended = state != STOKER_COORD_CONNECTED;
  if (s->user.fn)
    s->user.fn (s->user.user, state, id);
}

static void
rooted (Session *s, Handle *h)
{
  const char *server = zoo_get_current_server (h->zh);
  int64_t id = zoo_client_id (h->zh)->client_id;

  h->rooted = true;
  zk_handle_save (h);
  stoker_log (s->self, STOKER_LOG_INFO, "coordinator.connected", "connected to ZooKeeper | server=%s session=0x%" PRIx64 " timeout_ms=%d",
              server ? server : "-", (uint64_t)id, zoo_recv_timeout (h->zh));
  tell (s, STOKER_COORD_CONNECTED, id);
}

/* Each part of the chroot, one after the other; those that are there stay as they are. */
static void
make_root (Session *s, Handle *h)
{
  s->chroot_left = 0;
  for (char *at = s->conf->read_only ? NULL : s->connect.chroot; at && *at; at = strchr (at + 1, '/')) {
    const char *end = strchr (at + 1, '/');
    g_autofree char *part = g_strndup (s->connect.chroot, end ? (gsize)(end - s->connect.chroot) : s->connect.chroot_len);
    Connect none = { NULL, (char *)(uintptr_t) "", 0 };
    Call *c = zk_call_new (CALL_CREATE, &none, part, (StokerBytes){ (uint8_t *)(uintptr_t) "", 0 }, NULL, NULL);
    c->internal = true;
    c->acl = zk_acls_of (&s->acls, part);
    c->inbox = &s->inbox;
    c->handle = h;
    s->chroot_left++;
    zk_call_send (c, h->zh, zk_handle_on_event);
  }
  if (s->chroot_left == 0)
    rooted (s, h);
}

void
zk_link_root_part (Session *s, Call *c)
{
  int code = c->reply.code;
  Handle *h = c->handle;

  if (h == s->handle && code != STOKER_COORD_OK && code != STOKER_COORD_NODE_EXISTS) {
    /* After a lost connection CONNECTED comes again, and with it another try. */
    if (code != STOKER_COORD_CONNECTION_LOSS)
      stoker_log (s->self, STOKER_LOG_ERROR, "coordinator.chroot", "the chroot %s cannot be made: ZooKeeper answered %s", s->connect.chroot,
                  stoker_coord_code_name (code));
    s->chroot_left = 0;
  } else if (h == s->handle && s->chroot_left && --s->chroot_left == 0) {
    rooted (s, h);
  }
  zk_call_free (c);
}

static void
came_up (Session *s, Handle *h)
{
  if (!h->made || !h->connected || s->phase != OPEN)
    return;
  if (!h->rooted) {
    make_root (s, h);
  } else if (s->suspended) {
    stoker_log (s->self, STOKER_LOG_INFO, "coordinator.resumed", "ZooKeeper answers again, the session lives on");
    tell (s, STOKER_COORD_CONNECTED, zoo_client_id (h->zh)->client_id);
  }
}

static void
went_down (Session *s, Handle *h)
{
  h->connected = false;
  if (!h->rooted || s->suspended || s->phase != OPEN)
    return;
  stoker_log (s->self, STOKER_LOG_WARN, "coordinator.suspended", "no ZooKeeper server answers: changes wait");
  tell (s, STOKER_COORD_SUSPENDED, 0);
}

/* What was asked of its session is not for the next one; what the library has of it is answered before anybody hears of a new session. */
static void
zk_link_drop (Session *s, int code)
{
  Handle *h = s->handle;

  s->handle = NULL;
  zk_calls_end (&s->calls, code);
  if (h->made && !h->closing)
    zk_handle_close (h, false);
  zk_session_answer (s);
}

static void
try_again (Session *s)
{
  zk_link_drop (s, STOKER_COORD_SESSION_EXPIRED);
  if (s->self && s->retry)
    stoker_host_timer_set (s->retry, s->conf->retry_ms);
}

static void
expired (Session *s)
{
  bool was_usable = s->handle->rooted;
  Watches old = s->watches;

  coord_watches_init (&s->watches);
  zk_link_drop (s, STOKER_COORD_SESSION_EXPIRED);
  if (s->self && was_usable && s->phase == OPEN) {
    stoker_log (s->self, STOKER_LOG_WARN, "coordinator.expired", "the session with ZooKeeper expired; a new one is being made");
    tell (s, STOKER_COORD_EXPIRED, 0);
    coord_watches_lost (&old);
  }
  coord_watches_clear (&old);
  if (s->self && s->phase == OPEN && s->handle == NULL)
    zk_link_make (s);
}

void
zk_link_state (Session *s, const Message *m)
{
  Handle *h = m->handle;

  if (h != s->handle)
    return;
  h->zh = m->subject;
  if (m->number == ZOO_CONNECTED_STATE) {
    h->connected = true;
    came_up (s, h);
  } else if (m->number == ZOO_EXPIRED_SESSION_STATE) {
    expired (s);
  } else if (m->number == ZOO_AUTH_FAILED_STATE) {
    stoker_log (s->self, STOKER_LOG_ERROR, "coordinator.auth", "ZooKeeper refused the authentication (coordinator.zookeeper.auth)");
    went_down (s, h);
    try_again (s);
  } else {
    went_down (s, h);
  }
}

void
zk_link_made (Session *s, const Message *m)
{
  Handle *h = m->handle;

  h->made = true;
  h->zh = m->subject;
  if (h->zh == NULL) {
    stoker_log (s->self, STOKER_LOG_WARN, "coordinator.connect", "cannot use %s: %s", s->connect.hosts, g_strerror (m->number));
    g_ptr_array_remove_fast (s->handles, h);
    if (h == s->handle) {
      s->handle = NULL;
      if (s->phase == OPEN && s->retry)
        stoker_host_timer_set (s->retry, s->conf->retry_ms);
    }
    zk_handle_free (h);
  } else if (h != s->handle) {
    zk_handle_close (h, s->phase == CLOSING); /* dropped before it was made */
  } else {
    came_up (s, h);
  }
}
