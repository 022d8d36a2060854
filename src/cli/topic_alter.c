/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdio.h>

CLIENT_API (create_partitions, CreatePartitions, 37, 3);
CLIENT_API (incremental_alter_configs, IncrementalAlterConfigs, 44, 1);

typedef struct Args
{
  CliCommon common;
  int64_t partitions;
  GPtrArray *set, *unset;
  bool dry_run;
} Args;

enum
{
  OP_SET = 0,
  OP_DELETE = 1,
};

static int
alter_configs (const Args *a, Cluster *cluster, const char *topic)
{
  uint32_t n_set = a->set ? a->set->len : 0, n_unset = a->unset ? a->unset->len : 0;
  KmIncrementalAlterConfigsRequestResources r = { .resource_type = 2, .resource_name = stoker_str (topic) };
  KmIncrementalAlterConfigsRequest in;
  KmIncrementalAlterConfigsResponse out;
  StokerError err;
  Client *cl;

  r.configs = stoker_arena_calloc (cluster_arena (cluster), n_set + n_unset, sizeof *r.configs);
  for (uint32_t i = 0; i < n_set; i++) {
    const char *text = a->set->pdata[i], *eq = strchr (text, '=');
    r.configs[r.n_configs++] = (KmIncrementalAlterConfigsRequestResourcesConfigs){ { text, (size_t)(eq - text) },
                                                                                   OP_SET,
                                                                                   stoker_str (eq + 1) };
  }
  for (uint32_t i = 0; i < n_unset; i++)
    r.configs[r.n_configs++] = (KmIncrementalAlterConfigsRequestResourcesConfigs){ stoker_str (a->unset->pdata[i]),
                                                                                   OP_DELETE, STOKER_STR_NULL };
  km_incremental_alter_configs_request_init (&in);
  in.resources = &r;
  in.n_resources = 1;
  in.validate_only = a->dry_run;
  cl = cluster_controller (cluster, &err);
  if (cl == NULL || client_call (cl, &client_api_incremental_alter_configs, &in, &out, &err))
    return cli_failed ("%s", err.text);
  if (out.n_responses != 1 || out.responses[0].error_code) {
    g_autofree char *text = out.n_responses == 1
                                ? client_error_text (out.responses[0].error_code, out.responses[0].error_message)
                                : g_strdup ("no answer");
    return cli_failed ("the settings of topic %s were not changed: %s", topic, text);
  }
  return CLI_OK;
}

static int
add_partitions (const Args *a, Cluster *cluster, const char *topic)
{
  KmCreatePartitionsRequestTopics t
      = { .name = stoker_str (topic), .count = (int32_t)a->partitions, .n_assignments = -1 };
  KmCreatePartitionsRequest in;
  KmCreatePartitionsResponse out;
  StokerError err;
  Client *cl;

  km_create_partitions_request_init (&in);
  in.topics = &t;
  in.n_topics = 1;
  in.timeout_ms = (int32_t)a->common.timeout_ms;
  in.validate_only = a->dry_run;
  cl = cluster_controller (cluster, &err);
  if (cl == NULL || client_call (cl, &client_api_create_partitions, &in, &out, &err))
    return cli_failed ("%s", err.text);
  if (out.n_results != 1 || out.results[0].error_code) {
    g_autofree char *text = out.n_results == 1
                                ? client_error_text (out.results[0].error_code, out.results[0].error_message)
                                : g_strdup ("no answer");
    return cli_failed ("topic %s got no new partitions: %s", topic, text);
  }
  return CLI_OK;
}

static int
alter (const Args *a, Cluster *cluster, const char *topic)
{
  int rc = CLI_OK;

  if (a->set || a->unset)
    rc = alter_configs (a, cluster, topic);
  if (rc == CLI_OK && a->partitions != CLI_NOT_GIVEN)
    rc = add_partitions (a, cluster, topic);
  if (a->common.json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "name", topic);
    cli_json_bool (&j, "altered", rc == CLI_OK && !a->dry_run);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else if (rc == CLI_OK) {
    printf ("%s %s\n", topic, a->dry_run ? "could be altered" : "altered");
  }
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Args a = { .common.no_settings = true, .partitions = CLI_NOT_GIVEN };
  CliOpt opts[] = {
    { "config", 'c', CLI_LIST, &a.set, "KEY=VALUE", "set a setting; may be given again" },
    { "unset", 'u', CLI_LIST, &a.unset, "KEY", "back to the broker's default; may be given again" },
    { "partitions", 'p', CLI_INT, &a.partitions, "N", "grow to so many partitions" },
    { "dry-run", 0, CLI_FLAG, &a.dry_run, NULL, "only check" },
  };
  int rc = cli_parse (c, &a.common, opts, G_N_ELEMENTS (opts), argc, argv, names);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len != 1)
    return cli_usage (c, names->len ? "one topic at a time" : "which topic?");
  if (a.set == NULL && a.unset == NULL && a.partitions == CLI_NOT_GIVEN)
    return cli_usage (c, "nothing to change: give --config, --unset or --partitions");
  if (cli_pairs (c, "config", a.set) != CLI_GO_ON)
    return CLI_USAGE;
  if (a.partitions != CLI_NOT_GIVEN && (a.partitions < 1 || a.partitions > INT32_MAX))
    return cli_usage (c, "--partitions must be at least 1");
  cluster = cluster_open (a.common.bootstrap, (int)a.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = alter (&a, cluster, names->pdata[0]);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_topic_alter = {
  "topic",
  "alter",
  "TOPIC",
  "Change a topic's settings or add partitions.",
  "  stoker topic alter orders --config retention.ms=86400000\n"
  "  stoker topic alter orders --unset retention.ms --partitions 12\n",
  run,
};
