/* SPDX-License-Identifier: Apache-2.0
 *
 * Judges a module's descriptor before any of the module's code runs, and makes the core's own copy of it: all sizes as
 * this build has them, newer fields zeroed where the author's were shorter, option rows and table of functions copied.
 */
#ifndef STK_MODULE_CHECK_H
#define STK_MODULE_CHECK_H

#include "module/kind.h"

/* raw: what the module exports. kind, name: what was asked for (name with dashes). where: the file, for messages. On
 * success *out is the copy, whose name has dashes too; free with stk_module_copy_free when no instance is left. The
 * message says what was found, what is accepted and what to do. */
int stk_module_check (const StokerModule *raw, const StkKind *kind, const char *name, const char *where,
                      StokerModule **out, StokerError *err);
void stk_module_copy_free (StokerModule *m);

/* Are these a kind's and a module's name: lower case letters, digits, dashes, beginning with a letter? */
bool stk_module_name_valid (const char *name);

#endif
