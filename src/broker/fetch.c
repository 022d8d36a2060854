/* SPDX-License-Identifier: Apache-2.0
 *
 * Fetch: from the request to the list of partitions, one look at each, then the answer, now or after a wait.
 */
#include "broker/fetch.h"

#include "broker/authorize.h"
#include "broker/replicas_private.h"
#include "control/metrics.h"

enum
{
  CONVERT_MAX = 16 << 20 /* what is converted for one answer is in memory as a whole, twice */
};

static void
cancelled (StokerCall *call)
{
  StkFetchState *s = call->core;

  /* Under way on a disk thread, or about to be answered: done comes by itself. */
  if (s->answering)
    return;
  stk_fetch_answer (s);
}

/* ---- the answer */

static bool
same_topic (const StokerFetch *req, const StokerFetchTopic *t, const StkFetchPart *p)
{
  return req->by_id ? stoker_uuid_equal (t->id, p->id) : stoker_str_equal (t->name, p->topic);
}

/* Neighbours of one topic are told together; parts that need not be told are left out. */
static void
collect (StkFetchState *s, const bool *tell)
{
  StokerFetch *req = s->req;
  StokerFetchTopic *t = NULL;

  req->results = stoker_arena_alloc (req->call.arena, sizeof *req->results * (size_t)MAX (s->n_parts, 1));
  req->n_results = 0;
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    if (tell && !tell[i])
      continue;
    if (t == NULL || !same_topic (req, t, part)) {
      t = &req->results[req->n_results++];
      t->name = req->by_id ? STOKER_STR_NULL : stoker_arena_str (req->call.arena, part->topic);
      t->id = part->id;
      /* Room for all that may follow. */
      t->partitions = stoker_arena_alloc (req->call.arena, sizeof *t->partitions * (size_t)(s->n_parts - i));
      t->n_partitions = 0;
    }
    t->partitions[t->n_partitions++] = part->d;
    part->d.records = (StokerRecords){ 0 };
  }
}

static bool *
tell_session (StkFetchState *s)
{
  bool *tell;

  if (s->session == NULL)
    return NULL;
  tell = stoker_arena_alloc (s->req->call.arena, (size_t)MAX (s->n_parts, 1));
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    tell[i] = stk_session_tell (s->session, part->cached, &part->d);
    if (part->cached->by_id && part->cached->topic == NULL && part->topic.data)
      part->cached->topic = g_ref_string_new_len (part->topic.data, (gssize)part->topic.len);
  }
  return tell;
}

/* A full request with epoch 0 opens a session: with what it is told now as what the client knows. */
static void
open_session (StkFetchState *s)
{
  StkIo *io = s->io;
  StkFetchSessions *sessions = io->broker->replicas->sessions;
  StkFetchSession *made;

  if (s->req->session_epoch != 0 || s->n_parts == 0)
    return;
  made = stk_sessions_create (sessions, s->req, s->n_parts, stk_world_random (io->broker->world),
                              stk_actor_now_us (io->actor));
  if (made == NULL)
    return;
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    StkSessionPartition *p = stk_session_add (made, part->topic, part->id, &part->d);
    if (p)
      (void)stk_session_tell (made, p, &part->d);
  }
  s->req->out_session_id = made->n > 0 ? made->id : 0;
  stk_sessions_done (sessions, made);
  stoker_metric_set (stk_metrics_core (io->broker->metrics, STK_METRIC_FETCH_SESSIONS),
                     (int64_t)stk_sessions_count (sessions));
}

static void
finish (StkFetchState *s)
{
  StokerFetch *req = s->req;
  StkFetchSessions *sessions = s->io->broker->replicas->sessions;
  bool *tell = tell_session (s);
  int64_t bytes = 0;

  if (s->session)
    req->out_session_id = s->session->n > 0 ? s->session->id : 0;
  else
    open_session (s);
  for (int i = 0; i < s->n_parts; i++)
    bytes += (int64_t)s->parts[i].d.records.len;
  stoker_metric_add (stk_metrics_core (s->io->broker->metrics, STK_METRIC_FETCH_BYTES), bytes);
  collect (s, tell);
  for (int i = 0; i < s->n_parts; i++)
    stk_partition_unref (s->parts[i].partition);
  if (s->session)
    stk_sessions_done (sessions, s->session);
  req->call.throttle_ms = stk_broker_charge (s->io->broker, req->call.ctx, STK_QUOTA_FETCH, (double)bytes);
  req->call.core = NULL;
  stk_call_finish (&req->call);
}

/* Reads all parts that ask for it, in order, within the bytes that the request allows. */
static void
look_at_all (StkFetchState *s)
{
  size_t left = s->max_bytes;
  bool first = true;

  s->bytes = 0;
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    if (part->look)
      stk_fetch_look (part, left, first && (!s->req->strict_max_bytes || s->req->magic < 2));
    if (part->bytes > 0)
      first = false;
    left -= MIN (left, part->bytes);
    s->bytes += part->bytes;
    if (part->d.error || part->d.diverging_epoch >= 0)
      s->at_once = true;
  }
}

