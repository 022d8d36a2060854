/* SPDX-License-Identifier: Apache-2.0
 *
 * coordinator/local: the tree of one broker, in memory, committed to SQLite. Changes are carried out in memory when
 * they are asked for; whatever shows them (replies, watch events) waits in a queue until they are committed. So answers
 * come in the order of the requests, and a read sees the changes asked for before it and is answered after they are
 * durable.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "../path.h"
#include "queue.h"
#include "../watch.h"
#include "writer.h"

typedef struct Conf
{
  bool memory, read_only;
  const char *path, *directory;
  int64_t max_data;
} Conf;

typedef enum Phase
{
  CLOSED, /* no session */
  OPEN,
  CLOSING, /* close was called: its ephemerals are being removed */
} Phase;

/* What the instance is made of; posted messages hold references, so that they may arrive after stop. */
typedef struct Local
{
  int refs;
  StokerInstance *self; /* NULL after stop */
  Tree tree;
  Watches watches;
  Queue queue;
  Writer *writer;
  Phase phase;
  StokerCoordSession session;
  int64_t session_id; /* counts the sessions ever made */
  int64_t committed;  /* zxid */
  bool suspended;     /* the last transaction failed */
  bool broken;        /* and there will be no other */
  bool read_only;     /* a copy of the database as it was; nothing is changed */
  bool pumping, pump_posted;
  void (*closed) (void *user);
  void *closed_user;
} Local;

typedef struct State
{
  Local *local;
} State;

#define LOCAL(self) (((State *)(self)->state)->local)

static void
local_unref (Local *l)
{
  Entry *e;

  if (--l->refs > 0)
    return;
  while ((e = local_queue_pop (&l->queue, INT64_MAX)) != NULL)
    local_entry_free (e);
  coord_watches_clear (&l->watches);
  local_tree_clear (&l->tree);
  g_free (l);
}

/* ---- delivery */
static void
deliver (Local *l, Entry *e)
{
  if (e->done)
    e->done (e->user, &e->reply);
  else if (e->watch.fn)
    e->watch.fn (e->watch.user, e->event, e->path);
  else if (e->state && l->session.fn)
    l->session.fn (l->session.user, e->state, l->session_id);
  local_entry_free (e);
}

static void
pump (void *data)
{
  Local *l = data;
  Entry *e;

  l->pump_posted = false;
  while (l->self && (e = local_queue_pop (&l->queue, l->committed)) != NULL)
    deliver (l, e);
  local_unref (l);
}

/* Delivers soon, never inside the caller's call. */
static void
post_pump (Local *l)
{
  if (l->pump_posted || l->queue.head == NULL || l->queue.head->zxid > l->committed)
    return;
  l->pump_posted = true;
  l->refs++;
  stoker_host_post_control (l->self->host, pump, l);
}

static Entry *
add_entry (Local *l)
{
  Entry *e = local_queue_add (&l->queue, l->tree.zxid);

  if (l->tree.zxid > l->committed)
    local_writer_kick (l->writer);
  return e;
}

/* Begins the answer to a request. */
static Entry *
add_reply (Local *l, StokerCoordDone done, void *user)
{
  Entry *e = add_entry (l);

  e->done = done;
  e->user = user;
  return e;
}

/* ---- what the tree and the writer tell */
static void
on_changed (void *user, StokerCoordEvent event, const char *path)
{
  Local *l = user;
  GArray *fired;

  local_writer_dirty (l->writer, path);
  if (l->phase != OPEN || (fired = coord_watches_take (&l->watches, event, path)) == NULL)
    return;
  for (guint i = 0; i < fired->len; i++) {
    Entry *e = add_entry (l);
    e->watch = g_array_index (fired, StokerCoordWatch, i);
    e->event = event;
    e->path = g_strdup (path);
  }
  g_array_unref (fired);
}

static void
on_committed (void *user, int64_t zxid)
{
  Local *l = user;

  l->committed = zxid;
  if (l->suspended) {
    l->suspended = false;
    stoker_log (l->self, STOKER_LOG_INFO, "coordinator.resumed", "changes can be written again");
    if (l->phase == OPEN)
      add_entry (l)->state = STOKER_COORD_CONNECTED;
  }
  post_pump (l);
}

/* The outcome of everything that waits is unknown; the tree in memory is ahead of the disk, so nothing can be read
 * either. */
static void
give_up (Local *l)
{
  l->broken = true;
  for (Entry *e = l->queue.head; e; e = e->next) {
    e->zxid = 0;
    if (e->done)
      local_entry_fail (e, STOKER_COORD_CONNECTION_LOSS);
  }
  l->committed = l->tree.zxid;
}

static void
on_failed (void *user, bool full, const StokerError *err)
{
  Local *l = user;

  if (!l->suspended) {
    stoker_log (l->self, STOKER_LOG_ERROR, "coordinator.write-failed", "%s; %s", err->text,
                full ? "changes wait until there is room" : "no change is accepted until the broker is restarted");
    if (l->phase == OPEN)
      local_queue_add_first (&l->queue)->state = STOKER_COORD_SUSPENDED;
  }
  l->suspended = true;
  if (!full)
    give_up (l);
  post_pump (l);
}

