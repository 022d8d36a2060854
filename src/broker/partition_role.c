/* SPDX-License-Identifier: Apache-2.0
 *
 * Who leads a partition, its replicas, and its high watermark (kafka-facts 8.2, 8.3).
 */
#include "broker/engine.h"
#include "broker/io.h"

static StkReplicaState *
replica_of (StkPartition *p, int32_t id)
{
  for (int i = 0; i < p->n_replicas; i++)
    if (p->replicas[i].id == id)
      return &p->replicas[i];
  return NULL;
}

/* Under the lock: the assignment and ISR, keeping what is known of replicas that stay. */
static void
take_assignment (StkPartition *p, const int32_t *replicas, int n_replicas, const int32_t *isr, int n_isr)
{
  StkReplicaState *now = g_new0 (StkReplicaState, MAX (n_replicas, 1));

  for (int i = 0; i < n_replicas; i++) {
    StkReplicaState *old = replica_of (p, replicas[i]);
    now[i] = old ? *old : (StkReplicaState){ .id = replicas[i], .end = -1, .start = -1 };
    now[i].in_isr = false;
    for (int j = 0; j < n_isr; j++)
      if (isr[j] == replicas[i])
        now[i].in_isr = true;
  }
  g_free (p->replicas);
  p->replicas = now;
  p->n_replicas = (int16_t)n_replicas;
  p->n_isr = (int16_t)n_isr;
}

void
stk_partition_become (StkPartition *p, int32_t leader, int32_t leader_epoch, int32_t partition_epoch,
                      const int32_t *replicas, int n_replicas, const int32_t *isr, int n_isr)
{
  bool lead = leader == p->broker->id && p->log != NULL;
  bool changed;

  g_mutex_lock (&p->lock);
  changed = leader != p->leader || leader_epoch != p->leader_epoch;
  take_assignment (p, replicas, n_replicas, isr, n_isr);
  p->offline = p->log == NULL;
  p->leader = leader;
  p->leader_epoch = leader_epoch;
  p->partition_epoch = partition_epoch;
  if (changed && lead) {
    StokerLogEnds ends;
    stk_engine_ends (p, &ends);
    p->epoch_start = ends.end;
    p->durable = ends.durable;
    atomic_store (&p->hw, ends.hw);
  }
  if (changed && !lead)
    for (int i = 0; i < STK_WATCHED; i++)
      while (p->waiters[i])
        stk_waiter_signal (p->waiters[i], STOKER_NOT_LEADER_OR_FOLLOWER);
  atomic_store (&p->leading, lead ? leader_epoch : -1);
  g_mutex_unlock (&p->lock);
  if (lead && stk_partition_enter (p)) {
    stk_partition_advance (p, NULL);
    stk_partition_leave (p);
  }
}

static int
effective_min_isr (const StkPartition *p)
{
  return MIN (p->min_isr, p->n_replicas);
}

/* Under the lock: where the high watermark may be (kafka-facts 8.3). */
static int64_t
possible_hw (const StkPartition *p)
{
  int64_t low = p->durable;

  if (p->n_isr < effective_min_isr (p))
    return -1;
  for (int i = 0; i < p->n_replicas; i++)
    if (p->replicas[i].in_isr && p->replicas[i].id != p->broker->id)
      low = MIN (low, p->replicas[i].end);
  return low;
}

/* Under the lock. */
static void
signal_up_to (StkPartition *p, StkWatched watch, int64_t end)
{
  for (StkWaiter *w = p->waiters[watch], *next; w; w = next) {
    next = w->next;
    if (end >= w->need)
      stk_waiter_signal (w, 0);
  }
}

void
stk_partition_advance (StkPartition *p, StokerLogEnds *out)
{
  StokerLogEnds ends;
  int64_t hw, old;

  stk_engine_ends (p, &ends);
  g_mutex_lock (&p->lock);
  if (ends.durable > p->durable)
    p->durable = ends.durable;
  old = atomic_load_explicit (&p->hw, memory_order_relaxed);
  hw = atomic_load_explicit (&p->leading, memory_order_relaxed) >= 0 ? possible_hw (p) : -1;
  if (hw > old) {
    stk_engine_set_hw (p, hw);
    atomic_store_explicit (&p->hw, hw, memory_order_release);
    signal_up_to (p, STK_WATCH_HW, hw);
    if (p->waiters[STK_WATCH_STABLE]) {
      stk_engine_ends (p, &ends);
      signal_up_to (p, STK_WATCH_STABLE, ends.stable);
    }
  }
  signal_up_to (p, STK_WATCH_DURABLE, p->durable);
  if (ends.failed)
    for (int i = STK_WATCH_DURABLE; i <= STK_WATCH_HW; i++)
      while (p->waiters[i])
        stk_waiter_signal (p->waiters[i], STOKER_KAFKA_STORAGE_ERROR);
  ends.durable = p->durable;
  ends.hw = MAX (hw, old);
  g_mutex_unlock (&p->lock);
  if (out)
    *out = ends;
}

void
stk_partition_fetched (StkPartition *p, int32_t replica, int64_t end, int64_t start)
{
  int64_t now = stk_world_monotonic_us (p->broker->world);
  StkReplicaState *r;

  g_mutex_lock (&p->lock);
  r = replica_of (p, replica);
  if (r) {
    if (end >= p->durable)
      r->caught_up_us = now;
    else if (r->fetch_us > 0 && end >= r->fetch_leader_end)
      r->caught_up_us = r->fetch_us;
    r->fetch_us = now;
    r->fetch_leader_end = p->durable;
    r->end = end;
    r->start = start;
  }
  g_mutex_unlock (&p->lock);
  if (r)
    stk_partition_advance (p, NULL);
}

void
stk_partition_advanced (void *partition)
{
  StkPartition *p = partition;

  if (stk_partition_enter (p)) {
    stk_partition_advance (p, NULL);
    stk_partition_leave (p);
  }
}

int16_t
stk_partition_check (StkPartition *p, int32_t current_epoch, bool leader_only)
{
  int32_t leading = atomic_load_explicit (&p->leading, memory_order_acquire);
  int32_t epoch = leading;
  bool offline = false;

  if (leading < 0) {
    g_mutex_lock (&p->lock);
    epoch = p->leader_epoch;
    offline = p->offline && p->leader == p->broker->id;
    g_mutex_unlock (&p->lock);
  }
  if (offline)
    return STOKER_KAFKA_STORAGE_ERROR;
  if (current_epoch != -1 && current_epoch < epoch)
    return STOKER_FENCED_LEADER_EPOCH;
  if (current_epoch != -1 && current_epoch > epoch)
    return STOKER_UNKNOWN_LEADER_EPOCH;
  return leading < 0 && leader_only ? STOKER_NOT_LEADER_OR_FOLLOWER : STOKER_OK;
}

int16_t
stk_partition_enough_replicas (StkPartition *p)
{
  bool enough;

  g_mutex_lock (&p->lock);
  enough = p->n_isr >= effective_min_isr (p);
  g_mutex_unlock (&p->lock);
  return enough ? STOKER_OK : STOKER_NOT_ENOUGH_REPLICAS;
}
