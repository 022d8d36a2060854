/* SPDX-License-Identifier: Apache-2.0
 *
 * Registered brokers: reading and watching them, and registering ourselves (kafka-facts 6.2).
 */
#include "cluster/internal.h"
#include "cluster/json.h"

/* One reading of /brokers/ids. */
typedef struct Reading
{
  StkController *c;
  void (*then) (StkController *c);
  GHashTable *found; /* id -> StkMetaBroker */
  unsigned pending;
  int code; /* of the list, or of a registration whose answer was lost */
} Reading;

typedef struct ReadingOne
{
  Reading *reading;
  int32_t id;
} ReadingOne;

static void scan (StkController *c, void (*then) (StkController *c));

static void
broker_unref (void *b)
{
  stk_meta_broker_unref (b);
}

bool
stk_ctl_live (const StkController *c, int32_t broker)
{
  return g_hash_table_contains (c->brokers, GINT_TO_POINTER (broker));
}

/* Everything is elected anew that needs it; what did not change costs nothing. */
static void
brokers_changed (StkController *c)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GHashTableIter it;
  void *t;

  c->brokers_changed = true;
  if (!c->loaded)
    return;
  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, NULL, &t))
    g_ptr_array_add (all, t);
  stk_ctl_online (c, (StkTopicState *const *)all->pdata, all->len);
}

static void
scan_again (void *user, bool dropped)
{
  if (!dropped)
    scan (user, NULL);
}

static void
conclude (Reading *r)
{
  StkController *c = r->c;
  void (*then) (StkController *) = r->then;
  int code = r->code;

  if (--r->pending > 0)
    return;
  c->broker_scan.running = false;
  if (code != STOKER_COORD_OK) {
    g_hash_table_unref (r->found);
    g_free (r);
    if (then)
      stk_ctl_fail (c, "read the list of brokers", code);
    else if (code == STOKER_COORD_CONNECTION_LOSS || code == STOKER_COORD_SESSION_EXPIRED)
      stk_ctl_again (c, scan_again, c); /* its watch was not armed either */
    return;
  }
  g_hash_table_unref (c->brokers);
  c->brokers = r->found;
  g_free (r);
  brokers_changed (c);
  if (then)
    then (c);
  if (c->broker_scan.again && c->connected)
    scan (c, NULL);
}

static void
on_broker (void *user, const StokerCoordReply *reply)
{
  ReadingOne *one = user;
  Reading *r = one->reading;
  StokerError err = { 0 };

  if (reply->code == STOKER_COORD_OK) {
    StkMetaBroker *b = stk_json_read_broker (reply->data, one->id, reply->stat.czxid, &err);
    if (b)
      g_hash_table_replace (r->found, GINT_TO_POINTER (one->id), b);
    else
      stk_ctl_log (r->c, STOKER_LOG_WARN, "broker-unreadable",
                   "the registration of a broker cannot be read; it is ignored: %s | broker=%d", err.text, one->id);
  } else if (stk_ctl_lost (r->c, reply))
    r->code = reply->code; /* not known is not dead */
  g_free (one);
  conclude (r);
}

static void
on_changed (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event != STOKER_COORD_SESSION && c->connected)
    scan (c, NULL);
}

static void
on_ids (void *user, const StokerCoordReply *reply)
{
  Reading *r = user;

  r->code = reply->code;
  for (size_t i = 0; i < reply->n_children; i++) {
    g_autofree char *path = g_strdup_printf ("/brokers/ids/%.*s", (int)reply->children[i].len, reply->children[i].data);
    int64_t id;
    ReadingOne *one;
    if (!g_ascii_string_to_signed (path + strlen ("/brokers/ids/"), 10, 0, INT32_MAX, &id, NULL))
      continue;
    one = g_new (ReadingOne, 1);
    *one = (ReadingOne){ r, (int32_t)id };
    r->pending++;
    stk_tree_get (&r->c->tree, path, (StokerCoordWatch){ on_changed, r->c }, on_broker, one);
  }
  conclude (r);
}

