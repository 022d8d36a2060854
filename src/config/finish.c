/* SPDX-License-Identifier: Apache-2.0 */
#include "config/finish.h"

#include "config/endpoint.h"
#include "control/log.h"

static bool
blame (const StkBrokerConfig *c, StkReport *report, const char *name, const char *text)
{
  const StkConfigEntry *e
      = stk_broker_config_source (c, name) == STK_SOURCE_STATIC ? stk_broker_config_entry (c, name) : NULL;

  return stk_report_error (report, e ? e->file : NULL, e ? e->line : 0, "%s: %s", name, text);
}

/* Kafka's rule: the name with the finer unit wins, wherever it stands. */
static void
settle_synonyms (StkBrokerConfig *c)
{
#define GIVEN(name) stk_broker_config_given (c, name)
  if (!GIVEN ("log.roll.ms") && GIVEN ("log.roll.hours"))
    c->log_roll_ms = c->log_roll_hours;
  if (!GIVEN ("log.roll.jitter.ms") && GIVEN ("log.roll.jitter.hours"))
    c->log_roll_jitter_ms = c->log_roll_jitter_hours;
  if (!GIVEN ("log.retention.ms") && GIVEN ("log.retention.minutes"))
    c->log_retention_ms = c->log_retention_minutes;
  else if (!GIVEN ("log.retention.ms") && GIVEN ("log.retention.hours"))
    c->log_retention_ms = c->log_retention_hours;
  if (!GIVEN ("log.message.timestamp.before.max.ms") && GIVEN ("log.message.timestamp.difference.max.ms"))
    c->log_message_timestamp_before_max_ms = c->log_message_timestamp_difference_max_ms;
  if (!GIVEN ("log.message.timestamp.after.max.ms") && GIVEN ("log.message.timestamp.difference.max.ms"))
    c->log_message_timestamp_after_max_ms = c->log_message_timestamp_difference_max_ms;
#undef GIVEN
}

static void
check_together (const StkBrokerConfig *c, StkReport *report)
{
  if (c->log_retention_ms == 0)
    blame (c, report,
           stk_broker_config_given (c, "log.retention.ms")        ? "log.retention.ms"
           : stk_broker_config_given (c, "log.retention.minutes") ? "log.retention.minutes"
                                                                  : "log.retention.hours",
           "a retention of 0 would delete everything at once; -1 keeps everything");
  if (c->log_cleaner_min_compaction_lag_ms > c->log_cleaner_max_compaction_lag_ms)
    blame (c, report, "log.cleaner.min.compaction.lag.ms", "is larger than log.cleaner.max.compaction.lag.ms");
  if (c->compression_gzip_level == 0)
    blame (c, report, "compression.gzip.level", "must be 1 to 9, or -1 for the default");
  if (c->group_min_session_timeout_ms > c->group_max_session_timeout_ms)
    blame (c, report, "group.min.session.timeout.ms", "is larger than group.max.session.timeout.ms");
  if (c->log_cleanup_policy == NULL || c->log_cleanup_policy[0] == NULL)
    blame (c, report, "log.cleanup.policy", "must name delete, compact or both");
}

/* What stands for the listener's name in listener.security.protocol.map: its protocol. */
static const char *
protocol_of (const StkBrokerConfig *c, const char *name)
{
  for (const char *const *p = c->listener_map_text; p && *p; p++) {
    const char *colon = strchr (*p, ':');
    if (colon && strlen (name) == (size_t)(colon - *p) && g_ascii_strncasecmp (*p, name, strlen (name)) == 0)
      return colon + 1;
  }
  return name;
}

static void
check_protocol (const StkBrokerConfig *c, const StkEndpoint *e, const char *key, StkReport *report)
{
  const char *protocol = protocol_of (c, e->name);
  g_autofree char *text = NULL;

  if (g_ascii_strcasecmp (protocol, "PLAINTEXT") == 0)
    return;
  if (g_ascii_strcasecmp (protocol, "SSL") == 0 || g_ascii_strncasecmp (protocol, "SASL_", 5) == 0)
    text = g_strdup_printf ("listener %s speaks %s, which this release does not offer: only PLAINTEXT", e->name,
                            protocol);
  else
    text = g_strdup_printf ("%s is no protocol: map the name with listener.security.protocol.map = %s:PLAINTEXT",
                            protocol, e->name);
  blame (c, report, key, text);
}

