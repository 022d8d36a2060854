/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/modules.h"

#include "module/host.h"
#include "module/instance.h"
#include "module/kind.h"
#include "module/option.h"
#include "module/registry.h"
#include "world/disk.h"

#include <glib.h>
#include <stdatomic.h>

struct CliModules
{
  StokerHost host;
  StkRegistry *registry;
  GAsyncQueue *work; /* of Work; NULL: done at once */
  atomic_uint errors;
  GAsyncQueue *control; /* likewise */
  GThreadPool *threads; /* NULL: `work` waits for cli_modules_work */
  GPtrArray *timers;
};

typedef struct Work
{
  void (*fn) (void *arg);
  void *arg;
} Work;

static int64_t
now_ms (void *user)
{
  return g_get_real_time () / 1000;
}

static int64_t
monotonic_us (void *user)
{
  return g_get_monotonic_time ();
}

static uint64_t
random64 (void *user)
{
  return (uint64_t)g_random_int () << 32 | g_random_int ();
}

static Work *
work_new (void (*fn) (void *arg), void *arg)
{
  Work *w = g_new (Work, 1);

  *w = (Work){ fn, arg };
  return w;
}

static void
work_run (Work *w)
{
  w->fn (w->arg);
  g_free (w);
}

/* Whoever posts may hold locks that the work takes: with a disk it runs later. */
static void
run (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  CliModules *m = user;
  Work *w;

  if (m->work == NULL) {
    fn (arg);
    return;
  }
  w = work_new (fn, arg);
  if (m->threads)
    g_thread_pool_push (m->threads, w, NULL);
  else
    g_async_queue_push (m->work, w);
}

void
cli_modules_work (CliModules *m)
{
  Work *w;

  while (m->work && (w = g_async_queue_try_pop (m->work)) != NULL)
    work_run (w);
}

static void
post_control (void *user, void (*fn) (void *arg), void *arg)
{
  CliModules *m = user;

  if (m->control)
    g_async_queue_push (m->control, work_new (fn, arg));
  else
    fn (arg);
}

static StokerInstance *
codec (void *user, int id)
{
  CliModules *m = user;

  return stk_registry_codec (m->registry, id);
}

/* ---- timers of the control thread */

typedef struct Timer
{
  CliModules *modules;
  void (*fn) (void *arg);
  void *arg;
  int64_t due_us; /* INT64_MAX: not set */
} Timer;

static void *
timer_new (void *user, void (*fn) (void *arg), void *arg)
{
  CliModules *m = user;
  Timer *t = g_new (Timer, 1);

  *t = (Timer){ m, fn, arg, INT64_MAX };
  g_ptr_array_add (m->timers, t);
  return t;
}

static void
timer_set (void *timer, int64_t delay_ms)
{
  ((Timer *)timer)->due_us = g_get_monotonic_time () + delay_ms * 1000;
}

static void
timer_free (void *timer)
{
  g_ptr_array_remove_fast (((Timer *)timer)->modules->timers, timer);
}

static Timer *
next_timer (const CliModules *m)
{
  Timer *next = NULL;

  for (guint i = 0; i < m->timers->len; i++) {
    Timer *t = m->timers->pdata[i];
    if (next == NULL || t->due_us < next->due_us)
      next = t;
  }
  return next;
}

void
cli_modules_turn (CliModules *m, int64_t until_us)
{
  Timer *t = next_timer (m);
  int64_t now = g_get_monotonic_time (), wait = MIN (until_us, t ? t->due_us : INT64_MAX) - now;
  Work *w = wait > 0 ? g_async_queue_timeout_pop (m->control, (guint64)wait) : g_async_queue_try_pop (m->control);

  for (; w; w = g_async_queue_try_pop (m->control))
    work_run (w);
  t = next_timer (m);
  if (t && t->due_us <= g_get_monotonic_time ()) {
    t->due_us = INT64_MAX;
    t->fn (t->arg);
  }
}

static void
work_on_thread (void *work, void *user)
{
  work_run (work);
}

void
cli_modules_use_control (CliModules *m)
{
  static const StkHostOps ops = { now_ms, monotonic_us, random64, run, post_control, codec, timer_new, timer_set, timer_free, NULL };

  m->host.ops = &ops;
  m->control = g_async_queue_new ();
  m->timers = g_ptr_array_new_with_free_func (g_free);
  m->threads = g_thread_pool_new (work_on_thread, NULL, 4, FALSE, NULL);
}

