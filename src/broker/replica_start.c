/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening the logs that are there when the broker starts. It may take long after a crash, and nobody shall wait for it who
 * need not: the first apply publishes its partitions with their gates closed, this opens their logs a few at a time, so that
 * disk threads are left for those that are ready, and says how far it is. A request for one that is not open yet is answered
 * with NOT_LEADER_OR_FOLLOWER, which makes every client ask for metadata and come again a little later.
 *
 * All of it is one change of the queue, so that what is asked for meanwhile (topics made or deleted, a stop) finds
 * partitions that are open or offline, as ever.
 */
#include "broker/replica_start.h"

#include "broker/engine.h"
#include "cluster/controller.h"
#include "config/broker_config.h"
#include "control/log.h"
#include "control/metrics.h"

enum
{
  TELL_US = 1000000,
};

struct StkStart
{
  StkReplicas *replicas;
  StkChange *change;
  GPtrArray **waiting; /* per directory: StkJob, the next one last */
  guint total, left;
  uint64_t bytes; /* of the logs that are open */
  int64_t began_us;
  bool told;
  GHashTable *topics; /* names of those with a log that could not be opened */
  GPtrArray *specs;   /* of the first apply: jobs point into them */
  GArray *counts;
  StkTimer tell;
};

#define SELF(t, member) ((StkStart *)(void *)((char *)(t)-G_STRUCT_OFFSET (StkStart, member)))

static int64_t
now_us (StkStart *s)
{
  return stk_world_monotonic_us (s->replicas->broker->world);
}

static void
post_next (StkStart *s, int dir)
{
  GPtrArray *w = s->waiting[dir];

  if (w->len > 0) {
    StkJob *j = g_ptr_array_steal_index (w, w->len - 1);
    stk_pool_post (stk_partition_pool (j->partition), &j->task);
  }
}

static void
say (StkStart *s, const char *what)
{
  s->told = true;
  stk_log (s->replicas->broker->log, STOKER_LOG_INFO, "broker", "logs.opening",
           "%s | partitions=%u of=%u bytes=%" G_GUINT64_FORMAT " s=%.1f", what, s->total - s->left, s->total, s->bytes,
           (double)(now_us (s) - s->began_us) / 1e6);
}

static void
tell (StkTimer *t)
{
  StkStart *s = SELF (t, tell);

  say (s, "opening logs");
  stk_actor_timer_set (s->replicas->broker->control, &s->tell, now_us (s) + TELL_US);
}

static void
show_left (StkStart *s)
{
  stoker_metric_set (stk_metrics_core (s->replicas->broker->metrics, STK_METRIC_PARTITIONS_OPENING), s->left);
}

bool
stk_start_opened (StkStart *s, const StkJob *j)
{
  bool abandoned = atomic_load (&s->replicas->abandon);

  s->left--;
  if (j->error) {
    s->replicas->unrecovered |= !s->replicas->dirs[j->dir].clean;
    g_hash_table_add (s->topics, g_strndup (j->topic->name, j->topic->name_len));
  }
  s->bytes += j->bytes;
  show_left (s);
  post_next (s, j->dir);
  return !abandoned;
}

/* One disk thread is left for what is asked of partitions that are open. */
static int
at_once (const StkBrokerConfig *c)
{
  int most = MAX (1, (int)c->num_io_threads - 1), wanted = (int)c->num_recovery_threads_per_data_dir;

  return wanted > 0 ? MIN (wanted, most) : most;
}

static void
run (StkChange *c)
{
  StkReplicas *r = c->replicas;
  StkStart *s = r->start;
  int n = at_once (r->broker->config);

  s->began_us = now_us (s);
  s->left = s->total;
  c->pending += (int)s->total;
  show_left (s);
  stk_actor_timer_set (r->broker->control, &s->tell, s->began_us + TELL_US);
  for (int i = 0; i < n; i++)
    for (int dir = 0; dir < r->n_dirs; dir++)
      post_next (s, dir);
}

static void
end_wait (StkReplicas *r)
{
  void (*fn) (void *) = r->opened;

  stk_actor_timer_cancel (r->broker->control, &r->patience);
  r->opened = NULL;
  if (fn)
    fn (r->opened_user);
}

static void
start_free (StkStart *s)
{
  for (int i = 0; i < s->replicas->n_dirs; i++)
    g_ptr_array_unref (s->waiting[i]);
  g_free (s->waiting);
  g_hash_table_unref (s->topics);
  g_ptr_array_unref (s->specs);
  g_array_unref (s->counts);
  g_free (s);
}

static void
finish (StkChange *c)
{
  StkReplicas *r = c->replicas;
  StkStart *s = r->start;
  g_autofree StokerStr *names = g_new (StokerStr, g_hash_table_size (s->topics) + 1);
  size_t n = 0;
  GHashTableIter i;
  void *name;

  stk_actor_timer_cancel (r->broker->control, &s->tell);
  if (s->told)
    say (s, atomic_load (&r->abandon) ? "stopped opening logs" : "all logs are open");
  r->start = NULL;
  g_hash_table_iter_init (&i, s->topics);
  while (g_hash_table_iter_next (&i, &name, NULL))
    names[n++] = stoker_str (name);
  if (n > 0 && r->broker->controller && !atomic_load (&r->abandon))
    stk_controller_replicas_changed (r->broker->controller, names, (guint)n);
  stk_specs_free (s->specs, s->counts);
  start_free (s);
  end_wait (r);
}

void
stk_start_add (StkReplicas *r, StkJob *j)
{
  StkStart *s = r->start;

  j->change = s->change;
  s->total++;
  g_ptr_array_add (s->waiting[j->dir], j);
}

void
stk_start_begin (StkReplicas *r)
{
  StkStart *s = r->start = g_new0 (StkStart, 1);

  s->replicas = r;
  s->tell.fire = tell;
  s->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  s->waiting = g_new (GPtrArray *, r->n_dirs);
  for (int i = 0; i < r->n_dirs; i++)
    s->waiting[i] = g_ptr_array_new ();
  s->change = stk_change_new (r, STK_CHANGE_OPEN, NULL, NULL);
  s->change->run = run;
  s->change->finish = finish;
}

void
stk_start_go (StkReplicas *r, StkChange *applied)
{
  StkStart *s = r->start;

  s->specs = g_steal_pointer (&applied->specs);
  s->counts = g_steal_pointer (&applied->spec_counts);
  s->change->topics = g_ptr_array_ref (applied->topics);
  stk_change_first (s->change);
}

/* ---- for the stages of the broker's start */

void
stk_replicas_open_aside (StkReplicas *r)
{
  r->aside = true;
}

static void
impatient (StkTimer *t)
{
  StkReplicas *r = (StkReplicas *)(void *)((char *)t - G_STRUCT_OFFSET (StkReplicas, patience));

  say (r->start, "clients are served while logs are being opened");
  end_wait (r);
}

void
stk_replicas_wait_open (StkReplicas *r, int64_t us, void (*done) (void *user), void *user)
{
  r->opened = done;
  r->opened_user = user;
  r->aside = false; /* what is made from now on is waited for */
  if (r->start == NULL) {
    end_wait (r);
    return;
  }
  r->patience.fire = impatient;
  stk_actor_timer_set (r->broker->control, &r->patience, stk_world_monotonic_us (r->broker->world) + us);
}

bool
stk_replicas_unrecovered (const StkReplicas *r)
{
  return r->unrecovered;
}
