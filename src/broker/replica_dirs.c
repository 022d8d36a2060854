/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking the log directories into use and letting go of them, each on its own disk pool.
 */
#include "broker/replicas_private.h"

#include "broker/dir_failure.h"

#include "control/log.h"
#include "module/instance.h"

/* ---- attach */

static void
attach_found (void *user, const StokerLogFound *f)
{
  StkJob *j = user;
  StkFound *found = g_new0 (StkFound, 1);

  found->topic_id = f->topic_id;
  found->dir = f->dir;
  found->storage = j->storage;
  found->replaces = f->replaces;
  g_ptr_array_add (f->future ? j->futures : j->found,
                   g_strdup_printf ("%.*s-%d", (int)f->topic.len, f->topic.data, f->partition));
  g_ptr_array_add (f->future ? j->futures : j->found, found);
}

static void
take_found (StkReplicas *r, GHashTable *table, int dir, GPtrArray *pairs)
{
  for (guint i = 0; i + 1 < pairs->len; i += 2) {
    r->dir_logs[dir]++;
    stk_found_add (table, pairs->pdata[i], pairs->pdata[i + 1]);
  }
  g_ptr_array_unref (pairs);
}

static void
attach_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  take_found (r, r->found, j->dir, j->found);
  take_found (r, r->futures, j->dir, j->futures);
  if (j->error) {
    if (!r->dir_failed[j->dir])
      stk_dir_offline (r, j->dir, j->err.text);
    j->change->dirs_failed++;
    j->change->err = j->err;
  }
  stk_job_done (t);
}

static void
attach_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  j->found = g_ptr_array_new ();
  j->futures = g_ptr_array_new ();
  if (r->dirs[j->dir].unusable) {
    j->error = STOKER_KAFKA_STORAGE_ERROR;
    (void)stoker_error_set (&j->err, STOKER_ERROR_IO, "%s", r->dirs[j->dir].unusable);
  }
  for (guint i = 0; i < r->storages->len && j->error == 0; i++) {
    const StokerStorageOps *ops;
    j->storage = r->storages->pdata[i];
    ops = j->storage->module->ops;
    stk_instance_enter (j->storage);
    if (ops->dir_attach (j->storage, &r->dirs[j->dir], attach_found, j, &j->err) != 0)
      j->error = STOKER_KAFKA_STORAGE_ERROR;
    stk_instance_leave (j->storage);
  }
  stk_job_return (j, attach_back);
}

void
stk_attach_run (StkChange *c)
{
  StkReplicas *r = c->replicas;

  for (int i = 0; i < r->n_dirs; i++) {
    StkJob *j = stk_job_new (c, attach_job);
    j->dir = i;
    stk_pool_post (r->broker->disk_pools[i], &j->task);
  }
}

void
stk_attach_finish (StkChange *c)
{
  StkReplicas *r = c->replicas;

  ((void (*) (void *, const StokerError *))c->done) (c->user, c->dirs_failed == r->n_dirs ? &c->err : NULL);
}

/* ---- detach */

static void
detach_back (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  if (j->error)
    stk_log (r->broker->log, STOKER_LOG_ERROR, "broker", "dir.detach", "%s | dir=%s", j->err.text,
             r->dirs[j->dir].path);
  stk_job_done (t);
}

static void
detach_job (StkTask *t)
{
  StkJob *j = (StkJob *)t;
  StkReplicas *r = j->change->replicas;

  for (guint i = 0; i < r->storages->len; i++) {
    StokerInstance *s = r->storages->pdata[i];
    const StokerStorageOps *ops = s->module->ops;
    stk_instance_enter (s);
    if (ops->dir_detach (s, j->dir, &j->err) != 0)
      j->error = STOKER_KAFKA_STORAGE_ERROR;
    stk_instance_leave (s);
  }
  stk_job_return (j, detach_back);
}

void
stk_detach_run (StkChange *c)
{
  StkReplicas *r = c->replicas;

  for (int i = 0; i < r->n_dirs; i++) {
    StkJob *j;
    if (r->dir_failed[i])
      continue;
    j = stk_job_new (c, detach_job);
    j->dir = i;
    stk_pool_post (r->broker->disk_pools[i], &j->task);
  }
}
