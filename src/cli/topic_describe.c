/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdio.h>
#include <stdlib.h>

CLIENT_API (describe_configs, DescribeConfigs, 32, 4);

#define SOURCE_TOPIC 1

typedef struct Topic
{
  const KmMetadataResponseTopics *meta;
  const KmDescribeConfigsResponseResults *configs; /* NULL: not known */
  int64_t *begin, *end;
} Topic;

static int
ask_configs (Cluster *cluster, const KmMetadataResponse *m, KmDescribeConfigsResponse *out, StokerError *err)
{
  KmDescribeConfigsRequest in;

  km_describe_configs_request_init (&in);
  in.resources = stoker_arena_calloc (cluster_arena (cluster), (size_t)m->n_topics, sizeof *in.resources);
  in.n_resources = m->n_topics;
  for (int32_t i = 0; i < m->n_topics; i++)
    in.resources[i] = (KmDescribeConfigsRequestResources){ 2, m->topics[i].name, NULL, -1 };
  return client_call (cluster_any (cluster), &client_api_describe_configs, &in, out, err);
}

static bool
shown (const KmDescribeConfigsResponseResultsConfigs *row, bool all)
{
  return all || row->config_source == SOURCE_TOPIC;
}

static void
print_json (CliJson *j, const Topic *t, bool all_configs)
{
  const KmMetadataResponseTopics *m = t->meta;
  char id[STOKER_UUID_TEXT];

  stoker_uuid_format (m->topic_id, id);
  cli_json_begin (j, NULL, '{');
  cli_json_str (j, "name", m->name);
  cli_json_text (j, "id", stoker_uuid_is_zero (m->topic_id) ? NULL : id);
  cli_json_bool (j, "internal", m->is_internal);
  cli_json_begin (j, "configs", '{');
  for (int32_t i = 0; t->configs && i < t->configs->n_configs; i++)
    if (shown (&t->configs->configs[i], all_configs)) {
      g_autofree char *key = g_strndup (t->configs->configs[i].name.data, t->configs->configs[i].name.len);
      cli_json_str (j, key, t->configs->configs[i].value);
    }
  cli_json_end (j, '}');
  cli_json_begin (j, "partitions", '[');
  for (int32_t i = 0; i < m->n_partitions; i++) {
    const KmMetadataResponseTopicsPartitions *p = &m->partitions[i];
    cli_json_begin (j, NULL, '{');
    cli_json_int (j, "partition", p->partition_index);
    cli_json_int (j, "leader", p->leader_id);
    cli_json_int (j, "leader_epoch", p->leader_epoch);
    cli_json_ints (j, "replicas", p->replica_nodes, p->n_replica_nodes);
    cli_json_ints (j, "isr", p->isr_nodes, p->n_isr_nodes);
    cli_json_int (j, "begin", t->begin[i]);
    cli_json_int (j, "end", t->end[i]);
    cli_json_end (j, '}');
  }
  cli_json_end (j, ']');
  cli_json_end (j, '}');
}

