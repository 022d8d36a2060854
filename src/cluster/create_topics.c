/* SPDX-License-Identifier: Apache-2.0
 *
 * CreateTopics (kafka-facts 3.7), and topics made on demand: settings and assignment are written in one multi per topic; the
 * controller sees the new node, elects leaders and publishes; then the request is answered.
 */
#include "cluster/config_rows.h"
#include "cluster/topics_private.h"

/* One creation under way: of a request, or on demand (req NULL). */
typedef struct Creation
{
  StkTopics *t;
  StokerCreateTopics *req;
  void (*done) (void *user, const int16_t *errors);
  void *user;
  int32_t n, writing;
  int32_t next;      /* topic to plan */
  int64_t left;      /* partitions that may still be planned */
  GHashTable *twice; /* names that occur more than once; NULL: on demand, where none does */
  GHashTable *names; /* of the plans so far, as metrics see them */
  int32_t rows;      /* settings in the answer so far */
  StkTopicTime time;
  StkTopicPlan *plans;
} Creation;

typedef struct Write
{
  Creation *c;
  int32_t index;
} Write;

/* ---- the answer */

/* How many settings the answer may hold, those of some 1,000 topics; topics after that come without. */
#define MOST_ROWS 32768

static void
row_out (Creation *c, int32_t i)
{
  StokerCreateTopic *out = &c->req->topics[i];
  StkTopicPlan *plan = &c->plans[i];
  StokerArena *arena = c->req->call.arena;
  StkConfigRowsSpec spec = { .config = c->t->b->config, .arena = arena };

  out->error = plan->error;
  if (plan->message)
    out->error_message = stoker_arena_str (arena, stoker_str (plan->message));
  out->out_partitions = out->out_replication_factor = -1;
  out->n_rows = -1;
  if (plan->error && plan->error != STOKER_REQUEST_TIMED_OUT)
    return;
  out->id = c->req->validate_only ? (StokerUuid){ { 0 } } : plan->state->id;
  if (plan->error)
    return;
  out->out_partitions = plan->state->n_partitions;
  out->out_replication_factor = (int16_t)plan->state->partitions[0].replicas.n;
  if (c->rows >= MOST_ROWS)
    return;
  out->rows = stk_config_rows_topic (&spec, plan->state->overrides, plan->state->n_overrides, &out->n_rows);
  c->rows += out->n_rows;
}

static void
answer (Creation *c)
{
  g_autofree int16_t *errors = g_new (int16_t, MAX (c->n, 1));

  for (int32_t i = 0; i < c->n; i++) {
    if (c->req)
      row_out (c, i);
    errors[i] = c->plans[i].error;
    stk_topic_plan_clear (&c->plans[i]);
  }
  if (c->req)
    stk_call_finish (&c->req->call);
  else
    c->done (c->user, errors);
  g_free (c->plans);
  g_free (c);
}

/* ---- waiting for leaders */

/* Somebody deleted it before it was seen with leaders: then there is nothing to wait for. */
static bool
gone_again (const Creation *c, const StkTopicState *t)
{
  StkController *controller = c->t->b->controller;
  const StkTopicState *now = stk_ctl_topic (controller, stoker_str (t->name));

  if (now == NULL)
    return !controller->topic_scan.running && !controller->topic_scan.again;
  return now->deleting || !stoker_uuid_equal (now->id, t->id);
}

static bool
led (const StkSnapshot *s, const StkTopicState *t)
{
  const StkMetaTopic *m = stk_snapshot_topic (s, stoker_str (t->name));

  if (m == NULL || m->n_partitions < t->n_partitions)
    return false;
  for (int32_t p = 0; p < m->n_partitions; p++)
    if (m->partitions[p].leader < 0)
      return false;
  return true;
}

static bool
all_led (void *user, const StkSnapshot *s)
{
  Creation *c = user;

  for (int32_t i = 0; i < c->n; i++)
    if (c->plans[i].error == 0 && c->plans[i].state && !led (s, c->plans[i].state)
        && !gone_again (c, c->plans[i].state))
      return false;
  return true;
}

