/* SPDX-License-Identifier: Apache-2.0 */
#include "module/option.h"

#include "module/nearest.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <math.h>

typedef struct Unit
{
  const char *name;
  int64_t factor;
} Unit;

/* Largest first: that is the order in which a value is printed. */
static const Unit size_units[] = { { "TiB", INT64_C (1) << 40 }, { "GiB", 1 << 30 }, { "MiB", 1 << 20 },
                                   { "KiB", 1 << 10 },           { "B", 1 },         { NULL, 0 } };
static const Unit time_units[]
    = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 } };
/* Names that a row's `unit` and an operator may use besides. */
static const Unit other_units[]
    = { { "bytes", 1 },       { "min", 60000 },    { "minutes", 60000 }, { "hours", 3600000 },
        { "days", 86400000 }, { "seconds", 1000 }, { NULL, 0 } };

typedef union Value
{
  bool b;
  int64_t i;
  double d;
  const char *s;
  int32_t e;
  const char *const *l;
} Value;

static const char *const type_names[]
    = { NULL, "bool", "int", "size", "duration", "double", "string", "enum", "list", "path" };

const char *
stk_option_type_name (uint32_t type)
{
  return type < G_N_ELEMENTS (type_names) ? type_names[type] : NULL;
}

static bool
is_number (uint32_t type)
{
  return type == STOKER_OPTION_INT || type == STOKER_OPTION_SIZE || type == STOKER_OPTION_DURATION;
}

static bool
is_text (uint32_t type)
{
  return type == STOKER_OPTION_STRING || type == STOKER_OPTION_PATH;
}

static int64_t
find_unit (const Unit *units, const char *name)
{
  for (; units->name; units++)
    if (strcmp (units->name, name) == 0)
      return units->factor;
  return 0;
}

