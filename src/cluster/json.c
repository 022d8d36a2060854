/* SPDX-License-Identifier: Apache-2.0
 *
 * json-glib reads; writing is a few appends.
 */
#include "cluster/json.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>

#define LARGEST (8 << 20)         /* bytes of one node that we read */
#define LARGEST_PARTITION 1000000 /* a number beyond is a mistake, not a topic */

/* ---- writing */
static void
add_text (GString *s, const char *text)
{
  g_string_append_c (s, '"');
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      g_string_append_c (s, '\\');
    if (c < 0x20)
      g_string_append_printf (s, "\\u%04x", c);
    else
      g_string_append_c (s, (char)c);
  }
  g_string_append_c (s, '"');
}

static void
add_ids (GString *s, const StkIds *ids)
{
  g_string_append_c (s, '[');
  for (int32_t i = 0; i < ids->n; i++)
    g_string_append_printf (s, "%s%d", i ? "," : "", ids->ids[i]);
  g_string_append_c (s, ']');
}

char *
stk_json_cluster_id (const char *id)
{
  return g_strdup_printf ("{\"version\":\"1\",\"id\":\"%s\"}", id);
}

static const char *const protocols[] = { "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL" };

static void
add_endpoint (GString *s, const StkMetaEndpoint *e)
{
  g_autofree char *text
      = g_strdup_printf (strchr (e->host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", e->listener, e->host, e->port);

  add_text (s, text);
}

char *
stk_json_broker (const StkMetaBroker *b, int64_t now_ms)
{
  GString *s = g_string_new ("{\"features\":{},\"listener_security_protocol_map\":{");
  const StkMetaEndpoint *plain = NULL;

  for (int32_t i = 0; i < b->n_endpoints; i++) {
    const StkMetaEndpoint *e = &b->endpoints[i];
    if (plain == NULL && e->protocol == 0)
      plain = e;
    g_string_append (s, i ? "," : "");
    add_text (s, e->listener);
    g_string_append_c (s, ':');
    add_text (s, protocols[e->protocol]);
  }
  g_string_append (s, "},\"endpoints\":[");
  for (int32_t i = 0; i < b->n_endpoints; i++) {
    g_string_append (s, i ? "," : "");
    add_endpoint (s, &b->endpoints[i]);
  }
  g_string_append (s, "],");
  if (b->rack) {
    g_string_append (s, "\"rack\":");
    add_text (s, b->rack);
    g_string_append_c (s, ',');
  }
  g_string_append_printf (s, "\"jmx_port\":-1,\"port\":%d,\"host\":", plain ? plain->port : -1);
  if (plain)
    add_text (s, plain->host);
  else
    g_string_append (s, "null");
  g_string_append_printf (s, ",\"version\":5,\"timestamp\":\"%" PRId64 "\"}", now_ms);
  return g_string_free (s, FALSE);
}

char *
stk_json_controller (int32_t id, int64_t now_ms)
{
  return g_strdup_printf ("{\"version\":2,\"brokerid\":%d,\"timestamp\":\"%" PRId64 "\",\"kraftControllerEpoch\":-1}",
                          id, now_ms);
}

static void
add_moves (GString *s, const char *name, const StkTopicState *t, size_t offset)
{
  bool any = false;

  g_string_append_printf (s, "\"%s\":{", name);
  for (int32_t i = 0; i < t->n_partitions; i++) {
    const StkIds *ids = (const StkIds *)(const void *)((const char *)&t->partitions[i] + offset);
    if (ids->n == 0)
      continue;
    g_string_append_printf (s, "%s\"%d\":", any ? "," : "", i);
    add_ids (s, ids);
    any = true;
  }
  g_string_append_c (s, '}');
}

char *
stk_json_topic (const StkTopicState *t)
{
  GString *s = g_string_new ("{");
  char id[STOKER_UUID_TEXT];

  add_moves (s, "partitions", t, offsetof (StkPartitionState, replicas));
  if (!stoker_uuid_is_zero (t->id)) {
    stoker_uuid_format (t->id, id);
    g_string_append_printf (s, ",\"topic_id\":\"%s\"", id);
  }
  g_string_append_c (s, ',');
  add_moves (s, "adding_replicas", t, offsetof (StkPartitionState, adding));
  g_string_append_c (s, ',');
  add_moves (s, "removing_replicas", t, offsetof (StkPartitionState, removing));
  g_string_append (s, ",\"version\":3}");
  return g_string_free (s, FALSE);
}

char *
stk_json_state (const StkPartitionState *p)
{
  GString *s = g_string_new (NULL);

  g_string_append_printf (s, "{\"controller_epoch\":%d,\"leader\":%d,\"version\":1,\"leader_epoch\":%d,\"isr\":",
                          p->controller_epoch, p->leader, p->leader_epoch);
  add_ids (s, &p->isr);
  g_string_append (s, p->recovering ? ",\"leader_recovery_state\":1}" : "}");
  return g_string_free (s, FALSE);
}

char *
stk_json_config (const StkMetaPair *pairs, size_t n)
{
  GString *s = g_string_new ("{\"version\":1,\"config\":{");

  for (size_t i = 0; i < n; i++) {
    g_string_append (s, i ? "," : "");
    add_text (s, pairs[i].name);
    g_string_append_c (s, ':');
    add_text (s, pairs[i].value);
  }
  g_string_append (s, "}}");
  return g_string_free (s, FALSE);
}

char *
stk_json_config_change (const char *entity_path)
{
  GString *s = g_string_new ("{\"version\":2,\"entity_path\":");

  add_text (s, entity_path);
  g_string_append_c (s, '}');
  return g_string_free (s, FALSE);
}

char *
stk_json_feature (void)
{
  return g_strdup ("{\"features\":{},\"version\":2,\"status\":1}");
}

char *
stk_json_producer_block (int32_t broker, int64_t start, int64_t end)
{
  return g_strdup_printf ("{\"version\":1,\"broker\":%d,\"block_start\":\"%" PRId64 "\",\"block_end\":\"%" PRId64 "\"}",
                          broker, start, end);
}

/* ---- reading */
static bool
wrong (StokerError *err, const char *what)
{
  (void)stoker_error_set (err, STOKER_ERROR_CORRUPT, "%s", what);
  return false;
}

/* The object that `data` holds; NULL: it holds none. *parser owns it. */
static JsonObject *
parse (StokerBytes data, JsonParser **parser, StokerError *err)
{
  g_autoptr (GError) error = NULL;
  JsonNode *root;

  *parser = json_parser_new_immutable ();
  if (data.data == NULL || data.len == 0 || data.len > LARGEST) {
    (void)wrong (err, data.len > LARGEST ? "too long" : "empty");
    return NULL;
  }
  if (!json_parser_load_from_data (*parser, (const char *)data.data, (gssize)data.len, &error)) {
    (void)stoker_error_set (err, STOKER_ERROR_CORRUPT, "not JSON: %s", error->message);
    return NULL;
  }
  root = json_parser_get_root (*parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    (void)wrong (err, "not a JSON object");
    return NULL;
  }
  return json_node_get_object (root);
}

static JsonNode *
member (JsonObject *o, const char *name, GType type)
{
  JsonNode *n = json_object_get_member (o, name);

  return n && JSON_NODE_HOLDS_VALUE (n) && json_node_get_value_type (n) == type ? n : NULL;
}

/* A whole number; some versions wrote it as text. */
static bool
get_int (JsonObject *o, const char *name, int64_t *out)
{
  JsonNode *n = member (o, name, G_TYPE_INT64);

  if (n) {
    *out = json_node_get_int (n);
    return true;
  }
  n = member (o, name, G_TYPE_STRING);
  return n && g_ascii_string_to_signed (json_node_get_string (n), 10, INT64_MIN, INT64_MAX, out, NULL);
}

static bool
get_int32 (JsonObject *o, const char *name, int32_t *out)
{
  int64_t v;

  if (!get_int (o, name, &v) || v < INT32_MIN || v > INT32_MAX)
    return false;
  *out = (int32_t)v;
  return true;
}

static const char *
get_text (JsonObject *o, const char *name)
{
  JsonNode *n = member (o, name, G_TYPE_STRING);

  return n ? json_node_get_string (n) : NULL;
}

static JsonObject *
get_object (JsonObject *o, const char *name)
{
  JsonNode *n = json_object_get_member (o, name);

  return n && JSON_NODE_HOLDS_OBJECT (n) ? json_node_get_object (n) : NULL;
}

static bool
node_ids (JsonNode *n, StkIds *out)
{
  JsonArray *a = n && JSON_NODE_HOLDS_ARRAY (n) ? json_node_get_array (n) : NULL;
  guint len = a ? json_array_get_length (a) : 0;

  if (a == NULL || len > INT16_MAX)
    return false;
  out->ids = g_new (int32_t, len + 1);
  out->n = (int32_t)len;
  for (guint i = 0; i < len; i++) {
    JsonNode *e = json_array_get_element (a, i);
    if (!JSON_NODE_HOLDS_VALUE (e) || json_node_get_value_type (e) != G_TYPE_INT64) {
      stk_ids_clear (out);
      return false;
    }
    out->ids[i] = (int32_t)json_node_get_int (e);
  }
  return true;
}

bool
stk_json_read_cluster_id (StokerBytes data, char out[STOKER_UUID_TEXT], StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err);
  const char *id = o ? get_text (o, "id") : NULL;

  if (o && (id == NULL || strlen (id) == 0 || strlen (id) >= STOKER_UUID_TEXT))
    return wrong (err, "no \"id\" of at most 22 characters");
  if (o)
    g_strlcpy (out, id, STOKER_UUID_TEXT);
  return o != NULL;
}

bool
stk_json_read_controller (StokerBytes data, int32_t *out_id, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err);

  return o && (get_int32 (o, "brokerid", out_id) || wrong (err, "no \"brokerid\""));
}

