/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/disk_call.h"

#include "broker/io.h"

static void
run_to_the_end (StokerCall *call)
{
}

void
stk_disk_call_begin (StkDiskCall *d, StokerCall *call)
{
  d->wait.cancel = run_to_the_end;
  d->call = call;
  d->io = stk_io_of (call->ctx);
  d->pending = 1;
  call->core = d;
}

void
stk_disk_call_end (StkDiskCall *d)
{
  if (--d->pending > 0)
    return;
  d->call->core = NULL;
  stk_call_finish (d->call);
}

static void
part_back (StkTask *t)
{
  StkDiskPart *p = (StkDiskPart *)(void *)t;

  if (p->back)
    p->back (p);
  stk_partition_unref (p->partition);
  stk_disk_call_end (p->owner);
}

static void
part_work (StkDiskPart *p)
{
  if (stk_partition_enter (p->partition)) {
    p->run (p);
    stk_partition_leave (p->partition);
  } else {
    p->error = STOKER_NOT_LEADER_OR_FOLLOWER;
  }
}

static void
part_run (StkTask *t)
{
  StkDiskPart *p = (StkDiskPart *)(void *)t;
  StkActor *actor = p->owner->io->actor;

  part_work (p);
  t->run = part_back;
  stk_actor_post (actor, t);
}

static void
structural_run (StkPartitionWork *w)
{
  StkDiskPart *p = (StkDiskPart *)w;
  StkActor *actor = p->owner->io->actor;

  part_work (p);
  w->task.run = part_back;
  stk_actor_post (actor, &w->task);
}

void
stk_disk_call_send (StkDiskCall *d, StkDiskPart *part, StkPartition *p, bool structural)
{
  part->owner = d;
  part->partition = stk_partition_ref (p);
  part->error = 0;
  d->pending++;
  if (structural) {
    part->work.run = structural_run;
    stk_partition_work (p, &part->work);
  } else {
    part->work.task.run = part_run;
    stk_pool_post (stk_partition_pool (p), &part->work.task);
  }
}
