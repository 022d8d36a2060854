/* SPDX-License-Identifier: Apache-2.0
 *
 * A move: a future log is opened in the other directory and filled in steps on that directory's disk threads, throttled
 * over all moves together; when nearly nothing is missing, the engine lets it take the log's place. The partition stays
 * the same object throughout: requests do not notice.
 */
#include "broker/engine.h"
#include "broker/moves.h"
#include "broker/replicas_private.h"

#include "config/broker_config.h"
#include "control/log.h"

#include <inttypes.h>

enum
{
  STEP_BYTES = 1 << 20,
  SWAP_BYTES = 256 << 10, /* what may be left to copy while appends wait */
  MOST_PREFERRED = 10000,
};

typedef struct Move
{
  StkPartitionWork work; /* first: opening, swapping, dropping */
  StkTask task;          /* copying; and back to control */
  StkTimer timer;        /* the throttle */
  StkMoves *moves;
  StkPartition *partition;
  StkHosted *topic; /* its settings; NULL: resumed */
  int from, to;
  bool cancel, remove; /* end it; and what was copied goes */
  bool gone;           /* the partition was closed meanwhile, and its future log with it */
  int rc;
  StokerError err;
  size_t asked;
  uint64_t copied, total;
  int64_t lag, began_us;
  void (*begun) (void *user, int16_t error); /* who asked; NULL: answered */
  void *begun_user;
  int next; /* where it shall go instead, when it has ended; -1: nowhere */
  void (*next_done) (void *user, int16_t error);
  void *next_user;
} Move;

struct StkMoves
{
  StkReplicas *replicas;
  GPtrArray *list;       /* of Move */
  int64_t free_us;       /* when the throttle lets the next step begin */
  GHashTable *preferred; /* "topic-partition" -> dir + 1 */
  StkChange *stopping;
};

static void step (Move *m);
static void begin (StkMoves *moves, StkHosted *h, StkPartition *p, int to, void (*done) (void *user, int16_t error),
                   void *user);

StkMoves *
stk_moves_new (StkReplicas *r)
{
  StkMoves *m = g_new0 (StkMoves, 1);

  m->replicas = r;
  m->list = g_ptr_array_new ();
  m->preferred = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return m;
}

static void
move_free (Move *m)
{
  stk_hosted_unref (m->topic);
  stk_partition_unref (m->partition);
  g_free (m);
}

void
stk_moves_free (StkMoves *m)
{
  for (guint i = 0; i < m->list->len; i++) {
    Move *one = m->list->pdata[i];
    stk_actor_timer_cancel (m->replicas->broker->control, &one->timer);
    move_free (one);
  }
  g_ptr_array_unref (m->list);
  g_hash_table_unref (m->preferred);
  g_free (m);
}

static void
answer (Move *m, int16_t error)
{
  void (*begun) (void *user, int16_t error) = g_steal_pointer (&m->begun);

  if (begun)
    begun (m->begun_user, error);
}

static void
say (const Move *m, StokerLogLevel level, const char *event, const char *text)
{
  StkReplicas *r = m->moves->replicas;

  stk_log (r->broker->log, level, "broker", event,
           "%s | topic=%s partition=%d from=%s to=%s bytes=%" PRIu64 " ms=%" PRId64, text, m->partition->topic,
           m->partition->index, r->dirs[m->from].path, r->dirs[m->to].path, m->total,
           (stk_world_monotonic_us (r->broker->world) - m->began_us) / 1000);
}

/* It is over, one way or the other; the log lies in directory `lies`. */
static void
end (Move *m, int lies)
{
  StkMoves *moves = m->moves;
  StkReplicas *r = moves->replicas;

  answer (m, m->gone ? STOKER_KAFKA_STORAGE_ERROR : 0);
  r->dir_logs[lies == m->to ? m->from : m->to]--;
  g_ptr_array_remove_fast (moves->list, m);
  if (m->next >= 0 && !r->closing && !m->gone)
    begin (moves, m->topic, m->partition, m->next, m->next_done, m->next_user);
  else if (m->next_done)
    m->next_done (m->next_user, m->gone ? STOKER_KAFKA_STORAGE_ERROR : 0);
  move_free (m);
  stk_housekeeping_note (r);
  if (moves->stopping && moves->list->len == 0)
    stk_change_job_done (g_steal_pointer (&moves->stopping));
}

/* ---- what disk threads do. Control is told before the partition is left: whoever waits for it to be left finds that
 * nothing more comes. */

#define MOVE_OF_TASK(t) ((Move *)(void *)((char *)(t)-G_STRUCT_OFFSET (Move, task)))

static void
back (Move *m, bool inside, void (*run) (StkTask *t))
{
  StkPartition *p = stk_partition_ref (m->partition);

  m->gone = !inside;
  m->task.run = run;
  stk_actor_post (p->broker->control, &m->task);
  if (inside)
    stk_partition_leave (p);
  stk_partition_unref (p);
}

static void
dropped (StkTask *t)
{
  Move *m = MOVE_OF_TASK (t);

  end (m, m->from);
}

