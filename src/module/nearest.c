/* SPDX-License-Identifier: Apache-2.0 */
#include "module/nearest.h"

#include <glib.h>
#include <string.h>

#define MAX_WORD 96 /* longer ones are not compared: no setting is, and the table below stays on the stack */

unsigned
stk_edit_distance (const char *a, const char *b, unsigned limit)
{
  size_t n = strlen (a), m = strlen (b);
  unsigned rows[3][MAX_WORD + 1];
  unsigned *before = rows[0], *last = rows[1], *now = rows[2];

  if (n > MAX_WORD || m > MAX_WORD || (n > m ? n - m : m - n) > limit)
    return limit + 1;
  for (size_t j = 0; j <= m; j++)
    last[j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    unsigned *spare = before;
    unsigned least = now[0] = (unsigned)i;
    for (size_t j = 1; j <= m; j++) {
      unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);
      d = MIN (d, MIN (last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d = MIN (d, before[j - 2] + 1);
      now[j] = d;
      least = MIN (least, d);
    }
    if (least > limit + 1)
      return limit + 1;
    before = last;
    last = now;
    now = spare;
  }
  return MIN (last[m], limit + 1);
}

void
stk_nearest_begin (StkNearest *s, const char *word)
{
  size_t n = strlen (word);

  /* A third of the word may differ: beyond that the guess is noise. */
  *s = (StkNearest){ .word = word, .best = NULL, .distance = (unsigned)MAX (1, MIN (6, n / 3)) + 1 };
}

void
stk_nearest_try (StkNearest *s, const char *candidate)
{
  unsigned d = stk_edit_distance (s->word, candidate, s->distance - 1);

  if (d < s->distance) {
    s->distance = d;
    s->best = candidate;
    if (d == 0)
      s->distance = 1; /* keeps the limit above valid */
  }
}
