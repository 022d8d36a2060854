/* SPDX-License-Identifier: Apache-2.0
 *
 * A new session after one that expired: the broker registers anew, takes part in the election, and what it knows of the tree is read
 * again. The data path goes on all the while. What fails is tried again as long as the session lives.
 */
#include "cluster/internal.h"

#include <inttypes.h>
#include "cluster/json.h"

#define RETRY_US INT64_C (1000000)

static void begin (StkController *c);

static void
on_retry (StkTimer *timer)
{
  StkController *c = (StkController *)(void *)((char *)timer - G_STRUCT_OFFSET (StkController, rejoin_retry));

  if (c->rejoining && c->connected && !c->stopping)
    begin (c);
}

void
stk_ctl_rejoin_later (StkController *c)
{
  if (c->stopping || c->rejoin_retry.slot != 0)
    return;
  c->rejoin_retry.fire = on_retry;
  stk_actor_timer_set (c->b->control, &c->rejoin_retry, stk_actor_now_us (c->b->control) + RETRY_US);
}

static void
failed (StkController *c, const StokerError *err)
{
  if (c->done && !stk_ctl_start_may_go_on (c)) {
    stk_ctl_finish (c, err);
    return;
  }
  stk_ctl_log (c, STOKER_LOG_WARN, "rejoin", "not back in the cluster yet: %s", err->text);
  stk_ctl_rejoin_later (c);
}

/* Settings and states may have changed while nobody told us. */
static void
part_done (StkController *c)
{
  if (c->self->epoch < 0 || c->controller_id < 0)
    return; /* the other one is still under way */
  c->rejoining = false;
  if (c->done && !c->active) {
    stk_ctl_not_alone (c);
    return;
  }
  stk_ctl_log (c, STOKER_LOG_INFO, "rejoined", "back in the cluster with a new session | broker=%d epoch=%" PRId64 " controller=%d", c->b->id,
               c->self->epoch, c->controller_id);
  if (c->active) {
    stk_ctl_become_active (c);
    stk_ctl_topics_again (c);
    stk_ctl_deletions_begin (c);
  }
  stk_ctl_publish (c);
}

static void
brokers_known (StkController *c)
{
  if (!c->rejoining)
    return;
  stk_ctl_elect (c, part_done);
  stk_ctl_register (c, part_done);
}

static void
on_cluster_id (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;
  char id[STOKER_UUID_TEXT] = "";
  StokerError err = { 0 };

  if (c->stopping || !c->rejoining)
    return;
  if (reply->code == STOKER_COORD_OK && stk_json_read_cluster_id (reply->data, id, &err) && strcmp (id, c->b->cluster_id) == 0) {
    StkMetaBroker *old = c->self, b = *old;
    b.epoch = -1;
    c->self = stk_meta_broker_new (&b);
    stk_meta_broker_unref (old);
    c->controller_id = -1;
    stk_ctl_brokers_load (c, brokers_known);
    return;
  }
  if (reply->code == STOKER_COORD_OK || reply->code == STOKER_COORD_NO_NODE)
    /* Nothing of it is touched, and above all no log is taken for one whose topic was deleted. */
    (void)stoker_error_set (&err, STOKER_ERROR_NOT_OURS, "the coordinator's tree %s, and this broker is of cluster %s",
                            id[0] ? "is of another cluster" : "is of no cluster", c->b->cluster_id);
  else
    (void)stoker_error_set (&err, STOKER_ERROR_FAILED, "the coordinator answered %s", stoker_coord_code_name (reply->code));
  failed (c, &err);
}

static void
begin (StkController *c)
{
  stk_tree_get (&c->tree, "/cluster/id", STK_NO_WATCH, on_cluster_id, c);
}

void
stk_ctl_rejoin (StkController *c)
{
  begin (c);
}
