/* SPDX-License-Identifier: Apache-2.0
 *
 * The dynamic settings of brokers that concern us: /config/brokers/ID and /config/brokers/<default> (kafka-facts 6.1). Read at the
 * start and when a note of a change names one of them.
 */
#include "cluster/internal.h"
#include "cluster/json.h"
#include "config/dynamic.h"

typedef struct Refresh
{
  StkController *c;
  StkDynamicLayer layer;
  void (*then) (void *user);
  void *user;
} Refresh;

char *
stk_ctl_broker_entity (const StkController *c, StkDynamicLayer layer)
{
  return layer == STK_DYNAMIC_DEFAULT ? g_strdup ("brokers/<default>") : g_strdup_printf ("brokers/%d", c->b->id);
}

static void
on_settings (void *user, const StokerCoordReply *reply)
{
  Refresh *r = user;
  StkController *c = r->c;
  StkMetaPair *pairs = NULL;
  StokerError err = { 0 };
  size_t n = 0;

  if (reply->code == STOKER_COORD_OK && reply->data.len > 0 && !stk_json_read_config (reply->data, &pairs, &n, &err))
    stk_ctl_log (c, STOKER_LOG_ERROR, "settings-unreadable",
                 "the dynamic settings of %s cannot be read from the coordinator's tree; those before stay in force: %s",
                 r->layer == STK_DYNAMIC_DEFAULT ? "all brokers" : "this broker", err.text);
  else if (reply->code == STOKER_COORD_OK || reply->code == STOKER_COORD_NO_NODE)
    stk_broker_set_dynamic (c->b, (int)r->layer, pairs, n);
  stk_pairs_free (pairs, n);
  if (r->then)
    stk_ctl_after_publish (c, r->then, r->user);
  g_free (r);
}

void
stk_ctl_refresh_broker (StkController *c, StkDynamicLayer layer, void (*then) (void *user), void *user)
{
  g_autofree char *entity = stk_ctl_broker_entity (c, layer), *path = g_strconcat ("/config/", entity, NULL);
  Refresh *r = g_new (Refresh, 1);

  *r = (Refresh){ c, layer, then, user };
  stk_tree_get (&c->tree, path, STK_NO_WATCH, on_settings, r);
}

void
stk_ctl_broker_changed (StkController *c, const char *entity)
{
  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++) {
    g_autofree char *ours = stk_ctl_broker_entity (c, (StkDynamicLayer)i);
    if (strcmp (entity, ours) == 0)
      stk_ctl_refresh_broker (c, (StkDynamicLayer)i, NULL, NULL);
  }
}

void
stk_ctl_broker_settings_begin (StkController *c)
{
  for (int i = STK_DYNAMIC_LAYERS - 1; i >= 0; i--)
    stk_ctl_refresh_broker (c, (StkDynamicLayer)i, NULL, NULL);
}
