/* SPDX-License-Identifier: Apache-2.0 */
#include "config/dynamic.h"

#include "config/finish.h"
#include "config/kafka_names.h"
#include "module/nearest.h"
#include "module/option.h"

#include <stoker/types.h>

#define MAX_COARSE 2
static const struct
{
  const char *name;
  const char *coarse[MAX_COARSE + 1];
} times[] = { { "log.roll.ms", { "log.roll.hours" } },
              { "log.roll.jitter.ms", { "log.roll.jitter.hours" } },
              { "log.retention.ms", { "log.retention.minutes", "log.retention.hours" } } };

const char *const *
stk_broker_config_coarse (const char *name)
{
  static const char *const none[] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    if (strcmp (times[i].name, name) == 0)
      return times[i].coarse;
  return none;
}

bool
stk_dynamic_alterable (const StokerOption *row)
{
  /* As in Kafka: the coarse names of times are of the file only, so that there is one name that decides. */
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    if (g_strv_contains (times[i].coarse, row->name))
      return false;
  return (row->flags & STOKER_OPTION_RELOADABLE) && !(row->flags & STOKER_OPTION_SECRET);
}

static char *
no_such (const char *name, StokerError *err)
{
  const StokerOption *rows;
  StkNearest near;
  size_t n;

  rows = stk_broker_rows (&n);
  stk_nearest_begin (&near, name);
  for (size_t i = 0; i < n; i++)
    if (stk_dynamic_alterable (&rows[i]))
      stk_nearest_try (&near, rows[i].name);
  if (near.best)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "brokers have no setting %.100s; did you mean %s?", name, near.best);
  else
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "brokers have no setting %.100s", name);
  return NULL;
}

static const StokerOption *
alterable_row (const char *name, const char *value, int16_t *code, StokerError *err)
{
  const StokerOption *row = stk_broker_row (name);
  const char *reason = NULL;

  *code = STOKER_INVALID_REQUEST;
  if (row && stk_dynamic_alterable (row))
    return row;
  if (row)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG,
                            "%s cannot be updated dynamically: it is set in the broker's file, and needs a %s", name,
                            row->flags & STOKER_OPTION_RELOADABLE ? "reload" : "restart");
  else if (stk_kafka_name_fate (name, value, &reason) != STK_KAFKA_UNKNOWN)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "%.100s cannot be updated: %s", name, reason);
  else {
    *code = STOKER_INVALID_CONFIG;
    (void)no_such (name, err);
  }
  return NULL;
}

/* The value as DescribeConfigs has it, read alone. */
static char *
normal (const StokerOption *row, const char *text, const char *dir, StokerError *err)
{
  g_autofree StkBrokerConfig *scratch = g_new0 (StkBrokerConfig, 1);
  char *value;

  if (stk_option_parse (row, text, dir, scratch, err) < 0)
    return NULL;
  value = stk_option_format_bare (row, scratch);
  stk_options_clear (row, 1, scratch);
  return value;
}

char *
stk_dynamic_check (const char *name, const char *value, int16_t *code, StokerError *err)
{
  const StokerOption *row = alterable_row (name, value, code, err);
  g_autofree char *text = g_strstrip (g_strdup (value));
  StokerError why = { 0 };
  char *kept;

  if (row == NULL)
    return NULL;
  kept = normal (row, text, NULL, &why);
  if (kept == NULL)
    (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "%.80s is not a value for %s: %s", text, name, why.text);
  return kept;
}

static void
pair_clear (void *pair)
{
  StkDynamicPair *p = pair;

  g_free (p->name);
  g_free (p->value);
}

GArray *
stk_dynamic_pairs_new (const StkMetaPair *pairs, size_t n, StkReport *report)
{
  GArray *a = g_array_new (FALSE, FALSE, sizeof (StkDynamicPair));

  g_array_set_clear_func (a, pair_clear);
  for (size_t i = 0; i < n; i++) {
    StkDynamicPair p = { g_strdup (pairs[i].name), g_strdup (pairs[i].value ? pairs[i].value : ""), NULL };
    StokerError err = { 0 };
    int16_t code;
    g_autofree char *kept = stk_dynamic_check (p.name, p.value, &code, &err);
    if (kept)
      p.row = stk_broker_row (p.name);
    else if (report)
      stk_report_warning (report, NULL, 0, "%s", err.text);
    g_array_append_val (a, p);
  }
  return a;
}

const StkDynamicPair *
stk_broker_config_dynamic (const StkBrokerConfig *c, StkDynamicLayer layer, size_t *n)
{
  const GArray *a = stk_broker_config_own (c)->dynamic[layer];

  *n = a->len;
  return (const StkDynamicPair *)(const void *)a->data;
}

static const StkDynamicPair *
find_in_force (const StkBrokerConfig *c, StkDynamicLayer layer, const char *name)
{
  size_t n;
  const StkDynamicPair *p = stk_broker_config_dynamic (c, layer, &n);

  for (size_t i = 0; i < n; i++)
    if (p[i].row && strcmp (p[i].name, name) == 0)
      return &p[i];
  return NULL;
}

StkSource
stk_broker_config_source (const StkBrokerConfig *c, const char *name)
{
  if (find_in_force (c, STK_DYNAMIC_BROKER, name))
    return STK_SOURCE_DYNAMIC_BROKER;
  if (find_in_force (c, STK_DYNAMIC_DEFAULT, name))
    return STK_SOURCE_DYNAMIC_DEFAULT;
  return stk_broker_config_entry (c, name) ? STK_SOURCE_STATIC : STK_SOURCE_DEFAULT;
}

StkSource
stk_broker_config_value_source (const StkBrokerConfig *c, const char *name)
{
  StkSource source = stk_broker_config_source (c, name);

  for (const char *const *w = stk_broker_config_coarse (name); source == STK_SOURCE_DEFAULT && *w; w++)
    source = stk_broker_config_source (c, *w);
  return source;
}

char *
stk_broker_config_value_in (const StkBrokerConfig *c, const StokerOption *row, StkSource source)
{
  const StkDynamicPair *p;
  const StkConfigEntry *e;

  switch (source) {
  case STK_SOURCE_DYNAMIC_BROKER:
  case STK_SOURCE_DYNAMIC_DEFAULT:
    p = find_in_force (c, source == STK_SOURCE_DYNAMIC_BROKER ? STK_DYNAMIC_BROKER : STK_DYNAMIC_DEFAULT, row->name);
    return p ? normal (row, p->value, NULL, NULL) : NULL;
  case STK_SOURCE_STATIC:
    e = stk_broker_config_entry (c, row->name);
    return e ? normal (row, e->value, e->dir, NULL) : NULL;
  case STK_SOURCE_DEFAULT:
    return normal (row, row->def ? row->def : "", NULL, NULL);
  default:
    return NULL;
  }
}
