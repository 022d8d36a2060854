/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"

#include <string.h>
#include <unistd.h>

CLIENT_API (create_topics, CreateTopics, 19, 7);
CLIENT_API (delete_topics, DeleteTopics, 20, 6);

/* Many partitions take their time, above all in other brokers. */
static int
patience (const BenchOptions *o, int64_t partitions)
{
  return (int)MIN (MAX (o->common.timeout_ms, 30000) + partitions * 30, INT32_MAX);
}

static int
create (const BenchTopic *t, const BenchOptions *o, int64_t partitions, Cluster *cluster, StokerError *err)
{
  guint n = o->configs ? o->configs->len : 0;
  KmCreateTopicsRequestTopics topic = { .name = stoker_str (t->name) };
  KmCreateTopicsRequest in;
  KmCreateTopicsResponse out;
  Client *cl = cluster_controller (cluster, err);

  if (cl == NULL)
    return -1;
  topic.num_partitions = (int32_t)partitions;
  topic.replication_factor = (int16_t)o->replicas;
  topic.configs = stoker_arena_calloc (cluster_arena (cluster), n, sizeof *topic.configs);
  topic.n_configs = (int32_t)n;
  for (guint i = 0; i < n; i++) {
    const char *text = o->configs->pdata[i], *eq = strchr (text, '=');
    topic.configs[i] = (KmCreateTopicsRequestTopicsConfigs){ { text, (size_t)(eq - text) }, stoker_str (eq + 1) };
  }
  km_create_topics_request_init (&in);
  in.timeout_ms = patience (o, partitions);
  in.topics = &topic;
  in.n_topics = 1;
  if (client_call (cl, &client_api_create_topics, &in, &out, err))
    return -1;
  if (out.n_topics == 1 && out.topics[0].error_code) {
    g_autofree char *text = client_error_text (out.topics[0].error_code, out.topics[0].error_message);
    return stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s was not created: %s", t->name, text);
  }
  return 0;
}

/* The first partition without a leader; -1: all have one. */
static int32_t
leaderless (const KmMetadataResponseTopics *topic)
{
  for (int32_t p = 0; p < topic->n_partitions; p++)
    if (topic->partitions[p].leader_id < 0)
      return topic->partitions[p].partition_index;
  return topic->n_partitions > 0 ? -1 : 0;
}

/* Waits until it is there with all leaders; -2: it is not there at all (looked for once only). */
static int
await (BenchTopic *t, Cluster *cluster, int64_t wait_ms, StokerError *err)
{
  int64_t deadline = bench_now () + wait_ms * 1000000;
  const char *name = t->name;

  for (;;) {
    KmMetadataResponse m;
    int16_t code;
    if (cluster_metadata (cluster, &name, 1, &m, err))
      return -1;
    code = m.n_topics == 1 ? m.topics[0].error_code : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
    if (code == 0 && leaderless (&m.topics[0]) < 0) {
      t->partitions = m.topics[0].n_partitions;
      return 0;
    }
    if (wait_ms == 0 && code == STOKER_UNKNOWN_TOPIC_OR_PARTITION)
      return -2;
    if (bench_now () > deadline || bench_interrupted ())
      return code ? stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s: %s", name, stoker_code_name (code))
                  : stoker_error_set (err, STOKER_ERROR_FAILED, "%s [%d]: no leader", name, leaderless (&m.topics[0]));
    g_usleep (50 * 1000);
  }
}

int
bench_topic_open (BenchTopic *t, const BenchOptions *o, int64_t partitions, StokerError *err)
{
  int wait = patience (o, partitions), rc = -2;
  Cluster *cluster = cluster_open (o->common.bootstrap, (int)o->common.timeout_ms, err);

  *t = (BenchTopic){ 0 };
  if (cluster == NULL)
    return -1;
  cluster_set_timeout (cluster, wait);
  if (o->topic) {
    t->name = g_strdup (o->topic);
    rc = await (t, cluster, 0, err);
  } else {
    t->name = g_strdup_printf ("stoker-bench-%d-%08" G_GINT64_MODIFIER "x", (int)getpid (),
                               bench_now () / 1000 & UINT32_MAX);
  }
  if (rc == -2 && o->kind == BENCH_CONSUME && o->topic) {
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s: %s", o->topic,
                           stoker_code_name (STOKER_UNKNOWN_TOPIC_OR_PARTITION));
  } else if (rc == -2) {
    rc = create (t, o, partitions, cluster, err);
    t->own = rc == 0 && o->topic == NULL;
    rc = rc == 0 ? await (t, cluster, wait, err) : rc;
  }
  cluster_free (cluster);
  if (rc)
    bench_topic_close (t, o);
  return rc ? -1 : 0;
}

int
bench_topic_offsets (BenchTopic *t, const BenchOptions *o, StokerError *err)
{
  Cluster *cluster = cluster_open (o->common.bootstrap, (int)o->common.timeout_ms, err);
  const KmMetadataResponseTopics *topic = cluster ? cluster_topic (cluster, t->name, false, err) : NULL;
  int16_t *codes;
  int rc = -1;

  if (topic && topic->n_partitions == t->partitions) {
    t->low = g_renew (int64_t, t->low, t->partitions);
    t->high = g_renew (int64_t, t->high, t->partitions);
    codes = stoker_arena_calloc (cluster_arena (cluster), (size_t)t->partitions, sizeof *codes);
    rc = cluster_list_offsets (cluster, topic, -2, t->low, NULL, err);
    if (rc == 0)
      rc = cluster_list_offsets (cluster, topic, -1, t->high, codes, err);
    for (int32_t p = 0; p < t->partitions && rc == 0; p++)
      if (t->low[p] < 0 || t->high[p] < 0)
        rc = stoker_error_set (err, STOKER_ERROR_FAILED, "%s [%d]: %s", t->name, p,
                               codes[p] ? stoker_code_name (codes[p]) : "no answer");
  }
  cluster_free (cluster);
  return rc;
}

static int
delete_topic (const BenchTopic *t, const BenchOptions *o, StokerError *err)
{
  KmDeleteTopicsRequestTopics topic = { .name = stoker_str (t->name) };
  int wait = patience (o, t->partitions);
  Cluster *cluster = cluster_open (o->common.bootstrap, (int)o->common.timeout_ms, err);
  Client *cl = cluster ? cluster_controller (cluster, err) : NULL;
  KmDeleteTopicsRequest in;
  KmDeleteTopicsResponse out;
  int rc = cl ? 0 : -1;

  if (cl) {
    cluster_set_timeout (cluster, wait);
    km_delete_topics_request_init (&in);
    in.timeout_ms = wait;
    in.topics = &topic;
    in.topic_names = &topic.name;
    in.n_topics = in.n_topic_names = 1;
    rc = client_call (cl, &client_api_delete_topics, &in, &out, err);
  }
  if (cl && rc == 0 && out.n_responses == 1 && out.responses[0].error_code) {
    g_autofree char *text = client_error_text (out.responses[0].error_code, out.responses[0].error_message);
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "%s", text);
  }
  cluster_free (cluster);
  return rc;
}

bool
bench_topic_close (BenchTopic *t, const BenchOptions *o)
{
  StokerError err;
  bool ok = !t->own || delete_topic (t, o, &err) == 0;

  if (!ok)
    cli_failed ("topic %s was not deleted: %s", t->name, err.text);
  g_free (t->name);
  g_free (t->low);
  g_free (t->high);
  *t = (BenchTopic){ 0 };
  return ok;
}
