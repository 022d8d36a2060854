/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <glib.h>

#define CACHE_MAX 64

struct Session
{
  StokerInstance *self;
  StokerConn *conn; /* NULL: the connection is gone */
  const StokerContext *ctx;
  Request *first, **last; /* under way, in order */
  unsigned n;
  size_t bytes;  /* frames of produce requests under way */
  bool serial;   /* a request other than Produce is under way: nothing else may begin */
  bool waiting;  /* the next request cannot begin before those under way are answered */
  bool full;     /* the peer does not read its answers: nothing begins until they have gone out */
  bool held;     /* we asked the connection to stop reading */
  bool busy;     /* inside input or close: answers are sent and requests freed at its end */
  bool produced; /* gathered appends wait for stoker_produce_flush */
  bool closing;  /* stoker_conn_close was called: nothing is sent any more */
  const char
      *ending; /* no more requests are taken; the connection is closed after the answers that are due. Static text */
};

/* ---- requests */

static RequestCache *
cache_of (Session *s)
{
  KafkaState *state = s->self->state;
  return &state->io[(unsigned)s->ctx->io % IO_MAX];
}

static Request *
request_get (Session *s)
{
  RequestCache *c = cache_of (s);
  Request *rq = c->free;
  StokerArena *arena;

  if (rq) {
    c->free = rq->next;
    c->n--;
  } else {
    rq = g_new0 (Request, 1);
    rq->arena = stoker_arena_new (0);
  }
  arena = rq->arena;
  *rq = (Request){ .session = s, .arena = arena };
  return rq;
}

static void
request_put (Session *s, Request *rq)
{
  RequestCache *c = cache_of (s);

  stoker_out_clear (&rq->out);
  if (c->n < CACHE_MAX) {
    stoker_arena_reset (rq->arena);
    rq->next = c->free;
    c->free = rq;
    c->n++;
  } else {
    stoker_arena_free (rq->arena);
    g_free (rq);
  }
}

/* ---- the queue of answers */

static void
hold (Session *s, bool on)
{
  if (s->held != on && s->conn) {
    s->held = on;
    stoker_conn_hold (s->conn, on);
  }
}

static void
close_conn (Session *s, const char *reason)
{
  if (s->closing || !s->conn)
    return;
  s->closing = true;
  s->ending = reason;
  stoker_conn_close (s->conn, true, reason);
}

/* Is there room to go on reading? Below half of the limits, so that it does not stop and go for every request. */
static bool
may_resume (const Session *s)
{
  if (s->serial || s->full || (s->waiting && s->first))
    return false;
  return s->n < SESSION_MAX_REQUESTS / 2 && s->bytes < SESSION_MAX_BYTES / 2;
}

/* Sends what is due at the head of the queue, and lets reading go on when there is room again. */
static void
settle (Session *s)
{
  const KafkaState *state = s->self->state;
  int64_t answered = 0;
  Request *rq;

  while ((rq = s->first) != NULL && rq->ended) {
    if ((s->first = rq->next) == NULL)
      s->last = &s->first;
    s->n--;
    s->bytes -= rq->frame_bytes;
    if (rq->handler == NULL || rq->handler->key != 0)
      s->serial = false;
    if (rq->reason)
      close_conn (s, rq->reason);
    else if (!rq->silent && s->conn && !s->closing)
      stoker_conn_send (s->conn, &rq->out);
    request_put (s, rq);
    answered++;
  }
  if (answered > 0)
    stoker_metric_add (state->answered, answered);
  if (s->ending && s->first == NULL)
    close_conn (s, s->ending);
  if (s->held && may_resume (s)) {
    s->waiting = false;
    hold (s, false);
  }
}

static void
free_if_over (Session *s)
{
  if (s->conn == NULL && s->first == NULL && !s->busy) {
    stoker_context_unref (s->ctx);
    g_free (s);
  }
}

void
session_ended (Session *s, Request *rq)
{
  if (rq->reason && !s->ending)
    s->ending = rq->reason;
  if (s->busy)
    return;
  settle (s);
  free_if_over (s);
}

const StokerContext *
session_context (const Session *s)
{
  return s->ctx;
}

/* ---- frames */

