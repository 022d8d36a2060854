/* SPDX-License-Identifier: Apache-2.0
 *
 * ApiVersions 0-4 (kafka-facts 1.4, KIP-511): what this listener accepts.
 */
#include "handle.h"

#define OUR_MAX 4

/* [a-zA-Z0-9]([a-zA-Z0-9\-.]*[a-zA-Z0-9])? */
static bool
software_name_ok (StokerStr s)
{
  for (size_t i = 0; i < s.len; i++) {
    char c = s.data[i];
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alnum && (i == 0 || i + 1 == s.len || (c != '-' && c != '.')))
      return false;
  }
  return s.len > 0;
}

static void
unsupported (Request *rq)
{
  KmApiVersionsResponseApiKeys self = { KM_API_VERSIONS, 0, OUR_MAX };
  KmApiVersionsResponse out;
  KmWriter w;

  km_api_versions_response_init (&out);
  out.error_code = STOKER_UNSUPPORTED_VERSION;
  out.api_keys = &self;
  out.n_api_keys = 1;
  request_begin (rq, &w);
  km_api_versions_response_encode (&w, 0, &out);
  request_answered (rq);
}

int
handle_api_versions (Request *rq, KmReader *body)
{
  KmApiVersionsRequest in;
  KmApiVersionsResponse out;
  size_t n;
  const Handler *rows;

  if (rq->header.api_version > OUR_MAX || rq->header.api_version < 0) {
    unsupported (rq);
    return 0;
  }
  if (km_api_versions_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  km_api_versions_response_init (&out);
  if (rq->header.api_version >= 3
      && !(software_name_ok (in.client_software_name) && software_name_ok (in.client_software_version))) {
    out.error_code = STOKER_INVALID_REQUEST;
  } else {
    rows = handler_rows (&n);
    out.n_api_keys = (int32_t)n;
    out.api_keys = REQUEST_ARRAY (rq, KmApiVersionsResponseApiKeys, out.n_api_keys);
    for (size_t i = 0; i < n; i++)
      out.api_keys[i] = (KmApiVersionsResponseApiKeys){ rows[i].key, rows[i].min_version, rows[i].max_version };
  }
  REQUEST_ANSWER (rq, km_api_versions_response, &out);
  return 0;
}
