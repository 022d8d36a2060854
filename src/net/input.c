/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading: a pooled buffer while bytes are pending, growth for a message that is known to be large, and the rest of a
 * message put aside when it is short.
 */
#include "net/conn_impl.h"

#include <errno.h>
#include <glib.h>

#define STASH ((size_t)1024) /* a rest up to this size is copied out of the pooled buffer at once */
#define FIRST_STEP                                                                                                     \
  ((size_t)1088 << 10) /* a message up to this size gets its room at once, a larger one as it arrives */

static void
drop_buf (StokerConn *c)
{
  if (c->buf == NULL)
    return;
  if (c->stash)
    g_free (c->buf);
  else
    stk_bufpool_give (&c->conns->pool, c->buf, c->cap);
  c->conns->counts.reading--;
  c->buf = NULL;
  c->stash = false;
  c->cap = c->start = 0;
}

/* What is pending moves to the beginning of a buffer of at least `size` bytes. */
static void
move_to (StokerConn *c, size_t size)
{
  size_t cap, len = c->len;
  uint8_t *buf = stk_bufpool_take (&c->conns->pool, size, &cap);

  if (len > 0)
    memcpy (buf, c->buf + c->start, len);
  drop_buf (c);
  c->buf = buf;
  c->cap = cap;
  c->conns->counts.reading++;
  stk_conns_want_tick (c->conns);
}

/* Room to read into behind what is pending; false when the message is larger than it may be. */
static bool
make_room (StokerConn *c)
{
  size_t usual = c->bulk ? STK_BUF_BULK : STK_BUF_SMALL;
  size_t need = MIN (c->expect, MAX (FIRST_STEP, c->len * 2));

  if (c->buf == NULL || c->stash || c->cap < MAX (need, usual)) {
    move_to (c, MAX (need, usual));
    return true;
  }
  if (c->start > 0) {
    memmove (c->buf, c->buf + c->start, c->len);
    c->start = 0;
  }
  if (c->len < c->cap)
    return true;
  /* Full, and nothing was said about how long it gets. */
  if (c->len > c->conns->settings.max_request)
    return false;
  move_to (c, c->cap * 2);
  return true;
}

void
stk_conn_shrink (StokerConn *c, bool all)
{
  uint8_t *rest;

  g_assert (c->depth == 0);
  if (c->len == 0) {
    drop_buf (c);
    return;
  }
  if (c->stash || (!all && c->len > STASH))
    return;
  rest = g_memdup2 (c->buf + c->start, c->len);
  drop_buf (c);
  c->buf = rest;
  c->cap = c->len;
  c->stash = true;
  c->conns->counts.reading++;
}

bool
stk_conn_may_feed (const StokerConn *c)
{
  return c->holds == 0 && !c->full && !c->closing && !c->broken && !c->parked;
}

void
stk_conn_feed (StokerConn *c)
{
  bool fed = false;

  while (c->len > 0 && stk_conn_may_feed (c)) {
    ssize_t n = c->ops->input (c->protocol, c->session, c->buf + c->start, c->len);
    fed = true;
    if (n < 0) {
      stk_conns_count (c->conns->metrics.broken, 1);
      stk_conn_end (c, true, c->reason ? c->reason : "refused by the protocol");
      break;
    }
    g_assert ((size_t)n <= c->len);
    if (n == 0)
      break;
    c->start += (size_t)n;
    c->len -= (size_t)n;
    c->expect = 0;
  }
  if (fed && c->ops->input_end)
    c->ops->input_end (c->protocol, c->session);
}

void
stk_conn_read (StokerConn *c)
{
  size_t room;
  ssize_t n;

  if (!make_room (c)) {
    stk_conn_end (c, true, "message too large");
    return;
  }
  room = c->cap - c->start - c->len;
  n = c->stream->ops->read (c->stream, c->buf + c->start + c->len, room);
  if (n > 0) {
    c->conns->counts.bytes_in += (size_t)n;
    stk_conns_count (c->conns->metrics.in, n);
    c->len += (size_t)n;
    c->bulk = (size_t)n == room || (c->bulk && (size_t)n >= STK_BUF_SMALL / 2);
    stk_conns_used (c->conns, c);
    stk_conn_worked (c, (size_t)n);
    stk_conn_feed (c);
  } else if (n == 0) {
    c->eof = true;
  } else if (n != -EAGAIN) {
    stk_conn_end (c, false, g_strerror ((int)-n));
  }
}
