/* SPDX-License-Identifier: Apache-2.0 */
#include "config/broker_config.h"

#include "config/finish.h"
#include "config/kafka_names.h"
#include "module/kind.h"
#include "module/nearest.h"
#include "module/option.h"

#include <glib.h>

StkBrokerOwn *
stk_broker_config_own (const StkBrokerConfig *c)
{
  return c->own;
}

const StkConfigEntry *
stk_broker_config_entry (const StkBrokerConfig *c, const char *name)
{
  return g_hash_table_lookup (stk_broker_config_own (c)->given, name);
}

bool
stk_broker_config_given (const StkBrokerConfig *c, const char *name)
{
  return stk_broker_config_source (c, name) != STK_SOURCE_DEFAULT;
}

char *
stk_broker_config_value (const StkBrokerConfig *c, const char *name)
{
  const StokerOption *row = stk_broker_row (name);

  return row ? stk_option_format_bare (row, c) : NULL;
}

static void
try_name (void *user, const char *name)
{
  if (!g_str_has_suffix (name, "*"))
    stk_nearest_try (user, name);
}

static void
unknown_key (const StkConfigEntry *e, StkReport *report)
{
  const StokerOption *rows;
  StkNearest near;
  size_t n;

  stk_nearest_begin (&near, e->key);
  rows = stk_broker_rows (&n);
  for (size_t i = 0; i < n; i++)
    stk_nearest_try (&near, rows[i].name);
  stk_nearest_try (&near, "load");
  stk_nearest_try (&near, "include");
  stk_kafka_names_each (try_name, &near);
  if (near.best)
    stk_report_error (report, e->file, e->line, "%s: no such setting; did you mean %s?", e->key, near.best);
  else
    stk_report_error (report, e->file, e->line, "%s: no such setting", e->key);
}

static void
take_row (StkBrokerConfig *c, const StokerOption *row, const StkConfigEntry *e, StkReport *report)
{
  StokerError err;

  g_hash_table_insert (stk_broker_config_own (c)->given, (char *)row->name, (StkConfigEntry *)e);
  if (row->flags & STOKER_OPTION_DEPRECATED)
    stk_report_warning (report, e->file, e->line, "%s is an old name. %s", e->key, row->text ? row->text : "");
  if (stk_option_parse (row, e->value, e->dir, c, &err) < 0)
    stk_report_error (report, e->file, e->line, "%s: %s", e->key, err.text);
}

/* KIND.INSTANCE.option: true when the key is of that form. */
static bool
take_instance (StkBrokerConfig *c, const StkConfigEntry *e)
{
  g_auto (GStrv) parts = g_strsplit (e->key, ".", 3);
  StkBrokerOwn *own = stk_broker_config_own (c);
  const StkKind *kind;
  StkInstanceLine line;

  if (g_strv_length (parts) < 3 || (kind = stk_kind_by_name (parts[0])) == NULL || *parts[1] == '\0'
      || *parts[2] == '\0')
    return false;
  line = (StkInstanceLine){ kind->number,
                            g_string_chunk_insert_const (own->strings, parts[1]),
                            g_string_chunk_insert_const (own->strings, parts[2]),
                            e->value,
                            e->file,
                            e->dir,
                            e->line };
  g_array_append_val (own->instance_lines, line);
  return true;
}

static void
take (StkBrokerConfig *c, const StkConfigEntry *e, StkReport *report)
{
  const StokerOption *row = stk_broker_row (e->key);
  const char *reason;

  if (strcmp (e->key, "load") == 0) {
    StkLoadLine load = { e->value, e->file, e->line, false };
    g_array_append_val (stk_broker_config_own (c)->loads, load);
  } else if (row) {
    take_row (c, row, e, report);
  } else if (!take_instance (c, e)) {
    switch (stk_kafka_name_fate (e->key, e->value, &reason)) {
    case STK_KAFKA_UNKNOWN:
      unknown_key (e, report);
      break;
    case STK_KAFKA_NOTHING:
      stk_report_warning (report, e->file, e->line, "%s is known to Kafka and means nothing here: %s", e->key, reason);
      break;
    case STK_KAFKA_REFUSED:
      stk_report_error (report, e->file, e->line, "%s is refused: %s", e->key, reason);
      break;
    case STK_KAFKA_HARMLESS:
      break;
    }
  }
}

