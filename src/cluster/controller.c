/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/internal.h"

#include "broker/replicas.h"

#include <inttypes.h>

#define JOIN_AGAIN_US INT64_C (500000)

/* ---- what the parts share */
void
stk_ctl_finish (StkController *c, const StokerError *err)
{
  StkControllerDone done = c->done;

  c->done = NULL;
  if (done) {
    c->started = err == NULL;
    if (c->started && c->loaded && c->b->replicas)
      stk_replicas_settled (c->b->replicas);
    done (c->done_user, err);
  } else if (err && c->rejoining) {
    stk_ctl_log (c, STOKER_LOG_WARN, "rejoin", "not back in the cluster yet: %s", err->text);
    stk_ctl_rejoin_later (c);
  } else if (err && !c->stopping)
    stk_ctl_log (c, STOKER_LOG_ERROR, "cluster", "%s", err->text);
}

static void
joined (StkController *c)
{
  stk_ctl_finish (c, NULL);
}

static void
join_again (StkTimer *timer)
{
  stk_ctl_standing ((StkController *)(void *)((char *)timer - G_STRUCT_OFFSET (StkController, rejoin_retry)), joined);
}

/* Servers come back; the disk of `local` does not, and a start that cannot succeed is to end. */
bool
stk_ctl_start_may_go_on (StkController *c)
{
  return c->start_tries++ < (c->b->config->zookeeper_connect ? 60 : 3);
}

/* A start whose answers were lost begins once more, as after a session that expired: some of it may be done already. */
static void
start_again (StkController *c, int code)
{
  c->rejoining = c->self != NULL;
  if (c->rejoining && code == STOKER_COORD_CONNECTION_LOSS)
    stk_ctl_rejoin_later (c);
  else if (!c->rejoining && c->rejoin_retry.slot == 0) {
    c->rejoin_retry.fire = join_again;
    stk_actor_timer_set (c->b->control, &c->rejoin_retry, stk_actor_now_us (c->b->control) + JOIN_AGAIN_US);
  }
}

void
stk_ctl_fail (StkController *c, const char *what, int code)
{
  StokerError err;

  (void)stoker_error_set (&err, STOKER_ERROR_FAILED, "cannot %s: the coordinator answered %s", what,
                          stoker_coord_code_name (code));
  if (c->done && !c->stopping && (code == STOKER_COORD_CONNECTION_LOSS || code == STOKER_COORD_SESSION_EXPIRED)
      && stk_ctl_start_may_go_on (c)) {
    stk_ctl_log (c, STOKER_LOG_WARN, "start-again", "%s; it is tried again", err.text);
    start_again (c, code);
    return;
  }
  stk_ctl_finish (c, &err);
}

void
stk_ctl_resign (StkController *c, const char *why)
{
  if (!c->active)
    return;
  c->active = false;
  stk_ctl_log (c, STOKER_LOG_ERROR, "controller-lost",
               "this broker is not the controller any more (%s): topics cannot be changed until there is one again | "
               "broker=%d epoch=%d",
               why, c->b->id, c->epoch);
}

StkMulti *
stk_ctl_multi (StkController *c)
{
  StkMulti *m = stk_multi_new ();

  stk_multi_check (m, "/controller_epoch", c->epoch_version);
  return m;
}

bool
stk_ctl_deposed (StkController *c, const StokerCoordReply *reply)
{
  bool deposed = reply->n_codes > 0 && reply->codes[0] == STOKER_COORD_BAD_VERSION;

  if (deposed)
    stk_ctl_resign (c, "another broker took it over");
  return deposed;
}

/* As Kafka makes them: version 4, never with a dash first. */
void
stk_ctl_random_id (StkController *c, StokerUuid *out)
{
  char text[STOKER_UUID_TEXT];

  do {
    uint64_t r[2] = { stk_world_random (c->b->world), stk_world_random (c->b->world) };
    memcpy (out->b, r, sizeof out->b);
    out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x40);
    out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
    stoker_uuid_format (*out, text);
  } while (text[0] == '-');
}

bool
stk_controller_active (const StkController *c)
{
  return c->active && c->loaded && !c->stopping;
}

