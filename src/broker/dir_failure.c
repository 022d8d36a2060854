/* SPDX-License-Identifier: Apache-2.0
 *
 * A log directory fails while the broker runs: its partitions go offline, the others do not notice. It comes back with
 * a restart, as in Kafka: what a disk did to files that were being written to is for recovery to find out.
 */
#include "broker/dir_failure.h"

#include "broker/engine.h"
#include "broker/replicas_private.h"

#include "cluster/controller.h"
#include "control/log.h"
#include "control/metrics.h"

/* ---- being told */

typedef struct Report
{
  StkReplicas *replicas;
  int dir, error;
  char *what;
} Report;

static void fail_queue (StkReplicas *r, int dir);

void
stk_dir_offline (StkReplicas *r, int dir, const char *why)
{
  r->dir_failed[dir] = true;
  stoker_metric_add (stk_metrics_core (r->broker->metrics, STK_METRIC_LOG_DIRS_OFFLINE), 1);
  stk_log (r->broker->log, STOKER_LOG_ERROR, "broker", "dir.offline",
           "a log directory is offline until the broker is restarted: %s | dir=%s", why, r->dirs[dir].path);
}

static void
reported (void *user)
{
  Report *f = user;
  StkReplicas *r = f->replicas;
  g_autofree char *why = g_strdup_printf ("%s: %s", f->what, g_strerror (-f->error));

  if (!r->dir_failed[f->dir] && !r->closing) {
    stk_dir_offline (r, f->dir, why);
    fail_queue (r, f->dir);
  }
  g_free (f->what);
  g_free (f);
}

void
stk_dir_failed (void *replicas, int dir, int error, const char *what)
{
  StkReplicas *r = replicas;
  Report *f;

  if (dir < 0 || dir >= r->n_dirs || atomic_exchange (&r->dir_told[dir], true))
    return;
  f = g_new (Report, 1);
  *f = (Report){ r, dir, error, g_strdup (what) };
  stk_actor_call (r->broker->control, reported, f);
}

/* ---- its partitions */

static void
close_partition (StkChange *c, StkPartition *p)
{
  StkJob *j = stk_job_new (c, stk_close_job);

  /* Known to lie there, so that nobody makes an empty one elsewhere. */
  stk_found_note (c->replicas, p->topic, p->index, p->topic_id, p->storage, p->dir);
  j->partition = stk_partition_ref (p);
  stk_partition_fail (p, &j->task);
}

static void
fail_run (StkChange *c)
{
  StkReplicas *r = c->replicas;
  StkTable *t = r->current;

  for (guint i = 0; i < r->storages->len; i++) {
    StokerInstance *s = r->storages->pdata[i];
    const StokerStorageOps *ops = s->module->ops;
    stk_instance_enter (s);
    if (ops->dir_abandon)
      ops->dir_abandon (s, c->dir);
    stk_instance_leave (s);
  }
  for (uint32_t i = 0; i <= t->mask; i++) {
    StkHosted *h = t->by_name[i];
    bool any = false;
    for (int32_t k = 0; h && k < h->n_partitions; k++) {
      StkPartition *p = h->partitions[k];
      if (p == NULL || p->dir != c->dir || p->log == NULL)
        continue;
      close_partition (c, p);
      any = true;
    }
    if (any)
      g_ptr_array_add (c->topics, stk_hosted_ref (h));
  }
}

/* They are closed: what the cluster sees of them changes. */
static void
fail_finish (StkChange *c)
{
  StkReplicas *r = c->replicas;
  g_autofree StokerStr *names = g_new (StokerStr, c->topics->len + 1);
  int left = 0;

  for (guint i = 0; i < c->topics->len; i++) {
    const StkHosted *h = c->topics->pdata[i];
    names[i] = (StokerStr){ h->name, h->name_len };
  }
  for (int i = 0; i < r->n_dirs; i++)
    left += !r->dir_failed[i];
  if (r->broker->controller && left > 0)
    stk_controller_replicas_changed (r->broker->controller, names, c->topics->len);
  if (left == 0)
    stk_broker_fatal (r->broker, "all log directories are offline");
}

static void
fail_queue (StkReplicas *r, int dir)
{
  StkChange *c = stk_change_new (r, STK_CHANGE_FAIL, NULL, NULL);

  c->dir = dir;
  c->topics = g_ptr_array_new_with_free_func ((GDestroyNotify)stk_hosted_unref);
  c->run = fail_run;
  c->finish = fail_finish;
  stk_change_queue (c);
}
