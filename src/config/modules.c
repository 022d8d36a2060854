/* SPDX-License-Identifier: Apache-2.0 */
#include "config/modules.h"

#include "config/check_host.h"
#include "config/finish.h"
#include "module/loader.h"
#include "module/nearest.h"
#include "module/option.h"

#include <errno.h>
#include <glib.h>

typedef struct Declared
{
  const StokerModule *module;
  const char *name;
  const char *file; /* of the `use` line; NULL: an instance of the module's own name */
  unsigned line;
} Declared;

typedef struct Making
{
  const StkBrokerConfig *config;
  StkRegistry *registry;
  StkReport *report;
  const StkRegistry *running; /* a reload's; NULL: this is a start */
  GArray *declared;           /* Declared */
  GHashTable *failed;         /* "KIND/NAME" of modules and instances whose absence is explained already */
} Making;

static void
note_failed (Making *m, const char *kind, const char *name)
{
  g_hash_table_add (m->failed, g_strdup_printf ("%s/%s", kind, name));
}

static bool
has_failed (Making *m, const char *kind, const char *name)
{
  g_autofree char *key = g_strdup_printf ("%s/%s", kind, name);

  return g_hash_table_contains (m->failed, key);
}

/* A module that runs is not looked for and judged again: its file may be of another release by now, for the next start. */
static int
load_one (Making *m, const StkLoadLine *l, const StkModuleSpec *spec, StokerError *err)
{
  const StokerModule *runs = m->running ? stk_registry_module (m->running, spec->kind->number, spec->name) : NULL;

  if (runs)
    return stk_registry_add_module (m->registry, runs, NULL, err);
  if (m->running && l->standard)
    return 0;
  return stk_registry_load (m->registry, l->spec, NULL, err);
}

static void
load_all (Making *m)
{
  const StkBrokerConfig *c = m->config;

  for (size_t i = 0; i < c->n_loads; i++) {
    const StkLoadLine *l = &c->loads[i];
    StkModuleSpec spec = { 0 };
    StokerError err = { 0 };
    if (stk_module_spec_parse (l->spec, &spec, &err) < 0)
      stk_report_error (m->report, l->file, l->line, "load: %s", err.text);
    else if (load_one (m, l, &spec, &err) < 0 && !(l->standard && err.code == -ENOENT)) {
      stk_report_error (m->report, l->file, l->line, "load: %s", err.text);
      note_failed (m, spec.kind->name, spec.name);
    }
    stk_module_spec_clear (&spec);
  }
}

/* Where the configuration asks for the instance: its `use` line, or the `load` line of its module; false: nowhere. */
static bool
place_of (const StkBrokerConfig *c, const StokerModule *module, const char *name, const char **file, unsigned *line)
{
  for (size_t i = 0; i < c->n_instance_lines; i++) {
    const StkInstanceLine *l = &c->instance_lines[i];
    if (l->kind == module->kind && strcmp (l->instance, name) == 0 && strcmp (l->option, "use") == 0) {
      *file = l->file;
      *line = l->line;
      return true;
    }
  }
  for (size_t i = 0; i < c->n_loads; i++) {
    StkModuleSpec spec = { 0 };
    bool same = stk_module_spec_parse (c->loads[i].spec, &spec, NULL) == 0 && spec.kind->number == module->kind
                && strcmp (spec.name, module->name) == 0;
    stk_module_spec_clear (&spec);
    if (same) {
      *file = c->loads[i].file;
      *line = c->loads[i].line;
      return true;
    }
  }
  *file = NULL;
  *line = 0;
  return false;
}

static void
declare_own (void *user, const StokerModule *module, const char *file)
{
  Declared d = { module, module->name, NULL, 0 };

  g_array_append_val (((Making *)user)->declared, d);
}

static Declared *
find_declared (Making *m, uint32_t kind, const char *name)
{
  for (guint i = 0; i < m->declared->len; i++) {
    Declared *d = &g_array_index (m->declared, Declared, i);
    if (d->module->kind == kind && strcmp (d->name, name) == 0)
      return d;
  }
  return NULL;
}

