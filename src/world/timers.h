/* SPDX-License-Identifier: Apache-2.0
 *
 * A heap of timers by deadline; the timers are embedded in what they belong to. One thread.
 */
#ifndef STK_WORLD_TIMERS_H
#define STK_WORLD_TIMERS_H

#include "world/world.h"

typedef struct StkTimerHeap
{
  StkTimer **at; /* at[0] has the earliest deadline; the children of i are 2i + 1 and 2i + 2 */
  size_t n, cap;
} StkTimerHeap;

void stk_timers_set (StkTimerHeap *h, StkTimer *t, int64_t deadline_us);
void stk_timers_cancel (StkTimerHeap *h, StkTimer *t);
/* Fires what is due at now_us, but nothing that was armed meanwhile. */
void stk_timers_fire (StkTimerHeap *h, int64_t now_us);
/* The earliest deadline, INT64_MAX when there is none. */
int64_t stk_timers_next (const StkTimerHeap *h);
void stk_timers_clear (StkTimerHeap *h);

#endif