/* "NAME://host:port" into e; the strings are e's to free. */
static bool
read_endpoint (const char *text, JsonObject *map, StkMetaEndpoint *e)
{
  const char *sep = strstr (text, "://"), *colon = sep ? strrchr (sep + 3, ':') : NULL;
  const char *protocol;
  size_t host;
  int64_t port;

  if (sep == NULL || sep == text || colon == NULL || !g_ascii_string_to_signed (colon + 1, 10, 0, 65535, &port, NULL))
    return false;
  host = (size_t)(colon - sep - 3);
  e->listener = g_strndup (text, (size_t)(sep - text));
  e->host = sep[3] == '[' && host >= 2 ? g_strndup (sep + 4, host - 2) : g_strndup (sep + 3, host);
  e->port = (int32_t)port;
  protocol = map ? get_text (map, e->listener) : NULL;
  e->protocol = 0;
  for (int16_t i = 0; i < 4; i++)
    if (strcmp (protocol ? protocol : e->listener, protocols[i]) == 0)
      e->protocol = i;
  return true;
}

static void
endpoints_free (StkMetaEndpoint *e, int32_t n)
{
  for (int32_t i = 0; i < n; i++) {
    g_free ((char *)(uintptr_t)e[i].listener);
    g_free ((char *)(uintptr_t)e[i].host);
  }
  g_free (e);
}

