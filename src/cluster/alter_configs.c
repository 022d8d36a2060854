/* SPDX-License-Identifier: Apache-2.0
 *
 * AlterConfigs and IncrementalAlterConfigs (kafka-facts 3.8): the topic's settings are written together with a change
 * notification; the answer comes when this broker itself works with the new ones.
 */
#include "cluster/topics_private.h"
#include "module/option.h"

#define OPERATION_ALTER_CONFIGS 11
#define RESOURCE_TOPIC_ACL 2
#define RESOURCE_CLUSTER_ACL 4

typedef struct Alteration
{
  StkTopics *t;
  StokerAlterConfigs *req;
  int32_t running;
} Alteration;

typedef struct Write
{
  Alteration *a;
  int32_t index;
  char *name;   /* of the topic */
  char *config; /* JSON; kept for a second try */
  bool created; /* second try: the node was not there */
  int tries;
  size_t check; /* which operation looks whether there is such a topic */
} Write;

/* Overrides while they are edited. */
typedef GHashTable Pairs; /* name -> value, both owned */

static bool
refuse (Alteration *a, StokerAlterResource *r, int16_t error, const char *fmt, ...) G_GNUC_PRINTF (4, 5);

static bool
refuse (Alteration *a, StokerAlterResource *r, int16_t error, const char *fmt, ...)
{
  va_list ap;
  g_autofree char *text = NULL;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  r->error = error;
  r->error_message = stoker_arena_str (a->req->call.arena, stoker_str (text));
  return false;
}

static void
finish_one (Alteration *a)
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

  finish_one (w->a);
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

static Pairs *
pairs_of (const StkTopicState *t)
{
  Pairs *p = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (size_t i = 0; i < t->n_overrides; i++)
    g_hash_table_insert (p, g_strdup (t->overrides[i].name), g_strdup (t->overrides[i].value));
  return p;
}

/* The list `now` with the words of `words` added or taken away. g_free. */
static char *
edit_list (const char *now, const char *words, bool add)
{
  g_auto (GStrv) old = g_strsplit (now ? now : "", ",", -1), change = g_strsplit (words, ",", -1);
  GPtrArray *out = g_ptr_array_new ();
  char *text;

  for (char **w = old; *w; w++)
    if (**w && (add || !g_strv_contains ((const char *const *)change, *w)))
      g_ptr_array_add (out, *w);
  for (char **w = change; add && *w; w++)
    if (**w && !g_strv_contains ((const char *const *)old, *w))
      g_ptr_array_add (out, *w);
  g_ptr_array_add (out, NULL);
  text = g_strjoinv (",", (char **)out->pdata);
  g_ptr_array_free (out, TRUE);
  return text;
}

static bool
put (Alteration *a, StokerAlterResource *r, Pairs *pairs, StokerStr name, StokerStr value)
{
  StokerError why = { 0 };
  char *text = NULL;

  if (stk_topic_config_check (name, value, &text, &why) < 0)
    return refuse (a, r, STOKER_INVALID_CONFIG, "%s", why.text);
  if (!stk_topics_instance_exists (a->t, name, text)) {
    (void)refuse (a, r, STOKER_INVALID_CONFIG, "%s is not the name of a loaded module instance, which %.*s needs", text, (int)name.len, name.data);
    g_free (text);
    return false;
  }
  if (stoker_str_is (name, "storage.engine")) {
    g_free (text);
    return refuse (a, r, STOKER_INVALID_CONFIG, "storage.engine is chosen when a topic is created and cannot be changed");
  }
  g_hash_table_replace (pairs, g_strndup (name.data, name.len), text);
  return true;
}

static bool
edit_one (Alteration *a, StokerAlterResource *r, Pairs *pairs, const StokerAlterConfig *e)
{
  g_autofree char *name = g_strndup (e->name.data ? e->name.data : "", e->name.len);
  int row = stk_topic_setting_find (e->name);
  int8_t source;
  g_autofree char *inherited = NULL, *words = NULL, *text = NULL;
  size_t n;

  if (e->op == STOKER_CONFIG_DELETE) {
    if (row < 0)
      return refuse (a, r, STOKER_INVALID_CONFIG, "topics have no setting %.100s", name);
    g_hash_table_remove (pairs, name);
    return true;
  }
  if (e->value.data == NULL)
    return refuse (a, r, STOKER_INVALID_REQUEST, "%.100s: SET needs a value; DELETE takes an override away", name);
  if (e->op == STOKER_CONFIG_SET)
    return put (a, r, pairs, e->name, e->value);
  if (e->op != STOKER_CONFIG_APPEND && e->op != STOKER_CONFIG_SUBTRACT)
    return refuse (a, r, STOKER_INVALID_REQUEST, "operation %d on %.100s is none of SET, DELETE, APPEND, SUBTRACT", e->op, name);
  if (row < 0 || stk_topic_rows (&n)[row].type != STOKER_OPTION_LIST)
    return refuse (a, r, STOKER_INVALID_CONFIG, "%.100s is not a list: it can be set and deleted only", name);
  inherited = stk_topic_config_default (a->t->b->config, (size_t)row, &source);
  words = g_strndup (e->value.data, e->value.len);
  text = edit_list (g_hash_table_contains (pairs, name) ? g_hash_table_lookup (pairs, name) : inherited, words, e->op == STOKER_CONFIG_APPEND);
  return put (a, r, pairs, e->name, stoker_str (text));
}