/* ---- requests */
/* True when the request is already answered: there is no session, or nothing can be committed. */
static bool
refuse (Local *l, StokerCoordDone done, void *user)
{
  Entry *e;

  if (l->phase == OPEN && !l->broken)
    return false;
  e = add_reply (l, done, user);
  e->zxid = 0;
  local_entry_fail (e, l->phase == OPEN ? STOKER_COORD_CONNECTION_LOSS : STOKER_COORD_CLOSED);
  post_pump (l);
  return true;
}

/* As refuse; for what would change something. */
static bool
refuse_change (Local *l, StokerCoordDone done, void *user)
{
  if (refuse (l, done, user))
    return true;
  if (!l->read_only)
    return false;
  local_entry_fail (add_reply (l, done, user), STOKER_COORD_NO_AUTH);
  post_pump (l);
  return true;
}

static void
apply (Local *l, const StokerCoordOp *op, StokerCoordDone done, void *user)
{
  TreeResult result;
  Entry *e;

  if (refuse_change (l, done, user))
    return;
  (void)local_tree_apply (&l->tree, op, 1, stoker_host_now_ms (l->self->host), l->session_id, &result);
  e = add_reply (l, done, user);
  e->path = result.path;
  e->reply.code = result.code;
  e->reply.path = stoker_str (result.path);
  e->reply.stat = result.stat;
  post_pump (l);
}

static void
local_create (StokerInstance *self, const char *path, StokerBytes data, uint32_t flags, StokerCoordDone done,
              void *user)
{
  StokerCoordOp op = { STOKER_COORD_OP_CREATE, path, data, flags, -1 };

  apply (LOCAL (self), &op, done, user);
}

static void
local_set (StokerInstance *self, const char *path, StokerBytes data, int32_t version, StokerCoordDone done, void *user)
{
  StokerCoordOp op = { STOKER_COORD_OP_SET, path, data, 0, version };

  apply (LOCAL (self), &op, done, user);
}

static void
local_remove (StokerInstance *self, const char *path, int32_t version, StokerCoordDone done, void *user)
{
  StokerCoordOp op = { STOKER_COORD_OP_DELETE, path, STOKER_BYTES_NULL, 0, version };

  apply (LOCAL (self), &op, done, user);
}

static void
local_multi (StokerInstance *self, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user)
{
  Local *l = LOCAL (self);
  g_autofree TreeResult *results = g_new (TreeResult, n + 1);
  int code, *codes;
  Entry *e;

  if (refuse_change (l, done, user))
    return;
  code = n == 0 ? STOKER_COORD_OK
                : local_tree_apply (&l->tree, ops, n, stoker_host_now_ms (self->host), l->session_id, results);
  e = add_reply (l, done, user);
  e->memory = codes = g_new (int, n + 1);
  for (size_t i = 0; i < n; i++) {
    codes[i] = results[i].code;
    g_free (results[i].path);
  }
  e->reply.code = code;
  e->reply.codes = codes;
  e->reply.n_codes = n;
  post_pump (l);
}

typedef enum Read
{
  GET,
  EXISTS,
  CHILDREN,
} Read;

static void
read_node (Local *l, Read what, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  Node *n;
  Entry *e;

  if (refuse (l, done, user))
    return;
  e = add_reply (l, done, user);
  post_pump (l);
  if (!coord_path_ok (path, false)) {
    e->reply.code = STOKER_COORD_BAD_ARGUMENTS;
    return;
  }
  n = local_tree_find (&l->tree, path);
  if (n || what == EXISTS)
    coord_watches_add (what == CHILDREN ? l->watches.child : l->watches.data, path, watch);
  if (n == NULL) {
    e->reply.code = STOKER_COORD_NO_NODE;
    return;
  }
  local_node_stat (n, &e->reply.stat);
  if (what == GET && n->data) {
    e->data = stoker_block_ref (n->data);
    e->reply.data = local_block_bytes (n->data);
  } else if (what == CHILDREN)
    local_entry_children (e, n);
}

static void
local_get (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (LOCAL (self), GET, path, watch, done, user);
}

static void
local_exists (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (LOCAL (self), EXISTS, path, watch, done, user);
}

static void
local_children (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  read_node (LOCAL (self), CHILDREN, path, watch, done, user);
}

/* ---- sessions */
static int
local_open (StokerInstance *self, const StokerCoordSession *session, StokerError *err)
{
  Local *l = LOCAL (self);

  if (l == NULL || l->phase != CLOSED)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "coordinator %s is not started, or has a session already",
                             self->name);
  l->session = *session;
  if (!l->read_only) {
    (void)local_tree_end_sessions (&l->tree); /* those that a crash left */
    l->session_id++;
    l->tree.zxid++;
  }
  l->phase = OPEN;
  add_entry (l)->state = STOKER_COORD_CONNECTED;
  post_pump (l);
  return 0;
}

