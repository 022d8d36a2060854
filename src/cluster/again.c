/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads whose answer was lost with the connection. What is not known is neither "there is none" nor a reason to look away until the next
 * change, whose watch was not armed either: they are asked again after a while.
 */
#include "cluster/internal.h"

#define AGAIN_US INT64_C (200000)

typedef struct Again
{
  StkReadAgain fn;
  void *user;
} Again;

static void
arm (StkController *c)
{
  if (c->again.slot == 0)
    stk_actor_timer_set (c->b->control, &c->again, stk_actor_now_us (c->b->control) + AGAIN_US);
}

static void
run (StkController *c, bool dropped)
{
  g_autoptr (GArray) all = g_steal_pointer (&c->agains); /* what loses its answer once more adds itself anew */

  for (guint i = 0; all && i < all->len; i++)
    g_array_index (all, Again, i).fn (g_array_index (all, Again, i).user, dropped);
}

static void
due (StkTimer *timer)
{
  StkController *c = (StkController *)(void *)((char *)timer - G_STRUCT_OFFSET (StkController, again));

  if (c->active && c->connected)
    run (c, false);
  else /* first it is to be known whether the tree is still ours (rejoin.c) */
    arm (c);
}

bool
stk_ctl_lost (const StkController *c, const StokerCoordReply *reply)
{
  return !c->stopping && (reply->code == STOKER_COORD_CONNECTION_LOSS || reply->code == STOKER_COORD_SESSION_EXPIRED);
}

void
stk_ctl_again (StkController *c, StkReadAgain fn, void *user)
{
  Again a = { fn, user };

  if (c->agains == NULL)
    c->agains = g_array_new (FALSE, FALSE, sizeof a);
  g_array_append_val (c->agains, a);
  c->again.fire = due;
  arm (c);
}

void
stk_ctl_again_stop (StkController *c)
{
  stk_actor_timer_cancel (c->b->control, &c->again);
  run (c, true);
}
