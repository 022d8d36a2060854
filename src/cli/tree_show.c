/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes of the tree, decoded.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

const char *
cli_data_kind_name (CliDataKind k)
{
  static const char *const names[] = { "null", "empty", "json", "number", "text", "binary" };

  return names[k];
}

/* At most 18 digits: an int64 whatever they are. */
static bool
is_number (const char *s, gsize len)
{
  gsize sign = len > 0 && s[0] == '-';

  if (len <= sign || len - sign > 18 || (s[sign] == '0' && len > 1))
    return false;
  for (gsize i = sign; i < len; i++)
    if (!g_ascii_isdigit (s[i]))
      return false;
  return true;
}

static bool
is_text (const char *s, gsize len)
{
  if (!g_utf8_validate (s, (gssize)len, NULL))
    return false;
  for (gsize i = 0; i < len; i++)
    if (((unsigned char)s[i] < 0x20 && !strchr ("\t\n\r", s[i])) || s[i] == 0x7f || s[i] == '\0')
      return false;
  return true;
}

static char *
read_json (const char *s, gsize len, bool pretty)
{
  g_autoptr (JsonParser) p = json_parser_new ();
  JsonNode *root;

  if ((s[0] != '{' && s[0] != '[') || !json_parser_load_from_data (p, s, (gssize)len, NULL) || (root = json_parser_get_root (p)) == NULL)
    return NULL;
  return json_to_string (root, pretty);
}

CliDataKind
cli_data_kind (GBytes *data, bool pretty, char **json)
{
  gsize len = 0;
  const char *s = data ? g_bytes_get_data (data, &len) : NULL;
  char *text;

  if (json)
    *json = NULL;
  if (data == NULL)
    return CLI_DATA_NULL;
  if (len == 0)
    return CLI_DATA_EMPTY;
  if (!is_text (s, len))
    return CLI_DATA_BINARY;
  if (is_number (s, len))
    return CLI_DATA_NUMBER;
  text = read_json (s, len, pretty);
  if (text == NULL)
    return CLI_DATA_TEXT;
  if (json)
    *json = text;
  else
    g_free (text);
  return CLI_DATA_JSON;
}

static char *
hex (const guint8 *s, gsize len, gsize most)
{
  GString *out = g_string_new ("0x");

  for (gsize i = 0; i < MIN (len, most); i++)
    g_string_append_printf (out, "%02x", s[i]);
  return g_string_free (out, FALSE);
}

char *
cli_data_line (GBytes *data, int width)
{
  g_autofree char *json = NULL, *text = NULL;
  gsize len = 0;
  const char *s = data ? g_bytes_get_data (data, &len) : NULL;
  CliDataKind kind = cli_data_kind (data, false, &json);

  if (kind == CLI_DATA_NULL)
    return g_strdup ("-");
  if (kind == CLI_DATA_EMPTY)
    return g_strdup ("(empty)");
  text = kind == CLI_DATA_JSON ? g_steal_pointer (&json) : kind == CLI_DATA_BINARY ? hex ((const guint8 *)s, len, (gsize)width) : g_strndup (s, len);
  g_strdelimit (text, "\t\r\n", ' ');
  if (g_utf8_strlen (text, -1) <= width)
    return g_steal_pointer (&text);
  *g_utf8_offset_to_pointer (text, width - 2) = '\0';
  return g_strconcat (text, "..", NULL);
}

void
cli_node_json (CliJson *j, const CliNode *n)
{
  g_autofree char *owner = n->stat.ephemeral_owner ? g_strdup_printf ("0x%" PRIx64, (uint64_t)n->stat.ephemeral_owner) : NULL, *json = NULL;
  gsize len = 0;
  const char *s = n->data ? g_bytes_get_data (n->data, &len) : NULL;
  CliDataKind kind = cli_data_kind (n->data, false, &json);

  cli_json_text (j, "path", n->path);
  if (n->hidden) {
    cli_json_bool (j, "hidden", true);
    return;
  }
  cli_json_int (j, "version", n->stat.version);
  cli_json_int (j, "children_version", n->stat.cversion);
  cli_json_int (j, "acl_version", n->stat.aversion);
  cli_json_int (j, "czxid", n->stat.czxid);
  cli_json_int (j, "mzxid", n->stat.mzxid);
  cli_json_int (j, "pzxid", n->stat.pzxid);
  cli_json_int (j, "created_ms", n->stat.ctime_ms);
  cli_json_int (j, "changed_ms", n->stat.mtime_ms);
  cli_json_text (j, "ephemeral_owner", owner);
  cli_json_int (j, "children", n->stat.num_children);
  cli_json_int (j, "bytes", (int64_t)len);
  cli_json_text (j, "kind", cli_data_kind_name (kind));
  if (kind == CLI_DATA_JSON) {
    cli_json_raw (j, "data", json);
  } else if (kind == CLI_DATA_NUMBER) {
    g_autofree char *text = g_strndup (s, len);
    cli_json_raw (j, "data", text);
  } else if (kind == CLI_DATA_BINARY) {
    g_autofree char *text = g_base64_encode ((const guchar *)s, len);
    cli_json_text (j, "base64", text);
  } else {
    cli_json_str (j, "data", (StokerStr){ kind == CLI_DATA_NULL ? NULL : s ? s : "", len });
  }
}
