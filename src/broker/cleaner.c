/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/cleaner_private.h"

#include "broker/engine.h"
#include "broker/replicas_private.h"
#include "config/broker_config.h"
#include "control/log.h"
#include "control/metrics.h"

#include <inttypes.h>

enum
{
  MAX_WORKERS = 64,             /* as many as log.cleaner.threads may say */
  STEP_BYTES = 4 << 20,         /* between two of them a log can be closed */
  RESIZE_US = 1000 * 1000,      /* while others finish before their number changes */
  PAUSE_US = 300 * 1000 * 1000, /* after the disk failed */
};

/* One thread's worth of cleaning: a survey, a run, the next survey; all that is posted of it is one task at a time. */
typedef struct Worker
{
  StkTask task;          /* first; on the pool, and back on control */
  StkPartitionWork work; /* a commit */
  StkTimer timer;        /* backoff, throttle */
  StkCleaner *cleaner;
  StkCleanSettings settings;
  uint64_t step;
  StkCleanJob job;
  bool waiting; /* for the timer */
} Worker;

struct StkCleaner
{
  StkReplicas *replicas;
  StkActor *control;
  StkPool *pool;
  StkCleanMarks *marks;
  Worker workers[MAX_WORKERS];
  int n_workers, out; /* workers that are not waiting for their timer */
  bool running, loaded;
  GMutex loading; /* the marks; covers loaded */
  _Atomic bool stop;
  int64_t free_us; /* when the throttle lets the next step begin */
  void (*stopped) (void *user);
  void *stopped_user;
};

static void survey (StkTask *t);
static void step (StkTask *t);
static void step_back (StkTask *t);

#define WORKER(p, member) ((Worker *)(void *)((char *)(p)-G_STRUCT_OFFSET (Worker, member)))

static StokerBroker *
broker_of (const StkCleaner *c)
{
  return c->replicas->broker;
}

static void
to_pool (Worker *w, void (*run) (StkTask *t))
{
  w->task.run = run;
  stk_pool_post (w->cleaner->pool, &w->task);
}

static void
to_control (Worker *w, void (*run) (StkTask *t))
{
  w->task.run = run;
  stk_actor_post (w->cleaner->control, &w->task);
}

/* ---- stopping */
static void
worker_idle (Worker *w)
{
  StkCleaner *c = w->cleaner;

  if (--c->out == 0 && c->stopped) {
    void (*stopped) (void *user) = g_steal_pointer (&c->stopped);
    stopped (c->stopped_user);
  }
}

/* ---- control: what is next */
static void
rest (Worker *w, int64_t us)
{
  StkCleaner *c = w->cleaner;

  w->waiting = true;
  stk_actor_timer_set (c->control, &w->timer, stk_world_monotonic_us (broker_of (c)->world) + us);
}

/* Begins the workers [from, n_workers). */
static void
begin (StkCleaner *c, int from)
{
  for (int i = from; i < c->n_workers; i++) {
    c->out++;
    rest (&c->workers[i], (int64_t)(MAX (broker_of (c)->config->log_cleaner_backoff_ms, 100) + i * 100) * 1000);
  }
}

static bool
others_at_work (const Worker *w)
{
  const StkCleaner *c = w->cleaner;

  for (int i = 0; i < c->n_workers; i++)
    if (&c->workers[i] != w && (!c->workers[i].waiting || c->workers[i].job.run))
      return true;
  return false;
}

/* log.cleaner.threads was changed. Each worker's share of the memory follows from how many there are: so all come to rest first, and
 * the last one, which finds the others so, does it. False: not now. */
static bool
follow_setting (Worker *w, int wanted)
{
  StkCleaner *c = w->cleaner;
  int before = c->n_workers;

  if (others_at_work (w))
    return false;
  c->n_workers = wanted;
  begin (c, before);
  for (int i = wanted; i < before; i++)
    if (&c->workers[i] != w) {
      stk_actor_timer_cancel (c->control, &c->workers[i].timer);
      c->workers[i].waiting = false;
      c->out--;
    }
  return true;
}