static void
scan (StkController *c, void (*then) (StkController *c))
{
  Reading *r;

  if (c->broker_scan.running) {
    c->broker_scan.again = true;
    return;
  }
  c->broker_scan = (StkScan){ .running = true };
  r = g_new0 (Reading, 1);
  *r = (Reading){ c, then, g_hash_table_new_full (NULL, NULL, NULL, broker_unref), 1 };
  stk_tree_children (&c->tree, "/brokers/ids", (StokerCoordWatch){ on_changed, c }, on_ids, r);
}

void
stk_ctl_brokers_load (StkController *c, void (*then) (StkController *c))
{
  scan (c, then);
}

/* ---- ourselves */
typedef struct Registering
{
  StkController *c;
  void (*then) (StkController *c);
  int code;
} Registering;

static char *
own_path (const StkController *c)
{
  return g_strdup_printf ("/brokers/ids/%d", c->b->id);
}

/* Does another broker say that it is found where we are? */
static bool
address_taken (StkController *c, StokerError *err)
{
  GHashTableIter it;
  void *value;

  g_hash_table_iter_init (&it, c->brokers);
  while (g_hash_table_iter_next (&it, NULL, &value)) {
    const StkMetaBroker *other = value;
    for (int32_t i = 0; other->id != c->b->id && i < other->n_endpoints; i++)
      for (int32_t k = 0; k < c->self->n_endpoints; k++)
        if (other->endpoints[i].port == c->self->endpoints[k].port
            && strcmp (other->endpoints[i].host, c->self->endpoints[k].host) == 0) {
          (void)stoker_error_set (
              err, STOKER_ERROR_IN_USE,
              "broker %d of this cluster is registered at %s:%d too: set advertised.listeners to an address of "
              "this broker's own",
              other->id, other->endpoints[i].host, other->endpoints[i].port);
          return true;
        }
  }
  return false;
}

static const StokerError *
in_use (const StkController *c, StokerError *err)
{
  (void)stoker_error_set (
      err, STOKER_ERROR_IN_USE,
      "broker id %d is registered already: another broker has it (set broker.id), or the session of its former run "
      "has not ended yet (try again in some seconds)",
      c->b->id);
  return err;
}

static void
on_written (void *user, const StokerCoordReply *reply)
{
  ((Registering *)user)->code = reply->code;
}

static void
on_registered (void *user, const StokerCoordReply *reply)
{
  Registering *r = user;
  StkController *c = r->c;
  void (*then) (StkController *) = r->then;
  int code = r->code;
  StokerError err;

  g_free (r);
  if (code == STOKER_COORD_NODE_EXISTS && reply->code == STOKER_COORD_OK
      && reply->stat.ephemeral_owner == c->session_id)
    code = STOKER_COORD_OK; /* our own, of this session */
  if (code == STOKER_COORD_NODE_EXISTS) {
    stk_ctl_finish (c, in_use (c, &err));
    return;
  }
  if (code != STOKER_COORD_OK || reply->code != STOKER_COORD_OK) {
    stk_ctl_fail (c, "register the broker", code != STOKER_COORD_OK ? code : reply->code);
    return;
  }
  c->self->epoch = c->b->epoch = reply->stat.czxid;
  g_hash_table_replace (c->brokers, GINT_TO_POINTER (c->b->id), stk_meta_broker_ref (c->self));
  c->brokers_changed = true;
  then (c);
}

void
stk_ctl_register (StkController *c, void (*then) (StkController *c))
{
  g_autofree char *path = own_path (c);
  Registering *r;
  StokerError err;
  StkMulti *m;

  /* In a new session it may be our own of a moment ago: the answer to the attempt tells. */
  if (!c->rejoining && g_hash_table_contains (c->brokers, GINT_TO_POINTER (c->b->id))) {
    stk_ctl_finish (c, in_use (c, &err));
    return;
  }
  if (address_taken (c, &err)) {
    stk_ctl_finish (c, &err);
    return;
  }
  r = g_new0 (Registering, 1);
  *r = (Registering){ c, then, STOKER_COORD_CONNECTION_LOSS };
  m = stk_multi_new ();
  stk_multi_create (m, path, NULL, STOKER_COORD_EPHEMERAL);
  stk_multi_set (m, path, stk_json_broker (c->self, stk_world_now_ms (c->b->world)), 0);
  stk_multi_send (m, &c->tree, on_written, r);
  stk_tree_exists (&c->tree, path, STK_NO_WATCH, on_registered, r);
}
