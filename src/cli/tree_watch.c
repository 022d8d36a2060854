/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker tree watch: what changes below a node. Watches fire once: each event is answered by reading, which arms the next. Whenever the
 * connection was away everything is read again and compared with what was known.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TURN_US 100000
#define WIDTH 100

typedef struct Known
{
  int64_t czxid, mzxid;
  GHashTable *children; /* paths, owned by the keys of Watch.known */
} Known;

typedef struct Watch
{
  CliTree *tree;
  bool json;
  const char *top;
  GHashTable *known; /* path -> Known */
  guint open;        /* requests without an answer */
  bool begun;        /* the first reading is over: from now on everything is told */
  bool away;         /* the connection */
} Watch;

typedef struct Ask
{
  Watch *watch;
  char *path;
} Ask;

static void ask_get (Watch *w, const char *path);
static void ask_children (Watch *w, const char *path);

static void
known_free (void *data)
{
  Known *k = data;

  g_hash_table_unref (k->children);
  g_free (k);
}

/* ---- telling */

static void
tell_event (const Watch *w, const char *event, const CliNode *n)
{
  int64_t now = g_get_real_time () / 1000;
  g_autofree char *line = NULL;
  CliJson j = { 0 };
  char when[32];

  if (w->json) {
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "event", event);
    cli_json_int (&j, "seen_ms", now);
    if (strcmp (event, "deleted") == 0)
      cli_json_text (&j, "path", n->path);
    else
      cli_node_json (&j, n);
    cli_json_end (&j, '}');
    cli_json_print (&j);
    return;
  }
  cli_format_time (now, when);
  printf ("%s  %-7s  %s", when, event, n->path);
  if (strcmp (event, "deleted") != 0 && n->hidden) {
    printf ("  (no right to read it)");
  } else if (strcmp (event, "deleted") != 0) {
    line = cli_data_line (n->data, WIDTH);
    printf ("  version %d", n->stat.version);
    if (n->stat.ephemeral_owner)
      printf (", session 0x%" PRIx64, (uint64_t)n->stat.ephemeral_owner);
    printf ("  %s", line);
  }
  printf ("\n");
}

/* About the connection: `text` for people, on standard error. NULL: the module has said it already. */
static void
tell_state (const Watch *w, const char *event, const char *text)
{
  CliJson j = { 0 };

  if (w->json) {
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "event", event);
    cli_json_int (&j, "nodes", g_hash_table_size (w->known));
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else if (text) {
    fprintf (stderr, "stoker: %s\n", text);
  }
}

/* ---- what is known */

/* A node is gone, and what was below it. */
static void
forget (Watch *w, const char *path)
{
  Known *k = g_hash_table_lookup (w->known, path), *parent;
  g_autofree char *up = NULL, *copy = NULL;
  g_autoptr (GList) below = NULL;
  CliNode n = { 0 };

  if (k == NULL)
    return;
  copy = g_strdup (path);
  below = g_hash_table_get_keys (k->children);
  for (GList *l = below; l; l = l->next)
    forget (w, l->data);
  up = g_path_get_dirname (copy);
  parent = g_hash_table_lookup (w->known, up);
  if (parent)
    g_hash_table_remove (parent->children, copy);
  g_hash_table_remove (w->known, copy);
  n.path = copy;
  tell_event (w, "deleted", &n);
}

static void
learn (Watch *w, const char *path, const StokerCoordReply *reply)
{
  g_autofree char *up = g_path_get_dirname (path);
  Known *k = g_hash_table_lookup (w->known, path), *parent = g_hash_table_lookup (w->known, up);
  bool fresh = k == NULL || k->czxid != reply->stat.czxid, changed = !fresh && k->mzxid != reply->stat.mzxid;

  if (k == NULL) {
    char *own = g_strdup (path);
    k = g_new0 (Known, 1);
    k->children = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (w->known, own, k);
    if (parent && parent != k)
      g_hash_table_add (parent->children, own);
  }
  k->czxid = reply->stat.czxid;
  k->mzxid = reply->stat.mzxid;
  if (w->begun && (fresh || changed)) {
    CliNode n = { .path = (char *)(uintptr_t)path, .stat = reply->stat, .hidden = reply->code == STOKER_COORD_NO_AUTH };
    n.data = reply->data.data ? g_bytes_new (reply->data.data, reply->data.len) : NULL;
    tell_event (w, fresh ? "created" : "changed", &n);
    g_clear_pointer (&n.data, g_bytes_unref);
  }
}

/* ---- events and answers */

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  Watch *w = user;

  if (event == STOKER_COORD_DELETED) {
    forget (w, path);
    if (strcmp (path, w->top) == 0)
      ask_get (w, path); /* it waits for the next one of that name */
  } else if (event == STOKER_COORD_CHILD) {
    ask_children (w, path);
  } else if (event != STOKER_COORD_SESSION) { /* then everything is read again */
    ask_get (w, path);
  }
}

static Ask *
ask_new (Watch *w, const char *path)
{
  Ask *a = g_new (Ask, 1);

  *a = (Ask){ w, g_strdup (path) };
  w->open++;
  return a;
}

