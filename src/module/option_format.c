/* SPDX-License-Identifier: Apache-2.0 */
#include "module/option_private.h"

#include <glib.h>
#include <inttypes.h>

static const char *const type_names[]
    = { NULL, "bool", "int", "size", "duration", "double", "string", "enum", "list", "path" };

const char *
stk_option_type_name (uint32_t type)
{
  return type < G_N_ELEMENTS (type_names) ? type_names[type] : NULL;
}

/* A number with the largest unit that divides it. */
static char *
format_number (const StkOptionUnit *units, int64_t n)
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
  StkOptionValue v = stk_option_load (row, conf);
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
    if (!bare && (stk_option_bare_factor (row) == 1 || v.i < 0))
      return format_number (stk_option_size_units, v.i);
    break;
  case STOKER_OPTION_DURATION:
    if (!bare)
      return format_number (stk_option_time_units, v.i);
    break;
  default:
    break;
  }
  return g_strdup_printf ("%" PRId64, v.i < 0 ? v.i : v.i / stk_option_bare_factor (row));
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
