/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/config_rows.h"

#include "config/dynamic.h"
#include "module/option.h"

#include <glib.h>

#define MAX_SYNONYMS 7 /* a topic's, four places of the broker's, and two coarser names in one of these */

static bool
wanted (const StkConfigRowsSpec *s, const char *name)
{
  if (s->n_keys <= 0)
    return true;
  for (int32_t i = 0; i < s->n_keys; i++)
    if (stoker_str_is (s->keys[i], name))
      return true;
  return false;
}

/* Of n settings, how many can be wanted? */
static size_t
most_rows (const StkConfigRowsSpec *s, size_t n)
{
  return s->n_keys > 0 ? MIN (n, (size_t)s->n_keys) : n;
}

static StokerStr
copy (const StkConfigRowsSpec *s, const char *text)
{
  return stoker_arena_str (s->arena, stoker_str (text));
}

static void
add_synonym (StokerConfigRow *row, const char *name, StokerStr value, int8_t source)
{
  row->synonyms[row->n_synonyms].name = stoker_str (name);
  row->synonyms[row->n_synonyms].value = value;
  row->synonyms[row->n_synonyms].source = source;
  row->n_synonyms++;
}

static void
add_place (const StkConfigRowsSpec *s, const StokerOption *opt, StkSource source, StokerConfigRow *row)
{
  g_autofree char *value = stk_broker_config_value_in (s->config, opt, source);

  if (value)
    add_synonym (row, opt->name, opt->flags & STOKER_OPTION_SECRET ? STOKER_STR_NULL : copy (s, value), (int8_t)source);
}

/* All places that set the broker's setting, the one that wins first. Kafka leaves coarser names out unless the finer one is set too, and
 * so tells nobody where the value comes from. */
static void
add_broker_synonyms (const StkConfigRowsSpec *s, const StokerOption *opt, StokerConfigRow *row)
{
  for (int source = STK_SOURCE_DYNAMIC_BROKER; source <= STK_SOURCE_DEFAULT; source++) {
    add_place (s, opt, (StkSource)source, row);
    for (const char *const *w = stk_broker_config_coarse (opt->name); source == STK_SOURCE_STATIC && *w; w++)
      add_place (s, stk_broker_row (*w), STK_SOURCE_STATIC, row);
  }
}

static const char *
override_of (const StkMetaPair *pairs, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (pairs[i].name, name) == 0)
      return pairs[i].value;
  return NULL;
}

static void
topic_row (const StkConfigRowsSpec *s, size_t i, const StokerOption *opt, const char *override, StokerConfigRow *row)
{
  const StkTopicSetting *setting = stk_topic_setting (i);
  int8_t source;
  g_autofree char *inherited = stk_topic_config_default (s->config, i, &source);
  const StokerOption *broker_row = setting->broker_name ? stk_broker_row (setting->broker_name) : NULL;

  *row = (StokerConfigRow){ .name = stoker_str (opt->name),
                            .value = copy (s, override ? override : inherited ? inherited : ""),
                            .is_default = override == NULL,
                            .source = override ? STK_SOURCE_TOPIC : source,
                            .type = setting->kafka_type,
                            .documentation = s->documentation ? stoker_str (opt->summary) : STOKER_STR_NULL };
  if (!s->synonyms)
    return;
  row->synonyms = stoker_arena_calloc (s->arena, MAX_SYNONYMS, sizeof *row->synonyms);
  if (override)
    add_synonym (row, opt->name, row->value, STK_SOURCE_TOPIC);
  if (broker_row)
    add_broker_synonyms (s, broker_row, row);
  else
    add_synonym (row, opt->name, opt->def ? stoker_str (opt->def) : STOKER_STR_LIT (""), STK_SOURCE_DEFAULT);
}

StokerConfigRow *
stk_config_rows_topic (const StkConfigRowsSpec *s, const StkMetaPair *overrides, size_t n_overrides, int32_t *out_n)
{
  size_t n;
  const StokerOption *opts = stk_topic_rows (&n);
  StokerConfigRow *rows = stoker_arena_calloc (s->arena, most_rows (s, n), sizeof *rows);
  int32_t k = 0;

  for (size_t i = 0; i < n; i++)
    if (wanted (s, opts[i].name))
      topic_row (s, i, &opts[i], override_of (overrides, n_overrides, opts[i].name), &rows[k++]);
  *out_n = k;
  return rows;
}

