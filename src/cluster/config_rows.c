/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/config_rows.h"

#include "module/option.h"

#include <glib.h>

enum
{
  SOURCE_TOPIC = 1,
  SOURCE_STATIC_BROKER = 4,
  SOURCE_DEFAULT = 5,
};

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
  const char *inherited_name = setting->broker_name ? setting->broker_name : opt->name;
  StokerStr inherited_value = inherited ? copy (s, inherited) : STOKER_STR_LIT ("");

  *row = (StokerConfigRow){ .name = stoker_str (opt->name),
                            .value = override ? copy (s, override) : inherited_value,
                            .is_default = override == NULL,
                            .source = override ? SOURCE_TOPIC : source,
                            .type = setting->kafka_type,
                            .documentation = s->documentation ? stoker_str (opt->summary) : STOKER_STR_NULL };
  if (!s->synonyms)
    return;
  row->synonyms = stoker_arena_calloc (s->arena, 3, sizeof *row->synonyms);
  if (override)
    add_synonym (row, opt->name, row->value, SOURCE_TOPIC);
  if (source == SOURCE_STATIC_BROKER)
    add_synonym (row, inherited_name, inherited_value, SOURCE_STATIC_BROKER);
  add_synonym (row, inherited_name, opt->def ? stoker_str (opt->def) : STOKER_STR_LIT (""), SOURCE_DEFAULT);
}

StokerConfigRow *
stk_config_rows_topic (const StkConfigRowsSpec *s, const StkMetaPair *overrides, size_t n_overrides, int32_t *out_n)
{
  size_t n;
  const StokerOption *opts = stk_topic_rows (&n);
  StokerConfigRow *rows = stoker_arena_calloc (s->arena, n, sizeof *rows);
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
  bool given = stk_broker_config_given (s->config, opt->name), secret = opt->flags & STOKER_OPTION_SECRET;
  g_autofree char *value = stk_broker_config_value (s->config, opt->name);

  *row = (StokerConfigRow){ .name = stoker_str (opt->name),
                            .value = secret ? STOKER_STR_NULL : copy (s, value ? value : ""),
                            .read_only = true,
                            .is_default = !given,
                            .sensitive = secret,
                            .source = given ? SOURCE_STATIC_BROKER : SOURCE_DEFAULT,
                            .type = kafka_type (opt),
                            .documentation = s->documentation ? stoker_str (opt->summary) : STOKER_STR_NULL };
  if (!s->synonyms)
    return;
  row->synonyms = stoker_arena_calloc (s->arena, 2, sizeof *row->synonyms);
  if (given)
    add_synonym (row, opt->name, row->value, SOURCE_STATIC_BROKER);
  add_synonym (row, opt->name, secret ? STOKER_STR_NULL : opt->def ? stoker_str (opt->def) : STOKER_STR_LIT (""), SOURCE_DEFAULT);
}

StokerConfigRow *
stk_config_rows_broker (const StkConfigRowsSpec *s, int32_t *out_n)
{
  size_t n;
  const StokerOption *opts = stk_broker_rows (&n);
  StokerConfigRow *rows = stoker_arena_calloc (s->arena, n, sizeof *rows);
  int32_t k = 0;

  for (size_t i = 0; i < n; i++)
    if (wanted (s, opts[i].name))
      broker_row (s, &opts[i], &rows[k++]);
  *out_n = k;
  return rows;
}
