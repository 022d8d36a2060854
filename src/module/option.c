/* SPDX-License-Identifier: Apache-2.0 */
#include "module/option.h"

#include "module/option_private.h"

#include <glib.h>

static void *
field (const StokerOption *row, const void *conf)
{
  return (char *)conf + row->offset;
}

StkOptionValue
stk_option_load (const StokerOption *row, const void *conf)
{
  const void *at = field (row, conf);
  StkOptionValue v = { 0 };

  switch (row->type) {
  case STOKER_OPTION_BOOL:
    v.b = *(const bool *)at;
    break;
  case STOKER_OPTION_DOUBLE:
    v.d = *(const double *)at;
    break;
  case STOKER_OPTION_ENUM:
    v.e = *(const int32_t *)at;
    break;
  case STOKER_OPTION_LIST:
    v.l = *(const char *const *const *)at;
    break;
  case STOKER_OPTION_STRING:
  case STOKER_OPTION_PATH:
    v.s = *(const char *const *)at;
    break;
  default:
    v.i = *(const int64_t *)at;
    break;
  }
  return v;
}

static void
store (const StokerOption *row, void *conf, StkOptionValue v)
{
  void *at = field (row, conf);

  switch (row->type) {
  case STOKER_OPTION_BOOL:
    *(bool *)at = v.b;
    break;
  case STOKER_OPTION_DOUBLE:
    *(double *)at = v.d;
    break;
  case STOKER_OPTION_ENUM:
    *(int32_t *)at = v.e;
    break;
  case STOKER_OPTION_LIST:
    *(const char *const **)at = v.l;
    break;
  case STOKER_OPTION_STRING:
  case STOKER_OPTION_PATH:
    *(const char **)at = v.s;
    break;
  default:
    *(int64_t *)at = v.i;
    break;
  }
}

void
stk_option_value_free (const StokerOption *row, StkOptionValue v)
{
  if (stk_option_is_text (row->type))
    g_free ((char *)v.s);
  else if (row->type == STOKER_OPTION_LIST)
    g_strfreev ((char **)v.l);
}

int
stk_option_parse (const StokerOption *row, const char *text, const char *base_dir, void *conf, StokerError *err)
{
  StokerError hidden;
  bool secret = (row->flags & STOKER_OPTION_SECRET) != 0;
  StkOptionValue v;

  if (stk_option_value_parse (row, text, base_dir, &v, secret ? &hidden : err) < 0
      || stk_option_value_bounds (row, &v, text, secret ? &hidden : err) < 0) {
    if (secret)
      (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "the value (not shown: it is a secret) is not %s",
                              stk_option_type_name (row->type));
    return -1;
  }
  if ((row->flags & STOKER_OPTION_REQUIRED) && stk_option_is_text (row->type) && v.s == NULL)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "must not be empty");
  stk_option_value_free (row, stk_option_load (row, conf));
  store (row, conf, v);
  return 0;
}

int
stk_options_defaults (const StokerOption *rows, size_t n, void *conf, StokerError *err)
{
  for (size_t i = 0; i < n; i++)
    if (rows[i].def && stk_option_parse (&rows[i], rows[i].def, NULL, conf, err) < 0)
      return stoker_error_prefix (err, "default of %s", rows[i].name);
  return 0;
}

void
stk_options_clear (const StokerOption *rows, size_t n, void *conf)
{
  for (size_t i = 0; i < n; i++) {
    stk_option_value_free (&rows[i], stk_option_load (&rows[i], conf));
    store (&rows[i], conf, (StkOptionValue){ 0 });
  }
}

void
stk_options_copy (const StokerOption *rows, size_t n, const void *from, void *to)
{
  for (size_t i = 0; i < n; i++) {
    StkOptionValue v = stk_option_load (&rows[i], from);
    if (stk_option_is_text (rows[i].type))
      v.s = g_strdup (v.s);
    else if (rows[i].type == STOKER_OPTION_LIST)
      v.l = (const char *const *)g_strdupv ((char **)v.l);
    store (&rows[i], to, v);
  }
}

const StokerOption *
stk_option_find (const StokerOption *rows, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

bool
stk_option_equal (const StokerOption *row, const void *a, const void *b)
{
  StkOptionValue x = stk_option_load (row, a), y = stk_option_load (row, b);

  switch (row->type) {
  case STOKER_OPTION_BOOL:
    return x.b == y.b;
  case STOKER_OPTION_DOUBLE:
    return x.d == y.d;
  case STOKER_OPTION_ENUM:
    return x.e == y.e;
  case STOKER_OPTION_STRING:
  case STOKER_OPTION_PATH:
    return g_strcmp0 (x.s, y.s) == 0;
  case STOKER_OPTION_LIST:
    return x.l == NULL || y.l == NULL ? x.l == y.l : g_strv_equal ((const char *const *)x.l, (const char *const *)y.l);
  default:
    return x.i == y.i;
  }
}
