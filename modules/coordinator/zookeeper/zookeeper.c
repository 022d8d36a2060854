/* SPDX-License-Identifier: Apache-2.0
 *
 * coordinator/zookeeper: the tree of an Apache ZooKeeper ensemble, one to one, through its C client. All calls of the library are
 * asynchronous; its threads only copy what comes into an inbox, and everything else happens on the control thread.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "../path.h"
#include "session.h"

#include <stddef.h>
#include <string.h>

typedef struct State
{
  Session *session;
} State;

#define SESSION(self) (((State *)(self)->state)->session)

/* ---- requests */

static Call *
new_call (StokerInstance *self, CallKind kind, const char *path, StokerBytes data, StokerCoordDone done, void *user)
{
  return zk_call_new (kind, zk_session_connect (SESSION (self)), path ? path : "", data, done, user);
}

static void
add (StokerInstance *self, Call *c, bool prefix)
{
  if (!coord_path_ok (c->path, prefix)) {
    zk_call_fail (c, STOKER_COORD_BAD_ARGUMENTS);
    c->answered = true;
  }
  zk_session_add (SESSION (self), c);
}

static void
zk_create (StokerInstance *self, const char *path, StokerBytes data, uint32_t flags, StokerCoordDone done, void *user)
{
  Call *c = new_call (self, CALL_CREATE, path, data, done, user);

  c->flags = flags;
  c->acl = zk_acls_of (zk_session_acls (SESSION (self)), c->path);
  add (self, c, flags & STOKER_COORD_SEQUENCE);
}

static void
read_node (StokerInstance *self, CallKind kind, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  Call *c = new_call (self, kind, path, STOKER_BYTES_NULL, done, user);

  c->watch = watch;
  add (self, c, false);
}

static void
zk_get (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (self, CALL_GET, path, watch, done, user);
}

static void
zk_exists (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (self, CALL_EXISTS, path, watch, done, user);
}

static void
zk_children (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (self, CALL_CHILDREN, path, watch, done, user);
}

static void
zk_set (StokerInstance *self, const char *path, StokerBytes data, int32_t version, StokerCoordDone done, void *user)
{
  Call *c = new_call (self, CALL_SET, path, data, done, user);

  c->version = version;
  add (self, c, false);
}

static void
zk_remove (StokerInstance *self, const char *path, int32_t version, StokerCoordDone done, void *user)
{
  Call *c = new_call (self, CALL_REMOVE, path, STOKER_BYTES_NULL, done, user);

  c->version = version;
  add (self, c, false);
}

/* The operation that is wrong by itself; n: none. */
static size_t
find_bad (const StokerCoordOp *ops, size_t n)
{
  size_t i = 0;

  while (i < n && coord_path_ok (ops[i].path, ops[i].kind == STOKER_COORD_OP_CREATE && (ops[i].flags & STOKER_COORD_SEQUENCE)))
    i++;
  return i;
}

static void
zk_multi (StokerInstance *self, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user)
{
  Session *s = SESSION (self);
  size_t bad = find_bad (ops, n);
  Call *c = zk_call_new_multi (zk_session_connect (s), zk_session_acls (s), ops, n, done, user);

  if (n == 0 || bad < n) {
    zk_call_fail (c, n == 0 ? STOKER_COORD_OK : STOKER_COORD_BAD_ARGUMENTS);
    for (size_t i = 0; i < n; i++)
      c->codes[i] = i < bad ? STOKER_COORD_OK : i == bad ? STOKER_COORD_BAD_ARGUMENTS : STOKER_COORD_RUNTIME_INCONSISTENCY;
    c->answered = true;
  }
  zk_session_add (s, c);
}

static int
zk_open (StokerInstance *self, const StokerCoordSession *session, StokerError *err)
{
  return zk_session_open (SESSION (self), session, err);
}

static void
zk_close (StokerInstance *self, void (*done) (void *user), void *user)
{
  zk_session_close (SESSION (self), done, user);
}

/* ---- life */

