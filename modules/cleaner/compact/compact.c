/* SPDX-License-Identifier: Apache-2.0
 *
 * cleaner/compact: of each key the newest record stays, by Kafka's rules (kafka-facts 5.7). The first pass notes the
 * newest offset of every key among what was appended since the last run; the second drops what is older, over the whole
 * log, records without a key, and deletions whose time has come.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/cleaner.h>

#include "key_map.h"

#include <stdlib.h>

enum
{
  AHEAD = 64,    /* keys that are hashed, and whose places are fetched, before they are looked up */
  SMALLEST = 16, /* a record takes at least so many bytes of a log, roughly: small logs take small tables */
};

struct StokerCleanerRun
{
  KeyMap map;
  int64_t now_ms;
};

/* Deletions and updates younger than this may be looked at by readers that are behind: they are left alone. */
static bool
too_young (const StokerCleanerView *v, const StokerSegmentRow *s)
{
  int64_t newest = s->largest_timestamp >= 0 ? s->largest_timestamp : s->modified_ms;

  return v->config->min_compaction_lag_ms > 0 && newest > v->now_ms - v->config->min_compaction_lag_ms;
}

/* The oldest record that was not cleaned yet is older than the topic allows. */
static bool
overdue (const StokerCleanerView *v, int64_t first_timestamp)
{
  int64_t lag = v->config->max_compaction_lag_ms;

  if (lag < v->config->min_compaction_lag_ms)
    lag = v->config->min_compaction_lag_ms;
  return first_timestamp > 0 && first_timestamp < v->now_ms - lag;
}

static int
assess (StokerInstance *self, const StokerCleanerView *v, StokerCleanerWish *out, StokerError *err)
{
  uint64_t clean = 0, dirty = 0;
  bool due = false;

  *out = (StokerCleanerWish){ .from = v->first_dirty, .to = v->first_dirty };
  for (size_t i = 0; i < v->n_segments; i++) {
    const StokerSegmentRow *s = &v->segments[i];
    if (s->next <= v->first_dirty) {
      clean += s->bytes;
      continue;
    }
    if (s->active || s->next > v->ends.stable || s->next > v->ends.hw || too_young (v, s))
      break;
    out->to = s->next;
    dirty += s->bytes;
    due = due || overdue (v, s->first_timestamp);
  }
  if (dirty == 0)
    return 0;
  out->dirty = (double)dirty / (double)(clean + dirty);
  if (due || out->dirty > v->config->min_cleanable_dirty_ratio)
    out->urgency = out->dirty;
  return 0;
}

/* A table is not larger than what there is to be put into it. */
static size_t
table_bytes (const StokerCleanerView *v, const StokerCleanerWish *wish)
{
  uint64_t bytes = 0, want;

  for (size_t i = 0; i < v->n_segments; i++)
    if (v->segments[i].next > wish->from && v->segments[i].base < wish->to)
      bytes += v->segments[i].bytes;
  want = (bytes / SMALLEST + 1024) * sizeof (KeySlot);
  return want < v->memory ? (size_t)want : v->memory;
}

static StokerCleanerRun *
begin (StokerInstance *self, const StokerCleanerView *v, const StokerCleanerWish *wish, StokerError *err)
{
  StokerCleanerRun *run = calloc (1, sizeof *run);
  uint64_t secret[2] = { stoker_host_random (self->host), stoker_host_random (self->host) };

  if (run == NULL || !key_map_init (&run->map, table_bytes (v, wish), v->load_factor, secret)) {
    stoker_error_set (err, STOKER_ERROR_FAILED, "no memory for a table of keys of %zu bytes", table_bytes (v, wish));
    free (run);
    return NULL;
  }
  run->now_ms = v->now_ms;
  return run;
}

/* Hashes the keys of up to AHEAD records. */
static size_t
hash_some (StokerCleanerRun *run, const StokerCleanerRecord *records, size_t n, KeyHash *hashes)
{
  size_t some = n < AHEAD ? n : AHEAD;

  for (size_t i = 0; i < some; i++)
    if (records[i].key.data) {
      hashes[i] = key_hash (run->map.secret, records[i].key.data, records[i].key.len);
      key_map_prefetch (&run->map, &hashes[i]);
    }
  return some;
}

static size_t
scan (StokerInstance *self, StokerCleanerRun *run, const StokerCleanerBatch *batch, const StokerCleanerRecord *records,
      size_t n)
{
  KeyHash hashes[AHEAD];

  for (size_t at = 0, some; at < n; at += some) {
    some = hash_some (run, records + at, n - at, hashes);
    for (size_t i = 0; i < some; i++)
      if (records[at + i].key.data && !key_map_put (&run->map, &hashes[i], records[at + i].offset))
        return at + i;
  }
  return n;
}

static void
decide (StokerInstance *self, StokerCleanerRun *run, const StokerCleanerBatch *batch,
        const StokerCleanerRecord *records, size_t n, uint8_t *verdicts)
{
  bool expired = batch->horizon_ms >= 0 && run->now_ms >= batch->horizon_ms;
  KeyHash hashes[AHEAD];

  for (size_t at = 0, some; at < n; at += some) {
    some = hash_some (run, records + at, n - at, hashes);
    for (size_t i = 0; i < some; i++) {
      const StokerCleanerRecord *r = &records[at + i];
      uint8_t verdict = STOKER_CLEANER_DROP;
      if (r->key.data && r->offset >= key_map_get (&run->map, &hashes[i]))
        verdict = r->value.data ? STOKER_CLEANER_KEEP : expired ? STOKER_CLEANER_DROP : STOKER_CLEANER_KEEP_FOR_NOW;
      verdicts[at + i] = verdict;
    }
  }
}

static void
end (StokerInstance *self, StokerCleanerRun *run)
{
  key_map_clear (&run->map);
  free (run);
}

static const StokerCleanerOps ops = {
  .head = { sizeof (StokerCleanerOps), STOKER_CLEANER_VERSION },
  .policy = "compact",
  .assess = assess,
  .begin = begin,
  .scan = scan,
  .decide = decide,
  .end = end,
};

STOKER_MODULE (cleaner, compact, .version = "1.0", .licence = "Apache-2.0", .summary = "the newest record of each key",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