static void
drop_work (StkPartitionWork *w)
{
  Move *m = (Move *)w;
  bool inside = stk_partition_enter (m->partition);

  if (inside)
    stk_partition_drop_future (m->partition, m->remove);
  back (m, inside, dropped);
}

static void
drop (Move *m, bool remove)
{
  m->remove = remove;
  m->work.run = drop_work;
  stk_partition_work (m->partition, &m->work);
}

/* Something went wrong on a disk. What was copied is of no use; in a directory that failed nothing is touched. */
static void
fail (Move *m)
{
  StkReplicas *r = m->moves->replicas;

  say (m, STOKER_LOG_ERROR, "move.failed", m->err.text[0] ? m->err.text : "a partition cannot be moved");
  answer (m, STOKER_KAFKA_STORAGE_ERROR);
  drop (m, !r->dir_failed[m->to]);
}

static void
swapped (StkTask *t)
{
  Move *m = MOVE_OF_TASK (t);

  if (m->gone) {
    end (m, m->from);
  } else if (m->rc == STOKER_REQUEST_TIMED_OUT) {
    step (m);
  } else if (m->rc != 0) {
    fail (m);
  } else {
    say (m, STOKER_LOG_INFO, "move.done", "a partition was moved to another log directory");
    end (m, m->to);
  }
}

static void
swap_work (StkPartitionWork *w)
{
  Move *m = (Move *)w;
  StkPartition *p = m->partition;
  bool inside = stk_partition_enter (p);

  if (inside) {
    StokerLog *future;
    /* Taken from those who look at it: the engine may let go of it at any moment. */
    g_mutex_lock (&p->lock);
    future = g_steal_pointer (&p->future);
    g_mutex_unlock (&p->lock);
    STK_ENGINE_CALL (p, m->rc = p->ops->move_swap (p->storage, p->log, future, SWAP_BYTES, &m->err));
    g_mutex_lock (&p->lock);
    if (m->rc == 0)
      atomic_store (&p->dir, m->to);
    else
      p->future = future;
    g_mutex_unlock (&p->lock);
    if (m->rc == 0)
      stk_partition_advance (p, NULL);
  }
  back (m, inside, swapped);
}

static int64_t
rate_of (const StkReplicas *r)
{
  return r->broker->config->replica_alter_log_dirs_io_max_bytes_per_second;
}

/* How long the bytes of the last step keep the next one, of any move, away. */
static void
charge (Move *m)
{
  StkMoves *moves = m->moves;
  StokerBroker *b = moves->replicas->broker;
  int64_t rate = rate_of (moves->replicas), now = stk_actor_now_us (b->control);

  moves->free_us = MAX (moves->free_us, now);
  if (rate < INT64_MAX / 1000000)
    moves->free_us += (int64_t)((double)m->copied * 1e6 / (double)rate);
}

static void
copied (StkTask *t)
{
  Move *m = MOVE_OF_TASK (t);

  m->total += m->copied;
  charge (m);
  if (m->gone)
    end (m, m->from);
  else if (m->rc != 0)
    fail (m);
  else if (m->lag > 0 && m->copied >= m->asked)
    step (m);
  else if (m->cancel || m->moves->replicas->closing)
    step (m);
  else {
    m->work.run = swap_work;
    stk_partition_work (m->partition, &m->work);
  }
}

static void
copy_run (StkTask *t)
{
  Move *m = MOVE_OF_TASK (t);
  StkPartition *p = m->partition;
  bool inside = stk_partition_enter (p);

  m->copied = 0;
  if (inside)
    STK_ENGINE_CALL (p,
                     m->rc = p->ops->move_copy (p->storage, p->log, p->future, m->asked, &m->copied, &m->lag, &m->err));
  back (m, inside, copied);
}

/* ---- on control */

static void
step_now (StkTimer *t)
{
  step ((Move *)(void *)((char *)t - G_STRUCT_OFFSET (Move, timer)));
}

static void
step (Move *m)
{
  StkReplicas *r = m->moves->replicas;
  StkActor *control = r->broker->control;

  if (r->closing) {
    m->gone = true; /* closing the partition takes care of the future log: the next start goes on with it */
    end (m, m->from);
  } else if (m->cancel) {
    say (m, STOKER_LOG_INFO, "move.ended", "a move to another log directory was called off");
    drop (m, true);
  } else if (m->moves->free_us > stk_actor_now_us (control)) {
    m->timer.fire = step_now;
    stk_actor_timer_set (control, &m->timer, m->moves->free_us);
  } else {
    /* What is allowed in a quarter of a second at a time, so that many moves share it. */
    m->asked = (size_t)CLAMP (rate_of (r) / 4, SWAP_BYTES / 4, STEP_BYTES);
    m->task.run = copy_run;
    stk_pool_post (r->broker->disk_pools[m->to], &m->task);
  }
}

