/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is wrong with it: a module with options, one of which must be set and one of which its init does not like. */
#define NAME with_options
#include <stoker/module.h>
#include <stddef.h>
struct conf
{
  int64_t level;
  const char *must, *secret;
};
static int
init (StokerInstance *self, StokerError *err)
{
  if (((const struct conf *)self->conf)->level != 13)
    return 0;
  if (err)
    *err = (StokerError){ STOKER_ERROR_CONFIG, "13 is unlucky" };
  return -1;
}
static const StokerOption rows[] = {
  { .name = "level",
    .type = STOKER_OPTION_INT,
    .def = "3",
    .min = "1",
    .max = "22",
    .offset = offsetof (struct conf, level),
    .summary = "a level",
    .text = "Higher is slower.",
    .flags = STOKER_OPTION_RELOADABLE },
  { .name = "must",
    .type = STOKER_OPTION_STRING,
    .flags = STOKER_OPTION_REQUIRED,
    .offset = offsetof (struct conf, must),
    .summary = "must be set" },
  { .name = "secret",
    .type = STOKER_OPTION_STRING,
    .flags = STOKER_OPTION_SECRET,
    .offset = offsetof (struct conf, secret),
    .summary = "a secret" },
};
#define OPTIONS .conf_size = sizeof (struct conf), .init = init, STOKER_OPTIONS (rows)
#include "bad.h"
