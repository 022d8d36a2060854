/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a resource as a request to alter them leaves them: AlterConfigs replaces the whole set, IncrementalAlterConfigs sets,
 * deletes, appends and subtracts.
 */
#include "cluster/alter.h"

GHashTable *
stk_alter_pairs (const StkMetaPair *pairs, size_t n)
{
  GHashTable *p = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (size_t i = 0; i < n; i++)
    g_hash_table_insert (p, g_strdup (pairs[i].name), g_strdup (pairs[i].value));
  return p;
}

StkMetaPair *
stk_alter_list (GHashTable *pairs)
{
  StkMetaPair *list = g_new0 (StkMetaPair, g_hash_table_size (pairs) + 1);
  GHashTableIter it;
  gpointer k, v;
  size_t n = 0;

  g_hash_table_iter_init (&it, pairs);
  while (g_hash_table_iter_next (&it, &k, &v))
    list[n++] = (StkMetaPair){ k, v };
  return list;
}

char *
stk_alter_json (GHashTable *pairs)
{
  g_autofree StkMetaPair *list = stk_alter_list (pairs);

  return stk_json_config (list, g_hash_table_size (pairs));
}

/* The list `now` with the words of `words` added or taken away. g_free. */
static char *
edit_list (const char *now, const char *words, bool add)
{
  g_auto (GStrv) old = g_strsplit (now ? now : "", ",", -1), change = g_strsplit (words, ",", -1);
  GPtrArray *out = g_ptr_array_new ();
  char *text;

  for (char **w = old; *w; w++)
    if (**w && (add || !g_strv_contains ((const char *const *)change, *w)))
      g_ptr_array_add (out, *w);
  for (char **w = change; add && *w; w++)
    if (**w && !g_strv_contains ((const char *const *)old, *w))
      g_ptr_array_add (out, *w);
  g_ptr_array_add (out, NULL);
  text = g_strjoinv (",", (char **)out->pdata);
  g_ptr_array_free (out, TRUE);
  return text;
}

typedef struct Edit
{
  StkAlteration *a;
  int32_t index;
  const StkAlterRules *rules;
  GHashTable *pairs;
} Edit;

static bool
put (Edit *e, const char *name, const char *value)
{
  StokerError why = { 0 };
  int16_t code = STOKER_INVALID_CONFIG;
  char *text = e->rules->check (e->rules->user, name, value, &code, &why);

  if (text == NULL)
    return stk_alter_refuse (e->a, e->index, code, "%s", why.text);
  g_hash_table_replace (e->pairs, g_strdup (name), text);
  return true;
}

static bool
edit_words (Edit *e, const char *name, const char *words, bool add)
{
  const StokerOption *row = e->rules->row (name);
  const char *now = g_hash_table_lookup (e->pairs, name);
  g_autofree char *inherited = NULL, *text = NULL;

  if (row == NULL || row->type != STOKER_OPTION_LIST)
    return stk_alter_refuse (e->a, e->index, STOKER_INVALID_CONFIG, "%.100s is not a list: it can be set and deleted only", name);
  if (now == NULL)
    now = inherited = e->rules->inherited (e->rules->user, name);
  text = edit_list (now, words, add);
  return put (e, name, text);
}

/* It must be text: the tree's JSON would not be readable any more. */
static bool
is_text (Edit *e, const StokerAlterConfig *c)
{
  if (c->value.data == NULL || g_utf8_validate (c->value.data, (gssize)c->value.len, NULL))
    return true;
  return stk_alter_refuse (e->a, e->index, STOKER_INVALID_REQUEST, "the value of %.*s is not text in UTF-8",
                           (int)MIN (c->name.len, 100), c->name.data ? c->name.data : "");
}

