/* SPDX-License-Identifier: Apache-2.0
 *
 * Its option writes outside its configuration. */
#define NAME option_outside
#include <stoker/module.h>
static const StokerOption rows[] = {
  { .name = "level", .type = STOKER_OPTION_INT, .def = "1", .offset = 8, .summary = "a level" },
};
#define OPTIONS .conf_size = 8, STOKER_OPTIONS (rows)
#include "bad.h"
