/* SPDX-License-Identifier: Apache-2.0
 *
 * AlterConfigs and IncrementalAlterConfigs (kafka-facts 3.8): the topic's settings are written together with a change
 * notification; the answer comes when this broker itself works with the new ones. Brokers are in alter_broker.c.
 */
#include "cluster/alter.h"
#include "module/option.h"

#define OPERATION_ALTER_CONFIGS 11
#define RESOURCE_TOPIC_ACL 2
#define RESOURCE_CLUSTER_ACL 4

typedef struct Write
{
  StkAlteration *a;
  int32_t index;
  char *name;   /* of the topic */
  char *config; /* JSON; kept for a second try */
  bool created; /* second try: the node was not there */
  int tries;
  size_t check; /* which operation looks whether there is such a topic */
} Write;

bool
stk_alter_refuse (StkAlteration *a, int32_t index, int16_t error, const char *fmt, ...)
{
  StokerAlterResource *r = &a->req->resources[index];
  va_list ap;
  g_autofree char *text = NULL;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  r->error = error;
  r->error_message = stoker_arena_str (a->req->call.arena, stoker_str (text));
  return false;
}

void
stk_alter_done (StkAlteration *a)
{
  if (--a->running > 0)
    return;
  stk_call_finish (&a->req->call);
  g_free (a);
}

/* ---- writing */

static void
applied (void *user)
{
  Write *w = user;

  stk_alter_done (w->a);
  g_free (w->name);
  g_free (w->config);
  g_free (w);
}

static void send_write (Write *w);

static void
written (void *user, const StokerCoordReply *reply)
{
  Write *w = user;
  StokerAlterResource *r = &w->a->req->resources[w->index];

  if (reply->code == STOKER_COORD_OK) {
    stk_ctl_refresh_config (w->a->t->b->controller, w->name, applied, w);
    return;
  }
  /* The topic is there, its settings' node is not, or came meanwhile. */
  if (w->tries < 3 && ((reply->code == STOKER_COORD_NO_NODE && !w->created && reply->codes[w->check] == STOKER_COORD_OK)
                       || (reply->code == STOKER_COORD_NODE_EXISTS && w->created))) {
    w->created = !w->created;
    w->tries++;
    send_write (w);
    return;
  }
  r->error = stk_topics_code (reply->code);
  applied (w);
}

static void
send_write (Write *w)
{
  StkController *c = w->a->t->b->controller;
  g_autofree char *path = g_strconcat ("/config/topics/", w->name, NULL), *entity = g_strconcat ("topics/", w->name, NULL);
  g_autofree char *topic = g_strconcat ("/brokers/topics/", w->name, NULL);
  StkMulti *m = stk_controller_active (c) ? stk_ctl_multi (c) : stk_multi_new ();

  w->check = stk_multi_size (m);
  stk_multi_check (m, topic, -1); /* settings of a topic that is gone would stay for ever */
  if (w->created)
    stk_multi_create (m, path, g_strdup (w->config), 0);
  else
    stk_multi_set (m, path, g_strdup (w->config), -1);
  stk_multi_create (m, "/config/changes/config_change_", stk_json_config_change (entity), STOKER_COORD_SEQUENCE);
  stk_multi_send (m, &c->tree, stk_topics_bounded,
                  stk_topics_bound (w->a->t, stk_topics_time (w->a->t, 0), written, w)); /* the request names no time */
}

/* ---- editing */

static char *
check (void *user, const char *name, const char *value, int16_t *code, StokerError *err)
{
  StkTopics *t = user;
  char *text = NULL;

  *code = STOKER_INVALID_CONFIG;
  if (stk_topic_config_check (stoker_str (name), stoker_str (value), &text, err) < 0)
    return NULL;
  if (!stk_topics_instance_exists (t, stoker_str (name), text))
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "%s is not the name of a loaded module instance, which %s needs", text, name);
  else if (strcmp (name, "storage.engine") == 0)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "storage.engine is chosen when a topic is created and cannot be changed");
  else
    return text;
  g_free (text);
  return NULL;
}

static const StokerOption *
row (const char *name)
{
  size_t n;
  int i = stk_topic_setting_find (stoker_str (name));

  return i < 0 ? NULL : &stk_topic_rows (&n)[i];
}

