/* SPDX-License-Identifier: Apache-2.0
 *
 * Bringing partitions to the state that they should have: logs are opened or made, epochs begun, settings applied, on
 * disk pools.
 */
#include "broker/engine.h"
#include "broker/moves.h"
#include "broker/replica_start.h"
#include "broker/replicas_private.h"

#include "control/log.h"
#include "module/registry.h"

static void
apply_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkChange *c = j->change;

  if (j->error && c->failed) {
    StkReplicaResult res = { { j->topic->name, j->topic->name_len }, j->spec.partition, j->error,
                             !c->replicas->dir_failed[j->dir] };
    g_array_append_val (c->failed, res);
  }
  if (j->error)
    stk_log (c->replicas->broker->log, STOKER_LOG_ERROR, "broker", "partition.offline", "%s | topic=%s partition=%d",
             j->err.text[0] ? j->err.text : "the log cannot be opened", j->topic->name, j->spec.partition);
  stk_job_done (t);
}

static void
opened_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  if (j->partition->future)
    stk_moves_resume (r->moves, j->partition, j->future_dir);
  if (j->change->kind == STK_CHANGE_OPEN && !stk_start_opened (r->start, j))
    stk_job_done (t);
  else
    apply_back (t);
}

static int
open_log (StkJob *j)
{
  StkPartition *p = j->partition;
  StkReplicas *r = j->change->replicas;
  StokerLogSpec spec = { .topic = { j->topic->name, j->topic->name_len },
                         .partition = p->index,
                         .topic_id = p->topic_id,
                         .dir = &r->dirs[j->dir],
                         .config = &j->topic->config,
                         .create = true,
                         .advanced = stk_partition_advanced,
                         .user = p };
  int rc;

  STK_ENGINE_CALL (p, rc = p->ops->open (p->storage, &spec, &p->log, &j->err));
  if (rc != 0)
    p->log = NULL;
  return rc;
}

static void
take_settings (StkJob *j)
{
  g_mutex_lock (&j->partition->lock);
  j->partition->min_isr = (int16_t)CLAMP (j->topic->config.min_insync_replicas, 1, INT16_MAX);
  g_mutex_unlock (&j->partition->lock);
}

static void
become (StkJob *j)
{
  StkPartition *p = j->partition;
  const StkReplicaPartition *s = &j->spec;

  take_settings (j);
  if (s->leader == p->broker->id && p->log && s->leader_epoch > p->leader_epoch) {
    int32_t latest;
    STK_ENGINE_CALL (p, latest = p->ops->epoch_latest (p->storage, p->log));
    if (latest < s->leader_epoch)
      j->error = (int16_t)stk_engine_epoch_begin (p, s->leader_epoch);
  }
  stk_partition_become (p, s->leader, s->leader_epoch, s->partition_epoch, s->replicas, s->n_replicas, s->isr,
                        s->n_isr);
}

/* Before anything is appended, so that what was copied can be compared with what the log still has. */
static void
open_future (StkJob *j)
{
  StkPartition *p = j->partition;
  StokerLog *future = NULL;
  StokerError err = { 0 };
  int rc = STOKER_KAFKA_STORAGE_ERROR;

  if (p->ops->move_open)
    STK_ENGINE_CALL (p, rc = p->ops->move_open (p->storage, p->log, &j->change->replicas->dirs[j->future_dir],
                                                &j->topic->config, &future, &err));
  if (rc != 0) {
    stk_log (p->broker->log, STOKER_LOG_ERROR, "broker", "move.failed",
             "a move to another log directory cannot go on: %s | topic=%s partition=%d", err.text, p->topic, p->index);
    return;
  }
  p->future = future;
  p->future_dir = j->future_dir;
}

static void
open_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkPartition *p = j->partition;

  p->storage = j->storage;
  p->ops = j->storage->module->ops;
  if (atomic_load (&j->change->replicas->abandon)) { /* the broker stops, and this one waits for nobody */
    j->error = STOKER_KAFKA_STORAGE_ERROR;
    stk_job_return (j, opened_back);
    return;
  }
  j->error = (int16_t)open_log (j);
  if (j->error == 0) {
    STK_ENGINE_CALL (p, j->bytes = p->ops->bytes (p->storage, p->log));
    if (j->future_dir >= 0)
      open_future (j);
    stk_partition_unshut (p);
  }
  become (j);
  stk_job_return (j, opened_back);
}

typedef struct Update
{
  StkPartitionWork work;
  StkJob *job;
} Update;