/* Numbers of DescribeConfigs for the types of option rows. */
static int8_t
kafka_type (const StokerOption *opt)
{
  switch (opt->type) {
  case STOKER_OPTION_BOOL:
    return 1;
  case STOKER_OPTION_INT:
  case STOKER_OPTION_SIZE:
  case STOKER_OPTION_DURATION:
    return 5;
  case STOKER_OPTION_DOUBLE:
    return 6;
  case STOKER_OPTION_LIST:
    return 7;
  default:
    return opt->flags & STOKER_OPTION_SECRET ? 9 : 2;
  }
}

static void
broker_row (const StkConfigRowsSpec *s, const StokerOption *opt, StokerConfigRow *row)
{
  bool secret = opt->flags & STOKER_OPTION_SECRET;
  StkSource source = stk_broker_config_value_source (s->config, opt->name);
  g_autofree char *value = stk_broker_config_value (s->config, opt->name);

  *row = (StokerConfigRow){ .name = stoker_str (opt->name),
                            .value = secret ? STOKER_STR_NULL : copy (s, value ? value : ""),
                            .read_only = !stk_dynamic_alterable (opt),
                            .is_default = source == STK_SOURCE_DEFAULT,
                            .sensitive = secret,
                            .source = (int8_t)source,
                            .type = kafka_type (opt),
                            .documentation = s->documentation ? stoker_str (opt->summary) : STOKER_STR_NULL };
  if (!s->synonyms)
    return;
  row->synonyms = stoker_arena_calloc (s->arena, MAX_SYNONYMS, sizeof *row->synonyms);
  add_broker_synonyms (s, opt, row);
}

/* What stands in the tree alone, without what wins over it or would hold otherwise. A setting that is unknown here may be a password:
 * it is named, not shown. */
static void
dynamic_row (const StkConfigRowsSpec *s, const StkDynamicPair *p, StkSource source, StokerConfigRow *row)
{
  const StokerOption *known = stk_broker_row (p->name);
  bool hidden = known == NULL || (known->flags & STOKER_OPTION_SECRET);

  *row = (StokerConfigRow){ .name = copy (s, p->name),
                            .value = hidden ? STOKER_STR_NULL : copy (s, p->value),
                            .read_only = p->row == NULL,
                            .sensitive = hidden,
                            .source = (int8_t)source,
                            .type = p->row ? kafka_type (p->row) : 0,
                            .documentation = s->documentation ? stoker_str (p->row ? p->row->summary : "") : STOKER_STR_NULL };
  if (!s->synonyms)
    return;
  row->synonyms = stoker_arena_calloc (s->arena, 1, sizeof *row->synonyms);
  row->synonyms[0].name = row->name;
  row->synonyms[0].value = row->value;
  row->synonyms[0].source = (int8_t)source;
  row->n_synonyms = 1;
}

StokerConfigRow *
stk_config_rows_defaults (const StkConfigRowsSpec *s, int32_t *out_n)
{
  size_t n;
  const StkDynamicPair *pairs = stk_broker_config_dynamic (s->config, STK_DYNAMIC_DEFAULT, &n);
  StokerConfigRow *rows = stoker_arena_calloc (s->arena, most_rows (s, n) + 1, sizeof *rows);
  int32_t k = 0;

  for (size_t i = 0; i < n; i++)
    if (wanted (s, pairs[i].name))
      dynamic_row (s, &pairs[i], STK_SOURCE_DYNAMIC_DEFAULT, &rows[k++]);
  *out_n = k;
  return rows;
}

/* Those of the broker's own dynamic settings that are no settings here. */
static int32_t
foreign_rows (const StkConfigRowsSpec *s, StokerConfigRow *rows)
{
  size_t n;
  const StkDynamicPair *pairs = stk_broker_config_dynamic (s->config, STK_DYNAMIC_BROKER, &n);
  int32_t k = 0;

  for (size_t i = 0; i < n; i++)
    if (stk_broker_row (pairs[i].name) == NULL && wanted (s, pairs[i].name))
      dynamic_row (s, &pairs[i], STK_SOURCE_DYNAMIC_BROKER, &rows[k++]);
  return k;
}

StokerConfigRow *
stk_config_rows_broker (const StkConfigRowsSpec *s, int32_t *out_n)
{
  size_t n, foreign;
  const StokerOption *opts = stk_broker_rows (&n);
  StokerConfigRow *rows;
  int32_t k = 0;

  (void)stk_broker_config_dynamic (s->config, STK_DYNAMIC_BROKER, &foreign);
  rows = stoker_arena_calloc (s->arena, most_rows (s, n + foreign), sizeof *rows);
  for (size_t i = 0; i < n; i++)
    if (wanted (s, opts[i].name))
      broker_row (s, &opts[i], &rows[k++]);
  *out_n = k + foreign_rows (s, &rows[k]);
  return rows;
}
