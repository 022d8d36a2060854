/* SPDX-License-Identifier: Apache-2.0 */
#include "group/json.h"

void
stk_json_put_text (StokerBuf *out, StokerStr s)
{
  g_autofree char *valid = g_utf8_make_valid (s.data, (gssize)s.len); /* NUL bytes go too */

  stoker_buf_append (out, "\"", 1);
  for (const char *p = valid; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\')
      stoker_buf_printf (out, "\\%c", c);
    else if (c < 0x20 || c == 0x7f)
      stoker_buf_printf (out, "\\u%04x", c);
    else
      stoker_buf_append (out, p, 1);
  }
  stoker_buf_append (out, "\"", 1);
}

static JsonNode *
member_of (JsonObject *o, const char *key, GType type)
{
  JsonNode *n = json_object_get_member (o, key);

  return n && JSON_NODE_HOLDS_VALUE (n) && json_node_get_value_type (n) == type ? n : NULL;
}

StokerStr
stk_json_text (JsonObject *o, const char *key)
{
  JsonNode *n = member_of (o, key, G_TYPE_STRING);

  return n ? stoker_str (json_node_get_string (n)) : STOKER_STR_NULL;
}

int64_t
stk_json_int (JsonObject *o, const char *key, int64_t def)
{
  JsonNode *n = member_of (o, key, G_TYPE_INT64);

  return n ? json_node_get_int (n) : def;
}
