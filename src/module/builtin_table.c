/* SPDX-License-Identifier: Apache-2.0
 *
 * The modules that configure was asked to link in (--with-builtin-modules). Part of the shared core only: programs that link the
 * archive have none. */
#include "module/builtin.h"

#include <stddef.h>

#define STK_BUILTIN(kind, name) extern const StokerModule stoker_module_##kind##_##name;
#include "builtin-list.h"
#undef STK_BUILTIN

const StokerModule *const stk_builtin_modules[] = {
#define STK_BUILTIN(kind, name) &stoker_module_##kind##_##name,
#include "builtin-list.h"
#undef STK_BUILTIN
  NULL
};
