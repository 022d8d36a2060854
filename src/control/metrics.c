/* SPDX-License-Identifier: Apache-2.0 */
#include "control/metrics.h"

#include <glib.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A cache line each: counters of different I/O threads must not share one. */
struct StokerMetric
{
  _Alignas(64) _Atomic int64_t value;
  StkMetricRow row;
};

struct StkMetrics
{
  GMutex lock;
  GHashTable *by_key; /* "name{labels}" -> StokerMetric, those of modules */
  GPtrArray *added;   /* in order of their making */
  StokerMetric core[STK_METRIC_COUNT];
};

static const StkMetricRow core_rows[STK_METRIC_COUNT] = {
#define STK_METRIC_ROW(id, name, kind, unit, labels, text)                                                             \
  [STK_METRIC_##id] = { name, STOKER_METRIC_##kind, unit, labels, text },
#include "control/metric_rows.h"
#undef STK_METRIC_ROW
};

static void
metric_free (void *p)
{
  StokerMetric *m = p;

  g_free ((char *)m->row.name);
  g_free ((char *)m->row.unit);
  g_free ((char *)m->row.labels);
  g_free ((char *)m->row.text);
  free (m);
}

static void *
alloc_aligned (size_t size)
{
  void *p = aligned_alloc (64, (size + 63) & ~(size_t)63);

  g_assert (p != NULL);
  return memset (p, 0, size);
}

StkMetrics *
stk_metrics_new (void)
{
  StkMetrics *m = alloc_aligned (sizeof *m);

  g_mutex_init (&m->lock);
  m->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  m->added = g_ptr_array_new_with_free_func (metric_free);
  for (unsigned i = 0; i < STK_METRIC_COUNT; i++)
    m->core[i].row = core_rows[i];
  return m;
}

void
stk_metrics_free (StkMetrics *m)
{
  if (m == NULL)
    return;
  g_hash_table_unref (m->by_key);
  g_ptr_array_unref (m->added);
  g_mutex_clear (&m->lock);
  free (m);
}

StokerMetric *
stk_metrics_core (StkMetrics *m, StkMetricId id)
{
  return m ? &m->core[id] : NULL;
}

StokerMetric *
stk_metrics_get (StkMetrics *m, const char *name, StokerMetricKind kind, const char *unit, const char *labels,
                 const char *text)
{
  g_autofree char *key = g_strdup_printf ("%s{%s}", name, labels ? labels : "");
  StokerMetric *found;

  g_mutex_lock (&m->lock);
  found = g_hash_table_lookup (m->by_key, key);
  if (found == NULL) {
    found = alloc_aligned (sizeof *found);
    found->row = (StkMetricRow){ g_strdup (name), kind, g_strdup (unit), g_strdup (labels), g_strdup (text) };
    g_hash_table_insert (m->by_key, g_steal_pointer (&key), found);
    g_ptr_array_add (m->added, found);
  }
  g_mutex_unlock (&m->lock);
  return found;
}

int64_t
stk_metric_value (const StokerMetric *m)
{
  return atomic_load_explicit (&((StokerMetric *)m)->value, memory_order_relaxed);
}

const StkMetricRow *
stk_metric_row (const StokerMetric *m)
{
  return &m->row;
}

void
stk_metrics_each (StkMetrics *m, void (*each) (void *user, const StokerMetric *metric), void *user)
{
  for (unsigned i = 0; i < STK_METRIC_COUNT; i++)
    each (user, &m->core[i]);
  g_mutex_lock (&m->lock);
  for (unsigned i = 0; i < m->added->len; i++)
    each (user, g_ptr_array_index (m->added, i));
  g_mutex_unlock (&m->lock);
}

static void
dump_one (void *user, const StokerMetric *metric)
{
  const StkMetricRow *r = &metric->row;
  int64_t value = stk_metric_value (metric);
  g_autofree char *event = NULL;

  if (value == 0)
    return;
  event = g_strconcat ("metric.", r->name, NULL); /* an id of its own, so that the rate limit leaves no row out */
  stk_log (user, STOKER_LOG_INFO, "metrics", event, "%s | value=%" PRId64 " unit=%s%s%s", r->text ? r->text : r->name,
           value, r->unit ? r->unit : "", r->labels ? " labels=" : "", r->labels ? r->labels : "");
}

void
stk_metrics_dump (StkMetrics *m, StkLog *log)
{
  stk_metrics_each (m, dump_one, log);
}

void
stoker_metric_add (StokerMetric *m, int64_t n)
{
  if (m)
    atomic_fetch_add_explicit (&m->value, n, memory_order_relaxed);
}

void
stoker_metric_set (StokerMetric *m, int64_t value)
{
  if (m)
    atomic_store_explicit (&m->value, value, memory_order_relaxed);
}
