/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include "module/instance.h"
#include "module/option.h"

#include <stdio.h>
#include <string.h>

struct CliTree
{
  CliModules *modules;
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
  char *name;
  int64_t timeout_ms;
  bool connected, closed;
  size_t max_data;
  void (*on_state) (void *user, StokerCoordState state);
  void *user;
  GPtrArray *asked; /* of what open requests write into: lives as long as the session */
};

void
cli_node_free (CliNode *n)
{
  if (n == NULL)
    return;
  g_free (n->path);
  if (n->data)
    g_bytes_unref (n->data);
  g_free (n);
}

/* ---- the command line */

int
cli_tree_parse (const CliCommand *c, CliTreeArgs *a, const CliOpt *opts, size_t n, int argc, char **argv, GPtrArray *args)
{
  int rc;

  a->common.offline = true;
  a->timeout_ms = 10000;
  rc = cli_parse (c, &a->common, opts, n, argc, argv, args);
  if (rc != CLI_GO_ON)
    return rc;
  if (!!a->zookeeper + !!a->directory != 1)
    return cli_usage (c, "which tree? --zookeeper HOST:PORT/CHROOT or --directory DIR");
  if (a->auth && !a->zookeeper)
    return cli_usage (c, "--auth is for --zookeeper");
  if (a->timeout_ms <= 0 || a->timeout_ms > INT32_MAX)
    return cli_usage (c, "--timeout must be positive");
  return cli_pairs (c, "set", a->settings);
}

/* ---- life */

static void
on_session (void *user, StokerCoordState state, int64_t session_id)
{
  CliTree *t = user;

  t->connected = state == STOKER_COORD_CONNECTED;
  if (t->on_state)
    t->on_state (t->user, state);
}

static void
add_setting (GPtrArray *to, const char *name, char *value)
{
  g_ptr_array_add (to, g_strdup (name));
  g_ptr_array_add (to, value);
}

static int
settings (CliTreeArgs *a, bool writable, GPtrArray *to, StokerError *err)
{
  if (a->zookeeper) {
    add_setting (to, "connect", g_strdup (a->zookeeper));
    add_setting (to, "max.in.flight", g_strdup ("200"));
  } else {
    g_autofree char *file = g_build_filename (a->directory, "coordinator.db", NULL);
    if (!g_file_test (a->directory, G_FILE_TEST_IS_DIR))
      return stoker_error_set (err, STOKER_ERROR_FAILED, "there is no directory %s", a->directory);
    if (!writable && !g_file_test (file, G_FILE_TEST_EXISTS))
      return stoker_error_set (err, STOKER_ERROR_FAILED, "%s has no coordinator.db: it is not the first log directory of a broker with an embedded coordinator",
                               a->directory);
    add_setting (to, "directory", g_strdup (a->directory));
  }
  if (a->auth) {
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;
    if (!g_file_get_contents (a->auth, &text, NULL, &error))
      return stoker_error_set (err, STOKER_ERROR_FAILED, "%s", error->message);
    add_setting (to, "auth", g_strdup (g_strstrip (text)));
  }
  for (guint i = 0; a->settings && i < a->settings->len; i++) {
    const char *text = a->settings->pdata[i], *eq = strchr (text, '=');
    g_ptr_array_add (to, g_strndup (text, (gsize)(eq - text)));
    g_ptr_array_add (to, g_strdup (eq + 1));
  }
  g_clear_pointer (&a->settings, g_ptr_array_unref);
  add_setting (to, "read.only", g_strdup (writable ? "false" : "true"));
  g_ptr_array_add (to, NULL);
  return 0;
}

static int64_t
limit (const CliTree *t)
{
  return g_get_monotonic_time () + t->timeout_ms * 1000;
}

static int
begin (CliTree *t, const CliTreeArgs *a, const char *const *settings, StokerError *err)
{
  StokerCoordSession session = { on_session, t };
  const StokerOption *row;
  int64_t until = limit (t);

  t->self = cli_modules_start_with (t->modules, STOKER_KIND_COORDINATOR, a->zookeeper ? "zookeeper" : "local", settings, err);
  if (t->self == NULL && err && err->code == STOKER_ERROR_IN_USE)
    return stoker_error_set (err, STOKER_ERROR_IN_USE, "%s is in use: stop the broker that runs on it first", t->name);
  if (t->self == NULL)
    return -1;
  t->ops = t->self->module->ops;
  row = stk_option_find (t->self->module->options, t->self->module->n_options, "max.data");
  t->max_data = row ? (size_t) * (const int64_t *)(const void *)((const char *)t->self->conf + row->offset) : SIZE_MAX;
  if (t->ops->open (t->self, &session, err))
    return -1;
  while (!t->connected && g_get_monotonic_time () < until)
    cli_modules_turn (t->modules, until);
  if (t->connected)
    return 0;
  return stoker_error_set (err, STOKER_ERROR_FAILED, "no server of %s gave a session within %" G_GINT64_FORMAT " ms", t->name, t->timeout_ms);
}

