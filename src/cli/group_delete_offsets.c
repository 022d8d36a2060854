/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes a group forget what it committed of topics that its members do not read.
 */
#include "cli/cli.h"
#include "cli/group.h"
#include "cli/out.h"

#include <stdio.h>

CLIENT_API (offset_delete, OffsetDelete, 47, 0);

/* The places are sorted: those of a topic stand together. */
static void
fill (KmOffsetDeleteRequest *in, const GroupPlaces *places)
{
  StokerArena *a = places->arena;
  guint n = places->list->len;
  KmOffsetDeleteRequestTopicsPartitions *parts = stoker_arena_calloc (a, n, sizeof *parts);

  in->topics = stoker_arena_calloc (a, n, sizeof *in->topics);
  for (guint i = 0; i < n; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    if (i == 0 || !stoker_str_equal (x->topic, cli_place_at (places, i - 1)->topic))
      in->topics[in->n_topics++] = (KmOffsetDeleteRequestTopics){ .name = x->topic, .partitions = &parts[i] };
    in->topics[in->n_topics - 1].n_partitions++;
    parts[i].partition_index = x->partition;
  }
}

static int
ask (const Group *g, GroupPlaces *places, StokerError *err)
{
  KmOffsetDeleteRequest in;
  KmOffsetDeleteResponse out;

  km_offset_delete_request_init (&in);
  in.group_id = g->id;
  fill (&in, places);
  if (client_call (g->coordinator, &client_api_offset_delete, &in, &out, err))
    return -1;
  if (out.error_code) {
    g_autofree char *name = g_strndup (g->id.data, g->id.len);
    g_autofree char *text = cli_group_trouble (name, out.error_code);
    return stoker_error_set (err, STOKER_ERROR_FAILED, "nothing was deleted: %s", text);
  }
  for (int32_t i = 0; i < out.n_topics; i++)
    for (int32_t k = 0; k < out.topics[i].n_partitions; k++)
      cli_places_get (places, out.topics[i].name, out.topics[i].partitions[k].partition_index)->code
          = out.topics[i].partitions[k].error_code;
  return 0;
}

static int
report (const char *group, const GroupPlaces *places, bool json)
{
  CliTable *t = json ? NULL : cli_table_new ((const char *const[]){ "TOPIC", "PARTITION", "COMMITTED", "RESULT", NULL });
  CliJson j = { 0 };
  int rc = CLI_OK;

  if (json)
    cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    g_autofree char *why = x->code ? cli_group_trouble (group, x->code) : NULL;
    if (t) {
      cli_table_str (t, x->topic);
      cli_table_cell (t, "%d", x->partition);
      if (x->committed < 0)
        cli_table_cell (t, "-");
      else
        cli_table_cell (t, "%" G_GINT64_FORMAT, x->committed);
      cli_table_cell (t, "%s", why ? "kept" : x->committed < 0 ? "nothing was committed" : "deleted");
    } else {
      cli_json_begin (&j, NULL, '{');
      cli_json_text (&j, "group", group);
      cli_json_str (&j, "topic", x->topic);
      cli_json_int (&j, "partition", x->partition);
      cli_json_int (&j, "committed", x->committed);
      cli_json_bool (&j, "deleted", why == NULL && x->committed >= 0);
      if (why)
        cli_json_text (&j, "error", why);
      cli_json_end (&j, '}');
    }
  }
  if (t) {
    cli_table_print (t);
  } else {
    cli_json_end (&j, ']');
    cli_json_print (&j);
  }
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    g_autofree char *why = x->code ? cli_group_trouble (group, x->code) : NULL;
    if (why)
      rc = cli_failed ("%.*s [%d] stays: %s", (int)x->topic.len, x->topic.data, x->partition, why);
  }
  return rc;
}

static int
delete_offsets (Cluster *cluster, const GPtrArray *args, bool json)
{
  g_autoptr (GroupPlaces) places = cli_places_new (cluster);
  StokerError err;
  Group g;

  if (cli_group_load (cluster, args->pdata[0], &g, &err))
    return cli_failed ("%s", err.text);
  for (guint i = 1; i < args->len; i++)
    if (cli_places_add (places, cluster, args->pdata[i], &err))
      return cli_failed ("%s", err.text);
  cli_places_sort (places);
  if (cli_places_committed (places, &g, false, &err) || ask (&g, places, &err))
    return cli_failed ("%s", err.text);
  return report (args->pdata[0], places, json);
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  CliCommon common = { .no_settings = true };
  int rc = cli_parse (c, &common, NULL, 0, argc, argv, args);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  if (args->len < 2)
    return cli_usage (c, args->len ? "of which topic?" : "which group, and which topic?");
  for (guint i = 1; i < args->len; i++)
    if (!cli_places_spelt (args->pdata[i]))
      return cli_usage (c, "\"%s\" is not TOPIC or TOPIC:PARTITIONS, as in orders:0,2,5-7", (char *)args->pdata[i]);
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = delete_offsets (cluster, args, common.json);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_delete_offsets = {
  "group",
  "delete-offsets",
  "GROUP TOPIC[:PARTITIONS]..",
  "Forget what a group committed of topics that its members do not read.",
  "  stoker group delete-offsets billing orders\n"
  "  stoker group delete-offsets billing orders:0,2,5-7 audit\n",
  run,
};
