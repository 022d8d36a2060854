/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdio.h>

CLIENT_API (create_topics, CreateTopics, 19, 7);

typedef struct Args
{
  CliCommon common;
  int64_t partitions, replicas;
  GPtrArray *configs;
  bool if_missing, dry_run;
} Args;

static void
take_configs (const Args *a, KmCreateTopicsRequestTopics *t, StokerArena *arena)
{
  t->n_configs = a->configs ? (int32_t)a->configs->len : 0;
  t->configs = stoker_arena_calloc (arena, (size_t)t->n_configs, sizeof *t->configs);
  for (int32_t i = 0; i < t->n_configs; i++) {
    const char *text = a->configs->pdata[i], *eq = strchr (text, '=');
    t->configs[i] = (KmCreateTopicsRequestTopicsConfigs){ { text, (size_t)(eq - text) }, stoker_str (eq + 1) };
  }
}

static int
report (const Args *a, const KmCreateTopicsResponse *out)
{
  CliJson j = { 0 };
  int rc = CLI_OK;

  cli_json_begin (&j, NULL, '[');
  for (int32_t i = 0; i < out->n_topics; i++) {
    const KmCreateTopicsResponseTopics *t = &out->topics[i];
    bool there = a->if_missing && t->error_code == STOKER_TOPIC_ALREADY_EXISTS;
    g_autofree char *text = client_error_text (t->error_code, t->error_message);
    char id[STOKER_UUID_TEXT];
    stoker_uuid_format (t->topic_id, id);
    cli_json_begin (&j, NULL, '{');
    cli_json_str (&j, "name", t->name);
    cli_json_bool (&j, "created", t->error_code == 0 && !a->dry_run);
    if (t->error_code && !there) {
      cli_json_text (&j, "error", text);
      rc = cli_failed ("topic %.*s was not created: %s", (int)t->name.len, t->name.data, text);
    } else if (t->error_code == 0) {
      if (!stoker_uuid_is_zero (t->topic_id))
        cli_json_text (&j, "id", id);
      cli_json_int (&j, "partitions", t->num_partitions);
      cli_json_int (&j, "replication_factor", t->replication_factor);
    }
    cli_json_end (&j, '}');
    if (!a->common.json && (t->error_code == 0 || there))
      printf ("%.*s %s\n", (int)t->name.len, t->name.data,
              there        ? "is there already"
              : a->dry_run ? "could be created"
                           : "created");
  }
  cli_json_end (&j, ']');
  if (a->common.json)
    cli_json_print (&j);
  else
    g_string_free (j.out, TRUE);
  return rc;
}

static int
create (const Args *a, Cluster *cluster, const GPtrArray *names)
{
  StokerArena *arena = cluster_arena (cluster);
  KmCreateTopicsRequest in;
  KmCreateTopicsResponse out;
  StokerError err;
  Client *cl;

  km_create_topics_request_init (&in);
  in.timeout_ms = (int32_t)a->common.timeout_ms;
  in.validate_only = a->dry_run;
  in.n_topics = (int32_t)names->len;
  in.topics = stoker_arena_calloc (arena, names->len, sizeof *in.topics);
  for (int32_t i = 0; i < in.n_topics; i++) {
    in.topics[i].name = stoker_str (names->pdata[i]);
    in.topics[i].num_partitions = a->partitions == CLI_NOT_GIVEN ? -1 : (int32_t)a->partitions; /* -1: the broker's default */
    in.topics[i].replication_factor = a->replicas == CLI_NOT_GIVEN ? -1 : (int16_t)a->replicas;
    take_configs (a, &in.topics[i], arena);
  }
  cl = cluster_controller (cluster, &err);
  if (cl == NULL || client_call (cl, &client_api_create_topics, &in, &out, &err))
    return cli_failed ("%s", err.text);
  return report (a, &out);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Args a = { .common.no_settings = true, .partitions = CLI_NOT_GIVEN, .replicas = CLI_NOT_GIVEN };
  CliOpt opts[] = {
    { "partitions", 'p', CLI_INT, &a.partitions, "N", "how many partitions (the broker's num.partitions)" },
    { "replication-factor", 'r', CLI_INT, &a.replicas, "N", "how many replicas (the broker's default)" },
    { "config", 'c', CLI_LIST, &a.configs, "KEY=VALUE", "a setting of the topic; may be given again" },
    { "if-missing", 0, CLI_FLAG, &a.if_missing, NULL, "a topic that exists is no error" },
    { "dry-run", 0, CLI_FLAG, &a.dry_run, NULL, "only check" },
  };
  int rc = cli_parse (c, &a.common, opts, G_N_ELEMENTS (opts), argc, argv, names);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len == 0)
    return cli_usage (c, "which topic?");
  if ((a.partitions != CLI_NOT_GIVEN && (a.partitions < 1 || a.partitions > INT32_MAX))
      || (a.replicas != CLI_NOT_GIVEN && (a.replicas < 1 || a.replicas > INT16_MAX)))
    return cli_usage (c, "a topic needs at least one partition and one replica");
  if (cli_pairs (c, "config", a.configs) != CLI_GO_ON)
    return CLI_USAGE;
  cluster = cluster_open (a.common.bootstrap, (int)a.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = create (&a, cluster, names);
  cluster_free (cluster);
  if (a.configs)
    g_ptr_array_free (a.configs, TRUE);
  return rc;
}

const CliCommand cli_topic_create = {
  "topic",
  "create",
  "TOPIC..",
  "Create topics.",
  "  stoker topic create orders --partitions 6\n"
  "  stoker topic create audit -p 1 -c retention.ms=604800000 -c partitioner=murmur2\n"
  "  stoker topic create orders --if-missing --json\n",
  run,
};
