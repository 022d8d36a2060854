/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker log move: a partition to another log directory of its broker.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

CLIENT_API (alter_replica_log_dirs, AlterReplicaLogDirs, 34, 2);
CLIENT_API (describe_log_dirs, DescribeLogDirs, 35, 4);

typedef struct Args
{
  CliCommon common;
  int64_t broker;
  bool wait;
} Args;

typedef struct Part
{
  char *topic;
  int32_t partition;
} Part;

static bool
parse_part (const char *text, Part *out)
{
  const char *colon = strrchr (text, ':');
  int64_t n;

  if (colon == NULL || colon == text || !cli_number (colon + 1, &n) || n < 0 || n > INT32_MAX)
    return false;
  *out = (Part){ g_strndup (text, (gsize)(colon - text)), (int32_t)n };
  return true;
}

/* The broker that was named, else the partition's leader. */
static int
broker_of (const Args *a, Cluster *cluster, const Part *p, int32_t *out, StokerError *err)
{
  const KmMetadataResponseTopics *t;

  *out = (int32_t)a->broker;
  if (a->broker != CLI_NOT_GIVEN)
    return 0;
  t = cluster_topic (cluster, p->topic, false, err);
  for (int32_t i = 0; t && i < t->n_partitions; i++)
    if (t->partitions[i].partition_index == p->partition) {
      *out = t->partitions[i].leader_id;
      return 0;
    }
  return t ? stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s has no partition %d", p->topic, p->partition) : -1;
}

static int
begin (Client *cl, const Part *p, const char *dir, StokerError *err)
{
  KmAlterReplicaLogDirsRequestDirsTopics t
      = { .name = stoker_str (p->topic), .partitions = (int32_t *)&p->partition, .n_partitions = 1 };
  KmAlterReplicaLogDirsRequestDirs d = { .path = stoker_str (dir), .topics = &t, .n_topics = 1 };
  KmAlterReplicaLogDirsRequest in;
  KmAlterReplicaLogDirsResponse out;
  int16_t code = -1;

  km_alter_replica_log_dirs_request_init (&in);
  in.dirs = &d;
  in.n_dirs = 1;
  if (client_call (cl, &client_api_alter_replica_log_dirs, &in, &out, err))
    return -1;
  if (out.n_results == 1 && out.results[0].n_partitions == 1)
    code = out.results[0].partitions[0].error_code;
  if (code) {
    g_autofree char *text = client_error_text (code, STOKER_STR_NULL);
    return stoker_error_set (err, STOKER_ERROR_FAILED, "%s:%d is not moved to %s: %s", p->topic, p->partition, dir,
                             text);
  }
  return 0;
}

/* How far it is: 1 there, 0 on its way, -1 with *err: neither. */
static int
look (Client *cl, const Part *p, const char *dir, int64_t *lag, StokerError *err)
{
  KmDescribeLogDirsRequestTopics t
      = { .topic = stoker_str (p->topic), .partitions = (int32_t *)&p->partition, .n_partitions = 1 };
  KmDescribeLogDirsRequest in;
  KmDescribeLogDirsResponse out;

  km_describe_log_dirs_request_init (&in);
  in.topics = &t;
  in.n_topics = 1;
  if (client_call (cl, &client_api_describe_log_dirs, &in, &out, err))
    return -1;
  for (int32_t i = 0; i < out.n_results; i++)
    if (stoker_str_is (out.results[i].log_dir, dir) && out.results[i].n_topics > 0
        && out.results[i].topics[0].n_partitions > 0) {
      *lag = out.results[i].topics[0].partitions[0].offset_lag;
      return !out.results[i].topics[0].partitions[0].is_future_key;
    }
  return stoker_error_set (err, STOKER_ERROR_FAILED, "the move of %s:%d was ended: see the broker's log", p->topic,
                           p->partition);
}

static int
move (const Args *a, Cluster *cluster, const Part *p, const char *dir, StokerError *err)
{
  int32_t broker;
  int64_t lag = 0;
  Client *cl;
  int rc;

  if (broker_of (a, cluster, p, &broker, err))
    return -1;
  cl = cluster_node (cluster, broker, err);
  if (cl == NULL || begin (cl, p, dir, err))
    return -1;
  for (rc = 0; a->wait && (rc = look (cl, p, dir, &lag, err)) == 0;)
    g_usleep (200000);
  return rc < 0 ? -1 : 0;
}

static int
move_all (const Args *a, Cluster *cluster, GArray *parts, const char *dir)
{
  int rc = CLI_OK;
  CliJson j = { 0 };

  if (a->common.json)
    cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < parts->len; i++) {
    const Part *p = &g_array_index (parts, Part, i);
    StokerError err = { 0 };
    bool ok = move (a, cluster, p, dir, &err) == 0;
    if (!ok)
      rc = cli_failed ("%s", err.text);
    if (a->common.json) {
      cli_json_begin (&j, NULL, '{');
      cli_json_text (&j, "topic", p->topic);
      cli_json_int (&j, "partition", p->partition);
      cli_json_text (&j, "directory", dir);
      cli_json_text (&j, "state", !ok ? "failed" : a->wait ? "moved" : "begun");
      cli_json_end (&j, '}');
    } else if (ok) {
      printf ("%s:%d %s %s\n", p->topic, p->partition, a->wait ? "lies in" : "is on its way to", dir);
    }
  }
  if (a->common.json) {
    cli_json_end (&j, ']');
    cli_json_print (&j);
  }
  return rc;
}

static void
part_clear (void *p)
{
  g_free (((Part *)p)->topic);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_autofree char *dir = NULL;
  Args a = { .common.no_settings = true, .broker = CLI_NOT_GIVEN };
  CliOpt opts[] = {
    { "broker", 0, CLI_INT, &a.broker, "ID", "on this broker; otherwise on the partition's leader" },
    { "wait", 'w', CLI_FLAG, &a.wait, NULL, "until it is there" },
  };
  int rc = cli_parse (c, &a.common, opts, G_N_ELEMENTS (opts), argc, argv, args);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  g_array_set_clear_func (parts, part_clear);
  if (args->len < 2)
    return cli_usage (c, "which partition, and to which directory?");
  for (guint i = 0; i + 1 < args->len; i++) {
    Part p;
    if (!parse_part (args->pdata[i], &p))
      return cli_usage (c, "\"%s\" is not TOPIC:PARTITION", (char *)args->pdata[i]);
    g_array_append_val (parts, p);
  }
  if (a.broker != CLI_NOT_GIVEN && (a.broker < 0 || a.broker > INT32_MAX))
    return cli_usage (c, "--broker: there is no broker %" PRId64, a.broker);
  if (((const char *)args->pdata[args->len - 1])[0] == '\0')
    return cli_usage (c, "the directory is empty");
  dir = g_canonicalize_filename (args->pdata[args->len - 1], NULL);
  cluster = cluster_open (a.common.bootstrap, (int)a.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = move_all (&a, cluster, parts, dir);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_log_move = {
  "log",
  "move",
  "TOPIC:PARTITION.. DIR",
  "Move partitions to another log directory of their broker.",
  "  stoker log move orders:0 orders:3 /disk2/stoker\n"
  "  stoker log move orders:0 /disk2/stoker --wait\n"
  "\nDIR is one of the broker's log.dirs (stoker log dirs shows them). The partition is used meanwhile. Moving it back "
  "to where it\n"
  "lies calls a move off. A topic that is not there yet: its partition is made there when it is created.\n",
  run,
};
