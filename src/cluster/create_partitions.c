/* SPDX-License-Identifier: Apache-2.0
 *
 * CreatePartitions (kafka-facts 3.7): the topic's node is written anew with more partitions, on the version that was read.
 */
#include "cluster/topics_private.h"

#define OPERATION_ALTER 7
#define RESOURCE_TOPIC_ACL 2

typedef struct Growth
{
  StkTopics *t;
  StokerCreatePartitions *req;
  StkTopicTime time;
  int32_t writing;
  int64_t left; /* partitions that the request may still plan */
  int32_t *had; /* of each topic: how many there were before */
  GHashTable *twice; /* names that occur more than once */
} Growth;

typedef struct Write
{
  Growth *g;
  int32_t index;
  int tries;
} Write;

/* The version of a topic's node that we know is behind for a moment after somebody else's change. */
#define MOST_TRIES 20

/* The new ones are there and led. (One of the old ones may be offline: that is no news.) */
static bool
grown (const Growth *g, const StkSnapshot *s, int32_t i)
{
  const StokerAddPartitions *a = &g->req->topics[i];
  const StkMetaTopic *m = stk_snapshot_topic (s, a->name);

  if (m == NULL)
    return true; /* deleted meanwhile: nothing to wait for */
  if (m->n_partitions < a->count)
    return false;
  for (int32_t p = g->had[i]; p < a->count; p++)
    if (m->partitions[p].leader < 0)
      return false;
  return true;
}

static bool
all_grown (void *user, const StkSnapshot *s)
{
  Growth *g = user;

  for (int32_t i = 0; i < g->req->n_topics; i++)
    if (g->req->topics[i].error == 0 && !grown (g, s, i))
      return false;
  return true;
}

static void
waited (void *user, bool timed_out)
{
  Growth *g = user;
  const StkSnapshot *s = stk_meta_store_peek (g->t->b->meta, -1);

  for (int32_t i = 0; timed_out && i < g->req->n_topics; i++)
    if (g->req->topics[i].error == 0 && !grown (g, s, i))
      g->req->topics[i].error = STOKER_REQUEST_TIMED_OUT;
  stk_call_finish (&g->req->call);
  g_hash_table_unref (g->twice);
  g_free (g->had);
  g_free (g);
}

static void
written_all (Growth *g)
{
  if (--g->writing > 0)
    return;
  if (g->req->validate_only)
    waited (g, false);
  else
    stk_topics_wait (g->t, g->time, all_grown, waited, g);
}

static void grow (Growth *g, int32_t i, int tries);

static void
grow_again (void *user)
{
  Write *w = user;

  grow (w->g, w->index, w->tries + 1);
  written_all (w->g);
  g_free (w);
}

static void
written (void *user, const StokerCoordReply *reply)
{
  Write *w = user;
  StokerAddPartitions *a = &w->g->req->topics[w->index];

  if (reply->code == STOKER_COORD_BAD_VERSION && reply->codes[0] == STOKER_COORD_OK && w->tries < MOST_TRIES) {
    stk_ctl_after_publish (w->g->t->b->controller, grow_again, w);
    return;
  }
  if (reply->code != STOKER_COORD_OK)
    a->error = stk_ctl_deposed (w->g->t->b->controller, reply) ? STOKER_NOT_CONTROLLER : stk_topics_code (reply->code);
  written_all (w->g);
  g_free (w);
}

static bool
refuse (Growth *g, StokerAddPartitions *a, int16_t error, const char *fmt, ...) G_GNUC_PRINTF (4, 5);

static bool
refuse (Growth *g, StokerAddPartitions *a, int16_t error, const char *fmt, ...)
{
  va_list ap;
  g_autofree char *text = NULL;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  a->error = error;
  a->error_message = stoker_arena_str (g->req->call.arena, stoker_str (text));
  return false;
}