static size_t
parse_endpoints (const StkBrokerConfig *c, const char *key, const char *const *texts, StkEndpoint **out,
                 StkReport *report)
{
  g_autoptr (GArray) list = g_array_new (FALSE, TRUE, sizeof (StkEndpoint));
  size_t n;

  for (; texts && *texts; texts++) {
    StkEndpoint e = { 0 };
    StokerError err;
    if (stk_endpoint_parse (*texts, &e, &err) < 0) {
      blame (c, report, key, err.text);
      continue;
    }
    for (guint i = 0; i < list->len; i++) {
      const StkEndpoint *other = &g_array_index (list, StkEndpoint, i);
      if (g_ascii_strcasecmp (other->name, e.name) == 0)
        blame (c, report, key, "two listeners have the same name");
      else if (other->port == e.port && e.port != 0 && strcmp (other->host, e.host) == 0)
        blame (c, report, key, "two listeners have the same address and port");
    }
    check_protocol (c, &e, key, report);
    g_array_append_val (list, e);
  }
  n = list->len;
  *out = (StkEndpoint *)g_array_free (g_steal_pointer (&list), FALSE);
  return n;
}

static bool
is_any (const char *host)
{
  return *host == '\0' || strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0;
}

/* Listeners that are not advertised by name are, under the host they listen on. */
static void
advertise_listeners (StkBrokerConfig *c)
{
  c->advertised = g_new0 (StkEndpoint, c->n_listeners);
  c->n_advertised = c->n_listeners;
  for (size_t i = 0; i < c->n_listeners; i++) {
    const char *host = c->listeners[i].host;
    c->advertised[i] = (StkEndpoint){ g_strdup (c->listeners[i].name),
                                      g_strdup (is_any (host) ? g_get_host_name () : host), c->listeners[i].port };
  }
}

static void
settle_listeners (StkBrokerConfig *c, StkReport *report)
{
  c->n_listeners = parse_endpoints (c, "listeners", c->listeners_text, &c->listeners, report);
  if (c->n_listeners == 0 && stk_report_errors (report) == 0)
    blame (c, report, "listeners", "at least one is needed");
  c->n_advertised = parse_endpoints (c, "advertised.listeners", c->advertised_listeners_text, &c->advertised, report);
  for (size_t i = 0; i < c->n_advertised; i++) {
    bool known = false;
    for (size_t k = 0; k < c->n_listeners; k++)
      known |= g_ascii_strcasecmp (c->listeners[k].name, c->advertised[i].name) == 0;
    if (!known)
      blame (c, report, "advertised.listeners", "advertises a listener that is not among the listeners");
    if (is_any (c->advertised[i].host))
      blame (c, report, "advertised.listeners", "needs a host that clients can connect to, not \"all addresses\"");
  }
  if (c->n_advertised == 0 && c->n_listeners > 0) {
    g_free (c->advertised);
    advertise_listeners (c);
  }
  for (size_t k = 0; k < c->n_listeners; k++)
    if (*c->listeners[k].host == '\0') {
      g_free ((char *)c->listeners[k].host);
      c->listeners[k].host = g_strdup ("0.0.0.0");
    }
}

static void
settle_directories (StkBrokerConfig *c, const char *cwd, StkReport *report)
{
  bool many = c->log_dirs_text && c->log_dirs_text[0];
  const char *key = many ? "log.dirs" : "log.dir";
  const char *one[] = { c->log_dir, NULL };
  const char *const *texts = many ? c->log_dirs_text : one;
  const StkConfigEntry *e = stk_broker_config_entry (c, key);
  g_autoptr (GPtrArray) dirs = g_ptr_array_new ();

  for (; *texts; texts++) {
    char *dir = NULL;
    g_autofree char *base = g_canonicalize_filename (e && e->dir ? e->dir : ".", cwd);
    dir = g_canonicalize_filename (*texts, base);
    if (g_ptr_array_find_with_equal_func (dirs, dir, g_str_equal, NULL)) {
      blame (c, report, key, "names a directory twice");
      g_free (dir);
    } else {
      g_ptr_array_add (dirs, dir);
    }
  }
  c->n_log_dirs = dirs->len;
  if (dirs->len == 0)
    blame (c, report, key, "names no directory");
  g_ptr_array_add (dirs, NULL);
  c->log_dirs = (char **)g_ptr_array_free (g_steal_pointer (&dirs), FALSE);
}

