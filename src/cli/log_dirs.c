/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log dirs: the brokers' log directories, what lies in them, and which are offline.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>

CLIENT_API (describe_log_dirs, DescribeLogDirs, 35, 4);

typedef struct Args
{
  CliCommon common;
  GPtrArray *topics; /* only of those; empty: all */
  bool partitions;
} Args;

/* A directory of a broker. */
typedef struct Dir
{
  int32_t broker;
  const KmDescribeLogDirsResponseResults *r;
} Dir;

static bool
wanted (const Args *a, StokerStr topic)
{
  for (guint i = 0; i < a->topics->len; i++)
    if (stoker_str_is (topic, a->topics->pdata[i]))
      return true;
  return a->topics->len == 0;
}

static void
dir_row (CliTable *t, const Args *a, const Dir *d)
{
  int64_t bytes = 0;
  int n = 0;

  for (int32_t k = 0; k < d->r->n_topics; k++)
    for (int32_t i = 0; wanted (a, d->r->topics[k].name) && i < d->r->topics[k].n_partitions; i++) {
      bytes += d->r->topics[k].partitions[i].partition_size;
      n++;
    }
  cli_table_cell (t, "%d", d->broker);
  cli_table_str (t, d->r->log_dir);
  cli_table_cell (t, "%s", d->r->error_code ? stoker_code_name (d->r->error_code) : "online");
  if (d->r->error_code) {
    for (int i = 0; i < 4; i++)
      cli_table_cell (t, "-");
    return;
  }
  cli_table_cell (t, "%d", n);
  cli_table_cell (t, "%" PRId64, bytes);
  cli_table_cell (t, "%" PRId64, d->r->usable_bytes);
  cli_table_cell (t, "%" PRId64, d->r->total_bytes);
}

static void
partition_rows (CliTable *t, const Args *a, const Dir *d)
{
  for (int32_t k = 0; k < d->r->n_topics; k++) {
    const KmDescribeLogDirsResponseResultsTopics *topic = &d->r->topics[k];
    for (int32_t i = 0; wanted (a, topic->name) && i < topic->n_partitions; i++) {
      cli_table_str (t, topic->name);
      cli_table_cell (t, "%d", topic->partitions[i].partition_index);
      cli_table_cell (t, "%d", d->broker);
      cli_table_str (t, d->r->log_dir);
      cli_table_cell (t, "%" PRId64, topic->partitions[i].partition_size);
      cli_table_cell (t, "%" PRId64, topic->partitions[i].offset_lag);
      cli_table_cell (t, "%s", topic->partitions[i].is_future_key ? "moving here" : "-");
    }
  }
}

static void
print_tables (const Args *a, const GArray *dirs)
{
  CliTable *t = cli_table_new (
      (const char *const[]){ "BROKER", "DIRECTORY", "STATE", "PARTITIONS", "BYTES", "FREE", "TOTAL", NULL });

  for (guint i = 0; i < dirs->len; i++)
    dir_row (t, a, &g_array_index (dirs, Dir, i));
  cli_table_print (t);
  if (!a->partitions && a->topics->len == 0)
    return;
  printf ("\n");
  t = cli_table_new (
      (const char *const[]){ "TOPIC", "PARTITION", "BROKER", "DIRECTORY", "BYTES", "LAG", "MOVE", NULL });
  for (guint i = 0; i < dirs->len; i++)
    partition_rows (t, a, &g_array_index (dirs, Dir, i));
  cli_table_print (t);
}

