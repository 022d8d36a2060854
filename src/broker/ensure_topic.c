/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ensure_topic.h"

#include "broker/io.h"
#include "cluster/topics.h"

typedef struct Ensure
{
  StkCallWait wait; /* first: core of the call */
  StkTask task;     /* to control and back */
  StokerCall *call;
  const StokerStr *names;
  StkEnsured *results;
  int n;
  void (*done) (void *user, const StkEnsured *results, int n);
  void *user;
} Ensure;

#define FROM_TASK(t) ((Ensure *)(void *)((char *)(t)-G_STRUCT_OFFSET (Ensure, task)))

bool
stk_topic_name_valid (StokerStr name)
{
  if (name.data == NULL || name.len == 0 || name.len > 249 || stoker_str_is (name, ".") || stoker_str_is (name, ".."))
    return false;
  for (size_t i = 0; i < name.len; i++)
    if (!g_ascii_isalnum (name.data[i]) && name.data[i] != '.' && name.data[i] != '_' && name.data[i] != '-')
      return false;
  return true;
}

/* Creation goes on without the client, and its end is near. */
static void
let_it_end (StokerCall *call)
{
}

static void
back_on_io (StkTask *t)
{
  Ensure *e = FROM_TASK (t);

  e->done (e->user, e->results, e->n);
}

static void
made (void *user, const int16_t *errors)
{
  Ensure *e = user;

  for (int i = 0; i < e->n; i++)
    e->results[i] = (StkEnsured){ e->names[i], errors[i] };
  e->task.run = back_on_io;
  stk_actor_post (e->call->ctx->broker->io_actors[e->call->ctx->io], &e->task);
}

static void
make_on_control (StkTask *t)
{
  Ensure *e = FROM_TASK (t);

  stk_topics_auto_create (e->call->ctx->broker->topics, e->names, e->n, made, e);
}

void
stk_ensure_topics (StokerCall *call, const StokerStr *names, int n,
                   void (*done) (void *user, const StkEnsured *results, int n), void *user)
{
  Ensure *e = stoker_arena_calloc (call->arena, 1, sizeof *e);

  e->wait.cancel = let_it_end;
  e->call = call;
  e->names = names;
  e->results = stoker_arena_calloc (call->arena, (size_t)n, sizeof *e->results);
  e->n = n;
  e->done = done;
  e->user = user;
  e->task.run = make_on_control;
  call->core = e;
  stk_actor_post (call->ctx->broker->control, &e->task);
}