/* A copy of the topic's assignment with the new partitions in it; NULL: refused. */
static StkTopicState *
plan (Growth *g, const StkTopicState *now, StokerAddPartitions *a)
{
  const StkSnapshot *s = stk_meta_store_peek (g->t->b->meta, -1);
  StkTopicState *next = stk_topic_state_new (now->name);
  int32_t more = a->count - now->n_partitions;
  g_autofree char *why = NULL;
  bool ok = true;

  next->id = now->id;
  next->version = now->version;
  stk_topic_state_grow (next, now->n_partitions);
  for (int32_t p = 0; p < now->n_partitions; p++)
    next->partitions[p].replicas = stk_ids_copy (now->partitions[p].replicas.ids, now->partitions[p].replicas.n);
  if (a->n_assignments >= 0) {
    if (a->n_assignments != more)
      ok = refuse (g, a, STOKER_INVALID_REPLICA_ASSIGNMENT, "%d partitions are to be added, but replicas are given for %d", more, a->n_assignments);
    else if (!stk_topic_assign (g->t, next, now->n_partitions, more, a->assignments, &why))
      ok = refuse (g, a, STOKER_INVALID_REPLICA_ASSIGNMENT, "%s", why);
  } else if (now->partitions[0].replicas.n > s->n_brokers) {
    ok = refuse (g, a, STOKER_INVALID_REPLICATION_FACTOR, "each partition needs %d replicas, but only %d brokers are alive", now->partitions[0].replicas.n,
                 s->n_brokers);
  } else {
    stk_topic_place (g->t, next, now->n_partitions, more, now->partitions[0].replicas.n);
  }
  if (ok)
    return next;
  stk_topic_state_unref (next);
  return NULL;
}

static bool
allowed (Growth *g, const StkTopicState *now, int32_t i, bool first)
{
  StokerAddPartitions *a = &g->req->topics[i];

  if (g_hash_table_contains (g->twice, &a->name))
    return refuse (g, a, STOKER_INVALID_REQUEST, "the topic is named twice in the request");
  if ((a->error = stk_broker_authorize (g->t->b, g->req->call.ctx, OPERATION_ALTER, RESOURCE_TOPIC_ACL, a->name)) != 0)
    return false;
  if (now == NULL || now->n_partitions == 0)
    return refuse (g, a, STOKER_UNKNOWN_TOPIC_OR_PARTITION, "there is no topic %.*s", (int)MIN (a->name.len, 250), a->name.data ? a->name.data : "");
  if (now->deleting)
    return refuse (g, a, STOKER_INVALID_TOPIC, "the topic is on its way out");
  if (a->count <= now->n_partitions)
    return refuse (g, a, STOKER_INVALID_PARTITIONS, "topic %s has %d partitions; the new number must be larger, not %d", now->name, now->n_partitions,
                   a->count);
  if (a->count > STK_TOPIC_MAX_PARTITIONS)
    return refuse (g, a, STOKER_INVALID_PARTITIONS, "a topic may have at most %d partitions", STK_TOPIC_MAX_PARTITIONS);
  if (first && a->count > g->left)
    return refuse (g, a, STOKER_INVALID_PARTITIONS, "the topics of one request may have %d partitions together", STK_TOPIC_MAX_PARTITIONS);
  if (first)
    g->left -= a->count;
  return true;
}

static void
grow (Growth *g, int32_t i, int tries)
{
  StkController *c = g->t->b->controller;
  StokerAddPartitions *a = &g->req->topics[i];
  const StkTopicState *now = stk_ctl_topic (c, a->name);
  StkTopicState *next = allowed (g, now, i, tries == 0) ? plan (g, now, a) : NULL;

  if (next && !g->req->validate_only) {
    g_autofree char *path = g_strconcat ("/brokers/topics/", next->name, NULL);
    StkMulti *m = stk_ctl_multi (c);
    Write *w = g_new (Write, 1);
    *w = (Write){ g, i, tries };
    g->had[i] = now->n_partitions;
    g->writing++;
    stk_multi_set (m, path, stk_json_topic (next), next->version);
    stk_multi_send (m, &c->tree, stk_topics_bounded, stk_topics_bound (g->t, g->time, written, w));
  }
  stk_topic_state_unref (next);
}

static void
grow_on_control (StokerCall *call)
{
  StokerCreatePartitions *req = (StokerCreatePartitions *)call;
  StkTopics *t = call->ctx->broker->topics;
  Growth *g = g_new0 (Growth, 1);
  int16_t refused = stk_topics_active (t);

  *g = (Growth){ .t = t,
                 .req = req,
                 .time = stk_topics_time (t, req->timeout_ms),
                 .writing = 1,
                 .left = STK_TOPIC_MAX_PARTITIONS,
                 .had = g_new0 (int32_t, MAX (req->n_topics, 1)),
                 .twice = stk_names_twice (req->topics, sizeof req->topics[0], offsetof (StokerAddPartitions, name), req->n_topics) };
  for (int32_t i = 0; i < req->n_topics; i++) {
    if (refused)
      req->topics[i].error = refused;
    else
      grow (g, i, 0);
  }
  written_all (g);
}

void
stoker_create_partitions (StokerCreatePartitions *req)
{
  stk_call_on_control (&req->call, grow_on_control);
}
