/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reload.h"

#include "config/finish.h"
#include "config/modules.h"
#include "module/option.h"

typedef struct Change
{
  StokerInstance *instance;
  void *conf; /* the new one; NULL once it is handed over */
  void *old;  /* a copy of the one before, to go back to */
} Change;

struct StkReload
{
  StkBrokerConfig *fresh;
  bool dynamic; /* only dynamic settings: the file was not read, modules have nothing to do with it */
  const StkRegistry *registry;
  GPtrArray *rows; /* StokerOption that change */
  GArray *changes; /* Change */
  GString *changed, *restart;
};

static void
note (GString *list, const char *key)
{
  g_string_append_printf (list, "%s%s", list->len ? ", " : "", key);
}

static void
compare_rows (StkReload *l, const StkBrokerConfig *now)
{
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);

  for (size_t i = 0; i < n; i++) {
    if (stk_option_equal (&rows[i], now, l->fresh))
      continue;
    if (rows[i].flags & STOKER_OPTION_RELOADABLE) {
      g_ptr_array_add (l->rows, (void *)&rows[i]);
      note (l->changed, rows[i].name);
    } else {
      note (l->restart, rows[i].name);
    }
  }
}

static void
compare_loads (StkReload *l, const StkBrokerConfig *now)
{
  const StkBrokerConfig *fresh = l->fresh;
  bool same = now->n_loads == fresh->n_loads;

  for (size_t i = 0; same && i < now->n_loads; i++)
    same = strcmp (now->loads[i].spec, fresh->loads[i].spec) == 0;
  if (!same)
    note (l->restart, "load");
}

static const char *
instance_value (const StkBrokerConfig *c, const StkInstanceLine *like)
{
  for (size_t i = 0; i < c->n_instance_lines; i++) {
    const StkInstanceLine *l = &c->instance_lines[i];
    if (l->kind == like->kind && strcmp (l->instance, like->instance) == 0 && strcmp (l->option, like->option) == 0)
      return l->value;
  }
  return NULL;
}

static bool
line_reloadable (const StkReload *l, const StkInstanceLine *line)
{
  StokerInstance *self = stk_registry_get (l->registry, line->kind, line->instance);
  const StokerOption *row
      = self ? stk_option_find (self->module->options, self->module->n_options, line->option) : NULL;

  return row && (row->flags & STOKER_OPTION_RELOADABLE);
}

/* One key of an instance that stands in either configuration. */
static void
compare_line (StkReload *l, const StkInstanceLine *line, const char *before, const char *after)
{
  g_autofree char *key = NULL;

  if (g_strcmp0 (before, after) == 0)
    return;
  key = g_strdup_printf ("%s.%s.%s", stk_kind_name (line->kind), line->instance, line->option);
  note (line_reloadable (l, line) ? l->changed : l->restart, key);
}

static void
compare_lines (StkReload *l, const StkBrokerConfig *now)
{
  const StkBrokerConfig *fresh = l->fresh;

  for (size_t i = 0; i < fresh->n_instance_lines; i++) {
    const StkInstanceLine *line = &fresh->instance_lines[i];
    compare_line (l, line, instance_value (now, line), line->value);
  }
  for (size_t i = 0; i < now->n_instance_lines; i++) {
    const StkInstanceLine *line = &now->instance_lines[i];
    if (instance_value (fresh, line) == NULL)
      compare_line (l, line, line->value, NULL);
  }
}

static void *
conf_copy (const StokerInstance *self)
{
  void *conf = g_malloc0 (MAX (self->module->conf_size, 1u));

  stk_options_copy (self->module->options, self->module->n_options, self->conf, conf);
  return conf;
}

typedef struct Preparing
{
  StkReload *reload;
  StkReport *report;
} Preparing;