static void
waited (void *user, bool timed_out)
{
  Creation *c = user;
  const StkSnapshot *s = stk_meta_store_peek (c->t->b->meta, -1);

  for (int32_t i = 0; timed_out && i < c->n; i++)
    if (c->plans[i].error == 0 && c->plans[i].state && !led (s, c->plans[i].state)
        && !gone_again (c, c->plans[i].state)) {
      c->plans[i].error = STOKER_REQUEST_TIMED_OUT;
      c->plans[i].message = g_strdup ("the topic is made, but its leaders were not there in time; they will come");
    }
  answer (c);
}

static void
written_all (Creation *c)
{
  if (--c->writing == 0)
    stk_topics_wait (c->t, c->time, all_led, waited, c);
}

/* ---- writing */
static void write_topic (Write *w, bool leftover);

static void
written (void *user, const StokerCoordReply *reply)
{
  Write *w = user;
  Creation *c = w->c;
  StkTopicPlan *plan = &c->plans[w->index];

  if (reply->code != STOKER_COORD_OK) {
    bool deposed = stk_ctl_deposed (c->t->b->controller, reply);
    plan->error = deposed ? STOKER_NOT_CONTROLLER : stk_topics_code (reply->code);
    plan->message = g_strdup_printf ("topic %s could not be written to the tree: %s", plan->state->name, stoker_coord_code_name (reply->code));
  }
  g_free (w);
  written_all (c);
}

static void
replaced (void *user, const StokerCoordReply *reply)
{
  if (reply->code == STOKER_COORD_NO_NODE) /* somebody else has cleared it away meanwhile */
    write_topic (user, false);
  else
    written (user, reply);
}

/* `leftover`: a deletion that died half-way has left the settings node without its topic, and it must go first. In the same
 * multi: when it is the node of a topic that another request makes at this moment, all of this fails. */
static void
write_topic (Write *w, bool leftover)
{
  Creation *c = w->c;
  StkTopicState *t = c->plans[w->index].state;
  g_autofree char *config = g_strconcat ("/config/topics/", t->name, NULL), *topic = g_strconcat ("/brokers/topics/", t->name, NULL);
  StkMulti *m = stk_ctl_multi (c->t->b->controller);

  if (leftover)
    stk_multi_remove (m, config, -1);
  stk_multi_create (m, config, stk_json_config (t->overrides, t->n_overrides), 0);
  stk_multi_create (m, topic, stk_json_topic (t), 0);
  stk_multi_send (m, &c->t->b->controller->tree, stk_topics_bounded,
                  stk_topics_bound (c->t, c->time, leftover ? replaced : written, w));
}

static void
config_looked (void *user, const StokerCoordReply *reply)
{
  if (reply->code == STOKER_COORD_CONNECTION_LOSS)
    written (user, reply);
  else
    write_topic (user, reply->code == STOKER_COORD_OK);
}

static void
begin (Creation *c)
{
  c->writing = 1;
  for (int32_t i = 0; i < c->n; i++) {
    g_autofree char *config = NULL;
    Write *w;
    if (c->plans[i].error || c->plans[i].state == NULL || (c->req && c->req->validate_only))
      continue;
    c->writing++;
    config = g_strconcat ("/config/topics/", c->plans[i].state->name, NULL);
    w = g_new (Write, 1);
    *w = (Write){ c, i };
    stk_tree_exists (&c->t->b->controller->tree, config, STK_NO_WATCH, stk_topics_bounded, stk_topics_bound (c->t, c->time, config_looked, w));
  }
  if (c->req && c->req->validate_only)
    answer (c);
  else
    written_all (c);
}

/* How much is planned in one go, in partitions; a topic counts for some. Then others on control have their turn. */
#define PLANS_PER_TURN 20000
#define TOPIC_WEIGHT 50

