/* SPDX-License-Identifier: Apache-2.0
 *
 * Start and stop of a broker, in stages. Each stage is a pair of functions in stages.c; a start runs them in order, a stop
 * (or a failed start) the other way round from wherever it got to. Each stage is logged once, with the time it took.
 *
 * Thread: control.
 */
#ifndef STK_CONTROL_LIFECYCLE_H
#define STK_CONTROL_LIFECYCLE_H

#include "broker/broker.h"

typedef struct StkLifecycle StkLifecycle;

struct StkLifecycle
{
  StokerBroker *b;
  int reached;    /* stages that are started */
  bool stopping;
  bool starting;  /* a stage's start is under way */
  bool running;   /* a start is under way, or its undoing: a stop is seen at its next step */
  bool clean;     /* everything was flushed and closed: the marker may be written */
  StokerError err; /* why a start failed */
  StokerError undoing; /* of a stage that gives back what it took before it reports */
  int64_t began_us, stage_us;
  void (*started) (void *user, const StokerError *err);
  void *started_user;
  void (*stopped) (void *user);
  void *stopped_user;
  StkTimer deadline;
};

typedef struct StkStage
{
  const char *name;
  /* Both end by calling stk_stage_done exactly once, now or later. NULL: nothing to do. */
  void (*start) (StkLifecycle *l);
  void (*stop) (StkLifecycle *l);
} StkStage;

const StkStage *stk_stages (int *n);
/* The stage that runs is done. err NULL: well. A stop never fails: an error in it is logged. */
void stk_stage_done (StkLifecycle *l, const StokerError *err);

#endif
