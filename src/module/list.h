/* SPDX-License-Identifier: Apache-2.0
 *
 * The listing of modules. Each file is opened in a child process of its own, so that a broken one can only break its
 * own row. For programs that have not started a thread yet.
 */
#ifndef STK_MODULE_LIST_H
#define STK_MODULE_LIST_H

#include "module/kind.h"

#include <glib.h>

/* Appends the table of all modules of the search path (extra: module.path, NULL: none). The number of files that were
 * refused; their rows say why. */
unsigned stk_module_list (GString *out, const char *const *extra);

#endif
