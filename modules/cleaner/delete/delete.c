/* SPDX-License-Identifier: Apache-2.0
 *
 * cleaner/delete: retention by log start, size and time, by Kafka's rules (kafka-facts 5.6). Each rule takes a run of
 * segments from the oldest on, in this order; no rule reaches past the high watermark.
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include <stoker/cleaner.h>

typedef struct Rule
{
  const char *reason;
  bool (*applies) (const StokerCleanerView *v, const StokerSegmentRow *s, uint64_t *bytes);
} Rule;

static bool
below_start (const StokerCleanerView *v, const StokerSegmentRow *s, uint64_t *bytes)
{
  return !s->active && s->next <= v->ends.start;
}

/* The log stays at least as large as the setting. */
static bool
over_size (const StokerCleanerView *v, const StokerSegmentRow *s, uint64_t *bytes)
{
  int64_t limit = v->config->retention_bytes;

  return v->config->cleanup_delete && limit >= 0 && *bytes >= s->bytes && *bytes - s->bytes >= (uint64_t)limit;
}

static bool
over_time (const StokerCleanerView *v, const StokerSegmentRow *s, uint64_t *bytes)
{
  int64_t newest = s->largest_timestamp >= 0 ? s->largest_timestamp : s->modified_ms;

  return v->config->cleanup_delete && v->config->retention_ms >= 0 && v->now_ms - newest > v->config->retention_ms;
}

static int
plan (StokerInstance *self, const StokerCleanerView *v, StokerCleanerPlan *out, StokerError *err)
{
  static const Rule rules[] = { { "start", below_start }, { "size", over_size }, { "time", over_time } };
  uint64_t bytes = 0;
  size_t n = 0;

  *out = (StokerCleanerPlan){ .drop_below = v->ends.start, .reason = "start" };
  for (size_t i = 0; i < v->n_segments; i++)
    bytes += v->segments[i].bytes;
  for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++) {
    size_t before = n;
    while (n < v->n_segments) {
      const StokerSegmentRow *s = &v->segments[n];
      if (v->ends.hw < s->next || (s->active && s->bytes == 0) || !rules[r].applies (v, s, &bytes))
        break;
      bytes -= s->bytes;
      out->drop_below = s->next;
      n++;
    }
    if (n > before)
      out->reason = rules[r].reason;
  }
  return 0;
}

static const StokerCleanerOps ops = {
  .head = { sizeof (StokerCleanerOps), STOKER_CLEANER_VERSION },
  .policy = "delete",
  .plan = plan,
};

STOKER_MODULE (cleaner, delete, .version = "1.0", .licence = "Apache-2.0", .summary = "retention by time and size",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops);
