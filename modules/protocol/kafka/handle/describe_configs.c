/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeConfigs 0-4 (kafka-facts 3.8).
 */
#include "handle.h"

static void
row_out (Request *rq, const StokerConfigRow *in, KmDescribeConfigsResponseResultsConfigs *out)
{
  out->name = in->name;
  out->value = in->value;
  out->read_only = in->read_only;
  out->is_default = in->is_default;
  out->config_source = in->source;
  out->is_sensitive = in->sensitive;
  out->config_type = in->type;
  out->documentation = in->documentation;
  out->n_synonyms = in->n_synonyms;
  out->synonyms = REQUEST_ARRAY (rq, KmDescribeConfigsResponseResultsConfigsSynonyms, in->n_synonyms);
  for (int32_t i = 0; i < in->n_synonyms; i++)
    out->synonyms[i] = (KmDescribeConfigsResponseResultsConfigsSynonyms){ in->synonyms[i].name, in->synonyms[i].value,
                                                                          in->synonyms[i].source };
}

static void
answer (Request *rq)
{
  StokerDescribeConfigs *call = rq->user;
  KmDescribeConfigsResponse out;

  km_describe_configs_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.n_results = call->n_resources;
  out.results = REQUEST_ARRAY (rq, KmDescribeConfigsResponseResults, call->n_resources);
  for (int32_t r = 0; r < call->n_resources; r++) {
    const StokerDescribeResource *in = &call->resources[r];
    KmDescribeConfigsResponseResults *to = &out.results[r];
    to->error_code = in->error;
    to->error_message = in->error_message;
    to->resource_type = in->type;
    to->resource_name = in->name;
    to->n_configs = in->error ? 0 : in->n_rows;
    to->configs = REQUEST_ARRAY (rq, KmDescribeConfigsResponseResultsConfigs, to->n_configs);
    for (int32_t i = 0; i < to->n_configs; i++)
      row_out (rq, &in->rows[i], &to->configs[i]);
  }
  REQUEST_ANSWER (rq, km_describe_configs_response, &out);
}

int
handle_describe_configs (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmDescribeConfigsRequest in;
  StokerDescribeConfigs *call;

  if (km_describe_configs_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDescribeConfigs);
  call->synonyms = in.include_synonyms;
  call->documentation = in.include_documentation;
  call->n_resources = in.n_resources;
  call->resources = REQUEST_ARRAY (rq, StokerDescribeResource, in.n_resources);
  for (int32_t i = 0; i < in.n_resources; i++) {
    const KmDescribeConfigsRequestResources *q = &in.resources[i];
    call->resources[i] = (StokerDescribeResource){ .type = q->resource_type,
                                                   .name = q->resource_name,
                                                   .keys = q->configuration_keys,
                                                   .n_keys = q->n_configuration_keys };
  }
  request_call (rq, &call->call, answer);
  stoker_describe_configs (call);
  return 0;
}
