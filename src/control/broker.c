/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker object: putting its parts together and taking them apart. What happens in between is in stages.c.
 */
#include "broker/broker.h"

#include "broker/cleaner.h"
#include "broker/housekeeping.h"
#include "broker/io.h"
#include "broker/replicas.h"
#include "cluster/controller.h"
#include "cluster/topics.h"
#include "config/broker_config.h"
#include "config/modules.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/logdirs.h"
#include "control/metrics.h"
#include "control/problems.h"
#include "group/groups.h"
#include "meta/store.h"
#include "module/host.h"
#include "module/registry.h"
#include "net/server.h"

#include <glib.h>

enum
{
  JOURNAL_THREADS = 6, /* a directory's, at most, while there is something to write: one commits, three flush logs, one makes checkpoints */
};

/* ---- what modules see of the world */

static int64_t
host_now_ms (void *user)
{
  return stk_world_now_ms (((StokerBroker *)user)->world);
}

static int64_t
host_monotonic_us (void *user)
{
  return stk_world_monotonic_us (((StokerBroker *)user)->world);
}

static uint64_t
host_random (void *user)
{
  return stk_world_random (((StokerBroker *)user)->world);
}

static void
host_work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  StokerBroker *b = user;

  stk_pool_call (b->disk_pools[dir >= 0 && dir < b->n_dirs ? dir : 0], fn, arg);
}

static void
host_journal_work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  stk_pool_call (((StokerBroker *)user)->journal_pools[dir], fn, arg);
}

static void
host_post_control (void *user, void (*fn) (void *arg), void *arg)
{
  stk_actor_call (((StokerBroker *)user)->control, fn, arg);
}

static StokerInstance *
host_codec (void *user, int codec_id)
{
  return stk_registry_codec (((StokerBroker *)user)->registry, codec_id);
}

typedef struct HostTimer
{
  StkTimer timer;
  StkActor *control;
  void (*fn) (void *arg);
  void *arg;
} HostTimer;

static void
host_timer_fire (StkTimer *timer)
{
  HostTimer *t = (HostTimer *)(void *)((char *)timer - G_STRUCT_OFFSET (HostTimer, timer));

  t->fn (t->arg);
}

static void *
host_timer_new (void *user, void (*fn) (void *arg), void *arg)
{
  HostTimer *t = g_new (HostTimer, 1);

  *t = (HostTimer){ { .fire = host_timer_fire }, ((StokerBroker *)user)->control, fn, arg };
  return t;
}

static void
host_timer_set (void *timer, int64_t delay_ms)
{
  HostTimer *t = timer;

  stk_actor_timer_set (t->control, &t->timer, stk_actor_now_us (t->control) + delay_ms * 1000);
}

static void
host_timer_free (void *timer)
{
  HostTimer *t = timer;

  stk_actor_timer_cancel (t->control, &t->timer);
  g_free (t);
}

static const StkHostOps host_ops = { .now_ms = host_now_ms,
                                     .monotonic_us = host_monotonic_us,
                                     .random = host_random,
                                     .work = host_work,
                                     .post_control = host_post_control,
                                     .codec = host_codec,
                                     .timer_new = host_timer_new,
                                     .timer_set = host_timer_set,
                                     .timer_free = host_timer_free,
                                     .journal_work = host_journal_work };

/* ---- making */

static int64_t
log_clock (void *world)
{
  return stk_world_now_ms (world);
}

static int
make_log (StokerBroker *b, StokerError *err)
{
  const StkBrokerConfig *c = b->config;

  b->log = stk_log_new (log_clock, b->world, c->logging_format, stk_log_stderr_sink, NULL);
  stk_log_set_level (b->log, NULL, c->logging_level);
  for (const char *const *a = c->logging_areas; a && *a; a++) {
    g_auto (GStrv) pair = g_strsplit (*a, "=", 2);
    StokerLogLevel level;
    if (!pair[0] || !pair[1] || !stk_log_level_parse (g_strstrip (pair[1]), &level))
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "logging.areas: %.60s is not area=level", *a);
    stk_log_set_level (b->log, g_strstrip (pair[0]), level);
  }
  if (c->logging_file && stk_log_to_file (b->log, stk_world_disk (b->world), c->logging_file, err) < 0)
    return -1;
  return 0;
}

static int
load_modules (StokerBroker *b, StokerError *err)
{
  StkReport *report = stk_report_new ();
  int rc;

  b->registry = stk_registry_new (b->host, b->config->module_path);
  if (!stk_config_modules (b->config, b->registry, STK_MODULES_START, report))
    (void)stk_config_init_modules (b->config, b->registry, report); /* what else is wrong: it does not start anyway */
  rc = stk_problems_tell (b->log, report, err);
  stk_report_free (report);
  return rc;
}

