/* SPDX-License-Identifier: Apache-2.0
 *
 * .index, .timeindex and .txnindex against the log (kafka-facts 5.2). An index that lags behind is fine: a search walks on from
 * what it finds.
 */
#include "config.h"

#include "cli/verify.h"

#include <inttypes.h>

enum
{
  INDEX = 8,
  TIME = 12,
  TXN = 34,
  INDEX_MAX = 64 << 20
};

static uint8_t *
read_index (Verify *v, char **path, const char *dir, int64_t base, const char *suffix, size_t entry, size_t *n)
{
  g_autofree char *name = g_strdup_printf ("%020" PRId64 "%s", base, suffix);
  uint8_t *data;
  size_t len = 0;

  *path = g_build_filename (dir, name, NULL);
  *n = 0;
  if (!g_file_test (*path, G_FILE_TEST_EXISTS) || (data = verify_read (v, *path, INDEX_MAX, &len)) == NULL)
    return NULL;
  if (len % entry)
    verify_found (v, *path, (int64_t)(len - len % entry), -1, "the file ends inside an entry");
  *n = len / entry;
  while (*n > 0 && cli_is_zero (data + (*n - 1) * entry, entry)) /* space that was reserved */
    --*n;
  return data;
}

/* Entries for themselves: order, versions. */
static void
check_order (Verify *v, IndexWalk *w)
{
  for (size_t i = 0; i < w->n_index; i++) {
    const uint8_t *p = w->index + i * INDEX;
    if (cli_big (p, 4) < 0 || cli_big (p + 4, 4) < 0 || (i > 0 && (cli_big (p, 4) <= cli_big (p - INDEX, 4) || cli_big (p + 4, 4) <= cli_big (p - INDEX + 4, 4)))) {
      verify_found (v, w->path, (int64_t)(i * INDEX), -1, "offsets and positions of the entries do not grow");
      w->n_index = 0;
    }
  }
  for (size_t i = 0; i < w->n_times; i++) {
    const uint8_t *p = w->times + i * TIME;
    if (cli_big (p + 8, 4) < 0 || (i > 0 && (cli_big (p, 8) < cli_big (p - TIME, 8) || cli_big (p + 8, 4) < cli_big (p - TIME + 8, 4)))) {
      verify_found (v, w->time_path, (int64_t)(i * TIME), -1, "timestamps and offsets of the entries do not grow");
      w->n_times = 0;
    }
  }
}

static void
take_txns (Verify *v, IndexWalk *w)
{
  for (size_t i = 0; i < w->n_txns; i++) {
    const uint8_t *p = w->txns + i * TXN;
    int64_t first = cli_big (p + 10, 8), last = cli_big (p + 18, 8);
    if (cli_big (p, 2) != 0 || cli_big (p + 2, 8) < 0 || first < 0 || last < first || last < w->base) {
      verify_found (v, w->txn_path, (int64_t)(i * TXN), last, "not an entry of an aborted transaction");
      continue;
    }
    if (w->aborts == NULL)
      w->aborts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
    g_hash_table_insert (w->aborts, g_memdup2 (&last, sizeof last), GSIZE_TO_POINTER (i + 1));
  }
}

void
verify_indexes_begin (Verify *v, IndexWalk *w, const char *dir, int64_t base)
{
  *w = (IndexWalk){ .base = base, .max_timestamp = INT64_MIN };
  w->index = read_index (v, &w->path, dir, base, ".index", INDEX, &w->n_index);
  w->times = read_index (v, &w->time_path, dir, base, ".timeindex", TIME, &w->n_times);
  w->txns = read_index (v, &w->txn_path, dir, base, ".txnindex", TXN, &w->n_txns);
  check_order (v, w);
  take_txns (v, w);
}

