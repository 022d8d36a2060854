/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is the controller (kafka-facts 7.1). Everybody watches /controller; who finds none takes it, in one multi that
 * also moves the controller epoch on.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

typedef struct Election
{
  StkController *c;
  void (*then) (StkController *c);
  bool epoch_bad;
} Election;

static void look (Election *e);

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event == STOKER_COORD_SESSION || c->stopping)
    return;
  if (c->active && event == STOKER_COORD_DELETED) {
    stk_ctl_resign (c, "its node in the tree was deleted");
    c->rejoining = c->started;
    stk_ctl_rejoin_later (c);
  }
}

static void
conclude (Election *e)
{
  StkController *c = e->c;
  void (*then) (StkController *) = e->then;

  g_free (e);
  then (c);
}

static void
on_elected (void *user, const StokerCoordReply *reply)
{
  Election *e = user;
  StkController *c = e->c;

  if (reply->code == STOKER_COORD_NODE_EXISTS || reply->code == STOKER_COORD_BAD_VERSION) {
    look (e); /* another one was faster */
    return;
  }
  if (reply->code != STOKER_COORD_OK) {
    g_free (e);
    stk_ctl_fail (c, "take part in the election of the controller", reply->code);
    return;
  }
  c->controller_id = c->b->id;
  c->controller_version = 0;
  c->epoch++;
  c->epoch_version++;
  c->active = true;
  stk_ctl_log (c, STOKER_LOG_INFO, "controller", "this broker is the controller | broker=%d epoch=%d", c->b->id,
               c->epoch);
  conclude (e);
}

static void
candidate (Election *e)
{
  StkController *c = e->c;
  g_autofree char *epoch = NULL, *feature = stk_json_feature ();
  StkMulti *m;

  if (!c->epoch_known) {
    /* Whoever is first makes it; the multi's version check sorts out the rest. */
    stk_tree_create (&c->tree, "/controller_epoch", "0", 0, NULL, NULL);
    c->epoch = 0;
    c->epoch_version = 0;
  }
  epoch = g_strdup_printf ("%d", c->epoch + 1);
  m = stk_multi_new ();
  stk_multi_create (m, "/controller", stk_json_controller (c->b->id, stk_world_now_ms (c->b->world)),
                    STOKER_COORD_EPHEMERAL);
  stk_multi_set (m, "/controller_epoch", g_steal_pointer (&epoch), c->epoch_version);
  stk_multi_send (m, &c->tree, on_elected, e);
  stk_tree_exists (&c->tree, "/controller", (StokerCoordWatch){ on_event, c }, NULL, NULL);
  /* Every controller sees to it that this is there; now, so that it shares the election's commit. */
  stk_tree_create (&c->tree, "/feature", feature, 0, NULL, NULL);
}

static void
on_controller (void *user, const StokerCoordReply *reply)
{
  Election *e = user;
  StkController *c = e->c;
  StokerError err = { 0 };

  if (e->epoch_bad)
    (void)stoker_error_set (&err, STOKER_ERROR_CORRUPT, "/controller_epoch in the coordinator's tree is not a number");
  else if (reply->code == STOKER_COORD_NO_NODE) {
    candidate (e);
    return;
  } else if (reply->code == STOKER_COORD_OK && stk_json_read_controller (reply->data, &c->controller_id, &err)) {
    c->controller_version = reply->stat.version;
    c->active = c->controller_id == c->b->id && reply->stat.ephemeral_owner == c->session_id;
    conclude (e);
    return;
  } else if (reply->code == STOKER_COORD_OK)
    (void)stoker_error_prefix (&err, "/controller in the coordinator's tree cannot be read");
  g_free (e);
  if (err.code)
    stk_ctl_finish (c, &err);
  else
    stk_ctl_fail (c, "read /controller", reply->code);
}

static void
on_epoch (void *user, const StokerCoordReply *reply)
{
  Election *e = user;
  StkController *c = e->c;
  g_autofree char *text = NULL;
  int64_t epoch = 0;

  c->epoch_known = false;
  if (reply->code != STOKER_COORD_OK)
    return;
  text = g_strndup (reply->data.data ? (char *)reply->data.data : "", reply->data.len);
  c->epoch_known = g_ascii_string_to_signed (text, 10, 0, INT32_MAX - 1, &epoch, NULL);
  c->epoch = (int32_t)epoch;
  c->epoch_version = reply->stat.version;
  e->epoch_bad = !c->epoch_known;
}

/* Both are asked for at once; the answers come in that order. */
static void
look (Election *e)
{
  stk_tree_get (&e->c->tree, "/controller_epoch", STK_NO_WATCH, on_epoch, e);
  stk_tree_get (&e->c->tree, "/controller", (StokerCoordWatch){ on_event, e->c }, on_controller, e);
}

void
stk_ctl_elect (StkController *c, void (*then) (StkController *c))
{
  Election *e = g_new0 (Election, 1);

  e->c = c;
  e->then = then;
  look (e);
}
