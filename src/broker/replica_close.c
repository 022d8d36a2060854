/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing and closing logs: shut the gate, wait for the last user, then the engine.
 */
#include "broker/engine.h"
#include "broker/replicas_private.h"

#include "control/log.h"

static void
removed_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;
  StkPartition *p = j->partition;
  g_autofree char *key = g_strdup_printf ("%s-%d", p->topic, p->index);

  g_hash_table_remove (r->found, key);
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

  STK_ENGINE_CALL (p, j->error = (int16_t)p->ops->remove (p->storage, p->log, &j->err));
  p->log = NULL;
  stk_job_return (j, removed_back);
}

static void
close_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkPartition *p = j->partition;

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
    if (p == NULL || p->log == NULL || !g_hash_table_add (seen, p))
      continue;
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

void
stk_close_run (StkChange *c)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  StkTable *t = c->replicas->current;

  for (uint32_t i = 0; i <= t->mask; i++)
    if (t->by_name[i])
      shut_partitions (c, t->by_name[i], seen, STOKER_NOT_LEADER_OR_FOLLOWER, close_job);
}
