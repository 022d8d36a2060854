/* SPDX-License-Identifier: Apache-2.0 */
#include "config/sample.h"

#include "config/broker_config.h"
#include "config/kafka_names.h"
#include "module/kind.h"
#include "module/option.h"

#define WIDTH 118

/* Words of `text` in lines that begin with `prefix`. */
static void
put_wrapped (GString *out, const char *prefix, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  size_t column = 0;

  for (char **w = words; *w; w++) {
    if (column > 0 && column + 1 + strlen (*w) > WIDTH) {
      g_string_append_c (out, '\n');
      column = 0;
    }
    g_string_append (out, column == 0 ? prefix : " ");
    g_string_append (out, *w);
    column += strlen (*w) + (column == 0 ? strlen (prefix) : 1);
  }
  g_string_append_c (out, '\n');
}

static char *
about (const StokerOption *row)
{
  g_autofree char *accepts = stk_option_accepts (row);
  g_autoptr (GString) s = g_string_new (accepts);

  if (row->unit && row->type != STOKER_OPTION_INT)
    g_string_append_printf (s, "; a bare number is %s", row->unit);
  else if (row->unit)
    g_string_append_printf (s, " %s", row->unit);
  if (row->flags & STOKER_OPTION_REQUIRED)
    g_string_append (s, "; must be set");
  if (row->flags & STOKER_OPTION_RELOADABLE)
    g_string_append (s, "; may change while running");
  if (row->flags & STOKER_OPTION_SECRET)
    g_string_append (s, "; secret");
  if (row->flags & STOKER_OPTION_DEPRECATED)
    g_string_append (s, "; deprecated");
  if (row->flags & STOKER_OPTION_EXPERIMENTAL)
    g_string_append (s, "; experimental");
  return g_string_free (g_steal_pointer (&s), FALSE);
}

static void
put_sample_row (GString *out, const char *prefix, const StokerOption *row)
{
  g_autofree char *accepts = about (row);
  g_autofree char *summary = g_strdup_printf ("%s (%s)", row->summary, accepts);

  g_string_append_c (out, '\n');
  put_wrapped (out, "# ", summary);
  if (row->text)
    put_wrapped (out, "# ", row->text);
  g_string_append_printf (out, "#%s%s =%s%s\n", prefix, row->name, row->def && *row->def ? " " : "",
                          row->def ? row->def : "");
}

void
stk_sample_broker (GString *out)
{
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);

  g_string_append (
      out,
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# Settings of a Stoker broker. One `key = value` a line; '#' only as the first character of a line; lists are "
      "split at\n"
      "# commas; sizes are written 64MiB, times 250ms. Names are Kafka's where Kafka has the setting. What stands here "
      "behind a\n"
      "# '#' is the default. Made from the broker's own tables: `stokerd --describe KEY` tells the same.\n"
      "#\n"
      "# load = KIND/NAME              loads a module that is not among the standard ones (`stokerd --list-modules`)\n"
      "# KIND.INSTANCE.use = MODULE    makes another instance of a loaded module\n"
      "# KIND.INSTANCE.option = VALUE  sets an option of an instance (`stokerd --describe KIND/NAME`)\n"
      "\n"
      "include = conf.d/*.conf\n");
  for (size_t i = 0; i < n; i++) {
    const char *heading = stk_broker_row_heading (i);
    if (heading)
      g_string_append_printf (out, "\n# ---- %s\n", heading);
    put_sample_row (out, "", &rows[i]);
  }
}

void
stk_sample_module (GString *out, const StokerModule *m)
{
  g_autofree char *prefix = g_strdup_printf ("%s.%s.", stk_kind_name (m->kind), m->name);

  if (m->n_options == 0)
    return;
  g_string_append_printf (out, "# SPDX-License-Identifier: Apache-2.0\n# Options of the module %s/%s: %s\n",
                          stk_kind_name (m->kind), m->name, m->summary);
  for (uint32_t i = 0; i < m->n_options; i++)
    put_sample_row (out, prefix, &m->options[i]);
}

static void
put_described_row (GString *out, const char *prefix, const StokerOption *row)
{
  g_autofree char *accepts = about (row);

  g_string_append_printf (out, "\n  %s%s%s%s\n", prefix, row->name, row->def ? " = " : "", row->def ? row->def : "");
  put_wrapped (out, "      ", row->summary);
  put_wrapped (out, "      ", accepts);
  if (row->text)
    put_wrapped (out, "      ", row->text);
}

void
stk_describe_module (GString *out, const StokerModule *m, const char *file)
{
  static const char *const threads[] = { "serial (the core locks)", "control thread only", "any number of threads" };
  const StkKind *kind = stk_kind_find (m->kind);
  g_autofree char *prefix = g_strdup_printf ("%s.%s.", stk_kind_name (m->kind), m->name);

  g_string_append_printf (out, "%s/%s %s: %s\n", stk_kind_name (m->kind), m->name, m->version, m->summary);
  g_string_append_printf (out, "  file     %s\n  licence  %s\n  API      %u.%u%s%s%s\n  threads  %s\n",
                          file ? file : "(built in)", m->licence, m->api_level >> 16, m->api_level & 0xffffu,
                          kind && !kind->frozen ? ", tied to the build " : "",
                          kind && !kind->frozen && m->build_id ? m->build_id : "", "", threads[MIN (m->threads, 2u)]);
  if (m->n_options == 0)
    g_string_append (out, "\nNo options.\n");
  else
    g_string_append (out, "\nOptions, with their defaults, of the instance that is named like the module:\n");
  for (uint32_t i = 0; i < m->n_options; i++)
    put_described_row (out, prefix, &m->options[i]);
}

bool
stk_describe_setting (GString *out, const char *key)
{
  const StokerOption *row = stk_broker_row (key);
  const char *reason;
  StkKafkaFate fate = stk_kafka_name_fate (key, "x", &reason);

  if (row)
    put_described_row (out, "", row);
  else if (fate != STK_KAFKA_UNKNOWN)
    g_string_append_printf (out, "\n  %s\n      known to Kafka, %s: %s\n", key,
                            fate == STK_KAFKA_REFUSED ? "refused here" : "means nothing here", reason);
  return row || fate != STK_KAFKA_UNKNOWN;
}
