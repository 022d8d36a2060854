/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of module kinds: name, version of the interface, size of its table of functions, which of them a module
 * must have, and whether the interface is frozen. What the loader and the listing know about a kind comes from here.
 */
#ifndef STK_MODULE_KIND_H
#define STK_MODULE_KIND_H

#include <stoker/module.h>

typedef struct StkKindFunction
{
  const char *name;
  size_t offset; /* of the function pointer in the kind's table */
} StkKindFunction;

typedef struct StkKind
{
  uint32_t number; /* StokerKind */
  const char *name;
  uint32_t version; /* of the interface; 0: this build has no such interface yet */
  size_t ops_size;
  bool frozen; /* false: modules are tied to the exact build */
  const StkKindFunction *required;
  size_t n_required;
} StkKind;

/* NULL: no such kind. */
const StkKind *stk_kind_find (uint32_t number);
const StkKind *stk_kind_by_name (const char *name);
/* "codec"; "?" when there is no such kind. */
const char *stk_kind_name (uint32_t number);
/* All kinds, in the order of their numbers. */
const StkKind *stk_kinds (size_t *n);

#endif