CliTree *
cli_tree_open (CliTreeArgs *a, bool writable, StokerError *err)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  CliTree *t;

  if (settings (a, writable, list, err))
    return NULL;
  t = g_new0 (CliTree, 1);
  t->asked = g_ptr_array_new_with_free_func (g_free);
  t->name = g_strdup (a->zookeeper ? a->zookeeper : a->directory);
  t->timeout_ms = a->timeout_ms;
  t->modules = cli_modules_new ();
  cli_modules_use_disk (t->modules, false);
  cli_modules_use_control (t->modules);
  if (begin (t, a, (const char *const *)list->pdata, err) == 0)
    return t;
  (void)cli_tree_close (t, NULL);
  return NULL;
}

static void
on_closed (void *user)
{
  ((CliTree *)user)->closed = true;
}

int
cli_tree_close (CliTree *t, StokerError *err)
{
  int64_t until;
  bool closed = true;

  if (t == NULL)
    return 0;
  t->on_state = NULL;
  until = limit (t);
  if (t->connected) {
    t->ops->close (t->self, on_closed, t);
    while (!t->closed && g_get_monotonic_time () < until)
      cli_modules_turn (t->modules, until);
    closed = t->closed;
  }
  if (!closed)
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s: the session did not end within %" G_GINT64_FORMAT " ms", t->name, t->timeout_ms);
  cli_modules_free (t->modules);
  g_ptr_array_unref (t->asked);
  g_free (t->name);
  g_free (t);
  return closed ? 0 : -1;
}

const char *
cli_tree_name (const CliTree *t)
{
  return t->name;
}

StokerInstance *
cli_tree_instance (CliTree *t)
{
  return t->self;
}

const StokerCoordinatorOps *
cli_tree_ops (CliTree *t)
{
  return t->ops;
}

void
cli_tree_turn (CliTree *t, int64_t until_us)
{
  cli_modules_turn (t->modules, until_us);
}

void
cli_tree_on_state (CliTree *t, void (*fn) (void *user, StokerCoordState state), void *user)
{
  t->on_state = fn;
  t->user = user;
}

size_t
cli_tree_max_data (const CliTree *t)
{
  return t->max_data;
}

/* ---- paths */

bool
cli_tree_path_ok (const char *path)
{
  g_auto (GStrv) parts = NULL;

  if (path[0] != '/' || !g_utf8_validate (path, -1, NULL))
    return false;
  if (path[1] == '\0')
    return true;
  parts = g_strsplit (path + 1, "/", -1);
  for (char **p = parts; *p; p++) {
    if ((*p)[0] == '\0' || strcmp (*p, ".") == 0 || strcmp (*p, "..") == 0)
      return false;
    for (const char *c = *p; *c; c++)
      if ((unsigned char)*c < 0x20 || *c == 0x7f)
        return false;
  }
  return true;
}

char *
cli_tree_join (const char *path, StokerStr name)
{
  return g_strdup_printf ("%s/%.*s", path[1] ? path : "", (int)name.len, name.data);
}

int
cli_tree_compare (const char *a, const char *b)
{
  while (*a && *a == *b)
    a++, b++;
  return (*a == '/' ? 1 : (unsigned char)*a) - (*b == '/' ? 1 : (unsigned char)*b);
}

/* ---- walking */

/* One walk: its requests may be answered after it was given up, so it lives as long as the session. */
typedef struct Walk
{
  CliTree *tree;
  GPtrArray *nodes;
  char *path;
  CliTreeDepth depth;
  guint open, answers;
  bool found;
  int code; /* the first failure */
  char *failed;
} Walk;

typedef struct Ask
{
  Walk *walk;
  char *path;
} Ask;

static void visit (Walk *w, char *path);

static Ask *
ask_new (Walk *w, char *path)
{
  Ask *a = g_new (Ask, 1);

  *a = (Ask){ w, path };
  w->open++;
  return a;
}

/* The answer is there. False: there is nothing to be done with it; then *path stays with the caller to free. */
static bool
answered (Ask *a, const StokerCoordReply *reply, Walk **w, char **path)
{
  *w = a->walk;
  *path = a->path;
  g_free (a);
  (*w)->open--;
  (*w)->answers++;
  if (reply->code == STOKER_COORD_OK || reply->code == STOKER_COORD_NO_NODE || reply->code == STOKER_COORD_NO_AUTH)
    return (*w)->nodes && (*w)->code == 0;
  if ((*w)->nodes && (*w)->code == 0) {
    (*w)->code = reply->code;
    (*w)->failed = g_strdup (*path);
  }
  return false;
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  g_autofree char *path = NULL;
  Walk *w;

  if (!answered (user, reply, &w, &path))
    return;
  for (size_t i = 0; i < reply->n_children; i++)
    visit (w, cli_tree_join (path, reply->children[i]));
}