static int
zk_init (StokerInstance *self, StokerError *err)
{
  const Conf *conf = self->conf;
  Connect c = { 0 };

  if (conf->connect == NULL)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "coordinator %s needs to know its servers: set zookeeper.connect", self->name);
  if (conf->set_acl && conf->auth == NULL)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "zookeeper.set.acl is true, but there is nobody to give the rights to: set coordinator.%s.auth",
                             self->name);
  if (conf->auth && strchr (conf->auth, ':') == NULL)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "coordinator.%s.auth is USER:PASSWORD", self->name);
  if (zk_connect_parse (conf->connect, &c, err) < 0)
    return -1;
  zk_connect_clear (&c);
  return 0;
}

static int
zk_start (StokerInstance *self, StokerError *err)
{
  Session *s = zk_session_new (self, err);

  ((State *)self->state)->session = s;
  return s ? 0 : -1;
}

static void
zk_stop (StokerInstance *self)
{
  Session *s = SESSION (self);

  ((State *)self->state)->session = NULL;
  if (s)
    zk_session_free (s);
}

static const StokerOption options[] = {
  { "connect", STOKER_OPTION_STRING, 0, NULL, NULL, NULL, NULL, NULL, offsetof (Conf, connect), "HOST:PORT,HOST:PORT/CHROOT of the ensemble",
    "The broker fills in zookeeper.connect. The chroot is made when it is not there." },
  { "directory", STOKER_OPTION_PATH, 0, NULL, NULL, NULL, NULL, NULL, offsetof (Conf, directory),
    "where the session is written down, as zookeeper.session, so that a restart after a crash ends it and need not wait",
    "The broker fills in its first log directory when nothing is given." },
  { "session.timeout", STOKER_OPTION_DURATION, 0, "18s", "1ms", NULL, NULL, "ms", offsetof (Conf, session_timeout_ms),
    "how long the ensemble keeps a session that it does not hear from",
    "The broker fills in zookeeper.session.timeout.ms. The servers have bounds of their own; what counts is in the log." },
  { "retry", STOKER_OPTION_DURATION, 0, "1s", "10ms", "1m", NULL, "ms", offsetof (Conf, retry_ms),
    "pause before servers that cannot be used at all are tried again", NULL },
  { "max.in.flight", STOKER_OPTION_INT, 0, "10", "1", "10000", NULL, "requests", offsetof (Conf, max_in_flight),
    "requests sent before the first of them is answered; more wait", "The broker fills in zookeeper.max.in.flight.requests." },
  { "max.data", STOKER_OPTION_SIZE, 0, "900KiB", "1KiB", "64MiB", NULL, "bytes", offsetof (Conf, max_data),
    "the most bytes of one request, a multi's operations together", "ZooKeeper cuts the connection of who sends more than its jute.maxbuffer, 1 MiB." },
  { "auth", STOKER_OPTION_STRING, STOKER_OPTION_SECRET, NULL, NULL, NULL, NULL, NULL, offsetof (Conf, auth), "USER:PASSWORD for digest authentication",
    NULL },
  { "set.acl", STOKER_OPTION_BOOL, 0, "false", NULL, NULL, NULL, NULL, offsetof (Conf, set_acl),
    "nodes may be changed by their maker only; all others read what is no secret", "The broker fills in zookeeper.set.acl. Needs auth." },
  { "read.only", STOKER_OPTION_BOOL, 0, "false", NULL, NULL, NULL, NULL, offsetof (Conf, read_only), "change nothing, and make no chroot",
    "For tools. Every change is refused." },
};

static const StokerCoordinatorOps ops = {
  .head = { sizeof (StokerCoordinatorOps), STOKER_COORDINATOR_VERSION },
  .open = zk_open,
  .close = zk_close,
  .create = zk_create,
  .get = zk_get,
  .exists = zk_exists,
  .children = zk_children,
  .set = zk_set,
  .remove = zk_remove,
  .multi = zk_multi,
};

STOKER_MODULE (coordinator, zookeeper, .version = "0.1", .licence = "Apache-2.0", .summary = "the tree of an Apache ZooKeeper ensemble",
               .threads = STOKER_THREADS_CONTROL, .ops = &ops, .ops_size = sizeof ops, STOKER_OPTIONS (options), .conf_size = sizeof (Conf),
               .state_size = sizeof (State), .init = zk_init, .start = zk_start, .stop = zk_stop);