static Watch *
ask_free (Ask *a, char **path)
{
  Watch *w = a->watch;

  *path = a->path;
  w->open--;
  g_free (a);
  return w;
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  g_autoptr (GHashTable) now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GList) old = NULL;
  g_autofree char *path = NULL;
  Watch *w = ask_free (user, &path);
  Known *k = g_hash_table_lookup (w->known, path);

  if (reply->code != STOKER_COORD_OK || k == NULL)
    return;
  for (size_t i = 0; i < reply->n_children; i++)
    g_hash_table_add (now, cli_tree_join (path, reply->children[i]));
  old = g_hash_table_get_keys (k->children);
  for (GList *l = old; l; l = l->next)
    if (!g_hash_table_contains (now, l->data))
      forget (w, l->data);
  for (size_t i = 0; i < reply->n_children; i++) {
    g_autofree char *child = cli_tree_join (path, reply->children[i]);
    if (!g_hash_table_contains (w->known, child))
      ask_get (w, child);
  }
}

static void
on_exists (void *user, const StokerCoordReply *reply)
{
  g_autofree char *path = NULL;
  Watch *w = ask_free (user, &path);

  if (reply->code == STOKER_COORD_OK) /* it came meanwhile */
    ask_get (w, path);
}

static void
on_get (void *user, const StokerCoordReply *reply)
{
  g_autofree char *path = NULL;
  Watch *w = ask_free (user, &path);
  StokerCoordWatch watch = { on_event, w };

  if (reply->code == STOKER_COORD_NO_NODE) {
    forget (w, path);
    if (strcmp (path, w->top) == 0)
      cli_tree_ops (w->tree)->exists (cli_tree_instance (w->tree), path, watch, on_exists, ask_new (w, path));
  } else if (reply->code == STOKER_COORD_OK || reply->code == STOKER_COORD_NO_AUTH) {
    bool fresh = !g_hash_table_contains (w->known, path);
    learn (w, path, reply);
    if (fresh)
      ask_children (w, path);
  }
}

static void
ask_get (Watch *w, const char *path)
{
  StokerCoordWatch watch = { on_event, w };

  cli_tree_ops (w->tree)->get (cli_tree_instance (w->tree), path, watch, on_get, ask_new (w, path));
}

static void
ask_children (Watch *w, const char *path)
{
  StokerCoordWatch watch = { on_event, w };

  cli_tree_ops (w->tree)->children (cli_tree_instance (w->tree), path, watch, on_children, ask_new (w, path));
}

/* What was not answered, what a lost session would have told: all of it is read again. */
static void
on_state (void *user, StokerCoordState state)
{
  Watch *w = user;
  g_autoptr (GList) paths = NULL;

  if (state != STOKER_COORD_CONNECTED) {
    if (!w->away)
      tell_state (w, "disconnected", NULL);
    w->away = true;
    return;
  }
  if (w->away)
    tell_state (w, "connected", "connected again");
  w->away = false;
  paths = g_hash_table_get_keys (w->known);
  ask_get (w, w->top);
  for (GList *l = paths; l; l = l->next) {
    if (strcmp (l->data, w->top) != 0)
      ask_get (w, l->data);
    ask_children (w, l->data);
  }
}

/* ---- the command */

static bool
interrupted (void)
{
  sigset_t set;

  return sigpending (&set) == 0 && (sigismember (&set, SIGINT) || sigismember (&set, SIGTERM));
}

static void
tell_begun (Watch *w)
{
  g_autofree char *text = NULL;
  guint n = g_hash_table_size (w->known);

  if (n)
    text = g_strdup_printf ("watching %u node%s from %s on; Ctrl-C ends it", n, cli_s (n), w->top);
  else
    text = g_strdup_printf ("there is no node %s yet; waiting for it; Ctrl-C ends it", w->top);
  w->begun = true;
  tell_state (w, "watching", text);
}

static void
loop (Watch *w)
{
  ask_get (w, w->top);
  while (!interrupted () && cli_output_flush () == CLI_OUTPUT_OK) {
    cli_tree_turn (w->tree, g_get_monotonic_time () + TURN_US);
    if (!w->begun && w->open == 0 && !w->away)
      tell_begun (w);
  }
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  CliTreeArgs a = { 0 };
  CliOpt opts[] = { CLI_TREE_OPTS (a) };
  int rc = cli_tree_parse (c, &a, opts, G_N_ELEMENTS (opts), argc, argv, paths);
  Watch w = { .top = paths->len ? paths->pdata[0] : "/" };
  StokerError err = { 0 };
  sigset_t set;

  if (rc != CLI_GO_ON)
    return rc;
  if (a.directory)
    return cli_usage (c, "--directory is the tree of a stopped broker, which nobody changes; watch needs --zookeeper");
  if (paths->len > 1 || !cli_tree_path_ok (w.top))
    return cli_usage (c, paths->len > 1 ? "one path at a time" : "\"%s\" is no node's path: /brokers/ids", w.top);
  /* Ctrl-C ends it in order: the signals stay pending and the loop looks for them. The library's threads inherit the mask. */
  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  w.json = a.common.json;
  w.tree = cli_tree_open (&a, false, &err);
  if (w.tree == NULL)
    return cli_error (c, &err);
  w.known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, known_free);
  cli_tree_on_state (w.tree, on_state, &w);
  loop (&w);
  (void)cli_tree_close (w.tree, NULL);
  g_hash_table_unref (w.known);
  return CLI_OK;
}

const CliCommand cli_tree_watch = {
  "tree",
  "watch",
  "[PATH]",
  "Show what changes in the coordinator's tree, until Ctrl-C.",
  "  stoker tree watch -z localhost:2181 /brokers\n"
  "  stoker tree watch -z zk1:2181,zk2:2181/kafka /consumers/billing --json | jq .path\n"
  "\nA line for each node from PATH on (/ when none is given) that is created, changed or deleted; one that does not exist yet\n"
  "is waited for. What changes twice before it could be read is told once, with its newest data. A lost connection is made\n"
  "again; what changed meanwhile is found then.\n",
  run,
};
