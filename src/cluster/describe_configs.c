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

/* ---- how large an answer may become */

/* What rows take in memory and on the wire, about. A request may name a resource often, in five bytes each. */
#define MOST_BYTES (32u << 20)

static size_t
weight (const StokerDescribeResource *r)
{
  size_t n = 0;

  for (int32_t i = 0; i < r->n_rows; i++) {
    const StokerConfigRow *row = &r->rows[i];
    n += 2 * sizeof *row + row->name.len + 2 * row->value.len + row->documentation.len;
    for (int32_t k = 0; k < row->n_synonyms; k++)
      n += 2 * sizeof row->synonyms[k] + row->synonyms[k].name.len + 2 * row->synonyms[k].value.len;
  }
  return n;
}

static void
describe (StokerBroker *b, StkConfigRowsSpec *s, const StokerContext *ctx, StokerDescribeResource *r)
{
  if (r->type == STOKER_RESOURCE_TOPIC) {
    describe_topic (b, s, ctx, r);
  } else if (r->type == STOKER_RESOURCE_BROKER) {
    describe_broker (b, s, ctx, r);
  } else if (r->type == STOKER_RESOURCE_BROKER_LOGGER) {
    r->error = STOKER_INVALID_REQUEST;
    r->error_message = STOKER_STR_LIT ("there are no loggers to describe: levels are the broker's settings logging.level and logging.areas");
  } else {
    r->error = STOKER_INVALID_REQUEST;
    r->error_message = stoker_arena_printf (s->arena, "Resource type %d cannot be described here: topics (2) and brokers (4) can", r->type);
  }
}

/* How many settings are described in one go: some milliseconds' worth, then others on control have their turn. */
#define ROWS_PER_TURN 2048

typedef struct Turns
{
  StokerDescribeConfigs *req;
  int32_t next; /* resource */
  size_t bytes;
  bool said;
} Turns;

static int32_t
next_resource (Turns *x)
{
  StokerDescribeConfigs *req = x->req;
  StokerDescribeResource *r = &req->resources[x->next++];
  StkConfigRowsSpec s = { .config = req->call.ctx->broker->config,
                          .arena = req->call.arena,
                          .keys = r->keys,
                          .n_keys = r->n_keys,
                          .synonyms = req->synonyms,
                          .documentation = req->documentation };

  if (x->bytes <= MOST_BYTES) {
    describe (req->call.ctx->broker, &s, req->call.ctx, r);
    x->bytes += weight (r) + 64;
    return r->n_rows;
  }
  r->error = STOKER_INVALID_REQUEST;
  /* Once: the texts must not make the answer large either. */
  r->error_message = x->said ? STOKER_STR_NULL : STOKER_STR_LIT ("the answer would be too large: ask for fewer resources at a time");
  x->said = true;
  return 0;
}

static void
take_turn (void *user)
{
  Turns *x = user;
  int32_t rows = 0;

  while (x->next < x->req->n_resources && rows < ROWS_PER_TURN)
    rows += 1 + next_resource (x);
  if (x->next < x->req->n_resources) {
    stk_actor_call (x->req->call.ctx->broker->control, take_turn, x);
    return;
  }
  stk_call_finish (&x->req->call);
  g_free (x);
}

static void
describe_on_control (StokerCall *call)
{
  Turns *x = g_new0 (Turns, 1);

  x->req = (StokerDescribeConfigs *)call;
  take_turn (x);
}

void
stoker_describe_configs (StokerDescribeConfigs *req)
{
  stk_call_on_control (&req->call, describe_on_control);
}
