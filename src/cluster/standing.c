/* SPDX-License-Identifier: Apache-2.0
 *
 * What every broker makes at its start if it is not there (kafka-facts 6.1), and the cluster id. All in one turn, so
 * that a new tree costs one commit.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

typedef struct Standing
{
  StkController *c;
  void (*then) (StkController *c);
  unsigned pending;
  int code; /* of the first that failed for another reason than that it was there */
  char id[STOKER_UUID_TEXT];
} Standing;

static const char *const paths[] = {
  "/consumers",
  "/brokers",
  "/brokers/ids",
  "/brokers/topics",
  "/config",
  "/config/changes",
  "/admin",
  "/admin/delete_topics",
  "/admin/strays",
  "/brokers/seqid",
  "/isr_change_notification",
  "/latest_producer_id_block",
  "/log_dir_event_notification",
  "/config/topics",
  "/config/clients",
  "/config/users",
  "/config/brokers",
  "/config/ips",
  "/cluster",
};

static void
finish (Standing *s)
{
  StkController *c = s->c;
  void (*then) (StkController *) = s->then;
  int code = s->code;

  if (code == STOKER_COORD_OK)
    g_strlcpy (c->b->cluster_id, s->id, sizeof c->b->cluster_id);
  g_free (s);
  if (code != STOKER_COORD_OK)
    stk_ctl_fail (c, "make the standing paths of the cluster", code);
  else
    then (c);
}

static void
on_made (void *user, const StokerCoordReply *reply)
{
  Standing *s = user;

  if (reply->code != STOKER_COORD_OK && reply->code != STOKER_COORD_NODE_EXISTS && s->code == STOKER_COORD_OK)
    s->code = reply->code;
  if (--s->pending == 0)
    finish (s);
}

/* Somebody else made the id between our looking and our making it. */
static void look (Standing *s);

static void
on_id_made (void *user, const StokerCoordReply *reply)
{
  Standing *s = user;

  if (reply->code == STOKER_COORD_NODE_EXISTS)
    look (s);
  else
    on_made (s, reply);
}

static void
make_paths (Standing *s)
{
  for (size_t i = 0; i < G_N_ELEMENTS (paths); i++) {
    s->pending++;
    stk_tree_create (&s->c->tree, paths[i], NULL, 0, on_made, s);
  }
}

static void
on_id (void *user, const StokerCoordReply *reply)
{
  Standing *s = user;
  StkController *c = s->c;
  StokerError err = { 0 };
  g_autofree char *data = NULL;

  s->pending--;
  if (reply->code == STOKER_COORD_OK) {
    if (!stk_json_read_cluster_id (reply->data, s->id, &err)) {
      g_free (s);
      (void)stoker_error_prefix (&err, "/cluster/id in the coordinator's tree cannot be read");
      stk_ctl_finish (c, &err);
      return;
    }
    make_paths (s);
    return;
  }
  if (reply->code != STOKER_COORD_NO_NODE) {
    s->code = reply->code;
    finish (s);
    return;
  }
  if (c->if_new.text[0]) {
    g_free (s);
    stk_ctl_finish (c, &c->if_new);
    return;
  }
  /* A new cluster; the directories may have an id already. */
  g_strlcpy (s->id, c->b->cluster_id, sizeof s->id);
  if (s->id[0] == '\0') {
    StokerUuid id;
    stk_ctl_random_id (c, &id);
    stoker_uuid_format (id, s->id);
  }
  make_paths (s);
  s->pending++;
  data = stk_json_cluster_id (s->id);
  stk_tree_create (&c->tree, "/cluster/id", data, 0, on_id_made, s);
}

static void
look (Standing *s)
{
  s->pending++;
  stk_tree_get (&s->c->tree, "/cluster/id", STK_NO_WATCH, on_id, s);
}

void
stk_ctl_standing (StkController *c, void (*then) (StkController *c))
{
  Standing *s = g_new0 (Standing, 1);

  s->c = c;
  s->then = then;
  look (s);
}
