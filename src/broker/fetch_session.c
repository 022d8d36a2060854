/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/fetch_session.h"

#include <glib.h>

#define EVICTION_US ((int64_t)120 * 1000000) /* unused this long: first to go */

struct StkFetchSessions
{
  GMutex lock; /* covers all but the partitions of a busy session */
  int slots;
  GHashTable *by_id; /* id -> StkFetchSession */
};

static guint
partition_hash (gconstpointer key)
{
  const StkSessionPartition *p = key;
  guint h = (guint)p->ask.partition * 0x9e3779b1u;

  if (p->by_id)
    for (int i = 0; i < 16; i += 4)
      h = (h ^ (guint)(p->id.b[i] | p->id.b[i + 1] << 8 | p->id.b[i + 2] << 16)) * 0x01000193u;
  else
    h ^= g_str_hash (p->topic);
  return h;
}

static gboolean
partition_equal (gconstpointer x, gconstpointer y)
{
  const StkSessionPartition *a = x, *b = y;

  if (a->ask.partition != b->ask.partition || a->by_id != b->by_id)
    return FALSE;
  return a->by_id ? stoker_uuid_equal (a->id, b->id) : strcmp (a->topic, b->topic) == 0;
}

static void
partition_free (void *data)
{
  StkSessionPartition *p = data;

  if (p->topic)
    g_ref_string_release (p->topic);
  g_free (p);
}

StkFetchSessions *
stk_sessions_new (int slots)
{
  StkFetchSessions *c = g_new0 (StkFetchSessions, 1);

  g_mutex_init (&c->lock);
  c->slots = slots;
  c->by_id = g_hash_table_new (NULL, NULL);
  return c;
}

static void
session_free (StkFetchSession *s)
{
  g_hash_table_unref (s->index);
  g_free (s);
}

void
stk_sessions_free (StkFetchSessions *c)
{
  GHashTableIter it;
  void *s;

  if (c == NULL)
    return;
  g_hash_table_iter_init (&it, c->by_id);
  while (g_hash_table_iter_next (&it, NULL, &s))
    session_free (s);
  g_hash_table_unref (c->by_id);
  g_mutex_clear (&c->lock);
  g_free (c);
}

size_t
stk_sessions_count (StkFetchSessions *c)
{
  size_t n;

  g_mutex_lock (&c->lock);
  n = g_hash_table_size (c->by_id);
  g_mutex_unlock (&c->lock);
  return n;
}

/* Under the lock: forgets it; a busy one is freed when its request is through. */
static void
drop (StkFetchSessions *c, StkFetchSession *s)
{
  g_hash_table_remove (c->by_id, GINT_TO_POINTER (s->id));
  if (s->busy)
    s->dead = true;
  else
    session_free (s);
}

static void
unlink_partition (StkFetchSession *s, StkSessionPartition *p)
{
  if (p->prev)
    p->prev->next = p->next;
  else
    s->first = p->next;
  if (p->next)
    p->next->prev = p->prev;
  else
    s->last = p->prev;
}

static void
append_partition (StkFetchSession *s, StkSessionPartition *p)
{
  p->next = NULL;
  p->prev = s->last;
  if (s->last)
    s->last->next = p;
  else
    s->first = p;
  s->last = p;
}

static StkSessionPartition *
session_find (StkFetchSession *s, StokerStr topic, StokerUuid id, int32_t partition)
{
  g_autofree char *name = topic.data ? g_strndup (topic.data, topic.len) : NULL;
  StkSessionPartition key = { .topic = name, .id = id, .by_id = s->by_id, .ask.partition = partition };

  return s->by_id || name ? g_hash_table_lookup (s->index, &key) : NULL;
}

static void
take_ask (StkSessionPartition *p, const StokerFetchPartition *ask)
{
  p->ask = (StokerFetchPartition){ .partition = ask->partition,
                                   .current_leader_epoch = ask->current_leader_epoch,
                                   .fetch_offset = ask->fetch_offset,
                                   .last_fetched_epoch = ask->last_fetched_epoch,
                                   .log_start_offset = ask->log_start_offset,
                                   .max_bytes = ask->max_bytes };
}

StkSessionPartition *
stk_session_add (StkFetchSession *s, StokerStr topic, StokerUuid id, const StokerFetchPartition *ask)
{
  StkSessionPartition *p = g_new0 (StkSessionPartition, 1);

  /* Neighbours mostly are of one topic: one copy of its name. */
  if (topic.data && s->last && s->last->topic && stoker_str_is (topic, s->last->topic))
    p->topic = g_ref_string_acquire (s->last->topic);
  else if (topic.data)
    p->topic = g_ref_string_new_len (topic.data, (gssize)topic.len);
  p->id = id;
  p->by_id = s->by_id;
  p->told_hw = p->told_start = -1;
  take_ask (p, ask);
  if ((!s->by_id && p->topic == NULL) || g_hash_table_contains (s->index, p)) {
    partition_free (p);
    return NULL;
  }
  g_hash_table_add (s->index, p);
  append_partition (s, p);
  s->n++;
  return p;
}

