/* SPDX-License-Identifier: Apache-2.0
 *
 * The file that `stoker tree export` writes and `import` reads: JSON lines. The first says what it is, the last how many nodes there
 * are, so that one which was cut is found; between them a node each, with its data as "text", as "base64", or without either: null.
 */
#include "cli/tree.h"

#include <json-glib/json-glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FORMAT "stoker-tree"
#define VERSION 1

/* ---- what is moved */

bool
cli_tree_is_state (const CliNode *n)
{
  /* Parents of messages that running brokers leave for each other; whoever starts anew has no use for them, and their numbers would be in
   * the way of the next ones. */
  static const char *const messages[] = { "/config/changes/",     "/isr_change_notification/",        "/log_dir_event_notification/",
                                          "/kafka-acl-changes/", "/kafka-acl-extended-changes/", "/delegation_token/token_changes/" };

  if (n->stat.ephemeral_owner || strcmp (n->path, "/zookeeper") == 0 || g_str_has_prefix (n->path, "/zookeeper/"))
    return false;
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    if (g_str_has_prefix (n->path, messages[i]))
      return false;
  return strcmp (n->path, "/") != 0 || (n->data && g_bytes_get_size (n->data) > 0);
}

bool
cli_tree_is_broker (const CliNode *n)
{
  return n->stat.ephemeral_owner && g_str_has_prefix (n->path, "/brokers/ids/");
}

/* ---- writing */

static void
end_line (GString *out, CliJson *j)
{
  cli_json_end (j, '}');
  g_string_append_printf (out, "%s\n", j->out->str);
  g_string_free (j->out, TRUE);
}

void
cli_tree_file_head (GString *out)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "format", FORMAT);
  cli_json_int (&j, "version", VERSION);
  end_line (out, &j);
}

void
cli_tree_file_node (GString *out, const char *path, GBytes *data)
{
  gsize len = 0;
  const char *s = data ? g_bytes_get_data (data, &len) : NULL;
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "path", path);
  if (data && (len == 0 || g_utf8_validate (s, (gssize)len, NULL))) {
    cli_json_str (&j, "text", (StokerStr){ len ? s : "", len });
  } else if (data) {
    g_autofree char *text = g_base64_encode ((const guchar *)s, len);
    cli_json_text (&j, "base64", text);
  }
  end_line (out, &j);
}

void
cli_tree_file_end (GString *out, guint nodes)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '{');
  cli_json_bool (&j, "end", true);
  cli_json_int (&j, "nodes", nodes);
  end_line (out, &j);
}

/* ---- reading */

typedef struct Reader
{
  const char *file;
  guint line;
  GPtrArray *nodes;
  GHashTable *paths;
  bool begun, ended;
  StokerError *err;
} Reader;

static bool bad (Reader *r, const char *fmt, ...) STOKER_PRINTF (2, 3);

/* Always false. */
static bool
bad (Reader *r, const char *fmt, ...)
{
  g_autofree char *text = NULL;
  va_list ap;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  stoker_error_set (r->err, STOKER_ERROR_FAILED, "%s:%u: %s; nothing was written", r->file, r->line, text);
  return false;
}

/* NULL: it is not there, or no text. */
static const char *
text_of (JsonObject *o, const char *name)
{
  JsonNode *n = json_object_get_member (o, name);

  return n && JSON_NODE_HOLDS_VALUE (n) && json_node_get_value_type (n) == G_TYPE_STRING ? json_node_get_string (n) : NULL;
}

static int64_t
number_of (JsonObject *o, const char *name)
{
  JsonNode *n = json_object_get_member (o, name);

  return n && JSON_NODE_HOLDS_VALUE (n) && json_node_get_value_type (n) == G_TYPE_INT64 ? json_node_get_int (n) : -1;
}

static bool
read_head (Reader *r, JsonObject *o)
{
  if (g_strcmp0 (text_of (o, "format"), FORMAT) != 0)
    return bad (r, "this is no file of \"stoker tree export\"");
  if (number_of (o, "version") != VERSION)
    return bad (r, "it is of another version than %d", VERSION);
  r->begun = true;
  return true;
}

/* Exactly what base64 is: GLib's decoder takes anything. */
static GBytes *
decode (const char *text)
{
  gsize len = 0;
  guchar *data = g_base64_decode (text, &len);
  g_autofree char *again = g_base64_encode (data, len);

  if (strcmp (again, text) == 0)
    return g_bytes_new_take (data, len);
  g_free (data);
  return NULL;
}

