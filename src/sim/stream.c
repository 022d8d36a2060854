/* SPDX-License-Identifier: Apache-2.0
 *
 * One end of a simulated connection.
 */
#include "config.h"

#include "sim/net_private.h"

#include <errno.h>
#include <stoker/disk.h>

#define WINDOW ((size_t)256 << 10) /* bytes on their way to one end */
#define DELAY_US 200               /* longest way */

int64_t
stk_sim_arrival (StkSim *s)
{
  return s->now_us + 1 + (int64_t)stk_sim_chance (s, DELAY_US);
}

ssize_t
stk_sim_end_read (StkStream *base, void *buf, size_t len)
{
  SimEnd *e = (SimEnd *)base;
  size_t got = 0;

  if (e->reset)
    return -ECONNRESET;
  while (got < len) {
    Chunk *c = g_queue_peek_head (&e->in);
    size_t n;
    if (c == NULL || c->at_us > e->sim->now_us)
      break;
    n = MIN (len - got, c->len - c->done);
    memcpy ((uint8_t *)buf + got, c->data + c->done, n);
    got += n;
    c->done += n;
    if (c->done == c->len)
      g_free (g_queue_pop_head (&e->in));
  }
  e->in_bytes -= got;
  if (got > 0)
    return (ssize_t)got;
  return e->in.length == 0 && e->eof_at <= e->sim->now_us ? 0 : -EAGAIN;
}

ssize_t
stk_sim_end_put (SimEnd *e, const void *data, size_t len)
{
  SimEnd *to = e->other;
  Chunk *c;
  size_t room;

  if (e->reset || to == NULL)
    return e->reset ? -ECONNRESET : -EPIPE;
  room = WINDOW - MIN (WINDOW, to->in_bytes);
  if (room == 0)
    return -EAGAIN;
  /* Now and then less than there is room for: writers must go on from anywhere. */
  len = MIN (len, room);
  if (len > 1 && stk_sim_chance (e->sim, 8) == 0)
    len = 1 + (size_t)stk_sim_chance (e->sim, len);
  c = g_malloc (sizeof *c + len);
  c->len = len;
  c->done = 0;
  c->at_us = to->last_at = MAX (to->last_at, stk_sim_arrival (e->sim));
  memcpy (c->data, data, len);
  g_queue_push_tail (&to->in, c);
  to->in_bytes += len;
  return (ssize_t)len;
}

static ssize_t
end_write (StkStream *base, const struct iovec *iov, int n, bool more)
{
  ssize_t total = 0;

  for (int i = 0; i < n; i++) {
    ssize_t w = iov[i].iov_len ? stk_sim_end_put ((SimEnd *)base, iov[i].iov_base, iov[i].iov_len) : 0;
    if (w < 0)
      return total > 0 ? total : w;
    total += w;
    if ((size_t)w < iov[i].iov_len)
      break;
  }
  return total;
}

static ssize_t
end_send_file (StkStream *base, StokerFile *f, uint64_t pos, size_t len, bool more)
{
  uint8_t buf[16384];
  ssize_t n = stoker_file_pread (f, buf, MIN (len, sizeof buf), pos);

  if (n <= 0)
    return n < 0 ? n : -ENODATA;
  return stk_sim_end_put ((SimEnd *)base, buf, (size_t)n);
}

static void
end_want (StkStream *base, bool readable, bool writable)
{
  ((SimEnd *)base)->readable = readable;
  ((SimEnd *)base)->writable = writable;
}

static void
end_free (SimEnd *e)
{
  g_queue_clear_full (&e->in, g_free);
  g_free (e);
}

void
stk_sim_end_close (StkStream *base)
{
  SimEnd *e = (SimEnd *)base;

  if (e->other) {
    e->other->eof_at = MAX (e->other->last_at, stk_sim_arrival (e->sim));
    e->other->reset = e->other->reset || e->in.length > 0; /* what it sent was never read */
    e->other->other = NULL;
    e->other = NULL;
  }
  e->closed = true; /* an actor that is looking at its ends frees it */
  if (e->actor)
    g_ptr_array_remove (e->actor->ends, e);
  end_free (e);
}

/* On its way it stays with the actor that it leaves, for a halt of the machine. */
static void
end_leave (StkStream *base)
{
  end_want (base, false, false);
}

static void
end_join (StkStream *base, StkActor *io)
{
  SimEnd *e = (SimEnd *)base;

  g_ptr_array_remove (e->actor->ends, e);
  e->actor = (SimActor *)io;
  g_ptr_array_add (e->actor->ends, e);
}

static const StkStreamOps end_ops
    = { stk_sim_end_read, end_write, end_send_file, end_want, stk_sim_end_close, end_leave, end_join };

SimEnd *
stk_sim_end_new (StkSim *s, SimMachine *m)
{
  SimEnd *e = g_new0 (SimEnd, 1);

  e->base.ops = &end_ops;
  e->sim = s;
  e->machine = m;
  e->eof_at = INT64_MAX;
  g_queue_init (&e->in);
  return e;
}

bool
stk_sim_can_read (const SimEnd *e, int64_t *when)
{
  const Chunk *c = g_queue_peek_head ((GQueue *)&e->in);
  int64_t at = c ? c->at_us : e->eof_at;

  if (e->reset || at <= e->sim->now_us)
    return true;
  if (when)
    *when = MIN (*when, at);
  return false;
}

bool
stk_sim_can_write (const SimEnd *e)
{
  return e->reset || e->other == NULL || e->other->in_bytes < WINDOW;
}

void
stk_sim_end_reset (SimEnd *e)
{
  if (e->other) {
    e->other->reset = true;
    e->other->other = NULL;
    e->other = NULL;
  }
  e->reset = true;
}
