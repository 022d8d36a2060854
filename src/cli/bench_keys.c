/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_keys.h"

#include <glib.h>
#include <math.h>

/* Zipf with an alias table (Walker, Vose): one cell is drawn evenly, and is either itself or its alias. */
struct BenchKeys
{
  int64_t n;
  uint32_t *alias; /* NULL: evenly */
  float *own;      /* the share of a cell that is itself */
};

uint64_t
bench_random (uint64_t *state)
{
  uint64_t x = *state;

  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545f4914f6cdd1dull;
}

/* Cells that are to have less than their share are filled up with what others have too much. */
static void
make_alias (BenchKeys *k, double *share)
{
  g_autofree uint32_t *small = g_new (uint32_t, k->n), *large = g_new (uint32_t, k->n);
  int64_t n_small = 0, n_large = 0;

  for (int64_t i = 0; i < k->n; i++) {
    k->own[i] = 1;
    k->alias[i] = (uint32_t)i;
    if (share[i] < 1)
      small[n_small++] = (uint32_t)i;
    else
      large[n_large++] = (uint32_t)i;
  }
  while (n_small > 0 && n_large > 0) {
    uint32_t s = small[--n_small], l = large[n_large - 1];
    k->own[s] = (float)share[s];
    k->alias[s] = l;
    share[l] -= 1 - share[s];
    if (share[l] < 1) {
      n_large--;
      small[n_small++] = l;
    }
  }
}

BenchKeys *
bench_keys_new (int64_t n, bool zipf)
{
  BenchKeys *k = g_new0 (BenchKeys, 1);
  g_autofree double *share = NULL;
  double sum = 0;

  k->n = n;
  if (!zipf)
    return k;
  k->alias = g_new (uint32_t, n);
  k->own = g_new (float, n);
  share = g_new (double, n);
  for (int64_t i = 0; i < n; i++)
    sum += share[i] = pow ((double)(i + 1), -0.99);
  for (int64_t i = 0; i < n; i++)
    share[i] *= (double)n / sum;
  make_alias (k, share);
  return k;
}

void
bench_keys_free (BenchKeys *k)
{
  if (k == NULL)
    return;
  g_free (k->alias);
  g_free (k->own);
  g_free (k);
}

int64_t
bench_keys_pick (const BenchKeys *k, uint64_t *random)
{
  int64_t i = (int64_t)(((unsigned __int128)bench_random (random) * (uint64_t)k->n) >> 64);

  if (k->alias == NULL || (double)(bench_random (random) >> 11) * 0x1p-53 < (double)k->own[i])
    return i;
  return k->alias[i];
}

void
bench_key_text (int64_t number, char out[BENCH_KEY_LEN])
{
  char text[32];

  g_snprintf (text, sizeof text, "key-%012" G_GINT64_FORMAT, number);
  for (int i = 0; i < BENCH_KEY_LEN; i++)
    out[i] = text[i];
}
