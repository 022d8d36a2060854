/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdlib.h>

CLIENT_API (list_groups, ListGroups, 16, 5);

static int
by_id (const void *a, const void *b)
{
  const KmListGroupsResponseGroups *x = a, *y = b;
  int c = memcmp (x->group_id.data, y->group_id.data, MIN (x->group_id.len, y->group_id.len));

  return c ? c : (x->group_id.len > y->group_id.len) - (x->group_id.len < y->group_id.len);
}

static void
print (const GArray *rows, bool json)
{
  CliTable *t = json ? NULL : cli_table_new ((const char *const[]){ "GROUP", "STATE", "PROTOCOL", "TYPE", NULL });
  CliJson j = { 0 };

  if (json)
    cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < rows->len; i++) {
    const KmListGroupsResponseGroups *g = &g_array_index (rows, KmListGroupsResponseGroups, i);
    if (t) {
      cli_table_str (t, g->group_id);
      cli_table_str (t, g->group_state.len ? g->group_state : STOKER_STR_NULL);
      cli_table_str (t, g->protocol_type.len ? g->protocol_type : STOKER_STR_NULL);
      cli_table_str (t, g->group_type.len ? g->group_type : STOKER_STR_NULL);
      continue;
    }
    cli_json_begin (&j, NULL, '{');
    cli_json_str (&j, "group", g->group_id);
    cli_json_str (&j, "state", g->group_state);
    cli_json_str (&j, "protocol_type", g->protocol_type);
    cli_json_str (&j, "type", g->group_type);
    cli_json_end (&j, '}');
  }
  if (t) {
    cli_table_print (t);
    return;
  }
  cli_json_end (&j, ']');
  cli_json_print (&j);
}

/* A group's state as the protocol spells it: brokers compare letter by letter. NULL: there is none of that name. */
static const char *
state_name (const char *text)
{
  static const char *const names[]
      = { "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead", "Assigning", "Reconciling" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i], text) == 0)
      return names[i];
  return NULL;
}

static int
check_states (const CliCommand *c, GPtrArray *states)
{
  for (guint i = 0; states && i < states->len; i++) {
    const char *text = states->pdata[i], *name = state_name (text);
    if (name == NULL)
      return cli_usage (c,
                        "there is no state \"%s\": Empty, PreparingRebalance, CompletingRebalance, Stable, Dead, "
                        "Assigning or Reconciling",
                        text);
    states->pdata[i] = (void *)name;
  }
  return CLI_GO_ON;
}

/* Every broker coordinates some. */
static int
list (Cluster *cluster, GPtrArray *states, GArray *rows, StokerError *err)
{
  StokerArena *arena = cluster_arena (cluster);
  KmMetadataResponse m;
  KmListGroupsRequest in;

  km_list_groups_request_init (&in);
  in.n_states_filter = states ? (int32_t)states->len : 0;
  in.states_filter = stoker_arena_calloc (arena, (size_t)in.n_states_filter, sizeof *in.states_filter);
  for (int32_t i = 0; i < in.n_states_filter; i++)
    in.states_filter[i] = stoker_str (states->pdata[i]);
  if (cluster_metadata (cluster, (const char *[]){ NULL }, 0, &m, err))
    return -1;
  for (int32_t i = 0; i < m.n_brokers; i++) {
    Client *cl = cluster_node (cluster, m.brokers[i].node_id, err);
    KmListGroupsResponse out;
    if (cl == NULL || client_call (cl, &client_api_list_groups, &in, &out, err))
      return -1;
    if (out.error_code)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "broker %d does not list its groups: %s", m.brokers[i].node_id,
                               stoker_code_name (out.error_code));
    g_array_append_vals (rows, out.groups, (guint)out.n_groups);
  }
  if (rows->len)
    qsort (rows->data, rows->len, sizeof (KmListGroupsResponseGroups), by_id);
  return 0;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (KmListGroupsResponseGroups));
  CliCommon common = { .no_settings = true };
  g_autoptr (GPtrArray) states = NULL;
  CliOpt opts[] = { { "state", 's', CLI_LIST, &states, "STATE",
                      "only those: Stable, Empty, PreparingRebalance ..; may be given again" } };
  int rc = cli_parse (c, &common, opts, G_N_ELEMENTS (opts), argc, argv, args);
  Cluster *cluster;
  StokerError err;

  if (rc == CLI_GO_ON && args->len)
    rc = cli_usage (c, "unexpected \"%s\"", (char *)args->pdata[0]);
  if (rc == CLI_GO_ON)
    rc = check_states (c, states);
  if (rc != CLI_GO_ON)
    return rc;
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  if (list (cluster, states, rows, &err))
    rc = cli_failed ("%s", err.text);
  else
    print (rows, common.json), rc = CLI_OK;
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_list = {
  "group",
  "list",
  "",
  "List the consumer groups.",
  "  stoker group list\n"
  "  stoker group list --state Stable --json\n",
  run,
};
