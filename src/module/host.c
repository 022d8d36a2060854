/* SPDX-License-Identifier: Apache-2.0 */
#include "module/host.h"

#include "module/kind.h"

#include <glib.h>
#include <stdio.h>

void
stoker_log (const StokerInstance *self, StokerLogLevel level, const char *event, const char *fmt, ...)
{
  char area[96];
  va_list ap;

  (void)snprintf (area, sizeof area, "%s/%s", stk_kind_name (self->module->kind), self->name);
  va_start (ap, fmt);
  stk_logv (self->host->log, level, area, event, fmt, ap);
  va_end (ap);
}

int64_t
stoker_host_now_ms (StokerHost *h)
{
  return h->ops->now_ms (h->user);
}

int64_t
stoker_host_monotonic_us (StokerHost *h)
{
  return h->ops->monotonic_us (h->user);
}

uint64_t
stoker_host_random (StokerHost *h)
{
  return h->ops->random (h->user);
}

StokerDisk *
stoker_host_disk (StokerHost *h)
{
  return h->disk;
}

void
stoker_host_work (StokerHost *h, int dir, void (*fn) (void *user), void *user)
{
  h->ops->work (h->user, dir, fn, user);
}

void
stoker_host_post_control (StokerHost *h, void (*fn) (void *user), void *user)
{
  h->ops->post_control (h->user, fn, user);
}

struct StokerHostTimer
{
  const StkHostOps *ops;
  void *timer;
};

StokerHostTimer *
stoker_host_timer_new (StokerHost *h, void (*fn) (void *user), void *user)
{
  StokerHostTimer *t;

  if (h->ops->timer_new == NULL)
    return NULL;
  t = g_new (StokerHostTimer, 1);
  *t = (StokerHostTimer){ h->ops, h->ops->timer_new (h->user, fn, user) };
  return t;
}

void
stoker_host_timer_set (StokerHostTimer *t, int64_t delay_ms)
{
  if (t)
    t->ops->timer_set (t->timer, delay_ms);
}

void
stoker_host_timer_free (StokerHostTimer *t)
{
  if (t == NULL)
    return;
  t->ops->timer_free (t->timer);
  g_free (t);
}

StokerInstance *
stoker_host_codec (StokerHost *h, int codec_id)
{
  return h->ops->codec ? h->ops->codec (h->user, codec_id) : NULL;
}

StokerMetric *
stoker_host_metric (StokerHost *h, const char *name, StokerMetricKind kind, const char *unit, const char *labels,
                    const char *text)
{
  return stk_metrics_get (h->metrics, name, kind, unit, labels, text);
}
