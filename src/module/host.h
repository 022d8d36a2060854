/* SPDX-License-Identifier: Apache-2.0
 *
 * The host from inside: what stands behind stoker/host.h. A broker (or a test) fills one of these and gives it to the
 * registry, which gives it to every instance. It must live longer than they do.
 */
#ifndef STK_MODULE_HOST_H
#define STK_MODULE_HOST_H

#include "control/log.h"
#include "control/metrics.h"

#include <stoker/host.h>

/* The world as modules may use it. All are called on any thread. */
typedef struct StkHostOps
{
  int64_t (*now_ms) (void *user);
  int64_t (*monotonic_us) (void *user);
  uint64_t (*random) (void *user);
  void (*work) (void *user, int dir, void (*fn) (void *arg), void *arg);
  void (*post_control) (void *user, void (*fn) (void *arg), void *arg);
  /* The started codec for a Kafka codec id, or NULL. With a registry: stk_registry_codec. */
  StokerInstance *(*codec) (void *user, int codec_id);
  /* Timers of the control thread; all three NULL: the host has none. On the control thread. */
  void *(*timer_new) (void *user, void (*fn) (void *arg), void *arg);
  void (*timer_set) (void *timer, int64_t delay_ms);
  void (*timer_free) (void *timer);
  /* As work, for the directory's journal: it never waits for other work. NULL: work does it. */
  void (*journal_work) (void *user, int dir, void (*fn) (void *arg), void *arg);
} StkHostOps;

struct StokerHost
{
  const StkHostOps *ops;
  void *user; /* of ops */
  StokerDisk *disk;
  StkLog *log; /* NULL: silent */
  StkMetrics *metrics;
};

#endif