static bool
read_data (Reader *r, JsonObject *o, CliNode *n)
{
  bool has_text = json_object_has_member (o, "text"), has_base64 = json_object_has_member (o, "base64");
  const char *text = text_of (o, has_text ? "text" : "base64");

  if (json_object_get_size (o) > 1u + has_text + has_base64)
    return bad (r, "a node has \"path\", and \"text\" or \"base64\", nothing else");
  if (has_text && has_base64)
    return bad (r, "%s has both \"text\" and \"base64\"", n->path);
  if (!has_text && !has_base64)
    return true;
  if (text == NULL)
    return bad (r, "the data of %s are no text", n->path);
  n->data = has_text ? g_bytes_new (text, strlen (text)) : decode (text);
  return n->data || bad (r, "the data of %s are no base64", n->path);
}

static bool
check_path (Reader *r, const char *path)
{
  g_autofree char *parent = NULL;
  CliNode as = { .path = (char *)(uintptr_t)path, .data = NULL };

  if (path == NULL)
    return bad (r, "there is no \"path\"");
  if (!cli_tree_path_ok (path))
    return bad (r, "\"%s\" is no node's path", path);
  if (g_hash_table_contains (r->paths, path))
    return bad (r, "%s comes a second time", path);
  if (strcmp (path, "/") == 0)
    return true;
  if (!cli_tree_is_state (&as))
    return bad (r, "%s belongs to ZooKeeper or to running brokers, and is not imported", path);
  parent = g_path_get_dirname (path);
  return strcmp (parent, "/") == 0 || g_hash_table_contains (r->paths, parent) || bad (r, "%s comes before its parent", path);
}

static bool
read_node (Reader *r, JsonObject *o)
{
  const char *path = text_of (o, "path");
  CliNode *n;

  if (!check_path (r, path))
    return false;
  n = g_new0 (CliNode, 1);
  n->path = g_strdup (path);
  g_ptr_array_add (r->nodes, n);
  g_hash_table_add (r->paths, n->path);
  return read_data (r, o, n);
}

static bool
read_line (Reader *r, const char *line, gsize len)
{
  g_autoptr (JsonParser) p = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonNode *root;
  JsonObject *o;

  r->line++;
  if (memchr (line, '\0', len) || !g_utf8_validate (line, (gssize)len, NULL) || !json_parser_load_from_data (p, line, (gssize)len, &error)
      || (root = json_parser_get_root (p)) == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return bad (r, "this is no JSON object");
  o = json_node_get_object (root);
  if (!r->begun)
    return read_head (r, o);
  if (r->ended)
    return bad (r, "there is more behind the last line");
  if (!json_object_has_member (o, "end"))
    return read_node (r, o);
  r->ended = true;
  return number_of (o, "nodes") == (int64_t)r->nodes->len || bad (r, "there are %u nodes, not as many as it says", r->nodes->len);
}

static bool
read_all (Reader *r, const char *text, gsize len)
{
  const char *end = text + len;

  while (text < end) {
    const char *eol = memchr (text, '\n', (gsize)(end - text)), *stop = eol ? eol : end;
    if (!read_line (r, text, (gsize)(stop - text)))
      return false;
    text = eol ? eol + 1 : end;
  }
  return r->ended || bad (r, r->begun ? "the end is missing: it was cut" : "it is empty");
}

static bool
read_stdin (GString *to)
{
  char part[65536];
  size_t n;

  while ((n = fread (part, 1, sizeof part, stdin)) > 0)
    g_string_append_len (to, part, (gssize)n);
  return !ferror (stdin);
}

static int
by_path (gconstpointer a, gconstpointer b)
{
  const CliNode *const *x = a, *const *y = b;

  return cli_tree_compare ((*x)->path, (*y)->path);
}

GPtrArray *
cli_tree_file_read (const char *file, StokerError *err)
{
  bool from_stdin = strcmp (file, "-") == 0;
  g_autoptr (GString) in = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize len = 0;
  Reader r = { .file = from_stdin ? "(standard input)" : file, .err = err };
  bool good;

  if (from_stdin ? !read_stdin (in) : !g_file_get_contents (file, &text, &len, &error)) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "%s", error ? error->message : "cannot read standard input");
    return NULL;
  }
  r.nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)cli_node_free);
  r.paths = g_hash_table_new (g_str_hash, g_str_equal);
  good = from_stdin ? read_all (&r, in->str, in->len) : read_all (&r, text, len);
  g_hash_table_unref (r.paths);
  if (!good) {
    g_ptr_array_unref (r.nodes);
    return NULL;
  }
  g_ptr_array_sort (r.nodes, by_path);
  return r.nodes;
}
