/* SPDX-License-Identifier: Apache-2.0
 *
 * Modules that are linked into this program (configure --with-builtin-modules). They pass the same checks as files.
 */
#ifndef STK_MODULE_BUILTIN_H
#define STK_MODULE_BUILTIN_H

#include <stoker/module.h>

/* The descriptor, unchecked; name with dashes. NULL: not built in. */
const StokerModule *stk_builtin_find (uint32_t kind, const char *name);
/* i counts from 0, one by one; NULL behind the last. */
const StokerModule *stk_builtin_at (size_t i);
/* The table that it reads, NULL behind the last (builtin_table.c). */
extern const StokerModule *const stk_builtin_modules[];

#endif