static void
json_dir (CliJson *j, const Args *a, const Dir *d)
{
  cli_json_begin (j, NULL, '{');
  cli_json_int (j, "broker", d->broker);
  cli_json_str (j, "directory", d->r->log_dir);
  cli_json_text (j, "error", d->r->error_code ? stoker_code_name (d->r->error_code) : NULL);
  cli_json_int (j, "free_bytes", d->r->usable_bytes);
  cli_json_int (j, "total_bytes", d->r->total_bytes);
  cli_json_begin (j, "partitions", '[');
  for (int32_t k = 0; k < d->r->n_topics; k++) {
    const KmDescribeLogDirsResponseResultsTopics *topic = &d->r->topics[k];
    for (int32_t i = 0; wanted (a, topic->name) && i < topic->n_partitions; i++) {
      cli_json_begin (j, NULL, '{');
      cli_json_str (j, "topic", topic->name);
      cli_json_int (j, "partition", topic->partitions[i].partition_index);
      cli_json_int (j, "bytes", topic->partitions[i].partition_size);
      cli_json_int (j, "lag", topic->partitions[i].offset_lag);
      cli_json_bool (j, "moving_here", topic->partitions[i].is_future_key);
      cli_json_end (j, '}');
    }
  }
  cli_json_end (j, ']');
  cli_json_end (j, '}');
}

static void
print (const Args *a, const GArray *dirs)
{
  CliJson j = { 0 };

  if (!a->common.json) {
    print_tables (a, dirs);
    return;
  }
  cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < dirs->len; i++)
    json_dir (&j, a, &g_array_index (dirs, Dir, i));
  cli_json_end (&j, ']');
  cli_json_print (&j);
}

static int
ask (Cluster *cluster, GArray *dirs, StokerError *err)
{
  KmMetadataResponse m;
  KmDescribeLogDirsRequest in;

  km_describe_log_dirs_request_init (&in);
  in.n_topics = -1;
  if (cluster_metadata (cluster, (const char *[]){ NULL }, 0, &m, err))
    return -1;
  for (int32_t i = 0; i < m.n_brokers; i++) {
    Client *cl = cluster_node (cluster, m.brokers[i].node_id, err);
    KmDescribeLogDirsResponse out;
    if (cl == NULL || client_call (cl, &client_api_describe_log_dirs, &in, &out, err))
      return -1;
    if (out.error_code)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "broker %d does not tell: %s", m.brokers[i].node_id,
                               stoker_code_name (out.error_code));
    for (int32_t k = 0; k < out.n_results; k++) {
      Dir d = { m.brokers[i].node_id, &out.results[k] };
      g_array_append_val (dirs, d);
    }
  }
  return 0;
}

/* Topics that were named and are not there. */
static int
check_topics (Cluster *cluster, const GPtrArray *topics, StokerError *err)
{
  KmMetadataResponse m;

  if (topics->len == 0)
    return 0;
  if (cluster_metadata (cluster, (const char *const *)topics->pdata, (int32_t)topics->len, &m, err))
    return -1;
  for (int32_t i = 0; i < m.n_topics; i++)
    if (m.topics[i].error_code)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "topic %.*s: %s", (int)m.topics[i].name.len, m.topics[i].name.data,
                               stoker_code_name (m.topics[i].error_code));
  return 0;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) topics = g_ptr_array_new ();
  g_autoptr (GArray) dirs = g_array_new (FALSE, FALSE, sizeof (Dir));
  Args a = { .common.no_settings = true, .topics = topics };
  CliOpt opts[] = { { "partitions", 'p', CLI_FLAG, &a.partitions, NULL, "every partition, not only the directories" } };
  int rc = cli_parse (c, &a.common, opts, G_N_ELEMENTS (opts), argc, argv, topics);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  cluster = cluster_open (a.common.bootstrap, (int)a.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  if (check_topics (cluster, topics, &err) || ask (cluster, dirs, &err))
    rc = cli_failed ("%s", err.text);
  else
    print (&a, dirs), rc = CLI_OK;
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_log_dirs = {
  "log",
  "dirs",
  "[TOPIC..]",
  "Show the brokers' log directories and what lies in them.",
  "  stoker log dirs\n"
  "  stoker log dirs --partitions\n"
  "  stoker log dirs orders --json\n"
  "\nA directory that is offline is shown as KAFKA_STORAGE_ERROR: its disk failed, and its partitions come back when "
  "the\n"
  "broker is started with the disk in order.\n",
  run,
};
