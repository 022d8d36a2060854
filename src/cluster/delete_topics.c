/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteTopics (kafka-facts 3.7): the wish is written to /admin/delete_topics, the controller carries it out.
 */
#include "cluster/topics_private.h"

#define OPERATION_DELETE 6
#define RESOURCE_TOPIC_ACL 2

typedef struct Deletion
{
  StkTopics *t;
  StokerDeleteTopics *req;
  StkTopicTime time;
  int32_t writing;
} Deletion;

typedef struct Write
{
  Deletion *d;
  int32_t index;
} Write;

/* Gone from the tree too, not only from the snapshot: whoever is told so may make a topic of that name at once. */
static bool
is_gone (const Deletion *d, const StokerDeleteTopic *topic)
{
  const StkTopicState *now = stk_ctl_topic (d->t->b->controller, topic->name);

  return now == NULL || !stoker_uuid_equal (now->id, topic->id);
}

static bool
all_gone (void *user, const StkSnapshot *s)
{
  Deletion *d = user;

  for (int32_t i = 0; i < d->req->n_topics; i++)
    if (d->req->topics[i].error == 0 && !is_gone (d, &d->req->topics[i]))
      return false;
  return true;
}

static void
waited (void *user, bool timed_out)
{
  Deletion *d = user;

  for (int32_t i = 0; timed_out && i < d->req->n_topics; i++)
    if (d->req->topics[i].error == 0 && !is_gone (d, &d->req->topics[i]))
      d->req->topics[i].error = STOKER_REQUEST_TIMED_OUT;
  stk_call_finish (&d->req->call);
  g_free (d);
}

static void
written_all (Deletion *d)
{
  if (--d->writing == 0)
    stk_topics_wait (d->t, d->time, all_gone, waited, d);
}

static void
written (void *user, const StokerCoordReply *reply)
{
  Write *w = user;
  StokerDeleteTopic *topic = &w->d->req->topics[w->index];

  /* Somebody else asked for it before: that is as good. */
  if (reply->code != STOKER_COORD_OK && reply->code != STOKER_COORD_NODE_EXISTS)
    topic->error = stk_topics_code (reply->code);
  written_all (w->d);
  g_free (w);
}

static void
refuse (StokerDeleteTopic *topic, int16_t error, const char *why)
{
  topic->error = error;
  topic->error_message = stoker_str (why);
}

/* Completes name and id; false with an error. */
static bool
resolve (Deletion *d, StokerDeleteTopic *topic)
{
  const StkSnapshot *s = stk_meta_store_peek (d->t->b->meta, -1);
  bool by_id = topic->name.data == NULL;
  const StkMetaTopic *m;

  if (!by_id && !stoker_uuid_is_zero (topic->id)) {
    refuse (topic, STOKER_INVALID_REQUEST, "name the topic or give its id, not both");
    return false;
  }
  m = by_id ? stk_snapshot_topic_by_id (s, topic->id) : stk_snapshot_topic (s, topic->name);
  if (m == NULL) {
    refuse (topic, by_id ? STOKER_UNKNOWN_TOPIC_ID : STOKER_UNKNOWN_TOPIC_OR_PARTITION, "there is no such topic");
    return false;
  }
  topic->id = m->id;
  topic->name = stoker_arena_str (d->req->call.arena, stoker_str (m->name));
  topic->error = stk_broker_authorize (d->t->b, d->req->call.ctx, OPERATION_DELETE, RESOURCE_TOPIC_ACL, topic->name);
  return topic->error == 0;
}

static void
delete_one (Deletion *d, int32_t i)
{
  g_autofree char *path = g_strdup_printf ("/admin/delete_topics/%s", d->req->topics[i].name.data);
  Write *w = g_new (Write, 1);

  *w = (Write){ d, i };
  d->writing++;
  stk_tree_create (&d->t->b->controller->tree, path, NULL, 0, stk_topics_bounded, stk_topics_bound (d->t, d->time, written, w));
}

static void
delete_on_control (StokerCall *call)
{
  StokerDeleteTopics *req = (StokerDeleteTopics *)call;
  StkTopics *t = call->ctx->broker->topics;
  Deletion *d = g_new0 (Deletion, 1);
  int16_t refused = stk_topics_active (t);

  *d = (Deletion){ t, req, stk_topics_time (t, req->timeout_ms), 1 };
  for (int32_t i = 0; i < req->n_topics; i++) {
    if (refused)
      req->topics[i].error = refused;
    else if (!t->b->config->delete_topic_enable)
      refuse (&req->topics[i], call->api_version >= 3 || call->api_version < 0 ? STOKER_TOPIC_DELETION_DISABLED : STOKER_INVALID_REQUEST,
              "delete.topic.enable is false on this broker");
    else if (resolve (d, &req->topics[i]))
      delete_one (d, i);
  }
  written_all (d);
}

void
stoker_delete_topics (StokerDeleteTopics *req)
{
  stk_call_on_control (&req->call, delete_on_control);
}
