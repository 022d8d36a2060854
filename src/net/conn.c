/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection: its life, and what a protocol module can ask of it. Everything a call asks for is only noted; it is
 * done by stk_conn_settle, when no callback of the connection is running, so that a connection never vanishes inside
 * one.
 */
#include "net/move.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#define LOW ((size_t)64 << 10) /* below it, what was queued counts as drained */
#define TURN ((size_t)4 << 20) /* what one connection may write in one turn */
#define RESUMES 64             /* how often in one turn input is called again after a hold */

static void
on_ready (void *user, bool readable, bool writable)
{
  StokerConn *c = user;

  c->depth++;
  if (writable)
    c->blocked = false;
  if (readable && stk_conn_may_feed (c))
    stk_conn_read (c);
  c->depth--;
  if (!stk_conns_others_first (c))
    stk_conn_settle (c);
}

static void
on_timer (StkTimer *t)
{
  StokerConn *c = (StokerConn *)((char *)t - offsetof (StokerConn, timer));
  void (*fn) (void *user) = c->timer_fn;

  c->timer_fn = NULL;
  c->depth++;
  fn (c->timer_user);
  c->depth--;
  stk_conn_settle (c);
}

static void
write_out (StokerConn *c)
{
  size_t before = c->out.bytes;
  int rc = stk_outq_write (&c->out, c->stream, TURN);

  if (before != c->out.bytes) {
    c->conns->counts.bytes_out += before - c->out.bytes;
    stk_conns_count (c->conns->metrics.out, (int64_t)(before - c->out.bytes));
    stk_conns_used (c->conns, c);
    stk_conn_worked (c, before - c->out.bytes);
  }
  if (rc < 0)
    stk_conn_end (c, false, rc == -ENODATA ? "a file is shorter than what was to be sent of it" : g_strerror (-rc));
  c->blocked = rc == 1;
}

static void
destroy (StokerConn *c)
{
  StkConns *cs = c->conns;

  if (cs->broker->log && stk_log_enabled (cs->broker->log, "net", STOKER_LOG_DEBUG))
    stk_log (cs->broker->log, STOKER_LOG_DEBUG, "net", "conn.closed", "closed: %s | peer=%s listener=%s id=%" PRIx64,
             c->reason ? c->reason : "by the peer", c->ctx->client_host, c->ctx->listener, c->ctx->connection_id);
  stk_conns_remove (cs, c);
  stk_actor_timer_cancel (cs->io, &c->timer);
  c->stream->ops->close (c->stream);
  stk_outq_clear (&c->out);
  if (c->ops)
    c->ops->close (c->protocol, c->session);
  c->len = 0;
  c->depth = 0;
  stk_conn_shrink (c, true);
  if (c->gone)
    c->gone (c->gone_user, c->ctx);
  stoker_context_unref (c->ctx);
  g_free (c);
}

/* Calls back what the queue's level and a resumed reader ask for; true when that may have queued or asked for more. */
static bool
call_back (StokerConn *c)
{
  bool called = false;

  if (c->out.bytes < LOW) {
    c->full = false;
    if (c->high) {
      c->high = false;
      c->resume = c->resume || c->len > 0;
      if (c->ops->drained) {
        c->ops->drained (c->protocol, c->session);
        called = true;
      }
    }
  }
  if (c->resume && stk_conn_may_feed (c)) {
    c->resume = false;
    stk_conn_feed (c);
    called = true;
  }
  return called;
}

/* Must it stay although it is closing and has nothing to write? */
static bool
owes (StokerConn *c)
{
  if (c->linger && (c->ops->busy == NULL || !c->ops->busy (c->protocol, c->session)))
    c->linger = false;
  return c->linger;
}

