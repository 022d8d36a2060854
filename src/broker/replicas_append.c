/* SPDX-License-Identifier: Apache-2.0
 *
 * Appends by the broker itself.
 */
#include "broker/engine.h"
#include "broker/replicas_private.h"

typedef struct OwnAppend
{
  StkWaiter waiter; /* first */
  int64_t base_offset;
  void (*done) (void *user, int16_t error, int64_t base_offset);
  void *user;
} OwnAppend;

static void
through (StkWaiter *w)
{
  OwnAppend *a = (OwnAppend *)w;

  a->done (a->user, w->gone, w->gone ? -1 : a->base_offset);
  g_free (a);
}

typedef struct Later
{
  StkTask task;
  OwnAppend *append;
} Later;

static void
run_later (StkTask *t)
{
  OwnAppend *a = ((Later *)t)->append;

  g_free (t);
  through (&a->waiter);
}

/* Between enter and leave. */
static int16_t
append (StkPartition *p, uint8_t *data, size_t len, StkIo *io,
        void (*done) (void *user, int16_t error, int64_t base_offset), void *user)
{
  StokerAppend item = { .data = data,
                        .len = len,
                        .origin = STOKER_ORIGIN_COORDINATOR,
                        .leader_epoch = atomic_load (&p->leading),
                        .now_ms = stk_world_now_ms (p->broker->world),
                        .control_type = -1,
                        .control_epoch = -1 };
  OwnAppend *a;
  Later *l;

  if (stoker_batch_peek (data, len, &item.batch) != 0)
    return STOKER_CORRUPT_MESSAGE;
  stk_engine_append (p, &item, 1);
  if (item.error)
    return item.error;
  stk_partition_advance (p, NULL);
  a = g_new0 (OwnAppend, 1);
  a->base_offset = item.first_offset;
  a->done = done;
  a->user = user;
  a->waiter.io = io;
  a->waiter.watch = STK_WATCH_HW;
  a->waiter.need = item.last_offset + 1;
  a->waiter.wake = through;
  if (stk_waiter_register (&a->waiter, p))
    return 0;
  l = g_new0 (Later, 1);
  l->task.run = run_later;
  l->append = a;
  stk_actor_post (io->actor, &l->task);
  return 0;
}

int16_t
stk_replicas_append (StkReplicas *r, StokerStr topic, int32_t partition, uint8_t *data, size_t len, int io,
                     void (*done) (void *user, int16_t error, int64_t base_offset), void *user)
{
  StkPartition *p = stk_replicas_find (r, io, topic, partition);
  int16_t error;

  if (p == NULL)
    return STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  error = stk_partition_check (p, -1, true);
  if (error == 0)
    error = stk_partition_enough_replicas (p);
  if (error == 0 && !stk_partition_enter (p))
    error = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (error == 0) {
    error = append (p, data, len, io >= 0 ? r->broker->io[io] : r->control_io, done, user);
    stk_partition_leave (p);
  }
  stk_partition_unref (p);
  stk_housekeeping_note (r);
  return error;
}
