/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/call.h"

#include <glib.h>

/* A call that control works on. The I/O thread and control each hold a reference, so that a cancellation that crosses
 * the answer on its way finds something to look at. */
typedef struct ControlCall
{
  StkCallWait wait; /* first: call->core points here */
  StkTask task;     /* to control, then back with the answer */
  int refs;         /* atomic */
  StokerCall *call;
  StkActor *control, *io;
  void (*fn) (StokerCall *call);
  void (*on_cancel) (StokerCall *call); /* control */
  bool answered;                        /* control */
} ControlCall;

typedef struct Cancellation
{
  StkTask task;
  ControlCall *cc;
} Cancellation;

#define FROM_TASK(t) ((ControlCall *)(void *)((char *)(t)-G_STRUCT_OFFSET (ControlCall, task)))

static void control_cancel (StokerCall *call);

static void
unref (ControlCall *cc)
{
  if (__atomic_sub_fetch (&cc->refs, 1, __ATOMIC_ACQ_REL) == 0)
    g_free (cc);
}

static ControlCall *
control_call (StokerCall *call)
{
  StkCallWait *w = call->core;
  return w && w->cancel == control_cancel ? (ControlCall *)w : NULL;
}

static void
finish_here (StokerCall *call)
{
  g_assert (!call->finished && call->done);
  call->finished = true;
  call->core = NULL;
  call->done (call);
}

static void
run_answer (StkTask *t)
{
  ControlCall *cc = FROM_TASK (t);
  StokerCall *call = cc->call;

  finish_here (call);
  unref (cc);
}

typedef struct Answer
{
  StkTask task;
  StokerCall *call;
} Answer;

static void
run_plain_answer (StkTask *t)
{
  Answer *a = (Answer *)t;
  StokerCall *call = a->call;

  g_free (a);
  finish_here (call);
}

void
stk_call_finish (StokerCall *call)
{
  StokerBroker *b = call->ctx->broker;
  StkActor *io = b->io_actors[call->ctx->io];
  ControlCall *cc = control_call (call);
  Answer *a;

  if (cc) {
    /* control_call's task has run, so it can carry the answer back. */
    cc->answered = true;
    cc->task.run = run_answer;
    stk_actor_post (io, &cc->task);
    return;
  }
  if (stk_actor_is_current (io)) {
    finish_here (call);
    return;
  }
  a = g_new0 (Answer, 1);
  a->task.run = run_plain_answer;
  a->call = call;
  stk_actor_post (io, &a->task);
}

static void
run_on_control (StkTask *t)
{
  ControlCall *cc = FROM_TASK (t);

  cc->fn (cc->call);
}

void
stk_call_on_control (StokerCall *call, void (*fn) (StokerCall *call))
{
  StokerBroker *b = call->ctx->broker;
  ControlCall *cc = g_new0 (ControlCall, 1);

  g_assert (call->core == NULL);
  cc->wait.cancel = control_cancel;
  cc->refs = 1;
  cc->call = call;
  cc->control = b->control;
  cc->io = b->io_actors[call->ctx->io];
  cc->fn = fn;
  cc->task.run = run_on_control;
  call->core = cc;
  stk_actor_post (cc->control, &cc->task);
}

void
stk_call_on_cancel (StokerCall *call, void (*fn) (StokerCall *call))
{
  ControlCall *cc = control_call (call);

  g_assert (cc && stk_actor_is_current (cc->control));
  cc->on_cancel = fn;
}

static void
run_cancellation (StkTask *t)
{
  Cancellation *c = (Cancellation *)t;

  if (!c->cc->answered && c->cc->on_cancel)
    c->cc->on_cancel (c->cc->call);
  unref (c->cc);
  g_free (c);
}

static void
control_cancel (StokerCall *call)
{
  ControlCall *cc = call->core;
  Cancellation *c = g_new0 (Cancellation, 1);

  __atomic_add_fetch (&cc->refs, 1, __ATOMIC_RELAXED);
  c->task.run = run_cancellation;
  c->cc = cc;
  stk_actor_post (cc->control, &c->task);
}

void
stoker_call_cancel (StokerCall *call)
{
  StkCallWait *w = call->core;

  if (!call->finished && w)
    w->cancel (call);
}
