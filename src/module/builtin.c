/* SPDX-License-Identifier: Apache-2.0 */
#include "module/builtin.h"

#include <glib.h>

/* Absent from programs that link the core's archive: they have no modules built in. */
#pragma weak stk_builtin_modules

const StokerModule *
stk_builtin_at (size_t i)
{
  return stk_builtin_modules ? stk_builtin_modules[i] : NULL;
}

const StokerModule *
stk_builtin_find (uint32_t kind, const char *name)
{
  const StokerModule *m;

  for (size_t i = 0; (m = stk_builtin_at (i)) != NULL; i++) {
    g_autofree char *dashed = g_strdelimit (g_strdup (m->name), "_", '-');
    if (m->kind == kind && strcmp (dashed, name) == 0)
      return m;
  }
  return NULL;
}
