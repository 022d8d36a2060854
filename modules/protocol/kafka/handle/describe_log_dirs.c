/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeLogDirs 0-4 (kafka-facts 3.9).
 */
#include "handle.h"

static void
fill_dir (Request *rq, const StokerLogDirInfo *in, KmDescribeLogDirsResponseResults *out)
{
  km_describe_log_dirs_response_results_init (out);
  out->error_code = in->error;
  out->log_dir = in->path;
  out->total_bytes = in->total_bytes;
  out->usable_bytes = in->usable_bytes;
  out->n_topics = in->n_topics;
  out->topics = REQUEST_ARRAY (rq, KmDescribeLogDirsResponseResultsTopics, in->n_topics);
  for (int32_t t = 0; t < in->n_topics; t++) {
    const StokerLogDirTopic *from = &in->topics[t];
    KmDescribeLogDirsResponseResultsTopics *to = &out->topics[t];
    to->name = from->topic;
    to->n_partitions = from->n_partitions;
    to->partitions = REQUEST_ARRAY (rq, KmDescribeLogDirsResponseResultsTopicsPartitions, from->n_partitions);
    for (int32_t i = 0; i < from->n_partitions; i++) {
      const StokerLogDirPartition *p = &from->partitions[i];
      to->partitions[i] = (KmDescribeLogDirsResponseResultsTopicsPartitions){
        .partition_index = p->partition, .partition_size = p->bytes, .offset_lag = p->lag, .is_future_key = p->future
      };
    }
  }
}

static void
answer (Request *rq)
{
  StokerDescribeLogDirs *call = rq->user;
  KmDescribeLogDirsResponse out;

  km_describe_log_dirs_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  out.error_code = call->error;
  out.n_results = call->n_dirs;
  out.results = REQUEST_ARRAY (rq, KmDescribeLogDirsResponseResults, call->n_dirs);
  for (int32_t i = 0; i < call->n_dirs; i++)
    fill_dir (rq, &call->dirs[i], &out.results[i]);
  REQUEST_ANSWER (rq, km_describe_log_dirs_response, &out);
}

int
handle_describe_log_dirs (Request *rq, KmReader *body)
{
  KmDescribeLogDirsRequest in;
  StokerDescribeLogDirs *call;
  StokerLogDirFilter *topics;

  if (km_describe_log_dirs_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  call = REQUEST_NEW (rq, StokerDescribeLogDirs);
  topics = REQUEST_ARRAY (rq, StokerLogDirFilter, in.n_topics);
  for (int32_t t = 0; t < in.n_topics; t++)
    topics[t] = (StokerLogDirFilter){ in.topics[t].topic, in.topics[t].partitions, in.topics[t].n_partitions };
  call->topics = topics;
  call->n_topics = in.n_topics;
  request_call (rq, &call->call, answer);
  stoker_describe_log_dirs (call);
  return 0;
}