static void
update_job (StkPartitionWork *w)
{
  Update *u = (Update *)w;
  StkJob *j = u->job;
  StkPartition *p = j->partition;

  if (stk_partition_enter (p)) {
    if (j->configure) {
      take_settings (j);
      stk_engine_configure (p, &j->topic->config);
      if (p->future)
        STK_ENGINE_CALL (p, p->ops->configure (p->storage, p->future, &j->topic->config));
    }
    if (j->lead)
      become (j);
    stk_partition_leave (p);
  }
  g_free (u);
  stk_job_return (j, apply_back);
}

static bool
same_config (const StokerTopicConfig *a, const StokerTopicConfig *b)
{
  StokerTopicConfig x = *a, y = *b;

  x.storage_engine = y.storage_engine = x.partitioner = y.partitioner = NULL;
  return memcmp (&x, &y, sizeof x) == 0;
}

/* The log of another topic lies where this one's should. Nothing proves that nobody wants it any more: it may be
 * another cluster's, or the tree was lost. It is never removed, nor written to. */
static bool
in_the_way (StkReplicas *r, StkJob *j, const StkHosted *h, const StkFound *f)
{
  char theirs[STOKER_UUID_TEXT], ours[STOKER_UUID_TEXT];

  if (stoker_uuid_is_zero (f->topic_id) || stoker_uuid_is_zero (h->id) || stoker_uuid_equal (f->topic_id, h->id))
    return false;
  stoker_uuid_format (f->topic_id, theirs);
  stoker_uuid_format (h->id, ours);
  return stoker_error_set (&j->err, STOKER_ERROR_NOT_OURS,
                           "%.200s/%s-%d holds the log of another topic of this name (id %s, this one is %s); it is left as "
                           "it is: move that folder out of the log directory and restart the broker",
                           r->dirs[f->dir].path, h->name, j->spec.partition, theirs, ours)
         != 0;
}

static bool
refuse (StkJob *j, const char *why)
{
  return stoker_error_set (&j->err, STOKER_ERROR_IO, "%s", why) == 0;
}

/* Any of them, -1: none failed. */
static int
first_failed (const StkReplicas *r)
{
  for (int i = 0; i < r->n_dirs; i++)
    if (r->dir_failed[i])
      return i;
  return -1;
}

/* Two logs of one partition: nothing tells which is the right one. */
static bool
doubled (StkReplicas *r, StkJob *j, const StkHosted *h, const StkFound *f, const StkFound *rival)
{
  return stoker_error_set (&j->err, STOKER_ERROR_NOT_OURS,
                           "%s-%d lies in two log directories, %.150s and %.150s; both are left as they are: move one of "
                           "the two folders away and restart the broker",
                           h->name, j->spec.partition, r->dirs[f->dir].path, r->dirs[rival->dir].path)
         != 0;
}

static bool
take_found (StkReplicas *r, StkJob *j, const StkHosted *h, StkFound *f, StkFound *rival)
{
  j->dir = f->dir;
  j->storage = f->storage;
  if (rival)
    return !doubled (r, j, h, f, rival);
  f->used = true;
  if (r->dir_failed[f->dir])
    return refuse (j, "its log directory is offline");
  return !in_the_way (r, j, h, f);
}

/* Where the log of a partition that is not open yet lives or will live; false: nowhere, j->err says why. */
static bool
place_log (StkReplicas *r, StkJob *j, const StkHosted *h)
{
  StkFound *rival, *f = stk_found_pick (r, h->name, j->spec.partition, h->id, &rival);
  int failed = first_failed (r);

  if (f)
    return take_found (r, j, h, f, rival);
  j->dir = stk_moves_preferred (r, h->name, j->spec.partition);
  if (j->dir < 0)
    j->dir = stk_replicas_emptiest (r);
  j->storage = stk_registry_get (r->broker->registry, STOKER_KIND_STORAGE, h->config.storage_engine);
  if (failed >= 0 && !r->started) {
    /* A log that is not found may be in the directory that failed: an empty one would hide it, now and later. */
    stk_found_note (r, h->name, j->spec.partition, h->id, j->storage, failed);
    return refuse (j, "its log is not in any directory that can be read, and one is offline");
  }
  if (j->dir < 0)
    return refuse (j, "no log directory is usable");
  if (j->storage == NULL)
    return refuse (j, "the topic's storage.engine is not an instance of this broker");
  r->dir_logs[j->dir]++;
  if (!r->started)
    stk_found_missing (r, h->name, j->spec.partition);
  return true;
}