void
stk_controller_settings_changed (StkController *c)
{
  GHashTableIter it;
  void *t;

  stk_topic_config_clear (&c->plain);
  stk_topic_config_make (c->b->config, NULL, 0, &c->plain);
  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, NULL, &t))
    ((StkTopicState *)t)->dirty = true;
  stk_ctl_publish (c);
}

void
stk_controller_replicas_changed (StkController *c, const StokerStr *topics, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    StkTopicState *t = stk_ctl_topic (c, topics[i]);
    if (t)
      t->dirty = true;
  }
  stk_ctl_publish (c);
}

void
stk_controller_on_topic_deleted (StkController *c, void (*fn) (void *user, StokerStr topic), void *user)
{
  c->topic_deleted = fn;
  c->topic_deleted_user = user;
}

void
stk_ctl_on_published (StkController *c, void (*fn) (void *user), void *user)
{
  c->published = fn;
  c->published_user = user;
}

/* ---- life */
static void
broker_unref (void *b)
{
  stk_meta_broker_unref (b);
}

static void
topic_unref (void *t)
{
  stk_topic_state_unref (t);
}

StkController *
stk_controller_new (StokerBroker *b, StokerInstance *coordinator)
{
  StkController *c = g_new0 (StkController, 1);

  c->b = b;
  c->tree = stk_tree_of (coordinator);
  c->controller_id = c->epoch = -1;
  c->brokers = g_hash_table_new_full (NULL, NULL, NULL, broker_unref);
  c->topics = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, topic_unref);
  c->changes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  c->removed = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&c->ids.waiting);
  stk_topic_config_make (b->config, NULL, 0, &c->plain);
  return c;
}

void
stk_controller_free (StkController *c)
{
  if (c == NULL)
    return;
  stk_meta_broker_unref (c->self);
  g_hash_table_unref (c->brokers);
  g_hash_table_unref (c->topics);
  g_hash_table_unref (c->changes);
  g_ptr_array_unref (c->removed);
  stk_topic_config_clear (&c->plain);
  g_free (c);
}

static void
on_session (void *user, StokerCoordState state, int64_t session_id)
{
  StkController *c = user;

  if (c->stopping)
    return;
  if (state == STOKER_COORD_CONNECTED && c->session_id == 0) {
    c->connected = true;
    c->session_id = session_id;
    stk_ctl_standing (c, joined);
  } else if (state == STOKER_COORD_CONNECTED && session_id != c->session_id) {
    c->connected = true;
    c->session_id = session_id;
    if (c->rejoining)
      stk_ctl_rejoin (c);
  } else if (state == STOKER_COORD_EXPIRED) {
    c->connected = false;
    stk_ctl_resign (c, "the session with the coordinator expired");
    c->rejoining = c->started || (c->done && c->self);
  }
}

/* Nobody answers: a broker that cannot serve is not to look as if it started. */
static void
on_join_limit (StkTimer *timer)
{
  StkController *c = (StkController *)(void *)((char *)timer - G_STRUCT_OFFSET (StkController, join_limit));
  const StkBrokerConfig *conf = c->b->config;
  StokerError err;

  if (c->connected || c->stopping)
    return;
  (void)stoker_error_set (&err, STOKER_ERROR_FAILED, "no ZooKeeper server of %.200s gave a session within %" PRId64 " ms (zookeeper.connection.timeout.ms)",
                          conf->zookeeper_connect,
                          conf->zookeeper_connection_timeout_ms ? conf->zookeeper_connection_timeout_ms : conf->zookeeper_session_timeout_ms);
  stk_ctl_finish (c, &err);
}

static void
limit_join (StkController *c)
{
  const StkBrokerConfig *conf = c->b->config;
  int64_t ms = conf->zookeeper_connection_timeout_ms ? conf->zookeeper_connection_timeout_ms : conf->zookeeper_session_timeout_ms;

  c->join_limit.fire = on_join_limit;
  stk_actor_timer_set (c->b->control, &c->join_limit, stk_actor_now_us (c->b->control) + ms * 1000);
}