static void
print_text (const Topic *t, bool all_configs)
{
  const KmMetadataResponseTopics *m = t->meta;
  CliTable *table = cli_table_new (
      (const char *const[]){ "PARTITION", "LEADER", "EPOCH", "REPLICAS", "ISR", "BEGIN", "END", NULL });
  char id[STOKER_UUID_TEXT];

  stoker_uuid_format (m->topic_id, id);
  printf ("Topic %.*s  id %s  partitions %d  replicas %d\n", (int)m->name.len, m->name.data,
          stoker_uuid_is_zero (m->topic_id) ? "-" : id, m->n_partitions,
          m->n_partitions ? m->partitions[0].n_replica_nodes : 0);
  for (int32_t i = 0; t->configs && i < t->configs->n_configs; i++) {
    const KmDescribeConfigsResponseResultsConfigs *row = &t->configs->configs[i];
    if (shown (row, all_configs))
      printf ("  %.*s = %.*s%s\n", (int)row->name.len, row->name.data, (int)row->value.len,
              row->value.data ? row->value.data : "",
              all_configs && row->config_source == SOURCE_TOPIC ? "  (topic)" : "");
  }
  for (int32_t i = 0; i < m->n_partitions; i++) {
    const KmMetadataResponseTopicsPartitions *p = &m->partitions[i];
    g_autofree char *replicas = cli_int_list (p->replica_nodes, p->n_replica_nodes),
                    *isr = cli_int_list (p->isr_nodes, p->n_isr_nodes);
    cli_table_cell (table, "%d", p->partition_index);
    cli_table_cell (table, p->leader_id < 0 ? "-" : "%d", p->leader_id);
    cli_table_cell (table, "%d", p->leader_epoch);
    cli_table_cell (table, "%s", replicas);
    cli_table_cell (table, "%s", isr);
    cli_table_cell (table, t->begin[i] < 0 ? "-" : "%" G_GINT64_FORMAT, t->begin[i]);
    cli_table_cell (table, t->end[i] < 0 ? "-" : "%" G_GINT64_FORMAT, t->end[i]);
  }
  cli_table_print (table);
}

static int
by_partition (const void *a, const void *b)
{
  const KmMetadataResponseTopicsPartitions *x = a, *y = b;

  return (x->partition_index > y->partition_index) - (x->partition_index < y->partition_index);
}

static int
describe (const CliCommon *common, bool all_configs, Cluster *cluster, const GPtrArray *names)
{
  StokerArena *arena = cluster_arena (cluster);
  KmDescribeConfigsResponse configs = { 0 };
  KmMetadataResponse m;
  StokerError err;
  CliJson j = { 0 };
  int rc = CLI_OK;

  if (cluster_metadata (cluster, names->len ? (const char *const *)names->pdata : NULL, (int32_t)names->len, &m, &err))
    return cli_failed ("%s", err.text);
  if (m.n_topics > 0 && ask_configs (cluster, &m, &configs, &err))
    return cli_failed ("%s", err.text);
  cli_json_begin (&j, NULL, '[');
  for (int32_t i = 0; i < m.n_topics; i++) {
    KmMetadataResponseTopics *meta = &m.topics[i];
    size_t n = (size_t)MAX (meta->n_partitions, 0);
    Topic t = { meta, i < configs.n_results && configs.results[i].error_code == 0 ? &configs.results[i] : NULL,
                stoker_arena_calloc (arena, n, sizeof (int64_t)), stoker_arena_calloc (arena, n, sizeof (int64_t)) };
    if (meta->error_code) {
      rc = cli_failed ("topic %.*s: %s", (int)meta->name.len, meta->name.data ? meta->name.data : "",
                       stoker_code_name (meta->error_code));
      continue;
    }
    qsort (meta->partitions, n, sizeof *meta->partitions, by_partition);
    if (cluster_list_offsets (cluster, meta, -2, t.begin, NULL, &err)
        || cluster_list_offsets (cluster, meta, -1, t.end, NULL, &err))
      rc = cli_failed ("%s", err.text);
    if (common->json)
      print_json (&j, &t, all_configs);
    else
      print_text (&t, all_configs);
    if (!common->json && i + 1 < m.n_topics)
      printf ("\n");
  }
  cli_json_end (&j, ']');
  if (common->json)
    cli_json_print (&j);
  else
    g_string_free (j.out, TRUE);
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  CliCommon common = { .no_settings = true };
  bool all_configs = false;
  CliOpt opts[] = { { "all-configs", 'a', CLI_FLAG, &all_configs, NULL, "all settings, not only the topic's own" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, names);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = describe (&common, all_configs, cluster, names);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_topic_describe = {
  "topic",
  "describe",
  "[TOPIC..]",
  "Show topics: settings, partitions, leaders, offsets.",
  "  stoker topic describe orders\n"
  "  stoker topic describe orders --all-configs\n"
  "  stoker topic describe --json | jq '.[] | {name, records: ([.partitions[] | .end - .begin] | add)}'\n",
  run,
};