static bool
edit_one (Edit *e, const StokerAlterConfig *c)
{
  g_autofree char *name = g_strndup (c->name.data ? c->name.data : "", c->name.len);
  g_autofree char *value = g_strndup (c->value.data ? c->value.data : "", c->value.len);

  if (c->op == STOKER_CONFIG_DELETE) {
    if (!e->rules->delete_any && e->rules->row (name) == NULL)
      return stk_alter_refuse (e->a, e->index, STOKER_INVALID_CONFIG, "%s have no setting %.100s", e->rules->what, name);
    g_hash_table_remove (e->pairs, name);
    return true;
  }
  if (c->op == STOKER_CONFIG_SET)
    return put (e, name, value);
  if (c->op == STOKER_CONFIG_APPEND || c->op == STOKER_CONFIG_SUBTRACT)
    return edit_words (e, name, value, c->op == STOKER_CONFIG_APPEND);
  return stk_alter_refuse (e->a, e->index, STOKER_INVALID_REQUEST, "operation %d on %.100s is none of SET, DELETE, APPEND, SUBTRACT", c->op, name);
}

static bool
replace_one (Edit *e, const StokerAlterConfig *c)
{
  g_autofree char *name = g_strndup (c->name.data ? c->name.data : "", c->name.len);
  g_autofree char *value = g_strndup (c->value.data ? c->value.data : "", c->value.len);

  return put (e, name, value);
}

/* ---- before anything is looked up */

static guint
resource_hash (const void *key)
{
  const StokerAlterResource *r = key;
  guint h = (guint)(uint8_t)r->type;

  for (size_t i = 0; i < r->name.len; i++)
    h = h * 31 + (uint8_t)r->name.data[i];
  return h;
}

static gboolean
resource_equal (const void *a, const void *b)
{
  const StokerAlterResource *x = a, *y = b;

  return x->type == y->type && stoker_str_equal (x->name, y->name);
}

void
stk_alter_check_resources (StkAlteration *a)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (resource_hash, resource_equal);

  for (int32_t i = 0; i < a->req->n_resources; i++) {
    StokerAlterResource *r = &a->req->resources[i], *first = g_hash_table_lookup (seen, r);
    if (first == NULL)
      g_hash_table_add (seen, r);
    else
      for (int k = 0; k < 2; k++) /* both, as it is not known which one is meant */
        (void)stk_alter_refuse (a, (int32_t)((k ? first : r) - a->req->resources), STOKER_INVALID_REQUEST,
                                "a resource may be named only once in a request");
  }
}

bool
stk_alter_check_settings (StkAlteration *a, int32_t index)
{
  const StokerAlterResource *r = &a->req->resources[index];
  g_autoptr (GHashTable) twice = stk_names_twice (r->configs, sizeof *r->configs, offsetof (StokerAlterConfig, name), r->n_configs);

  if (g_hash_table_size (twice) > 0)
    return stk_alter_refuse (a, index, STOKER_INVALID_REQUEST, "a setting is named twice");
  for (int32_t i = 0; i < r->n_configs; i++) {
    const StokerAlterConfig *c = &r->configs[i];
    if (c->value.data == NULL && !(a->req->incremental && c->op == STOKER_CONFIG_DELETE))
      return stk_alter_refuse (a, index, STOKER_INVALID_REQUEST, "setting %.*s has no value: SET needs a value; DELETE takes an override away",
                               (int)MIN (c->name.len, 100), c->name.data ? c->name.data : "");
  }
  return true;
}

bool
stk_alter_edit (StkAlteration *a, int32_t index, const StkAlterRules *rules, GHashTable *pairs)
{
  const StokerAlterResource *r = &a->req->resources[index];
  Edit e = { a, index, rules, pairs };
  bool ok = true;

  if (!a->req->incremental)
    g_hash_table_remove_all (pairs);
  for (int32_t i = 0; ok && i < r->n_configs; i++)
    ok = is_text (&e, &r->configs[i]) && (a->req->incremental ? edit_one (&e, &r->configs[i]) : replace_one (&e, &r->configs[i]));
  return ok;
}