static int
wanted_workers (const StkCleaner *c)
{
  return (int)CLAMP (broker_of (c)->config->log_cleaner_threads, 1, MAX_WORKERS);
}

static void
look_for_work (Worker *w)
{
  StkCleaner *c = w->cleaner;
  const StkBrokerConfig *conf = broker_of (c)->config;
  int wanted = wanted_workers (c);

  if (c->running && wanted != c->n_workers && !follow_setting (w, wanted)) {
    rest (w, RESIZE_US);
    return;
  }
  if (!c->running || w >= c->workers + c->n_workers) {
    worker_idle (w);
    return;
  }
  w->settings = (StkCleanSettings){
    .memory = (size_t)(conf->log_cleaner_dedupe_buffer_size / c->n_workers),
    .io_bytes = (size_t)MAX (conf->log_cleaner_io_buffer_size / c->n_workers, 16384),
    .max_content = (size_t)conf->batch_decompressed_max_bytes,
    .load_factor = conf->log_cleaner_io_buffer_load_factor,
  };
  to_pool (w, survey);
}

static void
count_run (Worker *w)
{
  const StkCleanStats *s = stk_clean_stats (w->job.run);
  StkMetrics *m = broker_of (w->cleaner)->metrics;

  stoker_metric_add (stk_metrics_core (m, STK_METRIC_CLEANER_READ), (int64_t)(s->bytes_read - w->job.told_read));
  stoker_metric_add (stk_metrics_core (m, STK_METRIC_CLEANER_WRITTEN),
                     (int64_t)(s->bytes_written - w->job.told_written));
  w->job.told_read = s->bytes_read;
  w->job.told_written = s->bytes_written;
}

/* How long the run has to wait after it moved so many bytes; its next step is as large as it may move in a second. */
static int64_t
throttle (Worker *w, uint64_t moved)
{
  StkCleaner *c = w->cleaner;
  double rate = broker_of (c)->config->log_cleaner_io_max_bytes_per_second;
  int64_t now = stk_world_monotonic_us (broker_of (c)->world);

  w->step = STEP_BYTES;
  if (rate >= 1e12)
    return 0;
  rate = MAX (rate, 1);
  w->step = (uint64_t)CLAMP (rate / 4, 1, STEP_BYTES);
  c->free_us = MAX (c->free_us, now) + (int64_t)MIN ((double)moved * 1e6 / rate, 3600e6);
  return c->free_us - now;
}

static void
timer_fired (StkTimer *t)
{
  Worker *w = WORKER (t, timer);

  w->waiting = false;
  if (w->job.run)
    to_pool (w, step);
  else
    look_for_work (w);
}

/* ---- the pool: choosing, stepping, ending */
static void
survey_back (StkTask *t)
{
  Worker *w = WORKER (t, task);
  StkCleaner *c = w->cleaner;

  if (w->job.err.text[0])
    stk_log (broker_of (c)->log, STOKER_LOG_ERROR, "broker", "cleaner.failed", "cannot begin to compact a log: %s",
             w->job.err.text);
  if (w->job.run)
    to_pool (w, step);
  else if (c->running)
    rest (w, MAX (broker_of (c)->config->log_cleaner_backoff_ms, 100) * 1000);
  else
    worker_idle (w);
}

/* By the first worker that gets there. */
static void
load_marks (StkCleaner *c)
{
  StokerError err = { 0 };

  g_mutex_lock (&c->loading);
  for (int i = 0; i < c->replicas->n_dirs && !c->loaded; i++)
    if (!c->replicas->dir_failed[i] && stk_clean_marks_load (c->marks, i, c->replicas->dirs[i].path, &err) != 0)
      stk_log (broker_of (c)->log, STOKER_LOG_WARN, "broker", "cleaner.checkpoint",
               "%s: logs there are compacted from their beginning", err.text);
  c->loaded = true;
  g_mutex_unlock (&c->loading);
}

