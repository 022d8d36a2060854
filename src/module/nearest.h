/* SPDX-License-Identifier: Apache-2.0
 *
 * The nearest known word to one that is not known, for messages. Pure functions.
 */
#ifndef STK_MODULE_NEAREST_H
#define STK_MODULE_NEAREST_H

#include <stddef.h>

/* How many insertions, deletions, substitutions and swaps of neighbours apart; anything above `limit` is limit + 1. */
unsigned stk_edit_distance (const char *a, const char *b, unsigned limit);

/* A search over any number of words: keep = {0}, try all, then look at `best` (NULL: nothing is near enough). */
typedef struct StkNearest
{
  const char *word; /* looked for */
  const char *best; /* borrowed from the words tried */
  unsigned distance;
} StkNearest;

void stk_nearest_begin (StkNearest *s, const char *word);
void stk_nearest_try (StkNearest *s, const char *candidate);

#endif
