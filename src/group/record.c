/* SPDX-License-Identifier: Apache-2.0
 *
 * The durable state of a group as JSON: what Kafka's GroupMetadataValue holds (kafka-facts 9.5), readable by people.
 */
#include "group/internal.h"
#include "group/json.h"

#include <inttypes.h>

static void
put_text_member (StokerBuf *out, const char *key, StokerStr s)
{
  if (s.data == NULL)
    return;
  stoker_buf_printf (out, ",\"%s\":", key);
  stk_json_put_text (out, s);
}

static void
put_base64 (StokerBuf *out, const char *key, StokerBytes b)
{
  g_autofree char *text = g_base64_encode (b.data, b.len);

  stoker_buf_printf (out, ",\"%s\":\"", key);
  stoker_buf_append (out, text, strlen (text));
  stoker_buf_append (out, "\"", 1);
}

void
stk_group_record_write (const StkGroup *g, bool next_assignment, StokerBuf *out)
{
  stoker_buf_printf (out, "{\"version\":1,\"generation\":%" PRId32 ",\"timestamp\":%" PRId64, g->generation,
                     g->state_since_ms);
  put_text_member (out, "protocol_type", g->protocol_type);
  put_text_member (out, "protocol", g->protocol);
  if (g->leader)
    put_text_member (out, "leader", g->leader->id);
  stoker_buf_printf (out, ",\"members\":[");
  for (uint32_t i = 0; i < g->n_members; i++) {
    const StkMember *m = g->members[i];
    stoker_buf_printf (out, "%s{\"session_timeout\":%" PRId32 ",\"rebalance_timeout\":%" PRId32, i ? "," : "",
                       m->session_timeout_ms, m->rebalance_timeout_ms);
    put_text_member (out, "member_id", m->id);
    put_text_member (out, "instance_id", m->instance_id);
    put_text_member (out, "client_id", m->client_id);
    put_text_member (out, "client_host", m->client_host);
    put_base64 (out, "subscription", stk_member_metadata (m, g->protocol));
    put_base64 (out, "assignment", next_assignment ? m->next : m->assignment);
    stoker_buf_append (out, "}", 1);
  }
  stoker_buf_append (out, "]}", 2);
}

/* ---- reading */

static StokerBytes
get_base64 (JsonObject *o, const char *key)
{
  StokerStr s = stk_json_text (o, key);
  StokerBytes b = STOKER_BYTES_NULL;

  if (s.len)
    b.data = g_base64_decode (s.data, &b.len);
  return b;
}

static bool
read_member (StkGroup *g, JsonObject *o)
{
  StokerStr host = stk_json_text (o, "client_host");
  StokerBytes subscription;
  StokerGroupProtocol offered = { .name = g->protocol };
  StokerJoinGroup req = {
    .call.client_id = stk_json_text (o, "client_id"),
    .instance_id = stk_json_text (o, "instance_id"),
    .protocol_type = g->protocol_type,
    .session_timeout_ms = (int32_t)CLAMP (stk_json_int (o, "session_timeout", 0), 0, INT32_MAX),
    .rebalance_timeout_ms = (int32_t)CLAMP (stk_json_int (o, "rebalance_timeout", 0), 0, INT32_MAX),
    .protocols = &offered,
    .n_protocols = 1,
  };
  StokerStr id = stk_json_text (o, "member_id");
  StkMember *m;

  if (id.len == 0 || req.session_timeout_ms == 0 || g->protocol.data == NULL || g->protocol_type.data == NULL
      || stk_group_member (g, id))
    return false;
  subscription = get_base64 (o, "subscription");
  offered.metadata = subscription;
  m = stk_group_add_member (g, id, &req);
  g_free (subscription.data);
  m->is_new = false;
  g_free ((char *)m->client_host.data);
  m->client_host = stk_str_dup (host.data ? host : stoker_str (""));
  m->assignment = get_base64 (o, "assignment");
  return true;
}

static void
set_text (StokerStr *at, StokerStr s)
{
  g_free ((char *)at->data);
  *at = stk_str_dup (s);
}

bool
stk_group_record_read (StkGroup *g, StokerBytes record)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root, *list;
  JsonObject *o;
  JsonArray *members = NULL;

  g->stored = true;
  if (!json_parser_load_from_data (parser, (const char *)record.data, (gssize)record.len, NULL))
    return false;
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return false;
  o = json_node_get_object (root);
  if (stk_json_int (o, "version", 0) != 1)
    return false;
  g->generation = (int32_t)CLAMP (stk_json_int (o, "generation", 0), 0, INT32_MAX);
  g->state_since_ms = stk_json_int (o, "timestamp", -1);
  set_text (&g->protocol_type, stk_json_text (o, "protocol_type"));
  set_text (&g->protocol, stk_json_text (o, "protocol"));
  list = json_object_get_member (o, "members");
  if (list && JSON_NODE_HOLDS_ARRAY (list))
    members = json_node_get_array (list);
  for (guint i = 0; members && i < json_array_get_length (members); i++) {
    JsonNode *n = json_array_get_element (members, i);
    if (!JSON_NODE_HOLDS_OBJECT (n) || !read_member (g, json_node_get_object (n)))
      stk_groups_log (g->groups, STOKER_LOG_WARN, "group.bad-member",
                      "a stored member of a group was left out | group=%s", g->id.data);
  }
  if (g->n_members) {
    StkMember *leader = stk_group_member (g, stk_json_text (o, "leader"));
    g->leader = leader ? leader : g->members[0];
    g->state = STK_GROUP_STABLE;
  }
  return true;
}