static void
plan_topic (Creation *c, int32_t i)
{
  StokerCreateTopic *in = &c->req->topics[i];
  StkTopicPlan *plan = &c->plans[i];

  if (g_hash_table_contains (c->twice, &in->name)) { /* refused both times */
    plan->error = STOKER_INVALID_REQUEST;
    plan->message = g_strdup ("the topic is named twice in the request");
  } else if ((plan->error = stk_broker_authorize (c->t->b, c->req->call.ctx, 5, 2, in->name)) == 0) {
    stk_topic_plan (c->t, in, false, &c->left, plan);
    stk_topic_plan_apart (plan, c->names);
  }
}

static void
plan_turn (void *user)
{
  Creation *c = user;
  int16_t refused = stk_topics_active (c->t);
  int64_t work = 0;

  while (c->next < c->n && !refused && work < PLANS_PER_TURN) {
    int32_t i = c->next++;
    plan_topic (c, i);
    work += TOPIC_WEIGHT + (c->plans[i].state ? c->plans[i].state->n_partitions : 0);
  }
  if (c->next < c->n && !refused) {
    stk_actor_call (c->t->b->control, plan_turn, c);
    return;
  }
  for (int32_t i = 0; refused && i < c->n; i++)
    if (i >= c->next || c->plans[i].error == 0)
      c->plans[i].error = refused;
  g_clear_pointer (&c->twice, g_hash_table_unref);
  g_clear_pointer (&c->names, g_hash_table_unref);
  if (refused)
    answer (c);
  else
    begin (c);
}

static void
create_on_control (StokerCall *call)
{
  StokerCreateTopics *req = (StokerCreateTopics *)call;
  StkTopics *t = call->ctx->broker->topics;
  Creation *c = g_new0 (Creation, 1);

  *c = (Creation){ .t = t, .req = req, .n = req->n_topics, .time = stk_topics_time (t, req->timeout_ms), .left = STK_TOPIC_MAX_PARTITIONS };
  c->plans = g_new0 (StkTopicPlan, MAX (c->n, 1));
  c->twice = stk_names_twice (req->topics, sizeof req->topics[0], offsetof (StokerCreateTopic, name), req->n_topics);
  c->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plan_turn (c);
}

void
stoker_create_topics (StokerCreateTopics *req)
{
  stk_call_on_control (&req->call, create_on_control);
}

void
stk_topics_auto_create (StkTopics *t, const StokerStr *names, int32_t n, void (*done) (void *user, const int16_t *errors), void *user)
{
  Creation *c = g_new0 (Creation, 1);
  int16_t refused = stk_topics_active (t);
  g_autoptr (GHashTable) names_so_far = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  *c = (Creation){ .t = t, .n = n, .done = done, .user = user, .time = stk_topics_time (t, 10000), .left = STK_TOPIC_MAX_PARTITIONS };
  c->plans = g_new0 (StkTopicPlan, MAX (n, 1));
  for (int32_t i = 0; i < n; i++) {
    g_autofree char *segment = g_strdup_printf ("%" G_GINT64_FORMAT, t->b->config->offsets_topic_segment_bytes);
    StokerConfigPair offsets[] = { { STOKER_STR_LIT ("compression.type"), STOKER_STR_LIT ("producer") },
                                   { STOKER_STR_LIT ("cleanup.policy"), STOKER_STR_LIT ("compact") },
                                   { STOKER_STR_LIT ("segment.bytes"), stoker_str (segment) } };
    bool internal = stoker_str_is (names[i], "__consumer_offsets");
    StokerCreateTopic in = { .name = names[i], .n_partitions = -1, .replication_factor = -1, .configs = offsets, .n_configs = internal ? 3 : 0 };
    if (refused)
      c->plans[i].error = refused;
    else
      stk_topic_plan (t, &in, true, &c->left, &c->plans[i]);
    stk_topic_plan_apart (&c->plans[i], names_so_far);
    if (c->plans[i].error == STOKER_TOPIC_ALREADY_EXISTS)
      c->plans[i].error = 0;
  }
  if (refused)
    answer (c);
  else
    begin (c);
}
