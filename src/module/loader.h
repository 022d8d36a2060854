/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds a module's file, judges the file and its folder, maps it, finds its descriptor. The only user of GModule. A
 * module is never unmapped.
 *
 * Search: the folders of the environment's STOKER_MODULE_PATH (separated by ':'), those of module.path, those
 * of the build tree that the program runs in, the installed one. In each: KIND/NAME.so, and as a build tree has it
 * KIND/NAME/.libs/NAME.so. A folder that does not exist is skipped; one that cannot be searched, or that others can
 * write (module/trust.h), ends the search.
 *
 * Thread: control.
 */
#ifndef STK_MODULE_LOADER_H
#define STK_MODULE_LOADER_H

#include "module/kind.h"

/* What a `load` line asks for. */
typedef struct StkModuleSpec
{
  const StkKind *kind;
  char *name; /* with dashes */
  char *file; /* NULL: search */
} StkModuleSpec;

/* "KIND/NAME", "KIND/NAME FILE", or the path of a file KIND/NAME.so. */
int stk_module_spec_parse (const char *text, StkModuleSpec *out, StokerError *err);
void stk_module_spec_clear (StkModuleSpec *s);

/* All folders of the search, NULL-terminated: extra may be NULL. g_strfreev. */
char **stk_module_search_path (const char *const *extra);
/* The file of the module, g_free; NULL with *err (code -ENOENT when there is just none). */
char *stk_module_find (const StkModuleSpec *spec, char **search_path, StokerError *err);
/* Judges the file, maps it for good and returns the descriptor in it, unchecked; NULL with *err. */
const StokerModule *stk_module_open (const StkModuleSpec *spec, const char *file, StokerError *err);
/* Calls each (user, kind, name, file) for every module file of the search path, nothing is opened; the first of a name
 * wins, later ones are passed with shadowed true. A folder that cannot or must not be searched is passed with name
 * NULL, why in the place of the file, and kind NULL when it is the whole folder. */
void stk_module_scan (char **search_path,
                      void (*each) (void *user, const StkKind *kind, const char *name, const char *file, bool shadowed),
                      void *user);

#endif
