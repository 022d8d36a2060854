/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetFetch 0-9 (kafka-facts 9.4): one group up to version 7, a list of them from 8 on.
 */
#include "handle.h"

/* The call, and what was asked for: below v2 an error of the group is told per partition asked for. */
typedef struct OffsetFetch
{
  StokerOffsetFetch call;
  KmOffsetFetchRequestTopics *asked;
  int32_t n_asked;
} OffsetFetch;

/* ---- up to version 7 */

static void
failed_below_v2 (Request *rq, const OffsetFetch *of, int16_t error, KmOffsetFetchResponse *out)
{
  out->n_topics = of->n_asked;
  out->topics = REQUEST_ARRAY (rq, KmOffsetFetchResponseTopics, of->n_asked);
  for (int32_t t = 0; t < of->n_asked; t++) {
    const KmOffsetFetchRequestTopics *in = &of->asked[t];
    out->topics[t].name = in->name;
    out->topics[t].n_partitions = in->n_partition_indexes;
    out->topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetFetchResponseTopicsPartitions, in->n_partition_indexes);
    for (int32_t i = 0; i < in->n_partition_indexes; i++)
      out->topics[t].partitions[i]
          = (KmOffsetFetchResponseTopicsPartitions){ .partition_index = in->partition_indexes[i],
                                                     .committed_offset = -1,
                                                     .committed_leader_epoch = -1,
                                                     .metadata = STOKER_STR_LIT (""),
                                                     .error_code = error };
  }
}

static void
answer_one (Request *rq, const StokerOffsetFetchGroup *g, KmOffsetFetchResponse *out)
{
  out->error_code = g->error;
  if (g->error)
    return;
  out->n_topics = g->n_topics;
  out->topics = REQUEST_ARRAY (rq, KmOffsetFetchResponseTopics, g->n_topics);
  for (int32_t t = 0; t < g->n_topics; t++) {
    const StokerOffsetTopic *in = &g->topics[t];
    out->topics[t].name = in->name;
    out->topics[t].n_partitions = in->n_partitions;
    out->topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetFetchResponseTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++) {
      const StokerOffsetPartition *p = &in->partitions[i];
      out->topics[t].partitions[i] = (KmOffsetFetchResponseTopicsPartitions){ .partition_index = p->partition,
                                                                              .committed_offset = p->offset,
                                                                              .committed_leader_epoch = p->leader_epoch,
                                                                              .metadata = p->metadata,
                                                                              .error_code = p->error };
    }
  }
}

/* ---- from version 8 on */

static void
answer_group (Request *rq, const StokerOffsetFetchGroup *g, KmOffsetFetchResponseGroups *out)
{
  km_offset_fetch_response_groups_init (out);
  out->group_id = g->group_id;
  out->error_code = g->error;
  if (g->error)
    return;
  out->n_topics = g->n_topics;
  out->topics = REQUEST_ARRAY (rq, KmOffsetFetchResponseGroupsTopics, g->n_topics);
  for (int32_t t = 0; t < g->n_topics; t++) {
    const StokerOffsetTopic *in = &g->topics[t];
    out->topics[t].name = in->name;
    out->topics[t].n_partitions = in->n_partitions;
    out->topics[t].partitions = REQUEST_ARRAY (rq, KmOffsetFetchResponseGroupsTopicsPartitions, in->n_partitions);
    for (int32_t i = 0; i < in->n_partitions; i++) {
      const StokerOffsetPartition *p = &in->partitions[i];
      out->topics[t].partitions[i]
          = (KmOffsetFetchResponseGroupsTopicsPartitions){ .partition_index = p->partition,
                                                           .committed_offset = p->offset,
                                                           .committed_leader_epoch = p->leader_epoch,
                                                           .metadata = p->metadata,
                                                           .error_code = p->error };
    }
  }
}

static void
answer (Request *rq)
{
  OffsetFetch *of = rq->user;
  int16_t v = rq->header.api_version;
  KmOffsetFetchResponse out;

  km_offset_fetch_response_init (&out);
  out.throttle_time_ms = of->call.call.throttle_ms;
  if (v >= 8) {
    out.n_groups = of->call.n_groups;
    out.groups = REQUEST_ARRAY (rq, KmOffsetFetchResponseGroups, out.n_groups);
    for (int32_t i = 0; i < out.n_groups; i++)
      answer_group (rq, &of->call.groups[i], &out.groups[i]);
  } else if (v < 2 && of->call.groups[0].error) {
    failed_below_v2 (rq, of, of->call.groups[0].error, &out);
  } else {
    answer_one (rq, &of->call.groups[0], &out);
  }
  REQUEST_ANSWER (rq, km_offset_fetch_response, &out);
}

/* ---- the request */

static StokerOffsetTopic
topic_in (Request *rq, StokerStr name, const int32_t *partitions, int32_t n)
{
  StokerOffsetTopic out = { .name = name, .n_partitions = n };

  out.partitions = REQUEST_ARRAY (rq, StokerOffsetPartition, n);
  for (int32_t i = 0; i < n; i++)
    out.partitions[i]
        = (StokerOffsetPartition){ .partition = partitions[i], .offset = -1, .leader_epoch = -1, .timestamp = -1 };
  return out;
}

static void
one_in (Request *rq, const KmOffsetFetchRequest *in, OffsetFetch *of)
{
  StokerOffsetFetchGroup *g = REQUEST_NEW (rq, StokerOffsetFetchGroup);

  of->asked = in->topics;
  of->n_asked = in->n_topics;
  of->call.groups = g;
  of->call.n_groups = 1;
  g->group_id = in->group_id;
  g->member_epoch = -1;
  g->n_topics = in->n_topics;
  g->topics = REQUEST_ARRAY (rq, StokerOffsetTopic, in->n_topics);
  for (int32_t t = 0; t < in->n_topics; t++)
    g->topics[t]
        = topic_in (rq, in->topics[t].name, in->topics[t].partition_indexes, in->topics[t].n_partition_indexes);
}

static void
groups_in (Request *rq, const KmOffsetFetchRequest *in, OffsetFetch *of)
{
  of->call.n_groups = in->n_groups;
  of->call.groups = REQUEST_ARRAY (rq, StokerOffsetFetchGroup, in->n_groups);
  for (int32_t i = 0; i < in->n_groups; i++) {
    const KmOffsetFetchRequestGroups *q = &in->groups[i];
    StokerOffsetFetchGroup *g = &of->call.groups[i];
    g->group_id = q->group_id;
    g->member_id = q->member_id;
    g->member_epoch = q->member_epoch;
    g->n_topics = q->n_topics;
    g->topics = REQUEST_ARRAY (rq, StokerOffsetTopic, q->n_topics);
    for (int32_t t = 0; t < q->n_topics; t++)
      g->topics[t] = topic_in (rq, q->topics[t].name, q->topics[t].partition_indexes, q->topics[t].n_partition_indexes);
  }
}

int
handle_offset_fetch (Request *rq, KmReader *body)
{
  int16_t v = rq->header.api_version;
  KmOffsetFetchRequest in;
  OffsetFetch *of;

  if (km_offset_fetch_request_decode (body, v, rq->arena, &in) < 0)
    return -1;
  of = REQUEST_NEW (rq, OffsetFetch);
  if (v < 8)
    one_in (rq, &in, of);
  else
    groups_in (rq, &in, of);
  of->call.require_stable = in.require_stable;
  of->call.old_store = v == 0;
  request_call (rq, &of->call.call, answer);
  stoker_offset_fetch (&of->call);
  return 0;
}