/* What a bare number of the row is multiplied with. */
static int64_t
bare_factor (const StokerOption *row)
{
  int64_t f = 0;

  if (row->unit && row->type == STOKER_OPTION_SIZE)
    f = find_unit (size_units, row->unit);
  else if (row->unit && row->type == STOKER_OPTION_DURATION)
    f = find_unit (time_units, row->unit);
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
    factor = n < 0 ? 1 : bare_factor (row); /* -1 and -2 are marks, not quantities */
  else if (row->type == STOKER_OPTION_SIZE)
    factor = find_unit (size_units, end);
  else
    factor = row->type == STOKER_OPTION_DURATION ? find_unit (time_units, end) : 0;
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
parse_list (const StokerOption *row, const char *text, Value *out, StokerError *err)
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

/* Reads without looking at the bounds. Strings and lists in *out belong to the caller. */
static int
parse_value (const StokerOption *row, const char *text, const char *base_dir, Value *out, StokerError *err)
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

static int
check_bounds (const StokerOption *row, const Value *v, const char *text, StokerError *err)
{
  Value min, max;
  bool low = false, high = false;

  if (!is_number (row->type) && row->type != STOKER_OPTION_DOUBLE)
    return 0;
  if ((row->min && parse_value (row, row->min, NULL, &min, err) < 0)
      || (row->max && parse_value (row, row->max, NULL, &max, err) < 0))
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

static void *
field (const StokerOption *row, const void *conf)
{
  return (char *)conf + row->offset;
}

static Value
load (const StokerOption *row, const void *conf)
{
  const void *at = field (row, conf);
  Value v = { 0 };

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
store (const StokerOption *row, void *conf, Value v)
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

static void
release (const StokerOption *row, Value v)
{
  if (is_text (row->type))
    g_free ((char *)v.s);
  else if (row->type == STOKER_OPTION_LIST)
    g_strfreev ((char **)v.l);
}

int
stk_option_parse (const StokerOption *row, const char *text, const char *base_dir, void *conf, StokerError *err)
{
  StokerError hidden;
  bool secret = (row->flags & STOKER_OPTION_SECRET) != 0;
  Value v;

  if (parse_value (row, text, base_dir, &v, secret ? &hidden : err) < 0
      || check_bounds (row, &v, text, secret ? &hidden : err) < 0) {
    if (secret)
      (void)stoker_error_set (err, STOKER_ERROR_CONFIG, "the value (not shown: it is a secret) is not %s",
                              type_names[row->type]);
    return -1;
  }
  if ((row->flags & STOKER_OPTION_REQUIRED) && is_text (row->type) && v.s == NULL)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "must not be empty");
  release (row, load (row, conf));
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
    release (&rows[i], load (&rows[i], conf));
    store (&rows[i], conf, (Value){ 0 });
  }
}

void
stk_options_copy (const StokerOption *rows, size_t n, const void *from, void *to)
{
  for (size_t i = 0; i < n; i++) {
    Value v = load (&rows[i], from);
    if (is_text (rows[i].type))
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
  Value x = load (row, a), y = load (row, b);

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

/* A number with the largest unit that divides it. */
static char *
format_number (const Unit *units, int64_t n)
{
  for (; n > 0 && units->name; units++)
    if (n % units->factor == 0)
      return g_strdup_printf ("%" PRId64 "%s", n / units->factor,
                              units->factor == 1 && units->name[0] == 'B' ? "" : units->name);
  return g_strdup_printf ("%" PRId64, n);
}

static char *
format_word (const StokerOption *row, int32_t index)
{
  g_auto (GStrv) words = g_strsplit (row->words, " ", -1);

  return index >= 0 && (guint)index < g_strv_length (words) ? g_strdup (words[index]) : g_strdup ("");
}

static char *
format_value (const StokerOption *row, const void *conf, bool bare)
{
  Value v = load (row, conf);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (row->flags & STOKER_OPTION_SECRET)
    return g_strdup ("[hidden]");
  switch (row->type) {
  case STOKER_OPTION_BOOL:
    return g_strdup (v.b ? "true" : "false");
  case STOKER_OPTION_DOUBLE:
    return g_strdup (g_ascii_formatd (number, sizeof number, "%.15g", v.d));
  case STOKER_OPTION_ENUM:
    return format_word (row, v.e);
  case STOKER_OPTION_STRING:
  case STOKER_OPTION_PATH:
    return g_strdup (v.s ? v.s : "");
  case STOKER_OPTION_LIST:
    return v.l ? g_strjoinv (bare ? "," : ", ", (char **)v.l) : g_strdup ("");
  case STOKER_OPTION_SIZE:
    if (!bare && (bare_factor (row) == 1 || v.i < 0))
      return format_number (size_units, v.i);
    break;
  case STOKER_OPTION_DURATION:
    if (!bare)
      return format_number (time_units, v.i);
    break;
  default:
    break;
  }
  return g_strdup_printf ("%" PRId64, v.i < 0 ? v.i : v.i / bare_factor (row));
}

char *
stk_option_format (const StokerOption *row, const void *conf)
{
  return format_value (row, conf, false);
}

char *
stk_option_format_bare (const StokerOption *row, const void *conf)
{
  return format_value (row, conf, true);
}

char *
stk_option_accepts (const StokerOption *row)
{
  const char *name = row->type == STOKER_OPTION_INT        ? "whole number"
                     : row->type == STOKER_OPTION_DURATION ? "time"
                                                           : stk_option_type_name (row->type);

  if (row->type == STOKER_OPTION_BOOL)
    return g_strdup ("true or false");
  if (row->type == STOKER_OPTION_ENUM)
    return g_strdup_printf ("one of: %s", row->words);
  if (row->type == STOKER_OPTION_LIST)
    return row->words ? g_strdup_printf ("a list of: %s", row->words) : g_strdup ("a list, split at commas");
  if (row->min && row->max)
    return g_strdup_printf ("a %s from %s to %s", name, row->min, row->max);
  if (row->min)
    return g_strdup_printf ("a %s, at least %s", name, row->min);
  if (row->max)
    return g_strdup_printf ("a %s, at most %s", name, row->max);
  return g_strdup_printf ("a %s", name ? name : "?");
}

static size_t
field_size (uint32_t type)
{
  switch (type) {
  case STOKER_OPTION_BOOL:
    return sizeof (bool);
  case STOKER_OPTION_ENUM:
    return sizeof (int32_t);
  case STOKER_OPTION_DOUBLE:
    return sizeof (double);
  case STOKER_OPTION_INT:
  case STOKER_OPTION_SIZE:
  case STOKER_OPTION_DURATION:
    return sizeof (int64_t);
  default:
    return sizeof (void *);
  }
}

static bool
valid_name (const char *s)
{
  return s && g_ascii_isalpha (s[0]) && s[strspn (s, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

/* Parses one of the row's own texts with its bounds. */
static int
check_own_text (const StokerOption *row, const char *what, const char *text, StokerError *err)
{
  Value v;

  if (text == NULL)
    return 0;
  if (parse_value (row, text, NULL, &v, err) < 0)
    return stoker_error_prefix (err, "option %s: its %s", row->name, what);
  if (check_bounds (row, &v, text, err) < 0) {
    release (row, v);
    return stoker_error_prefix (err, "option %s: its %s", row->name, what);
  }
  release (row, v);
  return 0;
}

static int
check_row (const StokerOption *row, size_t conf_size, StokerError *err)
{
  bool optional_text = is_text (row->type);
  size_t size = field_size (row->type);

  if (!valid_name (row->name))
    return stoker_error_set (err, STOKER_ERROR_MODULE,
                             "an option is named \"%s\": names are lower case letters, digits, dots and dashes",
                             row->name ? row->name : "(null)");
  if (stk_option_type_name (row->type) == NULL)
    return stoker_error_set (err, STOKER_ERROR_MODULE, "option %s has type %u, which is not one of StokerOptionType",
                             row->name, row->type);
  if (row->offset > conf_size || size > conf_size - row->offset || row->offset % size != 0)
    return stoker_error_set (err, STOKER_ERROR_MODULE,
                             "option %s writes %zu bytes at offset %zu of a configuration of %zu bytes", row->name,
                             size, row->offset, conf_size);
  if (row->type == STOKER_OPTION_ENUM && (row->words == NULL || row->words[0] == '\0'))
    return stoker_error_set (err, STOKER_ERROR_MODULE, "option %s is an enum without words", row->name);
  if ((row->def == NULL) != ((row->flags & STOKER_OPTION_REQUIRED) != 0) && !(row->def == NULL && optional_text))
    return stoker_error_set (err, STOKER_ERROR_MODULE,
                             "option %s needs either a default or the flag REQUIRED, and not both", row->name);
  if (row->summary == NULL || row->summary[0] == '\0')
    return stoker_error_set (err, STOKER_ERROR_MODULE, "option %s has no summary", row->name);
  if (check_own_text (row, "minimum", row->min, err) < 0 || check_own_text (row, "maximum", row->max, err) < 0
      || check_own_text (row, "default", row->def, err) < 0)
    return -1;
  return 0;
}

int
stk_options_check_table (const StokerOption *rows, size_t n, size_t conf_size, StokerError *err)
{
  for (size_t i = 0; i < n; i++) {
    if (check_row (&rows[i], conf_size, err) < 0)
      return -1;
    if (stk_option_find (rows, i, rows[i].name))
      return stoker_error_set (err, STOKER_ERROR_MODULE, "option %s stands twice in the table", rows[i].name);
  }
  return 0;
}
