/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings that change while the broker runs, all of a change or nothing: SIGHUP, when the configuration is read again, and dynamic
 * settings in the coordinator's tree.
 */
#include "broker/broker.h"
#include "cluster/controller.h"
#include "config/reload.h"
#include "control/log.h"

#include <glib.h>

#define AREA "config"

static void
log_problems (StokerBroker *b, const StkReport *report)
{
  for (size_t i = 0; i < stk_report_errors (report); i++)
    stk_log (b->log, STOKER_LOG_ERROR, AREA, "config.wrong", "%s", stk_report_error_line (report, i));
  stk_log (b->log, STOKER_LOG_ERROR, AREA, "config.kept",
           "the new configuration is wrong: the one before stays in force | problems=%zu", stk_report_errors (report));
}

static void
apply_logging (StokerBroker *b)
{
  const StkBrokerConfig *c = b->config;

  stk_log_reset_levels (b->log);
  stk_log_set_level (b->log, NULL, (StokerLogLevel)c->logging_level);
  for (const char *const *p = c->logging_areas; p && *p; p++) {
    const char *equals = strchr (*p, '=');
    g_autofree char *area = g_strndup (*p, (gsize)(equals - *p)); /* the form was checked */
    StokerLogLevel level = STOKER_LOG_INFO;
    (void)stk_log_level_parse (equals + 1, &level);
    stk_log_set_level (b->log, area, level);
  }
}

static void
reopen_file (StokerBroker *b)
{
  const StkBrokerConfig *c = b->config;
  StokerError err;

  /* Opened again even if nothing changed: that is how a log file is rotated. */
  if (c->logging_file && stk_log_to_file (b->log, stk_world_disk (b->world), c->logging_file, &err) < 0)
    stk_log (b->log, STOKER_LOG_ERROR, AREA, "config.log-file", "%s", err.text);
}

static void
commit (StokerBroker *b, StkReload *l)
{
  const char *changed = stk_reload_changed (l), *restart = stk_reload_restart (l);
  StokerError err;

  if (stk_reload_commit (l, (StkBrokerConfig *)b->config, &err) < 0) {
    stk_log (b->log, STOKER_LOG_ERROR, AREA, "config.kept", "%s: the configuration before stays in force", err.text);
    return;
  }
  apply_logging (b);
  reopen_file (b);
  if (b->controller)
    stk_controller_settings_changed (b->controller);
  stk_log (b->log, STOKER_LOG_INFO, AREA, "config.reloaded", "the configuration was read again | changed=%s",
           changed ? changed : "nothing");
  if (restart)
    stk_log (b->log, STOKER_LOG_WARN, AREA, "config.restart", "changed, but only a restart applies it | settings=%s",
             restart);
}

void
stk_broker_reload (StokerBroker *b, const char *path, const char *const *assignments)
{
  StkReport *report = stk_report_new ();
  StkReload *l;

  g_assert (stk_actor_is_current (b->control));
  l = stk_reload_prepare (b->config, b->registry, stk_world_disk (b->world), path, assignments, report);
  for (size_t i = 0; i < stk_report_warnings (report); i++)
    stk_log (b->log, STOKER_LOG_WARN, AREA, "config.warning", "%s", stk_report_warning_line (report, i));
  if (l)
    commit (b, l);
  else
    log_problems (b, report);
  stk_reload_free (l);
  stk_report_free (report);
}

/* ---- dynamic settings */

static bool
same_pairs (const StkBrokerConfig *c, StkDynamicLayer layer, const StkMetaPair *pairs, size_t n)
{
  size_t there;
  const StkDynamicPair *now = stk_broker_config_dynamic (c, layer, &there);
  bool same = there == n;

  for (size_t i = 0; same && i < n; i++) {
    bool found = false;
    for (size_t k = 0; k < there && !found; k++)
      found = g_strcmp0 (now[k].name, pairs[i].name) == 0 && g_strcmp0 (now[k].value, pairs[i].value) == 0;
    same = found;
  }
  return same;
}

void
stk_broker_set_dynamic (StokerBroker *b, int layer, const StkMetaPair *pairs, size_t n)
{
  const char *of = layer == STK_DYNAMIC_BROKER ? "this broker" : "all brokers", *changed;
  StkReport *report;
  StkReload *l;

  g_assert (stk_actor_is_current (b->control));
  if (same_pairs (b->config, (StkDynamicLayer)layer, pairs, n))
    return;
  report = stk_report_new ();
  l = stk_reload_prepare_dynamic (b->config, (StkDynamicLayer)layer, pairs, n, report);
  for (size_t i = 0; i < stk_report_warnings (report); i++)
    stk_log (b->log, STOKER_LOG_WARN, AREA, "config.dynamic-ignored", "a dynamic setting of %s is not in force here: %s", of,
             stk_report_warning_line (report, i));
  for (size_t i = 0; i < stk_report_errors (report); i++)
    stk_log (b->log, STOKER_LOG_ERROR, AREA, "config.dynamic-kept",
             "the dynamic settings of %s are wrong, those before stay in force: %s", of, stk_report_error_line (report, i));
  if (l) {
    changed = stk_reload_changed (l);
    (void)stk_reload_commit (l, (StkBrokerConfig *)b->config, NULL); /* no instance takes part */
    apply_logging (b);
    if (b->controller && changed)
      stk_controller_settings_changed (b->controller);
    stk_log (b->log, STOKER_LOG_INFO, AREA, "config.dynamic", "dynamic settings of %s | changed=%s", of,
             changed ? changed : "nothing");
  }
  stk_reload_free (l);
  stk_report_free (report);
}
