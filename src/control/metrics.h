/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics: counters and gauges, each a row of one table: name, kind, unit, labels, text. The core's own rows stand in
 * metric_rows.h and are reached by their number; modules add rows by name (stoker_host_metric). Values are atomic.
 *
 * Thread: any.
 */
#ifndef STK_CONTROL_METRICS_H
#define STK_CONTROL_METRICS_H

#include "control/log.h"

typedef struct StkMetrics StkMetrics;

/* The core's rows: STK_METRIC_PRODUCE_BYTES .. */
typedef enum StkMetricId
{
#define STK_METRIC_ROW(id, name, kind, unit, labels, text) STK_METRIC_##id,
#include "control/metric_rows.h"
#undef STK_METRIC_ROW
  STK_METRIC_COUNT
} StkMetricId;

typedef struct StkMetricRow
{
  const char *name;
  StokerMetricKind kind;
  const char *unit;   /* "bytes", "records", "requests" .. */
  const char *labels; /* "key=value,key=value", or NULL */
  const char *text;   /* one line */
} StkMetricRow;

StkMetrics *stk_metrics_new (void);
void stk_metrics_free (StkMetrics *m);

/* One of the core's own; lives as long as `m`. NULL when m is: counting in that does nothing. */
StokerMetric *stk_metrics_core (StkMetrics *m, StkMetricId id);
/* The row of that name and labels, made when it is not there. The strings are copied. */
StokerMetric *stk_metrics_get (StkMetrics *m, const char *name, StokerMetricKind kind, const char *unit,
                               const char *labels, const char *text);
int64_t stk_metric_value (const StokerMetric *m);
const StkMetricRow *stk_metric_row (const StokerMetric *m);
/* Calls each (user, metric) for all rows, the core's first, in the order in which they were made. `each` must not add
 * rows. */
void stk_metrics_each (StkMetrics *m, void (*each) (void *user, const StokerMetric *metric), void *user);
/* Writes every row that is not zero to the log (SIGUSR1), one line each, not rate-limited as a whole: event "metric".
 */
void stk_metrics_dump (StkMetrics *m, StkLog *log);

#endif