static void
open_partition (StkChange *c, StkHosted *h, const StkReplicaPartition *s)
{
  StkJob *j = stk_job_new (c, open_job);
  bool placed;

  j->topic = h;
  j->spec = *s;
  placed = place_log (c->replicas, j, h);
  j->future_dir = placed ? stk_found_future (c->replicas, h->name, s->partition, h->id, j->dir) : -1;
  j->partition = stk_partition_new (c->replicas->broker, h->name, h->id, s->partition, placed ? j->dir : 0);
  h->partitions[s->partition] = stk_partition_ref (j->partition);
  if (placed && c->replicas->start) {
    c->pending--;
    stk_start_add (c->replicas, j);
  } else if (placed) {
    stk_pool_post (stk_partition_pool (j->partition), &j->task);
  } else {
    j->error = (int16_t)(STOKER_KAFKA_STORAGE_ERROR);
    stk_partition_become (j->partition, s->leader, s->leader_epoch, s->partition_epoch, s->replicas, s->n_replicas,
                          s->isr, s->n_isr);
    stk_job_return (j, apply_back);
  }
}

static void
update_partition (StkChange *c, StkHosted *h, int32_t index, const StkReplicaPartition *s, bool configure)
{
  Update *u = g_new0 (Update, 1);

  u->job = stk_job_new (c, NULL);
  u->job->topic = h;
  u->job->partition = stk_partition_ref (h->partitions[index]);
  u->job->configure = configure;
  u->job->lead = s != NULL;
  if (s)
    u->job->spec = *s;
  else
    u->job->spec.partition = index;
  u->work.run = update_job;
  stk_partition_work (u->job->partition, &u->work);
}

static bool
is_replica (const StkReplicaPartition *s, int32_t id)
{
  for (int32_t i = 0; i < s->n_replicas; i++)
    if (s->replicas[i] == id)
      return true;
  return false;
}

/* Partitions that are open already are shared with the topic's present entry of the table. */
static StkHosted *
inherit (StkReplicas *r, StkHosted *h)
{
  StkHosted *old = stk_table_find (r->current, (StokerStr){ h->name, h->name_len });

  if (old == NULL)
    return NULL;
  if (old->n_partitions > h->n_partitions) {
    h->partitions = g_renew (StkPartition *, h->partitions, old->n_partitions);
    memset (h->partitions + h->n_partitions, 0, sizeof *h->partitions * (size_t)(old->n_partitions - h->n_partitions));
    h->n_partitions = old->n_partitions;
  }
  for (int32_t i = 0; i < old->n_partitions; i++)
    if (old->partitions[i])
      h->partitions[i] = stk_partition_ref (old->partitions[i]);
  return old;
}

static void
apply_topic (StkChange *c, StkHosted *h, const StkReplicaPartition *specs, int32_t n)
{
  StkHosted *old = inherit (c->replicas, h);
  bool configure = old && !same_config (&old->config, &h->config);
  g_autofree bool *done = g_new0 (bool, MAX (h->n_partitions, 1));

  for (int32_t i = 0; i < n; i++) {
    const StkReplicaPartition *s = &specs[i];
    if (!is_replica (s, c->replicas->broker->id) || done[s->partition])
      continue;
    done[s->partition] = true;
    /* One whose log could not be opened is tried again. */
    if (h->partitions[s->partition] && h->partitions[s->partition]->log == NULL)
      g_clear_pointer (&h->partitions[s->partition], stk_partition_unref);
    if (h->partitions[s->partition])
      update_partition (c, h, s->partition, s, configure);
    else
      open_partition (c, h, s);
  }
  for (int32_t i = 0; configure && i < h->n_partitions; i++)
    if (h->partitions[i] && !done[i])
      update_partition (c, h, i, NULL, true);
}

void
stk_apply_run (StkChange *c)
{
  if (c->replicas->aside && !c->replicas->started)
    stk_start_begin (c->replicas);
  for (guint i = 0; i < c->topics->len; i++)
    apply_topic (c, c->topics->pdata[i], c->specs->pdata[i], g_array_index (c->spec_counts, int32_t, i));
}

void
stk_apply_finish (StkChange *c)
{
  StkReplicas *r = c->replicas;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  StkTable *fresh = stk_table_new ((StkHosted *const *)c->topics->pdata, c->topics->len);

  for (uint32_t i = 0; i <= r->current->mask; i++) {
    StkHosted *h = r->current->by_name[i];
    if (h && stk_table_find (fresh, (StokerStr){ h->name, h->name_len }) == NULL)
      g_ptr_array_add (all, h);
  }
  for (guint i = 0; i < c->topics->len; i++)
    g_ptr_array_add (all, c->topics->pdata[i]);
  stk_replicas_publish (r, stk_table_new ((StkHosted *const *)all->pdata, all->len));
  stk_table_unref (fresh);
  if (!r->started)
    stk_found_tell (r);
  if (!r->started && r->start)
    stk_start_go (r, c);
  r->started = true;
  ((void (*) (void *, const StkReplicaResult *, int32_t))c->done) (c->user, (StkReplicaResult *)(void *)c->failed->data,
                                                                   (int32_t)c->failed->len);
}
