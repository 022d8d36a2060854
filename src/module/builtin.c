/* SPDX-License-Identifier: Apache-2.0 */
#include "module/builtin.h"

#include <glib.h>

/* Filled from a generated list when configure is asked to build modules in; none is, so far. */
static const StokerModule *const builtin[] = { NULL };

const StokerModule *
stk_builtin_at (size_t i)
{
  return i < G_N_ELEMENTS (builtin) ? builtin[i] : NULL;
}

const StokerModule *
stk_builtin_find (uint32_t kind, const char *name)
{
  for (size_t i = 0; builtin[i]; i++) {
    g_autofree char *dashed = g_strdelimit (g_strdup (builtin[i]->name), "_", '-');
    if (builtin[i]->kind == kind && strcmp (dashed, name) == 0)
      return builtin[i];
  }
  return NULL;
}
