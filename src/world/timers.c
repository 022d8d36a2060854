/* SPDX-License-Identifier: Apache-2.0 */
#include "world/timers.h"

#include <glib.h>

#define KEEP 64u /* slots that an empty heap may hold */

static void
place (StkTimerHeap *h, size_t i, StkTimer *t)
{
  h->at[i] = t;
  t->slot = i + 1;
}

static void
sift_up (StkTimerHeap *h, size_t i, StkTimer *t)
{
  while (i > 0) {
    size_t up = (i - 1) / 2;
    if (h->at[up]->deadline_us <= t->deadline_us)
      break;
    place (h, i, h->at[up]);
    i = up;
  }
  place (h, i, t);
}

static void
sift_down (StkTimerHeap *h, size_t i, StkTimer *t)
{
  for (;;) {
    size_t kid = 2 * i + 1;
    if (kid >= h->n)
      break;
    if (kid + 1 < h->n && h->at[kid + 1]->deadline_us < h->at[kid]->deadline_us)
      kid++;
    if (t->deadline_us <= h->at[kid]->deadline_us)
      break;
    place (h, i, h->at[kid]);
    i = kid;
  }
  place (h, i, t);
}

void
stk_timers_set (StkTimerHeap *h, StkTimer *t, int64_t deadline_us)
{
  int64_t before = t->deadline_us;

  t->deadline_us = deadline_us;
  if (t->slot != 0) {
    if (deadline_us < before)
      sift_up (h, t->slot - 1, t);
    else
      sift_down (h, t->slot - 1, t);
    return;
  }
  if (h->n == h->cap) {
    h->cap = h->cap ? h->cap * 2 : 16;
    h->at = g_renew (StkTimer *, h->at, h->cap);
  }
  sift_up (h, h->n++, t);
}

void
stk_timers_cancel (StkTimerHeap *h, StkTimer *t)
{
  size_t i = t->slot - 1;
  StkTimer *last;

  if (t->slot == 0)
    return;
  t->slot = 0;
  last = h->at[--h->n];
  if (last != t) {
    if (i > 0 && last->deadline_us < h->at[(i - 1) / 2]->deadline_us)
      sift_up (h, i, last);
    else
      sift_down (h, i, last);
  }
  if (h->n == 0 && h->cap > KEEP)
    stk_timers_clear (h);
}

void
stk_timers_fire (StkTimerHeap *h, int64_t now_us)
{
  /* A timer that arms itself again for a time that has passed must not keep the loop here. */
  for (size_t most = h->n; most > 0 && h->n > 0 && h->at[0]->deadline_us <= now_us; most--) {
    StkTimer *t = h->at[0];
    stk_timers_cancel (h, t);
    t->fire (t);
  }
}

int64_t
stk_timers_next (const StkTimerHeap *h)
{
  return h->n ? h->at[0]->deadline_us : INT64_MAX;
}

void
stk_timers_clear (StkTimerHeap *h)
{
  for (size_t i = 0; i < h->n; i++)
    h->at[i]->slot = 0;
  g_free (h->at);
  *h = (StkTimerHeap){ 0 };
}