static void
check_txn (Verify *v, IndexWalk *w, const uint8_t *data, const StokerBatch *b)
{
  int64_t last = stoker_batch_last_offset (b);
  size_t i = w->aborts ? GPOINTER_TO_SIZE (g_hash_table_lookup (w->aborts, &last)) : 0;
  int type = -1;
  int32_t epoch;

  if (i == 0 || b->record_count == 0)
    return;
  if (!(b->attributes & STOKER_BATCH_CONTROL) || !stk_batch_control (data, b, &type, &epoch) || type != 0
      || cli_big (w->txns + (i - 1) * TXN + 2, 8) != b->producer_id)
    verify_found (v, w->txn_path, (int64_t)((i - 1) * TXN), last, "no marker of that producer's abort stands there");
}

/* Whoever looks for something later than the entry skips everything before its offset; and retention takes the last one's time for the
 * segment's. */
static void
check_time (Verify *v, IndexWalk *w, const StokerBatch *b)
{
  const uint8_t *p = w->times + w->time_at * TIME;
  int64_t t = cli_big (p, 8), offset = w->base + cli_big (p + 8, 4);

  if (offset == stoker_batch_last_offset (b) && w->max_timestamp > t)
    verify_found (v, w->time_path, (int64_t)(w->time_at * TIME), offset, "has timestamp %" PRId64 ", but a batch up to there has %" PRId64, t,
                  w->max_timestamp);
  else if (offset >= b->base_offset && w->max_timestamp < t && !w->partly)
    verify_found (v, w->time_path, (int64_t)(w->time_at * TIME), offset, "has timestamp %" PRId64 ", but no batch up to there is later than %" PRId64,
                  t, w->max_timestamp);
  w->time_at++;
}

void
verify_indexes_batch (Verify *v, IndexWalk *w, const uint8_t *data, const StokerBatch *b, uint64_t pos)
{
  const uint8_t *p;

  while (w->at < w->n_index && (uint64_t)cli_big ((p = w->index + w->at * INDEX) + 4, 4) <= pos) {
    if ((uint64_t)cli_big (p + 4, 4) < pos)
      verify_found (v, w->path, (int64_t)(w->at * INDEX), w->base + cli_big (p, 4),
                    "points to position %" PRId64 ", where no batch begins", cli_big (p + 4, 4));
    else if (w->base + cli_big (p, 4) < b->base_offset)
      verify_found (v, w->path, (int64_t)(w->at * INDEX), w->base + cli_big (p, 4),
                    "points to position %" PRId64 ", where offset %" PRId64 " stands already", cli_big (p + 4, 4), b->base_offset);
    w->at++;
  }
  w->max_timestamp = MAX (w->max_timestamp, b->max_timestamp);
  while (w->time_at < w->n_times && w->base + cli_big (w->times + w->time_at * TIME + 8, 4) <= stoker_batch_last_offset (b))
    check_time (v, w, b);
  check_txn (v, w, data, b);
}

void
verify_indexes_skip (IndexWalk *w, uint64_t to)
{
  w->partly = true;
  while (w->at < w->n_index && (uint64_t)cli_big (w->index + w->at * INDEX + 4, 4) < to)
    w->at++;
}

void
verify_indexes_end (Verify *v, IndexWalk *w, uint64_t size, int64_t end)
{
  const uint8_t *p;

  for (; v && w->at < w->n_index; w->at = w->n_index) {
    p = w->index + w->at * INDEX;
    verify_found (v, w->path, (int64_t)(w->at * INDEX), w->base + cli_big (p, 4), "points to position %" PRId64 ", %s",
                  cli_big (p + 4, 4), (uint64_t)cli_big (p + 4, 4) >= size ? "behind the end of the log" : "where no batch begins");
  }
  for (; v && w->time_at < w->n_times; w->time_at = w->n_times)
    if (w->base + cli_big ((p = w->times + w->time_at * TIME) + 8, 4) > end)
      verify_found (v, w->time_path, (int64_t)(w->time_at * TIME), w->base + cli_big (p + 8, 4), "lies behind the end of the log");
  if (w->aborts)
    g_hash_table_unref (w->aborts);
  g_free (w->path);
  g_free (w->time_path);
  g_free (w->txn_path);
  g_free (w->index);
  g_free (w->times);
  g_free (w->txns);
}
