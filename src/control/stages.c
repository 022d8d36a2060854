/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of a broker's start, in order; a stop runs them backwards. A reader finds here what is up when.
 */
#include "broker/dir_failure.h"
#include "broker/fetch.h"
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
#include "control/problems.h"
#include "group/groups.h"
#include "meta/store.h"
#include "module/registry.h"
#include "net/server.h"

#include <glib.h>
#include <inttypes.h>

#define STOP_GRACE_US 2000000 /* how long connections may take their answers when the broker stops */

static void
done_now (StkLifecycle *l)
{
  stk_stage_done (l, NULL);
}

/* ---- modules: every instance looks at its options */

static void
modules_start (StkLifecycle *l)
{
  StkReport *report = stk_report_new ();
  StokerError err = { 0 };
  int rc;

  (void)stk_config_init_modules (l->b->config, l->b->registry, report);
  rc = stk_problems_tell (l->b->log, report, &err);
  stk_report_free (report);
  stk_stage_done (l, rc < 0 ? &err : NULL);
}

/* ---- directories: made, locked, known to be ours */

static void
directories_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  StokerError err = { 0 };

  b->logdirs = stk_logdirs_open (stk_world_disk (b->world), (const char *const *)b->config->log_dirs, (int)b->config->n_log_dirs, b->id, &err);
  if (b->logdirs)
    stk_logdirs_add_journals (b->logdirs, b->host, (uint64_t)b->config->log_journal_bytes);
  stk_stage_done (l, b->logdirs ? NULL : &err);
}

static void
directories_stop (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  StokerError err = { 0 };
  int rc = 0;

  for (int i = 0; i < b->n_dirs; i++)
    if (stk_replicas_dir_failed (b->replicas, i))
      stk_logdirs_give_up (b->logdirs, i, "it failed while the broker ran");
  if (l->clean && b->cluster_id[0])
    rc = stk_logdirs_mark_clean (b->logdirs, b->epoch, &err);
  stk_logdirs_free (b->logdirs);
  b->logdirs = NULL;
  stk_stage_done (l, rc < 0 ? &err : NULL);
}

/* ---- engines: codecs, storage, cleaners, partitioners, the coordinator */

static void
engines_start (StkLifecycle *l)
{
  static const uint32_t kinds[] = { STOKER_KIND_CODEC, STOKER_KIND_PARTITIONER, STOKER_KIND_STORAGE, STOKER_KIND_CLEANER, STOKER_KIND_COORDINATOR };
  StokerError err = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (stk_registry_start (l->b->registry, kinds[i], &err) < 0) {
      stk_registry_stop (l->b->registry, 0);
      stk_stage_done (l, &err);
      return;
    }
  done_now (l);
}

static void
engines_stop (StkLifecycle *l)
{
  stk_registry_stop (l->b->registry, 0);
  done_now (l);
}

/* ---- I/O actors */

static void
actors_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  StokerError err = { 0 };

  for (int i = 0; i < b->n_io; i++)
    if (stk_actor_start (b->io_actors[i], &err) < 0) {
      stk_stage_done (l, &err);
      return;
    }
  done_now (l);
}

/* ---- cluster id: the session with the coordinator, and whose the directories are */

static void
session_closed (void *user)
{
  StkLifecycle *l = user;

  stk_stage_done (l, &l->undoing);
}

static void
identified (void *user, const StokerError *err)
{
  StkLifecycle *l = user;

  if (err)
    l->undoing = *err;
  if (err || stk_logdirs_bind (l->b->logdirs, l->b->cluster_id, &l->undoing) < 0) {
    stk_topics_stop (l->b->topics);
    stk_controller_stop (l->b->controller, session_closed, l);
    return;
  }
  done_now (l);
}