/* The new overrides of the topic; NULL: refused. */
static Pairs *
edit (Alteration *a, StokerAlterResource *r, const StkTopicState *t)
{
  Pairs *pairs = a->req->incremental ? pairs_of (t) : g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  bool ok = true;

  for (int32_t i = 0; ok && i < r->n_configs; i++) {
    const StokerAlterConfig *e = &r->configs[i];
    for (int32_t k = 0; ok && k < i; k++)
      if (stoker_str_equal (r->configs[k].name, e->name))
        ok = refuse (a, r, STOKER_INVALID_REQUEST, "a setting is named twice");
    if (ok && a->req->incremental)
      ok = edit_one (a, r, pairs, e);
    else if (ok && e->value.data == NULL)
      ok = refuse (a, r, STOKER_INVALID_CONFIG, "setting %.*s has no value", (int)MIN (e->name.len, 100), e->name.data);
    else if (ok)
      ok = put (a, r, pairs, e->name, e->value);
  }
  /* The engine holds the topic's data: replacing the whole set does not take it away. */
  for (size_t i = 0; ok && i < t->n_overrides; i++)
    if (strcmp (t->overrides[i].name, "storage.engine") == 0)
      g_hash_table_replace (pairs, g_strdup ("storage.engine"), g_strdup (t->overrides[i].value));
  if (ok)
    return pairs;
  g_hash_table_unref (pairs);
  return NULL;
}

static char *
pairs_json (Pairs *pairs)
{
  g_autofree StkMetaPair *list = g_new0 (StkMetaPair, g_hash_table_size (pairs) + 1);
  GHashTableIter it;
  gpointer k, v;
  size_t n = 0;

  g_hash_table_iter_init (&it, pairs);
  while (g_hash_table_iter_next (&it, &k, &v))
    list[n++] = (StkMetaPair){ k, v };
  return stk_json_config (list, n);
}

static void
alter_topic (Alteration *a, int32_t i)
{
  StokerAlterResource *r = &a->req->resources[i];
  const StkTopicState *t = stk_ctl_topic (a->t->b->controller, r->name);
  Pairs *pairs;

  if ((r->error = stk_broker_authorize (a->t->b, a->req->call.ctx, OPERATION_ALTER_CONFIGS, RESOURCE_TOPIC_ACL, r->name)) != 0)
    return;
  if (t == NULL || t->deleting) {
    (void)refuse (a, r, STOKER_UNKNOWN_TOPIC_OR_PARTITION, "there is no topic %.*s", (int)MIN (r->name.len, 250), r->name.data ? r->name.data : "");
    return;
  }
  if ((pairs = edit (a, r, t)) == NULL)
    return;
  if (!a->req->validate_only) {
    Write *w = g_new0 (Write, 1);
    *w = (Write){ .a = a, .index = i, .name = g_strdup (t->name), .config = pairs_json (pairs) };
    a->running++;
    send_write (w);
  }
  g_hash_table_unref (pairs);
}

static void
alter_on_control (StokerCall *call)
{
  StokerAlterConfigs *req = (StokerAlterConfigs *)call;
  StkTopics *t = call->ctx->broker->topics;
  Alteration *a = g_new0 (Alteration, 1);

  *a = (Alteration){ t, req, 1 };
  for (int32_t i = 0; i < req->n_resources; i++) {
    StokerAlterResource *r = &req->resources[i];
    if (t->stopped)
      r->error = STOKER_NOT_CONTROLLER;
    else if (r->type == STOKER_RESOURCE_TOPIC)
      alter_topic (a, i);
    else if (r->type == STOKER_RESOURCE_BROKER &&
             (r->error = stk_broker_authorize (t->b, call->ctx, OPERATION_ALTER_CONFIGS, RESOURCE_CLUSTER_ACL, STOKER_STR_LIT ("kafka-cluster"))) == 0)
      (void)refuse (a, r, STOKER_INVALID_REQUEST, "a broker's settings come from its file: change it there and send SIGHUP");
    else if (r->error == 0)
      (void)refuse (a, r, STOKER_INVALID_REQUEST, "resource type %d cannot be altered here", r->type);
  }
  finish_one (a);
}

void
stoker_alter_configs (StokerAlterConfigs *req)
{
  stk_call_on_control (&req->call, alter_on_control);
}