/* What the modules posted when they ended. */
static void
end_control (CliModules *m)
{
  Work *w;

  g_thread_pool_free (m->threads, FALSE, TRUE);
  m->threads = NULL;
  while ((w = g_async_queue_try_pop (m->control)) != NULL)
    work_run (w);
  cli_modules_work (m);
  g_async_queue_unref (m->control);
  g_ptr_array_unref (m->timers);
}

CliModules *
cli_modules_new (void)
{
  static const StkHostOps ops = { now_ms, monotonic_us, random64, run, post_control, codec };
  CliModules *m = g_new0 (CliModules, 1);

  m->host = (StokerHost){ .ops = &ops, .user = m };
  m->registry = stk_registry_new (&m->host, NULL);
  return m;
}

void
cli_modules_free (CliModules *m)
{
  if (m == NULL)
    return;
  stk_registry_free (m->registry);
  if (m->control)
    end_control (m);
  if (m->work)
    g_async_queue_unref (m->work);
  stk_log_free (m->host.log);
  stk_metrics_free (m->host.metrics);
  if (m->host.disk)
    stk_posix_disk_free (m->host.disk);
  g_free (m);
}

static void
counting_sink (void *user, StokerLogLevel level, const char *event, const char *line, size_t len)
{
  CliModules *m = user;

  if (level == STOKER_LOG_ERROR)
    atomic_fetch_add (&m->errors, 1);
  stk_log_stderr_sink (NULL, level, event, line, len);
}

unsigned
cli_modules_errors (const CliModules *m)
{
  return atomic_load (&m->errors);
}

void
cli_modules_use_disk (CliModules *m, bool verbose)
{
  m->work = g_async_queue_new ();
  m->host.disk = stk_posix_disk_new ();
  m->host.metrics = stk_metrics_new ();
  m->host.log = stk_log_new (now_ms, NULL, STK_LOG_TEXT, counting_sink, m);
  stk_log_set_level (m->host.log, NULL, verbose ? STOKER_LOG_INFO : STOKER_LOG_WARN);
}

StokerHost *
cli_modules_host (CliModules *m)
{
  return &m->host;
}

static void *
read_settings (const StokerModule *module, const char *const *settings, StokerError *err)
{
  void *conf = stk_conf_new (module);
  StokerError why;

  for (; *settings; settings += 2) {
    const StokerOption *row = stk_option_find (module->options, module->n_options, settings[0]);
    if (row && stk_option_parse (row, settings[1], NULL, conf, &why) == 0)
      continue;
    stk_conf_free (module, conf);
    if (row)
      stoker_error_set (err, STOKER_ERROR_CONFIG, "%s: %s", settings[0], why.text);
    else
      stoker_error_set (err, STOKER_ERROR_CONFIG, "%s/%s has no setting %s", stk_kind_name (module->kind), module->name, settings[0]);
    return NULL;
  }
  return conf;
}

/* A module and an instance of its name. */
static int
load (CliModules *m, const char *kind, const char *name, const char *const *settings, StokerError *err)
{
  g_autofree char *spec = g_strdup_printf ("%s/%s", kind, name);
  const StokerModule *module;
  void *conf = NULL;

  if (stk_registry_load (m->registry, spec, &module, err) || (settings && (conf = read_settings (module, settings, err)) == NULL))
    return -1;
  return stk_registry_add_instance (m->registry, module, name, conf, err) ? -1 : 0;
}

StokerInstance *
cli_modules_start (CliModules *m, uint32_t kind, const char *name, StokerError *err)
{
  return cli_modules_start_with (m, kind, name, NULL, err);
}

StokerInstance *
cli_modules_start_with (CliModules *m, uint32_t kind, const char *name, const char *const *settings, StokerError *err)
{
  if (load (m, stk_kind_name (kind), name, settings, err) || stk_registry_init (m->registry, err)
      || stk_registry_start (m->registry, kind, err))
    return NULL;
  return stk_registry_get (m->registry, kind, name);
}

int
cli_modules_start_codecs (CliModules *m, StokerError *err)
{
  static const char *const names[] = { "gzip", "snappy", "lz4", "zstd" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    (void)load (m, "codec", names[i], NULL, NULL); /* whoever needs one that is missing says so */
  return stk_registry_init (m->registry, err) || stk_registry_start (m->registry, STOKER_KIND_CODEC, err) ? -1 : 0;
}
