/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check_host.h"

#include <glib.h>

struct StkCheckHost
{
  StokerHost host;
};

static int64_t
no_time (void *user)
{
  return 0;
}

static uint64_t
no_random (void *user)
{
  return 4; /* nothing depends on it: instances are freed again at once */
}

static void
no_work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  stk_report_error (user, NULL, 0, "a module asked for work in init; it may only do so from start on");
}

static void
no_post (void *user, void (*fn) (void *arg), void *arg)
{
  stk_report_error (user, NULL, 0, "a module posted from init; it may only do so from start on");
}

static StokerInstance *
no_codec (void *user, int codec_id)
{
  return NULL;
}

static const StkHostOps ops = { no_time, no_time, no_random, no_work, no_post, no_codec, NULL, NULL, NULL };

StkCheckHost *
stk_check_host_new (StokerDisk *disk, StkReport *report)
{
  StkCheckHost *h = g_new0 (StkCheckHost, 1);

  h->host = (StokerHost){ .ops = &ops, .user = report, .disk = disk, .metrics = stk_metrics_new () };
  return h;
}

StokerHost *
stk_check_host_get (StkCheckHost *h)
{
  return &h->host;
}

void
stk_check_host_free (StkCheckHost *h)
{
  stk_metrics_free (h->host.metrics);
  g_free (h);
}