/* After a wait: what was not signalled has no news, unless another end moved than the one that it waits for. */
static void
look_for_news (StkFetchState *s)
{
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    if (part->partition == NULL || s->req->replica_id >= 0
        || atomic_load_explicit (&part->partition->hw, memory_order_acquire) != part->d.high_watermark)
      part->look = true;
  }
}

void
stk_fetch_answer (StkFetchState *s)
{
  s->answering = true;
  stk_fetch_end_wait (s);
  if (s->waited) {
    look_for_news (s);
    look_at_all (s);
  }
  stk_fetch_offload (s, finish);
}

/* ---- the request */

static void
add_part (StkFetchState *s, StokerStr topic, StokerUuid id, const StokerFetchPartition *ask,
          StkSessionPartition *cached)
{
  StkFetchPart *part = &s->parts[s->n_parts++];

  part->state = s;
  part->topic = topic;
  part->id = id;
  part->d = *ask;
  part->cached = cached;
  part->look = true;
}

static void
parts_of_request (StkFetchState *s)
{
  StokerFetch *req = s->req;
  size_t n = 0;

  for (int32_t t = 0; t < req->n_topics; t++)
    n += (size_t)req->topics[t].n_partitions;
  s->parts = stoker_arena_calloc (req->call.arena, n, sizeof *s->parts);
  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++)
      add_part (s, req->by_id ? STOKER_STR_NULL : req->topics[t].name, req->topics[t].id, &req->topics[t].partitions[i],
                NULL);
}

static void
parts_of_session (StkFetchState *s)
{
  s->parts = stoker_arena_calloc (s->req->call.arena, (size_t)s->session->n, sizeof *s->parts);
  for (StkSessionPartition *p = s->session->first; p; p = p->next)
    add_part (s, stoker_str (p->topic), p->id, &p->ask, p);
}

static StkFetchState *
state_new (StkIo *io, StokerFetch *req)
{
  StkFetchState *s = stoker_arena_calloc (req->call.arena, 1, sizeof *s);
  size_t most = io->broker->replicas->fetch_max_bytes;

  s->wait.cancel = cancelled;
  s->req = req;
  s->io = io;
  s->max_bytes = MIN (most, (size_t)MAX (req->max_bytes, 0));
  if (req->magic < 2)
    s->max_bytes = MIN (s->max_bytes, (size_t)CONVERT_MAX);
  s->min_bytes = MIN (s->max_bytes, (size_t)MAX (req->min_bytes, 0));
  req->call.core = s;
  req->error = 0;
  req->out_session_id = 0;
  req->results = NULL;
  req->n_results = 0;
  req->nodes = NULL;
  req->n_nodes = 0;
  return s;
}

static void
refuse_follower (StkFetchState *s, int16_t error)
{
  for (int i = 0; i < s->n_parts; i++) {
    s->parts[i].d.error = error;
    s->parts[i].d.high_watermark = s->parts[i].d.last_stable_offset = s->parts[i].d.out_log_start_offset = -1;
    s->parts[i].d.n_aborted = -1;
    s->parts[i].look = false;
  }
}

void
stoker_fetch (StokerFetch *req)
{
  StkIo *io = stk_io_of (req->call.ctx);
  StkFetchState *s = state_new (io, req);
  int16_t error = 0;

  req->error = stk_sessions_begin (io->broker->replicas->sessions, req, stk_actor_now_us (io->actor), &s->session);
  if (req->error) {
    req->call.core = NULL;
    stk_call_finish (&req->call);
    return;
  }
  if (s->session)
    parts_of_session (s);
  else
    parts_of_request (s);
  if (req->replica_id >= 0)
    error = stk_broker_authorize (io->broker, req->call.ctx, STK_ACL_CLUSTER_ACTION, STK_ACL_CLUSTER,
                                  STOKER_STR_LIT ("kafka-cluster"));
  if (error)
    refuse_follower (s, STOKER_TOPIC_AUTHORIZATION_FAILED);
  look_at_all (s);
  if (req->max_wait_ms <= 0 || s->io->stopping || s->n_parts == 0 || s->at_once || s->bytes >= s->min_bytes)
    stk_fetch_answer (s);
  else
    stk_fetch_wait (s);
}

void
stoker_fetch_release (StokerFetch *req)
{
  for (int32_t t = 0; t < req->n_results; t++)
    for (int32_t i = 0; i < req->results[t].n_partitions; i++) {
      StokerRecords *r = &req->results[t].partitions[i].records;
      for (size_t k = 0; k < r->n_slices; k++)
        stoker_slice_release (&r->slices[k]);
      *r = (StokerRecords){ 0 };
    }
}
