/* SPDX-License-Identifier: Apache-2.0 */
#include "module/option_private.h"

#include <glib.h>

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
  StkOptionValue v;

  if (text == NULL)
    return 0;
  if (stk_option_value_parse (row, text, NULL, &v, err) < 0)
    return stoker_error_prefix (err, "option %s: its %s", row->name, what);
  if (stk_option_value_bounds (row, &v, text, err) < 0) {
    stk_option_value_free (row, v);
    return stoker_error_prefix (err, "option %s: its %s", row->name, what);
  }
  stk_option_value_free (row, v);
  return 0;
}

static int
check_row (const StokerOption *row, size_t conf_size, StokerError *err)
{
  bool optional_text = stk_option_is_text (row->type);
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