/* Relative folders start from that of the file that names them. */
static void
settle_module_path (StkBrokerConfig *c, const char *cwd)
{
  const StkConfigEntry *e = stk_broker_config_entry (c, "module.path");
  g_autofree char *base = g_canonicalize_filename (e && e->dir ? e->dir : ".", cwd);

  for (const char **p = (const char **)c->module_path; p && *p; p++) {
    char *absolute = g_canonicalize_filename (*p, base);
    g_free ((char *)*p);
    *p = absolute;
  }
}

static void
settle_coordinator (StkBrokerConfig *c, StkReport *report)
{
  if (c->zookeeper_connect == NULL)
    return;
  if (!stk_broker_config_given (c, "coordinator.default.use")) {
    g_free ((char *)c->coordinator_default_use);
    c->coordinator_default_use = g_strdup ("zookeeper");
  } else if (strcmp (c->coordinator_default_use, "local") == 0) {
    blame (c, report, "coordinator.default.use", "is local, but zookeeper.connect is set too: remove one of them");
  }
}

static void
check_areas (const StkBrokerConfig *c, StkReport *report)
{
  for (const char *const *p = c->logging_areas; p && *p; p++) {
    const char *equals = strchr (*p, '=');
    StokerLogLevel level;
    if (equals == NULL || equals == *p || !stk_log_level_parse (equals + 1, &level))
      blame (c, report, "logging.areas", "is a list of AREA=LEVEL, with a level of error, warn, info, debug");
  }
}

static void
check_defaults_named (const StkBrokerConfig *c, StkReport *report)
{
  if (c->storage_default_use == NULL)
    blame (c, report, "storage.default.use", "must name an instance of kind storage");
  if (c->partitioner_default_use == NULL)
    blame (c, report, "partitioner.default.use", "must name an instance of kind partitioner");
  if (c->coordinator_default_use == NULL)
    blame (c, report, "coordinator.default.use", "must name an instance of kind coordinator");
}

/* The standard modules are lines like those of the operator, before them, and give way to one for the same module. */
static void
settle_loads (StkBrokerConfig *c)
{
  StkBrokerOwn *own = stk_broker_config_own (c);
  g_autoptr (GHashTable) named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = own->loads->len;

  for (guint i = 0; i < n; i++) {
    const char *spec = g_array_index (own->loads, StkLoadLine, i).spec;
    g_hash_table_add (named, g_strndup (spec, strcspn (spec, " \t")));
  }
  for (const char *const *p = c->module_standard; p && *p; p++)
    if (!g_hash_table_contains (named, *p)) {
      StkLoadLine load = { *p, NULL, 0, true };
      g_array_append_val (own->loads, load);
    }
  c->loads = (StkLoadLine *)(void *)own->loads->data;
  c->n_loads = own->loads->len;
  c->instance_lines = (StkInstanceLine *)(void *)own->instance_lines->data;
  c->n_instance_lines = own->instance_lines->len;
}

void
stk_broker_config_finish (StkBrokerConfig *c, const char *cwd, StkReport *report)
{
  settle_synonyms (c);
  check_together (c, report);
  settle_listeners (c, report);
  settle_directories (c, cwd, report);
  settle_module_path (c, cwd);
  settle_coordinator (c, report);
  check_areas (c, report);
  check_defaults_named (c, report);
  settle_loads (c);
}

void
stk_broker_config_unfinish (StkBrokerConfig *c)
{
  for (size_t i = 0; i < c->n_listeners; i++)
    stk_endpoint_clear (&c->listeners[i]);
  for (size_t i = 0; i < c->n_advertised; i++)
    stk_endpoint_clear (&c->advertised[i]);
  g_free (c->listeners);
  g_free (c->advertised);
  g_strfreev (c->log_dirs);
}