static void
on_closed (void *user)
{
  Local *l = user;
  void (*closed) (void *) = l->closed;

  l->phase = CLOSED;
  if (l->self && closed)
    closed (l->closed_user);
  local_unref (l);
}

static void
local_close (StokerInstance *self, void (*done) (void *user), void *user)
{
  Local *l = LOCAL (self);

  g_assert (l->phase != CLOSING);
  l->closed = done;
  l->closed_user = user;
  for (Entry *e = l->queue.head; e; e = e->next) {
    e->zxid = 0;
    if (e->done)
      local_entry_fail (e, STOKER_COORD_CLOSED);
    e->watch.fn = NULL;
    e->state = 0;
  }
  post_pump (l);
  l->phase = CLOSING;
  coord_watches_clear (&l->watches);
  if (!l->read_only)
    (void)local_tree_end_sessions (&l->tree);
  l->refs++;
  local_writer_close (l->writer, on_closed, l);
}

/* ---- life */
static int
local_init (StokerInstance *self, StokerError *err)
{
  const Conf *c = self->conf;

  if (!c->memory && !c->path && !c->directory)
    return stoker_error_set (err, STOKER_ERROR_CONFIG,
                             "coordinator %s needs to know where to keep its database: set directory or path",
                             self->name);
  return 0;
}

static int
open_db (StokerInstance *self, Local *l, Db **db, StokerError *err)
{
  const Conf *c = self->conf;
  g_autofree char *path = c->path ? g_strdup (c->path) : g_build_filename (c->directory, "coordinator.db", NULL);

  if (local_db_open (self->host, path, c->read_only, db, err) < 0)
    return -1;
  return local_db_load (*db, &l->tree, &l->session_id, err);
}

static int
local_start (StokerInstance *self, StokerError *err)
{
  const Conf *c = self->conf;
  Local *l = g_new0 (Local, 1);
  Db *db = NULL;

  l->refs = 1;
  l->self = self;
  local_tree_init (&l->tree);
  coord_watches_init (&l->watches);
  local_queue_init (&l->queue);
  if (!c->memory && open_db (self, l, &db, err) < 0) {
    local_db_close (db);
    local_unref (l);
    return -1;
  }
  l->read_only = c->read_only;
  if (l->read_only) /* it is all in memory; the file is free again */
    g_clear_pointer (&db, local_db_close);
  l->tree.max_data = (size_t)c->max_data;
  l->tree.changed = on_changed;
  l->tree.user = l;
  l->committed = l->tree.zxid;
  l->writer = local_writer_new (self->host, db, &l->tree, &l->session_id, (WriterUser){ on_committed, on_failed, l });
  ((State *)self->state)->local = l;
  return 0;
}

static void
local_stop (StokerInstance *self)
{
  Local *l = LOCAL (self);

  if (l == NULL)
    return;
  ((State *)self->state)->local = NULL;
  l->self = NULL;
  local_writer_free (l->writer);
  l->writer = NULL;
  local_unref (l);
}

static const StokerOption options[] = {
  { "directory", STOKER_OPTION_PATH, 0, NULL, NULL, NULL, NULL, NULL, offsetof (Conf, directory),
    "where the database is kept, as coordinator.db",
    "The broker fills in its first log directory when nothing is given." },
  { "path", STOKER_OPTION_PATH, 0, NULL, NULL, NULL, NULL, NULL, offsetof (Conf, path),
    "the database file, when it is not to be coordinator.db in the directory", NULL },
  { "memory", STOKER_OPTION_BOOL, 0, "false", NULL, NULL, NULL, NULL, offsetof (Conf, memory),
    "keep the tree in memory only: everything is lost when the broker stops", "For tests and simulations." },
  { "read.only", STOKER_OPTION_BOOL, 0, "false", NULL, NULL, NULL, NULL, offsetof (Conf, read_only),
    "show the tree as the database has it, and leave the database as it is",
    "For tools. Ephemeral nodes that a crash left are seen; every change is refused. The database must exist." },
  { "max.data", STOKER_OPTION_SIZE, 0, "4MiB", "1KiB", "64MiB", NULL, "bytes", offsetof (Conf, max_data),
    "the most bytes that one node may hold", NULL },
};

static const StokerCoordinatorOps ops = {
  .head = { sizeof (StokerCoordinatorOps), STOKER_COORDINATOR_VERSION },
  .open = local_open,
  .close = local_close,
  .create = local_create,
  .get = local_get,
  .exists = local_exists,
  .children = local_children,
  .set = local_set,
  .remove = local_remove,
  .multi = local_multi,
};

STOKER_MODULE (coordinator, local, .version = "0.1", .licence = "Apache-2.0",
               .summary = "the tree of a single broker, in an SQLite database", .threads = STOKER_THREADS_CONTROL,
               .ops = &ops, .ops_size = sizeof ops, STOKER_OPTIONS (options), .conf_size = sizeof (Conf),
               .state_size = sizeof (State), .init = local_init, .start = local_start, .stop = local_stop);