static void
survey (StkTask *t)
{
  Worker *w = WORKER (t, task);
  StkCleaner *c = w->cleaner;

  load_marks (c);
  stk_cleaner_survey (c->replicas, c->marks, &w->settings, &c->stop, &w->job);
  to_control (w, survey_back);
}

/* A run is over, in whatever way: what is to be remembered of it. Pool thread. */
static void
end_run (StkTask *t)
{
  Worker *w = WORKER (t, task);
  StkCleaner *c = w->cleaner;
  StkPartition *p = w->job.partition;
  const StkCleanStats *s = stk_clean_stats (w->job.run);
  int next = STK_CLEANING_NOT;

  if (w->job.state == STK_CLEAN_DONE
      && stk_clean_marks_set (c->marks, p->topic, p->index, p->dir, s->end, &w->job.err) != 0) {
    w->job.state = STK_CLEAN_FAILED;
    stk_log (p->broker->log, STOKER_LOG_ERROR, "broker", "cleaner.checkpoint", "%s", w->job.err.text);
  }
  if (w->job.state == STK_CLEAN_DAMAGED)
    next = STK_CLEANING_IMPOSSIBLE;
  if (w->job.state == STK_CLEAN_FAILED || (w->job.state == STK_CLEAN_GONE && !atomic_load (&c->stop))) {
    next = STK_CLEANING_PAUSED;
    atomic_store (&p->clean_again_us,
                  stk_world_monotonic_us (p->broker->world) + (w->job.state == STK_CLEAN_GONE ? 1000000 : PAUSE_US));
  }
  stk_clean_free (w->job.run);
  w->job.run = NULL;
  atomic_store (&p->cleaning, next);
  stk_partition_unref (p);
  stk_hosted_unref (w->job.topic);
  w->job.partition = NULL;
  w->job.topic = NULL;
  to_control (w, step_back);
}

static void
tell_end (Worker *w)
{
  const StkCleanStats *s = stk_clean_stats (w->job.run);
  StkPartition *p = w->job.partition;
  StkLog *log = p->broker->log;
  int64_t ms = (stk_world_monotonic_us (p->broker->world) - w->job.began_us) / 1000;

  stoker_metric_add (stk_metrics_core (p->broker->metrics, STK_METRIC_CLEANER_TIME), ms);
  if (w->job.state == STK_CLEAN_DONE)
    stk_log (log, STOKER_LOG_INFO, "broker", "cleaner.done",
             "compacted a log | topic=%s partition=%d end=%" PRId64 " read=%" PRIu64 " bytes=%" PRIu64
             " before=%" PRIu64 " records=%" PRIu64 " kept=%" PRIu64 " segments=%u now=%u full=%d ms=%" PRId64,
             p->topic, p->index, s->end, s->bytes_read, s->output, s->input, s->records, s->kept, s->segments_before,
             s->segments_now, s->full, ms);
  else if (w->job.state == STK_CLEAN_DAMAGED)
    stk_log (log, STOKER_LOG_ERROR, "broker", "cleaner.uncleanable",
             "a log cannot be compacted and is left as it is until the next start: %s | topic=%s partition=%d",
             w->job.err.text, p->topic, p->index);
  else if (w->job.state == STK_CLEAN_FAILED)
    stk_log (log, STOKER_LOG_ERROR, "broker", "cleaner.failed",
             "compacting a log failed, it is tried again in some minutes: %s | topic=%s partition=%d", w->job.err.text,
             p->topic, p->index);
}