static void
cluster_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  const char *id = stk_logdirs_cluster_id (b->logdirs);
  StokerError if_new = { 0 };

  if (id)
    g_strlcpy (b->cluster_id, id, sizeof b->cluster_id);
  b->controller = stk_controller_new (b, stk_registry_get (b->registry, STOKER_KIND_COORDINATOR, NULL));
  b->topics = stk_topics_new (b);
  (void)stk_logdirs_new_tree (b->logdirs, &if_new);
  stk_controller_join (b->controller, &if_new, identified, l);
}

static void
left (void *user)
{
  done_now (user);
}

static void
cluster_stop (StkLifecycle *l)
{
  stk_topics_stop (l->b->topics);
  stk_controller_stop (l->b->controller, left, l);
}

/* ---- logs: the partitions that lie here */

static void
attached (void *user, const StokerError *err)
{
  StkLifecycle *l = user;

  if (err == NULL)
    stk_housekeeping_start (l->b->housekeeping);
  stk_stage_done (l, err);
}

static void
logs_start (StkLifecycle *l)
{
  int n;
  const StokerLogDir *dirs = stk_logdirs_list (l->b->logdirs, &n);

  stk_logdirs_on_failure (l->b->logdirs, stk_dir_failed, l->b->replicas);
  stk_replicas_open_aside (l->b->replicas);
  stk_replicas_attach (l->b->replicas, dirs, n, attached, l);
}

static void
logs_closed (void *user)
{
  StkLifecycle *l = user;

  if (stk_replicas_unrecovered (l->b->replicas))
    l->clean = false;
  done_now (l);
}

static void
housekeeping_stopped (void *user)
{
  StkLifecycle *l = user;

  stk_replicas_close (l->b->replicas, logs_closed, l);
}

static void
logs_stop (StkLifecycle *l)
{
  stk_housekeeping_stop (l->b->housekeeping, housekeeping_stopped, l);
}

/* ---- listeners are bound before the broker registers, so that it registers what it really has; nothing is accepted yet */

static int
bind_all (StokerBroker *b, StokerError *err)
{
  for (size_t i = 0; i < b->config->n_listeners; i++) {
    const StkEndpoint *e = &b->config->listeners[i];
    StkServerListener l = { e->name, e->host, e->port, stk_registry_get (b->registry, STOKER_KIND_PROTOCOL, "kafka") };
    if (l.protocol == NULL)
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "listener %s needs protocol/kafka, which is not loaded: add load = protocol/kafka", e->name);
    if (stk_server_bind (b->server, &l, err) < 0)
      return -1;
  }
  return 0;
}

static void
listeners_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  const StkBrokerConfig *c = b->config;
  StkSpreadSettings spread = b->spread ? *b->spread : STK_SPREAD_DEFAULTS;
  StkServerSettings s = { .backlog = (int)c->socket_listen_backlog_size,
                          .max_connections = c->max_connections,
                          .max_per_host = INT64_MAX,
                          .send_buffer = (int)c->socket_send_buffer_bytes,
                          .receive_buffer = (int)c->socket_receive_buffer_bytes,
                          .conn = { .max_idle_us = c->connections_max_idle_ms > 0 ? c->connections_max_idle_ms * 1000 : 0,
                                    .max_request = (size_t)c->socket_request_max_bytes,
                                    .max_queued = 1u << 20 },
                          .spread = &spread };
  StokerError err = { 0 };

  if (b->spread == NULL)
    spread.full = (int)c->network_thread_connections;
  if (stk_registry_start (b->registry, STOKER_KIND_PROTOCOL, &err) < 0) {
    stk_stage_done (l, &err);
    return;
  }
  b->server = stk_server_new (b, &s);
  if (bind_all (b, &err) < 0) {
    stk_stage_done (l, &err);
    return;
  }
  done_now (l);
}

static void
server_closed (void *user)
{
  done_now (user);
}

static void
stop_fetches (void *io)
{
  stk_fetch_stop (io);
}

