/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeConfigs (kafka-facts 3.8), answered on control from the snapshot and the broker's settings, which a reload may change
 * there.
 */
#include "broker/broker.h"
#include "broker/ensure_topic.h"
#include "cluster/config_rows.h"
#include "meta/store.h"

#include <glib.h>

/* kafka-facts 12.4 */
#define OPERATION_DESCRIBE_CONFIGS 10
#define RESOURCE_TOPIC_ACL 2
#define RESOURCE_CLUSTER_ACL 4

static void
describe_topic (StokerBroker *b, StkConfigRowsSpec *s, const StokerContext *ctx, StokerDescribeResource *r)
{
  const StkMetaTopic *t = stk_snapshot_topic (stk_meta_store_peek (b->meta, -1), r->name);

  r->error = stk_broker_authorize (b, ctx, OPERATION_DESCRIBE_CONFIGS, RESOURCE_TOPIC_ACL, r->name);
  if (r->error == 0 && t == NULL) {
    bool valid = stk_topic_name_valid (r->name);
    r->error = valid ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_INVALID_TOPIC;
    r->error_message = valid ? STOKER_STR_LIT ("No such topic.") : STOKER_STR_LIT ("This cannot be the name of a topic.");
  }
  if (r->error == 0)
    r->rows = stk_config_rows_topic (s, t->overrides, (size_t)t->n_overrides, &r->n_rows);
}

static void
describe_broker (StokerBroker *b, StkConfigRowsSpec *s, const StokerContext *ctx, StokerDescribeResource *r)
{
  g_autofree char *id = g_strdup_printf ("%d", b->id);

  r->error = stk_broker_authorize (b, ctx, OPERATION_DESCRIBE_CONFIGS, RESOURCE_CLUSTER_ACL, STOKER_STR_LIT ("kafka-cluster"));
  if (r->error)
    return;
  /* "" stands for the cluster-wide dynamic defaults. */
  if (r->name.len == 0) {
    r->rows = stk_config_rows_defaults (s, &r->n_rows);
    return;
  }
  if (!stoker_str_is (r->name, id)) {
    r->error = STOKER_INVALID_REQUEST;
    r->error_message = stoker_arena_printf (s->arena, "this is broker %s: it describes itself and \"\" (the defaults of all), not %.*s", id,
                                            (int)MIN (r->name.len, 100), r->name.data ? r->name.data : "");
    return;
  }
  r->rows = stk_config_rows_broker (s, &r->n_rows);
}

static void
describe_on_control (StokerCall *call)
{
  StokerDescribeConfigs *req = (StokerDescribeConfigs *)call;
  StokerBroker *b = call->ctx->broker;

  for (int32_t i = 0; i < req->n_resources; i++) {
    StokerDescribeResource *r = &req->resources[i];
    StkConfigRowsSpec s = { .config = b->config, .arena = req->call.arena, .keys = r->keys, .n_keys = r->n_keys, .synonyms = req->synonyms,
                            .documentation = req->documentation };
    if (r->type == STOKER_RESOURCE_TOPIC) {
      describe_topic (b, &s, req->call.ctx, r);
    } else if (r->type == STOKER_RESOURCE_BROKER) {
      describe_broker (b, &s, req->call.ctx, r);
    } else if (r->type == STOKER_RESOURCE_BROKER_LOGGER) {
      r->error = STOKER_INVALID_REQUEST;
      r->error_message = STOKER_STR_LIT ("there are no loggers to describe: levels are the broker's settings logging.level and logging.areas");
    } else {
      r->error = STOKER_INVALID_REQUEST;
      r->error_message = stoker_arena_printf (req->call.arena, "Resource type %d cannot be described here: topics (2) and brokers (4) can", r->type);
    }
  }
  stk_call_finish (&req->call);
}

void
stoker_describe_configs (StokerDescribeConfigs *req)
{
  stk_call_on_control (&req->call, describe_on_control);
}