static void
commit (StkPartitionWork *work)
{
  Worker *w = WORKER (work, work);
  StkPartition *p = w->job.partition;

  w->job.state = STK_CLEAN_GONE; /* also when a move has begun meanwhile: the engine finds nothing to replace then */
  if (stk_partition_enter (p)) {
    w->job.state = stk_clean_commit (w->job.run, &w->job.err);
    stk_partition_leave (p);
  }
  to_control (w, step_back);
}

/* Control: after a step, a commit, or the end of a run. */
static void
step_back (StkTask *t)
{
  Worker *w = WORKER (t, task);
  StkCleaner *c = w->cleaner;
  uint64_t moved;
  int64_t us;

  if (w->job.run == NULL) {
    look_for_work (w);
    return;
  }
  moved = stk_clean_stats (w->job.run)->bytes_read + stk_clean_stats (w->job.run)->bytes_written - w->job.told_read
          - w->job.told_written;
  count_run (w);
  if (!c->running && (w->job.state == STK_CLEAN_MORE || w->job.state == STK_CLEAN_COMMIT))
    w->job.state = STK_CLEAN_GONE;
  us = throttle (w, moved);
  if (w->job.state == STK_CLEAN_COMMIT) {
    w->work.run = commit;
    stk_partition_work (w->job.partition, &w->work);
  } else if (w->job.state != STK_CLEAN_MORE) {
    tell_end (w);
    to_pool (w, end_run);
  } else if (us > 0) {
    rest (w, us);
  } else {
    to_pool (w, step);
  }
}

static void
step (StkTask *t)
{
  Worker *w = WORKER (t, task);
  StkPartition *p = w->job.partition;

  w->job.state = STK_CLEAN_GONE;
  if (!atomic_load (&w->cleaner->stop) && stk_partition_enter (p)) {
    w->job.state = stk_clean_step (w->job.run, MAX (w->step, 1), &w->job.err);
    stk_partition_leave (p);
  }
  to_control (w, step_back);
}

/* ---- life */
StkCleaner *
stk_cleaner_new (StkReplicas *r)
{
  StkCleaner *c = g_new0 (StkCleaner, 1);

  c->replicas = r;
  c->control = r->broker->control;
  c->marks = stk_clean_marks_new (stk_world_disk (r->broker->world));
  g_mutex_init (&c->loading);
  for (int i = 0; i < MAX_WORKERS; i++) {
    c->workers[i].cleaner = c;
    c->workers[i].timer.fire = timer_fired;
    c->workers[i].step = STEP_BYTES;
  }
  return c;
}

void
stk_cleaner_free (StkCleaner *c)
{
  if (c == NULL)
    return;
  if (c->pool)
    stk_pool_free (c->pool);
  stk_clean_marks_free (c->marks);
  g_mutex_clear (&c->loading);
  g_free (c);
}

void
stk_cleaner_start (StkCleaner *c)
{
  if (!broker_of (c)->config->log_cleaner_enable || c->running)
    return;
  if (c->pool == NULL)
    c->pool = stk_pool_new (broker_of (c)->world, "cleaner", MAX_WORKERS);
  c->running = true;
  atomic_store (&c->stop, false);
  c->n_workers = wanted_workers (c);
  begin (c, 0);
}

void
stk_cleaner_stop (StkCleaner *c, void (*stopped) (void *user), void *user)
{
  c->running = false;
  atomic_store (&c->stop, true);
  c->stopped = stopped;
  c->stopped_user = user;
  c->out++;
  for (int i = 0; i < c->n_workers; i++) {
    Worker *w = &c->workers[i];
    if (!w->waiting)
      continue;
    stk_actor_timer_cancel (c->control, &w->timer);
    w->waiting = false;
    if (w->job.run) /* lets go of it */
      to_pool (w, step);
    else
      c->out--;
  }
  if (--c->out == 0) {
    c->stopped = NULL;
    stopped (user);
  }
}

void
stk_cleaner_forget (StkCleaner *c, const char *topic, int32_t partition)
{
  stk_clean_marks_forget (c->marks, topic, partition);
}