void
stk_conn_settle (StokerConn *c)
{
  bool later = false;

  if (c->depth > 0)
    return;
  c->depth++;
  for (int i = 0; !c->broken; i++) {
    if (c->out.bytes > 0 && !c->blocked)
      write_out (c);
    if (c->broken || !call_back (c))
      break;
    if ((later = i == RESUMES)) /* others want their turn */
      break;
  }
  if (c->eof && (c->len == 0 || stk_conn_may_feed (c)) && !c->resume && !c->closing)
    stk_conn_linger (c, NULL);
  c->depth--;
  if (c->broken || (c->closing && c->out.bytes == 0 && !owes (c))) {
    destroy (c);
    return;
  }
  if (c->goal && !later && stk_move_try (c))
    return;
  if (later)
    stk_conns_touch (c->conns, c);
  else
    stk_conns_untouch (c);
  stk_conn_shrink (c, false);
  c->stream->ops->want (c->stream, stk_conn_may_feed (c) && !c->eof, c->blocked);
}

void
stk_conn_linger (StokerConn *c, const char *reason)
{
  if (!c->closing && c->ops) {
    c->linger = true;
    stk_conns_want_tick (c->conns); /* an answer that is never written (acks=0) is noticed there */
  }
  stk_conn_end (c, true, reason);
}

void
stk_conn_end (StokerConn *c, bool graceful, const char *reason)
{
  if (reason && c->reason == NULL)
    c->reason = reason;
  if (graceful)
    c->closing = true;
  else
    c->broken = true;
  stk_conns_touch (c->conns, c);
}

void
stk_conn_open (StkConns *cs, StkStream *s, const StkConnOrigin *origin)
{
  StokerConn *c = g_new0 (StokerConn, 1);
  const StokerProtocolOps *ops = origin->protocol->module->ops;
  StokerError err = { 0 };

  c->conns = cs;
  c->stream = s;
  c->protocol = origin->protocol;
  c->ctx = stk_context_new (cs->broker, cs->index, (uint64_t)(cs->index + 1) << 48 | ++cs->next_id, origin->listener,
                            origin->host);
  c->timer.fire = on_timer;
  c->gone = origin->gone;
  c->gone_user = origin->user;
  s->ready = on_ready;
  s->user = c;
  stk_conns_insert (cs, c);
  c->depth++;
  if (cs->closing) {
    stk_conn_end (c, false, "the broker stops");
  } else if (ops->open (c->protocol, c, &c->session, &err) < 0) {
    stk_log (cs->broker->log, STOKER_LOG_WARN, "net", "conn.refused", "connection refused: %s | peer=%s", err.text,
             c->ctx->client_host);
    stk_conn_end (c, false, "refused by the protocol");
  } else {
    c->ops = ops;
  }
  c->depth--;
  stk_conn_settle (c);
}

/* ---- what modules call */

const StokerContext *
stoker_conn_context (StokerConn *c)
{
  return c->ctx;
}

void
stoker_conn_send (StokerConn *c, StokerOut *out)
{
  g_assert (stk_actor_is_current (c->conns->io));
  stk_outq_push (&c->out, out);
  if (c->out.bytes >= LOW)
    c->high = true;
  if (c->out.bytes > c->conns->settings.max_queued)
    c->full = true;
  stk_conns_touch (c->conns, c);
}

size_t
stoker_conn_queued (StokerConn *c)
{
  return c->out.bytes;
}

void
stoker_conn_close (StokerConn *c, bool graceful, const char *reason)
{
  g_assert (stk_actor_is_current (c->conns->io));
  stk_conn_end (c, graceful, reason);
}

void
stoker_conn_hold (StokerConn *c, bool hold)
{
  g_assert (stk_actor_is_current (c->conns->io));
  g_assert (hold || c->holds > 0);
  if (hold) {
    c->holds++;
  } else if (--c->holds == 0) {
    c->resume = c->len > 0;
    stk_conns_touch (c->conns, c);
  }
}

void
stoker_conn_expect (StokerConn *c, size_t total)
{
  g_assert (total <= c->conns->settings.max_request + STK_BUF_SMALL);
  c->expect = total;
}

void
stoker_conn_timer (StokerConn *c, int64_t delay_ms, void (*fn) (void *user), void *user)
{
  StkActor *io = c->conns->io;

  c->timer_fn = fn;
  c->timer_user = user;
  if (fn)
    stk_actor_timer_set (io, &c->timer, stk_actor_now_us (io) + delay_ms * 1000);
  else
    stk_actor_timer_cancel (io, &c->timer);
}

size_t
stoker_conn_max_request (StokerConn *c)
{
  return c->conns->settings.max_request;
}
