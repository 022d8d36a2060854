/* SPDX-License-Identifier: Apache-2.0 */
#include "module/nearest.h"
#include "module/option_private.h"

#include <errno.h>
#include <glib.h>
#include <math.h>

const StkOptionUnit stk_option_size_units[] = { { "TiB", INT64_C (1) << 40 }, { "GiB", 1 << 30 }, { "MiB", 1 << 20 },
                                                { "KiB", 1 << 10 },           { "B", 1 },         { NULL, 0 } };
const StkOptionUnit stk_option_time_units[]
    = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 } };
/* Names that a row's `unit` and an operator may use besides. */
static const StkOptionUnit other_units[]
    = { { "bytes", 1 },       { "min", 60000 },    { "minutes", 60000 }, { "hours", 3600000 },
        { "days", 86400000 }, { "seconds", 1000 }, { NULL, 0 } };

static int64_t
find_unit (const StkOptionUnit *units, const char *name)
{
  for (; units->name; units++)
    if (strcmp (units->name, name) == 0)
      return units->factor;
  return 0;
}

int64_t
stk_option_bare_factor (const StokerOption *row)
{
  int64_t f = 0;

  if (row->unit && row->type == STOKER_OPTION_SIZE)
    f = find_unit (stk_option_size_units, row->unit);
  else if (row->unit && row->type == STOKER_OPTION_DURATION)
    f = find_unit (stk_option_time_units, row->unit);
  if (f == 0 && row->unit && row->type != STOKER_OPTION_INT)
    f = find_unit (other_units, row->unit);
  return f ? f : 1;
}

static int
bad_number (const StokerOption *row, const char *text, StokerError *err)
{
  const char *shown = row->flags & STOKER_OPTION_SECRET ? "[hidden]" : text;

  if (row->type == STOKER_OPTION_SIZE)
    return stoker_error_set (err, STOKER_ERROR_CONFIG,
                             "\"%s\" is not a size: write a whole number, bare or with B, KiB, MiB, GiB or TiB", shown);
  if (row->type == STOKER_OPTION_DURATION)
    return stoker_error_set (err, STOKER_ERROR_CONFIG,
                             "\"%s\" is not a time: write a whole number, bare (%s) or with ms, s, m, h or d", shown,
                             row->unit ? row->unit : "ms");
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not a whole number", shown);
}

static int
parse_number (const StokerOption *row, const char *text, int64_t *out, StokerError *err)
{
  char *end;
  int64_t n, factor;

  if (!g_ascii_isdigit (text[text[0] == '-' || text[0] == '+']))
    return bad_number (row, text, err);
  errno = 0;
  n = g_ascii_strtoll (text, &end, 10);
  if (errno == ERANGE)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" does not fit into 64 bits", text);
  while (*end == ' ' || *end == '\t')
    end++;
  if (*end == '\0')
    factor = n < 0 ? 1 : stk_option_bare_factor (row); /* -1 and -2 are marks, not quantities */
  else if (row->type == STOKER_OPTION_SIZE)
    factor = find_unit (stk_option_size_units, end);
  else
    factor = row->type == STOKER_OPTION_DURATION ? find_unit (stk_option_time_units, end) : 0;
  if (factor == 0)
    return bad_number (row, text, err);
  if (n > INT64_MAX / factor || n < INT64_MIN / factor)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" does not fit into 64 bits", text);
  *out = n * factor;
  return 0;
}

static int
parse_double (const char *text, double *out, StokerError *err)
{
  char *end;
  double d;

  errno = 0;
  d = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || errno == ERANGE || !isfinite (d))
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not a number", text);
  *out = d;
  return 0;
}

/* The index of text[0..len) among the words, or -1. */
static int32_t
find_word (const char *words, const char *text, size_t len)
{
  int32_t i = 0;

  for (const char *p = words; *p; i++) {
    size_t n = strcspn (p, " ");
    if (n == len && memcmp (p, text, len) == 0)
      return i;
    p += n;
    p += strspn (p, " ");
  }
  return -1;
}

static int
bad_word (const StokerOption *row, const char *text, StokerError *err)
{
  g_auto (GStrv) words = g_strsplit (row->words, " ", -1);
  StkNearest near;

  stk_nearest_begin (&near, text);
  for (char **w = words; *w; w++)
    stk_nearest_try (&near, *w);
  if (near.best)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not one of: %s; did you mean \"%s\"?", text,
                             row->words, near.best);
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is not one of: %s", text, row->words);
}

static int
parse_list (const StokerOption *row, const char *text, StkOptionValue *out, StokerError *err)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  for (char **p = parts; *text && *p; p++) {
    g_strstrip (*p);
    if (**p == '\0')
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "the list \"%s\" has an empty item", text);
    if (row->words && find_word (row->words, *p, strlen (*p)) < 0)
      return bad_word (row, *p, err);
    g_ptr_array_add (items, g_strdup (*p));
  }
  g_ptr_array_add (items, NULL);
  out->l = (const char *const *)g_ptr_array_free (g_steal_pointer (&items), FALSE);
  return 0;
}

int
stk_option_value_parse (const StokerOption *row, const char *text, const char *base_dir, StkOptionValue *out,
                        StokerError *err)
{
  switch (row->type) {
  case STOKER_OPTION_BOOL:
    out->b = g_ascii_strcasecmp (text, "true") == 0;
    if (!out->b && g_ascii_strcasecmp (text, "false") != 0)
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "\"%s\" is neither true nor false", text);
    return 0;
  case STOKER_OPTION_INT:
  case STOKER_OPTION_SIZE:
  case STOKER_OPTION_DURATION:
    return parse_number (row, text, &out->i, err);
  case STOKER_OPTION_DOUBLE:
    return parse_double (text, &out->d, err);
  case STOKER_OPTION_ENUM:
    out->e = find_word (row->words, text, strlen (text));
    return out->e < 0 ? bad_word (row, text, err) : 0;
  case STOKER_OPTION_LIST:
    return parse_list (row, text, out, err);
  case STOKER_OPTION_STRING:
    out->s = *text ? g_strdup (text) : NULL;
    return 0;
  case STOKER_OPTION_PATH:
    if (*text == '\0')
      out->s = NULL;
    else if (base_dir && !g_path_is_absolute (text))
      out->s = g_build_filename (base_dir, text, NULL);
    else
      out->s = g_strdup (text);
    return 0;
  default:
    return stoker_error_set (err, STOKER_ERROR_FAILED, "the row has the unknown type %u", row->type);
  }
}

int
stk_option_value_bounds (const StokerOption *row, const StkOptionValue *v, const char *text, StokerError *err)
{
  StkOptionValue min, max;
  bool low = false, high = false;

  if (!stk_option_is_number (row->type) && row->type != STOKER_OPTION_DOUBLE)
    return 0;
  if ((row->min && stk_option_value_parse (row, row->min, NULL, &min, err) < 0)
      || (row->max && stk_option_value_parse (row, row->max, NULL, &max, err) < 0))
    return -1;
  if (row->min)
    low = row->type == STOKER_OPTION_DOUBLE ? v->d < min.d : v->i < min.i;
  if (row->max)
    high = row->type == STOKER_OPTION_DOUBLE ? v->d > max.d : v->i > max.i;
  if (low || high)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s is too %s: %s is %s", text, low ? "small" : "large",
                             low ? "the smallest allowed" : "the largest allowed", low ? row->min : row->max);
  return 0;
}
