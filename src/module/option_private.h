/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the option tables share: a value outside its struct, and the units of numbers. option_parse.c reads
 * values, option.c keeps them in structs, option_format.c prints them, option_check.c judges tables.
 */
#ifndef STK_MODULE_OPTION_PRIVATE_H
#define STK_MODULE_OPTION_PRIVATE_H

#include "module/option.h"

typedef union StkOptionValue
{
  bool b;
  int64_t i;
  double d;
  const char *s;
  int32_t e;
  const char *const *l;
} StkOptionValue;

typedef struct StkOptionUnit
{
  const char *name;
  int64_t factor;
} StkOptionUnit;

/* Largest first: that is the order in which a value is printed. Ended by a NULL name. */
extern const StkOptionUnit stk_option_size_units[], stk_option_time_units[];
/* What a bare number of the row is multiplied with. */
int64_t stk_option_bare_factor (const StokerOption *row);

static inline bool
stk_option_is_number (uint32_t type)
{
  return type == STOKER_OPTION_INT || type == STOKER_OPTION_SIZE || type == STOKER_OPTION_DURATION;
}

static inline bool
stk_option_is_text (uint32_t type)
{
  return type == STOKER_OPTION_STRING || type == STOKER_OPTION_PATH;
}

/* Reads without looking at the bounds. Strings and lists in *out belong to the caller. */
int stk_option_value_parse (const StokerOption *row, const char *text, const char *base_dir, StkOptionValue *out,
                            StokerError *err);
/* `text`: what the value was read from, for the message. */
int stk_option_value_bounds (const StokerOption *row, const StkOptionValue *v, const char *text, StokerError *err);
void stk_option_value_free (const StokerOption *row, StkOptionValue v);
/* The row's field; strings and lists stay the struct's. */
StkOptionValue stk_option_load (const StokerOption *row, const void *conf);

#endif
