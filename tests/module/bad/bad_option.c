/* SPDX-License-Identifier: Apache-2.0
 *
 * The default of its option is not in its range. */
#define NAME bad_option
#include <stoker/module.h>
static const StokerOption rows[] = {
  { .name = "level", .type = STOKER_OPTION_INT, .def = "12", .max = "9", .summary = "a level" },
};
#define OPTIONS .conf_size = 8, STOKER_OPTIONS (rows)
#include "bad.h"