static void
declare_used (Making *m, const StkInstanceLine *l)
{
  const StokerModule *module = stk_registry_module (m->registry, l->kind, l->value);
  Declared d = { module, l->instance, l->file, l->line }, *there = find_declared (m, l->kind, l->instance);
  const char *kind = stk_kind_name (l->kind);

  if (module == NULL || there)
    note_failed (m, kind, l->instance);
  if (module == NULL && has_failed (m, kind, l->value))
    return; /* why it is not loaded is said */
  if (module == NULL)
    stk_report_error (m->report, l->file, l->line, "%s.%s.use: module %s/%s is not loaded: add load = %s/%s", kind,
                      l->instance, kind, l->value, kind, l->value);
  else if (there)
    stk_report_error (m->report, l->file, l->line,
                      "%s.%s.use: there is an instance %s already, of module %s: give this one another name", kind,
                      l->instance, l->instance, there->module->name);
  else
    g_array_append_val (m->declared, d);
}

static void
check_instance_named (Making *m, const StkInstanceLine *l)
{
  StkNearest near;

  if (find_declared (m, l->kind, l->instance) || has_failed (m, stk_kind_name (l->kind), l->instance))
    return;
  stk_nearest_begin (&near, l->instance);
  for (guint i = 0; i < m->declared->len; i++) {
    const Declared *d = &g_array_index (m->declared, Declared, i);
    if (d->module->kind == l->kind)
      stk_nearest_try (&near, d->name);
  }
  stk_report_error (
      m->report, l->file, l->line,
      "%s.%s.%s: there is no %s instance %s%s%s%s; load its module (load = %s/%s) or name it (%s.%s.use = MODULE)",
      stk_kind_name (l->kind), l->instance, l->option, stk_kind_name (l->kind), l->instance,
      near.best ? " (did you mean " : "", near.best ? near.best : "", near.best ? "?)" : "", stk_kind_name (l->kind),
      l->instance, stk_kind_name (l->kind), l->instance);
}

static void
unknown_option (const StokerModule *m, const StkInstanceLine *l, StkReport *report)
{
  StkNearest near;

  stk_nearest_begin (&near, l->option);
  for (uint32_t i = 0; i < m->n_options; i++)
    stk_nearest_try (&near, m->options[i].name);
  if (near.best)
    stk_report_error (report, l->file, l->line, "%s.%s.%s: module %s has no such option; did you mean %s?",
                      stk_kind_name (l->kind), l->instance, l->option, m->name, near.best);
  else
    stk_report_error (report, l->file, l->line, "%s.%s.%s: module %s has no such option; see --describe %s/%s",
                      stk_kind_name (l->kind), l->instance, l->option, m->name, stk_kind_name (l->kind), m->name);
}

static void
take_option (const StokerModule *m, const StkInstanceLine *l, void *conf, GHashTable *given, StkReport *report)
{
  const StokerOption *row = stk_option_find (m->options, m->n_options, l->option);
  StokerError err;

  if (row == NULL) {
    unknown_option (m, l, report);
    return;
  }
  g_hash_table_add (given, (void *)row);
  if (row->flags & STOKER_OPTION_DEPRECATED)
    stk_report_warning (report, l->file, l->line, "%s.%s.%s is an old option. %s", stk_kind_name (l->kind), l->instance,
                        l->option, row->text ? row->text : "");
  if (stk_option_parse (row, l->value, l->dir, conf, &err) < 0)
    stk_report_error (report, l->file, l->line, "%s.%s.%s: %s", stk_kind_name (l->kind), l->instance, l->option,
                      err.text);
}

/* An option that the instance's lines do not give takes the broker's value, when the module has it. */
static void
fill (const StokerModule *m, const char *option, const char *value, void *conf, GHashTable *given)
{
  const StokerOption *row = stk_option_find (m->options, m->n_options, option);

  if (value && row && !g_hash_table_contains (given, row))
    (void)stk_option_parse (row, value, NULL, conf, NULL);
}

static void
fill_number (const StokerModule *m, const char *option, int64_t value, void *conf, GHashTable *given)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  fill (m, option, text, conf, given);
}

/* A coordinator that keeps files, and was not told where, keeps them in the first log directory; one that speaks with servers uses those
 * of zookeeper.connect. */