static void
merge (StkFetchSession *s, const StokerFetch *req)
{
  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      const StokerFetchTopic *topic = &req->topics[t];
      StkSessionPartition *p = session_find (s, topic->name, topic->id, topic->partitions[i].partition);
      if (p)
        take_ask (p, &topic->partitions[i]);
      else
        (void)stk_session_add (s, topic->name, topic->id, &topic->partitions[i]);
    }
  for (int32_t t = 0; t < req->n_forgotten; t++)
    for (int32_t i = 0; i < req->forgotten[t].n_partitions; i++) {
      StkSessionPartition *p
          = session_find (s, req->forgotten[t].name, req->forgotten[t].id, req->forgotten[t].partitions[i]);
      if (p == NULL)
        continue;
      unlink_partition (s, p);
      s->n--;
      g_hash_table_remove (s->index, p);
    }
}

static int16_t
check (const StkFetchSession *s, const StokerFetch *req)
{
  if (s == NULL)
    return STOKER_FETCH_SESSION_ID_NOT_FOUND;
  if (s->by_id != req->by_id)
    return STOKER_FETCH_SESSION_TOPIC_ID_ERROR;
  /* Busy: its former request still waits, on a connection that is perhaps dead. The client opens a new session. */
  if (s->epoch != req->session_epoch || s->busy)
    return STOKER_INVALID_FETCH_SESSION_EPOCH;
  return 0;
}

int16_t
stk_sessions_begin (StkFetchSessions *c, const StokerFetch *req, int64_t now_us, StkFetchSession **out)
{
  StkFetchSession *s;
  int16_t error = 0;

  *out = NULL;
  if (req->session_id == 0 && req->session_epoch <= 0)
    return 0;
  g_mutex_lock (&c->lock);
  s = g_hash_table_lookup (c->by_id, GINT_TO_POINTER (req->session_id));
  if (req->session_epoch <= 0) {
    if (s)
      drop (c, s);
    s = NULL;
  } else if ((error = check (s, req)) == 0) {
    s->busy = true;
    s->epoch = s->epoch == INT32_MAX ? 1 : s->epoch + 1;
    s->used_us = now_us;
    *out = s;
  }
  g_mutex_unlock (&c->lock);
  if (*out)
    merge (*out, req);
  return error;
}

/* Does a new session of this rank and size push `s` out (kafka-facts 3.2)? */
static bool
ranks_above (bool privileged, int32_t n, const StkFetchSession *s)
{
  if (privileged != s->privileged)
    return privileged;
  return n > s->n;
}

static bool
make_room (StkFetchSessions *c, bool privileged, int32_t n, int64_t now_us)
{
  StkFetchSession *oldest = NULL, *smallest = NULL;
  GHashTableIter it;
  void *v;

  if ((int)g_hash_table_size (c->by_id) < c->slots)
    return true;
  g_hash_table_iter_init (&it, c->by_id);
  while (g_hash_table_iter_next (&it, NULL, &v)) {
    StkFetchSession *s = v;
    if (oldest == NULL || s->used_us < oldest->used_us)
      oldest = s;
    if (ranks_above (privileged, n, s) && now_us - s->created_us > EVICTION_US
        && (smallest == NULL || !ranks_above (s->privileged, s->n, smallest)))
      smallest = s;
  }
  if (oldest && now_us - oldest->used_us > EVICTION_US)
    drop (c, oldest);
  else if (smallest)
    drop (c, smallest);
  else
    return false;
  return true;
}

StkFetchSession *
stk_sessions_create (StkFetchSessions *c, const StokerFetch *req, int32_t n_partitions, uint64_t random, int64_t now_us)
{
  StkFetchSession *s = NULL;
  bool privileged = req->replica_id >= 0;

  g_mutex_lock (&c->lock);
  if (c->slots > 0 && make_room (c, privileged, n_partitions, now_us)) {
    s = g_new0 (StkFetchSession, 1);
    s->id = (int32_t)(random & INT32_MAX);
    while (s->id == 0 || g_hash_table_contains (c->by_id, GINT_TO_POINTER (s->id)))
      s->id = (int32_t)(((uint32_t)s->id * 1664525u + 1013904223u) & INT32_MAX);
    s->epoch = 1;
    s->by_id = req->by_id;
    s->privileged = privileged;
    s->busy = true;
    s->created_us = s->used_us = now_us;
    s->index = g_hash_table_new_full (partition_hash, partition_equal, partition_free, NULL);
    g_hash_table_insert (c->by_id, GINT_TO_POINTER (s->id), s);
  }
  g_mutex_unlock (&c->lock);
  return s;
}

bool
stk_session_tell (StkFetchSession *s, StkSessionPartition *p, const StokerFetchPartition *a)
{
  bool tell = a->records.len > 0 || a->diverging_epoch >= 0 || a->preferred_read_replica >= 0;

  if (a->high_watermark != p->told_hw || a->out_log_start_offset != p->told_start)
    tell = true;
  p->told_hw = a->high_watermark;
  p->told_start = a->out_log_start_offset;
  if (a->error) {
    /* So that its recovery is told too. */
    p->told_hw = -1;
    tell = true;
  }
  /* Whoever got data goes to the end of the line. */
  if (a->records.len > 0 && s->last != p) {
    unlink_partition (s, p);
    append_partition (s, p);
  }
  return tell;
}

void
stk_sessions_done (StkFetchSessions *c, StkFetchSession *s)
{
  bool dead;

  g_mutex_lock (&c->lock);
  s->busy = false;
  if (s->n == 0 && !s->dead)
    g_hash_table_remove (c->by_id, GINT_TO_POINTER (s->id));
  dead = s->dead || s->n == 0;
  g_mutex_unlock (&c->lock);
  if (dead)
    session_free (s);
}