/* What waits for others is answered before the connections are told to end: nothing that it waits for will come. */
static void
listeners_stop (StkLifecycle *l)
{
  StokerBroker *b = l->b;

  if (b->groups)
    stk_groups_dismiss (b->groups);
  for (int i = 0; i < b->n_io; i++)
    stk_actor_call (b->io_actors[i], stop_fetches, b->io[i]);
  stk_server_close (l->b->server, STOP_GRACE_US, server_closed, l);
}

/* ---- membership: registration, controller, topics, first snapshot */

static void
joined (void *user, const StokerError *err)
{
  stk_stage_done (user, err);
}

static void
membership_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;
  const StkBrokerConfig *c = b->config;
  g_autofree StkMetaEndpoint *ends = g_new0 (StkMetaEndpoint, c->n_advertised);

  for (size_t i = 0; i < c->n_advertised; i++) {
    const StkEndpoint *e = &c->advertised[i];
    ends[i] = (StkMetaEndpoint){ .listener = e->name, .host = e->host, .port = e->port };
    /* Port 0 means a free one: what is advertised is the one that the listener of that name got. */
    for (size_t k = 0; ends[i].port == 0 && k < c->n_listeners; k++)
      if (strcmp (c->listeners[k].name, e->name) == 0)
        ends[i].port = stk_server_port (b->server, (int)k);
  }
  stk_controller_start (b->controller, ends, (int32_t)c->n_advertised, joined, l);
}

/* ---- groups */

static void
groups_loaded (void *user)
{
  done_now (user);
}

static void
topic_deleted (void *user, StokerStr topic)
{
  stk_groups_topic_deleted (((StokerBroker *)user)->groups, topic);
}

static void
groups_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;

  b->groups = stk_groups_new_for_broker (b, stk_registry_get (b->registry, STOKER_KIND_COORDINATOR, NULL));
  stk_controller_on_topic_deleted (b->controller, topic_deleted, b);
  stk_groups_start (b->groups, groups_loaded, l);
}

static void
groups_stopped (void *user)
{
  done_now (user);
}

static void
groups_stop (StkLifecycle *l)
{
  stk_groups_stop (l->b->groups, groups_stopped, l);
}

/* ---- recovery: most starts take no longer than this, and then nobody is turned away; a long one goes on while clients are
 * served */

static void
recovered (void *user)
{
  done_now (user);
}

static void
recovery_start (StkLifecycle *l)
{
  stk_replicas_wait_open (l->b->replicas, l->b->config->log_recovery_wait_ms * 1000, recovered, l);
}

/* ---- open for business */

static void
open_start (StkLifecycle *l)
{
  StokerBroker *b = l->b;

  stk_server_open (b->server);
  stk_log (b->log, STOKER_LOG_INFO, "control", "ready", "ready | broker=%" PRId32 " listener=%s://%s:%u cluster=%s ms=%.1f", b->id,
           b->config->listeners[0].name, b->config->listeners[0].host, stk_server_port (b->server, 0), b->cluster_id,
           (double)(stk_world_monotonic_us (b->world) - l->began_us) / 1000);
  done_now (l);
}

static void
open_stop (StkLifecycle *l)
{
  stk_log (l->b->log, STOKER_LOG_INFO, "control", "stopping", "stopping | broker=%" PRId32, l->b->id);
  done_now (l);
}

static const StkStage stages[] = {
  { "modules", modules_start, NULL },
  { "directories", directories_start, directories_stop },
  { "engines", engines_start, engines_stop },
  { "actors", actors_start, NULL },
  { "cluster", cluster_start, cluster_stop },
  { "logs", logs_start, logs_stop },
  { "listeners", listeners_start, NULL },
  { "membership", membership_start, NULL },
  { "groups", groups_start, groups_stop },
  { "recovery", recovery_start, NULL },
  { "front", NULL, listeners_stop },
  { "open", open_start, open_stop },
};

const StkStage *
stk_stages (int *n)
{
  *n = (int)G_N_ELEMENTS (stages);
  return stages;
}