static void
fill_coordinator (const StkBrokerConfig *c, const StokerModule *m, void *conf, GHashTable *given)
{
  if (m->kind != STOKER_KIND_COORDINATOR)
    return;
  fill (m, "directory", c->n_log_dirs > 0 ? c->log_dirs[0] : NULL, conf, given);
  if (c->zookeeper_connect == NULL)
    return;
  fill (m, "connect", c->zookeeper_connect, conf, given);
  fill_number (m, "session.timeout", c->zookeeper_session_timeout_ms, conf, given);
  fill_number (m, "max.in.flight", c->zookeeper_max_in_flight_requests, conf, given);
  fill (m, "set.acl", c->zookeeper_set_acl ? "true" : "false", conf, given);
}

/* A conf of the module for the instance of that name; NULL when an option is wrong. */
static void *
make_conf (const StkBrokerConfig *c, const StokerModule *m, const char *name, StkReport *report)
{
  g_autoptr (GHashTable) given = g_hash_table_new (NULL, NULL);
  void *conf = stk_conf_new (m);
  size_t errors = stk_report_errors (report);
  const char *file;
  unsigned line;

  for (size_t i = 0; i < c->n_instance_lines; i++) {
    const StkInstanceLine *l = &c->instance_lines[i];
    if (l->kind == m->kind && strcmp (l->instance, name) == 0 && strcmp (l->option, "use") != 0)
      take_option (m, l, conf, given, report);
  }
  (void)place_of (c, m, name, &file, &line);
  for (uint32_t i = 0; i < m->n_options; i++)
    if ((m->options[i].flags & STOKER_OPTION_REQUIRED) && !g_hash_table_contains (given, &m->options[i]))
      stk_report_error (report, file, line, "%s.%s.%s must be set: %s", stk_kind_name (m->kind), name,
                        m->options[i].name, m->options[i].summary);
  fill_coordinator (c, m, conf, given);
  if (stk_report_errors (report) == errors)
    return conf;
  stk_conf_free (m, conf);
  return NULL;
}

void *
stk_config_instance_conf (const StkBrokerConfig *c, const StokerInstance *i, StkReport *report)
{
  return make_conf (c, i->module, i->name, report);
}

static void
add_all (Making *m)
{
  for (guint i = 0; i < m->declared->len; i++) {
    const Declared *d = &g_array_index (m->declared, Declared, i);
    void *conf = make_conf (m->config, d->module, d->name, m->report);
    StokerError err;
    if (conf && stk_registry_add_instance (m->registry, d->module, d->name, conf, &err) == 0)
      continue;
    if (conf)
      stk_report_error (m->report, d->file, d->line, "%s", err.text);
    note_failed (m, stk_kind_name (d->module->kind), d->name);
  }
}

static void
set_default (Making *m, uint32_t kind, const char *name, const char *key, bool may_lack)
{
  const StkConfigEntry *e = stk_broker_config_entry (m->config, key);
  StokerError err;

  if (name == NULL || has_failed (m, stk_kind_name (kind), name))
    return; /* that is said already */
  if (m->running && stk_registry_get (m->running, kind, NULL) == NULL)
    return; /* what runs does without */
  if (may_lack && e == NULL && stk_registry_get (m->registry, kind, name) == NULL)
    return;
  if (stk_registry_set_default (m->registry, kind, name, &err) < 0)
    stk_report_error (m->report, e ? e->file : NULL, e ? e->line : 0, "%s: %s", key, err.text);
}

static void
set_coordinator (Making *m, StkModulesFor purpose)
{
  const StkBrokerConfig *c = m->config;
  const StkConfigEntry *e = stk_broker_config_entry (c, "zookeeper.connect");
  const char *file = e ? e->file : NULL;
  unsigned line = e ? e->line : 0;
  static const char why[] = "needs the module coordinator/zookeeper, which this build does not have";

  if (c->zookeeper_connect == NULL
      || stk_registry_get (m->registry, STOKER_KIND_COORDINATOR, c->coordinator_default_use))
    set_default (m, STOKER_KIND_COORDINATOR, c->coordinator_default_use, "coordinator.default.use", false);
  else if (has_failed (m, "coordinator", "zookeeper"))
    return;
  else if (purpose == STK_MODULES_CHECK)
    stk_report_warning (m->report, file, line, "zookeeper.connect: %s: it will not start", why);
  else
    stk_report_error (m->report, file, line,
                      "zookeeper.connect: %s; remove it to run one node with the embedded coordinator", why);
}

