/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing and closing logs: shut the gate, wait for the last user, then the engine.
 */
#include "broker/cleaner.h"
#include "broker/engine.h"
#include "broker/moves.h"
#include "broker/replicas_private.h"

#include "config/topic_config.h"
#include "control/log.h"

static void
removed_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;
  StkPartition *p = j->partition;

  stk_found_forget (r, p->topic, p->index, p->topic_id);
  r->dir_logs[p->dir]--;
  if (j->error)
    stk_log (r->broker->log, STOKER_LOG_ERROR, "broker", "partition.remove", "%s | topic=%s partition=%d", j->err.text,
             p->topic, p->index);
  stk_housekeeping_note (r);
  stk_job_done (t);
}

static void
remove_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkPartition *p = j->partition;

  stk_partition_drop_future (p, true);
  STK_ENGINE_CALL (p, j->error = (int16_t)p->ops->remove (p->storage, p->log, &j->err));
  p->log = NULL;
  stk_job_return (j, removed_back);
}

void
stk_close_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkPartition *p = j->partition;

  stk_partition_drop_future (p, false);
  STK_ENGINE_CALL (p, p->ops->close (p->storage, p->log));
  p->log = NULL;
  stk_job_return (j, stk_job_done);
}

static void
shut_partitions (StkChange *c, StkHosted *h, GHashTable *seen, int16_t code, void (*run) (StkTask *t))
{
  for (int32_t i = 0; i < h->n_partitions; i++) {
    StkPartition *p = h->partitions[i];
    StkJob *j;
    if (p == NULL || !g_hash_table_add (seen, p))
      continue;
    if (p->log == NULL) { /* offline: what lies in a directory that failed is a stray from now on */
      if (code == STOKER_UNKNOWN_TOPIC_OR_PARTITION)
        stk_found_forget (c->replicas, p->topic, p->index, p->topic_id);
      continue;
    }
    j = stk_job_new (c, run);
    j->partition = stk_partition_ref (p);
    stk_partition_shut (p, code, &j->task);
  }
}

void
stk_remove_run (StkChange *c)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < c->topics->len; i++)
    shut_partitions (c, c->topics->pdata[i], seen, STOKER_UNKNOWN_TOPIC_OR_PARTITION, remove_job);
}

/* ---- logs that were never opened: their topic was being deleted when the broker started, or was deleted while their
 * directory was offline */

static void
found_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  if (j->error)
    stk_log (r->broker->log, STOKER_LOG_ERROR, "broker", "partition.remove", "%s | topic=%s partition=%d", j->err.text,
             j->partition->topic, j->partition->index);
  else {
    r->dir_logs[j->dir]--;
    stk_log (r->broker->log, STOKER_LOG_INFO, "broker", "partition.removed",
             "the log of a topic that was deleted is removed | topic=%s partition=%d dir=%s", j->partition->topic,
             j->partition->index, r->dirs[j->dir].path);
  }
  stk_found_forget (r, j->partition->topic, j->partition->index, j->partition->topic_id);
  stk_housekeeping_note (r);
  stk_job_done (t);
}

static void
remove_found_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkPartition *p = j->partition;
  StokerLogSpec spec = { .topic = stoker_str (p->topic),
                         .partition = p->index,
                         .topic_id = p->topic_id,
                         .dir = &j->change->replicas->dirs[j->dir],
                         .config = &j->plain,
                         .advanced = stk_partition_advanced,
                         .user = p };

  STK_ENGINE_CALL (p, j->error = (int16_t)p->ops->open (p->storage, &spec, &p->log, &j->err));
  if (j->error == 0)
    STK_ENGINE_CALL (p, j->error = (int16_t)p->ops->remove (p->storage, p->log, &j->err));
  p->log = NULL;
  stk_topic_config_clear (&j->plain);
  stk_job_return (j, found_back);
}

/* The partition number in KEY, "TOPIC-N", or -1: it is of another topic. */
static int32_t
number_of (const char *key, StokerStr topic)
{
  size_t n = strlen (key);

  if (n <= topic.len + 1 || memcmp (key, topic.data, topic.len) != 0 || key[topic.len] != '-'
      || strspn (key + topic.len + 1, "0123456789") != n - topic.len - 1)
    return -1;
  return (int32_t)g_ascii_strtoll (key + topic.len + 1, NULL, 10);
}

static void
remove_one (StkChange *c, char *name, int32_t partition, const StkFound *f)
{
  StkReplicas *r = c->replicas;
  StkJob *j = stk_job_new (c, remove_found_job);

  j->dir = f->dir;
  stk_topic_config_make (r->broker->config, NULL, 0, &j->plain);
  j->partition = stk_partition_new (r->broker, name, f->topic_id, partition, f->dir);
  j->partition->storage = f->storage;
  j->partition->ops = f->storage->module->ops;
  stk_pool_post (stk_partition_pool (j->partition), &j->task);
}

void
stk_remove_found (StkChange *c, StokerStr topic, StokerUuid id)
{
  StkReplicas *r = c->replicas;
  GHashTableIter it;
  void *key, *value;
  char *name = g_ref_string_new_len (topic.data, (gssize)topic.len);

  g_hash_table_iter_init (&it, r->found);
  while (g_hash_table_iter_next (&it, &key, &value)) {
    int32_t partition = number_of (key, topic);
    for (StkFound *f = partition < 0 ? NULL : value; f; f = f->next)
      if (!f->used && (stoker_uuid_is_zero (id) || stoker_uuid_equal (id, f->topic_id))) {
        f->used = true;
        remove_one (c, name, partition, f);
      }
  }
  g_ref_string_release (name);
}

void
stk_close_run (StkChange *c)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  StkTable *t = c->replicas->current;

  stk_moves_stop (c->replicas->moves, c);
  for (uint32_t i = 0; i <= t->mask; i++)
    if (t->by_name[i])
      shut_partitions (c, t->by_name[i], seen, STOKER_NOT_LEADER_OR_FOLLOWER, stk_close_job);
}
