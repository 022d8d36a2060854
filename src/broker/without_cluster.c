/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands in for src/cluster until that is in the tree: refuses. To be deleted then.
 */
#include "cluster/controller.h"
#include "cluster/topics.h"

#include <glib.h>

__attribute__ ((weak)) void
stk_topics_auto_create (StkTopics *t, const StokerStr *names, int32_t n,
                        void (*done) (void *user, const int16_t *errors), void *user)
{
  g_autofree int16_t *errors = g_new (int16_t, n + 1);

  for (int32_t i = 0; i < n; i++)
    errors[i] = STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  done (user, errors);
}

__attribute__ ((weak)) void
stk_controller_producer_id (StkController *c, void (*done) (void *user, int16_t error, int64_t id), void *user)
{
  done (user, STOKER_COORDINATOR_NOT_AVAILABLE, -1);
}