static int32_t
be32 (const uint8_t *p)
{
  return (int32_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

/* A frame too short for a key is like any other that is no Produce request: it is refused when its turn comes. */
static bool
is_produce (const uint8_t *frame, size_t len)
{
  return len >= 2 && frame[0] == 0 && frame[1] == 0;
}

/* May the request in this frame begin now? If not, it is noted what it waits for. */
static bool
may_begin (Session *s, const uint8_t *frame, size_t len)
{
  if (stoker_conn_queued (s->conn) > SESSION_MAX_QUEUED) {
    s->full = true;
    return false;
  }
  if (s->first == NULL)
    return true;
  if (!is_produce (frame, len)) {
    s->waiting = true;
    return false;
  }
  return !s->serial && s->n < SESSION_MAX_REQUESTS && s->bytes < SESSION_MAX_BYTES;
}

static void
enqueue (Session *s, Request *rq)
{
  *s->last = rq;
  s->last = &rq->next;
  s->n++;
  s->bytes += rq->frame_bytes;
}

/* ApiVersions of a version that we do not know is answered in the oldest form, its body unread (kafka-facts 1.4). */
static bool
supported (const Handler *h, const KmRequestHeader *header)
{
  return h
         && ((header->api_version >= h->min_version && header->api_version <= h->max_version)
             || h->key == KM_API_VERSIONS);
}

static void
begin (Session *s, uint8_t *frame, size_t len)
{
  Request *rq = request_get (s);
  bool produce = is_produce (frame, len);
  KmReader r;

  rq->frame_bytes = len;
  enqueue (s, rq);
  if (!produce) {
    s->serial = true;
    frame = stoker_arena_bytes (rq->arena, frame, len).data;
  }
  km_reader_init (&r, frame, len);
  if (km_request_header_decode (&r, &rq->header) < 0) {
    request_refuse (rq, "malformed request header");
    return;
  }
  rq->handler = handler_find (rq->header.api_key);
  if (!supported (rq->handler, &rq->header)) {
    request_refuse (rq, "API key or version that is not offered");
    return;
  }
  if (rq->header.client_id.data == NULL)
    rq->header.client_id = STOKER_STR_LIT ("");
  else if (produce)
    rq->header.client_id = stoker_arena_str (rq->arena, rq->header.client_id);
  if (rq->handler->handle (rq, &r) < 0)
    request_refuse (rq, rq->reason ? rq->reason : r.error ? r.error : "malformed request");
  else if (produce)
    s->produced = true;
}

ssize_t
session_input (Session *s, uint8_t *data, size_t len)
{
  size_t at = 0;

  s->busy = true;
  while (!s->ending && len - at >= 4) {
    int32_t size = be32 (data + at);
    if (size < 0 || (size_t)size > stoker_conn_max_request (s->conn)) {
      s->ending = "frame size out of range";
      break;
    }
    if (len - at - 4 < (size_t)size) {
      stoker_conn_expect (s->conn, (size_t)size + 4);
      break;
    }
    if (!may_begin (s, data + at + 4, (size_t)size)) {
      hold (s, true);
      break;
    }
    begin (s, data + at + 4, (size_t)size);
    at += (size_t)size + 4;
    settle (s);
  }
  s->busy = false;
  if (s->ending)
    settle (s); /* the answers that are due leave first, then the connection is closed */
  return (ssize_t)(s->ending ? len : at);
}

void
session_input_end (Session *s)
{
  s->busy = true;
  if (s->produced) {
    s->produced = false;
    stoker_produce_flush (s->ctx);
  }
  s->busy = false;
  settle (s);
  free_if_over (s);
}

Session *
session_new (StokerInstance *self, StokerConn *conn)
{
  Session *s = g_new0 (Session, 1);

  s->self = self;
  s->conn = conn;
  s->ctx = stoker_context_ref (stoker_conn_context (conn));
  s->last = &s->first;
  return s;
}

void
session_drained (Session *s)
{
  s->full = false;
  settle (s);
}

bool
session_busy (const Session *s)
{
  return s->first != NULL;
}

bool
session_movable (const Session *s)
{
  return s->first == NULL && !s->produced && !s->busy && !s->ending;
}

void
session_close (Session *s)
{
  s->conn = NULL;
  s->busy = true;
  for (Request *rq = s->first; rq; rq = rq->next)
    if (!rq->ended && rq->call)
      stoker_call_cancel (rq->call);
  s->busy = false;
  settle (s);
  free_if_over (s);
}
