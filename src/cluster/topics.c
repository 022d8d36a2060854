/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/topics_private.h"

static void
timed_out (StkTimer *timer)
{
  StkTopicWait *w = (StkTopicWait *)(void *)((char *)timer - G_STRUCT_OFFSET (StkTopicWait, timer));

  for (StkTopicWait **at = &w->topics->waits; *at; at = &(*at)->next)
    if (*at == w) {
      *at = w->next;
      break;
    }
  w->end (w->user, true);
  g_free (w);
}

/* A snapshot was published: ends the waits that it satisfies. What they do may add new waits, at the head. */
static void
look_again (void *user)
{
  StkTopics *t = user;
  const StkSnapshot *s = stk_meta_store_peek (t->b->meta, -1);
  StkTopicWait *ready = NULL;

  for (StkTopicWait **at = &t->waits; *at;) {
    StkTopicWait *w = *at;
    if (w->ready (w->user, s)) {
      *at = w->next;
      w->next = ready;
      ready = w;
    } else {
      at = &w->next;
    }
  }
  while (ready) {
    StkTopicWait *w = ready;
    ready = w->next;
    stk_actor_timer_cancel (t->b->control, &w->timer);
    w->end (w->user, false);
    g_free (w);
  }
}

StkTopicTime
stk_topics_time (const StkTopics *t, int64_t timeout_ms)
{
  int64_t now = stk_actor_now_us (t->b->control);

  return (StkTopicTime){ .write_us = now + (timeout_ms > 0 ? timeout_ms : 5000) * 1000,
                         .wait_us = now + MAX (timeout_ms, 0) * 1000 };
}

void
stk_topics_wait (StkTopics *t, StkTopicTime time, bool (*ready) (void *user, const StkSnapshot *s),
                 void (*end) (void *user, bool timed_out), void *user)
{
  StkTopicWait *w;

  if (ready (user, stk_meta_store_peek (t->b->meta, -1))) {
    end (user, false);
    return;
  }
  if (time.wait_us <= stk_actor_now_us (t->b->control) || t->stopped) {
    end (user, true);
    return;
  }
  w = g_new0 (StkTopicWait, 1);
  w->topics = t;
  w->ready = ready;
  w->end = end;
  w->user = user;
  w->timer.fire = timed_out;
  w->next = t->waits;
  t->waits = w;
  stk_actor_timer_set (t->b->control, &w->timer, time.wait_us);
}

typedef struct Bound
{
  StkTimer timer;
  StkTopics *t;
  StokerCoordDone done; /* NULL: called already */
  void *user;
} Bound;

static void
bound_end (Bound *b, const StokerCoordReply *reply)
{
  StokerCoordDone done = b->done;

  b->done = NULL;
  if (done)
    done (b->user, reply);
}

static void
bound_timed_out (StkTimer *timer)
{
  StokerCoordReply lost = { .code = STOKER_COORD_CONNECTION_LOSS };

  bound_end ((Bound *)(void *)((char *)timer - G_STRUCT_OFFSET (Bound, timer)), &lost);
}

void *
stk_topics_bound (StkTopics *t, StkTopicTime time, StokerCoordDone done, void *user)
{
  Bound *b = g_new0 (Bound, 1);

  *b = (Bound){ .timer = { .fire = bound_timed_out }, .t = t, .done = done, .user = user };
  stk_actor_timer_set (t->b->control, &b->timer, time.write_us);
  return b;
}

void
stk_topics_bounded (void *user, const StokerCoordReply *reply)
{
  Bound *b = user;

  stk_actor_timer_cancel (b->t->b->control, &b->timer);
  bound_end (b, reply);
  g_free (b);
}

int16_t
stk_topics_active (const StkTopics *t)
{
  return !t->stopped && stk_controller_active (t->b->controller) ? STOKER_OK : STOKER_NOT_CONTROLLER;
}

static guint
name_hash (const void *key)
{
  const StokerStr *s = key;
  guint h = 2166136261u;

  for (size_t i = 0; i < s->len; i++)
    h = (h ^ (uint8_t)s->data[i]) * 16777619u;
  return h;
}

static gboolean
name_equal (const void *a, const void *b)
{
  return stoker_str_equal (*(const StokerStr *)a, *(const StokerStr *)b);
}

GHashTable *
stk_names_twice (const void *items, size_t size, size_t offset, int32_t n)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (name_hash, name_equal);
  GHashTable *twice = g_hash_table_new (name_hash, name_equal);

  for (int32_t i = 0; i < n; i++) {
    void *name = (void *)(uintptr_t)((const char *)items + size * (size_t)i + offset);
    if (!g_hash_table_add (seen, name))
      g_hash_table_add (twice, name);
  }
  return twice;
}

int16_t
stk_topics_code (int coord_code)
{
  switch (coord_code) {
  case STOKER_COORD_OK:
    return STOKER_OK;
  case STOKER_COORD_NODE_EXISTS:
    return STOKER_TOPIC_ALREADY_EXISTS;
  case STOKER_COORD_NO_NODE:
    return STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  case STOKER_COORD_BAD_VERSION:
  case STOKER_COORD_CLOSED:
  case STOKER_COORD_SESSION_EXPIRED:
    return STOKER_NOT_CONTROLLER;
  case STOKER_COORD_CONNECTION_LOSS:
    return STOKER_REQUEST_TIMED_OUT;
  default:
    return STOKER_UNKNOWN_SERVER_ERROR;
  }
}

StkTopics *
stk_topics_new (StokerBroker *b)
{
  StkTopics *t = g_new0 (StkTopics, 1);

  t->b = b;
  stk_ctl_on_published (b->controller, look_again, t);
  return t;
}

void
stk_topics_stop (StkTopics *t)
{
  t->stopped = true;
  while (t->waits) {
    StkTopicWait *w = t->waits;
    t->waits = w->next;
    stk_actor_timer_cancel (t->b->control, &w->timer);
    w->end (w->user, true);
    g_free (w);
  }
}

void
stk_topics_free (StkTopics *t)
{
  g_free (t);
}