/* The instance's present conf with the reloadable fields of the new one. */
static bool
prepare_instance (void *user, StokerInstance *self)
{
  Preparing *p = user;
  const StokerModule *m = self->module;
  void *fresh = stk_config_instance_conf (p->reload->fresh, self, p->report);
  Change c = { self, NULL, NULL };

  for (uint32_t i = 0; fresh && i < m->n_options; i++) {
    const StokerOption *row = &m->options[i];
    if (!(row->flags & STOKER_OPTION_RELOADABLE) || stk_option_equal (row, self->conf, fresh))
      continue;
    if (c.conf == NULL)
      c.conf = conf_copy (self);
    stk_options_clear (row, 1, c.conf);
    stk_options_copy (row, 1, fresh, c.conf);
  }
  stk_conf_free (m, fresh);
  if (c.conf) {
    c.old = conf_copy (self);
    g_array_append_val (p->reload->changes, c);
  }
  return true;
}

static StkReload *
reload_new (StkBrokerConfig *fresh, const StkRegistry *r)
{
  StkReload *l = g_new0 (StkReload, 1);

  l->fresh = fresh;
  l->registry = r;
  l->rows = g_ptr_array_new ();
  l->changes = g_array_new (FALSE, TRUE, sizeof (Change));
  l->changed = g_string_new (NULL);
  l->restart = g_string_new (NULL);
  return l;
}

StkReload *
stk_reload_prepare (const StkBrokerConfig *now, const StkRegistry *r, StokerDisk *disk, const char *path,
                    const char *const *assignments, StkReport *report)
{
  StkBrokerConfig *file = stk_broker_config_read (disk, path, assignments, NULL, report), *fresh;
  StkReport *again = stk_report_new (); /* what the text says wrong is said already */
  StkReload *l;
  Preparing p;

  (void)stk_config_check_modules (file, r, disk, STK_MODULES_CHECK, report);
  fresh = stk_broker_config_layered (file, stk_broker_config_own (now)->dynamic, again);
  if (stk_report_errors (report) == 0)
    for (size_t i = 0; i < stk_report_errors (again); i++)
      stk_report_error (report, NULL, 0, "with the settings that were altered dynamically: %s", stk_report_error_line (again, i));
  stk_report_free (again);
  stk_broker_config_free (file);
  if (stk_report_errors (report) > 0) {
    stk_broker_config_free (fresh);
    return NULL;
  }
  l = reload_new (fresh, r);
  compare_rows (l, now);
  compare_loads (l, now);
  compare_lines (l, now);
  p = (Preparing){ l, report };
  stk_registry_each (r, 0, prepare_instance, &p);
  if (stk_report_errors (report) == 0)
    return l;
  stk_reload_free (l);
  return NULL;
}

StkReload *
stk_reload_prepare_dynamic (const StkBrokerConfig *now, StkDynamicLayer layer, const StkMetaPair *pairs, size_t n,
                            StkReport *report)
{
  GArray *const *old = stk_broker_config_own (now)->dynamic;
  GArray *dynamic[STK_DYNAMIC_LAYERS];
  StkReport *again = stk_report_new (); /* the text's warnings are said already */
  StkReload *l;

  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++)
    dynamic[i] = i == (int)layer ? stk_dynamic_pairs_new (pairs, n, report) : g_array_ref (old[i]);
  l = reload_new (stk_broker_config_layered (now, dynamic, again), NULL);
  l->dynamic = true;
  compare_rows (l, now);
  g_string_truncate (l->restart, 0); /* of the file: said when that was read */
  for (size_t i = 0; i < stk_report_errors (again); i++)
    stk_report_error (report, NULL, 0, "%s", stk_report_error_line (again, i));
  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++)
    g_array_unref (dynamic[i]);
  stk_report_free (again);
  if (stk_report_errors (report) == 0)
    return l;
  stk_reload_free (l);
  return NULL;
}

const char *
stk_reload_changed (const StkReload *l)
{
  return l->changed->len ? l->changed->str : NULL;
}

const char *
stk_reload_restart (const StkReload *l)
{
  return l->restart->len ? l->restart->str : NULL;
}

bool
stk_reload_changes (const StkReload *l, const char *name)
{
  return g_ptr_array_find (l->rows, stk_broker_row (name), NULL);
}

/* Instances 0..n-1 have taken their new conf; the one before them goes back in. */
static void
roll_back (StkReload *l, guint n)
{
  for (guint i = n; i > 0; i--) {
    Change *c = &g_array_index (l->changes, Change, i - 1);
    (void)stk_instance_reconfigure (c->instance, g_steal_pointer (&c->old), NULL);
  }
}