/* Version 1 knows one address, later ones a list. */
static bool
read_endpoints (JsonObject *o, StkMetaEndpoint **out, int32_t *out_n)
{
  JsonNode *n = json_object_get_member (o, "endpoints");
  JsonArray *a = n && JSON_NODE_HOLDS_ARRAY (n) ? json_node_get_array (n) : NULL;
  guint len = a ? MIN (json_array_get_length (a), 100) : 1;
  StkMetaEndpoint *e = g_new0 (StkMetaEndpoint, len + 1);
  int32_t port = -1, done = 0;

  if (a == NULL && get_text (o, "host") && get_int32 (o, "port", &port))
    e[done++] = (StkMetaEndpoint){ g_strdup ("PLAINTEXT"), g_strdup (get_text (o, "host")), port, 0 };
  for (guint i = 0; a && i < len; i++) {
    JsonNode *item = json_array_get_element (a, i);
    const char *text = JSON_NODE_HOLDS_VALUE (item) ? json_node_get_string (item) : NULL;
    if (text && read_endpoint (text, get_object (o, "listener_security_protocol_map"), &e[done]))
      done++;
  }
  if (done == 0)
    endpoints_free (e, 0);
  *out = done ? e : NULL;
  *out_n = done;
  return done > 0;
}

StkMetaBroker *
stk_json_read_broker (StokerBytes data, int32_t id, int64_t epoch, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err);
  StkMetaBroker b = { .id = id, .epoch = epoch }, *counted;
  StkMetaEndpoint *endpoints;

  if (o == NULL)
    return NULL;
  if (!read_endpoints (o, &endpoints, &b.n_endpoints)) {
    (void)wrong (err, "no endpoint");
    return NULL;
  }
  b.endpoints = endpoints;
  b.rack = get_text (o, "rack");
  counted = stk_meta_broker_new (&b);
  endpoints_free (endpoints, b.n_endpoints);
  return counted;
}

