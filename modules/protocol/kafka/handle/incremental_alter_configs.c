/* SPDX-License-Identifier: Apache-2.0
 *
 * IncrementalAlterConfigs 0-1 (kafka-facts 3.8): each setting is set, deleted, appended to or subtracted from.
 */
#include "handle.h"

static void
answer (Request *rq)
{
  StokerAlterConfigs *call = rq->user;
  KmIncrementalAlterConfigsResponse out;

  km_incremental_alter_configs_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_responses = call->n_resources;
  out.responses = REQUEST_ARRAY (rq, KmIncrementalAlterConfigsResponseResponses, call->n_resources);
  for (int32_t i = 0; i < call->n_resources; i++) {
    const StokerAlterResource *r = &call->resources[i];
    out.responses[i] = (KmIncrementalAlterConfigsResponseResponses){ r->error, r->error_message, r->type, r->name };
  }
  REQUEST_ANSWER (rq, km_incremental_alter_configs_response, &out);
}

int
handle_incremental_alter_configs (Request *rq, KmReader *body)
{
  KmIncrementalAlterConfigsRequest in;
  StokerAlterConfigs *call;

  if (km_incremental_alter_configs_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerAlterConfigs);
  call->incremental = true;
  call->validate_only = in.validate_only;
  call->n_resources = in.n_resources;
  call->resources = REQUEST_ARRAY (rq, StokerAlterResource, in.n_resources);
  for (int32_t r = 0; r < in.n_resources; r++) {
    const KmIncrementalAlterConfigsRequestResources *q = &in.resources[r];
    StokerAlterResource *out = &call->resources[r];
    out->type = q->resource_type;
    out->name = q->resource_name;
    out->n_configs = q->n_configs;
    out->configs = REQUEST_ARRAY (rq, StokerAlterConfig, q->n_configs);
    for (int32_t i = 0; i < q->n_configs; i++)
      out->configs[i] = (StokerAlterConfig){ q->configs[i].name, q->configs[i].value, q->configs[i].config_operation };
  }
  request_call (rq, &call->call, answer);
  stoker_alter_configs (call);
  return 0;
}