/* Exchanges the row's field, so that strings that somebody may still look at live on in the retired configuration. */
static void
exchange (const StokerOption *row, StkBrokerConfig *a, StkBrokerConfig *b)
{
  size_t size = row->type == STOKER_OPTION_BOOL   ? sizeof (bool)
                : row->type == STOKER_OPTION_ENUM ? sizeof (int32_t)
                                                  : 8;
  char x[8], *p = (char *)a + row->offset, *q = (char *)b + row->offset;

  memcpy (x, p, size);
  memcpy (p, q, size);
  memcpy (q, x, size);
}

/* What the next reload compares with: the lines that were applied now, and the old ones of those that need a restart.
 */
static void
adopt_lines (StkReload *l, StkBrokerConfig *now)
{
  StkBrokerOwn *own = stk_broker_config_own (now);
  GArray *lines = g_array_new (FALSE, TRUE, sizeof (StkInstanceLine));

  for (size_t i = 0; i < now->n_instance_lines; i++)
    if (!line_reloadable (l, &now->instance_lines[i]))
      g_array_append_val (lines, now->instance_lines[i]);
  for (size_t i = 0; i < l->fresh->n_instance_lines; i++)
    if (line_reloadable (l, &l->fresh->instance_lines[i]))
      g_array_append_val (lines, l->fresh->instance_lines[i]);
  g_array_unref (own->instance_lines);
  own->instance_lines = lines;
  now->instance_lines = (StkInstanceLine *)(void *)lines->data;
  now->n_instance_lines = lines->len;
}

/* Takes over the fresh configuration: `now` borrows from it; but for dynamic settings, of which there is no end: what was looked at,
 * on this thread, is not any more. */
static void
adopt (StkReload *l, StkBrokerConfig *now)
{
  StkBrokerOwn *own = stk_broker_config_own (now), *from = stk_broker_config_own (l->fresh);
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);

  for (guint i = 0; i < l->rows->len; i++)
    exchange (g_ptr_array_index (l->rows, i), now, l->fresh);
  for (int i = 0; i < STK_DYNAMIC_LAYERS; i++) {
    g_array_unref (own->dynamic[i]);
    own->dynamic[i] = g_array_ref (from->dynamic[i]);
  }
  if (l->dynamic)
    return;
  stk_config_text_unref (own->latest);
  own->latest = stk_config_text_ref (from->latest);
  for (size_t i = 0; i < n; i++) {
    void *entry = g_hash_table_lookup (from->given, rows[i].name);
    if (!(rows[i].flags & STOKER_OPTION_RELOADABLE))
      continue;
    if (entry)
      g_hash_table_insert (own->given, (char *)rows[i].name, entry);
    else
      g_hash_table_remove (own->given, rows[i].name);
  }
  adopt_lines (l, now);
  stk_broker_config_retire (now, g_steal_pointer (&l->fresh));
}

int
stk_reload_commit (StkReload *l, StkBrokerConfig *now, StokerError *err)
{
  for (guint i = 0; i < l->changes->len; i++) {
    Change *c = &g_array_index (l->changes, Change, i);
    if (stk_instance_reconfigure (c->instance, g_steal_pointer (&c->conf), err) < 0) {
      roll_back (l, i);
      return stoker_error_prefix (err, "%s", stk_kind_name (c->instance->module->kind));
    }
  }
  adopt (l, now);
  return 0;
}

void
stk_reload_free (StkReload *l)
{
  if (l == NULL)
    return;
  for (guint i = 0; i < l->changes->len; i++) {
    Change *c = &g_array_index (l->changes, Change, i);
    stk_conf_free (c->instance->module, c->conf);
    stk_conf_free (c->instance->module, c->old);
  }
  g_array_unref (l->changes);
  g_ptr_array_unref (l->rows);
  g_string_free (l->changed, TRUE);
  g_string_free (l->restart, TRUE);
  stk_broker_config_free (l->fresh);
  g_free (l);
}
