/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdio.h>

CLIENT_API (delete_topics, DeleteTopics, 20, 6);

static int
report (const CliCommon *common, bool if_exists, const KmDeleteTopicsResponse *out)
{
  CliJson j = { 0 };
  int rc = CLI_OK;

  cli_json_begin (&j, NULL, '[');
  for (int32_t i = 0; i < out->n_responses; i++) {
    const KmDeleteTopicsResponseResponses *t = &out->responses[i];
    bool gone = if_exists && t->error_code == STOKER_UNKNOWN_TOPIC_OR_PARTITION;
    g_autofree char *text = client_error_text (t->error_code, t->error_message);
    cli_json_begin (&j, NULL, '{');
    cli_json_str (&j, "name", t->name);
    cli_json_bool (&j, "deleted", t->error_code == 0);
    if (t->error_code && !gone) {
      cli_json_text (&j, "error", text);
      rc = cli_failed ("topic %.*s was not deleted: %s", (int)t->name.len, t->name.data ? t->name.data : "", text);
    } else if (!common->json) {
      printf ("%.*s %s\n", (int)t->name.len, t->name.data ? t->name.data : "", gone ? "does not exist" : "deleted");
    }
    cli_json_end (&j, '}');
  }
  cli_json_end (&j, ']');
  if (common->json)
    cli_json_print (&j);
  else
    g_string_free (j.out, TRUE);
  return rc;
}

static int delete (const CliCommon *common, bool if_exists, Cluster *cluster, const GPtrArray *names)
{
  StokerArena *arena = cluster_arena (cluster);
  KmDeleteTopicsRequest in;
  KmDeleteTopicsResponse out;
  StokerError err;
  Client *cl;

  km_delete_topics_request_init (&in);
  in.timeout_ms = (int32_t)common->timeout_ms;
  in.n_topics = in.n_topic_names = (int32_t)names->len;
  in.topics = stoker_arena_calloc (arena, names->len, sizeof *in.topics);
  in.topic_names = stoker_arena_calloc (arena, names->len, sizeof *in.topic_names);
  for (guint i = 0; i < names->len; i++)
    in.topics[i].name = in.topic_names[i] = stoker_str (names->pdata[i]);
  cl = cluster_controller (cluster, &err);
  if (cl == NULL || client_call (cl, &client_api_delete_topics, &in, &out, &err))
    return cli_failed ("%s", err.text);
  return report (common, if_exists, &out);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  CliCommon common = { .no_settings = true };
  bool if_exists = false;
  CliOpt opts[] = { { "if-exists", 0, CLI_FLAG, &if_exists, NULL, "a topic that does not exist is no error" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, names);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len == 0)
    return cli_usage (c, "which topic?");
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = delete (&common, if_exists, cluster, names);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_topic_delete = {
  "topic",
  "delete",
  "TOPIC..",
  "Delete topics with all their records.",
  "  stoker topic delete orders\n"
  "  stoker topic delete orders audit --if-exists\n",
  run,
};
