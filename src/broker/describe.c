/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeCluster and DescribeTopicPartitions (kafka-facts 3.9).
 */
#include "broker/ensure_topic.h"
#include "broker/topic_info.h"

#include <glib.h>

enum
{
  PARTITIONS_PER_PAGE = 2000 /* max.request.partition.size.limit of Kafka */
};

void
stoker_describe_cluster (StokerDescribeCluster *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = stk_call_snapshot (call);

  req->error = 0;
  req->error_message = STOKER_STR_NULL;
  req->nodes = NULL;
  req->n_nodes = 0;
  req->operations = INT32_MIN;
  req->controller_id = -1;
  req->cluster_id = stoker_arena_str (call->arena, stoker_str (snap->cluster_id));
  if (req->endpoint_type != 1) {
    req->error = req->endpoint_type == 2 ? STOKER_MISMATCHED_ENDPOINT_TYPE : STOKER_UNSUPPORTED_ENDPOINT_TYPE;
    req->error_message
        = req->endpoint_type == 2
              ? STOKER_STR_LIT ("this is a broker, and controllers were asked for: ask with endpoint type 1")
              : STOKER_STR_LIT ("endpoint type is neither 1 (brokers) nor 2 (controllers)");
  } else {
    req->n_nodes = stk_info_nodes (call, snap, &req->nodes);
    req->controller_id = snap->controller_id;
    if (req->include_operations)
      req->operations = stk_info_cluster_operations (call);
  }
  stk_call_finish (call);
}

/* ---- DescribeTopicPartitions */

static int
by_name (const void *a, const void *b, void *unused)
{
  const StokerStr *x = a, *y = b;
  int d = memcmp (x->data, y->data, MIN (x->len, y->len));

  return d ? d : x->len < y->len ? -1 : x->len > y->len;
}

/* The names asked for (or all), sorted, from the cursor's on, each once. */
static int32_t
page_names (StokerDescribeTopicPartitions *req, const StkSnapshot *snap, StokerStr **out)
{
  bool all = req->n_topics <= 0;
  int32_t total = all ? snap->n_topics : req->n_topics, n = 0;
  StokerStr *names = stoker_arena_alloc (req->call.arena, sizeof *names * (size_t)MAX (total, 1));

  if (all) {
    const StkMetaTopic **topics = stoker_arena_alloc (req->call.arena, sizeof *topics * (size_t)MAX (total, 1));
    stk_snapshot_topics (snap, topics);
    for (int32_t i = 0; i < total; i++)
      names[i] = (StokerStr){ topics[i]->name, topics[i]->name_len };
  } else {
    memcpy (names, req->topics, sizeof *names * (size_t)total);
    g_qsort_with_data (names, total, sizeof *names, by_name, NULL);
  }
  for (int32_t i = 0; i < total; i++)
    if ((req->cursor_topic.data == NULL || by_name (&names[i], &req->cursor_topic, NULL) >= 0)
        && (n == 0 || by_name (&names[i], &names[n - 1], NULL) != 0))
      names[n++] = names[i];
  *out = names;
  return n;
}

/* It names a partition that may be, of one of the topics that are asked for. */
static bool
cursor_ok (const StokerDescribeTopicPartitions *req)
{
  bool named = req->n_topics <= 0;

  if (req->cursor_topic.data == NULL)
    return true;
  for (int32_t i = 0; i < req->n_topics && !named; i++)
    named = stoker_str_equal (req->topics[i], req->cursor_topic);
  return named && req->cursor_partition >= 0;
}

/* The answer has no error of its own: each topic of the request gets it. */
static void
refuse_page (StokerDescribeTopicPartitions *req)
{
  req->n_infos = MAX (req->n_topics, 0);
  req->infos = stoker_arena_calloc (req->call.arena, (size_t)MAX (req->n_infos, 1), sizeof *req->infos);
  for (int32_t i = 0; i < req->n_infos; i++) {
    StokerTopicRef ref = { .name = req->topics[i] };
    stk_info_error (&req->call, &ref, STOKER_INVALID_REQUEST, &req->infos[i]);
  }
  req->next_topic = STOKER_STR_NULL;
  req->next_partition = -1;
}

void
stoker_describe_topic_partitions (StokerDescribeTopicPartitions *req)
{
  StokerCall *call = &req->call;
  const StkSnapshot *snap = stk_call_snapshot (call);
  int32_t left = CLAMP (req->limit, 1, PARTITIONS_PER_PAGE), n;
  StokerStr *names;

  if (!cursor_ok (req)) {
    refuse_page (req);
    stk_call_finish (call);
    return;
  }
  n = page_names (req, snap, &names);
  req->infos = stoker_arena_alloc (call->arena, sizeof *req->infos * (size_t)MAX (n, 1));
  req->n_infos = 0;
  req->next_topic = STOKER_STR_NULL;
  req->next_partition = -1;
  for (int32_t i = 0; i < n; i++) {
    const StkMetaTopic *t = stk_snapshot_topic (snap, names[i]);
    StokerTopicRef ref = { .name = names[i] };
    int32_t from
        = req->cursor_topic.data && stoker_str_equal (names[i], req->cursor_topic) ? req->cursor_partition : 0;
    int32_t count;
    int16_t error = stk_info_may_describe (call, names[i]);
    if (error == 0 && t == NULL)
      error = stk_topic_name_valid (names[i]) ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_INVALID_TOPIC;
    if (error && req->n_topics <= 0)
      continue;
    if (error) {
      stk_info_error (call, &ref, error, &req->infos[req->n_infos++]);
      continue;
    }
    from = MIN (from, t->n_partitions);
    count = MIN (t->n_partitions - from, left);
    if (left == 0 || count < t->n_partitions - from) {
      req->next_topic = stoker_arena_str (call->arena, names[i]);
      req->next_partition = from + count;
    }
    if (left > 0) {
      stk_info_topic (call, snap, t, from, count, &req->infos[req->n_infos]);
      req->infos[req->n_infos++].authorized_operations = stk_info_topic_operations (call, names[i]);
    }
    left -= count;
    if (req->next_topic.data)
      break;
  }
  stk_call_finish (call);
}
