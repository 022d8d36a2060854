/* SPDX-License-Identifier: Apache-2.0
 *
 * AlterReplicaLogDirs 0-2 (kafka-facts 3.9). The request lists partitions by directory, the answer by topic. Of a
 * partition that is listed twice the last directory counts, as in Kafka.
 */
#include "handle.h"

#include <glib.h>

static int
by_place (const void *a, const void *b, void *unused)
{
  const StokerMoveReplica *x = a, *y = b;
  int d = memcmp (x->topic.data, y->topic.data, MIN (x->topic.len, y->topic.len));

  if (d == 0)
    d = (x->topic.len > y->topic.len) - (x->topic.len < y->topic.len);
  return d ? d : (x->partition > y->partition) - (x->partition < y->partition);
}

static bool
same_topic (const StokerMoveReplica *a, const StokerMoveReplica *b)
{
  return stoker_str_equal (a->topic, b->topic);
}

static void
answer (Request *rq)
{
  StokerAlterReplicaLogDirs *call = rq->user;
  KmAlterReplicaLogDirsResponse out;
  KmAlterReplicaLogDirsResponseResultsPartitions *parts
      = REQUEST_ARRAY (rq, KmAlterReplicaLogDirsResponseResultsPartitions, call->n_replicas);
  int32_t n = 0;

  km_alter_replica_log_dirs_response_init (&out);
  out.throttle_time_ms = call->call.throttle_ms;
  for (int32_t i = 0; i < call->n_replicas; i++)
    n += i == 0 || !same_topic (&call->replicas[i], &call->replicas[i - 1]);
  out.results = REQUEST_ARRAY (rq, KmAlterReplicaLogDirsResponseResults, n);
  for (int32_t i = 0; i < call->n_replicas; i++) {
    const StokerMoveReplica *m = &call->replicas[i];
    if (i == 0 || !same_topic (m, m - 1)) {
      out.results[out.n_results].topic_name = m->topic;
      out.results[out.n_results++].partitions = &parts[i];
    }
    parts[i].partition_index = m->partition;
    parts[i].error_code = m->error;
    out.results[out.n_results - 1].n_partitions++;
  }
  REQUEST_ANSWER (rq, km_alter_replica_log_dirs_response, &out);
}

/* Sorted by topic and partition; each once. */
static int32_t
put_in_order (StokerMoveReplica *list, int32_t n)
{
  int32_t kept = 0;

  g_qsort_with_data (list, n, sizeof *list, by_place, NULL); /* stable */
  for (int32_t i = 0; i < n; i++) {
    if (kept > 0 && by_place (&list[kept - 1], &list[i], NULL) == 0)
      kept--;
    list[kept++] = list[i];
  }
  return kept;
}

int
handle_alter_replica_log_dirs (Request *rq, KmReader *body)
{
  KmAlterReplicaLogDirsRequest in;
  StokerAlterReplicaLogDirs *call;
  int32_t n = 0;

  if (km_alter_replica_log_dirs_request_decode (body, rq->header.api_version, rq->arena, &in) < 0)
    return -1;
  for (int32_t d = 0; d < in.n_dirs; d++)
    for (int32_t t = 0; t < in.dirs[d].n_topics; t++)
      n += in.dirs[d].topics[t].n_partitions;
  call = REQUEST_NEW (rq, StokerAlterReplicaLogDirs);
  call->replicas = REQUEST_ARRAY (rq, StokerMoveReplica, n);
  n = 0;
  for (int32_t d = 0; d < in.n_dirs; d++)
    for (int32_t t = 0; t < in.dirs[d].n_topics; t++)
      for (int32_t i = 0; i < in.dirs[d].topics[t].n_partitions; i++)
        call->replicas[n++] = (StokerMoveReplica){ .topic = in.dirs[d].topics[t].name,
                                                   .partition = in.dirs[d].topics[t].partitions[i],
                                                   .path = in.dirs[d].path };
  call->n_replicas = put_in_order (call->replicas, n);
  request_call (rq, &call->call, answer);
  stoker_alter_replica_log_dirs (call);
  return 0;
}