static void
on_get (void *user, const StokerCoordReply *reply)
{
  g_autofree char *path = NULL;
  StokerCoordWatch none = { 0 };
  bool top, below;
  CliNode *n;
  Walk *w;

  if (!answered (user, reply, &w, &path))
    return;
  top = strcmp (path, w->path) == 0;
  below = w->depth == CLI_TREE_ALL || (w->depth == CLI_TREE_CHILDREN && top);
  if (reply->code == STOKER_COORD_NO_NODE)
    return;
  w->found = w->found || top;
  if (below && (reply->code == STOKER_COORD_NO_AUTH || reply->stat.num_children > 0))
    w->tree->ops->children (w->tree->self, path, none, on_children, ask_new (w, g_strdup (path)));
  if (top && w->depth == CLI_TREE_CHILDREN)
    return;
  n = g_new0 (CliNode, 1);
  n->path = g_steal_pointer (&path);
  n->hidden = reply->code == STOKER_COORD_NO_AUTH;
  if (!n->hidden) {
    n->stat = reply->stat;
    n->data = reply->data.data ? g_bytes_new (reply->data.data, reply->data.len) : NULL;
  }
  g_ptr_array_add (w->nodes, n);
}

static void
visit (Walk *w, char *path)
{
  StokerCoordWatch none = { 0 };

  w->tree->ops->get (w->tree->self, path, none, on_get, ask_new (w, path));
}

static int
lost (const CliTree *t, int code, const char *path, StokerError *err)
{
  const char *why = code == STOKER_COORD_CONNECTION_LOSS   ? "the connection was lost"
                    : code == STOKER_COORD_SESSION_EXPIRED ? "the session expired"
                    : code == STOKER_COORD_NO_AUTH         ? "no right to do that (--auth)"
                                                           : stoker_coord_code_name (code);

  return stoker_error_set (err, STOKER_ERROR_FAILED, "%s: %s: %s", t->name, path, why);
}

static int
too_slow (const CliTree *t, StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_FAILED, "%s: no answer within %" G_GINT64_FORMAT " ms", t->name, t->timeout_ms);
}

static int
by_path (gconstpointer a, gconstpointer b)
{
  const CliNode *const *x = a, *const *y = b;

  return cli_tree_compare ((*x)->path, (*y)->path);
}

/* Waits for the answers. */
static int
wait_walk (CliTree *t, Walk *w, StokerError *err)
{
  int64_t until = limit (t);
  guint seen = 0;

  while (w->open > 0 && w->code == 0) {
    if (w->answers != seen) {
      seen = w->answers;
      until = limit (t);
    } else if (g_get_monotonic_time () >= until) {
      return too_slow (t, err);
    }
    cli_modules_turn (t->modules, until);
  }
  return w->code ? lost (t, w->code, w->failed, err) : 0;
}

int
cli_tree_walk (CliTree *t, const char *path, CliTreeDepth depth, GPtrArray **out, bool *found, StokerError *err)
{
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)cli_node_free);
  Walk *w = g_new0 (Walk, 1);
  int rc;

  *w = (Walk){ .tree = t, .nodes = nodes, .path = g_strdup (path), .depth = depth };
  g_ptr_array_add (t->asked, w->path);
  g_ptr_array_add (t->asked, w);
  visit (w, g_strdup (path));
  rc = wait_walk (t, w, err);
  w->nodes = NULL; /* answers that come later are dropped */
  g_clear_pointer (&w->failed, g_free);
  *found = w->found;
  if (rc) {
    g_ptr_array_unref (nodes);
    return -1;
  }
  g_ptr_array_sort (nodes, by_path);
  *out = nodes;
  return 0;
}

/* ---- changes */

typedef struct Change
{
  bool answered;
  int code;
  size_t failed; /* the operation; n: none in particular */
} Change;

static void
on_multi (void *user, const StokerCoordReply *reply)
{
  Change *c = user;

  c->answered = true;
  c->code = reply->code;
  c->failed = 0;
  while (c->failed < reply->n_codes && (reply->codes[c->failed] == STOKER_COORD_OK || reply->codes[c->failed] == STOKER_COORD_RUNTIME_INCONSISTENCY))
    c->failed++;
}

int
cli_tree_multi (CliTree *t, const StokerCoordOp *ops, size_t n, StokerError *err)
{
  Change *c = g_new0 (Change, 1);
  int64_t until = limit (t);

  g_ptr_array_add (t->asked, c);
  t->ops->multi (t->self, ops, n, on_multi, c);
  while (!c->answered && g_get_monotonic_time () < until)
    cli_modules_turn (t->modules, until);
  if (!c->answered)
    return too_slow (t, err);
  return c->code ? lost (t, c->code, c->failed < n ? ops[c->failed].path : ops[0].path, err) : 0;
}