static char *
inherited (void *user, const char *name)
{
  StkTopics *t = user;
  int8_t source;

  return stk_topic_config_default (t->b->config, (size_t)stk_topic_setting_find (stoker_str (name)), &source);
}

/* What is set, taken together with what the topic inherits. */
static bool
agree (StkAlteration *a, int32_t index, GHashTable *pairs)
{
  g_autofree StkMetaPair *list = stk_alter_list (pairs);
  StokerError why = { 0 };

  if (stk_topic_config_check_set (a->t->b->config, list, g_hash_table_size (pairs), &why) < 0)
    return stk_alter_refuse (a, index, STOKER_INVALID_CONFIG, "%s", why.text);
  return true;
}

/* The new overrides of the topic as JSON; NULL: refused. */
static char *
edit (StkAlteration *a, int32_t index, const StkTopicState *t)
{
  StkAlterRules rules = { .what = "topics", .check = check, .row = row, .inherited = inherited, .user = a->t };
  GHashTable *pairs = stk_alter_pairs (t->overrides, t->n_overrides);
  char *json = NULL;

  if (stk_alter_edit (a, index, &rules, pairs) && agree (a, index, pairs)) {
    /* The engine holds the topic's data: replacing the whole set does not take it away. */
    for (size_t i = 0; i < t->n_overrides; i++)
      if (strcmp (t->overrides[i].name, "storage.engine") == 0)
        g_hash_table_replace (pairs, g_strdup ("storage.engine"), g_strdup (t->overrides[i].value));
    json = stk_alter_json (pairs);
  }
  g_hash_table_unref (pairs);
  return json;
}

static void
alter_topic (StkAlteration *a, int32_t i)
{
  StokerAlterResource *r = &a->req->resources[i];
  const StkTopicState *t = stk_ctl_topic (a->t->b->controller, r->name);
  char *json;
  Write *w;

  if ((r->error = stk_broker_authorize (a->t->b, a->req->call.ctx, OPERATION_ALTER_CONFIGS, RESOURCE_TOPIC_ACL, r->name)) != 0)
    return;
  if (t == NULL || t->deleting) {
    (void)stk_alter_refuse (a, i, STOKER_UNKNOWN_TOPIC_OR_PARTITION, "there is no topic %.*s", (int)MIN (r->name.len, 250), r->name.data ? r->name.data : "");
    return;
  }
  json = edit (a, i, t);
  if (json == NULL || a->req->validate_only) {
    g_free (json);
    return;
  }
  w = g_new0 (Write, 1);
  *w = (Write){ .a = a, .index = i, .name = g_strdup (t->name), .config = json };
  a->running++;
  send_write (w);
}

static void
alter_on_control (StokerCall *call)
{
  StokerAlterConfigs *req = (StokerAlterConfigs *)call;
  StkTopics *t = call->ctx->broker->topics;
  StkAlteration *a = g_new0 (StkAlteration, 1);

  *a = (StkAlteration){ t, req, 1 };
  stk_alter_check_resources (a);
  for (int32_t i = 0; i < req->n_resources; i++) {
    StokerAlterResource *r = &req->resources[i];
    if (r->error || !stk_alter_check_settings (a, i))
      continue;
    if (t->stopped)
      r->error = STOKER_NOT_CONTROLLER;
    else if (r->type == STOKER_RESOURCE_TOPIC)
      alter_topic (a, i);
    else if (r->type == STOKER_RESOURCE_BROKER || r->type == STOKER_RESOURCE_BROKER_LOGGER) {
      r->error = stk_broker_authorize (t->b, call->ctx, OPERATION_ALTER_CONFIGS, RESOURCE_CLUSTER_ACL, STOKER_STR_LIT ("kafka-cluster"));
      if (r->error == 0 && r->type == STOKER_RESOURCE_BROKER)
        stk_alter_broker (a, i);
      else if (r->error == 0)
        (void)stk_alter_refuse (a, i, STOKER_INVALID_REQUEST,
                                "there are no loggers to alter: levels are the broker's settings logging.level and logging.areas");
    } else
      (void)stk_alter_refuse (a, i, STOKER_INVALID_REQUEST, "resource type %d cannot be altered: topics (2) and brokers (4) can", r->type);
  }
  stk_alter_done (a);
}

void
stoker_alter_configs (StokerAlterConfigs *req)
{
  stk_call_on_control (&req->call, alter_on_control);
}
