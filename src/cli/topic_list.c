/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdlib.h>

static int
by_name (const void *a, const void *b)
{
  const KmMetadataResponseTopics *x = a, *y = b;
  int c = memcmp (x->name.data, y->name.data, MIN (x->name.len, y->name.len));

  return c ? c : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

static void
print_json (const KmMetadataResponse *m, bool internal)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '[');
  for (int32_t i = 0; i < m->n_topics; i++) {
    const KmMetadataResponseTopics *t = &m->topics[i];
    char id[STOKER_UUID_TEXT];
    if (t->is_internal && !internal)
      continue;
    stoker_uuid_format (t->topic_id, id);
    cli_json_begin (&j, NULL, '{');
    cli_json_str (&j, "name", t->name);
    cli_json_text (&j, "id", stoker_uuid_is_zero (t->topic_id) ? NULL : id);
    cli_json_int (&j, "partitions", t->n_partitions);
    cli_json_int (&j, "replication_factor", t->n_partitions ? t->partitions[0].n_replica_nodes : 0);
    cli_json_bool (&j, "internal", t->is_internal);
    cli_json_end (&j, '}');
  }
  cli_json_end (&j, ']');
  cli_json_print (&j);
}

static void
print_table (const KmMetadataResponse *m, bool internal)
{
  CliTable *t = cli_table_new ((const char *const[]){ "TOPIC", "PARTITIONS", "REPLICAS", NULL });

  for (int32_t i = 0; i < m->n_topics; i++) {
    const KmMetadataResponseTopics *row = &m->topics[i];
    if (row->is_internal && !internal)
      continue;
    cli_table_str (t, row->name);
    cli_table_cell (t, "%d", row->n_partitions);
    cli_table_cell (t, "%d", row->n_partitions ? row->partitions[0].n_replica_nodes : 0);
  }
  cli_table_print (t);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  bool internal = false;
  CliCommon common = { .no_settings = true };
  CliOpt opts[] = { { "internal", 0, CLI_FLAG, &internal, NULL, "the brokers' own topics too" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, args);
  KmMetadataResponse m;
  StokerError err;
  Cluster *cluster;

  if (rc != CLI_GO_ON)
    return rc;
  if (args->len)
    return cli_usage (c, "unexpected \"%s\"", (char *)args->pdata[0]);
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  if (cluster_metadata (cluster, NULL, 0, &m, &err)) {
    cluster_free (cluster);
    return cli_failed ("%s", err.text);
  }
  if (m.n_topics > 0)
    qsort (m.topics, (size_t)m.n_topics, sizeof *m.topics, by_name);
  if (common.json)
    print_json (&m, internal);
  else
    print_table (&m, internal);
  cluster_free (cluster);
  return CLI_OK;
}

const CliCommand cli_topic_list = {
  "topic",
  "list",
  "",
  "List the topics.",
  "  stoker topic list\n"
  "  stoker topic list -b broker1:9092 --internal\n"
  "  stoker topic list --json | jq -r '.[].name'\n",
  run,
};
