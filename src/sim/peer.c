/* SPDX-License-Identifier: Apache-2.0
 *
 * Clients of the simulated network outside of all machines: what they wait for makes time pass.
 */
#include "config.h"

#include "sim/net_private.h"

#include <errno.h>

#define PATIENCE_US INT64_C (60000000)

struct StkSimPeer
{
  SimEnd *end;
};

StkSimPeer *
stk_sim_connect (StkSim *s, uint16_t port)
{
  SimEnd *e = stk_sim_dial ((SimNet *)s->net, NULL, port);
  StkSimPeer *p;

  if (e == NULL)
    return NULL;
  p = g_new (StkSimPeer, 1);
  p->end = e;
  return p;
}

static bool
peer_can_write (void *user)
{
  return stk_sim_can_write (user);
}

/* Time passes for a peer too: what is on its way to it is a deadline that no actor has. */
static bool
wait_readable (SimEnd *e)
{
  int64_t end = e->sim->now_us + PATIENCE_US;

  for (;;) {
    int64_t when = INT64_MAX;
    if (stk_sim_can_read (e, &when))
      return true;
    if (e->sim->now_us >= end)
      return false;
    if (when != INT64_MAX)
      stk_sim_run (e->sim, when - e->sim->now_us);
    else if (!stk_sim_step (e->sim))
      return false;
  }
}

bool
stk_sim_send (StkSimPeer *p, const void *data, size_t len)
{
  while (len > 0) {
    ssize_t n = stk_sim_end_put (p->end, data, len);
    if (n == -EAGAIN && stk_sim_until (p->end->sim, peer_can_write, p->end, PATIENCE_US))
      continue;
    if (n < 0)
      return false;
    data = (const uint8_t *)data + n;
    len -= (size_t)n;
  }
  return true;
}

bool
stk_sim_receive (StkSimPeer *p, void *to, size_t len)
{
  while (len > 0) {
    ssize_t n = wait_readable (p->end) ? stk_sim_end_read (&p->end->base, to, len) : -ETIMEDOUT;
    if (n <= 0)
      return false;
    to = (uint8_t *)to + n;
    len -= (size_t)n;
  }
  return true;
}

ssize_t
stk_sim_poll (StkSimPeer *p, void *to, size_t len, bool all)
{
  int64_t now = p->end->sim->now_us;
  ssize_t n;

  if (all)
    p->end->sim->now_us = INT64_MAX;
  n = stk_sim_end_read (&p->end->base, to, len);
  p->end->sim->now_us = now;
  return n > 0 ? n : n == -EAGAIN ? 0 : -1;
}

void
stk_sim_close (StkSimPeer *p)
{
  stk_sim_end_close (&p->end->base);
  g_free (p);
}
