/* SPDX-License-Identifier: Apache-2.0
 *
 * Altering dynamic settings of brokers: of this one, or the defaults of all. Other brokers may alter the defaults at the same time, so
 * they are read, edited and written on the version that was read, and all of it again if that was not the newest.
 */
#include "cluster/alter.h"

#include "config/reload.h"

#define MAX_TRIES 5

typedef struct Edit
{
  StkAlteration *a;
  int32_t index;
  StkDynamicLayer layer;
  StkTopicTime time; /* of all tries together */
  int tries;
  size_t write; /* which operation of the multi writes the settings */
} Edit;

static void read_settings (Edit *e);

static void
end (void *user)
{
  Edit *e = user;

  stk_alter_done (e->a);
  g_free (e);
}

static void
on_written (void *user, const StokerCoordReply *reply)
{
  Edit *e = user;
  int code = reply->n_codes > e->write ? reply->codes[e->write] : reply->code;

  if (reply->code == STOKER_COORD_OK) {
    stk_ctl_refresh_broker (e->a->t->b->controller, e->layer, end, e);
    return;
  }
  if ((code == STOKER_COORD_BAD_VERSION || code == STOKER_COORD_NO_NODE || code == STOKER_COORD_NODE_EXISTS) && ++e->tries < MAX_TRIES) {
    read_settings (e);
    return;
  }
  e->a->req->resources[e->index].error = stk_topics_code (reply->code);
  end (e);
}

/* version -1: there is no node yet. */
static void
write_settings (Edit *e, GHashTable *pairs, int32_t version)
{
  StkController *c = e->a->t->b->controller;
  g_autofree char *entity = stk_ctl_broker_entity (c, e->layer), *path = g_strconcat ("/config/", entity, NULL);
  StkMulti *m = stk_controller_active (c) ? stk_ctl_multi (c) : stk_multi_new ();

  e->write = stk_multi_size (m);
  if (version < 0)
    stk_multi_create (m, path, stk_alter_json (pairs), 0);
  else
    stk_multi_set (m, path, stk_alter_json (pairs), version);
  stk_multi_create (m, "/config/changes/config_change_", stk_json_config_change (entity), STOKER_COORD_SEQUENCE);
  stk_multi_send (m, &c->tree, stk_topics_bounded, stk_topics_bound (e->a->t, e->time, on_written, e));
}

/* ---- editing */

static char *
check (void *user, const char *name, const char *value, int16_t *code, StokerError *err)
{
  return stk_dynamic_check (name, value, code, err);
}

/* What holds below the layer. */
static char *
inherited (void *user, const char *name)
{
  Edit *e = user;
  const StkBrokerConfig *c = e->a->t->b->config;
  const StokerOption *row = stk_broker_row (name);
  char *value = NULL;

  for (int s = e->layer == STK_DYNAMIC_BROKER ? STK_SOURCE_DYNAMIC_DEFAULT : STK_SOURCE_STATIC; value == NULL && s <= STK_SOURCE_DEFAULT; s++)
    value = stk_broker_config_value_in (c, row, (StkSource)s);
  return value;
}

/* Would this broker work with the settings? They are tried in full, together with all others. */
static bool
try_settings (Edit *e, GHashTable *pairs)
{
  g_autofree StkMetaPair *list = stk_alter_list (pairs);
  StkReport *report = stk_report_new ();
  StkReload *l = stk_reload_prepare_dynamic (e->a->t->b->config, e->layer, list, g_hash_table_size (pairs), report);
  bool ok = l != NULL;

  if (!ok)
    (void)stk_alter_refuse (e->a, e->index, STOKER_INVALID_REQUEST, "%s", stk_report_error_line (report, 0));
  stk_reload_free (l);
  stk_report_free (report);
  return ok;
}

static void
edit (Edit *e, GHashTable *pairs, int32_t version)
{
  StkAlterRules rules = { .what = "brokers", .check = check, .row = stk_broker_row, .inherited = inherited, .delete_any = true, .user = e };

  if (stk_alter_edit (e->a, e->index, &rules, pairs) && try_settings (e, pairs) && !e->a->req->validate_only)
    write_settings (e, pairs, version);
  else
    end (e);
}

static void
on_settings (void *user, const StokerCoordReply *reply)
{
  Edit *e = user;
  StkMetaPair *pairs = NULL;
  StokerError err = { 0 };
  size_t n = 0;
  GHashTable *now;

  if (reply->code != STOKER_COORD_OK && reply->code != STOKER_COORD_NO_NODE) {
    e->a->req->resources[e->index].error = stk_topics_code (reply->code);
    end (e);
    return;
  }
  if (reply->code == STOKER_COORD_OK && reply->data.len > 0 && !stk_json_read_config (reply->data, &pairs, &n, &err)) {
    (void)stk_alter_refuse (e->a, e->index, STOKER_UNKNOWN_SERVER_ERROR, "what stands in the coordinator's tree cannot be read: %s", err.text);
    end (e);
    return;
  }
  now = stk_alter_pairs (pairs, n);
  stk_pairs_free (pairs, n);
  edit (e, now, reply->code == STOKER_COORD_OK ? reply->stat.version : -1);
  g_hash_table_unref (now);
}

static void
read_settings (Edit *e)
{
  StkController *c = e->a->t->b->controller;
  g_autofree char *entity = stk_ctl_broker_entity (c, e->layer), *path = g_strconcat ("/config/", entity, NULL);

  stk_tree_get (&c->tree, path, STK_NO_WATCH, stk_topics_bounded, stk_topics_bound (e->a->t, e->time, on_settings, e));
}

void
stk_alter_broker (StkAlteration *a, int32_t index)
{
  const StokerAlterResource *r = &a->req->resources[index];
  g_autofree char *id = g_strdup_printf ("%d", a->t->b->id);
  Edit *e;

  if (r->name.len > 0 && !stoker_str_is (r->name, id)) {
    (void)stk_alter_refuse (a, index, STOKER_INVALID_REQUEST, "this is broker %s: it alters its own settings and \"\" (the defaults of all), not those of %.*s",
                            id, (int)MIN (r->name.len, 100), r->name.data);
    return;
  }
  e = g_new (Edit, 1);
  *e = (Edit){ .a = a, .index = index, .layer = r->name.len > 0 ? STK_DYNAMIC_BROKER : STK_DYNAMIC_DEFAULT,
               .time = stk_topics_time (a->t, 0) };
  a->running++;
  read_settings (e);
}