static StkBrokerConfig *
config_new (StkConfigText *text)
{
  StkBrokerConfig *c = g_new0 (StkBrokerConfig, 1);
  StkBrokerOwn *own = g_new0 (StkBrokerOwn, 1);
  const StokerOption *rows;
  StokerError err;
  size_t n;

  own->text = stk_config_text_ref (text);
  own->latest = text;
  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++)
    own->dynamic[i] = stk_dynamic_pairs_new (NULL, 0, NULL);
  own->given = g_hash_table_new (g_str_hash, g_str_equal);
  own->strings = g_string_chunk_new (256);
  own->loads = g_array_new (FALSE, TRUE, sizeof (StkLoadLine));
  own->instance_lines = g_array_new (FALSE, TRUE, sizeof (StkInstanceLine));
  c->own = own;
  rows = stk_broker_rows (&n);
  if (stk_options_defaults (rows, n, c, &err) < 0)
    g_error ("the table of broker settings is wrong: %s", err.text);
  return c;
}

void
stk_broker_config_free (StkBrokerConfig *c)
{
  StkBrokerOwn *own;
  const StokerOption *rows;
  size_t n;

  if (c == NULL)
    return;
  own = stk_broker_config_own (c);
  stk_broker_config_unfinish (c);
  rows = stk_broker_rows (&n);
  stk_options_clear (rows, n, c);
  g_slist_free_full (own->retired, (GDestroyNotify)stk_broker_config_free);
  g_array_unref (own->loads);
  g_array_unref (own->instance_lines);
  g_hash_table_unref (own->given);
  g_string_chunk_free (own->strings);
  stk_config_text_unref (own->text);
  stk_config_text_unref (own->latest);
  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++)
    g_array_unref (own->dynamic[i]);
  g_free (own);
  g_free ((char *)c->path);
  g_free (c);
}

void
stk_broker_config_retire (StkBrokerConfig *c, StkBrokerConfig *old)
{
  StkBrokerOwn *own = stk_broker_config_own (c);

  own->retired = g_slist_prepend (own->retired, old);
}

/* Over what the file says: first the defaults of all brokers, then this broker's own. */
static void
take_dynamic (StkBrokerConfig *c, GArray *const *dynamic)
{
  StkBrokerOwn *own = stk_broker_config_own (c);

  for (int layer = STK_DYNAMIC_LAYERS - 1; layer >= 0; layer--) {
    g_array_unref (own->dynamic[layer]);
    own->dynamic[layer] = g_array_ref (dynamic[layer]);
    for (guint i = 0; i < dynamic[layer]->len; i++) {
      const StkDynamicPair *p = &g_array_index (dynamic[layer], StkDynamicPair, i);
      if (p->row)
        (void)stk_option_parse (p->row, p->value, NULL, c, NULL); /* it was checked */
    }
  }
}

/* Takes over the text. What is wrong is as if it were not there. dynamic NULL: none. */
static StkBrokerConfig *
build (StkConfigText *text, const char *path, const char *cwd, GArray *const *dynamic, StkReport *report)
{
  StkBrokerConfig *c = config_new (text);

  c->path = g_strdup (path);
  for (size_t i = 0; i < stk_config_text_count (text); i++)
    take (c, stk_config_text_entry (text, i), report);
  if (dynamic)
    take_dynamic (c, dynamic);
  stk_broker_config_finish (c, cwd, report);
  return c;
}

StkBrokerConfig *
stk_broker_config_layered (const StkBrokerConfig *like, GArray *const *dynamic, StkReport *report)
{
  return build (stk_config_text_ref (stk_broker_config_own (like)->latest), like->path, NULL, dynamic, report);
}

static StkBrokerConfig *
unless_wrong (StkBrokerConfig *c, const StkReport *report)
{
  if (stk_report_errors (report) == 0)
    return c;
  stk_broker_config_free (c);
  return NULL;
}

StkBrokerConfig *
stk_broker_config_read (StokerDisk *disk, const char *path, const char *const *assignments, const char *cwd,
                        StkReport *report)
{
  StkConfigText *text = stk_config_text_new ();

  if (path)
    stk_config_text_read (text, disk, path, report);
  for (; assignments && *assignments; assignments++)
    stk_config_text_override (text, *assignments, report);
  return build (text, path, cwd, NULL, report);
}

StkBrokerConfig *
stk_broker_config_load (StokerDisk *disk, const char *path, const char *const *assignments, const char *cwd,
                        StkReport *report)
{
  return unless_wrong (stk_broker_config_read (disk, path, assignments, cwd, report), report);
}

StkBrokerConfig *
stk_broker_config_from_text (const char *data, const char *cwd, StkReport *report)
{
  StkConfigText *text = stk_config_text_new ();

  stk_config_text_parse (text, NULL, "text", data, strlen (data), report);
  return unless_wrong (build (text, NULL, cwd, NULL, report), report);
}

StkBrokerConfig *
stk_broker_config_for_test (const char *data, const char *cwd)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_from_text (data, cwd, report);

  if (c == NULL)
    g_error ("%s", stk_report_error_line (report, 0));
  stk_report_free (report);
  return c;
}