void
stk_controller_join (StkController *c, const StokerError *if_new, StkControllerDone done, void *user)
{
  StokerCoordSession session = { on_session, c };
  StokerError err = { 0 };

  c->done = done;
  c->done_user = user;
  if (if_new)
    c->if_new = *if_new;
  if (c->tree.ops->open (c->tree.self, &session, &err) < 0)
    stk_ctl_finish (c, &err);
  else
    c->opened = true;
  if (c->opened && c->b->config->zookeeper_connect)
    limit_join (c);
}

/* ---- start: who is there, who is the controller, what is there */

/* What only pre-2.7 brokers and failed directories write; a new controller looks at everything anyway. */
static void
on_old_notes (void *user, const StokerCoordReply *reply)
{
  static const char *const dirs[] = { "/isr_change_notification/", "/log_dir_event_notification/" };
  StkController *c = user;

  for (size_t i = 0; i < reply->n_children; i++) {
    bool isr = reply->children[i].len > 10 && memcmp (reply->children[i].data, "isr_change", 10) == 0;
    g_autofree char *path
        = g_strdup_printf ("%s%.*s", dirs[!isr], (int)reply->children[i].len, reply->children[i].data);
    stk_tree_remove (&c->tree, path, -1, NULL, NULL);
  }
}

void
stk_ctl_become_active (StkController *c)
{
  stk_tree_children (&c->tree, "/log_dir_event_notification", STK_NO_WATCH, on_old_notes, c);
  stk_tree_children (&c->tree, "/isr_change_notification", STK_NO_WATCH, on_old_notes, c);
  stk_ctl_changes_begin (c); /* before the settings are read, so that no change is missed */
  stk_ctl_broker_settings_begin (c); /* answered before the topics are: they come up with the right defaults */
  stk_ctl_strays_begin (c);
  stk_ctl_topics_begin (c);
}

void
stk_ctl_not_alone (StkController *c)
{
  StokerError err;

  (void)stoker_error_set (
      &err, STOKER_ERROR_FAILED,
      "broker %d is the controller of this cluster: clusters of more than one broker are not possible yet",
      c->controller_id);
  stk_ctl_finish (c, &err);
}

static void
part_done (StkController *c)
{
  if (c->self->epoch < 0 || c->controller_id < 0)
    return; /* the other one is still under way */
  if (c->active)
    stk_ctl_become_active (c);
  else
    stk_ctl_not_alone (c);
}

/* Both at once: a new tree then costs one commit for the two. */
static void
brokers_known (StkController *c)
{
  stk_ctl_elect (c, part_done);
  stk_ctl_register (c, part_done);
}

void
stk_controller_start (StkController *c, const StkMetaEndpoint *endpoints, int32_t n, StkControllerDone done, void *user)
{
  StkMetaBroker b = { c->b->id, -1, c->b->config->broker_rack, endpoints, n };

  c->done = done;
  c->done_user = user;
  c->self = stk_meta_broker_new (&b);
  stk_ctl_brokers_load (c, brokers_known);
}

/* ---- stop */
typedef struct Stop
{
  StkController *c;
  void (*done) (void *user);
  void *user;
} Stop;

static void
on_closed (void *user)
{
  Stop *s = user;
  void (*done) (void *) = s->done;
  void *u = s->user;

  g_free (s);
  done (u);
}

void
stk_controller_stop (StkController *c, void (*done) (void *user), void *user)
{
  Stop *s = g_new (Stop, 1);
  GArray *after = g_steal_pointer (&c->after_next);

  *s = (Stop){ c, done, user };
  c->stopping = true;
  c->active = c->connected = false;
  stk_ctl_producer_ids_stop (c);
  stk_actor_timer_cancel (c->b->control, &c->retry);
  stk_ctl_again_stop (c);
  stk_actor_timer_cancel (c->b->control, &c->rejoin_retry);
  stk_actor_timer_cancel (c->b->control, &c->join_limit);
  for (guint i = 0; after && i < after->len; i++)
    g_array_index (after, StkAfter, i).fn (g_array_index (after, StkAfter, i).user);
  if (after)
    g_array_unref (after);
  if (c->opened)
    c->tree.ops->close (c->tree.self, on_closed, s);
  else
    stk_actor_call (c->b->control, on_closed, s);
}
