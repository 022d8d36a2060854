/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core offers to every module: log, clock, randomness, work on other threads, the disk, metrics, and other
 * modules by instance name. A module asks for nothing of the outside world but through here, so that it runs
 * unchanged on simulated time and disks.
 *
 * Thread: any, unless said otherwise.
 */
#ifndef STOKER_HOST_H
#define STOKER_HOST_H

#include <stoker/disk.h>
#include <stoker/module.h>

STOKER_BEGIN_DECLS

typedef enum StokerLogLevel
{
  STOKER_LOG_ERROR = 0, /* something an operator must act on */
  STOKER_LOG_WARN = 1,
  STOKER_LOG_INFO = 2,
  STOKER_LOG_DEBUG = 3,
} StokerLogLevel;

/* Logs one event: `event` is a short stable id ("segment.rolled"); the text is followed by key=value pairs after a
 * " | " if there are any: stoker_log (self, STOKER_LOG_INFO, "segment.rolled", "rolled | topic=%s base=%" PRId64, ..).
 * Rate-limited per event. */
STOKER_EXPORT void stoker_log (const StokerInstance *self, StokerLogLevel level, const char *event, const char *fmt, ...)
    STOKER_PRINTF (4, 5);

/* Milliseconds since 1970 (may jump), microseconds on a clock that never goes back. */
STOKER_EXPORT int64_t stoker_host_now_ms (StokerHost *h);
STOKER_EXPORT int64_t stoker_host_monotonic_us (StokerHost *h);
/* 64 random bits; not for secrets. */
STOKER_EXPORT uint64_t stoker_host_random (StokerHost *h);

STOKER_EXPORT StokerDisk *stoker_host_disk (StokerHost *h);

/* Runs fn (user) once on a disk thread, where it may block. `dir` names the log directory the work is for (its index in
 * log.dirs; -1: none in particular): work for different directories does not wait for each other. */
STOKER_EXPORT void stoker_host_work (StokerHost *h, int dir, void (*fn) (void *user), void *user);
/* Runs fn (user) once on the control thread, later: never inside this call. */
STOKER_EXPORT void stoker_host_post_control (StokerHost *h, void (*fn) (void *user), void *user);

/* A timer of the control thread: fn (user) is called there delay_ms after stoker_host_timer_set, never inside it; setting it again moves
 * it. NULL from a host that has none (some tests): such a one never fires. Thread: control. */
typedef struct StokerHostTimer StokerHostTimer;
STOKER_EXPORT StokerHostTimer *stoker_host_timer_new (StokerHost *h, void (*fn) (void *user), void *user);
STOKER_EXPORT void stoker_host_timer_set (StokerHostTimer *t, int64_t delay_ms);
STOKER_EXPORT void stoker_host_timer_free (StokerHostTimer *t);

/* The started codec instance for a Kafka codec id (1 gzip, 2 snappy, 3 lz4, 4 zstd), NULL when none is loaded.
 * Borrowed; lives as long as the broker. */
STOKER_EXPORT StokerInstance *stoker_host_codec (StokerHost *h, int codec_id);

/* A counter or gauge of the core's metrics table. `labels` is "key=value,key=value" or NULL. Look it up once and keep
 * it: it lives as long as the broker. */
typedef struct StokerMetric StokerMetric;
typedef enum StokerMetricKind
{
  STOKER_METRIC_COUNTER = 0, /* only grows */
  STOKER_METRIC_GAUGE = 1,
} StokerMetricKind;
STOKER_EXPORT StokerMetric *stoker_host_metric (StokerHost *h, const char *name, StokerMetricKind kind, const char *unit,
                                                const char *labels, const char *text);
STOKER_EXPORT void stoker_metric_add (StokerMetric *m, int64_t n);
STOKER_EXPORT void stoker_metric_set (StokerMetric *m, int64_t value);

STOKER_END_DECLS

#endif