/* Sets the ids of each partition that `map` ("0": [..]) names. */
static bool
read_moves (JsonObject *map, StkTopicState *t, size_t offset, bool may_grow)
{
  JsonObjectIter it;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&it, map);
  while (json_object_iter_next (&it, &name, &node)) {
    int64_t index;
    StkIds *ids;
    if (!g_ascii_string_to_signed (name, 10, 0, LARGEST_PARTITION, &index, NULL)
        || (index >= t->n_partitions && !may_grow))
      return false;
    stk_topic_state_grow (t, (int32_t)index + 1);
    ids = (StkIds *)(void *)((char *)&t->partitions[index] + offset);
    stk_ids_clear (ids);
    if (!node_ids (node, ids))
      return false;
  }
  return true;
}

bool
stk_json_read_topic (StokerBytes data, StkTopicState *t, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err), *map;
  const char *id = o ? get_text (o, "topic_id") : NULL;

  if (o == NULL)
    return false;
  if ((map = get_object (o, "partitions")) == NULL
      || !read_moves (map, t, offsetof (StkPartitionState, replicas), true))
    return wrong (err, "no or bad \"partitions\"");
  for (int32_t i = 0; i < t->n_partitions; i++)
    if (t->partitions[i].replicas.n == 0)
      return wrong (err, "a partition without replicas");
  if (((map = get_object (o, "adding_replicas")) && !read_moves (map, t, offsetof (StkPartitionState, adding), false))
      || ((map = get_object (o, "removing_replicas"))
          && !read_moves (map, t, offsetof (StkPartitionState, removing), false)))
    return wrong (err, "bad \"adding_replicas\" or \"removing_replicas\"");
  if (id && !stoker_uuid_parse (stoker_str (id), &t->id))
    return wrong (err, "bad \"topic_id\"");
  return true;
}

bool
stk_json_read_state (StokerBytes data, StkPartitionState *p, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err);
  int32_t recovering = 0;

  if (o == NULL)
    return false;
  stk_ids_clear (&p->isr);
  if (!get_int32 (o, "leader", &p->leader) || !get_int32 (o, "leader_epoch", &p->leader_epoch)
      || !get_int32 (o, "controller_epoch", &p->controller_epoch)
      || !node_ids (json_object_get_member (o, "isr"), &p->isr))
    return wrong (err, "no \"leader\", \"leader_epoch\", \"controller_epoch\" or \"isr\"");
  (void)get_int32 (o, "leader_recovery_state", &recovering);
  p->recovering = recovering == 1;
  return true;
}

bool
stk_json_read_config (StokerBytes data, StkMetaPair **out, size_t *out_n, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err), *config = o ? get_object (o, "config") : NULL;
  JsonObjectIter it;
  const char *name;
  JsonNode *node;
  size_t n = 0;

  if (o == NULL)
    return false;
  if (config == NULL)
    return wrong (err, "no \"config\"");
  *out = g_new0 (StkMetaPair, json_object_get_size (config) + 1);
  json_object_iter_init (&it, config);
  while (json_object_iter_next (&it, &name, &node))
    if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
      (*out)[n++] = (StkMetaPair){ g_strdup (name), g_strdup (json_node_get_string (node)) };
  *out_n = n;
  return true;
}

char *
stk_json_read_config_change (StokerBytes data, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o = parse (data, &parser, err);
  const char *type, *name;

  if (o == NULL)
    return NULL;
  if (get_text (o, "entity_path"))
    return g_strdup (get_text (o, "entity_path"));
  type = get_text (o, "entity_type"); /* version 1 */
  name = get_text (o, "entity_name");
  if (type && name)
    return g_strconcat (type, "/", name, NULL);
  (void)wrong (err, "neither \"entity_path\" nor \"entity_type\" and \"entity_name\"");
  return NULL;
}

bool
stk_json_read_producer_block (StokerBytes data, int64_t *out_end, StokerError *err)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *o;

  *out_end = -1;
  if (data.data == NULL || data.len == 0)
    return true;
  o = parse (data, &parser, err);
  return o && ((get_int (o, "block_end", out_end) && *out_end >= 0) || wrong (err, "no \"block_end\""));
}