static Move *
move_new (StkMoves *moves, StkHosted *h, StkPartition *p, int to)
{
  Move *m = g_new0 (Move, 1);

  m->moves = moves;
  m->partition = stk_partition_ref (p);
  m->topic = h ? stk_hosted_ref (h) : NULL;
  m->from = p->dir;
  m->to = to;
  m->next = -1;
  m->began_us = stk_world_monotonic_us (moves->replicas->broker->world);
  g_ptr_array_add (moves->list, m);
  return m;
}

static void
opened (StkTask *t)
{
  Move *m = MOVE_OF_TASK (t);

  if (m->gone) {
    end (m, m->from);
  } else if (m->rc != 0) {
    answer (m, (int16_t)m->rc);
    fail (m);
  } else {
    say (m, STOKER_LOG_INFO, "move.begun", "a partition is being moved to another log directory");
    answer (m, 0);
    step (m);
  }
}

static void
open_work (StkPartitionWork *w)
{
  Move *m = (Move *)w;
  StkPartition *p = m->partition;
  StokerLog *future = NULL;
  bool inside = stk_partition_enter (p);

  if (inside)
    STK_ENGINE_CALL (p, m->rc = p->ops->move_open (p->storage, p->log, &m->moves->replicas->dirs[m->to],
                                                   &m->topic->config, &future, &m->err));
  g_mutex_lock (&p->lock);
  p->future = future;
  p->future_dir = m->to;
  g_mutex_unlock (&p->lock);
  back (m, inside, opened);
}

static void
begin (StkMoves *moves, StkHosted *h, StkPartition *p, int to, void (*done) (void *user, int16_t error), void *user)
{
  StkReplicas *r = moves->replicas;
  Move *m;

  for (int i = 0; i < r->n_dirs; i++)
    if (r->dir_failed[i]) { /* as in Kafka: there might be a future log of it already */
      done (user, STOKER_KAFKA_STORAGE_ERROR);
      return;
    }
  if (to == p->dir || h == NULL) {
    done (user, 0);
    return;
  }
  m = move_new (moves, h, p, to);
  m->begun = done;
  m->begun_user = user;
  r->dir_logs[to]++;
  m->work.run = open_work;
  stk_partition_work (p, &m->work);
}

void
stk_moves_resume (StkMoves *moves, StkPartition *p, int to)
{
  Move *m = move_new (moves, NULL, p, to);

  say (m, STOKER_LOG_INFO, "move.resumed", "a move to another log directory goes on");
  step (m);
}

static Move *
find (const StkMoves *moves, const StkPartition *p)
{
  for (guint i = 0; i < moves->list->len; i++)
    if (((Move *)moves->list->pdata[i])->partition == p)
      return moves->list->pdata[i];
  return NULL;
}

void
stk_moves_ask (StkMoves *moves, const StkHosted *h, StkPartition *p, int to, void (*done) (void *user, int16_t error),
               void *user)
{
  Move *m = find (moves, p);

  if (p->ops == NULL || p->ops->move_open == NULL) {
    done (user, STOKER_INVALID_REQUEST); /* an engine that keeps nothing in directories */
    return;
  }
  if (m == NULL) {
    begin (moves, (StkHosted *)h, p, to, done, user);
    return;
  }
  if (m->to == to && !m->cancel) {
    done (user, 0);
    return;
  }
  if (m->next_done)
    m->next_done (m->next_user, 0); /* overtaken by this one */
  if (m->topic == NULL)
    m->topic = stk_hosted_ref ((StkHosted *)h);
  m->cancel = true;
  m->next = to;
  m->next_done = done;
  m->next_user = user;
  if (m->timer.slot) {
    stk_actor_timer_cancel (moves->replicas->broker->control, &m->timer);
    step (m);
  }
}

void
stk_moves_stop (StkMoves *moves, StkChange *c)
{
  for (guint i = moves->list->len; i > 0; i--) {
    Move *m = moves->list->pdata[i - 1];
    if (m->timer.slot) {
      stk_actor_timer_cancel (moves->replicas->broker->control, &m->timer);
      step (m);
    }
  }
  if (moves->list->len == 0)
    return;
  c->pending++;
  moves->stopping = c;
}

/* ---- of partitions that are not there yet */

void
stk_moves_prefer (StkMoves *m, StokerStr topic, int32_t partition, int dir)
{
  char *key = g_strdup_printf ("%.*s-%d", (int)topic.len, topic.data, partition);

  if (g_hash_table_size (m->preferred) < MOST_PREFERRED || g_hash_table_contains (m->preferred, key))
    g_hash_table_insert (m->preferred, key, GINT_TO_POINTER (dir + 1));
  else
    g_free (key);
}

int
stk_moves_preferred (StkReplicas *r, const char *topic, int32_t partition)
{
  g_autofree char *key = g_strdup_printf ("%s-%d", topic, partition);
  int dir = GPOINTER_TO_INT (g_hash_table_lookup (r->moves->preferred, key)) - 1;

  g_hash_table_remove (r->moves->preferred, key);
  return dir >= 0 && !r->dir_failed[dir] ? dir : -1;
}