/* zookeeper.connect asks for the module without a load line. */
static void
load_zookeeper (Making *m)
{
  const StkConfigEntry *e = stk_broker_config_entry (m->config, "zookeeper.connect");
  StokerError err;

  if (m->config->zookeeper_connect == NULL || stk_registry_module (m->registry, STOKER_KIND_COORDINATOR, "zookeeper"))
    return;
  if (stk_registry_load (m->registry, "coordinator/zookeeper", NULL, &err) < 0 && err.code != -ENOENT) {
    stk_report_error (m->report, e ? e->file : NULL, e ? e->line : 0, "zookeeper.connect: %s", err.text);
    note_failed (m, "coordinator", "zookeeper");
  }
}

/* Everything goes on after an error, and what only follows from one is left out. */
static void
make_all (Making *m, StkModulesFor purpose)
{
  const StkBrokerConfig *c = m->config;

  load_all (m);
  load_zookeeper (m);
  stk_registry_each_module (m->registry, declare_own, m);
  for (size_t i = 0; i < c->n_instance_lines; i++)
    if (strcmp (c->instance_lines[i].option, "use") == 0)
      declare_used (m, &c->instance_lines[i]);
  for (size_t i = 0; i < c->n_instance_lines; i++)
    if (strcmp (c->instance_lines[i].option, "use") != 0)
      check_instance_named (m, &c->instance_lines[i]);
  add_all (m);
  set_default (m, STOKER_KIND_STORAGE, c->storage_default_use, "storage.default.use", false);
  set_default (m, STOKER_KIND_PARTITIONER, c->partitioner_default_use, "partitioner.default.use", true);
  set_coordinator (m, purpose);
}

static bool
make (const StkBrokerConfig *c, StkRegistry *r, const StkRegistry *running, StkModulesFor purpose, StkReport *report)
{
  Making m = { c, r, report, running, g_array_new (FALSE, TRUE, sizeof (Declared)),
               g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  size_t errors = stk_report_errors (report);

  make_all (&m, purpose);
  g_array_unref (m.declared);
  g_hash_table_unref (m.failed);
  return stk_report_errors (report) == errors;
}

bool
stk_config_modules (const StkBrokerConfig *c, StkRegistry *r, StkModulesFor purpose, StkReport *report)
{
  return make (c, r, NULL, purpose, report);
}

typedef struct Initialising
{
  const StkBrokerConfig *config;
  StkReport *report;
} Initialising;

static bool
init_one (void *user, StokerInstance *self)
{
  Initialising *i = user;
  StokerError err;
  const char *file;
  unsigned line;

  if (stk_instance_init (self, &err) == 0)
    return true;
  (void)place_of (i->config, self->module, self->name, &file, &line);
  stk_report_error (i->report, file, line, "%s %s", stk_kind_name (self->module->kind), err.text);
  return true;
}

bool
stk_config_init_modules (const StkBrokerConfig *c, StkRegistry *r, StkReport *report)
{
  Initialising i = { c, report };
  size_t errors = stk_report_errors (report);

  stk_registry_each (r, 0, init_one, &i);
  return stk_report_errors (report) == errors;
}

bool
stk_config_check_modules (const StkBrokerConfig *c, const StkRegistry *running, StokerDisk *disk,
                          StkModulesFor purpose, StkReport *report)
{
  StkCheckHost *host = stk_check_host_new (disk, report);
  StkRegistry *r = stk_registry_new (stk_check_host_get (host), c->module_path);
  size_t errors = stk_report_errors (report);

  (void)make (c, r, running, purpose, report);
  (void)stk_config_init_modules (c, r, report);
  stk_registry_free (r);
  stk_check_host_free (host);
  return stk_report_errors (report) == errors;
}
