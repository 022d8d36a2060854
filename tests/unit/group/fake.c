/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/group/fake.h"

typedef struct Node
{
  char *data; /* NULL: null */
  size_t len;
  int64_t mtime_ms;
  int32_t version, num_children;
} Node;

typedef enum Kind
{
  GET,
  CHILDREN,
  MULTI,
} Kind;

typedef struct Request
{
  Kind kind;
  char *path;
  StokerCoordOp *ops;
  size_t n;
  StokerCoordDone done;
  void *user;
  int64_t due_us;
} Request;

static void
node_free (void *p)
{
  Node *n = p;

  g_free (n->data);
  g_free (n);
}

static int64_t
wall (Fake *f)
{
  return f->wall_ms + f->now_us / 1000;
}

uint64_t
fake_random (Fake *f)
{
  uint64_t z = f->random += UINT64_C (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* ---- the tree */

static Node *
parent_of (Fake *f, const char *path)
{
  g_autofree char *up = g_path_get_dirname (path);

  return g_hash_table_lookup (f->tree, up);
}

static void
node_set (Fake *f, Node *n, StokerBytes data)
{
  g_free (n->data);
  n->data = data.data ? g_malloc (data.len + 1) : NULL;
  n->len = data.len;
  if (n->data) {
    memcpy (n->data, data.data, data.len);
    n->data[data.len] = '\0';
  }
  n->mtime_ms = wall (f);
}

typedef struct Undo
{
  char *path;
  Node *old; /* NULL: there was none */
} Undo;

static Node *
node_copy (const Node *n)
{
  Node *c = g_memdup2 (n, sizeof *n);

  c->data = n->data ? g_memdup2 (n->data, n->len + 1) : NULL;
  return c;
}

static int
one_op (Fake *f, const StokerCoordOp *op)
{
  Node *n = g_hash_table_lookup (f->tree, op->path), *up = parent_of (f, op->path);

  switch (op->kind) {
  case STOKER_COORD_OP_CREATE:
    if (n || up == NULL)
      return n ? STOKER_COORD_NODE_EXISTS : STOKER_COORD_NO_NODE;
    n = g_new0 (Node, 1);
    node_set (f, n, op->data);
    up->num_children++;
    g_hash_table_insert (f->tree, g_strdup (op->path), n);
    return 0;
  case STOKER_COORD_OP_SET:
    if (n == NULL)
      return STOKER_COORD_NO_NODE;
    node_set (f, n, op->data);
    n->version++;
    return 0;
  case STOKER_COORD_OP_DELETE:
    if (n == NULL || n->num_children)
      return n ? STOKER_COORD_NOT_EMPTY : STOKER_COORD_NO_NODE;
    up->num_children--;
    g_hash_table_remove (f->tree, op->path);
    return 0;
  default:
    return n ? 0 : STOKER_COORD_NO_NODE;
  }
}

static void
undo_one (Fake *f, Undo *u)
{
  bool there = g_hash_table_contains (f->tree, u->path);

  if (u->old && !there)
    parent_of (f, u->path)->num_children++;
  if (u->old == NULL && there)
    parent_of (f, u->path)->num_children--;
  if (u->old)
    g_hash_table_insert (f->tree, g_strdup (u->path), g_steal_pointer (&u->old));
  else
    g_hash_table_remove (f->tree, u->path);
}

/* All or nothing. */
static int
carry_out (Fake *f, const Request *r, int *codes)
{
  g_autofree Undo *undo = g_new0 (Undo, r->n);
  size_t i;

  for (size_t j = 0; j < r->n; j++)
    codes[j] = STOKER_COORD_RUNTIME_INCONSISTENCY;
  for (i = 0; i < r->n; i++) {
    Node *n = g_hash_table_lookup (f->tree, r->ops[i].path);
    undo[i] = (Undo){ (char *)r->ops[i].path, n ? node_copy (n) : NULL };
    codes[i] = one_op (f, &r->ops[i]);
    if (codes[i])
      break;
  }
  if (i < r->n)
    for (size_t j = i; j-- > 0;)
      undo_one (f, &undo[j]);
  for (size_t j = 0; j < r->n; j++)
    if (undo[j].old)
      node_free (undo[j].old);
  return i < r->n ? codes[i] : 0;
}

/* ---- the coordinator's operations */

static Request *
request (StokerInstance *self, Kind kind, const char *path, StokerCoordDone done, void *user)
{
  Fake *f = self->state;
  Request *r = g_new0 (Request, 1), *last = g_queue_peek_tail (&f->requests);

  r->kind = kind;
  r->path = g_strdup (path);
  r->done = done;
  r->user = user;
  r->due_us = f->now_us + f->latency_us;
  if (last)
    r->due_us = MAX (r->due_us, last->due_us);
  g_queue_push_tail (&f->requests, r);
  return r;
}

static void
coord_get (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  request (self, GET, path, done, user);
}

static void
coord_children (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user)
{
  request (self, CHILDREN, path, done, user);
}

static void
coord_multi (StokerInstance *self, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user)
{
  Request *r = request (self, MULTI, NULL, done, user);
  size_t bytes = 0;

  g_assert_cmpuint (n, >, 0);
  r->ops = g_memdup2 (ops, n * sizeof *ops);
  r->n = n;
  for (size_t i = 0; i < n; i++) {
    r->ops[i].path = g_strdup (ops[i].path);
    r->ops[i].data.data = ops[i].data.data ? g_memdup2 (ops[i].data.data, MAX (ops[i].data.len, 1)) : NULL;
    bytes += strlen (ops[i].path) + ops[i].data.len;
    g_assert_true (ops[i].path[0] == '/' && !g_str_has_suffix (ops[i].path, "/") && strstr (ops[i].path, "//") == NULL);
  }
  g_assert_cmpuint (bytes, <, 900 << 10);
  g_assert_cmpuint (n, <=, 600);
}

static void
request_free (Request *r)
{
  for (size_t i = 0; i < r->n; i++) {
    g_free ((char *)r->ops[i].path);
    g_free (r->ops[i].data.data);
  }
  g_free (r->ops);
  g_free (r->path);
  g_free (r);
}

static void
answer_children (Fake *f, Request *r, StokerCoordReply *reply)
{
  g_autofree char *prefix = g_strdup_printf ("%s/", r->path);
  GArray *names = g_array_new (FALSE, FALSE, sizeof (StokerStr));
  GHashTableIter it;
  void *key;

  g_hash_table_iter_init (&it, f->tree);
  while (g_hash_table_iter_next (&it, &key, NULL))
    if (g_str_has_prefix (key, prefix) && strchr ((char *)key + strlen (prefix), '/') == NULL) {
      StokerStr s = stoker_str ((char *)key + strlen (prefix));
      g_array_append_val (names, s);
    }
  reply->children = (StokerStr *)(void *)names->data;
  reply->n_children = names->len;
  r->done (r->user, reply);
  g_array_free (names, TRUE);
}

static void
answer (Fake *f, Request *r)
{
  StokerCoordReply reply = { 0 };
  Node *n = r->path ? g_hash_table_lookup (f->tree, r->path) : NULL;
  g_autofree int *codes = g_new0 (int, r->n + 1);

  if (r->kind == MULTI) {
    f->multis++;
    f->multi_ops += (unsigned)r->n;
    if (f->fail > 0) {
      f->fail--;
      reply.code = STOKER_COORD_CONNECTION_LOSS;
    } else {
      reply.code = carry_out (f, r, codes);
      reply.codes = codes;
      reply.n_codes = r->n;
      if (f->lose > 0) {
        f->lose--;
        reply = (StokerCoordReply){ .code = STOKER_COORD_CONNECTION_LOSS };
      }
    }
    r->done (r->user, &reply);
  } else if (n == NULL) {
    reply.code = STOKER_COORD_NO_NODE;
    r->done (r->user, &reply);
  } else if (r->kind == GET) {
    reply.data = (StokerBytes){ (uint8_t *)n->data, n->len };
    reply.stat = (StokerCoordStat){ .mtime_ms = n->mtime_ms, .version = n->version, .num_children = n->num_children };
    r->done (r->user, &reply);
  } else {
    answer_children (f, r, &reply);
  }
}

/* ---- the host */

static int64_t
now_ms (void *user)
{
  return wall (user);
}

static int64_t
now_us (void *user)
{
  return ((Fake *)user)->now_us;
}

static uint64_t
host_random (void *user)
{
  return fake_random (user);
}

static void
timer_cancel (void *user, StkTimer *t)
{
  Fake *f = user;

  if (t->slot)
    g_assert_true (g_ptr_array_remove_fast (f->timers, t));
  t->slot = 0;
}

static void
timer_set (void *user, StkTimer *t, int64_t deadline_us)
{
  Fake *f = user;

  timer_cancel (user, t);
  t->deadline_us = deadline_us;
  t->slot = 1;
  g_ptr_array_add (f->timers, t);
}

static bool
partition_exists (void *user, StokerStr topic, int32_t partition)
{
  Fake *f = user;
  g_autofree char *name = g_strndup (topic.data, topic.len);

  return !g_hash_table_contains (f->no_topics, name) && partition < 1000 && partition >= 0;
}

static void
finish (void *user, StokerCall *call)
{
  Fake *f = user;

  g_assert_false (call->finished);
  call->finished = true;
  g_queue_push_tail (&f->finished, call);
}

/* ---- running */

static void
run_finished (Fake *f)
{
  StokerCall *c;

  while ((c = g_queue_pop_head (&f->finished)) != NULL)
    c->done (c);
}

static StkTimer *
next_timer (Fake *f)
{
  StkTimer *best = NULL;

  for (guint i = 0; i < f->timers->len; i++) {
    StkTimer *t = f->timers->pdata[i];
    if (best == NULL || t->deadline_us < best->deadline_us)
      best = t;
  }
  return best;
}

/* One event at or before `until`; false: none. */
static bool
step (Fake *f, int64_t until)
{
  Request *r = f->away ? NULL : g_queue_peek_head (&f->requests);
  StkTimer *t = next_timer (f);

  run_finished (f);
  if (r && r->due_us <= until && (t == NULL || r->due_us <= t->deadline_us)) {
    f->now_us = MAX (f->now_us, r->due_us);
    g_queue_pop_head (&f->requests);
    answer (f, r);
    request_free (r);
  } else if (t && t->deadline_us <= until) {
    f->now_us = MAX (f->now_us, t->deadline_us);
    timer_cancel (f, t);
    t->fire (t);
  } else {
    return false;
  }
  run_finished (f);
  return true;
}

void
fake_run_for (Fake *f, int64_t us)
{
  int64_t until = f->now_us + us;

  run_finished (f);
  while (step (f, until))
    ;
  f->now_us = until;
}

void
fake_run_until (Fake *f, const bool *flag)
{
  int64_t until = f->now_us + 60 * G_USEC_PER_SEC;

  run_finished (f);
  while (!*flag && step (f, until))
    ;
  g_assert_true (*flag);
}

/* ---- life */

static void
set_flag (void *user)
{
  *(bool *)user = true;
}

void
fake_begin (Fake *f, bool *loaded)
{
  StkGroupsHost host = {
    .user = f,
    .now_ms = now_ms,
    .now_us = now_us,
    .random = host_random,
    .timer_set = timer_set,
    .timer_cancel = timer_cancel,
    .partition_exists = partition_exists,
    .finish = finish,
    .coordinator = &f->instance,
  };

  f->groups = stk_groups_new (&host, &f->config);
  stk_groups_start (f->groups, loaded ? set_flag : NULL, loaded);
}

void
fake_start (Fake *f)
{
  bool loaded = false;

  fake_begin (f, &loaded);
  fake_run_until (f, &loaded);
}

void
fake_stop (Fake *f)
{
  bool stopped = false;

  stk_groups_stop (f->groups, set_flag, &stopped);
  g_assert_false (stopped);
  fake_run_until (f, &stopped);
  stk_groups_free (f->groups);
  f->groups = NULL;
  g_assert_cmpuint (f->timers->len, ==, 0);
}

static void
nobody (void *user, const StokerCoordReply *reply)
{
}

void
fake_crash (Fake *f)
{
  Request *r;
  g_autofree int *codes = NULL;
  uint64_t carried = fake_random (f) % 2;

  /* The groups' own answers below go nowhere: their callers are gone too. */
  stk_groups_free (f->groups);
  f->groups = NULL;
  while ((r = g_queue_pop_head (&f->requests)) != NULL) {
    if (r->kind == MULTI && carried) {
      codes = g_renew (int, codes, r->n);
      (void)carry_out (f, r, codes);
      carried = fake_random (f) % 2;
    }
    /* Whoever asked frees what belongs to the request. */
    r->done (r->user, &(StokerCoordReply){ .code = STOKER_COORD_CLOSED });
    r->done = nobody;
    request_free (r);
  }
  g_queue_clear (&f->finished);
  g_assert_cmpuint (f->timers->len, ==, 0);
}

const char *
fake_get (Fake *f, const char *path)
{
  Node *n = g_hash_table_lookup (f->tree, path);

  return n ? (n->data ? n->data : "") : NULL;
}

void
fake_set (Fake *f, const char *path, const char *data)
{
  Node *n = g_hash_table_lookup (f->tree, path);

  if (n == NULL) {
    g_autofree char *up = g_path_get_dirname (path);
    if (parent_of (f, path) == NULL)
      fake_set (f, up, NULL);
    n = g_new0 (Node, 1);
    parent_of (f, path)->num_children++;
    g_hash_table_insert (f->tree, g_strdup (path), n);
  }
  node_set (f, n, (StokerBytes){ (uint8_t *)data, data ? strlen (data) : 0 });
}

void
fake_delete (Fake *f, const char *path)
{
  g_autofree char *prefix = g_strdup_printf ("%s/", path);
  GHashTableIter it;
  void *key;

  if (!g_hash_table_contains (f->tree, path))
    return;
  parent_of (f, path)->num_children--;
  g_hash_table_iter_init (&it, f->tree);
  while (g_hash_table_iter_next (&it, &key, NULL))
    if (strcmp (key, path) == 0 || g_str_has_prefix (key, prefix))
      g_hash_table_iter_remove (&it);
}

Fake *
fake_new (uint64_t seed)
{
  static const StokerCoordinatorOps ops = { .head = { sizeof ops, STOKER_COORDINATOR_VERSION },
                                            .get = coord_get,
                                            .children = coord_children,
                                            .multi = coord_multi };
  Fake *f = g_new0 (Fake, 1);

  f->random = seed;
  f->wall_ms = INT64_C (1700000000000);
  f->latency_us = 500;
  f->timers = g_ptr_array_new ();
  f->tree = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, node_free);
  f->no_topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  f->module.ops = &ops;
  f->instance = (StokerInstance){ .name = "fake", .module = &f->module, .state = f };
  f->ctx = (StokerContext){ .client_host = "10.0.0.1" };
  stk_groups_config_defaults (&f->config);
  g_hash_table_insert (f->tree, g_strdup ("/"), g_new0 (Node, 1));
  fake_set (f, "/consumers", NULL);
  return f;
}

void
fake_free (Fake *f)
{
  if (f->groups)
    fake_stop (f);
  g_assert_true (g_queue_is_empty (&f->requests));
  g_hash_table_destroy (f->tree);
  g_hash_table_destroy (f->no_topics);
  g_ptr_array_free (f->timers, TRUE);
  g_free (f);
}
