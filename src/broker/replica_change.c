/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of changes to the replicas, carried out one after the other, and the jobs on disk pools that one consists
 * of.
 */
#include "broker/replicas_private.h"

static void
change_free (StkChange *c)
{
  if (c->topics)
    g_ptr_array_unref (c->topics);
  if (c->specs)
    g_ptr_array_unref (c->specs);
  if (c->spec_counts)
    g_array_unref (c->spec_counts);
  if (c->failed)
    g_array_unref (c->failed);
  if (c->found)
    g_ptr_array_unref (c->found);
  g_free (c);
}

static void change_next (void *replicas);

/* One more job of the change is done; `pending` also counts the start itself, so that an empty change ends here too. */
void
stk_change_job_done (StkChange *c)
{
  StkReplicas *r = c->replicas;

  if (--c->pending > 0)
    return;
  r->first = c->next;
  if (r->first == NULL)
    r->last = NULL;
  else
    stk_actor_call (r->broker->control, change_next, r);
  r->busy = false;
  /* Last, because after a close the caller may free everything. */
  c->finish (c);
  change_free (c);
}

static void
change_next (void *replicas)
{
  StkReplicas *r = replicas;
  StkChange *c = r->first;

  g_assert (!r->busy && c);
  r->busy = true;
  c->pending = 1;
  c->run (c);
  stk_change_job_done (c);
}

void
stk_change_queue (StkChange *c)
{
  StkReplicas *r = c->replicas;

  g_assert (stk_actor_is_current (r->broker->control));
  if (r->last)
    r->last->next = c;
  else
    r->first = c;
  r->last = c;
  /* Posted, so that the caller's done never comes inside its call. */
  if (r->first == c)
    stk_actor_call (r->broker->control, change_next, r);
}

void
stk_change_first (StkChange *c)
{
  StkReplicas *r = c->replicas;

  c->next = r->first;
  r->first = c;
  if (r->last == NULL)
    r->last = c;
  if (c->next == NULL) /* else it was posted for that one */
    stk_actor_call (r->broker->control, change_next, r);
}

StkChange *
stk_change_new (StkReplicas *r, StkChangeKind kind, StkAnyFn done, void *user)
{
  StkChange *c = g_new0 (StkChange, 1);

  c->replicas = r;
  c->kind = kind;
  c->done = done;
  c->user = user;
  return c;
}

/* ---- jobs */

static void
job_free (StkJob *j)
{
  stk_partition_unref (j->partition);
  g_free (j);
}

StkJob *
stk_job_new (StkChange *c, void (*run) (StkTask *t))
{
  StkJob *j = g_new0 (StkJob, 1);

  j->change = c;
  j->task.run = run;
  c->pending++;
  return j;
}

/* From the disk thread back to control. */
void
stk_job_return (StkJob *j, void (*run) (StkTask *t))
{
  j->task.run = run;
  stk_actor_post (j->change->replicas->broker->control, &j->task);
}

void
stk_job_done (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkChange *c = j->change;

  job_free (j);
  stk_change_job_done (c);
}
