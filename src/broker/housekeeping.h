/* SPDX-License-Identifier: Apache-2.0
 *
 * What the logs need from time to time, driven from control and done on disk pools: checkpoints some seconds after a
 * change, the engines' own ticks while they have something to do, retention and the expiry of producers at their
 * intervals. Nothing runs while nothing changes, but for the two intervals.
 */
#ifndef STK_BROKER_HOUSEKEEPING_H
#define STK_BROKER_HOUSEKEEPING_H

#include "broker/replicas.h"

typedef struct StkHousekeeping StkHousekeeping;

StkHousekeeping *stk_housekeeping_new (StkReplicas *r); /* becomes the broker's */
void stk_housekeeping_free (StkHousekeeping *h);
/* Control actor: from when the directories are attached until the logs are closed. `stopped` is called (perhaps at
 * once) when nothing of it is under way any more. */
void stk_housekeeping_start (StkHousekeeping *h);
void stk_housekeeping_stop (StkHousekeeping *h, void (*stopped) (void *user), void *user);
bool stk_housekeeping_running (const StkHousekeeping *h);
/* Something was written: a checkpoint and a tick will follow. Any thread; cheap when one is due already. */
void stk_housekeeping_note (StkReplicas *r);
/* The same on control. */
void stk_housekeeping_touch (StkHousekeeping *h);
/* Runs the cleaners (and, with `expire`, forgets idle producers) over all logs now; done on control. For tests and the
 * timer. */
void stk_housekeeping_sweep (StkReplicas *r, bool clean, bool expire, void (*done) (void *user), void *user);

#endif
