/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/partition.h"

#include "broker/engine.h"
#include "broker/io.h"
#include "control/log.h"

StkPartition *
stk_partition_new (StokerBroker *b, char *topic, StokerUuid topic_id, int32_t index, int32_t dir)
{
  StkPartition *p = g_new0 (StkPartition, 1);

  atomic_init (&p->refs, 1);
  atomic_init (&p->gate, STK_GATE_CLOSED);
  atomic_init (&p->leading, -1);
  p->broker = b;
  p->topic = g_ref_string_acquire (topic);
  p->topic_id = topic_id;
  p->index = index;
  atomic_init (&p->dir, dir);
  p->leader = p->leader_epoch = -1;
  p->partition_epoch = -1;
  p->min_isr = 1;
  g_mutex_init (&p->lock);
  return p;
}

StkPartition *
stk_partition_ref (StkPartition *p)
{
  atomic_fetch_add_explicit (&p->refs, 1, memory_order_relaxed);
  return p;
}

void
stk_partition_unref (StkPartition *p)
{
  if (p == NULL || atomic_fetch_sub_explicit (&p->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_assert (p->log == NULL && p->future == NULL);
  g_ref_string_release (p->topic);
  g_free (p->replicas);
  g_mutex_clear (&p->lock);
  g_free (p);
}

/* ---- the gate */

static void
gate_passed (StkPartition *p)
{
  StkTask *t = atomic_exchange (&p->drained, NULL);

  if (t)
    stk_pool_post (stk_partition_pool (p), t);
}

bool
stk_partition_enter (StkPartition *p)
{
  if (G_LIKELY ((atomic_fetch_add_explicit (&p->gate, 1, memory_order_acquire) & STK_GATE_CLOSED) == 0))
    return true;
  stk_partition_leave (p);
  return false;
}

void
stk_partition_leave (StkPartition *p)
{
  if (G_UNLIKELY (atomic_fetch_sub_explicit (&p->gate, 1, memory_order_acq_rel) == (STK_GATE_CLOSED | 1u)))
    gate_passed (p);
}

void
stk_partition_shut (StkPartition *p, int16_t code, StkTask *drained)
{
  atomic_store (&p->leading, -1);
  g_mutex_lock (&p->lock);
  p->leader = -1;
  for (int i = 0; i < STK_WATCHED; i++)
    while (p->waiters[i])
      stk_waiter_signal (p->waiters[i], code);
  g_mutex_unlock (&p->lock);
  atomic_store (&p->drained, drained);
  if ((atomic_fetch_or_explicit (&p->gate, STK_GATE_CLOSED, memory_order_acq_rel) & ~STK_GATE_CLOSED) == 0)
    gate_passed (p);
  /* A waiter that registered between the signals and the closed gate would sleep for ever. */
  g_mutex_lock (&p->lock);
  for (int i = 0; i < STK_WATCHED; i++)
    while (p->waiters[i])
      stk_waiter_signal (p->waiters[i], code);
  g_mutex_unlock (&p->lock);
}

void
stk_partition_unshut (StkPartition *p)
{
  atomic_fetch_and_explicit (&p->gate, ~STK_GATE_CLOSED, memory_order_release);
}

void
stk_partition_fail (StkPartition *p, StkTask *drained)
{
  int32_t leader;

  g_mutex_lock (&p->lock);
  leader = p->leader;
  p->offline = true;
  g_mutex_unlock (&p->lock);
  stk_partition_shut (p, STOKER_KAFKA_STORAGE_ERROR, drained);
  g_mutex_lock (&p->lock);
  p->leader = leader;
  g_mutex_unlock (&p->lock);
}

void
stk_partition_drop_future (StkPartition *p, bool remove)
{
  StokerError err = { 0 };
  StokerLog *future;
  int rc = 0;

  g_mutex_lock (&p->lock);
  future = g_steal_pointer (&p->future);
  g_mutex_unlock (&p->lock);
  if (future && remove)
    STK_ENGINE_CALL (p, rc = p->ops->remove (p->storage, future, &err));
  else if (future)
    STK_ENGINE_CALL (p, p->ops->close (p->storage, future));
  if (rc != 0)
    stk_log (p->broker->log, STOKER_LOG_ERROR, "broker", "move.remove", "%s | topic=%s partition=%d", err.text, p->topic,
             p->index);
}

bool
stk_partition_moving (StkPartition *p)
{
  bool moving;

  g_mutex_lock (&p->lock);
  moving = p->future != NULL;
  g_mutex_unlock (&p->lock);
  return moving;
}

StkPool *
stk_partition_pool (StkPartition *p)
{
  int32_t dir = atomic_load_explicit (&p->dir, memory_order_relaxed);

  return p->broker->disk_pools[dir >= 0 && dir < p->broker->n_dirs ? dir : 0];
}

/* ---- work that changes the structure of the log */

static void
work_run (StkTask *t)
{
  StkPartitionWork *w = (StkPartitionWork *)t, *next;
  StkPartition *p = w->partition;

  w->run (w);
  g_mutex_lock (&p->lock);
  next = p->work_first;
  if (next)
    p->work_first = next->next;
  else
    p->working = false;
  g_mutex_unlock (&p->lock);
  if (next)
    stk_pool_post (stk_partition_pool (p), &next->task);
  stk_partition_unref (p);
}

void
stk_partition_work (StkPartition *p, StkPartitionWork *w)
{
  bool start;

  w->task.run = work_run;
  w->next = NULL;
  w->partition = stk_partition_ref (p);
  g_mutex_lock (&p->lock);
  start = !p->working;
  p->working = true;
  if (!start) {
    if (p->work_first)
      p->work_last->next = w;
    else
      p->work_first = w;
    p->work_last = w;
  }
  g_mutex_unlock (&p->lock);
  if (start)
    stk_pool_post (stk_partition_pool (p), &w->task);
}
