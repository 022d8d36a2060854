/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/place.h"

#include "cli/modules.h"
#include "record/topic_view.h"

#include <glib.h>

CLIENT_API (describe_configs, DescribeConfigs, 32, 4);

struct CliPlacer
{
  CliModules *modules;
  StokerInstance *instance;
  StokerTopicView view;
  char *name;
  uint8_t *offline;
  uint64_t cell;
};

/* The topic's own setting; NULL: it has none, or the broker does not know of partitioners. g_free. */
static char *
topic_setting (Cluster *c, const KmMetadataResponseTopics *topic)
{
  StokerStr key = stoker_str ("partitioner");
  KmDescribeConfigsRequestResources r = { 2, topic->name, &key, 1 };
  KmDescribeConfigsRequest in;
  KmDescribeConfigsResponse out;

  km_describe_configs_request_init (&in);
  in.resources = &r;
  in.n_resources = 1;
  if (client_call (cluster_any (c), &client_api_describe_configs, &in, &out, NULL) || out.n_results != 1
      || out.results[0].error_code)
    return NULL;
  for (int32_t i = 0; i < out.results[0].n_configs; i++) {
    StokerStr v = out.results[0].configs[i].value;
    if (stoker_str_equal (out.results[0].configs[i].name, key) && v.len && !stoker_str_is (v, "default"))
      return g_strndup (v.data, v.len);
  }
  return NULL;
}

CliPlacer *
cli_placer_new (Cluster *c, const KmMetadataResponseTopics *topic, const char *name, StokerError *err)
{
  CliPlacer *p = g_new0 (CliPlacer, 1);
  g_autofree char *own = name ? NULL : topic_setting (c, topic);

  p->modules = cli_modules_new ();
  p->name = g_strndup (topic->name.data, topic->name.len);
  p->offline = g_malloc0 ((gsize)topic->n_partitions);
  for (int32_t i = 0; i < topic->n_partitions; i++)
    if (topic->partitions[i].partition_index >= 0 && topic->partitions[i].partition_index < topic->n_partitions)
      p->offline[topic->partitions[i].partition_index] = topic->partitions[i].leader_id < 0;
  /* Turns begin anywhere, or many short runs would all send to the first partition. */
  p->cell = g_random_int ();
  p->view = (StokerTopicView){ { p->name, topic->name.len }, topic->n_partitions, p->offline, &p->cell };
  p->instance = cli_modules_start (p->modules, STOKER_KIND_PARTITIONER, name ? name : own ? own : "round-robin", err);
  if (p->instance == NULL) {
    if (own)
      stoker_error_prefix (err, "topic %s asks for partitioner %s; --partitioner names another", p->name, own);
    cli_placer_free (p);
    return NULL;
  }
  return p;
}

void
cli_placer_free (CliPlacer *p)
{
  if (p == NULL)
    return;
  cli_modules_free (p->modules);
  g_free (p->name);
  g_free (p->offline);
  g_free (p);
}

void
cli_placer_pick (CliPlacer *p, const StokerBytes *keys, size_t n, int32_t *out)
{
  (void)stk_partition_pick (p->instance, &p->view, keys, n, out);
}
