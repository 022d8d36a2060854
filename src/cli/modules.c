/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/modules.h"

#include "module/host.h"
#include "module/kind.h"
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
  w = g_new (Work, 1);
  *w = (Work){ fn, arg };
  g_async_queue_push (m->work, w);
}

void
cli_modules_work (CliModules *m)
{
  Work *w;

  while (m->work && (w = g_async_queue_try_pop (m->work)) != NULL) {
    w->fn (w->arg);
    g_free (w);
  }
}

static void
post_now (void *user, void (*fn) (void *arg), void *arg)
{
  fn (arg);
}

static StokerInstance *
codec (void *user, int id)
{
  CliModules *m = user;

  return stk_registry_codec (m->registry, id);
}

CliModules *
cli_modules_new (void)
{
  static const StkHostOps ops = { now_ms, monotonic_us, random64, run, post_now, codec };
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

/* A module and an instance of its name. */
static int
load (CliModules *m, const char *kind, const char *name, StokerError *err)
{
  g_autofree char *spec = g_strdup_printf ("%s/%s", kind, name);
  const StokerModule *module;

  return stk_registry_load (m->registry, spec, &module, err)
                 || stk_registry_add_instance (m->registry, module, name, NULL, err)
             ? -1
             : 0;
}

StokerInstance *
cli_modules_start (CliModules *m, uint32_t kind, const char *name, StokerError *err)
{
  if (load (m, stk_kind_name (kind), name, err) || stk_registry_init (m->registry, err)
      || stk_registry_start (m->registry, kind, err))
    return NULL;
  return stk_registry_get (m->registry, kind, name);
}

int
cli_modules_start_codecs (CliModules *m, StokerError *err)
{
  static const char *const names[] = { "gzip", "snappy", "lz4", "zstd" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    (void)load (m, "codec", names[i], NULL); /* whoever needs one that is missing says so */
  return stk_registry_init (m->registry, err) || stk_registry_start (m->registry, STOKER_KIND_CODEC, err) ? -1 : 0;
}
