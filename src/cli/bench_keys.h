/* SPDX-License-Identifier: Apache-2.0
 *
 * Which key a record gets: one of N, each as often, or by Zipf's law (the k-th most frequent 1/k^0.99 as often).
 */
#ifndef STK_CLI_BENCH_KEYS_H
#define STK_CLI_BENCH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Immutable: any number of threads may use it. */
typedef struct BenchKeys BenchKeys;

BenchKeys *bench_keys_new (int64_t n, bool zipf);
void bench_keys_free (BenchKeys *k); /* NULL is fine */
/* The number of the next key, 0..n-1. `random`: the caller's state, not 0. */
int64_t bench_keys_pick (const BenchKeys *k, uint64_t *random);

enum
{
  BENCH_KEY_LEN = 16,
};
/* The key itself: text of that length. */
void bench_key_text (int64_t number, char out[BENCH_KEY_LEN]);

uint64_t bench_random (uint64_t *state);

#endif