static void
make_actors (StokerBroker *b)
{
  b->n_dirs = (int)b->config->n_log_dirs;
  b->disk_pools = g_new0 (StkPool *, b->n_dirs);
  b->journal_pools = g_new0 (StkPool *, b->n_dirs);
  for (int i = 0; i < b->n_dirs; i++) {
    g_autofree char *name = g_strdup_printf ("disk-%d", i), *journal = g_strdup_printf ("journal-%d", i);
    b->journal_pools[i] = stk_pool_new (b->world, journal, JOURNAL_THREADS);
    b->disk_pools[i] = stk_pool_new (b->world, name, (unsigned)b->config->num_io_threads);
  }
  b->n_io = (int)b->config->num_network_threads;
  b->io_actors = g_new0 (StkActor *, b->n_io);
  b->io = g_new0 (StkIo *, b->n_io);
  for (int i = 0; i < b->n_io; i++) {
    g_autofree char *name = g_strdup_printf ("io-%d", i);
    b->io_actors[i] = stk_actor_new (b->world, STK_ACTOR_IO, name);
    b->io[i] = stk_io_new (b, b->io_actors[i], i);
  }
}

StokerBroker *
stk_broker_new (StkWorld *world, StkBrokerConfig *config, StokerError *err)
{
  StokerBroker *b = g_new0 (StokerBroker, 1);

  b->world = world;
  b->config = config;
  b->id = (int32_t)config->broker_id;
  b->epoch = -1;
  b->lifecycle = g_new0 (StkLifecycle, 1);
  b->lifecycle->b = b;
  b->metrics = stk_metrics_new ();
  b->host = g_new0 (StokerHost, 1);
  *b->host = (StokerHost){ .ops = &host_ops, .user = b, .disk = stk_world_disk (world), .metrics = b->metrics };
  if (make_log (b, err) < 0) {
    stk_broker_free (b);
    return NULL;
  }
  b->host->log = b->log;
  b->control = stk_actor_new (world, STK_ACTOR_CONTROL, "control");
  if (load_modules (b, err) < 0) {
    stk_broker_free (b);
    return NULL;
  }
  make_actors (b);
  b->meta = stk_meta_store_new (b->n_io);
  b->replicas = stk_replicas_new (b);
  b->housekeeping = stk_housekeeping_new (b->replicas);
  b->cleaner = stk_cleaner_new (b->replicas);
  return b;
}

void
stk_broker_free (StokerBroker *b)
{
  if (b == NULL)
    return;
  if (b->control)
    stk_actor_join (b->control);
  for (int i = 0; i < b->n_io; i++)
    stk_actor_quit (b->io_actors[i]);
  for (int i = 0; i < b->n_dirs; i++)
    stk_pool_free (b->disk_pools[i]);
  for (int i = 0; i < b->n_dirs; i++)
    stk_pool_free (b->journal_pools[i]);
  for (int i = 0; i < b->n_io; i++)
    stk_actor_free (b->io_actors[i]);
  if (b->server)
    stk_server_free (b->server);
  if (b->groups)
    stk_groups_free (b->groups);
  if (b->topics)
    stk_topics_free (b->topics);
  if (b->controller)
    stk_controller_free (b->controller);
  if (b->housekeeping)
    stk_housekeeping_free (b->housekeeping);
  stk_cleaner_free (b->cleaner);
  if (b->replicas)
    stk_replicas_free (b->replicas);
  for (int i = 0; i < b->n_io; i++)
    stk_io_free (b->io[i]);
  stk_meta_store_free (b->meta);
  stk_registry_free (b->registry);
  stk_logdirs_free (b->logdirs);
  if (b->control)
    stk_actor_free (b->control);
  stk_log_free (b->log);
  stk_metrics_free (b->metrics);
  stk_broker_config_free ((StkBrokerConfig *)b->config);
  g_free (b->host);
  g_free (b->lifecycle);
  g_free (b->disk_pools);
  g_free (b->journal_pools);
  g_free (b->io_actors);
  g_free (b->io);
  g_free (b);
}

void
stk_broker_on_fatal (StokerBroker *b, void (*fn) (void *user), void *user)
{
  b->on_fatal = fn;
  b->on_fatal_user = user;
}

void
stk_broker_fatal (StokerBroker *b, const char *why)
{
  void (*fn) (void *user) = g_steal_pointer (&b->on_fatal);

  stk_log (b->log, STOKER_LOG_ERROR, "control", "fatal", "the broker stops: %s", why);
  if (fn)
    fn (b->on_fatal_user);
}

uint16_t
stk_broker_port (StokerBroker *b, int i)
{
  return stk_server_port (b->server, i);
}
